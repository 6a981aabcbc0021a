"""People say whom a report means: every word is a row, each can be taken back, nobody else's is seen."""

from __future__ import annotations

import uuid

import pytest

from anwang.access.actions.two_persons import approve
from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, Relation
from anwang.cases.actions.who_is_who import (
    NotJudged,
    ask_to_merge,
    ask_to_take_back,
    judge,
    take_back,
)
from anwang.cases.identity_permissions import check_can_judge
from anwang.cases.queries.who_is_who import (
    agreed_on,
    judgements_on,
    questions_page,
    records_of,
    waiting_counts,
)
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.people.models import Identity, Link, Review
from anwang.people.queries import find_many
from anwang.people.rules.forms import Forms
from anwang.triage.queries.desk import explain_fields
from tests.cases.identity_world import (
    CHILD,
    NAMESAKE,
    TWINLIKE,
    asked,
    known,
    person_of,
    record_of,
    review_of,
    screened,
)
from tests.cases.test_accepting import accept
from tests.cases.test_accepting import offered as offer_of
from tests.conftest import as_role
from tests.factories import DESK, TAIPEI_CITY, TAOYUAN, TEAM, account, desk_worker, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
WHY = "學校傳來戶籍資料，出生日不同。"


@pytest.fixture
def desk() -> Actor:
    return desk_worker()


def say(actor: Actor, wanted: uuid.UUID, said, person, **more) -> uuid.UUID:
    with acting(actor, "who-is-who"):
        permit, question = check_can_judge(actor, wanted)
        return judge(question, said, person, permit=permit, **more)


def undo(actor: Actor, wanted: uuid.UUID, made: uuid.UUID, **more) -> uuid.UUID:
    with acting(actor, "who-is-who"):
        permit, question = check_can_judge(actor, wanted)
        return take_back(question, made, permit=permit, **more)


def opened(person: uuid.UUID, team: str = DESK) -> bool:
    with as_role("worker"):
        return Relation.objects.filter(object_id=person, team_id=team, until=None).exists()


def words(record: uuid.UUID) -> list[tuple[str, uuid.UUID, bool]]:
    with as_role("worker"):
        found = Link.objects.filter(record_id=record).order_by("judged_at")
        return [(one.judgement, one.person_id, one.by_person) for one in found]


def shown(actor: Actor, receipt) -> dict:
    with acting(actor, "test"):
        found = explain_fields(receipt.receipt)
        return {"persons": found["persons"], "confirmed": found["confirmed"]}


def test_each_subject_with_candidates_is_one_question_and_a_second_screening_asks_it_once(desk):
    known(CHILD, NAMESAKE)
    receipt = screened()
    review = review_of(receipt)
    assert (review.kind, review.about) == ("subject", receipt.report)
    assert review.persons
    seen = asked(desk, record_of(receipt))
    assert seen.id == review.id


def test_a_record_in_the_words_of_another_is_compared_by_them(desk):
    (child,) = known(CHILD)
    receipt = screened()
    with as_role("worker"):
        first = Identity.objects.get(person_id=child, source_id="household-registration")
        Identity.objects.create(
            record_id=uuid.uuid4(), source_id="immunisation", delivery_id=uuid.uuid4(), person_id=child,
            record_key="V-1", like_no=first.no,
        )  # fmt: skip
        Review.objects.filter(about=receipt.report).update(
            records=[Identity.objects.get(like_no=first.no).record_id], state="open"
        )
    with acting(desk, "who-is-who"):
        permit, question = check_can_judge(desk, review_of(receipt).id)
        told = {one.source: one.forms.name for one in records_of(question, permit)}
        ([shown], _) = questions_page(permit)
    assert told["immunisation"] == told["household-registration"] == shown.name == CHILD["name"]


def test_a_confirmed_link_is_a_persons_word_and_shown_so(desk):
    known(CHILD)
    receipt = screened()
    record = record_of(receipt)
    person = person_of(record)
    assert person is not None
    made = say(desk, record, "same", person)
    assert words(record)[-1] == ("same", person, True)
    assert shown(desk, receipt)["confirmed"] == ["0"]
    with as_role("worker"):
        assert review_of(receipt).state == "decided"
        entry = AuditEntry.objects.filter(act="link-judged").latest("at")
    assert entry.detail["made"] == str(made)
    with pytest.raises(NotJudged):
        say(desk, record, "same", person)


