"""What happened to the families: moves, deaths, prison, psychiatric care, missed vaccinations."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.addresses import AddressMaker
from demo.households import Household
from demo.persons import Person
from demo.words import Draw, chance, vocabulary

CARE_LEVELS = Draw({1: 12, 2: 22, 3: 30, 4: 26, 5: 10})
# Vaccine, dose, due at this age in days: the usual schedule of the first years, thinned out.
SCHEDULE = [
    ("HepB", 1, 1), ("DTaP-IPV-Hib", 1, 61), ("PCV13", 1, 61), ("DTaP-IPV-Hib", 2, 122),
    ("BCG", 1, 152), ("DTaP-IPV-Hib", 3, 183), ("MMR", 1, 365), ("Varicella", 1, 365),
    ("JE", 1, 457), ("DTaP-IPV-Hib", 4, 548), ("JE", 2, 822), ("MMR", 2, 1826),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Care:
    """Follow-up of a psychiatric patient; level 1 is visited most often, 5 least."""

    level: int
    registered_on: date
    closed_on: date | None
    last_visit_on: date | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in prison; open while `released_on` is None."""

    entered_on: date
    expected_release_on: date
    released_on: date | None
    facility: str


@dataclass(frozen=True, slots=True)
class Dose:
    vaccine: str
    dose: int
    due_on: date
    given_on: date | None


class Life:
    """Goes once over the drawn families, in the order of their keys."""

    def __init__(self, rng: Random, as_of: date, addresses: AddressMaker) -> None:
        self.rng = rng
        self.as_of = as_of
        self.addresses = addresses
        self.care: dict[str, Care] = {}
        self.stays: dict[str, Stay] = {}
        self.doses: dict[str, list[Dose]] = {}
        self.prisons: list[str] = vocabulary("places")["prisons"]

    def befall(self, household: Household, persons: dict[str, Person]) -> None:
        self._move_household(household)
        for person in household.members:
            age = person.age_on(self.as_of)
            self._move_person(person, age, persons)
            self._end(person, age)
            if person.died_on is None:
                self._enter_care(person, age)
                self._imprison(person, age)
            if age < 6:
                self.doses[person.key] = self._vaccinate(person)

    def _move_household(self, household: Household) -> None:
        members = household.members
        if members[0].lives_at is members[0].registered and chance(self.rng, 0.075):
            away = chance(self.rng, 0.2)
            door = self.addresses.elsewhere() if away else self.addresses.here()
            for person in members:
                person.lives_at = door
        if chance(self.rng, 0.16):
            away = chance(self.rng, 0.3)
            previous = self.addresses.elsewhere() if away else self.addresses.here()
            for person in members:
                if person.registered_on > person.born_on:
                    person.previous = previous
        if chance(self.rng, 0.012):
            left_on = self.as_of - timedelta(days=self.rng.randint(10, 1500))
            door = self.addresses.elsewhere()
            for person in members:
                if person.registered_on < left_on:
                    person.left_on, person.lives_at = left_on, door

    def _move_person(self, person: Person, age: int, persons: dict[str, Person]) -> None:
        share = 0.16 if 18 <= age <= 25 else 0.03
        if person.lives_at is not person.registered or not chance(self.rng, share):
            return
        elder = self._grandparent(person, persons)
        if age < 16:
            if elder:
                person.lives_at = elder.lives_at
            return
        away = chance(self.rng, 0.35)
        person.lives_at = self.addresses.elsewhere() if away else self.addresses.here()

    @staticmethod
    def _grandparent(person: Person, persons: dict[str, Person]) -> Person | None:
        for parent in (persons.get(person.father), persons.get(person.mother)):
            if parent and (parent.father or parent.mother):
                found = persons.get(parent.mother) or persons.get(parent.father)
                if found and found.died_on is None:
                    return found
        return None

    def _end(self, person: Person, age: int) -> None:
        yearly = 0.0004 if age < 50 else 0.004 if age < 75 else 0.03
        if person.died_on is None and chance(self.rng, yearly * 2):
            person.died_on = self._past(700, person.registered_on)

    def _enter_care(self, person: Person, age: int) -> None:
        if not 16 <= age <= 85 or not chance(self.rng, 0.008):
            return
        registered_on = self._past(3600, person.born_on)
        closed = chance(self.rng, 0.18)
        visited = None if chance(self.rng, 0.07) else self._past(200, registered_on)
        closed_on = self._past(300, registered_on) if closed else None
        self.care[person.key] = Care(CARE_LEVELS.one(self.rng), registered_on, closed_on, visited)

    def _imprison(self, person: Person, age: int) -> None:
        share = 0.0075 if person.sex == "M" else 0.0012
        if not 20 <= age <= 68 or not chance(self.rng, share):
            return
        entered_on = self._past(2200, person.born_on)
        expected = entered_on + timedelta(days=self.rng.randint(90, 3000))
        released_on = None
        if expected < self.as_of:
            released_on = expected
        elif chance(self.rng, 0.1) and (self.as_of - entered_on).days > 200:  # parole
            released_on = self._past(180, entered_on)
        self.stays[person.key] = Stay(
            entered_on, expected, released_on, self.rng.choice(self.prisons)
        )

    def _vaccinate(self, person: Person) -> list[Dose]:
        """One child in fourteen falls behind from some age on and stays behind."""
        behind_from = self.rng.randint(30, 900) if chance(self.rng, 0.07) else 10_000
        doses = []
        for vaccine, dose, age_days in SCHEDULE:
            due_on = person.born_on + timedelta(days=age_days)
            if due_on > self.as_of + timedelta(days=60):
                continue
            given_on: date | None = due_on + timedelta(days=self.rng.randint(0, 25))
            if age_days >= behind_from or (given_on and given_on > self.as_of):
                given_on = None
            doses.append(Dose(vaccine, dose, due_on, given_on))
        return doses

    def _past(self, most_days: int, not_before: date) -> date:
        day = self.as_of - timedelta(days=self.rng.randint(1, most_days))
        return max(day, not_before)
