"""Finds the people of a report: who is in need, who is accused, who is at home."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from random import Random

from demo.addresses import Address
from demo.county import County
from demo.persons import Person
from demo.words import chance

Pair = tuple[Person | None, Person | None]


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of one event; `respondent` is the carer where nobody is accused."""

    need: Person | None
    respondent: Person | None
    others: tuple[Person, ...]
    kind: str

    @property
    def door(self) -> Address | None:
        person = self.need or self.respondent
        return person.lives_at if person else None


def relation(county: County, other: Person, need: Person) -> tuple[str, str]:
    """What `other` is to `need`: (English word of the formats' example, Chinese word)."""
    female = other.sex == "F"
    people = county.persons
    parents = [people[k] for k in (need.father, need.mother) if k]
    if other.key in (need.father, need.mother):
        return ("mother", "母親") if female else ("father", "父親")
    if need.key in (other.father, other.mother):
        return ("daughter", "女兒") if female else ("son", "兒子")
    if other.key == need.spouse:
        return ("wife", "太太") if female else ("husband", "先生")
    if other.key == need.former_spouse:
        return ("ex-wife", "前妻") if female else ("ex-husband", "前夫")
    if any(other.key in (p.father, p.mother) for p in parents):
        return ("grandmother", "祖母") if female else ("grandfather", "祖父")
    above = [people[k] for k in (other.father, other.mother) if k]
    if any(need.key in (p.father, p.mother) for p in above):
        return ("granddaughter", "孫女") if female else ("grandson", "孫子")
    if {other.father, other.mother} & {need.father, need.mother} - {""}:
        return ("sister", "姊妹") if female else ("brother", "兄弟")
    if county.households[other.household].kind == "cohabiting-partner":
        adult = need.age_on(county.as_of) >= 18
        parent = "father" if female else "mother"
        word = "父親" if female else "母親"
        return ("partner", "同居人") if adult else (f"{parent}'s partner", f"{word}同居人")
    if other.lives_at == need.lives_at:
        return "relative", "親屬"
    return "acquaintance", "認識的人"


