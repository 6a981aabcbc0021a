"""The screens of the feeds: who sees what, in words that help."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from anwang.access.models import AuditEntry
from anwang.common.clock import clock_now
from anwang.registries.models import Delivery, FeedAlarm, FetchState
from anwang.registries.queries import feed_fields, feed_state, feeds
from tests.conftest import as_role
from tests.factories import PASSWORD, account, desk_worker
from tests.registries.conftest import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def client_as(role: str) -> Client:
    name = f"one-{role}"
    if role == "desk":
        desk_worker(name)
    else:
        account(name, ("national-desk", None, role))
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


def test_the_desk_sees_how_each_source_stands_but_opens_no_rows(deliver):
    outcome = deliver([person("R-1"), person("R-2", sex="?")])
    page = client_as("desk").get("/registries/").content.decode()
    assert "戶役政" in page
    assert "從未收件" in page
    assert str(outcome.delivery_id) not in page


def test_a_feed_that_is_well_again_says_that_its_alarm_still_stands(deliver):
    deliver([person("R-1")])
    with as_role("worker"):
        FeedAlarm.objects.create(
            source_id="household-registration", kind="late", since=clock_now()
        )  # ended when the feeds are looked over next
    page = client_as("operator").get("/registries/").content.decode()
    assert '<span class="chip warn">要處理</span>' in page


def test_a_held_file_shows_why_and_what_to_do(deliver):
    deliver([person("R-1")], rows=9)
    page = client_as("desk").get("/registries/").content.decode()
    assert "整份未收" in page
    assert "請確認檔案完整後重送" in page


def test_what_was_held_says_whether_it_was_a_whole_register(deliver):
    deliver([person("R-1")], mode="full", rows=9)
    held = Delivery.objects.get(state=Delivery.State.HELD)
    assert held.mode == "full"
    assert (
        "全量" in client_as("operator").get("/registries/household-registration/").content.decode()
    )


def test_a_source_that_cannot_be_reached_is_not_called_well(deliver):
    deliver([person("R-1")])
    with as_role("worker"):
        FetchState.objects.create(
            source_id="household-registration", tried_at=clock_now(), trouble="unreachable",
            since=clock_now(), failures=3,
        )  # fmt: skip
    client = client_as("operator")
    for path in ("/registries/", "/registries/household-registration/"):
        page = client.get(path).content.decode()
        assert "取不到" in page and "連不上" in page and "試了 3 次" in page
        assert '<span class="chip ok">正常</span>' not in page.split("戶役政")[1][:400]


def test_a_register_that_shrank_says_how_it_is_released(deliver, tmp_path):
    deliver([person(f"R-{n}") for n in range(9)], mode="full")
    deliver([person("R-1")], mode="full")
    page = client_as("operator").get("/registries/household-registration/").content.decode()
    assert "anwang load household-registration FILE --drop-released" in page


def test_an_operator_reads_line_column_rule_and_remedy_and_is_on_record(deliver):
    outcome = deliver([person("R-1"), person("R-2", birth_date="2018-02-30")])
    client = client_as("operator")
    assert str(outcome.delivery_id) in client.get("/registries/").content.decode()
    page = client.get(f"/registries/deliveries/{outcome.delivery_id}/").content.decode()
    for text in ("3</td>", "birth_date", "date-impossible", "請核對年月日"):
        assert text in page
    assert "2018-02-30" not in page
    assert "陳小安" not in page
    with as_role("worker"):
        (entry,) = AuditEntry.objects.filter(act="read", object_kind="delivery")
    assert entry.object_ids == [str(outcome.delivery_id)]


def test_rows_set_aside_are_for_operators_only(deliver):
    outcome = deliver([person("R-1", sex="?")])
    client = client_as("desk")
    assert client.get(f"/registries/deliveries/{outcome.delivery_id}/").status_code == 404
    assert client.get(f"/registries/deliveries/{uuid.uuid4()}/").status_code == 404
    assert Client().get("/registries/").status_code == 302


def test_a_delivery_without_such_rows_says_so(deliver):
    outcome = deliver([person("R-1")])
    page = client_as("operator").get(f"/registries/deliveries/{outcome.delivery_id}/")
    assert "這次收件沒有隔離的列" in page.content.decode()


MANIFEST = {"transport": "file", "rhythm": {"late_after_days": 7}}


def a_delivery(state: str, days_ago: float) -> Delivery:
    at = clock_now() - timedelta(days=days_ago)
    return Delivery(state=state, delivered_at=at, began_at=at)


@pytest.mark.parametrize(
    ("last", "newest", "state"),
    [
        (None, None, "never"),
        (("published", 1), ("published", 1), "ok"),
        (("published", 8), ("published", 8), "late"),
        (("published", 1), ("held", 0), "held"),
        (None, ("held", 0), "held"),
        (("published", 1), ("loading", 0), "ok"),
        (("published", 1), ("broken-off", 0), "failed"),
        (("published", 1), ("loading", 0.5), "ok"),
    ],
)
def test_the_state_of_a_feed(last, newest, state):
    failed = newest is not None and newest[0] == "broken-off"
    newest = ("loading", newest[1]) if newest and failed else newest
    given = [a_delivery(*one) if one else None for one in (last, newest)]
    assert feed_state(MANIFEST, *given, clock_now(), failed=failed) == state


def test_the_command_prints_the_fields_of_the_contract(deliver):
    deliver([person("R-1")])
    lines = {fields["id"]: fields for fields in map(feed_fields, feeds())}
    assert set(lines["household-registration"]) == {
        "id", "owner", "external", "assumed", "transport", "state", "last_delivery",
    }  # fmt: skip
    assert lines["household-registration"]["state"] == "ok"
    assert lines["anwang"]["state"] == "ok"
    assert lines["prison"]["state"] == "never"