def test_rejecting_what_the_machine_took_needs_a_reason_closes_the_stranger_and_is_undone(desk):
    (child,) = known(CHILD)
    receipt = screened()
    record = record_of(receipt)
    assert person_of(record) == child and opened(child)
    before = words(record)
    with pytest.raises(NotJudged) as refusal:
        say(desk, record, "not-same", child)
    assert refusal.value.reason == "say-why"
    made = say(desk, record, "not-same", child, reason=WHY)
    assert person_of(record) is None and not opened(child)
    assert "0" not in shown(desk, receipt)["persons"]
    undo(desk, record, made)
    assert person_of(record) == child and opened(child)
    assert words(record)[: len(before)] == before
    assert words(record)[-1] == before[-1]
    assert shown(desk, receipt) == {
        "persons": {"0": {"person_id": str(child), "probability": pytest.approx(1, abs=0.3)}},
        "confirmed": [],
    }
    with pytest.raises(NotJudged):
        undo(desk, record, made)


def test_whom_a_person_rejected_is_not_found_for_the_record_again_until_it_is_taken_back(desk):
    (child,) = known(CHILD)
    receipt = screened()
    record = record_of(receipt)
    made = say(desk, record, "not-same", child, reason=WHY)

    def found() -> set[uuid.UUID]:
        with as_role("worker"):
            forms = Forms.unpack(Identity.objects.get(record_id=record).forms)
            (near,) = find_many([forms], own_keys=[f"{receipt.receipt}/0"])
        return {one.person_id for one in near}

    assert child not in found()
    undo(desk, record, made)
    assert child in found()


def test_a_person_says_it_is_another_candidate_and_the_desk_may_see_him(desk):
    child, other = known(CHILD, NAMESAKE)
    receipt = screened()
    record = record_of(receipt)
    assert other in review_of(receipt).persons
    made = say(desk, record, "same", other, reason=WHY)
    assert person_of(record) == other and opened(other) and not opened(child)
    assert shown(desk, receipt)["persons"]["0"]["person_id"] == str(other)
    undo(desk, record, made)
    assert person_of(record) == child and opened(child) and not opened(other)


def test_a_subject_taken_for_nobody_can_be_said_to_be_a_candidate(desk):
    known(CHILD, TWINLIKE)  # two as likely: neither is taken
    receipt = screened(subjects=[{"role": "victim", "name": "陳小安", "birth": "107.5.1"}])
    record = record_of(receipt)
    assert person_of(record) is None
    review = review_of(receipt)
    assert review.state == "open"
    say(desk, record, "same", review.persons[0])
    assert person_of(record) == review.persons[0]


def test_two_persons_are_merged_kept_apart_and_split_and_each_is_undone(desk):
    one, other = known(CHILD, TWINLIKE)
    receipt = screened(subjects=[{"role": "victim", "name": "陳小安", "birth": "107.5.1"}])
    record = record_of(receipt)
    with as_role("worker"):
        registered = {
            i.person_id: i.record_id for i in Identity.objects.filter(person__in=[one, other])
        }
    apart = say(desk, record, "apart", one, other=other)
    assert ("not-same", other, True) in words(registered[one])
    undo(desk, record, apart)
    merged = say(desk, record, "merge", one, other=other)
    assert person_of(registered[one]) == other == person_of(registered[other])
    split = say(desk, record, "split", other, records=[registered[one]], reason=WHY)
    third = person_of(registered[one])
    assert third not in (one, other)
    with pytest.raises(NotJudged) as refusal:
        undo(desk, record, merged)
    assert refusal.value.reason == "judged-since"
    undo(desk, record, split)
    assert person_of(registered[one]) == other
    undo(desk, record, merged)
    assert (person_of(registered[one]), person_of(registered[other])) == (one, other)
    with acting(desk, "who-is-who"):
        _, question = check_can_judge(desk, record)
        said = judgements_on(question)
    assert [each.kind for each in said if each.kind != "undone"] == ["split", "merge", "apart"]
    assert all(each.undone for each in said if each.kind != "undone")


def test_somebody_keeps_at_least_one_record_and_a_split_needs_a_reason(desk):
    (child,) = known(CHILD)
    receipt = screened()
    record = record_of(receipt)
    for reason, records, code in (("", [record], "say-why"), (WHY, [uuid.uuid4()], "no-such-record"),
                                  (WHY, [], "no-such-record")):  # fmt: skip
        with pytest.raises(NotJudged) as refusal:
            say(desk, record, "split", child, records=records, reason=reason)
        assert refusal.value.reason == code


