"""The lead of a case names the adults who may use a child's rights, and ends it (R13, D4, S4)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, SafeAdult, Seal
from anwang.cases.actions.safe_adults import NotSafe, end_adult, grounds_for, name_adult
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.triage.models import Matter, Screening
from tests.access.people import browser_of, somebody
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, screened_report
from tests.looking import citizen, number, page, pair
from tests.relatives import Known

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
NOTHING = "沒有可以列出的查看"


@dataclass(frozen=True)
class World:
    """A case of a child with a number, its lead, and the numbers of mother and respondent."""

    case: Case
    lead: Actor
    child: tuple[Known, str]
    mother: tuple[Known, str]
    father: tuple[Known, str]


def subjects(child: str, father: str) -> list[dict[str, str]]:
    return [{"role": "victim", "name": "陳小安", "national_id": child, "sex": "M"},
            {"role": "respondent", "name": "陳大方", "national_id": father, "sex": "M"}]  # fmt: skip


@pytest.fixture
def world() -> World:
    (child, father), (mother, _) = pair(31), pair(32)
    lead = somebody("lead")
    receipt = screened_report(subjects=subjects(child[1], father[1]), child=child[0].person)
    return World(
        accept(lead, offered(somebody("desk", DESK), receipt)), lead, child, mother, father
    )


def named(one: World, *, by: Actor | None = None, adult: str = "", child: int = 0) -> uuid.UUID:
    by = by or one.lead
    with acting(by, "test"):
        permit = check_can_work_case(by, one.case.pk)
        return name_adult(one.case.pk, child, adult or one.mother[1], "safe-parent", permit=permit)


def ended(one: World, which: uuid.UUID, *, by: Actor | None = None) -> None:
    by = by or one.lead
    with acting(by, "test"):
        permit = check_can_work_case(by, one.case.pk)
        end_adult(one.case.pk, which, "no-longer-safe", permit=permit)


def seen(one: World) -> None:
    """The lead reads the case, and the inquiry is over."""
    assert browser_of(one.lead).get(f"/cases/{one.case.pk}/").status_code == 200
    with as_role("worker"):
        Case.objects.filter(pk=one.case.pk).update(closed_at=clock_now(), closing_reason="done")


def pictured(one: World, **child: object) -> None:
    """A newer screening that says this of the child."""
    with as_role("worker"):
        last = Screening.objects.filter(matter=one.case.matter_id).latest("at")
        last.pk, last.at = uuid.uuid4(), last.at + dt.timedelta(seconds=1)
        for member in last.picture["members"]:
            if member["subject"] == 0:
                member.update(child)
        last.save(force_insert=True)


def test_whom_the_lead_names_sees_who_looked_at_the_child_and_ending_takes_it_back(world):
    asker = citizen("mother", world.mother[0])
    which = named(world)
    seen(world)
    assert "<tr><td>" in page(asker, world.child[1])
    ended(world, which)
    assert NOTHING in page(asker, world.child[1])


def test_both_acts_are_on_record_with_their_ground_and_without_a_number(world):
    which = named(world)
    ended(world, which)
    with as_role("worker"):
        entries = list(AuditEntry.objects.filter(object_kind="safe-adult").order_by("at"))
        row = SafeAdult.objects.get(pk=which)
    assert [(e.act, e.object_ids, e.detail["ground"]) for e in entries] == [
        ("safe-adult-named", [str(which)], "safe-parent"),
        ("safe-adult-ended", [str(which)], "no-longer-safe"),
    ]
    assert world.mother[1] not in str([e.detail for e in entries])
    assert bytes(row.child) == world.child[0].token and row.judged_by == world.lead.id


def test_the_respondent_of_the_report_cannot_be_named(world):
    with pytest.raises(NotSafe) as told:
        named(world, adult=world.father[1])
    assert told.value.reason == "respondent"


def test_s04_a_respondent_of_another_report_is_named_without_a_word_and_learns_nothing(world):
    """A refusal would tell that there is another report, which the lead may not know of."""
    other = subjects(world.child[1], world.mother[1])
    screened_report(subjects=other, child=world.child[0].person)
    with as_role("worker"):
        last = Screening.objects.latest("at")
        last.pk = uuid.uuid4()
        last.save(force_insert=True)
    asker = citizen("mother", world.mother[0])
    named(world)
    seen(world)
    assert NOTHING in page(asker, world.child[1])
    assert page(asker, world.child[1]) == page(asker, number(9007))


@pytest.mark.parametrize("reason", ["number", "child", "ground", "the-child", "twice"])
def test_what_cannot_be_is_refused_by_name(world, reason):
    if reason == "twice":
        named(world)
    typed = {"number": "A123456788", "the-child": world.child[1]}.get(reason, world.mother[1])
    with acting(world.lead, "test"), pytest.raises(NotSafe) as told:
        name_adult(
            world.case.pk, 1 if reason == "child" else 0, typed,
            "" if reason == "ground" else "safe-parent",
            permit=check_can_work_case(world.lead, world.case.pk),
        )  # fmt: skip
    assert told.value.reason == {
        "number": "no-number", "child": "no-such-child", "ground": "no-ground",
        "the-child": "a-child", "twice": "named-already",
    }[reason]  # fmt: skip


def test_a_child_without_a_number_is_shown_and_cannot_be_chosen():
    lead = somebody("lead")
    case = accept(lead, offered(somebody("desk", DESK), screened_report()))
    shown = browser_of(lead).get(f"/cases/{case.pk}/safe-adults/").content.decode()
    assert 'value="0" disabled' in shown
    with acting(lead, "test"), pytest.raises(NotSafe) as told:
        name_adult(case.pk, 0, number(77), "kin-carer", permit=check_can_work_case(lead, case.pk))
    assert told.value.reason == "child-without-number"


def test_it_ends_by_itself_when_the_child_comes_of_age(world):
    pictured(world, born_on="2015-05-01")
    which = named(world)
    with as_role("worker"):
        until = SafeAdult.objects.get(pk=which).until
    assert until == dt.datetime(2033, 4, 30, 16, tzinfo=dt.UTC)  # midnight in Taipei


def test_a_grown_up_speaks_for_himself(world):
    pictured(world, born_on="1990-05-01", age=35)
    with pytest.raises(NotSafe) as told:
        named(world)
    assert told.value.reason == "grown-up"
    assert "陳小安" not in browser_of(world.lead).get(
        f"/cases/{world.case.pk}/safe-adults/"
    ).content.decode()  # fmt: skip


def test_the_lead_alone_names_and_a_supervisor_may_end(world):
    colleague, supervisor = somebody(), somebody("supervisor")
    for other in (colleague, supervisor):
        with pytest.raises(NotSafe) as told:
            named(world, by=other)
        assert told.value.reason == "not-the-lead"
    which = named(world)
    with pytest.raises(NotSafe):
        ended(world, which, by=colleague)
    ended(world, which, by=supervisor)
    with pytest.raises(NotSafe) as told:
        ended(world, which)
    assert told.value.reason == "ended-already"


def test_another_team_finds_no_such_page_and_the_functions_tell_it_nothing(world):
    which, other = named(world), somebody("lead", SECOND_TEAM)
    browser = browser_of(other)
    here = f"/cases/{world.case.pk}/safe-adults/"
    assert browser.get(here).status_code == 404
    assert browser.post(f"{here}{which}/end/", {"ground": "mistake"}).status_code == 404
    with acting(other, "test"):
        with pytest.raises(Refused):
            check_can_work_case(other, world.case.pk)
        with connection.cursor() as cursor:
            for function in ("children_of_case", "safe_adults_of"):
                cursor.execute(f"select * from cases.{function}(%s)", [world.case.pk])
                assert cursor.fetchall() == []
            with pytest.raises(DatabaseError, match="not-the-lead"), transaction.atomic():
                cursor.execute("select cases.end_safe_adult(%s, %s)", [world.case.pk, which])


def test_a_lead_who_is_not_named_in_a_seal_leads_no_more(world):
    """R8: may_lead is asked at every statement."""
    with as_role("worker"):
        Seal.objects.create(object_kind="case", object_id=world.case.pk, ground="x")
    with acting(world.lead, "test"), connection.cursor() as cursor:
        cursor.execute("select cases.i_lead(%s)", [world.case.pk])
        assert cursor.fetchone() == (False,)


def test_what_was_named_in_another_case_of_the_child_is_not_shown(world):
    other = somebody("lead", SECOND_TEAM)
    receipt = screened_report(
        subjects=subjects(world.child[1], world.father[1]), child=world.child[0].person
    )
    with as_role("worker"):
        assert Matter.objects.filter(pk=receipt.report).exists()
    theirs = accept(other, offered(somebody("desk", DESK), receipt, SECOND_TEAM))
    named(world)
    shown = browser_of(other).get(f"/cases/{theirs.pk}/safe-adults/").content.decode()
    assert "還沒有指定任何人" in shown


def test_the_page_names_ends_and_shows_it_without_the_number(world):
    browser, here = browser_of(world.lead), f"/cases/{world.case.pk}/safe-adults/"
    assert here in browser.get(f"/cases/{world.case.pk}/").content.decode()
    said = {"child": "0", "number": world.mother[1], "ground": "safe-parent"}
    assert browser.post(f"{here}name/", said)["Location"] == here
    with as_role("worker"):
        which = SafeAdult.objects.get().pk
    shown = browser.get(here).content.decode()
    assert "不在家庭名單上的大人" in shown and "已指定" in shown and "陳小安" in shown
    assert world.mother[1] not in shown and world.mother[0].token.hex() not in shown
    browser.post(f"{here}{which}/end/", {"ground": "mistake"})
    assert "已結束" in browser.get(here).content.decode()


def test_an_account_without_the_row_cannot_write_one(world):
    with acting(world.lead, "test"), pytest.raises(DatabaseError), transaction.atomic():
        SafeAdult.objects.create(
            child=b"c" * 32, adult=b"a" * 32, ground="x", judged_by=world.lead.id
        )


def test_every_ground_has_words_in_both_languages():
    for act in ("name", "end"):
        assert all(set(text) == {"zh", "en"} for text in grounds_for(act).values())
