"""The vault's keys: one a report, rotated while in use, destroyed for ever by two persons."""

from __future__ import annotations

import shutil
import uuid

import pytest
from django.db import connection

from anwang.access import key_folder
from anwang.access.actions.two_persons import NotWithTwo, approve, ask
from anwang.access.context import Actor, acting
from anwang.access.sealing import CannotUnseal, Wrapped, open_data_key
from anwang.intake.actions import deliver, keys
from anwang.intake.actions.keys import begin_rotation, carry_on_rotation, shred_report
from anwang.intake.permissions import check_can_see_reporter
from anwang.intake.queries import reporter_for_taker
from config.home import keys_folder
from tests.conftest import as_role
from tests.factories import account, received_report, report_body

pytestmark = pytest.mark.django_db
WHY = "年度更換金鑰，維運與資安兩人辦理，已通知值班人員。"


@pytest.fixture(autouse=True)
def keys_of_its_own(tmp_path, monkeypatch):
    folder = tmp_path / "keys"
    shutil.copytree(keys_folder(), folder)
    monkeypatch.setenv("ANWANG_KEYS", str(folder))


@pytest.fixture
def taker() -> Actor:
    return account("vault-taker", ("68000-teacher", "68000", "mandated-reporter"))


def taken_by(taker: Actor):
    return deliver(report_body(), sender="anwang-web", author=taker.id, actor=taker)


def shown(receipt: str, taker: Actor) -> dict[str, str]:
    with acting(taker):
        return reporter_for_taker(receipt, permit=check_can_see_reporter(taker, receipt))


def agreed(act: str, ground: str, about: uuid.UUID | None = None) -> uuid.UUID:
    operator = account(f"op-{uuid.uuid4().hex[:6]}", ("operators", None, "operator"))
    officer = account(f"sec-{uuid.uuid4().hex[:6]}", ("security", None, "security-officer"))
    with acting(operator):
        request = ask(act, "report" if about else "vault-key", about, ground, WHY, {}, operator)
    with acting(officer):
        approve(request, officer)
    return request


def stored_keys() -> dict[uuid.UUID, tuple[int, bytes | None]]:
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "select scope, kek_version, wrapped from intake.keys_to_rewrap(2000000, 9999)"
        )
        return {row[0]: (row[1], bytes(row[2])) for row in cursor.fetchall()}


def test_each_report_has_a_data_key_of_its_own():
    one, other = received_report(), received_report()
    kept = stored_keys()
    assert kept[one.report][1] != kept[other.report][1]


def test_a_rotation_wraps_every_key_anew_and_everything_still_opens(taker, monkeypatch):
    monkeypatch.setattr(keys, "PORTION", 2)
    receipts = [taken_by(taker) for _ in range(5)]
    before = stored_keys()
    old = key_folder.current_version()
    request = agreed("rotate-keys", "routine")
    with as_role("worker"):
        begin_rotation(request)
        steps = list(carry_on_rotation())
    assert [step.left for step in steps][-1] == 0 and len(steps) >= 3
    assert {version for version, _ in stored_keys().values()} == {old + 1}
    assert old not in key_folder.versions()
    assert shown(receipts[0].receipt, taker)["name"] == "範例老師"
    version, wrap = before[receipts[0].report]
    with pytest.raises(CannotUnseal):
        open_data_key(Wrapped(receipts[0].report, "68000", version, wrap))


def test_a_rotation_cut_short_goes_on_where_it_ended(taker, monkeypatch):
    monkeypatch.setattr(keys, "PORTION", 1)
    first = taken_by(taker)
    taken_by(taker)
    request = agreed("rotate-keys", "routine")
    with as_role("worker"):
        begin_rotation(request)
        next(carry_on_rotation())
    assert shown(first.receipt, taker)["name"] == "範例老師", "both versions open meanwhile"
    with as_role("worker"):
        assert [step.left for step in carry_on_rotation()][-1] == 0


def test_a_report_under_a_retired_key_is_sealed_again_and_not_lost(taker, monkeypatch):
    request = agreed("rotate-keys", "routine")
    with as_role("worker"):
        begin_rotation(request)
        with connection.cursor() as cursor:
            cursor.execute("select intake.retire_kek(%s)", [key_folder.current_version() - 1])
    real = key_folder.current_version
    answers = iter([real() - 1])
    monkeypatch.setattr(key_folder, "current_version", lambda: next(answers, real()))
    receipt = taken_by(taker)
    assert receipt.outcome == "new" and shown(receipt.receipt, taker)["name"] == "範例老師"


def test_nothing_is_rotated_or_destroyed_without_two_persons(taker):
    receipt = taken_by(taker)
    for request in (uuid.uuid4(), agreed("rotate-keys", "routine")):
        with as_role("worker"), pytest.raises(NotWithTwo):
            shred_report(receipt.receipt, request)
    request = agreed("rotate-keys", "routine")
    with as_role("worker"):
        begin_rotation(request)
        with pytest.raises(NotWithTwo) as refusal:
            begin_rotation(request)
    assert refusal.value.reason == "used-already"


def test_a_shredded_report_opens_no_more_even_from_a_backup(taker):
    receipt, other = taken_by(taker), taken_by(taker)
    version, wrap = stored_keys()[receipt.report]
    request = agreed("shred-report", "retention-over", receipt.report)
    with as_role("worker"):
        assert shred_report(receipt.receipt, request) == 1
    assert receipt.report not in stored_keys()
    with pytest.raises(CannotUnseal):
        shown(receipt.receipt, taker)
    with pytest.raises(CannotUnseal):
        open_data_key(Wrapped(receipt.report, "68000", version, wrap))
    assert shown(other.receipt, taker)["name"] == "範例老師"
