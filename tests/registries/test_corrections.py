"""Rows set aside, written anew by an operator who never sees them, and what came of it."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from anwang.access.actions.two_persons import NotWithTwo, approve
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import AuditEntry
from anwang.access.permissions import Permit
from anwang.registries.actions import quarantine
from anwang.registries.actions.corrections import (
    NotCorrectable,
    WaitsAlready,
    ask_to_open,
    ask_to_retry,
    correct_row,
    open_cells,
)
from anwang.registries.actions.quarantine import carry_out_retries
from anwang.registries.models import Delivery, QuarantinedRow, Record, Retry
from anwang.registries.permissions import check_can_correct_row
from tests.conftest import as_role
from tests.factories import PASSWORD, account
from tests.registries.conftest import CHILD, REGISTRY, person
from tests.registries.test_quarantine import with_another_spelling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
SECRET = "2018-02-30"
WHY = "提供機關回覆說明書沒有錯，請核對原檔這一列的出生日期。"


@pytest.fixture
def operator() -> Actor:
    return account("one-operator", ("operators", None, "operator"))


@pytest.fixture
def officer() -> Actor:
    return account("one-officer", ("privacy", None, "privacy-officer"))


def permit_for(row: QuarantinedRow, actor: Actor) -> Permit:
    return check_can_correct_row(actor, row.pk)


def the_row(**only: object) -> QuarantinedRow:
    with as_role("worker"):
        return QuarantinedRow.objects.get(**only)


def corrected(actor: Actor, row: QuarantinedRow, **cells: str) -> Retry:
    with acting(actor):
        return correct_row(row, cells, permit=permit_for(row, actor))


def carried_out() -> list[uuid.UUID]:
    with as_role("worker"):
        return carry_out_retries(actor=LOADING)


def record_of(key: str) -> Record:
    with as_role("worker"):
        return Record.objects.get(source_id=REGISTRY, record_key=key)


def test_a_row_is_taken_once_its_cell_is_written_anew(deliver, operator):
    deliver([person("R-1"), person("R-2", birth_date=SECRET, national_id=CHILD)])
    row = the_row()
    retry = corrected(operator, row, birth_date="107.03.02")
    (made,) = carried_out()
    assert record_of("R-2").values["birth_date"] == "2018-03-02"
    assert record_of("R-2").delivery_id == made
    assert the_row().settled == "taken"
    with as_role("worker"):
        retry.refresh_from_db()
        assert Delivery.objects.get(pk=made).mode == "replay"
    assert (retry.result, retry.taken, retry.made) == ("taken", 1, made)


def test_a_correction_that_does_not_do_tells_what_is_still_wrong_and_the_next_builds_on_it(
    deliver, operator
):
    deliver([person("R-2", birth_date=SECRET, sex="?")])
    row = the_row()
    assert row.rule == "code-unknown"
    first = corrected(operator, row, sex="M")
    assert carried_out() == []
    with as_role("worker"):
        first.refresh_from_db()
    assert (first.result, first.fault["column"]) == ("still-bad", "birth_date")
    assert "2018" not in json.dumps(first.fault)
    corrected(operator, row, birth_date="2018-03-02")
    assert len(carried_out()) == 1
    assert record_of("R-2").values["sex"] == "M"
    assert the_row().rule == "code-unknown"  # the first fault stays as it was found


def test_a_cell_corrected_to_nothing_is_left_out(deliver, operator):
    deliver([person("R-2", birth_date=SECRET)])
    corrected(operator, the_row(), birth_date="")
    carried_out()
    assert "birth_date" not in record_of("R-2").values


def test_one_row_waits_for_one_correction_at_a_time_and_a_taken_one_for_none(deliver, operator):
    deliver([person("R-2", birth_date=SECRET)])
    row = the_row()
    corrected(operator, row, birth_date="2018-03-02")
    with pytest.raises(WaitsAlready):
        corrected(operator, row, birth_date="2018-03-03")
    carried_out()
    with pytest.raises(NotCorrectable):
        corrected(operator, the_row(), birth_date="2018-03-03")


def test_a_row_that_repeats_a_key_is_not_corrected(deliver, operator):
    deliver([person("R-1"), person("R-1")])
    with pytest.raises(NotCorrectable):
        corrected(operator, the_row(), name="陳小二")


def test_all_rows_of_a_delivery_are_checked_anew_and_a_newer_word_settles_a_row(deliver, operator):
    outcome = deliver([person("R-1", birth_date=SECRET), person("R-2", sex="?")])
    deliver([person("R-1")])
    corrected(operator, the_row(line=2), birth_date="2018-03-02")
    delivery = Delivery.objects.get(pk=outcome.delivery_id)
    with acting(operator):
        retry = ask_to_retry(delivery, permit=permit_for(the_row(line=2), operator))
        with pytest.raises(WaitsAlready):
            ask_to_retry(delivery, permit=permit_for(the_row(line=2), operator))
    assert carried_out() == []
    with as_role("worker"):
        retry.refresh_from_db()
    assert (retry.result, retry.tried, retry.taken) == ("nothing", 1, 0)
    assert (the_row(line=2).settled, the_row(line=3).settled) == ("superseded", "")


def test_each_step_is_on_record_and_none_holds_a_value(deliver, operator):
    deliver([person("R-2", birth_date=SECRET)])
    corrected(operator, the_row(), birth_date="2018-03-02")
    carried_out()
    with as_role("worker"):
        told = AuditEntry.objects.filter(act__in=["row-corrected", "row-replayed"])
        found = {one.act: one for one in told}
        assert found["row-corrected"].fields == ["birth_date"]
        assert found["row-corrected"].actor == operator.id
        for one in AuditEntry.objects.all():
            assert "2018-0" not in json.dumps([one.object_ids, one.fields, one.detail])


def test_the_application_cannot_read_a_sealed_row_or_a_sealed_correction(deliver, operator):
    deliver([person("R-2", birth_date=SECRET)])
    corrected(operator, the_row(), birth_date="2018-03-02")
    for column, table in (
        ("sealed_row", "registries_quarantinedrow"), ("sealed_cells", "registries_retry"),
    ):  # fmt: skip
        with acting(operator), connection.cursor() as cursor:
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(f"select {column} from {table}")
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone() == (1,)


def test_a_row_opens_once_to_who_asked_after_a_second_person_agreed(deliver, operator, officer):
    deliver([person("R-2", birth_date=SECRET)])
    row = the_row()
    with acting(operator):
        permit = permit_for(row, operator)
        asked = ask_to_open(row, "office-cannot-tell", WHY, permit=permit)
        with pytest.raises(NotWithTwo):
            open_cells(row, asked, ["birth_date"], permit=permit)
    with acting(officer):
        approve(asked, officer)
    with acting(operator):
        assert open_cells(row, asked, ["birth_date"], permit=permit) == {"birth_date": SECRET}
        with pytest.raises(NotWithTwo):
            open_cells(row, asked, ["birth_date"], permit=permit)
    with as_role("worker"):
        (entry,) = AuditEntry.objects.filter(act="row-opened")
    assert (entry.fields, entry.object_ids) == (["birth_date"], [str(row.pk)])
    assert SECRET not in json.dumps(entry.detail)


def client_of(actor: Actor) -> Client:
    client = Client()
    assert client.login(username="one-operator", password=PASSWORD)
    return client


def test_the_page_of_a_row_takes_a_correction_and_never_shows_what_stood_there(deliver, operator):
    outcome = deliver([person("R-2", birth_date=SECRET)])
    client, row = client_of(operator), the_row()
    where = f"/registries/rows/{row.pk}/"
    page = client.get(where).content.decode()
    assert "birth_date" in page and SECRET not in page and "陳小安" not in page
    wrong = client.post(where, {"to-birth_date": "2018-02-31"}).content.decode()
    assert "不存在這一天" in wrong
    assert "請至少更正一欄" in client.post(where, {}).content.decode()
    assert client.post(where, {"to-birth_date": "2018-03-02"}).status_code == 302
    assert "等待中" in client.get(where).content.decode()
    carried_out()
    assert "已收下" in client.get(where).content.decode()
    listed = f"/registries/deliveries/{outcome.delivery_id}/?state=taken"
    assert str(row.pk) in client.get(listed).content.decode()


def test_a_delivery_is_tried_again_from_its_page(deliver, operator):
    outcome = deliver([person("R-2", birth_date=SECRET)])
    client, where = client_of(operator), f"/registries/deliveries/{outcome.delivery_id}/"
    assert client.post(where + "retry/").status_code == 302
    assert "重新檢查已排入" in client.get(where).content.decode()
    carried_out()
    assert "檢查 1 列，收下 0 列" in client.get(where).content.decode()


def test_all_of_a_source_is_tried_again_and_the_newest_row_of_a_key_counts(
    deliver, operator, monkeypatch
):
    deliver([person("R-1", relation_to_head="主", name="陳舊")])
    newest = deliver([person("R-1", relation_to_head="主", name="陳新"), person("R-2", sex="?")])
    client, where = client_of(operator), f"/registries/deliveries/{newest.delivery_id}/"
    assert "連同其他收件等待的 1 列" in client.get(where).content.decode()
    assert client.post(where + "retry/", {"of": "source"}).status_code == 302
    monkeypatch.setattr(quarantine, "manifest_in_force", with_another_spelling)
    assert len(carried_out()) == 1
    assert record_of("R-1").values["name"] == "陳新"
    with as_role("worker"):
        left = QuarantinedRow.objects.order_by("delivery__known_at", "line")
        assert [one.settled for one in left] == ["superseded", "taken", ""]


def test_ten_thousand_rows_are_listed_in_pages_by_few_statements(
    deliver, operator, django_assert_max_num_queries
):
    outcome = deliver([person(f"R-{n}", sex="?") for n in range(300)])
    client = client_of(operator)
    where = f"/registries/deliveries/{outcome.delivery_id}/"
    client.get(where)
    with django_assert_max_num_queries(40):
        page = client.get(where + "?page=3").content.decode()
    assert "</span>301</td>" in page and "</span>302</td>" not in page
