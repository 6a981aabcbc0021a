"""A form that has lost its token says what to do next, in our own page."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_lost_token_gets_our_own_page_and_sends_nothing():
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert (
        "沒有送出任何資料" in answer.content.decode()
        or "Nothing was sent" in answer.content.decode()
    )
