"""Feeds that shrink, double, drift, come late: told once, ended when mended."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from anwang.access.models import AuditEntry, Notice
from anwang.common.clock import clock_now
from anwang.people.tasks import fetch_due
from anwang.registries.actions.fetching import held_off, is_held_off
from anwang.registries.actions.watching import watch_feeds
from anwang.registries.models import Delivery, FeedAlarm
from anwang.registries.queries.feeds import LOAD_LOCK, feeds
from anwang.registries.rules.feed_watch import Profile, drifts, psi, size_fault
from anwang.registries.tasks import look_at_feeds
from anwang.web.notice_lines import notice_lines
from tests.conftest import as_role
from tests.factories import PASSWORD, account
from tests.registries.conftest import REGISTRY, person

COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5000), min_size=1)


@given(COUNTS, COUNTS)
def test_the_index_is_never_negative_and_nought_for_equal_shares(before, now):
    assert psi(before, now) >= -1e-12
    assert psi(before, before) == pytest.approx(0)
    assert psi(before, now) == pytest.approx(psi(now, before))


def test_the_index_of_a_shift_told_in_the_literature():
    # Three bins of 10, 30, 60 % against 20, 30, 50 %: 0.1 ln 2 - 0.1 ln (5/6).
    assert psi({"a": 100, "b": 300, "c": 600}, {"a": 200, "b": 300, "c": 500}) == pytest.approx(
        0.0875, abs=1e-4
    )


def profile(rows: int, *, empty: int = 0, female: int | None = None, unknown: int = 0) -> Profile:
    female = rows // 2 if female is None else female
    codes = Counter({("sex", "F"): female, ("sex", "M"): rows - female})
    return Profile(rows, Counter({"phone": rows - empty, "sex": rows}), Counter(sex=unknown), codes)


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (profile(1000), {}),
        (profile(1000, empty=50), {}),
        (profile(1000, empty=900), {"phone": "alarm"}),
        (profile(1000, female=950), {"sex": "alarm"}),
        (profile(1000, unknown=400), {"sex": "alarm"}),
        (profile(1000, female=660), {"sex": "watch"}),
        (profile(100, empty=100), {}),  # too few rows to tell
    ],
)
def test_a_column_that_empties_or_changes_its_codes_is_seen(now, moved):
    found = drifts([profile(1000, empty=20) for _ in range(5)], now)
    assert {one.column: one.level for one in found if one.level != "steady"} == moved


@pytest.mark.parametrize(
    ("rows", "before", "more", "fault"),
    [
        (1000, [1000, 1010, 990], {}, None),
        (400, [1000, 1010, 990], {}, "shrunk"),
        (2000, [1000, 1010, 990], {}, "doubled"),
        (2000, [1000, 1010, 990], {"rise_limit_percent": 150}, None),
        (1200, [1000, 1010, 990], {"rise_limit_percent": 10}, "doubled"),
        (1000, [], {"repeated": 500}, "doubled"),
        (400, [1000], {}, None),  # one delivery tells no habit
        (4, [20, 22, 18], {}, None),  # a small file may shrink any day
    ],
)
def test_the_size_of_a_delivery_against_those_before_it(rows, before, more, fault):
    assert size_fault(rows, before, **more) == fault


pytestmark = pytest.mark.usefixtures("service_teams")


def delivered(days_ago: float, rows: int, **more) -> Delivery:
    at = clock_now() - timedelta(days=days_ago)
    fields = {
        "state": "published", "known_at": at, "accepted": rows, "mode": "full",
        "profile": profile(rows).as_json(),
    }  # fmt: skip
    return Delivery.objects.create(
        source_id=REGISTRY, file_sha256="0" * 64, manifest_version="1", delivered_at=at,
        began_at=at, **(fields | more),
    )  # fmt: skip


def open_kinds() -> set[str]:
    return set(FeedAlarm.objects.filter(until=None).values_list("kind", flat=True))


@pytest.mark.django_db
def test_a_feed_that_shrinks_tells_every_operator_once_and_ends_when_mended():
    operator = account("one-operator", ("operators", None, "operator"))
    with as_role("worker"):
        for day in (6, 5, 4, 3):
            delivered(day, 1000)
        assert watch_feeds() == 0
        delivered(2, 300)
        assert watch_feeds() == 1
        assert watch_feeds() == 0
        assert open_kinds() == {"shrunk"}
        told = Notice.objects.filter(to_account=operator.id, kind="feed-alarm")
        assert [one.detail for one in told] == [{"feed": REGISTRY, "kind": "shrunk"}]
        [line] = notice_lines(list(told))
        assert line["tells"] == {"zh": "戶役政 · 筆數驟減", "en": "Household registration · Shrunk"}
        delivered(1, 1010)
        assert watch_feeds() == 1
        assert open_kinds() == set()
        assert Notice.objects.filter(to_account=operator.id, kind="feed-mended").count() == 1
        acts = AuditEntry.objects.filter(act__startswith="feed-alarm").values_list("act", flat=True)
        assert sorted(acts) == ["feed-alarm-ended", "feed-alarm-raised"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("deliveries", "kinds"),
    [
        ([(9, 1000, {})], {"late"}),
        ([(1, 1000, {}), (0, 0, {"state": "held", "held_because": {"zh": "停", "en": "x"}})], {"held"}),
        ([(1, 1000, {}), (0.5, 0, {"state": "loading", "known_at": None})], {"failed"}),
        ([(n, 1000, {}) for n in (5, 4, 3)] + [(1, 2500, {})], {"doubled"}),
        ([(n, 1000, {}) for n in (5, 4, 3)]
         + [(1, 1000, {"profile": profile(1000, empty=990).as_json()})], {"drifting"}),
        ([(n, 1000, {}) for n in (5, 4, 3)] + [(1, 3, {"mode": "replay"})], set()),
    ],
)  # fmt: skip
def test_each_way_in_which_a_feed_goes_wrong_raises_its_alarm(deliveries, kinds):
    with as_role("worker"):
        for days_ago, rows, more in deliveries:
            delivered(days_ago, rows, **more)
        watch_feeds()
        assert open_kinds() == kinds


@pytest.mark.django_db
def test_a_load_keeps_what_its_columns_held(deliver):
    outcome = deliver([person("R-1"), person("R-2", sex="F"), person("R-3", sex="?")])
    kept = Delivery.objects.get(pk=outcome.delivery_id).profile
    assert kept["rows"] == 2
    assert kept["codes"]["sex"] == {"F": 1, "M": 1}
    assert kept["unknown"] == {"sex": 1}
    assert "national_id" not in kept["filled"]


@pytest.mark.django_db
def test_the_page_of_a_feed_tells_size_delay_drift_and_what_depends_on_it(
    deliver, django_assert_max_num_queries
):
    account("one-operator", ("operators", None, "operator"))
    with as_role("worker"):
        for day in (5, 4, 3):
            delivered(day, 1000, quarantined=4)
        delivered(1, 400, profile=profile(400, empty=390).as_json())
        watch_feeds()
    client = Client()
    assert client.login(username="one-operator", password=PASSWORD)
    with django_assert_max_num_queries(40):
        page = client.get(f"/registries/{REGISTRY}/").content.decode()
    for text in ("筆數驟減", "內容偏移", "要查", "設籍同戶", "每月隔離", "1004", 'class="taken"'):
        assert text in page, text
    listed = client.get("/registries/").content.decode()
    assert "筆數驟減" in listed and 'class="usual"' in listed
    assert client.get("/registries/no-such-source/").status_code == 404


@pytest.mark.django_db
def test_a_policy_in_force_that_reads_a_fact_stands_beside_its_source(deliver):
    account("one-operator", ("operators", None, "operator"))
    client = Client()
    assert client.login(username="one-operator", password=PASSWORD)
    page = client.get("/registries/prison/").content.decode()
    assert "在監" in page
    assert "facts-read" not in page  # a name, not a code
    [rules] = set(re.findall(r'<a href="(/policies/[^"]+)">事實的讀法</a>', page))
    assert client.get(rules).status_code == 200


@pytest.mark.django_db
def test_a_load_is_broken_off_when_nobody_is_at_it_however_long_ago_it_began():
    began = clock_now() - timedelta(days=800)  # a demo's past year is filled as of then
    with as_role("worker"):
        Delivery.objects.create(
            source_id=REGISTRY, mode="full", file_sha256="0" * 64, manifest_version="1",
            delivered_at=began, began_at=began, checkpoint={"manifest": "", "rows": 40},
        )  # fmt: skip
    lock = f"({LOAD_LOCK}, hashtext('{REGISTRY}'))"
    page = Client()
    account("watching", ("operators", None, "operator"))
    page.login(username="watching", password=PASSWORD)
    with connection.cursor() as cursor:
        cursor.execute(f"select pg_advisory_lock{lock}")
        try:
            assert [one.state for one in feeds() if one.loads] == ["never"]
            told = page.get(f"/registries/{REGISTRY}/").content.decode()
        finally:
            cursor.execute(f"select pg_advisory_unlock{lock}")
    assert "載入中" in told and "已收到第 40 列" in told and "中斷" not in told
    assert [one.source.pk for one in feeds() if one.state == "failed"] == [REGISTRY]
    told = page.get(f"/registries/{REGISTRY}/").content.decode()
    assert "載入中" not in told and "再傳同一個檔案時，從第 40 列之後繼續" in told
    with as_role("worker"):
        watch_feeds()
    assert FeedAlarm.objects.get(source_id=REGISTRY).kind == "failed"


@pytest.mark.django_db
def test_while_a_past_year_is_told_no_source_is_asked_and_none_is_late(tmp_path, monkeypatch):
    monkeypatch.setenv("ANWANG_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr("anwang.people.tasks.due_sources", lambda: asked.append("due") or [])
    with as_role("worker"):
        delivered(400, 1000)  # the first night of that year
        with held_off():
            assert is_held_off()
            assert fetch_due(0) == 0 and asked == []
            assert look_at_feeds(0) == 0 and open_kinds() == set()
        assert not is_held_off()
        assert fetch_due(0) == 0 and asked == ["due"]
        assert look_at_feeds(0) == 1 and open_kinds() == {"late"}
