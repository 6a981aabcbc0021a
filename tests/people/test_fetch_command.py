"""`anwang fetch`: what it prints, and that whose the records are is said at once."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from anwang.people.models import Identity
from tests.conftest import as_role
from tests.registries.transports.conftest import PRISON, home, sources  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


def printed(capsys, *arguments: str) -> list[dict[str, object]]:
    with as_role("worker"):
        call_command("fetch", *arguments, "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_was_fetched_is_counted_and_identified(sources, capsys):  # noqa: F811
    (told,) = printed(capsys, PRISON)
    assert (told["accepted"], told["held"], told["trouble"]) == (10, 0, None)
    with as_role("worker"):
        assert Identity.objects.filter(source_id=PRISON).count() == 10


def test_a_source_that_is_down_ends_with_its_reason(sources, capsys):  # noqa: F811
    sources.site.faults[PRISON] = "down"
    with pytest.raises(CommandError):
        printed(capsys, PRISON)
    assert json.loads(capsys.readouterr().out)["trouble"] == "unreachable"