def test_merging_two_who_have_a_persons_word_takes_two_persons_and_undoing_it_too(desk):
    one, other = known(CHILD, TWINLIKE)
    supervisor = account("boss", (TEAM, TAOYUAN, "supervisor"))
    told = [{"role": "victim", "name": "陳小安", "birth": "107.5.1"}]
    first, second = (record_of(screened(subjects=told)) for _ in "ab")
    say(desk, first, "same", one)
    say(desk, second, "same", other, reason=WHY)
    with pytest.raises(NotJudged) as refusal:
        say(desk, first, "merge", one, other=other)
    assert refusal.value.reason == "two-persons"

    def agree(ask) -> uuid.UUID:
        with acting(desk, "who-is-who"):
            permit, question = check_can_judge(desk, first)
            request = ask(question, permit)
        with acting(supervisor, "test"):
            approve(request, supervisor)
        with acting(desk, "who-is-who"):
            (agreed,) = agreed_on(question, permit, clock_now())
        assert agreed.id == request
        return request

    text = "兩張身分證影本都已核對過，是同一個人。"
    request = agree(lambda question, permit: ask_to_merge(
        question, one, other, ground="papers-seen", text=text, permit=permit))  # fmt: skip
    with pytest.raises(Refused):  # for the other way round it was not given
        say(desk, first, "merge", other, other=one, request=request)
    made = say(desk, first, "merge", one, other=other, request=request)
    assert person_of(first) == other
    with pytest.raises(NotJudged):
        undo(desk, first, made)
    with acting(desk, "who-is-who"):
        _, question = check_can_judge(desk, first)
        judged = next(each for each in judgements_on(question) if each.id == made)
    request = agree(lambda question, permit: ask_to_take_back(
        question, judged, ground="papers-seen", text=text, permit=permit))  # fmt: skip
    undo(desk, first, made, request=request)
    assert person_of(first) == one


def test_a_family_file_is_found_through_a_merge_and_not_by_a_link_that_was_rejected(desk):
    one, other = known(CHILD, TWINLIKE)
    told = [{"role": "victim", "name": "陳小安", "birth": "107.5.1"}]
    first = screened(subjects=told)
    say(desk, record_of(first), "same", one)
    case = accept(team_worker(), offer_of(desk, first, TEAM))
    with as_role("worker"):
        from anwang.cases.models import FamilyMember

        FamilyMember.objects.create(
            family=case.family, person_id=one, name="陳小安", judged_by=desk.id
        )
    say(desk, record_of(first), "merge", one, other=other)
    second = screened(subjects=told)
    say(desk, record_of(second), "same", other, reason=WHY) if person_of(
        record_of(second)
    ) != other else say(desk, record_of(second), "same", other)
    again = accept(team_worker("team-two"), offer_of(desk, second, TEAM))
    assert again.family_id == case.family_id


def test_the_lead_of_the_case_may_judge_and_another_desk_or_worker_may_not(desk):
    known(CHILD)
    receipt = screened()
    record = record_of(receipt)
    worker = team_worker()
    accept(worker, offer_of(desk, receipt, TEAM))
    assert asked(worker, record).about == receipt.report  # he took the case over and leads it
    assert asked(account("head", (TEAM, TAOYUAN, "lead")), record).about == receipt.report
    for stranger in (desk_worker("taipei", TAIPEI_CITY), team_worker("colleague"),
                     account("teacher", ("", TAOYUAN, "mandated-reporter"))):  # fmt: skip
        with pytest.raises(Refused):
            asked(stranger, record)
        with acting(stranger, "test"):
            assert sum(sum(ages.values()) for ages in waiting_counts().values()) == 0


def test_the_queue_counts_all_that_wait_by_kind_and_age_and_pages_through_them(desk):
    known(CHILD, TWINLIKE)
    told = [{"role": "victim", "name": "陳小安", "birth": "107.5.1"}]
    receipts = [screened(subjects=told) for _ in range(3)]
    with acting(desk, "who-is-who"):
        permit, _ = check_can_judge(desk, record_of(receipts[0]))
        assert waiting_counts()["subject"] == {"day": 3, "week": 0, "month": 0, "older": 0}
        found, more = questions_page(permit)
        assert [one.receipt for one in found] == [one.receipt for one in receipts] and not more
        assert {one.name for one in found} == {"陳小安"}
        behind, _ = questions_page(permit, after=(found[0].since, found[0].id))
        assert [one.id for one in behind] == [one.id for one in found[1:]]


def test_a_sealed_or_conflicted_candidate_is_not_there_and_no_number_leaves(desk):
    child, other = known(CHILD, NAMESAKE | {"national_id": "A800000014"})
    receipt = screened()
    record = record_of(receipt)
    with as_role("worker"):
        from anwang.access.models import Seal

        token = Identity.objects.get(person_id=other).id_token
    with acting(desk, "who-is-who"):
        permit, question = check_can_judge(desk, record)
        seen = records_of(question, permit)
    assert {one.person for one in seen} == {child, other}
    assert all(one.forms.id_token != token for one in seen)
    with as_role("worker"):
        Seal.objects.create(
            object_kind="person", object_id=other, ground="adoption", since=clock_now()
        )
    with acting(desk, "who-is-who"):
        permit, question = check_can_judge(desk, record)
        assert question.persons == (child,)
        assert {one.person for one in records_of(question, permit)} == {child}
        assert all(reason["person_id"] == str(child) for reason in question.reasons)
    with pytest.raises(NotJudged):
        say(desk, record, "same", other, reason=WHY)
