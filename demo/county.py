"""Builds the demo county in memory: the truth that registries and reports are told from."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

from demo.addresses import Address, AddressMaker
from demo.households import Household, HouseholdMaker
from demo.life import Care, Dose, Life, Stay
from demo.lives import Lives, draw_lives
from demo.persons import Person, PersonMaker

OVERDUE_AFTER_DAYS = 90


@dataclass
class County:
    """One synthetic county on one day. Persons and households stand as they were drawn."""

    seed: int
    as_of: date
    code: str
    persons: dict[str, Person]
    households: dict[str, Household]
    care: dict[str, Care]
    stays: dict[str, Stay]
    doses: dict[str, list[Dose]]

    def rng(self, purpose: str) -> Random:
        """A stream of its own for each purpose, so that one part does not disturb another."""
        return Random(f"{self.seed}:{self.as_of.isoformat()}:{self.code}:{purpose}")

    def present(self, person: Person) -> bool:
        """Alive and really living in this county."""
        return person.died_on is None and person.lives_at.county_code == self.code

    def in_prison(self, key: str) -> bool:
        return key in self.stays and self.stays[key].released_on is None

    def in_care(self, key: str) -> bool:
        return key in self.care and self.care[key].closed_on is None

    def overdue(self, key: str) -> bool:
        """Under six with a dose that is overdue by more than three months."""
        if self.persons[key].age_on(self.as_of) >= 6:
            return False
        limit = self.as_of - timedelta(days=OVERDUE_AFTER_DAYS)
        return any(d.given_on is None and d.due_on < limit for d in self.doses.get(key, ()))

    @cached_property
    def dwellings(self) -> dict[Address, list[Person]]:
        """Who really lives together, by door; the dead and the imprisoned left out."""
        together: dict[Address, list[Person]] = defaultdict(list)
        for person in self.persons.values():
            if person.died_on is None and not self.in_prison(person.key):
                together[person.lives_at].append(person)
        return dict(together)

    @cached_property
    def children_of(self) -> dict[str, list[Person]]:
        found: dict[str, list[Person]] = defaultdict(list)
        for person in self.persons.values():
            for parent in (person.father, person.mother):
                if parent:
                    found[parent].append(person)
        return dict(found)

    @cached_property
    def lives(self) -> Lives:
        """What befell the persons beyond home and kin, drawn when first asked for."""
        return draw_lives(self)

    def digest(self) -> str:
        """SHA-256 over everything drawn; equal for equal (seed, as_of, size)."""
        total = hashlib.sha256()
        for person in self.persons.values():
            total.update(repr(person).encode())
        for part in (self.care, self.stays, self.doses):
            total.update(repr(part).encode())
        return total.hexdigest()


def build_county(
    seed: int, as_of: date, persons: int = 60_000, county_code: str = "68000"
) -> County:
    """Draw families until `persons` people exist (the last family may go a few over)."""
    rng = Random(f"{seed}:{as_of.isoformat()}:{county_code}:{persons}")
    maker = PersonMaker(rng, as_of)
    addresses = AddressMaker(rng, county_code)
    families = HouseholdMaker(rng, maker, addresses)
    while len(maker.made) < persons:
        families.draw()
    life = Life(rng, as_of, addresses)
    for household in families.households.values():
        life.befall(household, maker.made)
    return County(
        seed, as_of, county_code, maker.made, families.households,
        life.care, life.stays, life.doses,
    )  # fmt: skip
