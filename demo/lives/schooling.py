"""Schools and those who are not there: enrolment, counselling, drop-outs, incidents, witnesses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from demo.lives.days import Days
from demo.lives.events import DroppedOut, Idle, Incident, Schooling, ViolenceCase, Witnessed
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

# First school age, last one, level; the class year goes on through the levels.
LEVELS = ((6, 11, "primary"), (12, 14, "junior"), (15, 17, "senior"))
SEVERITY = {"accident": "general", "bullying": "legal", "violence": "legal", "self-harm": "urgent",
            "sexual": "legal", "absence": "legal", "drugs": "legal"}  # fmt: skip


def schooling(days: Days, idle: list[Idle]) -> list[Schooling]:
    """One row a pupil: the present school, or the one that still waits for a child of six."""
    names = vocabulary("lives")["schools"]
    out = {one.person: one for one in idle}
    start = _school_year(days.as_of)
    found: list[Schooling] = []
    waiting = 0
    for person in days.grown(6, 18):
        age = person.age_on(date(start, 8, 31))
        level = next((one for one in LEVELS if one[0] <= age <= one[1]), None)
        if level is None or days.is_away(person.key, days.as_of):
            continue
        school = days.rng.choice(names[level[2]])
        enrolled_on = date(start - (age - level[0]), 8, 30)
        more: dict[str, Any] = {"enrolled_on": enrolled_on} | _counselling(days, enrolled_on)
        if age == 6 and (waiting < 2 or chance(days.rng, 0.01)):
            waiting += 1
            more = {"expected_on": enrolled_on}
        if person.key in out:
            back = out[person.key]
            if back.outcome != "school" or back.ended_on is None:
                continue
            more = {"enrolled_on": back.ended_on}
        found.append(
            Schooling(
                person=person.key, school_name=school, level=level[2], class_year=age - 5, **more
            )
        )
    return found


def _school_year(day: date) -> int:
    return day.year if day >= date(day.year, 8, 30) else day.year - 1


def _counselling(days: Days, enrolled_on: date) -> dict[str, Any]:
    roll = days.rng.random()
    if roll > 0.05:
        return {}
    since = max(enrolled_on, days.as_of - timedelta(days=days.rng.randint(20, 500)))
    return {"counselling_level": "3" if roll < 0.01 else "2", "counselling_from": since}


def idle_youth(days: Days) -> list[Idle]:
    """Youth of 15 to 18 in neither school nor work; half of them found a way since."""
    found = []
    for person in days.some([p for p in days.grown(15, 18) if days.here(p)], 0.015):
        found_on = days.past(person, 300, person.born_on + timedelta(days=15 * 365))
        if found_on is None:
            continue
        ended_on = days.ended(person, found_on, 0.5, 120)
        outcome = days.rng.choice(["school", "work", "training", "lost"]) if ended_on else ""
        found.append(Idle(person=person.key, found_on=found_on, ended_on=ended_on, outcome=outcome))
    return found


def drop_outs(days: Days, pupils: list[Schooling]) -> list[DroppedOut]:
    """Pupils of compulsory age who stayed away, most of them back."""
    people, found = days.county.persons, []
    reasons = Draw({"family": 32, "personal": 34, "school": 14, "peers": 14, "lost": 6})
    enrolled = [one for one in pupils if one.level in ("primary", "junior") and one.enrolled_on]
    for pupil in days.some(enrolled, 0.012):
        person = people[pupil.person]
        day = days.past(person, 400, max(pupil.enrolled_on or days.as_of, _years(person, 7)))
        if day is None:
            continue
        back = days.ended(person, day, 0.6, 120)
        found.append(DroppedOut(person=person.key, dropped_out_on=day, returned_on=back,
                                reason=reasons.one(days.rng), school_name=pupil.school_name))  # fmt: skip
    return found


def incidents(days: Days, pupils: list[Schooling]) -> list[Incident]:
    """What happened at schools within the last year, with the pupils concerned."""
    events, found = Draw(vocabulary("lives")["incidents"]), []
    enrolled = [one for one in pupils if one.enrolled_on]
    for pupil in days.some(enrolled, 0.02, least=3):
        person = days.county.persons[pupil.person]
        day = days.past(person, 365, pupil.enrolled_on)
        if day is None:
            continue
        event = events.one(days.rng)
        reported = min(day + timedelta(days=days.rng.choice([0, 0, 0, 1, 1, 3])), days.as_of)
        between = event in ("bullying", "violence", "sexual")
        found.append(
            Incident(
                person=person.key, event=event, severity=SEVERITY[event], occurred_on=day,
                role=days.rng.choice(["victim", "victim", "actor"]) if between else "concerned",
                reported_on=reported, school_name=pupil.school_name,
            )
        )  # fmt: skip
    return found


def witnesses(days: Days, cases: list[ViolenceCase], pupils: list[Schooling]) -> list[Witnessed]:
    """Children of violence cases who go to school: the school is told."""
    school = {one.person: one.school_name for one in pupils if one.enrolled_on}
    found = {}
    for case in cases:
        if case.role != "witness-child" or case.person not in school:
            continue
        told = case.opened_on + timedelta(days=days.rng.randint(1, 20))
        if told <= days.as_of and days.county.persons[case.person].age_on(told) < 18:
            closed = case.closed_on if case.closed_on and case.closed_on >= told else None
            found[case.person] = Witnessed(person=case.person, notified_on=told, closed_on=closed,
                                           school_name=school[case.person])  # fmt: skip
    return list(found.values())


def _years(person: Person, years: int) -> date:
    return person.born_on + timedelta(days=years * 366)
