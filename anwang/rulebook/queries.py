"""Which policies there are, which version is in force where and when, and what was done with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import F, Q, QuerySet

from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.models import PolicyAct, PolicyTerm, PolicyVersion
from anwang.rulebook.rules.calendar import WorkCalendar, package_calendar
from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.drafts import DraftFault, draft_faults
from anwang.rulebook.rules.exchange.files import write_table_file
from anwang.rulebook.rules.loader import completed, read_inputs
from anwang.rulebook.rules.official_calendar import calendar_of
from anwang.rulebook.rules.written import columns_of

# The policy that describes what tables may ask for.
INPUTS: Final = "triage.inputs"
# Which days offices rest, as the government announces it year by year.
CALENDAR: Final = "calendar"
# The policy that names and measures the terms.
CLOCKS: Final = "clocks"
# Where a version stands that two persons have put in force from a later day on.
TO_BEGIN: Final = "to begin"

# The term that covers the instant; before the first one, the first: a report older than the
# programme is judged by its first policy.
_IN_FORCE: Final = """
with moment as (
    select case when %(on)s::date is null then clock.now() else
        greatest(least(clock.now(), (%(on)s::date + 1)::timestamp at time zone 'Asia/Taipei'
                                    - interval '1 microsecond'),
                 %(on)s::date::timestamp at time zone 'Asia/Taipei') end as at
)
select distinct on (t.policy_id, t.county)
    t.version_id, t.policy_id, t.county, v.version, v.valid_from, t.since, t.until
from rulebook_policyterm t join rulebook_policyversion v on v.id = t.version_id cross join moment m
where t.since is distinct from t.until
  and (t.since <= m.at and (t.until is null or t.until > m.at)
       or t.county is null and not exists (select from rulebook_policyterm e
           where e.policy_id = t.policy_id and e.county is null and e.since <= m.at))
  and (t.county is null or t.county = %(county)s or %(everywhere)s)
  and (%(policies)s::text[] is null or t.policy_id = any(%(policies)s::text[]))
order by t.policy_id, t.county, t.since
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version stands now; `since` and `until` are those of its term, present or to come.

    `state` is draft, shadow, in force, retired, or `to begin`: two persons have put it in force
    from a later day on, and until then nothing is judged by it.
    """

    state: str
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """A version in force: its number, whose it is, and the term. `county` None: the nation's."""

    number: int
    policy_id: str
    county: str | None
    version: str
    valid_from: dt.date
    since: dt.datetime
    until: dt.datetime | None

    @property
    def key(self) -> str:
        """`triage.stream`, or `triage.stream@68000` for a county's overlay."""
        return key_of(self.policy_id, self.county)


def key_of(policy_id: str, county: str | None) -> str:
    """How a version's policy is named where versions are stored with a decision."""
    return policy_id if county is None else f"{policy_id}@{county}"


def versions_in_force(
    county: str | None, on: dt.date | None = None, policies: Iterable[str] | None = None
) -> list[InForce]:
    """The nation's versions, and the overlays of `county`, in force on a day; now without one.

    Of a past day its end counts, of today this instant, of a day to come its beginning. One query.
    """
    return _standing(on, county, policies, everywhere=False)


def versions_standing(policies: Iterable[str]) -> QuerySet[PolicyVersion]:
    """The nation's versions in force now and every county's overlays, by number.

    `state` is no answer: a version that comes into force on a later day is `in force` already.
    """
    found = _standing(None, None, policies, everywhere=True)
    return PolicyVersion.objects.filter(pk__in=[one.number for one in found]).order_by("pk")


def standings(versions: Iterable[PolicyVersion]) -> dict[int, Standing]:
    """Version number -> where it stands now, by the terms: a day that comes writes no `state`."""
    listed = list(versions)
    holding = set(versions_standing({one.policy_id for one in listed}).values_list("pk", flat=True))
    live: dict[int, list[PolicyTerm]] = {}
    for term in PolicyTerm.objects.filter(
        Q(until=None) | Q(until__gt=clock_now()), version__in=[one.pk for one in listed]
    ).exclude(until=F("since")).order_by("since"):  # fmt: skip
        live.setdefault(term.version_id, []).append(term)
    return {one.pk: _stands(one, live.get(one.pk, []), one.pk in holding) for one in listed}


def _stands(version: PolicyVersion, terms: list[PolicyTerm], holds: bool) -> Standing:
    if not terms:
        kept = version.state in (PolicyVersion.State.DRAFT, PolicyVersion.State.SHADOW)
        return Standing(str(version.state) if kept else str(PolicyVersion.State.RETIRED))
    until = terms[0].until
    for later in terms[1:]:  # one that goes on after all has a second term at the first one's end
        until = later.until if later.since == until else until
    return Standing(str(PolicyVersion.State.IN_FORCE) if holds else TO_BEGIN, terms[0].since, until)


