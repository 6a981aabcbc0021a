"""Sealing by two persons: at once, for everybody but the named, with nothing left behind (R8, R14)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from anwang.access.actions.two_persons import approve
from anwang.access.context import Actor, acting
from anwang.access.models import Notice, Seal, SealMember
from anwang.cases.actions.seals import (
    NAME,
    SEAL,
    UNSEAL,
    NotSealed,
    ask_naming,
    ask_seal,
    ask_unsealing,
    carry_out,
)
from anwang.cases.models import Case, FamilyFile
from anwang.cases.queries.seals import sealed_for
from anwang.cases.seal_permissions import check_can_ask_seal, check_can_see_seals
from anwang.intake.models import Report
from anwang.triage.actions.sealed_persons import tell_sealed_leads
from anwang.triage.models import Clock, Matter, Screening
from tests.cases.test_accepting import accept
from tests.cases.test_accepting import offered as offer_of
from tests.conftest import as_role
from tests.factories import (
    DESK,
    PASSWORD,
    REASON,
    TAOYUAN,
    TEAM,
    account,
    desk_worker,
    screened_report,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
WHY = "當事人是本局同仁的家人，同事之間會談到，需要封存到調查結束。"


@pytest.fixture
def people() -> dict[str, Actor]:
    """A desk, a team with its lead and another worker, a supervisor of another rank."""
    return {
        "desk": desk_worker(),
        "lead": account("team-lead", (TEAM, TAOYUAN, "lead")),
        "worker": account("team-one", (TEAM, TAOYUAN, "team-worker")),
        "supervisor": account("boss", (TEAM, TAOYUAN, "supervisor")),
        "manager": account("manager", ("", TAOYUAN, "county-manager")),
    }


def seal(
    people: dict[str, Actor], report: uuid.UUID, lead: str, asker: str = "", **more
) -> uuid.UUID:
    """Seal by two persons; returns the request."""
    asking = people[asker or lead]
    with acting(asking, "seal"):
        permit = check_can_ask_seal(asking, report)
        members = [people[name].id for name in more.get("members", ())]
        request = ask_seal(report, "receipt", ground="staff-family", text=WHY, permit=permit,
                           lead=people[lead].id, members=members)  # fmt: skip
    with acting(people["manager"], "seal"):
        approve(request, people["manager"])
    with acting(asking, "seal"):
        carry_out(SEAL, request, permit=permit)
    return request


def offered(desk: Actor, **more):
    """A screened report and its offer to the team."""
    receipt = screened_report(**more)
    return receipt, offer_of(desk, receipt, TEAM)


def sees(actor: Actor, model: type, pk: object) -> bool:
    with acting(actor, "test"):
        return bool(model.objects.filter(pk=pk).exists())


def test_a_sealed_report_is_there_for_the_named_alone(people):
    receipt = screened_report()
    other = desk_worker("desk-two")
    seal(people, receipt.report, "desk")
    assert sees(people["desk"], Matter, receipt.report)
    assert not sees(other, Matter, receipt.report)
    assert not sees(other, Report, receipt.report)
    with acting(people["desk"], "test"):
        (shown,) = sealed_for(check_can_see_seals(people["desk"]))
    assert [one.account for one in shown.named if one.lead] == [people["desk"].id]
    assert people["manager"].id in {one.account for one in shown.named}


def test_case_and_family_are_sealed_with_it_and_the_rest_of_the_team_loses_them(people):
    receipt, offer = offered(people["desk"])
    case = accept(people["lead"], offer)
    seal(people, receipt.report, "lead")
    for model, pk in ((Case, case.pk), (FamilyFile, case.family_id), (Matter, receipt.report)):
        assert sees(people["lead"], model, pk)
        assert not sees(people["worker"], model, pk)
        assert not sees(people["desk"], model, pk)


def test_one_person_cannot_seal(people):
    receipt = screened_report()
    desk = people["desk"]
    with acting(desk, "seal"):
        permit = check_can_ask_seal(desk, receipt.report)
        request = ask_seal(receipt.report, "", ground="other", text=WHY, lead=desk.id, members=[],
                           permit=permit)  # fmt: skip
        with pytest.raises(NotSealed):
            carry_out(SEAL, request, permit=permit)
    with as_role("worker"):
        assert not Seal.objects.exists()


def test_somebody_named_must_answer_for_it(people):
    receipt = screened_report()
    with pytest.raises(NotSealed, match="主責"):
        seal(people, receipt.report, "lead", asker="desk")


def test_clocks_go_on_under_a_seal(people):
    receipt = screened_report()
    seal(people, receipt.report, "desk")
    with as_role("worker"):
        assert Clock.objects.filter(matter=receipt.report, state="running").exists()


def test_another_team_keeps_its_family_and_does_not_find_the_sealed_case_in_it(people):
    child = uuid.uuid4()
    _, offer = offered(people["desk"], child=child)
    kept = accept(people["lead"], offer)
    second, again = offered(people["desk"], child=child)
    gone = accept(people["lead"], again)
    assert kept.family_id == gone.family_id
    seal(people, second.report, "lead")
    assert sees(people["worker"], FamilyFile, kept.family_id)
    assert sees(people["worker"], Case, kept.pk)
    assert not sees(people["worker"], Case, gone.pk)
    with acting(people["lead"], "test"):
        assert Case.objects.get(pk=gone.pk).family_id != kept.family_id


def test_what_others_were_shown_of_it_is_taken_back(people):
    sealed = screened_report()
    other = screened_report(same_as=sealed)
    with as_role("worker"):
        Matter.objects.filter(pk=other.report).update(headline={"name": "陳小安", "same_events": 1})
    seal(people, sealed.report, "desk")
    with as_role("worker"):
        matter = Matter.objects.get(pk=other.report)
        screening = Screening.objects.get(matter=other.report)
    assert (matter.same_event_as, matter.headline["same_events"]) == (None, 0)
    assert screening.same_event == []


def test_its_lead_and_another_end_it_and_all_see_it_again(people):
    receipt = screened_report()
    other = desk_worker("desk-two")
    seal(people, receipt.report, "desk")
    desk = people["desk"]
    with acting(desk, "unseal"):
        permit = check_can_see_seals(desk)
        request = ask_unsealing(receipt.report, ground="ground-ended", text=WHY, permit=permit)
    with acting(people["manager"], "unseal"):
        approve(request, people["manager"])
    with acting(desk, "unseal"):
        carry_out(UNSEAL, request, permit=permit)
    assert sees(other, Matter, receipt.report)


def test_other_names_take_effect_at_once(people):
    receipt = screened_report()
    other = desk_worker("desk-two")
    seal(people, receipt.report, "desk")
    desk = people["desk"]
    with acting(desk, "names"):
        permit = check_can_see_seals(desk)
        request = ask_naming(receipt.report, ground="work-changed", text=WHY, lead=other.id,
                             members=[], permit=permit)  # fmt: skip
    with acting(people["manager"], "names"):
        approve(request, people["manager"])
    with acting(desk, "names"):
        carry_out(NAME, request, permit=permit)
    assert sees(other, Matter, receipt.report)
    assert not sees(desk, Matter, receipt.report)
    with as_role("worker"):
        assert SealMember.objects.filter(lead=True, until=None).count() == 1


def test_the_desk_does_not_count_what_it_does_not_see(people):
    receipt, offer = offered(people["desk"])
    accept(people["lead"], offer)

    def load(actor: Actor) -> int:
        with acting(actor, "test"), connection.cursor() as cursor:
            cursor.execute("select triage.load_of_team(%s)", [TEAM])
            return cursor.fetchone()[0]

    assert load(people["desk"]) == 1
    seal(people, receipt.report, "lead")
    assert (load(people["desk"]), load(people["lead"])) == (0, 1)


def test_a_new_report_on_the_same_person_silently_tells_the_lead_alone(people):
    child = uuid.uuid4()
    sealed = screened_report(child=child)
    seal(people, sealed.report, "desk")
    new = screened_report(child=child)

    class Told:
        id, receipt, desk_team = new.report, new.receipt, DESK

    class Found:
        report = Told()
        forms: list = []
        own_records: dict = {}
        person_ids = frozenset({str(child)})

    with as_role("worker"):
        assert tell_sealed_leads([Found()]) == 1
        (notice,) = Notice.objects.filter(kind="sealed-person-reported")
    assert (notice.to_account, notice.to_team) == (people["desk"].id, None)
    assert notice.object_id == sealed.report
    other = desk_worker("desk-two")
    with acting(other, "test"):
        assert not Notice.objects.filter(kind="sealed-person-reported").exists()


def test_the_room_shows_the_named_their_names_and_asks_again_for_an_end(people):
    receipt = screened_report()
    seal(people, receipt.report, "desk")
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    page = client.get("/seals/").content.decode()
    assert receipt.receipt in page and "主責" in page
    stranger = Client()
    desk_worker("desk-two")
    assert stranger.login(username="desk-two", password=PASSWORD)
    assert receipt.receipt not in stranger.get("/seals/").content.decode()
    assert stranger.get(f"/seals/{receipt.report}/end/").status_code in (302, 404)


def test_the_reason_that_earlier_reports_gave_is_gone_with_them(people):
    child = uuid.uuid4()
    sealed = screened_report(child=child)
    other = screened_report(child=child)
    told = {"person_id": str(child), "kind": "report-subject", "valid_from": "2026-02-01",
            "value": {"report": sealed.receipt}}  # fmt: skip
    kept = told | {"valid_from": "2026-01-05", "value": {"report": "another"}}
    of_earlier = REASON | {"row": "G-09"}
    with as_role("worker"):
        screening = Screening.objects.get(matter=other.report)
        screening.picture = screening.picture | {"facts": [told, kept]}
        screening.inputs = screening.inputs | {"prior_reports_12m": 2}
        screening.proposal = screening.proposal | {"reasons": [of_earlier, REASON]}
        screening.save()
    seal(people, sealed.report, "desk")
    with as_role("worker"):
        screening = Screening.objects.get(matter=other.report)
        matter = Matter.objects.get(pk=other.report)
    assert screening.picture["facts"] == [kept]
    assert screening.inputs["prior_reports_12m"] == 1
    assert screening.proposal["reasons"] == [REASON]
    assert matter.failed_steps == ["proposal"], "what rested on it is proposed anew"


def test_an_assessment_about_it_counts_for_no_other_report_any_more(people):
    sealed, other, third = screened_report(), screened_report(), screened_report()

    def of(report):
        return {"instrument": "tipvda", "version": "1", "by": "", "at": "", "report": report.receipt,
                "answers": dict.fromkeys([f"q{n}" for n in range(9)], "yes")}  # fmt: skip

    of_score = REASON | {"row": "G-06"}
    told = {other: [of(sealed), of(third)], third: [of(other)]}
    with as_role("worker"):
        for report, given in told.items():
            screening = Screening.objects.get(matter=report.report)
            screening.picture = screening.picture | {"answered": given}
            screening.inputs = screening.inputs | {"danger_assessment_score": 9}
            screening.proposal = screening.proposal | {"reasons": [of_score, REASON]}
            screening.save()
    seal(people, sealed.report, "desk")
    with as_role("worker"):
        left = {one: Screening.objects.get(matter=one.report) for one in told}
        matter = Matter.objects.get(pk=other.report)
    assert left[other].picture["answered"] == [of(third)]
    assert left[other].inputs["danger_assessment_score"] == "unknown"
    assert left[other].proposal["reasons"] == [REASON]
    assert matter.failed_steps == ["proposal"], "what rested on it is proposed anew"
    assert left[third].picture["answered"] == [of(other)]
    assert left[third].inputs["danger_assessment_score"] == 9


def test_a_reason_of_other_reports_stays(people):
    sealed, other = screened_report(), screened_report()
    seal(people, sealed.report, "desk")
    with as_role("worker"):
        assert Screening.objects.get(matter=other.report).proposal["reasons"] == [REASON]
        assert Matter.objects.get(pk=other.report).failed_steps == []


@pytest.mark.parametrize("page", ["/desk/{receipt}/", "/cases/{case}/", "/families/{family}/"])
def test_the_named_read_on_each_page_that_it_is_sealed(people, page):
    receipt, offer = offered(people["desk"])
    made = accept(people["lead"], offer)
    with acting(people["lead"], "test"):
        number = FamilyFile.objects.get(pk=made.family_id).number
    client = Client()
    assert client.login(username="team-lead", password=PASSWORD)
    url = page.format(receipt=receipt.receipt, case=made.pk, family=number)
    before = client.get(url).content.decode()
    assert "已封存" not in before
    assert ("/families/" in url) or f"/seals/ask/{receipt.receipt}/" in before
    seal(people, receipt.report, "lead")
    after = client.get(url).content.decode()
    assert "已封存" in after and "/seals/ask/" not in after


def test_who_may_not_ask_for_a_seal_is_shown_no_link_to_it(people):
    _, offer = offered(people["desk"])
    made = accept(people["lead"], offer)
    client = Client()
    assert client.login(username="team-one", password=PASSWORD)
    assert "/seals/ask/" not in client.get(f"/cases/{made.pk}/").content.decode()


def refusal_of(statement: str, request: uuid.UUID) -> str:
    """All that the database says of a refused statement, the lines it was refused on included."""
    with pytest.raises(DatabaseError) as told, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [request])
    said = told.value.__cause__.diag
    return f"{said.sqlstate} {said.message_primary} {said.context}".replace(str(request), "")


@pytest.mark.parametrize(
    "statement", ["select cases.seal(%s, null)", "select access.two_approve(%s)"]
)
def test_who_may_not_use_a_request_is_told_as_of_one_that_never_was(people, statement):
    """R8: neither the words of an error nor its place tell which requests there are."""
    receipt = screened_report()
    with acting(people["desk"]):
        permit = check_can_ask_seal(people["desk"], receipt.report)
        request = ask_seal(
            receipt.report, "", ground="staff-family", text=WHY, members=[],
            lead=people["desk"].id, permit=permit,
        )  # fmt: skip
    with as_role("worker"):
        Seal.objects.create(
            object_kind="report", object_id=receipt.report, root=receipt.report,
            ground="staff-family", request=request,
        )  # fmt: skip
    with acting(people["worker"]):
        refusal_of(statement, uuid.uuid4())  # a connection's first call is told at more length
        assert refusal_of(statement, request) == refusal_of(statement, uuid.uuid4())