class Casting:
    """Pools of fitting people by kind of cast, each made when first asked for."""

    def __init__(self, county: County, rng: Random) -> None:
        self.county = county
        self.rng = rng
        self._by_ages: dict[tuple[str, int, int], list[Pair]] = {}

    def cast(self, name: str, ages: tuple[int, int], kind: str, on: date) -> Cast:
        """A family that fits on that day; `ages` (as of today) bounds the one in need.

        A county too small for a fitting family gives a person of that age alone.
        """
        if name == "nobody":
            return Cast(None, None, (), kind)
        pool = self.pool(name, ages) or self.pool("anybody", ages) or self.pool("anybody", (0, 120))
        for _ in range(50):
            need, respondent = self.rng.choice(pool)
            if need and need.born_on < on:
                break
        others = tuple(p for p in self.at_home(need, respondent) if p.born_on < on)
        return Cast(need, respondent, others, kind)

    def pool(self, name: str, ages: tuple[int, int]) -> list[Pair]:
        asked = (name, *ages)
        if asked not in self._by_ages:
            low, high = ages
            self._by_ages[asked] = [
                pair for pair in self._pools(name) if pair[0] and low <= self.age(pair[0]) <= high
            ]
        return self._by_ages[asked]

    def at_home(self, need: Person | None, respondent: Person | None) -> tuple[Person, ...]:
        if need is None:
            return ()
        home = self.county.dwellings.get(need.lives_at, [])
        return tuple(p for p in home if p is not need and p is not respondent)[:6]

    def age(self, person: Person) -> int:
        return person.age_on(self.county.as_of)

    def _pools(self, name: str) -> list[Pair]:
        fitting = FITTING.get(name)
        if fitting is None:
            return [(p, None) for p in self._present]
        found: list[Pair] = []
        for person in self._present:
            found.extend(fitting(self, person))
        return found

    @cached_property
    def _present(self) -> list[Person]:
        county = self.county
        return [
            p for p in county.persons.values() if county.present(p) and not county.in_prison(p.key)
        ]

    @cached_property
    def _homes(self) -> dict[str, list[Person]]:
        homes: dict[str, list[Person]] = defaultdict(list)
        for together in self.county.dwellings.values():
            if len(together) < 9:  # institutions and their like are no families
                for person in together:
                    homes[person.key] = [p for p in together if p is not person]
        return homes

    def adults(self, person: Person) -> list[Person]:
        return [p for p in self._homes.get(person.key, ()) if self.age(p) >= 18]

    def raisers(self, child: Person) -> list[Person]:
        """Parents and a parent's partner at the child's home."""
        return [
            p
            for p in self.adults(child)
            if p.key in (child.father, child.mother)
            or self.county.households[p.household].kind == "cohabiting-partner"
        ]

    def child_parent(self, child: Person) -> list[Pair]:
        return [(child, p) for p in self.raisers(child)] if self.age(child) < 18 else []

    def child_need(self, child: Person) -> list[Pair]:
        return self.child_parent(child)[:1]

    def couple(self, person: Person) -> list[Pair]:
        """Spouses, cohabitants and the divorced; the woman is the one in need in five of six."""
        if person.sex == "M" and self.rng.random() < 0.8:
            return []
        home = self._homes.get(person.key, ())
        found: list[Pair] = [(person, p) for p in home if p.key == person.spouse]
        former = self.county.persons.get(person.former_spouse)
        if former and former.died_on is None and chance(self.rng, 0.3):
            found.append((person, former))
        return found

    def couple_child(self, child: Person) -> list[Pair]:
        if self.age(child) >= 18:
            return []
        raisers = self.raisers(child)
        mother = next((p for p in raisers if p.key == child.mother), None)
        return [(child, p) for p in raisers if mother and p.key == mother.spouse]

    def with_grown_child(self, person: Person) -> list[Pair]:
        home = self._homes.get(person.key, ())
        return [
            (person, p) for p in home if person.key in (p.father, p.mother) and self.age(p) >= 16
        ]

    def with_relative(self, person: Person) -> list[Pair]:
        return [(person, p) for p in self.adults(person)[:1]]

    def with_patient(self, person: Person) -> list[Pair]:
        if self.age(person) < 18:
            return []
        return [(person, p) for p in self.adults(person) if self.county.in_care(p.key)]

    def patient(self, person: Person) -> list[Pair]:
        return [(person, None)] if self.county.in_care(person.key) else []

    def grandchild(self, child: Person) -> list[Pair]:
        if self.age(child) >= 18 or self.raisers(child):
            return []
        old = [p for p in self.adults(child) if self.age(p) >= 50]
        return [(child, p) for p in old[:1]]

    def prison_child(self, child: Person) -> list[Pair]:
        people = self.county.persons
        keys = [k for k in (child.father, child.mother) if k and self.county.in_prison(k)]
        return [(child, people[k]) for k in keys] if self.age(child) < 18 else []

    def overdue_child(self, child: Person) -> list[Pair]:
        return self.child_parent(child)[:1] if self.county.overdue(child.key) else []

    def girl(self, person: Person) -> list[Pair]:
        return [(person, None)] if person.sex == "F" else []


FITTING: dict[str, Callable[[Casting, Person], list[Pair]]] = {
    "child-parent": Casting.child_parent,
    "child-need": Casting.child_need,
    "couple": Casting.couple,
    "couple-child": Casting.couple_child,
    "elder-child": Casting.with_grown_child,
    "parent-adult-child": Casting.with_grown_child,
    "adult-relative": Casting.with_relative,
    "patient-violence": Casting.with_patient,
    "patient-need": Casting.patient,
    "grandchild-need": Casting.grandchild,
    "prison-child": Casting.prison_child,
    "overdue-child": Casting.overdue_child,
    "teen-girl": Casting.girl,
    "adult-outsider": Casting.girl,
}
