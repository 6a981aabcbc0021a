"""What can this account see, and why? From the access table, in numbers, telling nobody what is sealed."""

from __future__ import annotations

import pytest

from anwang.access.actions.access_table import access_table
from anwang.access.context import acting
from anwang.access.models import Seal, SealMember
from anwang.access.permissions import Permit
from anwang.access.queries.reach import reach_of, why
from anwang.access.queries.seats import seats_of
from anwang.access.rules.reach import fields_of, readable, withheld
from anwang.web.reach import words
from tests.access.people import administrator, permit_of, somebody
from tests.conftest import as_role
from tests.factories import DESK, screened_report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def own(actor) -> Permit:
    return Permit(actor, "own", "own-reach", seats_of(actor.id))


def test_every_kind_relation_and_field_of_the_access_table_has_words():
    said, table = words(), access_table()
    for held, needed in (
        (said["objects"], {one.object for one in table.tables.values() if not one.open}),
        (said["relations"], set(table.relations)),
        (said["fields"], {field for one in table.seen for field in one.fields}),
        (said["screens"], {one.object for one in table.seen}),
    ):
        assert set(held) == needed
        assert all(one["zh"] and one["en"] for one in held.values())


def test_what_the_vault_holds_is_withheld_from_everybody():
    assert {"reporter", "safe address", "report as delivered"} <= set(withheld(access_table()))


def test_seals_are_in_no_list():
    assert not any(ways.table.object == "seal" for ways in readable(access_table()))


def test_fields_are_said_by_role():
    by_screen = {one["object"]: one for one in fields_of(access_table(), ["desk"])}
    assert "queue" in by_screen["queue-line"]["shown"]
    assert by_screen["case"]["shown"] == [] and "members" in by_screen["case"]["hidden"]


def test_the_number_is_the_row_rules_own_and_says_why():
    desk, mine = somebody("desk", DESK), administrator()
    told = [screened_report() for _ in range(3)]
    with acting(mine):
        found = {one.ways.table.name: one for one in reach_of(desk.id, permit_of(mine))}
        assert found["triage_matter"].number == len(told)
        assert dict(found["triage_matter"].by) == {"one-of-teams": len(told)}
        assert found["intake_report"].number == len(told)
        assert found["cases_case"].number == 0
        mine_own = {one.ways.table.name: one.number for one in reach_of(mine.id, own(mine))}
    assert not mine_own["triage_matter"] and not mine_own["intake_report"]


def test_asking_in_anothers_name_leaves_the_askers_own_context():
    desk, mine = somebody("desk", DESK), administrator()
    told = screened_report()
    with acting(mine):
        reach_of(desk.id, permit_of(mine))
        why(desk.id, "report", told.receipt, permit_of(mine))
        assert [seat.role for seat in seats_of(mine.id)] == ["administrator"]
        assert seats_of(desk.id) == ()


def test_why_one_report_is_there_names_the_relation():
    desk, worker, mine = somebody("desk", DESK), somebody(), administrator()
    told = screened_report()
    with acting(mine):
        assert why(desk.id, "report", told.receipt, permit_of(mine)).hold == ("related",)
        assert why(worker.id, "report", told.receipt, permit_of(mine)).hold == ()


def test_sealed_foreign_closed_and_absent_are_answered_alike():
    """R8: not even that the account is named in the seal; the named himself is told."""
    desk, mine = somebody("desk", DESK), administrator()
    sealed, far = screened_report(), screened_report(county="臺北市")
    with as_role("worker"):
        seal = Seal.objects.create(object_kind="report", object_id=sealed.report, ground="tests")
        SealMember.objects.create(seal=seal, account_id=desk.id, lead=True)
    with acting(mine):
        answers = {
            why(desk.id, "report", number, permit_of(mine))
            for number in (sealed.receipt, far.receipt, "0000000000A", "'; --", "")
        }
        counted = {one.ways.table.name: one.number for one in reach_of(desk.id, permit_of(mine))}
    assert len(answers) == 1 and answers.pop().hold == ()
    assert counted["triage_matter"] == counted["intake_report"] == 0
    with acting(desk):
        assert why(desk.id, "report", sealed.receipt, own(desk)).hold == ("related",)
        assert {one.ways.table.name: one.number for one in reach_of(desk.id, own(desk))}[
            "triage_matter"
        ] == 1
