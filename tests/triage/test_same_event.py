"""Two reports, one event or two."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.forms import forms_of
from anwang.people.rules.scoring import load_model
from anwang.triage.rules.occurred import occurred_days
from anwang.triage.rules.same_event import (
    MOST_GRAMS,
    ReportDigest,
    digest_pack,
    digest_unpack,
    event_keys,
    load_policy,
    places_of,
    same_event,
    three_grams,
)

POLICY = load_policy()
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def digest(*subjects, at=NOON, occurred=None, narrative="", concerns=("child-physical",), **more):
    forms = tuple(forms_of(s, token=str.encode, query=True, told_on=at.date()) for s in subjects)
    doors, roads = places_of(forms)
    return ReportDigest(
        receipt="R",
        accepted_at=at,
        received_at=at,
        occurred=occurred_days(occurred, at),
        subjects=forms,
        concerns=frozenset(concerns),
        county="68000",
        door_keys=doors,
        road_keys=roads,
        grams=three_grams(narrative),
        **more,
    )


CHILD = {"name": "陳小安", "birth": "民國107年5月1日", "address": "桃園市中壢區範例路1段2號3樓"}
SCHOOL = digest(CHILD, occurred="昨晚", narrative="學生手臂有新瘀傷,自述昨晚被父親用衣架打。")
NEIGHBOUR = digest(
    {"name": "小安", "address": "中壢範例路一段2號"},
    at=NOON + timedelta(hours=2),
    occurred="昨晚",
    narrative="鄰居昨晚聽到小孩哭喊。",
)
LATER = NOON + timedelta(days=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SCHOOL, NEIGHBOUR),
        (SCHOOL, digest({"name": "陳曉安", "birth": "107年"}, occurred="3月1日")),
        (
            replace(SCHOOL, person_ids=frozenset({"p"})),
            digest({"name": "阿明"}, person_ids=frozenset({"p"}), at=NOON + timedelta(hours=20)),
        ),
        (SCHOOL, replace(SCHOOL, received_at=NOON + timedelta(days=90))),
    ],
)
def test_reports_of_one_event_are_proposed(one, other):
    assert same_event(one, other).probability >= POLICY.propose
    assert set(event_keys(one)) & set(event_keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another child, told in the same words on the same day.
        (SCHOOL, replace(digest({"name": "林大同", "birth": "105.2.3"}), grams=SCHOOL.grams)),
        # The same child six weeks on.
        (SCHOOL, digest(CHILD, at=LATER, occurred="昨晚", narrative="再次受傷。")),
        (
            replace(SCHOOL, person_ids=frozenset({"p"}), occurred=None),
            digest(CHILD, at=LATER, person_ids=frozenset({"p"})),
        ),
        # Nothing in common but the county and the kind of concern.
        (SCHOOL, digest({"name": "王美"}, occurred="昨晚")),
    ],
)
def test_other_events_are_not_proposed(one, other):
    assert same_event(one, other).probability < POLICY.propose


def test_more_than_sixty_days_apart_is_never_one_event_without_a_shared_day():
    persons = frozenset({"p", "q"})
    one = replace(SCHOOL, person_ids=persons, occurred=None)
    far = replace(one, received_at=NOON + timedelta(days=61))
    assert same_event(one, far).probability == 0
    stated = (date(2026, 3, 1), date(2026, 3, 1))
    assert (
        same_event(replace(one, occurred=stated), replace(far, occurred=stated)).probability > 0.9
    )


def test_every_comparison_gives_its_reason():
    reasons = [reason._asdict() for reason in same_event(SCHOOL, NEIGHBOUR).reasons]
    assert [reason["level"] for reason in reasons[:4]] == ["some", "door", "stated-same", "same"]


NAMES = st.sampled_from(["陳小安", "小安", "林美玉", "", "😀"])
DIGESTS = st.builds(
    lambda name, hours, occurred, text: digest(
        {"name": name, "address": "中壢範例路一段2號"},
        at=NOON + timedelta(hours=hours),
        occurred=occurred,
        narrative=text,
    ),
    NAMES,
    st.integers(0, 2400),
    st.sampled_from([None, "昨晚", "三天前", "上週", "1月5日"]),
    st.text(max_size=60),
)


@given(DIGESTS, DIGESTS)
def test_the_order_of_two_reports_does_not_matter_and_packing_changes_nothing(one, other):
    scored = same_event(one, other)
    assert 0 <= scored.probability <= 1
    assert same_event(other, one) == scored
    packed = [digest_unpack(json.loads(json.dumps(digest_pack(d)))) for d in (one, other)]
    assert packed == [one, other]
    assert same_event(*packed) == scored


@given(st.text(max_size=3000) | st.none())
def test_pieces_of_a_narrative_are_bounded(text):
    assert len(three_grams(text)) <= MOST_GRAMS


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("昨晚", "2026-03-01", "2026-03-02"),
        ("昨天下午", "2026-03-01", "2026-03-01"),
        ("今早", "2026-03-02", "2026-03-02"),
        ("前天", "2026-02-28", "2026-02-28"),
        ("三天前", "2026-02-27", "2026-02-27"),
        ("上週", "2026-02-17", "2026-03-01"),
        ("115年3月1日 22時", "2026-03-01", "2026-03-01"),
        ("115.3.1", "2026-03-01", "2026-03-01"),
        ("2026-03-01T22:00:00+08:00", "2026-03-01", "2026-03-01"),
        ("1150301", "2026-03-01", "2026-03-01"),
        ("3/1晚上", "2026-03-01", "2026-03-01"),
        ("12月30日", "2025-12-30", "2025-12-30"),
    ],
)
def test_the_day_it_happened_is_read(said, first, last):
    assert occurred_days(said, NOON) == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.text(max_size=80) | st.none())
def test_no_text_makes_an_error(said):
    occurred_days(said, NOON)


@pytest.mark.parametrize("said", ["", None, "不詳", "長期", "2月30日", "2099-01-01", "9" * 5000])
def test_what_tells_no_day_is_none(said):
    assert occurred_days(said, NOON) is None


def test_who_is_weighed_by_the_model_that_is_asked_for():
    shipped = load_model()
    flat = replace(
        shipped,
        weights={
            comparison: {name: one._replace(weight=0.0) for name, one in levels.items()}
            for comparison, levels in shipped.weights.items()
        },
    )
    told = same_event(SCHOOL, NEIGHBOUR)
    assert same_event(SCHOOL, NEIGHBOUR, model=shipped) == told
    assert same_event(SCHOOL, NEIGHBOUR, model=flat).weight < told.weight
