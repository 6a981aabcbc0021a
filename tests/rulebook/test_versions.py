"""Versions in force: by two humans, from a day on, for a county, undone, and replayed."""

from __future__ import annotations

import copy
import datetime as dt
import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Account, AuditEntry
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.actions.force import (
    Draft,
    PolicyRefused,
    answer_proposal,
    propose_version,
    set_version_aside,
    write_draft,
)
from anwang.rulebook.models import PolicyAct, PolicyTerm, PolicyVersion
from anwang.rulebook.permissions import check_can_write
from anwang.rulebook.queries import (
    TO_BEGIN,
    standings,
    version_to_begin,
    versions_in_force,
    versions_standing,
)
from anwang.triage.queries.dispatch_policies import WEIGHTS, dispatch_weights
from anwang.triage.queries.policies import (
    policies_in_force,
    tables_in_force,
    tables_of,
    tables_with,
)
from anwang.triage.rules.propose import propose
from tests.conftest import as_role
from tests.factories import TAOYUAN, account
from tests.triage.test_vignettes import VIGNETTES, inputs_of

pytestmark = pytest.mark.django_db
WHY = "法規修正，依修正後條文調整這張表。"
GRADE = "triage.grade"


@pytest.fixture
def ministry() -> tuple[Actor, Actor]:
    return (account("min-one", ("", None, "ministry")), account("min-two", ("", None, "ministry")))


@pytest.fixture
def managers() -> tuple[Actor, Actor]:
    return (account("man-one", ("", TAOYUAN, "county-manager")),
            account("man-two", ("", TAOYUAN, "county-manager")))  # fmt: skip


def in_force(policy: str, county: str | None = None) -> PolicyVersion:
    found = {one.policy_id: one for one in versions_in_force(county, policies=[policy])
             if one.county == county}  # fmt: skip
    return PolicyVersion.objects.get(pk=found[policy].number)


def drafted(actor: Actor, policy: str = GRADE, county: str | None = None, **more) -> PolicyVersion:
    """A draft of the next version: G-14 asks for grade 1, so that its effect is plain."""
    base = in_force(policy)
    body = copy.deepcopy(base.body) | {"version": "2027.1"} | more
    if policy == GRADE:
        next(row for row in body["rows"] if row["id"] == "G-14")["then"]["grade"] = "1"
    with acting(actor, "policy"):
        permit = check_can_write(actor, county)
        draft = Draft(policy, county, body, base.pk)
        return PolicyVersion.objects.get(pk=write_draft(draft, permit=permit))


def proposal(actor: Actor, version: PolicyVersion, **more) -> PolicyAct:
    with acting(actor, "policy"):
        made = propose_version(
            version, text=WHY, permit=check_can_write(actor, version.county), **more
        )
    return PolicyAct.objects.get(pk=made)


def agree(actor: Actor, asked: PolicyAct, agreed: bool = True) -> str:
    with acting(actor, "policy"):
        permit = check_can_write(actor, asked.version.county)
        return answer_proposal(asked, agreed=agreed, text="看過", permit=permit)


def put_in_force(actors: tuple[Actor, Actor], version: PolicyVersion, **more) -> None:
    assert agree(actors[1], proposal(actors[0], version, **more)) == "put-in-force"


def grade_of(county: str | None = None) -> str:
    """What the tables in force say of a report of need without danger: grade 2 as shipped."""
    one = next(v for v in VIGNETTES if v["id"] == "V03")
    return propose(inputs_of(one), tables_in_force(county)[0]).grade


def propose_of(day: dt.date):
    """What the tables that hold on `day` make of that report."""
    one = next(v for v in VIGNETTES if v["id"] == "V03")
    return propose(inputs_of(one), tables_in_force(None, day)[0])


