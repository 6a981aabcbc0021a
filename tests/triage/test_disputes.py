"""Disputes over whose case it is: never over nobody, settled by who may, and never told to others."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import AuditEntry, Notice
from anwang.common.errors import Refused
from anwang.common.values.roc_dates import roc_datetime
from anwang.triage.actions.decisions import NotNow, ReasonNeeded, answer, confirm
from anwang.triage.actions.disputes import (
    NoSuchGround,
    answer_dispute,
    dispute_county,
    object_to_offer,
    rule_dispute,
)
from anwang.triage.actions.escalation import call_people
from anwang.triage.actions.offers import refuse_offer
from anwang.triage.models import Dispute, Duty, Matter, Offer, Precedent
from anwang.triage.permissions import (
    check_can_answer_dispute,
    check_can_answer_offer,
    check_can_decide,
    check_can_read_dispute,
    check_can_rule_dispute,
)
from anwang.triage.queries.disputes import PrecedentQuery, precedents
from anwang.triage.rules.jurisdiction import CountyAnswer
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import (
    DESK,
    PASSWORD,
    SECOND_TEAM,
    TAIPEI_CITY,
    TAOYUAN,
    TEAM,
    account,
    clocks_of,
    desk_worker,
    screened_report,
    team_worker,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
FAR_DESK = f"{TAIPEI_CITY}-desk"
ANSWER = CountyAnswer(
    TAIPEI_CITY, "residence", {"row": "R16-3", "text": {}, "citation": "第16條"}, ()
)


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def worker():
    return team_worker()


@pytest.fixture
def manager():
    return account("manager", (f"{TAOYUAN}-manager", TAOYUAN, "county-manager"))


def objected(worker, offer, **more):
    said = {"ground": "not-our-law", "statement": "屬脆弱家庭", "wanted": SECOND_TEAM} | more
    with acting(worker, "answer-offer"):
        return object_to_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk), **said)


def county_dispute(desk, receipt):
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        return dispute_county(
            receipt.report, to_desk=FAR_DESK, statement="孩子住在該市", answer=ANSWER,
            known={"residence": TAIPEI_CITY}, permit=permit,
        )  # fmt: skip


def ruled(ruler, dispute, to_team):
    with acting(ruler, "dispute"):
        permit, found = check_can_rule_dispute(ruler, dispute)
        rule_dispute(
            found, to_team=to_team, reason="依分工", law="兒少權法第53條",
            principle="同住家庭有保護事由者，由保護單位受理", permit=permit,
        )  # fmt: skip


def stored(dispute) -> Dispute:
    with as_role("worker"):
        return Dispute.objects.get(pk=dispute)


def matter_of(receipt) -> Matter:
    with as_role("worker"):
        return Matter.objects.get(pk=receipt.report)


def sees(actor, dispute) -> bool:
    with acting(actor, "test"):
        return Dispute.objects.filter(pk=dispute).exists()


def test_the_room_says_by_which_hour_a_ruling_is_due(desk, worker, client):
    """A day alone would leave open whether hours or a whole day are left."""
    dispute = objected(worker, offered(desk, screened_report(), TEAM))
    assert client.login(username="desk-one", password=PASSWORD)
    due = roc_datetime(stored(dispute).answer_due)
    assert f">{due}</time>" in client.get("/disputes/").content.decode()


def test_an_objection_refuses_the_offer_and_names_who_cares_meanwhile(desk, worker):
    receipt = screened_report()
    dispute = objected(worker, offered(desk, receipt, TEAM))
    found, matter = stored(dispute), matter_of(receipt)
    assert (matter.state, matter.accountable_team, matter.offered_team) == ("disputed", DESK, None)
    assert (found.state, found.care_team, found.level) == ("open", DESK, "county")
    assert found.answer_due > found.raised_at
    assert clocks_of(receipt)["dispatch-24h"] == "running"
    with as_role("worker"):
        offer = Offer.objects.get(matter=receipt.report)
        acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert (offer.answer, offer.refusal) == ("refused", "not-our-law")
    assert {"offer-refused", "dispute-raised"} <= acts


def test_a_dispute_tells_the_level_that_rules_and_nothing_of_persons(desk, worker, manager):
    receipt = screened_report()
    dispute = objected(worker, offered(desk, receipt, TEAM))
    with acting(manager, "test"):
        assert Notice.objects.filter(kind="dispute-raised", to_account=manager.id).count() == 1
        assert not Matter.objects.exists()
    told = str(stored(dispute).digest) + str(stored(dispute).proposal)
    assert "陳小安" not in told
    assert "範例路" not in told


def test_only_parties_and_the_ruling_level_see_it(desk, worker, manager):
    dispute = objected(worker, offered(desk, screened_report(), TEAM), wanted="")
    strangers = (
        team_worker("other", SECOND_TEAM), desk_worker("far", TAIPEI_CITY),
        account("far-manager", ("63000-manager", TAIPEI_CITY, "county-manager")),
        account("ministry", ("ministry-oversight", None, "ministry")),
    )  # fmt: skip
    assert [sees(one, dispute) for one in (desk, worker, manager)] == [True] * 3
    assert [sees(one, dispute) for one in strangers] == [False] * 4
    for one in strangers:
        with acting(one, "dispute"), pytest.raises(Refused):
            check_can_read_dispute(one, dispute)


def test_a_ruling_sends_it_back_to_the_desk_which_offers_it_to_the_named_team(
    desk, worker, manager
):
    receipt = screened_report()
    dispute = objected(worker, offered(desk, receipt, TEAM))
    ruled(manager, dispute, SECOND_TEAM)
    assert (stored(dispute).state, matter_of(receipt).state) == ("ruled", "awaiting-decision")
    offer = offered(desk, receipt)
    assert offer.team_id == SECOND_TEAM
    second = team_worker("second", SECOND_TEAM)
    with acting(second, "answer-offer"):
        permit = check_can_answer_offer(second, offer.pk)
        with pytest.raises(NotNow, match="裁決"):
            refuse_offer(offer.pk, code="not-our-law", text="", permit=permit)
        with pytest.raises(NotNow, match="裁決"):
            object_to_offer(offer.pk, ground="not-our-law", statement="不同意", wanted="",
                            permit=permit)  # fmt: skip
        refuse_offer(offer.pk, code="conflict-of-interest", text="", permit=permit)
    assert offered(desk, receipt).team_id != SECOND_TEAM


def test_who_is_no_ruler_of_this_county_rules_nothing(desk, worker):
    dispute = objected(worker, offered(desk, screened_report(), TEAM))
    other = account("other-manager", ("63000-manager", TAIPEI_CITY, "county-manager"))
    for one in (desk, worker, other):
        with acting(one, "dispute"), pytest.raises(Refused):
            check_can_rule_dispute(one, dispute)
        refused = pytest.raises(DatabaseError, match="no such dispute")
        with refused, acting(one, "test"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select triage.rule_dispute(%s, %s, 'x', 'x', 'x')", [dispute, TEAM])


def test_the_desk_may_decide_otherwise_and_the_dispute_lapses(desk, worker):
    receipt = screened_report()
    dispute = objected(worker, offered(desk, receipt, TEAM))
    assert offered(desk, receipt, SECOND_TEAM).team_id == SECOND_TEAM
    assert (stored(dispute).state, stored(dispute).to_team) == ("lapsed", SECOND_TEAM)


def test_another_county_that_agrees_answers_at_once_without_a_gap(desk):
    receipt = screened_report()
    dispute = county_dispute(desk, receipt)
    assert stored(dispute).care_team == DESK
    far = desk_worker("far", TAIPEI_CITY)
    with acting(far, "test"):
        assert not Matter.objects.exists()
    with acting(far, "dispute"):
        permit, found = check_can_answer_dispute(far, dispute)
        answer_dispute(found, agrees=True, statement="", permit=permit)
    matter = matter_of(receipt)
    assert (matter.county, matter.desk_team, matter.accountable_team) == (
        TAIPEI_CITY, FAR_DESK, FAR_DESK)  # fmt: skip
    with as_role("worker"):
        duties = list(Duty.objects.filter(matter=receipt.report).order_by("during"))
    assert [one.accountable_team for one in duties] == [DESK, FAR_DESK]
    assert duties[0].during.upper == duties[1].during.lower
    for actor, reaches in ((desk, 0), (far, 1)):
        with acting(actor, "test"):
            assert Matter.objects.count() == reaches


def test_between_counties_the_ministry_rules(desk):
    receipt = screened_report()
    dispute = county_dispute(desk, receipt)
    far = desk_worker("far", TAIPEI_CITY)
    with acting(far, "dispute"):
        permit, found = check_can_answer_dispute(far, dispute)
        with pytest.raises(ReasonNeeded):
            answer_dispute(found, agrees=False, statement=" ", permit=permit)
        answer_dispute(found, agrees=False, statement="戶籍在該市，人不在", permit=permit)
    assert stored(dispute).state == "open"
    ministry = account("ministry", ("ministry-oversight", None, "ministry"))
    ruled(ministry, dispute, FAR_DESK)
    assert matter_of(receipt).accountable_team == FAR_DESK
    assert stored(dispute).state == "ruled"


def test_a_past_ruling_is_found_by_ground_stream_law_and_words(desk, worker, manager):
    dispute = objected(worker, offered(desk, screened_report(), TEAM))
    ruled(manager, dispute, SECOND_TEAM)
    stranger = desk_worker("far", TAIPEI_CITY)
    with acting(stranger, "test"):
        for asked in (PrecedentQuery(ground="not-our-law"), PrecedentQuery(stream="child-protection"),
                      PrecedentQuery(law="第53條"), PrecedentQuery(words="保護單位 受理")):  # fmt: skip
            (told,) = precedents(asked)
            assert told.ground == "not-our-law"
        for asked in (PrecedentQuery(ground="wrong-stream"), PrecedentQuery(words="沒有這樣的話")):
            assert precedents(asked) == []
        for column in ("dispute_id", "matter_id"):
            with pytest.raises(ProgrammingError), transaction.atomic():
                list(Precedent.objects.values_list(column))


def test_a_sealed_or_conflicted_report_has_no_dispute_and_no_precedent(desk, worker, manager):
    """R5, R8: nobody whom the report is closed to learns that it was disputed."""
    receipt = screened_report()
    dispute = objected(worker, offered(desk, receipt, TEAM))
    ruled(manager, dispute, SECOND_TEAM)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source,"
            " since) select gen_random_uuid(), a, 'report', %s, 'declared', 'declared', clock.now()"
            " from unnest(%s::uuid[]) a", [receipt.report, [worker.id, manager.id]],
        )  # fmt: skip
    for actor in (worker, manager):
        assert not sees(actor, dispute)
        with acting(actor, "test"):
            assert precedents(PrecedentQuery()) == []
            assert not Notice.objects.filter(kind__startswith="dispute").exists()


def test_silence_raises_the_level(desk, worker, manager):
    dispute = objected(worker, offered(desk, screened_report(), TEAM))
    with as_role("worker"):
        call_people()
    assert stored(dispute).level == "county"
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '30 hours', true)")
    ministry = account("ministry", ("ministry-oversight", None, "ministry"))
    with as_role("worker"):
        call_people()
    assert stored(dispute).level == "ministry"
    assert sees(ministry, dispute)
    with as_role("worker"):
        raised = AuditEntry.objects.get(act="dispute-raised", result="silence")
    assert raised.object_ids == [str(stored(dispute).pk)]


def test_an_open_page_raises_the_level_where_the_worker_is_silent(desk, worker, manager):
    """P4: whoever climbs the ladder raises disputes, so neither hangs on one job."""
    dispute = objected(worker, offered(desk, screened_report(), TEAM))
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '30 hours', true)")
    with acting(desk, "duty-desk"), connection.cursor() as cursor:
        cursor.execute("select triage.climb_if_silent(100)")
    assert stored(dispute).level == "ministry"


def test_a_dispute_needs_a_ground_and_words(desk, worker):
    offer = offered(desk, screened_report(), TEAM)
    for said, error in (({"ground": "other-county"}, NoSuchGround), ({"ground": "x"}, NoSuchGround),
                        ({"statement": " "}, ReasonNeeded)):  # fmt: skip
        with pytest.raises(error):
            objected(worker, offer, **said)
    with pytest.raises(NotNow, match="名冊"):
        objected(worker, offer, wanted="nobody")


def test_the_database_lets_no_dispute_stand_over_nobody(desk, worker):
    """V2: the team that cares is the accountable one, and a disputed report has its open dispute."""
    disputed, plain = screened_report(), screened_report()
    objected(worker, offered(desk, disputed, TEAM))
    broken = (
        ("update triage_matter set state = 'disputed' where report_id = %s", plain),
        ("update triage_matter set accountable_team = '68000-protection-b' where report_id = %s",
         disputed),
    )  # fmt: skip
    for sql, receipt in broken:
        refused = pytest.raises(
            DatabaseError, match=r"cared for by its accountable|no running duty"
        )
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local role anwang_worker")
            cursor.execute(sql, [receipt.report])
            cursor.execute("set constraints all immediate")


def test_a_disputed_report_is_offered_or_ruled_and_not_simply_closed(desk, worker):
    receipt = screened_report()
    objected(worker, offered(desk, receipt, TEAM))
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        for error in ("", "untrue"):
            with pytest.raises(NotNow):
                answer(receipt.report, reason="理由", error=error, permit=permit)
    assert matter_of(receipt).state == "disputed"


def test_an_accepted_case_is_disputed_no_more(desk, worker):
    receipt = screened_report()
    offer = offered(desk, receipt, TEAM)
    accept(worker, offer)
    with pytest.raises(NotNow):
        objected(worker, offer)
    with acting(desk, "decide"), pytest.raises(NotNow):
        confirm(receipt.report, permit=check_can_decide(desk, receipt.report))
