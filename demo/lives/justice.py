"""Judgments, probation, visits by the police, the drug register, youth at risk, victims of crime."""

from __future__ import annotations

from datetime import date, timedelta

from demo.lives.days import Days
from demo.lives.events import DrugListing, Guidance, Harmed, Judgment, Measure, PoliceVisit
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

FOURTEEN_YEARS = timedelta(days=14 * 366)
THREE_YEARS = timedelta(days=3 * 365)
# Offences after which the police visit (Regulations on visits, art. 2), as far as we list them.
VISITED_AFTER = frozenset({"homicide", "injury", "sexual", "robbery", "drugs", "domestic"})
# Deferred are minor ones.
DEFERRABLE = frozenset({"drugs", "driving", "property", "domestic"})


def judgments(days: Days) -> list[Judgment]:
    """A conviction before every stay in prison, and the judgments of others at large."""
    words, found = vocabulary("lives"), []
    offences, courts = Draw(words["offences"]), words["offices"]["court"]
    people = days.county.persons
    for key, stay in days.county.stays.items():
        decided_on = max(stay.entered_on - timedelta(days=days.rng.randint(20, 200)),
                         people[key].born_on + FOURTEEN_YEARS)  # fmt: skip
        months = max((stay.expected_release_on - stay.entered_on).days // 30, 1)
        found.append(
            Judgment(
                person=key, offence=offences.one(days.rng), outcome="convicted", court=courts[0],
                decided_on=decided_on, sentence_months=months,
            )
        )  # fmt: skip
    others = [one for one in days.grown(18, 75) if one.key not in days.county.stays]
    for person in days.some(others, 0.006, least=4):
        judged_on = days.past(person, 2500, person.born_on + FOURTEEN_YEARS)
        if judged_on is None:
            continue
        offence = offences.one(days.rng)
        deferred = offence in DEFERRABLE and chance(days.rng, 0.45)
        found.append(
            Judgment(
                person=person.key, offence=offence, court=courts[1 if deferred else 0],
                outcome="deferred" if deferred else "convicted", decided_on=judged_on,
                ends_on=judged_on + timedelta(days=730) if deferred else None,
                sentence_months=None if deferred else days.rng.randint(2, 24),
            )
        )  # fmt: skip
    return found


def measures(days: Days, judged: list[Judgment]) -> list[Measure]:
    """Parole after a release ahead of time, orders with deferred prosecution, suspended sentences."""
    office, found = vocabulary("lives")["offices"]["probation"][0], []
    people = days.county.persons
    for key, stay in days.county.stays.items():
        if stay.released_on and stay.released_on < stay.expected_release_on:
            closed_on = people[key].died_on
            found.append(Measure(person=key, measure="parole", office=office, began_on=stay.released_on,
                                 ends_on=stay.expected_release_on, closed_on=closed_on))  # fmt: skip
    for one in judged:
        if one.outcome == "deferred" and one.ends_on:
            over = one.ends_on if one.ends_on <= days.as_of else people[one.person].died_on
            found.append(Measure(person=one.person, measure="deferred", office=office,
                                 began_on=one.decided_on, ends_on=one.ends_on, closed_on=over))  # fmt: skip
        elif one.person not in days.county.stays and one.offence in ("injury", "domestic"):
            until = one.decided_on + timedelta(days=730)
            over = until if until <= days.as_of else people[one.person].died_on
            found.append(Measure(person=one.person, measure="suspended", office=office,
                                 began_on=one.decided_on, ends_on=until, closed_on=over))  # fmt: skip
    ill = [key for key in days.county.care if days.county.in_care(key) and days.here(people[key])]
    for key in days.some(ill, 0.005, least=1):
        began_on = days.past(people[key], 500, people[key].born_on + FOURTEEN_YEARS)
        if began_on:
            found.append(Measure(person=key, measure="custodial", office=office, began_on=began_on))
    return found


def police_visits(days: Days, judged: list[Judgment]) -> list[PoliceVisit]:
    """Whom the police visit within three years of a sentence; a few of them are not to be found."""
    found: list[PoliceVisit] = []
    findings = Draw({"met": 82, "not-met": 9, "moved": 5, "whereabouts-unknown": 4})
    for one in sorted(judged, key=lambda one: one.offence not in VISITED_AFTER):
        person = days.county.persons[one.person]
        since = _served(days, one)
        if since is None or since + THREE_YEARS <= days.as_of or person.died_on:
            continue
        if found and one.offence not in VISITED_AFTER:
            break
        visited_on = days.met(person, 90, since)
        if visited_on is None or days.is_away(person.key, visited_on):
            continue
        finding = "whereabouts-unknown" if not found else findings.one(days.rng)
        found.append(
            PoliceVisit(
                person=person.key, offence=one.offence, listed_on=since,
                ends_on=since + THREE_YEARS, visited_on=visited_on, finding=finding,
            )
        )  # fmt: skip
    return found


def _served(days: Days, one: Judgment) -> date | None:
    """When the sentence was served, None while it is not."""
    stay = days.county.stays.get(one.person)
    if stay is not None:
        return stay.released_on
    if one.outcome != "convicted":
        return None
    done = one.decided_on + timedelta(days=30 * (one.sentence_months or 0))
    return done if done <= days.as_of else None


def drug_listings(days: Days, judged: list[Judgment]) -> list[DrugListing]:
    """Everybody judged for drugs, once at large; some came by themselves, a few are young."""
    people, found = days.county.persons, []
    grades = Draw({"1": 22, "2": 52, "3": 22, "4": 4})
    for one in judged:
        stay = days.county.stays.get(one.person)
        if one.offence != "drugs" or (stay and stay.released_on is None):
            continue
        because = "released" if stay else "deferred-prosecution" if one.ends_on else "lecture"
        since = stay.released_on if stay and stay.released_on else one.decided_on
        found.append(_listing(days, people[one.person], grades.one(days.rng), because, since))
    judged_for_drugs = {one.person for one in judged if one.offence == "drugs"}
    others = [one for one in days.grown(15, 55) if one.key not in judged_for_drugs]
    for person in days.some(others, 0.0015):
        came_on = days.met(person, 700, person.born_on + FOURTEEN_YEARS)
        if came_on is not None and not days.is_away(person.key, came_on):
            because = "youth" if person.age_on(came_on) < 18 else "self-referred"
            found.append(_listing(days, person, grades.one(days.rng), because, came_on))
    return [one for one in found if one.listed_on <= days.last(people[one.person])]


def _listing(days: Days, person: Person, grade: str, because: str, since: date) -> DrugListing:
    ended = days.ended(person, since, 0.4, 900)
    last = days.met(person, 150, since)
    if last and (days.is_away(person.key, last) or (ended and last > ended)):
        last = None
    return DrugListing(person=person.key, drug_grade=grade, listed_because=because, listed_on=since,
                       delisted_on=ended, last_contact_on=last)  # fmt: skip


def guidance(days: Days) -> list[Guidance]:
    """Youth of 12 to 17 whom a committee guides or has guided."""
    found = []
    for person in days.some(days.grown(13, 17), 0.008):
        opened_on = days.past(person, 300, person.born_on + timedelta(days=12 * 366))
        if opened_on is None:
            continue
        closed_on = days.ended(person, opened_on, 0.4, 200)
        follow = closed_on + timedelta(days=183) if closed_on else None
        cause = days.rng.choice(["weapon", "drugs", "drugs", "preparing"])
        found.append(Guidance(person=person.key, cause=cause, opened_on=opened_on,
                              closed_on=closed_on, followed_until=follow))  # fmt: skip
    return found


def harmed(days: Days) -> list[Harmed]:
    """Victims of grave crimes and the bereaved, while they are supported."""
    found = []
    for person in days.some(days.grown(6, 80), 0.0006):
        harmed_on = days.past(person, 900)
        if harmed_on is None:
            continue
        opened_on = min(harmed_on + timedelta(days=days.rng.randint(2, 60)), days.last(person))
        harm = days.rng.choice(["bereaved", "injury", "injury", "sexual"])
        found.append(Harmed(person=person.key, harm=harm, harmed_on=harmed_on, opened_on=opened_on,
                            closed_on=days.ended(person, opened_on, 0.4)))  # fmt: skip
    return found