def test_a_version_comes_in_force_when_a_second_person_agrees_and_decides_from_then_on(ministry):
    version = drafted(ministry[0])
    assert grade_of() == "2"
    asked = proposal(ministry[0], version)
    assert grade_of() == "2"
    agree(ministry[1], asked)
    assert grade_of() == "1"
    before = PolicyVersion.objects.get(policy_id=GRADE, version="2026.1")
    version.refresh_from_db()
    assert (before.state, version.state) == ("retired", "in force")
    ends, begins = before.terms.get().until, version.terms.get().since
    assert ends == begins
    acts = AuditEntry.objects.filter(object_kind="policy")
    with as_role("worker"), acting(LOADING, "test"):
        assert list(acts.order_by("at").values_list("act", flat=True)) == [
            "policy-written", "policy-proposed", "policy-put-in-force",
        ]  # fmt: skip


def test_undoing_puts_the_former_version_in_force_again_as_a_new_act(ministry):
    former = in_force(GRADE)
    put_in_force(ministry, drafted(ministry[0]))
    put_in_force(ministry[::-1], PolicyVersion.objects.get(pk=former.pk))
    assert grade_of() == "2"
    assert PolicyTerm.objects.filter(version=former).count() == 2
    kinds = PolicyAct.objects.filter(version=former).order_by("at").values_list("kind", flat=True)
    assert list(kinds) == ["shipped", "proposed", "put-in-force"]


def test_nobody_puts_his_own_proposal_in_force(ministry):
    asked = proposal(ministry[0], drafted(ministry[0]))
    with pytest.raises(PolicyRefused) as refused:
        agree(ministry[0], asked)
    assert refused.value.reason == "same-human"
    assert grade_of() == "2"


def test_one_human_with_two_accounts_is_one_person(ministry):
    asked = proposal(ministry[0], drafted(ministry[0]))
    human = b"one human".ljust(32, b"\x00")
    with as_role("worker"), acting(LOADING, "test"):
        Account.objects.filter(pk__in=[one.id for one in ministry]).update(human=human)
    with pytest.raises(PolicyRefused) as refused:
        agree(ministry[1], asked)
    assert refused.value.reason == "same-human"


def test_the_database_refuses_whoever_goes_around_the_functions(ministry):
    version = drafted(ministry[0])
    tries = [
        "update rulebook_policyversion set state = 'in force' where id = %s",
        "insert into rulebook_policyterm (id, version_id, policy_id, since)"
        " select gen_random_uuid(), %s, 'triage.grade', clock.now()",
        "delete from rulebook_policyversion where id = %s",
        "insert into rulebook_policyact (id, version_id, kind, at, sha256)"
        " select gen_random_uuid(), %s, 'proposed', clock.now(), ''",
    ]
    for statement in tries:
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            acting(ministry[0], "policy"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [version.pk])


