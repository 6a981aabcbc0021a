"""What a source answers about one person, over real sockets, well and failing. Nobody exists."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from anwang.registries.transports import asking
from anwang.registries.transports.asking import Way, ask_sources
from anwang.registries.transports.connections import connection_to
from anwang.registries.transports.questions import Answer, Question, notes_agree
from anwang.registries.transports.routes import Asking
from tests.registries.transports.conftest import CARE, IMMUNISATION, NUMBERS, PRISON, ROWS

AT = datetime(2026, 3, 2, 9, 12, tzinfo=UTC)
EVERY = [PRISON, IMMUNISATION, CARE]
COLUMNS = frozenset(name for rows in ROWS.values() for row in rows for name in row)


@pytest.fixture(autouse=True)
def rested():
    asking._breakers.clear()
    yield
    asking._breakers.clear()


def question(source: str, number: str = NUMBERS[0]) -> Question:
    now = AT
    return Question(
        uuid.uuid4(), source, number, "child-protection", uuid.uuid4(), "desk", now,
        now + timedelta(seconds=5),
    )  # fmt: skip


def way_to(source: str, seconds: float = 1.0) -> Way:
    limits = Asking("/look-up", ("national_id",), seconds, 24, frozenset(), frozenset())
    return Way(connection_to(source).for_asking, limits, COLUMNS)


def ask(*questions: Question, seconds: float = 3.0, limit: float = 1.0) -> dict[str, Answer]:
    found: list[Answer] = []
    ways = {one.source: way_to(one.source, limit) for one in questions}
    ask_sources(questions, ways, found.append, seconds=seconds)
    return {one.question.source: one for one in found}


def test_each_source_answers_about_the_person_asked_for(sources):
    answers = ask(*map(question, EVERY))
    assert {source: one.state for source, one in answers.items()} == dict.fromkeys(EVERY, "value")
    assert all(row["national_id"] == NUMBERS[0] for one in answers.values() for row in one.rows)


def test_nothing_on_record_is_none_only_where_the_source_said_so(sources):
    assert ask(question(PRISON, "B142536474"))[PRISON].state == "none"


@pytest.mark.parametrize(
    ("fault", "state", "why"),
    [
        ("slow", "late", "too-slow"),
        ("drip", "late", "too-slow"),
        ("late", "late", "too-slow"),
        ("down", "failed", "unreachable"),
        ("errors", "failed", "error"),
        ("refuses", "failed", "refused"),
        ("elsewhere", "failed", "redirected"),
        ("wrong", "failed", "broken-answer"),
        ("encoding", "failed", "broken-answer"),
        ("truncated", "failed", "cut-short"),
        ("endless", "failed", "too-large"),
        ("bomb", "failed", "too-large"),
        ("other-person", "failed", "other-person"),
        ("other-request", "failed", "other-request"),
        ("unsigned", "failed", "not-signed"),
    ],
)
def test_a_failing_source_is_unknown_and_the_others_answer(sources, fault, state, why):
    """P5: what was not answered is shown as not known, never as clear."""
    sources.site.faults[PRISON] = fault
    limit = 1.0 if state == "late" else 4.0  # a bomb takes a while on a busy machine
    answers = ask(*map(question, EVERY), seconds=5, limit=limit)
    assert (answers[PRISON].state, answers[PRISON].why, answers[PRISON].rows) == (state, why, ())
    assert answers[IMMUNISATION].state == answers[CARE].state == "value"


def test_nobody_waits_for_the_slowest(sources):
    sources.site.faults[PRISON] = "slow"
    came: dict[str, float] = {}
    began = time.monotonic()
    questions = [question(one) for one in EVERY]
    ask_sources(
        questions, {one: way_to(one, 4.0) for one in EVERY},
        lambda one: came.update({one.question.source: time.monotonic() - began}), seconds=1.5,
    )  # fmt: skip
    assert max(came.values()) < 3  # of the slow one's four; the machine may be busy
    assert max(came[IMMUNISATION], came[CARE]) < came[PRISON] - 0.3


def test_what_passes_by_itself_is_asked_for_again(sources, monkeypatch):
    from demo.sources import pages

    real, calls = pages._fails, []

    async def once(request, fault):
        calls.append(1)
        return pages.web.Response(status=503) if len(calls) == 1 else await real(request, fault)

    monkeypatch.setattr(pages, "_fails", once)
    assert ask(question(PRISON))[PRISON].state == "value"
    assert len(calls) == 2


def test_a_source_that_fails_again_and_again_rests_and_is_tried_later(sources, monkeypatch):
    sources.site.faults[PRISON] = "errors"
    monkeypatch.setattr(asking, "REST_SECONDS", 0.3)
    for _ in range(asking.FAILURES_UNTIL_REST):
        ask(question(PRISON))
    began = time.monotonic()
    assert ask(question(PRISON))[PRISON].why == "resting"
    assert time.monotonic() - began < 0.3
    sources.site.faults[PRISON] = ""
    time.sleep(0.35)
    assert ask(question(PRISON))[PRISON].state == "value"


def test_a_question_is_bound_to_person_purpose_and_case_and_says_no_number():
    one = question(PRISON)
    note = one.note
    assert one.national_id not in note
    for line in (f"source {PRISON}", "purpose child-protection", f"matter {one.matter}"):
        assert line in note


def test_signed_records_agree_and_no_changed_one_does(sources):
    one = question(PRISON)
    answer = ask(one)[PRISON]
    note = one.note
    receipt = answer.receipt(note)
    assert notes_agree(note, receipt)
    assert not notes_agree(note.replace("child-protection", "curiosity-alone"), receipt)
    assert not notes_agree(note, receipt.replace("state value", "state none "))
    assert not notes_agree(question(PRISON).note, receipt)


def test_a_source_refuses_what_this_instance_did_not_sign(sources):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    sources.site.asker = Ed25519PrivateKey.generate().public_key()
    assert ask(question(PRISON))[PRISON].why == "refused"


def test_an_answer_with_a_column_nobody_agreed_on_is_refused(sources):
    found: list[Answer] = []
    narrow = Way(way_to(PRISON).connection, way_to(PRISON).asking, COLUMNS - {"facility"})
    ask_sources([question(PRISON)], {PRISON: narrow}, found.append)
    assert [one.why for one in found] == ["broken-answer"]
