"""The first account of an instance comes from the command line (decision 10)."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from anwang.access.models import Account, Membership
from anwang.access.sign_in import ByNameAndPassword
from anwang.access.tokens import id_token
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
MADE = ["create", "first", "--name", "甲主管", "--role", "desk", "--team", "68000-desk"]


def create(monkeypatch, password: str, *arguments: str) -> str:
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    with as_role("worker"):
        call_command("admin", *(arguments or MADE), "--password-stdin", stdout=said)
    return said.getvalue()


def test_an_account_is_made_with_its_seat(monkeypatch):
    create(monkeypatch, "Langes-Kennwort-2026")
    account = Account.objects.get_by_natural_key("first")
    with as_role("worker"):
        seat = Membership.objects.get(account=account)
    assert ByNameAndPassword().authenticate(None, "first", "Langes-Kennwort-2026") == account
    assert (seat.team_id, seat.county, seat.role) == ("68000-desk", "68000", "desk")


def test_a_short_password_makes_nothing(monkeypatch):
    with pytest.raises(CommandError):
        create(monkeypatch, "short")
    assert not list(Account.objects.raw("select * from access.account_named('first', '')"))


def test_an_unknown_team_and_a_taken_name_are_said(monkeypatch):
    with pytest.raises(CommandError, match="no team nowhere"):
        create(monkeypatch, "Langes-Kennwort-2026", *MADE[:-1], "nowhere")
    create(monkeypatch, "Langes-Kennwort-2026")
    with pytest.raises(CommandError, match="exists"):
        create(monkeypatch, "Langes-Kennwort-2026")


def test_the_persons_own_number_is_kept_as_a_token(monkeypatch):
    """R5: by it the database finds whose relatives the account must not read about."""
    create(monkeypatch, "Langes-Kennwort-2026", *MADE, "--national-id", "A123456789")
    with as_role("worker"):
        assert bytes(Account.objects.get_by_natural_key("first").human) == id_token("A123456789")


def test_a_number_that_is_none_makes_nothing(monkeypatch):
    with pytest.raises(CommandError):
        create(monkeypatch, "Langes-Kennwort-2026", *MADE, "--national-id", "A123456780")


def test_without_training_the_place_opens_nothing_and_the_machine_may_note_it(monkeypatch):
    """R2: the first of an instance have no administrator yet who could."""
    create(monkeypatch, "Langes-Kennwort-2026")
    with as_role("worker"):
        assert Membership.objects.get(account__username="first").holds_until.year == 1970
        call_command("admin", "train", "first", "--proof", "A-1234", stdout=io.StringIO())
        assert Membership.objects.get(account__username="first").holds_until.year > 1970
    with pytest.raises(CommandError, match="no account"), as_role("worker"):
        call_command("admin", "train", "nobody", "--proof", "A-1234")


def test_an_administrator_is_made_for_a_county_in_no_team(monkeypatch):
    made = [one if one != "desk" else "administrator" for one in MADE]
    create(monkeypatch, "Langes-Kennwort-2026", *made, "--trained", "A-1234")
    with as_role("worker"):
        seat = Membership.objects.get(account__username="first")
    assert (seat.team_id, seat.county, seat.role) == ("", "68000", "administrator")