def test_even_the_vault_cannot_put_a_version_in_force_for_one_person(ministry):
    asked = proposal(ministry[0], drafted(ministry[0]))
    with (
        pytest.raises(DatabaseError, match=r"permission denied|same-human"),
        acting(ministry[0], "policy"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("select rulebook.note(%s, 'put-in-force', '', null, %s)",
                       [asked.version_id, asked.pk])  # fmt: skip


def test_what_was_proposed_stays_to_the_letter(ministry):
    version = drafted(ministry[0])
    proposal(ministry[0], version)
    body = dict(version.body, valid_to="2030-01-01")
    with pytest.raises(PolicyRefused) as refused, acting(ministry[1], "policy"):
        permit = check_can_write(ministry[1], None)
        write_draft(Draft(GRADE, None, body, None, version.pk, version.sha256), permit=permit)
    assert refused.value.reason == "not-a-draft"


def test_two_writers_do_not_overwrite_each_other(ministry):
    version = drafted(ministry[0])
    with pytest.raises(PolicyRefused) as refused, acting(ministry[1], "policy"):
        permit = check_can_write(ministry[1], None)
        write_draft(Draft(GRADE, None, version.body, None, version.pk, "stale"), permit=permit)
    assert refused.value.reason == "changed-meanwhile"


def test_a_county_writes_its_own_layer_and_no_other(managers, ministry):
    with acting(managers[0], "policy"):
        for county in (None, "65000"):
            with pytest.raises(Refused):
                check_can_write(managers[0], county)
    with acting(ministry[0], "policy"), pytest.raises(Refused):
        check_can_write(ministry[0], TAOYUAN)
    base = in_force(GRADE)
    with pytest.raises(PolicyRefused) as refused, acting(managers[0], "policy"):
        permit = check_can_write(managers[0], TAOYUAN)
        write_draft(Draft(GRADE, None, base.body | {"version": "x"}), permit=permit)
    assert refused.value.reason == "may-not"


def test_an_overlay_in_force_holds_in_its_county_alone_until_it_is_retired(managers):
    overlay = PolicyVersion.objects.get(policy_id="triage.window", county=TAOYUAN)
    one = next(v for v in VIGNETTES if v["id"] == "V39")
    here, versions = tables_in_force(TAOYUAN)
    assert propose(inputs_of(one), here).window == "dispatch-centre"
    assert versions[f"triage.window@{TAOYUAN}"] == "2026.1"
    assert propose(inputs_of(one), tables_in_force("65000")[0]).window == "health-bureau-window"
    asked = proposal(managers[1], overlay, retire=True)
    assert agree(managers[0], asked) == "retired"
    assert f"triage.window@{TAOYUAN}" not in tables_in_force(TAOYUAN)[1]
    overlay.refresh_from_db()
    put_in_force(managers, overlay)
    assert f"triage.window@{TAOYUAN}" in tables_in_force(TAOYUAN)[1]


def test_the_nation_is_never_without_a_version(ministry):
    with pytest.raises(PolicyRefused) as refused:
        proposal(ministry[0], in_force(GRADE), retire=True)
    assert refused.value.reason == "the-nation-needs-one"


def test_a_version_may_be_put_in_force_from_a_day_to_come(ministry):
    starts = clock_now() + dt.timedelta(days=30)
    now = in_force(GRADE)
    put_in_force(ministry, drafted(ministry[0]), starts_at=starts)
    assert grade_of() == "2"
    assert [one.pk for one in versions_standing([GRADE]) if one.county is None] == [now.pk]
    assert propose_of((starts + dt.timedelta(days=2)).date()).grade == "1"


def test_what_is_to_begin_is_withdrawn_before_by_two_persons_and_never_begins(ministry):
    starts = clock_now() + dt.timedelta(days=30)
    after = (starts + dt.timedelta(days=2)).date()
    now, coming = in_force(GRADE), drafted(ministry[0])
    put_in_force(ministry, coming, starts_at=starts)
    assert standings([now, coming])[coming.pk].state == TO_BEGIN
    assert standings([now])[now.pk].until == starts
    assert version_to_begin(GRADE, None) == coming
    with pytest.raises(PolicyRefused) as refused:
        proposal(ministry[0], coming)
    assert refused.value.reason == "begins-already"
    asked = proposal(ministry[0], now)
    with pytest.raises(PolicyRefused) as alone:
        agree(ministry[0], asked)
    assert alone.value.reason == "same-human"
    assert propose_of(after).grade == "1"
    assert agree(ministry[1], asked) == "put-in-force"
    assert propose_of(after).grade == "2" and grade_of() == "2"
    assert standings([now])[now.pk].until is None and version_to_begin(GRADE, None) is None
    coming.refresh_from_db()
    assert standings([coming])[coming.pk].state == "retired"
    put_in_force(ministry, coming)
    assert grade_of() == "1"


def test_a_version_goes_on_only_from_the_end_that_its_proposal_named(ministry):
    now = in_force(GRADE)
    put_in_force(ministry, drafted(ministry[0]), starts_at=clock_now() + dt.timedelta(days=30))
    asked = proposal(ministry[0], now)
    other = drafted(ministry[0], version="2027.2")
    put_in_force(ministry, other, starts_at=clock_now() + dt.timedelta(days=10))
    with pytest.raises(PolicyRefused) as refused:
        agree(ministry[1], asked)
    assert refused.value.reason == "changed-meanwhile"
    assert version_to_begin(GRADE, None) == other


def test_a_countys_first_overlay_is_ended_before_it_begins_and_its_present_one_stays(managers):
    window = in_force("triage.window", TAOYUAN)
    later = drafted(managers[0], "triage.window", TAOYUAN)
    put_in_force(managers, later, starts_at=clock_now() + dt.timedelta(days=30))
    with pytest.raises(PolicyRefused) as refused:
        proposal(managers[0], later, retire=True)
    assert refused.value.reason == "begins-already"
    assert agree(managers[1], proposal(managers[0], window)) == "put-in-force"
    assert agree(managers[1], proposal(managers[0], window, retire=True)) == "retired"
    later.refresh_from_db()
    put_in_force(managers, later, starts_at=clock_now() + dt.timedelta(days=30))
    assert agree(managers[1], proposal(managers[0], later, retire=True)) == "retired"
    assert version_to_begin("triage.window", TAOYUAN) is None


def test_teams_are_ranked_by_the_weights_of_today_until_the_others_begin(ministry):
    before = dict(dispatch_weights(TAOYUAN))
    changed = copy.deepcopy(before["refused"]) | {"points": -999}
    later = clock_now() + dt.timedelta(days=30)
    put_in_force(ministry, drafted(ministry[0], WEIGHTS, refused=changed), starts_at=later)
    assert dispatch_weights(TAOYUAN) == before
    put_in_force(ministry, drafted(ministry[0], WEIGHTS, refused=changed, version="2027.2"))
    assert dispatch_weights(TAOYUAN)["refused"]["points"] == -999


def test_a_decision_replays_with_the_versions_that_it_stored(ministry):
    day = clock_now().astimezone(TAIPEI).date()
    one = next(v for v in VIGNETTES if v["id"] == "V03")
    policies, versions = policies_in_force(TAOYUAN, day)
    made = propose(inputs_of(one), policies)
    put_in_force(ministry, drafted(ministry[0]))
    assert policies_in_force(TAOYUAN, day)[1] != versions
    assert propose(inputs_of(one), tables_of(versions, day)) == made


def test_a_draft_can_be_asked_in_the_place_of_what_is_in_force(ministry):
    version = drafted(ministry[0])
    one = next(v for v in VIGNETTES if v["id"] == "V03")
    policies, versions = tables_with([version.pk], TAOYUAN)
    assert propose(inputs_of(one), policies).grade == "1"
    assert versions[GRADE] == "2027.1"
    assert grade_of(TAOYUAN) == "2"


def test_an_overlay_that_no_longer_fits_is_left_out_and_the_report_judged(ministry):
    base = in_force("triage.window")
    body = copy.deepcopy(base.body) | {"version": "closed"}
    body["rows"][0]["county_may"] = []
    with acting(ministry[0], "policy"):
        permit = check_can_write(ministry[0], None)
        number = write_draft(Draft("triage.window", None, body, base.pk), permit=permit)
    put_in_force(ministry, PolicyVersion.objects.get(pk=number))
    policies, _ = tables_in_force(TAOYUAN)
    assert policies.left_out == (f"triage.window@{TAOYUAN}",)
    one = next(v for v in VIGNETTES if v["id"] == "V39")
    assert propose(inputs_of(one), policies).window == "health-bureau-window"


def test_a_shadow_and_a_discarded_draft_have_no_effect(ministry):
    version = drafted(ministry[0])
    for how, state in (("shadowed", "shadow"), ("unshadowed", "draft"), ("discarded", "retired")):
        with acting(ministry[0], "policy"):
            version.refresh_from_db()
            set_version_aside(version, how, permit=check_can_write(ministry[0], None))
        version.refresh_from_db()
        assert version.state == state
        assert grade_of() == "2"


def test_a_declined_proposal_leaves_the_draft_to_be_written_on(ministry):
    version = drafted(ministry[0])
    assert agree(ministry[1], proposal(ministry[0], version), agreed=False) == "declined"
    proposal(ministry[0], version)


def test_no_such_proposal_is_refused(ministry):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select rulebook.answer(%s, true, '')", [uuid.uuid4()])
