"""Invented persons: name by birth year, sex and origin, number, phone."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from demo.addresses import Address
from demo.identity import NumberMaker
from demo.words import Draw, chance, surnames, vocabulary


@dataclass(slots=True)
class Person:
    """One invented person: the truth, before any registry makes mistakes.

    `key` is also the `record_key` of the person's first row in household-registration. `father`,
    `mother`, `spouse`, `former_spouse` are keys. `lives_at` is where the person really lives.
    """

    key: str
    name: str
    romanised: str
    national_id: str
    sex: str
    born_on: date
    origin: str
    phone: str = ""
    phone_2: str = ""
    household: str = ""
    relation: str = "head"
    father: str = ""
    mother: str = ""
    spouse: str = ""
    former_spouse: str = ""
    registered: Address = field(default=None)  # type: ignore[assignment]  # set with the household
    lives_at: Address = field(default=None)  # type: ignore[assignment]
    previous: Address | None = None
    registered_on: date = date(2000, 1, 1)
    left_on: date | None = None
    died_on: date | None = None

    def age_on(self, day: date) -> int:
        birthday_to_come = (day.month, day.day) < (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - birthday_to_come

    @property
    def surname(self) -> str:
        return surname_of(self.name)


COMPOUND = ("歐陽", "張簡", "范姜", "司徒", "上官")


def surname_of(name: str) -> str:
    """Surname of a Han name; a name with a middle dot (indigenous) has none."""
    if "·" in name:
        return ""
    return name[:2] if name.startswith(COMPOUND) else name[:1]


def _falling(characters: str) -> Draw[str]:
    return Draw({c: 1 / (rank + 5) for rank, c in enumerate(characters)})


class PersonMaker:
    """Draws persons one after another; the order of draws is part of the seed's meaning.

    Numbers and phones in `taken` are not given out again.
    """

    def __init__(self, rng: Random, as_of: date, taken: frozenset[str] = frozenset()) -> None:
        self.rng = rng
        self.as_of = as_of
        self.numbers = NumberMaker(rng, taken)
        self.made: dict[str, Person] = {}
        self._cohorts = [
            (r["until"], r["sex"], _falling(r["first"]), _falling(r["second"]), r["single"])
            for r in vocabulary("given_names")
        ]
        others = vocabulary("names_other")
        self._indigenous = others["indigenous"]
        self._immigrants = others["immigrants"]
        self._nations = Draw({nation: row["weight"] for nation, row in self._immigrants.items()})

    def person(self, sex: str, age: int, surname: str = "", origin: str = "han") -> Person:
        """A new person of `age` years, entered in `made`."""
        born_on = self._birthday(age)
        if origin == "immigrant":
            origin = self._nations.one(self.rng)
        name, romanised = self._name(sex, born_on.year, surname, origin)
        person = Person(
            key=f"H{len(self.made) + 1:07d}",
            name=name,
            romanised=romanised,
            national_id=self._number(sex, born_on.year, origin),
            sex=sex,
            born_on=born_on,
            origin=origin,
        )
        if age >= 12 and chance(self.rng, 0.86 if age < 75 else 0.45):
            person.phone = self.numbers.mobile()
        self.made[person.key] = person
        return person

    def surname(self) -> str:
        return surnames().one(self.rng)

    def given(self, sex: str, birth_year: int) -> str:
        for until, cohort_sex, first, second, single in self._cohorts:
            if birth_year <= until and sex == cohort_sex:
                if chance(self.rng, 0.035):
                    return str(self.rng.choice(single))
                return first.one(self.rng) + second.one(self.rng)
        raise ValueError(f"no given names for {sex} {birth_year}")

    def _birthday(self, age: int) -> date:
        days = age * 365.2425 + self.rng.random() * 364
        return self.as_of - timedelta(days=int(days))

    def _name(self, sex: str, year: int, surname: str, origin: str) -> tuple[str, str]:
        if origin == "han":
            return (surname or self.surname()) + self.given(sex, year), ""
        if origin == "indigenous":
            return self._indigenous_name(sex, year, surname)
        row = self._immigrants[origin]
        family_han, family = self.rng.choice(row["surnames"])
        given_han, given = self.rng.choice(row[sex] if sex in row else row["F"])
        return family_han + given_han, f"{family} {given}"

    def _indigenous_name(self, sex: str, year: int, surname: str) -> tuple[str, str]:
        """Traditional name in Han script, in Latin alone, or a Han name."""
        first_han, first = self.rng.choice(self._indigenous[sex])
        second_han, second = self.rng.choice(self._indigenous["second"])
        roll = self.rng.random()
        if roll < 0.3:
            return f"{first_han}·{second_han}", f"{first}·{second}"
        if roll < 0.36:
            return f"{first}·{second}", f"{first}·{second}"
        han = (surname or self.surname()) + self.given(sex, year)
        return han, f"{first}·{second}" if roll < 0.6 else ""

    def _number(self, sex: str, birth_year: int, origin: str) -> str:
        if origin in ("han", "indigenous") or chance(self.rng, 0.45):  # naturalised
            return self.numbers.national_id(sex, birth_year)
        if chance(self.rng, 0.25):
            return self.numbers.old_arc(sex)
        return self.numbers.new_arc(sex, mainland=origin == "mainland")
