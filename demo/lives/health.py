"""Insurance and visits to doctors, suicide notifications, disability, small children in need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from demo.lives.days import Days
from demo.lives.events import Certificate, Delay, EarlyCare, Insurance, Suicidal
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

YEAR = timedelta(days=365)


def insurances(days: Days, known: Iterable[str]) -> list[Insurance]:
    """All children under six, and those whom another register knows (`known`: their keys)."""
    people = days.county.persons
    small = days.grown(0, 5)
    never = {one.key for one in days.some(small, 0.008)}
    chosen = dict.fromkeys([*(one.key for one in small), *sorted(known)])
    grown = [key for key in chosen if days.age(people[key]) >= 6 and not people[key].died_on]
    lapsed = set(days.some(grown, 0.05)) | {
        one.key for one in days.some([p for p in small if days.age(p) >= 3], 0.006)
    }
    return [_insurance(days, people[key], key in never, key in lapsed) for key in chosen]


def _insurance(days: Days, person: Person, never: bool, lapsed: bool) -> Insurance:
    if never:
        return Insurance(person=person.key, not_insured_since=person.born_on)
    insured_from = min(person.born_on + timedelta(days=20), days.last(person))
    insured_to = person.died_on
    year_on = None
    if lapsed and not insured_to and (days.as_of - insured_from) > 2 * YEAR:
        insured_to = days.as_of - timedelta(days=days.rng.randint(380, 700))
        year_on = insured_to + YEAR
    visit = None if chance(days.rng, 0.12) else days.met(person, 300, insured_from)
    if visit and (days.is_away(person.key, visit) or (insured_to and visit >= insured_to)):
        visit = None
    kinds = Draw({"outpatient": 88, "emergency": 9, "inpatient": 3})
    place = days.rng.choice(vocabulary("lives")["hospitals"])
    return Insurance(
        person=person.key, insured_from=insured_from, insured_to=insured_to,
        lapsed_year_on=year_on, last_visit_on=visit,
        visit_kind=kinds.one(days.rng) if visit else "", institution=place if visit else "",
    )  # fmt: skip


def suicidal(days: Days) -> list[Suicidal]:
    """Notified attempts and ideation of the last two years, and the visits that followed."""
    words, found = vocabulary("lives"), []
    causes, methods = Draw(words["suicide_causes"]), Draw(words["suicide_methods"])
    for person in days.some(days.grown(13, 85), 0.0032, least=3):
        acted_on = days.met(person, 700)
        if acted_on is None or days.is_away(person.key, acted_on):
            continue
        notified_on = min(acted_on + timedelta(days=days.rng.randint(0, 1)), days.last(person))
        first_visit = notified_on + timedelta(days=days.rng.randint(1, 4))
        care_from = first_visit if first_visit <= days.last(person) else None
        visit = days.met(person, 150, care_from) if care_from else None
        care_to = days.ended(person, care_from, 0.6, 180) if care_from else None
        if visit and (days.is_away(person.key, visit) or (care_to and visit > care_to)):
            visit = care_from
        act = days.rng.choice(["attempt", "attempt", "self-harm", "ideation"])
        found.append(
            Suicidal(
                person=person.key, act=act, acted_on=acted_on, notified_on=notified_on,
                cause=causes.one(days.rng), method=methods.one(days.rng) if act != "ideation" else "",
                care_from=care_from, care_to=care_to, last_visit_on=visit,
            )
        )  # fmt: skip
    return found


def certificates(days: Days) -> list[Certificate]:
    """Holders of a certificate of disability, more of them with age."""
    words, found = vocabulary("lives"), []
    classes, levels = Draw(words["disability_classes"]), Draw(words["disability_levels"])
    holders = [
        *days.some(days.grown(3, 44), 0.012),
        *days.some(days.grown(45, 69), 0.035),
        *days.some(days.grown(70, 99), 0.08),
    ]
    for person in holders:
        since = days.past(person, 3000)
        if since is None:
            continue
        years = days.rng.choice([0, 5, 5])
        until = since + timedelta(days=years * 365) if years else None
        if until and until < days.as_of:
            since = days.past(person, 900) or since
            until = since + timedelta(days=years * 365)
        found.append(
            Certificate(
                person=person.key, disability_class=classes.one(days.rng),
                disability_level=levels.one(days.rng), certified_from=since, certified_to=until,
                reassess_on=until - timedelta(days=60) if until else None,
            )
        )  # fmt: skip
    return found


def delays(days: Days) -> list[Delay]:
    """Small children notified as delayed, and the intervention most of them receive."""
    words, found = vocabulary("lives"), []
    domains = Draw(words["delay_domains"])
    for child in days.some(days.grown(1, 6), 0.045, least=3):
        seven = child.born_on + timedelta(days=7 * 365)
        notified_on = days.past(child, 900, child.born_on + timedelta(days=200))
        if notified_on is None or notified_on >= seven:
            continue
        assessed_on = notified_on + timedelta(days=days.rng.randint(20, 90))
        if assessed_on > days.last(child):
            found.append(Delay(person=child.key, finding="suspected", domain=domains.one(days.rng),
                               notified_on=notified_on))  # fmt: skip
            continue
        confirmed = chance(days.rng, 0.75)
        since = assessed_on + timedelta(days=days.rng.randint(10, 60)) if confirmed else None
        if since and since > days.last(child):
            since = None
        found.append(
            Delay(
                person=child.key, finding="confirmed" if confirmed else "none",
                domain=domains.one(days.rng) if confirmed else "", notified_on=notified_on,
                assessed_on=assessed_on, service_from=since,
                place=days.rng.choice(words["intervention_places"]) if since else "",
            )
        )  # fmt: skip
    return found


def early_care(days: Days, insured: list[Insurance]) -> list[EarlyCare]:
    """Children under six to whom one of the eight signs points; somebody goes and looks."""
    county, found = days.county, list[EarlyCare]()
    people = county.persons
    never = {one.person for one in insured if one.not_insured_since}
    for child in days.grown(0, 5):
        mother, father = people.get(child.mother), people.get(child.father)
        held = any(county.in_prison(one.key) for one in (mother, father) if one)
        young = bool(mother and mother.age_on(child.born_on) < 20 and days.age(mother) < 20)
        signs = (
            (held, "inmate-child", 0.7), (child.key in never, "not-insured", 1.0),
            (county.overdue(child.key), "not-immunised", 0.25), (young, "young-parent", 0.6),
            (True, "hardship", 0.006),
        )  # fmt: skip
        category = next((name for so, name, share in signs if so and chance(days.rng, share)), None)
        if category:
            found.append(_care(days, child, category, not found))
    newborn = [one for one in days.grown(0, 1) if (days.as_of - one.born_on).days > 120]
    taken = {one.person for one in found}
    for child in days.some([one for one in newborn if one.key not in taken], 0.01, least=1):
        opened_on = child.born_on + timedelta(days=30)
        seen = opened_on + timedelta(days=6)
        found.append(EarlyCare(person=child.key, category="birth-not-registered", opened_on=opened_on,
                               visited_on=seen, outcome="seen",
                               closed_on=opened_on + timedelta(days=40)))  # fmt: skip
    return found


def _care(days: Days, child: Person, category: str, lost: bool) -> EarlyCare:
    since = max(child.born_on, days.as_of - timedelta(days=days.rng.randint(3, 240)))
    outcomes = Draw({"seen": 84, "not-found": 6, "refused": 5, "moved": 5})
    visited: date | None = min(since + timedelta(days=days.rng.randint(1, 12)), days.as_of)
    outcome = "not-found" if lost else outcomes.one(days.rng)
    if not lost and chance(days.rng, 0.1):
        visited, outcome = None, ""
    closed = days.ended(child, visited, 0.5, 90) if visited and outcome == "seen" else None
    return EarlyCare(person=child.key, category=category, opened_on=since, visited_on=visited,
                     outcome=outcome, closed_on=closed)  # fmt: skip


def care_extras(days: Days) -> dict[str, dict[str, str]]:
    """Person in psychiatric care -> certificate of a severe patient, and a stay in hospital."""
    found: dict[str, dict[str, str]] = {}
    hospitals = vocabulary("lives")["psychiatric_hospitals"]
    for key, care in days.county.care.items():
        person, more = days.county.persons[key], dict[str, str]()
        if care.level <= 2 and chance(days.rng, 0.45):
            since = days.past(person, 700, care.registered_on)
            if since:
                until = since + timedelta(days=days.rng.choice([365, 730, 1095]))
                more |= {"severe_from": since.isoformat(), "severe_to": until.isoformat()}
        if chance(days.rng, 0.14):
            since = days.met(person, 500, care.registered_on)
            if since and not days.is_away(key, since):
                out = since + timedelta(days=days.rng.randint(5, 60))
                until_on = out if out <= days.last(person) else None
                more |= {"admitted_on": since.isoformat(), "hospital": days.rng.choice(hospitals)}
                if until_on:
                    more["discharged_on"] = until_on.isoformat()
        if more:
            found[key] = more
    return found
