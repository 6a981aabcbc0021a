"""`anwang sender add`: a credential is shown once and opens the door."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from anwang.access.queries.senders import sender_of
from tests.intake.people import account

pytestmark = pytest.mark.django_db


def test_an_operator_adds_a_sender_whose_credential_opens_the_door(capsys):
    operator = account("operator").username
    call_command("sender", "add", "school-demo", "--as", operator, "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["name"] == "school-demo"
    assert sender_of(said["credential"])[1] == "school-demo"


def test_without_an_operator_nothing_is_added():
    with pytest.raises(CommandError, match="--as"):
        call_command("sender", "add", "school-demo", "--as", "nobody")


@pytest.mark.parametrize("name", ["", "With Space", "-", "x" * 65])
def test_a_name_of_other_signs_is_wrong_usage(name):
    with pytest.raises(CommandError) as refused:
        call_command("sender", "add", name)
    assert refused.value.returncode == 2
