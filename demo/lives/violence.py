"""Violence between partners, against elders and children, and families whom a centre serves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from demo.lives.days import Days
from demo.lives.events import Order, ProtectionCase, ViolenceCase, VulnerableFamily
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

HIGH_DANGER = 8  # TIPVDA points from which a case is tracked
SCORES = Draw(
    {0: 4, 1: 7, 2: 10, 3: 13, 4: 14, 5: 13, 6: 11, 7: 9, 8: 6, 9: 5, 10: 4, 11: 2, 13: 1}
)


def violence(days: Days) -> tuple[list[ViolenceCase], list[Order]]:
    """Cases of the prevention centres, with all who are in them, and the orders of the courts."""
    cases: list[ViolenceCase] = []
    orders: list[Order] = []
    for wife, husband in days.some(_couples(days), 0.016, least=6):
        victim, respondent = (wife, husband) if chance(days.rng, 0.82) else (husband, wife)
        opened_on = _day_of_both(days, victim, respondent, 700)
        if opened_on is None:
            continue
        case = _case(days, victim, respondent, "partner", opened_on)
        cases += case
        if chance(days.rng, 0.35) or not orders:
            orders += _orders(days, victim, respondent, opened_on)
    for elder, child in days.some(_elders(days), 0.012):
        opened_on = _day_of_both(days, elder, child, 700)
        if opened_on is not None:
            cases += _case(days, elder, child, "elder", opened_on)
    return cases, orders


def _couples(days: Days) -> list[tuple[Person, Person]]:
    people = days.county.persons
    return [
        (one, people[one.spouse]) for one in people.values()
        if one.sex == "F" and one.spouse and 20 <= days.age(one) <= 64
        and one.lives_at == people[one.spouse].lives_at
        and one.died_on is None and people[one.spouse].died_on is None
    ]  # fmt: skip


def _elders(days: Days) -> list[tuple[Person, Person]]:
    return [
        (elder, child)
        for elder in days.grown(68, 95)
        for child in days.county.children_of.get(elder.key, ())
        if child.lives_at == elder.lives_at and child.died_on is None and days.age(child) >= 25
    ]


def _day_of_both(days: Days, one: Person, other: Person, most_days: int) -> date | None:
    for _ in range(4):
        day = days.met(one, most_days)
        if day and not days.is_away(one.key, day) and not days.is_away(other.key, day):
            return day
    return None


def _case(
    days: Days, victim: Person, respondent: Person, violence: str, opened_on: date
) -> list[ViolenceCase]:
    closed_on = days.ended(victim, opened_on, 0.55)
    score = SCORES.one(days.rng) if violence == "partner" else None
    conference = None
    if score is not None and score >= HIGH_DANGER:
        conference = min(opened_on + timedelta(days=days.rng.randint(3, 40)), days.as_of)
        if closed_on and conference > closed_on:
            conference = opened_on
    more: dict[str, Any] = {
        "violence": violence, "opened_on": opened_on, "closed_on": closed_on,
        "danger_score": score, "conference_on": conference,
    }  # fmt: skip
    roles = {victim.key: "victim", respondent.key: "respondent"}
    for child in days.county.children_of.get(victim.key, ()):
        at_home = child.lives_at == victim.lives_at and child.died_on is None
        if at_home and child.age_on(opened_on) < 18 and child.born_on < opened_on:
            roles[child.key] = "witness-child"
    return [ViolenceCase(person=key, role=role, **more) for key, role in roles.items()]


def _orders(days: Days, victim: Person, respondent: Person, opened_on: date) -> list[Order]:
    issued_on = min(opened_on + timedelta(days=days.rng.randint(2, 60)), days.as_of)
    kind = days.rng.choice(["ordinary", "ordinary", "temporary", "emergency"])
    ends_on = issued_on + timedelta(days=days.rng.choice([365, 730]) if kind == "ordinary" else 180)
    withdrawn_on = None
    if chance(days.rng, 0.08) and issued_on + timedelta(days=40) <= days.as_of:
        withdrawn_on = issued_on + timedelta(days=40)
    terms: dict[str, Any] = {
        "order_kind": kind, "issued_on": issued_on, "ends_on": ends_on,
        "withdrawn_on": withdrawn_on,
    }  # fmt: skip
    apart = chance(days.rng, 0.5)
    return [
        Order(person=victim.key, role="protected", other_party_id=respondent.key, **terms),
        Order(
            person=respondent.key, role="respondent", other_party_id=victim.key,
            keep_away=apart, leave_home=apart and chance(days.rng, 0.4),
            treatment=chance(days.rng, 0.4), **terms,
        ),
    ]  # fmt: skip


def protection(days: Days) -> list[ProtectionCase]:
    """Child protection cases, and placements of those who live in a home or with grandparents."""
    harms, found = Draw(vocabulary("lives")["harms"]), []
    for child in days.some(days.grown(0, 17), 0.012, least=4):
        parents = [days.county.persons.get(key) for key in (child.father, child.mother)]
        blamed = next((one for one in parents if one and one.died_on is None), None)
        opened_on = days.past(child, 900)
        if opened_on is None or child.age_on(opened_on) >= 18:
            continue
        closed_on = days.ended(child, opened_on, 0.6)
        more: dict[str, Any] = {
            "harm": harms.one(days.rng),
            "opened_on": opened_on,
            "closed_on": closed_on,
        }
        found.append(
            ProtectionCase(
                person=child.key, role="child", **more, **_placed(days, child, opened_on)
            )
        )
        if blamed:
            found.append(ProtectionCase(person=blamed.key, role="respondent", **more))
    known = {one.person for one in found}
    for child, placement in _placeable(days):
        since = days.past(child, 600)
        if since is None or child.key in known:
            continue
        found.append(
            ProtectionCase(
                person=child.key, role="child", harm=harms.one(days.rng), opened_on=since,
                placement=placement, placed_on=since,
            )
        )  # fmt: skip
    return found


def _placed(days: Days, child: Person, opened_on: date) -> dict[str, Any]:
    """A short placement that is over: the child lives at home again."""
    if not chance(days.rng, 0.08) or (days.as_of - opened_on).days < 200:
        return {}
    ended_on = opened_on + timedelta(days=days.rng.choice([3, 93, 183]))
    return {"placement": "foster", "placed_on": opened_on, "placement_ended_on": ended_on}


def _placeable(days: Days) -> list[tuple[Person, str]]:
    found = []
    for home in days.county.households.values():
        if home.kind in ("institution", "grandparent"):
            kind = "institution" if home.kind == "institution" else "kin"
            children = [one for one in home.members if days.age(one) < 18 and not one.died_on]
            share = 0.8 if kind == "institution" else 0.12
            found += [(one, kind) for one in children if chance(days.rng, share)]
    return found


def vulnerable_families(days: Days) -> list[VulnerableFamily]:
    """The head and the children of families that a welfare centre serves or served."""
    dimensions, rng = Draw(vocabulary("lives")["dimensions"]), days.rng
    homes = [
        one for one in days.county.households.values()
        if any(days.age(member) < 18 for member in one.members) and not one.members[0].died_on
    ]  # fmt: skip
    found = []
    for home in days.some(homes, 0.022, least=4):
        head = home.members[0]
        opened_on = days.met(head, 600)
        if opened_on is None:
            continue
        closed_on = days.ended(head, opened_on, 0.5)
        visited_on = min(opened_on + timedelta(days=rng.randint(1, 15)), days.as_of)
        if days.is_away(head.key, visited_on):
            visited_on = opened_on
        outcome = rng.choice(["case-managed", "case-managed", "welfare-advice", "under-assessment"])
        more: dict[str, Any] = {
            "dimension": dimensions.one(rng), "opened_on": opened_on, "closed_on": closed_on,
            "level": rng.choice(["high", "medium", "medium", "low"]),
            "visited_on": visited_on, "outcome": outcome,
        }  # fmt: skip
        served = [head, *(one for one in home.members[1:] if days.age(one) < 18)]
        found += [
            VulnerableFamily(person=one.key, **more)
            for one in served
            if one.died_on is None and one.born_on <= opened_on
        ]
    return found