def _standing(
    on: dt.date | None, county: str | None, policies: Iterable[str] | None, *, everywhere: bool
) -> list[InForce]:
    asked = {"on": on, "county": county, "everywhere": everywhere,
             "policies": None if policies is None else list(policies)}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, asked)
        return [InForce(*row) for row in cursor.fetchall()]


def numbers_of(versions: Mapping[str, str]) -> list[int]:
    """Numbers of the versions that a decision stored: {`key_of`: name of the version}.

    Raises PolicyVersion.DoesNotExist naming the key of one that is not there.
    """
    found = {
        (key_of(policy, county), version): number
        for number, policy, county, version in PolicyVersion.objects.filter(
            policy_id__in=[key.partition("@")[0] for key in versions]
        ).values_list("id", "policy_id", "county", "version")
    }
    missing = [key for key in versions if (key, versions[key]) not in found]
    if missing:
        raise PolicyVersion.DoesNotExist(f"No version {versions[missing[0]]} of {missing[0]}.")
    return sorted(found[key, version] for key, version in versions.items())


def body_in_force(policy_id: str) -> dict[str, Any]:
    """Content of the national version in force now. Raises PolicyVersion.DoesNotExist."""
    found = versions_in_force(None, policies=[policy_id])
    if not found:
        raise PolicyVersion.DoesNotExist(policy_id)
    return dict(PolicyVersion.objects.get(pk=found[0].number).body)


def bodies_in_force() -> dict[str, dict[str, Any]]:
    """Policy id -> body of the national version in force now."""
    return {one.policy_id: one.body for one in national_in_force()}


def national_in_force() -> list[PolicyVersion]:
    """The national version of each policy that is in force now, by policy id."""
    numbers = [one.number for one in versions_in_force(None)]
    return list(PolicyVersion.objects.filter(pk__in=numbers).order_by("policy_id"))


def calendar_in_force(on: dt.date | None = None) -> WorkCalendar:
    """Working days as the official calendar in force says, and as computed where it says nothing.

    On a past day: as it was in force then.
    """
    found = versions_in_force(None, on, [CALENDAR])
    return _calendar(found[0].number) if found else package_calendar()


def calendar_before(since: dt.datetime) -> WorkCalendar | None:
    """The calendar that held before the one in force, where that began after `since`; else None."""
    found = versions_in_force(None, policies=[CALENDAR])
    if not found or found[0].since <= since:
        return None
    former = former_version(PolicyVersion.objects.get(pk=found[0].number))
    return _calendar(former.pk) if former else package_calendar()


@lru_cache(maxsize=8)
def _calendar(number: int) -> WorkCalendar:
    """The calendar of a version in force, whose content stays."""
    return calendar_of(PolicyVersion.objects.get(pk=number).body)


def policy_versions() -> QuerySet[PolicyVersion]:
    """All versions, by policy, county and age; bodies left out."""
    return PolicyVersion.objects.defer("body").order_by("policy_id", "county", "-loaded_at", "-id")


def policy_fields() -> Iterator[dict[str, Any]]:
    """One dict a version, with the fields of `anwang policies` (docs/formats/README.md)."""
    versions = list(policy_versions())
    stand = standings(versions)
    for version in versions:
        yield {
            "id": version.policy_id,
            "layer": version.layer,
            "county": version.county,
            "version": version.version,
            # What is to begin has no effect yet, as a draft.
            "state": {TO_BEGIN: "draft"}.get(stand[version.pk].state, stand[version.pk].state),
            "valid_from": version.valid_from.isoformat(),
            "rows": version.rows,
        }


def open_proposals(numbers: Iterable[int] | None = None) -> dict[int, PolicyAct]:
    """Version number -> the proposal that waits for another person."""
    waiting = PolicyAct.objects.filter(
        kind__in=[PolicyAct.Kind.PROPOSED, PolicyAct.Kind.RETIREMENT_PROPOSED], answer=None
    )
    if numbers is not None:
        waiting = waiting.filter(version__in=list(numbers))
    return {act.version_id: act for act in waiting}


def acts_on(policy_id: str, county: str | None) -> QuerySet[PolicyAct]:
    """History of a policy in its layer, the latest first."""
    return (
        PolicyAct.objects.filter(version__policy_id=policy_id, version__county=county)
        .select_related("version")
        .defer("version__body")
        .order_by("-at", "-id")
    )


def inputs_described() -> dict[str, InputSpec]:
    """Input name -> what it is, as the description in force says: the columns of all tables."""
    return read_inputs(body_in_force(INPUTS))


def specs_of(doc: Mapping[str, Any]) -> Mapping[str, InputSpec]:
    """What the columns of a table are: as described for all tables, or as it describes its own."""
    own = doc.get("describes")
    return read_inputs({"inputs": own}) if own else inputs_described()


