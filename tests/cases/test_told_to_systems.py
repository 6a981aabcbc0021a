"""What a county's local system may be told: its own county's reports, and of them no more than agreed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from anwang.access.context import LOADING, acting
from anwang.cases.queries.told_to_systems import changes_for
from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.manifests import LOCAL_SYSTEMS
from anwang.registries.rules.outgoing import OutgoingPart, outgoing_of
from tests.cases.test_accepting import accept, offered
from tests.cases.test_seals import people, seal  # noqa: F401 - a fixture
from tests.conftest import as_role
from tests.factories import (
    TAIPEI_CITY,
    TAOYUAN,
    desk_worker,
    received_report,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
SYSTEM = "new-taipei-family-net"


def part(**other) -> OutgoingPart:
    found = outgoing_of(read_yaml(LOCAL_SYSTEMS / f"{SYSTEM}.yaml"))
    return replace(found, county=TAOYUAN, **other)


def told(outgoing: OutgoingPart | None = None, since=None, system: str = SYSTEM, only=None):
    with as_role("worker"), acting(LOADING, "test"):
        return list(changes_for(system, outgoing or part(), since, only))


def test_a_report_is_told_with_what_became_of_it():
    desk, worker = desk_worker(), team_worker()
    receipt = screened_report()
    (first,) = told()
    assert (first.key, first.told["receipt"]) == (receipt.report, receipt.receipt)
    assert (first.told["state"], first.told["opened_on"], first.told["members"]) == (
        "awaiting-decision", None, None,
    )  # fmt: skip
    accept(worker, offered(desk, receipt))
    (later,) = told(since=first.changed_at)
    assert later.told["state"] == "accepted" and later.told["opened_on"]
    assert set(later.told["members"].split("、")) == {"陳小安", "陳大方"}
    assert told(since=later.changed_at) == []


def test_no_address_no_number_no_word_and_nothing_of_the_reporter_is_told():
    screened_report(narrative="學生自述昨晚被父親用衣架打。")
    text = json.dumps([one.told for one in told()], ensure_ascii=False)
    for kept in ("範例路", "03-3000000", "範例老師", "衣架", "teacher", "A1"):
        assert kept not in text


def test_names_of_another_countys_family_file_and_of_whoever_is_sealed_are_not_told():
    from anwang.access.models import Seal
    from anwang.cases.models import FamilyFile, FamilyMember

    accept(team_worker(), offered(desk_worker(), screened_report()))
    with as_role("worker"), acting(LOADING, "test"):
        child = FamilyMember.objects.get(name="陳小安")
        Seal.objects.create(object_kind="person", object_id=child.person_id, ground="danger")
    assert [one.told["members"] for one in told()] == ["陳大方"]
    with as_role("worker"), acting(LOADING, "test"):
        FamilyFile.objects.filter(pk=child.family_id).update(county=TAIPEI_CITY)
    (row,) = told()
    assert (row.told["members"], row.told["family_number"]) == (None, None)


def test_what_waits_is_asked_for_by_report(people):  # noqa: F811
    first, second = screened_report(), screened_report()
    seal_it = [first.report, second.report]
    assert {one.key for one in told(only=seal_it)} == set(seal_it)
    accept(people["worker"], offered(people["desk"], first))
    seal(people, first.report, "lead")
    assert [one.key for one in told(only=seal_it)] == [second.report]
    assert told(only=[]) == []


def test_names_are_not_even_read_where_no_column_asks_for_them():
    accept(team_worker(), offered(desk_worker(), screened_report()))
    asked = part()
    without = replace(asked, columns=tuple(one for one in asked.columns if one.field != "members"))
    (row,) = told(without)
    assert "members" not in row.told and row.told["opened_on"]


def test_another_countys_reports_and_other_streams_are_not_told():
    screened_report(county="臺北市")
    screened_report(stream="suicide", agency_kind="mental-health-centre")
    received_report()  # not screened: nobody knows its stream
    assert told() == []
    (row,) = told(replace(part(), county=TAIPEI_CITY))
    assert row.told["stream"] == "child-protection"


def test_the_number_of_a_report_is_given_back_to_who_sent_it_alone():
    from anwang.intake.actions import deliver
    from anwang.triage.models import Matter
    from tests.factories import SENDER, report_body

    body = report_body(report_id="NET-77")
    receipt = deliver(body, sender=SYSTEM, actor=SENDER)
    with as_role("worker"):
        Matter.objects.filter(pk=receipt.report).update(stream="vulnerable-family")
    assert [one.told["their_number"] for one in told()] == ["NET-77"]
    assert [one.told["their_number"] for one in told(system="another")] == [None]


def test_what_is_sealed_is_not_told_and_comes_once_it_is_opened(people):  # noqa: F811
    from anwang.access.models import Seal
    from anwang.common.clock import clock_now

    receipt = screened_report()
    accept(people["worker"], offered(people["desk"], receipt))
    (before,) = told()
    seal(people, receipt.report, "lead")
    assert told() == []
    with as_role("worker"), acting(LOADING, "test"):
        Seal.objects.filter(until=None).update(until=clock_now())
    (after,) = told(since=before.changed_at + timedelta(seconds=0))
    assert after.key == receipt.report
