import json
from datetime import date, datetime, timedelta
from pathlib import Path

import jsonschema_rs
import pytest

from demo.county import build_county
from demo.filling import size
from demo.reports import reports_of_year, until_of
from demo.words import vocabulary

SCHEMA = Path(__file__).parents[2] / "docs" / "formats" / "report.schema.json"


@pytest.fixture(scope="module")
def year(county):
    return list(reports_of_year(county, n=900))


def test_every_report_follows_the_schema_but_the_odd_ones(year):
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))
    for demo in year:
        assert schema.is_valid(demo.report) == ("odd" not in demo.marks), demo.report["report_id"]
    assert any("odd" in demo.marks for demo in year)


def test_reports_come_in_the_order_of_receipt_and_end_just_before_the_present(county, year):
    moments = [demo.received_at for demo in year]
    assert moments == sorted(moments)
    assert len(year) == 900
    until = until_of(county)
    assert until - timedelta(hours=1) < moments[-1] < until
    assert moments[0] > until - timedelta(days=370)


def test_the_fewest_reports_are_a_year_too(county, monkeypatch):
    monkeypatch.setenv("ANWANG_DEMO_REPORTS", "3")
    _, fewest = size()
    assert len(list(reports_of_year(county, n=fewest))) == fewest
    monkeypatch.setenv("ANWANG_DEMO_REPORTS", "0")
    assert size()[1] == 0


def test_report_ids_are_unique_and_a_retelling_names_an_earlier_report(year):
    seen = set()
    for demo in year:
        assert demo.same_event_as is None or demo.same_event_as in seen
        seen.add(demo.report["report_id"])
    assert len(seen) == len(year)
    assert 0.15 < sum(bool(demo.same_event_as) for demo in year) / len(year) < 0.3


def test_the_last_day_leaves_a_live_desk(county, year):
    until = until_of(county)
    left = [demo for demo in year if demo.story.outcome == "open"]
    waited = [until - demo.received_at for demo in left]
    assert 14 <= len(left) <= 30
    assert sum("grave" in demo.marks for demo in left) == 2
    assert sum(wait > timedelta(hours=24) for wait in waited) == 1
    assert sum(timedelta(hours=21) < wait < timedelta(hours=24) for wait in waited) >= 2
    assert sum(bool(demo.same_event_as) for demo in left) >= 2


def test_the_truth_names_people_who_were_born(county, year):
    for demo in year:
        for index, key in demo.truth.items():
            assert index < len(demo.report["subjects"])
            assert county.persons[key].born_on <= demo.received_at.date()


def test_nearly_all_are_dispatched_within_a_day(year):
    hours = [d.story.decided_after_hours for d in year if d.story.decided_after_hours]
    assert sum(h <= 24 for h in hours) / len(hours) >= 0.97


def test_nine_in_ten_child_protection_reports_are_mandated(year):
    children = [demo for demo in year if demo.kind.startswith("child-")]
    mandated = sum(demo.report["reporter"]["mandated"] for demo in children)
    assert 0.85 < mandated / len(children) < 0.97


def test_all_kinds_channels_and_outcomes_occur(county, year):
    assert {demo.kind for demo in year} == set(vocabulary("kinds"))
    assert {demo.report["channel"] for demo in year} >= set(vocabulary("slots")["senders"])
    outcomes = {demo.story.outcome for demo in year}
    assert outcomes == {"accepted", "refused", "answered", "linked", "open"}


def test_narratives_are_varied_and_have_no_open_slot(year):
    told = [demo.report["narrative"] for demo in year]
    assert len(set(told)) > 0.9 * len(told)
    assert not any("{" in text for text in told)
    sentences = [
        s for kind in vocabulary("narratives").values() for part in kind.values() for s in part
    ]
    assert len(sentences) >= 150


def test_two_tellings_are_equal():
    first, second = (
        list(reports_of_year(build_county(5, date(2026, 3, 3), persons=2500), n=120))
        for _ in range(2)
    )
    assert first == second
    assert datetime.fromisoformat(first[0].report["received_at"]).utcoffset() == timedelta(hours=8)