def table_doc(version: PolicyVersion) -> dict[str, Any] | None:
    """The version's content as a whole table, a county's completed with the nation's columns.

    None for what is no decision table.
    """
    return completed_body(version.policy_id, version.county, version.body)


def completed_body(
    policy_id: str, county: str | None, body: Mapping[str, Any]
) -> dict[str, Any] | None:
    """As `table_doc`, for a body that is no version yet."""
    body = dict(body)
    if county is not None and isinstance(body.get("rows"), list):
        try:
            body = completed(body, body_in_force(policy_id))
        except (KeyError, PolicyVersion.DoesNotExist):
            return None
    shape = (body.get("hit"), body.get("inputs"), body.get("outputs"), body.get("rows"))
    fits = isinstance(shape[1], list) and isinstance(shape[2], dict) and isinstance(shape[3], list)
    return body if shape[0] and fits else None


def exported(version: PolicyVersion, kind: str) -> bytes:
    """A table as a file, see `exchange.files.FORMATS`. Raises CellError where DMN cannot say it."""
    doc = table_doc(version)
    if doc is None:
        raise ValueError(f"{version.policy_id} is no decision table.")
    specs = specs_of(doc)
    columns = columns_of(doc, specs, version.county)
    return write_table_file(kind, doc | {"county": version.county}, columns, specs)


def faults_of(version: PolicyVersion) -> list[DraftFault]:
    """What keeps a version from being proposed, and notes; none for what is no decision table."""
    return faults_in(version.policy_id, version.county, version.body)


def faults_in(policy_id: str, county: str | None, body: Mapping[str, Any]) -> list[DraftFault]:
    """As `faults_of`, for a body that is no version yet."""
    doc = completed_body(policy_id, county, body)
    if doc is None:
        return []
    if county is not None:
        national = body_in_force(policy_id)
        return draft_faults(body, specs_of(national), national=national)
    now = clock_now()
    laid = PolicyVersion.objects.filter(
        Q(terms__until=None) | Q(terms__until__gt=now), terms__since__lte=now,
        policy_id=policy_id, county__isnull=False,
    )  # fmt: skip
    return draft_faults(body, specs_of(doc), overlays=[one.body for one in laid])


def counterpart(version: PolicyVersion) -> PolicyVersion | None:
    """The version in force now where this one would stand; None where there is none."""
    return version_standing(version.policy_id, version.county)


def version_standing(policy_id: str, county: str | None) -> PolicyVersion | None:
    """The version of a policy in force now in one layer; None where there is none."""
    found = versions_in_force(county, policies=[policy_id])
    numbers = [one.number for one in found if one.county == county]
    return PolicyVersion.objects.filter(pk__in=numbers).first()


def version_to_begin(policy_id: str, county: str | None) -> PolicyVersion | None:
    """The version that two persons have put in force from a later day on, the next one; else None."""
    held = version_standing(policy_id, county)
    terms = PolicyTerm.objects.filter(policy_id=policy_id, county=county, since__gt=clock_now())
    next_one = terms.exclude(until=F("since")).exclude(version=held).order_by("since")
    found = next_one.select_related("version").first()
    return found.version if found else None


def name_for_draft(policy_id: str, county: str | None, wanted: str = "") -> str:
    """`wanted` where no version has the name, else the day, with a number after it if need be."""
    today = clock_now().astimezone(TAIPEI).date().isoformat()
    known = PolicyVersion.objects.filter(policy_id=policy_id, county=county)
    taken = set(known.values_list("version", flat=True))
    names = (today if n == 1 else f"{today}.{n}" for n in range(1, len(taken) + 2))
    return next(name for name in (wanted, *names) if name and name not in taken)


def began_overlay(national: Mapping[str, Any], county: str) -> dict[str, Any]:
    """The body of a county's overlay without rows yet; the name is the nation's, to be given anew."""
    taken = {name: national[name] for name in ("id", "version", "valid_from", "text")}
    return taken | {"county": county, "rows": []}


def varied(version: PolicyVersion) -> dict[str, Any] | None:
    """The nation's table in force from which a county's version differs; None for a national one."""
    if version.county is None or table_doc(version) is None:
        return None
    return body_in_force(version.policy_id)


def former_version(version: PolicyVersion) -> PolicyVersion | None:
    """The version that held before this one, to go back to; None for the first."""
    terms = PolicyTerm.objects.filter(policy_id=version.policy_id, county=version.county)
    begun = terms.filter(version=version).order_by("-since").first()
    if begun is None:
        return None
    before = terms.filter(since__lt=begun.since).exclude(version=version).exclude(until=F("since"))
    last = before.select_related("version").order_by("-since").first()
    return last.version if last else None


def clock_names() -> dict[str, dict[str, str]]:
    """Clock -> what it is called, in the version in force; empty where there is none."""
    try:
        clocks = body_in_force(CLOCKS)["clocks"]
    except PolicyVersion.DoesNotExist:
        return {}
    return {str(one["id"]): one["text"] for one in clocks}
