"""What an injection could try as the application's role, signed in as a worker of the wrong office.

Proves R2 and R3: no account gives itself a relation, a duty, an offer, a case or another's name.
"""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import Relation
from anwang.cases.models import FamilyMember
from anwang.intake.actions import deliver
from anwang.triage.models import Duty, Matter
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import (
    DESK,
    SECOND_TEAM,
    TAIPEI_CITY,
    TEAM,
    desk_worker,
    report_body,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def worker():
    return team_worker()


def refused(actor, statement: str, **values) -> bool:
    """Whether the database refuses the statement, or lets it touch no row."""
    with acting(actor, "test"):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.rowcount == 0
        except DatabaseError:
            return True


RELATION = """
insert into access_relation (id, team_id, object_kind, object_id, ground, through, since)
values (gen_random_uuid(), %(team)s, 'report', %(report)s, 'offer', %(report)s, clock.now())
"""


def test_nobody_writes_himself_a_relation(desk):
    receipt = screened_report()
    stranger = desk_worker("desk-two", TAIPEI_CITY)
    for actor in (stranger, desk):
        assert refused(actor, RELATION, team=f"{TAIPEI_CITY}-desk", report=receipt.report)


def test_nobody_takes_the_duty_for_a_report_of_another_county(desk, worker):
    receipt = screened_report()
    stranger = desk_worker("desk-two", TAIPEI_CITY)
    take = "select triage.hand_over(%(report)s, %(team)s, 'mine')"
    assert refused(stranger, take, report=receipt.report, team=f"{TAIPEI_CITY}-desk")
    assert refused(worker, take, report=receipt.report, team=TEAM)
    assert refused(desk, take, report=receipt.report, team=TEAM)
    with as_role("worker"):
        assert Duty.objects.get(matter=receipt.report).accountable_team == DESK


def test_an_offer_is_opened_by_its_desk_alone_and_only_to_its_team(desk, worker):
    offer = offered(desk, screened_report())
    opens = "select triage.relate_offer(%(offer)s)"
    assert refused(worker, opens, offer=offer.pk)
    assert not refused(desk, opens, offer=offer.pk)
    with as_role("worker"):
        teams = Relation.objects.filter(through=offer.matter_id, ground="offer")
        assert set(teams.values_list("team_id", flat=True)) == {TEAM}
        assert set(teams.values_list("object_kind", flat=True)) == {"report", "person"}


def test_nobody_opens_another_familys_file_by_his_own_report(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    colleague = team_worker("team-two", SECOND_TEAM)
    second = offered(desk, screened_report(), SECOND_TEAM)
    accept(colleague, second)
    open_it = "select cases.relate_family(%(family)s, %(report)s)"
    assert refused(colleague, open_it, family=case.family_id, report=second.matter_id)
    assert refused(colleague, open_it, family=case.family_id, report=case.matter_id)


CASE = """
insert into cases_case (id, family_id, matter_id, offer_id, team_id, lead, stream, opened_at, opened_by,
    closing_reason)
values (gen_random_uuid(), %(family)s, %(report)s, %(offer)s, %(team)s, %(me)s, 'x', clock.now(),
    %(me)s, '')
"""


def test_nobody_puts_a_case_of_his_own_into_another_family(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    colleague = team_worker("team-two", SECOND_TEAM)
    offer = offered(desk, screened_report(), SECOND_TEAM)
    values = {"report": offer.matter_id, "offer": offer.pk, "team": SECOND_TEAM, "me": colleague.id}
    assert refused(colleague, CASE, family=case.family_id, **values)


def test_a_report_moves_neither_county_nor_desk_nor_clock_by_hand(desk):
    receipt = screened_report()
    for change in ("county = '63000'", "desk_team = '63000-desk'", "accountable_team = 'x'",
                   "headline = '{}'"):  # fmt: skip
        statement = f"update triage_matter set {change} where report_id = %(report)s"
        assert refused(desk, statement, report=receipt.report), change
    for change in (
        "due_at = due_at + interval '1 day'",
        "legal = false",
        "started_at = clock.now()",
    ):
        statement = f"update triage_clock set {change} where matter_id = %(report)s"
        assert refused(desk, statement, report=receipt.report), change


def test_nobody_decides_or_judges_in_anothers_name(desk, worker):
    case = accept(worker, offered(desk, screened_report()))
    member = """
        insert into cases_familymember (id, family_id, person_id, name, born_on, role, judged_by, since)
        values (gen_random_uuid(), %(family)s, null, 'x', '', 'x', %(who)s, clock.now())"""
    assert refused(worker, member, family=case.family_id, who=desk.id)
    assert not refused(worker, member, family=case.family_id, who=worker.id)
    stranger = team_worker("team-two", SECOND_TEAM)
    assert refused(stranger, member, family=case.family_id, who=stranger.id)
    decision = """
        insert into triage_decision (id, matter_id, at, by, outcome, changed, reason)
        values (gen_random_uuid(), %(report)s, clock.now(), %(who)s, '{}', '[]', '')"""
    receipt = screened_report()
    assert refused(desk, decision, report=receipt.report, who=worker.id)
    assert not refused(desk, decision, report=receipt.report, who=desk.id)
    with as_role("worker"):
        assert FamilyMember.objects.filter(family=case.family_id, judged_by=worker.id).count() == 3


def test_who_took_a_report_forgets_the_reporter_when_a_team_takes_it_over(desk, worker):
    receipt = deliver(report_body(), sender="consult", author=desk.id, actor=desk)
    with as_role("worker"):
        Matter.objects.filter(pk=receipt.report).update(
            state="awaiting-decision", grade="2", stream="child-protection",
            agency_kind="prevention-centre",
        )  # fmt: skip
    assert known_reporters(desk, receipt.report) == 1
    accept(worker, offered(desk, receipt))
    assert known_reporters(desk, receipt.report) == 0


def known_reporters(actor, report) -> int:
    with acting(actor, "test"), connection.cursor() as cursor:
        cursor.execute("select count(*) from intake.reporter_for_taker(%s)", [report])
        return cursor.fetchone()[0]
