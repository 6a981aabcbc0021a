"""Families of the demo county: who is registered together, and their kin elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from demo.addresses import Address, AddressMaker
from demo.persons import Person, PersonMaker
from demo.words import Draw, chance


@dataclass(slots=True)
class Household:
    """A registered household (戶): not the dwelling and not the family. Head first."""

    key: str
    kind: str
    members: list[Person]


# Shares of newly drawn families; with their kin households the mean size comes to about 2.4.
KINDS = Draw(
    {
        "single": 23,
        "couple": 20,
        "nuclear": 27,
        "single-parent": 9.5,
        "three-generation": 7.5,
        "grandparent": 1.8,
        "elder-with-child": 7,
        "lodgers": 1.6,
        "students": 0.8,
        "institution": 0.04,
    }
)
SINGLE_AGES = Draw({(20, 34): 26, (35, 49): 24, (50, 64): 24, (65, 79): 26, (80, 97): 10})
COUPLE_AGES = Draw({(22, 39): 20, (40, 59): 24, (60, 74): 38, (75, 92): 18})
CHILDREN = Draw({1: 44, 2: 44, 3: 10, 4: 2})


class HouseholdMaker:
    """Draws one family after another into `households`."""

    def __init__(self, rng: Random, persons: PersonMaker, addresses: AddressMaker) -> None:
        self.rng = rng
        self.persons = persons
        self.addresses = addresses
        self.households: dict[str, Household] = {}
        self._makers: dict[str, Callable[[], None]] = {
            "single": self.single,
            "couple": self.couple,
            "nuclear": self.nuclear,
            "single-parent": self.single_parent,
            "three-generation": self.three_generation,
            "grandparent": self.grandparent,
            "elder-with-child": self.elder_with_child,
            "lodgers": self.lodgers,
            "students": self.students,
            "institution": self.institution,
        }

    def draw(self) -> None:
        self._makers[KINDS.one(self.rng)]()

    def single(self) -> None:
        low, high = SINGLE_AGES.one(self.rng)
        self._settle("single", [self._anybody(low, high)])

    def couple(self) -> None:
        low, high = COUPLE_AGES.one(self.rng)
        self._settle("couple", self._pair(self.rng.randint(low, high)))

    def nuclear(self) -> None:
        father, mother = self._pair(self._parent_age())
        children = self._children(father, mother)
        head, spouse = (mother, father) if chance(self.rng, 0.2) else (father, mother)
        head.relation, spouse.relation = "head", "spouse"
        self._settle("nuclear", [head, spouse, *children])
        if father.age_on(self.persons.as_of) < 55 and chance(self.rng, 0.22):
            self._elders_of(self.rng.choice((father, mother)))

    def single_parent(self) -> None:
        """Divorced, widowed or never married; the other parent lives on alone."""
        father, mother = self._pair(self._parent_age())
        children = self._children(father, mother)
        stays, leaves = (mother, father) if chance(self.rng, 0.7) else (father, mother)
        stays.relation, stays.spouse, leaves.spouse = "head", "", ""
        stays.former_spouse, leaves.former_spouse = leaves.key, stays.key
        home = self._settle("single-parent", [stays, *children])
        leaves.relation = "head"
        self._settle("single", [leaves])
        if chance(self.rng, 0.2):
            partner_sex = "F" if stays.sex == "M" else "M"
            partner = self.persons.person(partner_sex, stays.age_on(self.persons.as_of) + 1)
            self._settle("cohabiting-partner", [partner])
            partner.lives_at = home
        elif chance(self.rng, 0.2):
            self._elders_of(stays)

    def three_generation(self) -> None:
        father, mother = self._pair(self._parent_age(high=48))
        children = self._children(father, mother)
        elders = self._make_elders(father)
        head = elders[0]
        for elder in elders[1:]:
            elder.relation = "spouse"
        father.relation, mother.relation, head.relation = "child", "child-in-law", "head"
        for child in children:
            child.relation = "grandchild"
        self._settle("three-generation", [*elders, father, mother, *children])

    def grandparent(self) -> None:
        """Grandparents raise the child; its parents are registered elsewhere."""
        father, mother = self._pair(self.rng.randint(24, 42))
        children = self._children(father, mother, most=2, oldest=15)
        elders = self._make_elders(self.rng.choice((father, mother)))
        for elder in elders[1:]:
            elder.relation = "spouse"
        for child in children:
            child.relation = "grandchild"
        self._settle("grandparent", [*elders, *children])
        father.spouse, mother.spouse = "", ""
        for parent in (father, mother):
            self._settle("single", [parent])

    def elder_with_child(self) -> None:
        child = self._anybody(32, 60)
        elders = self._make_elders(child)
        for elder in elders[1:]:
            elder.relation = "spouse"
        child.relation = "child"
        self._settle("elder-with-child", [*elders, child])

    def lodgers(self) -> None:
        head = self._anybody(45, 80)
        guests = [self._anybody(20, 60) for _ in range(self.rng.randint(1, 3))]
        for guest in guests:
            guest.relation = "lodger"
        self._settle("lodgers", [head, *guests])

    def students(self) -> None:
        mates = [self._anybody(18, 23) for _ in range(self.rng.randint(2, 4))]
        for mate in mates[1:]:
            mate.relation = "lodger"
        self._settle("students", mates)

    def institution(self) -> None:
        """A care home or children's home: everybody is registered as `other` to its head."""
        low, high = (66, 96) if chance(self.rng, 0.7) else (3, 17)
        guests = [self._anybody(low, high) for _ in range(self.rng.randint(9, 26))]
        head = self._anybody(35, 62)
        for guest in guests:
            guest.relation = "other"
        self._settle("institution", [head, *guests])

    def _parent_age(self, high: int = 68) -> int:
        return int(self.rng.triangular(25, high, min(52, high - 4)))

    def _origin(self) -> str:
        return "indigenous" if chance(self.rng, 0.036) else "han"

    def _anybody(self, low: int, high: int) -> Person:
        sex = "F" if chance(self.rng, 0.505) else "M"
        origin = "immigrant" if chance(self.rng, 0.006) else self._origin()
        return self.persons.person(sex, self.rng.randint(low, high), origin=origin)

    def _pair(self, age: int) -> tuple[Person, Person]:
        """Husband and wife; one wife in twenty is a new immigrant."""
        origin = self._origin()
        immigrant = age < 66 and chance(self.rng, 0.055)
        younger = self.rng.randint(4, 14) if immigrant else self.rng.randint(-2, 6)
        husband = self.persons.person("M", age, origin=origin)
        wife_origin = "immigrant" if immigrant else origin if chance(self.rng, 0.6) else "han"
        wife = self.persons.person("F", max(age - younger, 19), origin=wife_origin)
        husband.spouse, wife.spouse = wife.key, husband.key
        wife.relation = "spouse"
        if wife.origin == "han" and age > 68 and husband.origin == "han" and chance(self.rng, 0.12):
            wife.name = husband.surname + wife.name  # married surname before her own (冠姓)
        return husband, wife

    def _children(
        self, father: Person, mother: Person, most: int = 4, oldest: int = 38
    ) -> list[Person]:
        mother_age = mother.age_on(self.persons.as_of)
        age = mother_age - int(self.rng.triangular(18, min(41, max(mother_age, 19)), 29))
        children: list[Person] = []
        for _ in range(min(CHILDREN.one(self.rng), most)):
            age = min(max(age, 0), oldest)
            origin = "indigenous" if father.origin == "indigenous" else "han"
            after = mother if chance(self.rng, 0.05) and mother.surname else father
            sex = "F" if chance(self.rng, 0.48) else "M"
            child = self.persons.person(sex, age, surname=after.surname, origin=origin)
            child.relation, child.father, child.mother = "child", father.key, mother.key
            children.append(child)
            age -= self.rng.randint(1, 4)
            if age < 0:
                break
        return children

    def _make_elders(self, child: Person) -> list[Person]:
        """Both parents of a grown person, the first alive; not yet registered anywhere."""
        age = child.age_on(self.persons.as_of) + self.rng.randint(22, 34)
        father, mother = self._pair(min(age, 97))
        if father.origin == "han" and child.origin == "han":
            own = mother.name[len(father.surname) :]
            prefixed = mother.name.startswith(father.surname) and len(own) > 2
            father.name = child.surname + father.name[len(father.surname) :]
            if prefixed:
                mother.name = child.surname + own
        child.father, child.mother = father.key, mother.key
        if not chance(self.rng, 0.45):
            return [father, mother]
        stays, gone = (mother, father) if chance(self.rng, 0.72) else (father, mother)
        gone.died_on = self.persons.as_of - timedelta(days=self.rng.randint(40, 5000))
        stays.spouse, stays.relation = "", "head"
        return [stays, gone]

    def _elders_of(self, child: Person) -> None:
        head, other = self._make_elders(child)
        other.relation = "spouse"
        self._settle("single" if other.died_on else "couple", [head, other])

    def _settle(self, kind: str, members: list[Person] | tuple[Person, ...]) -> Address:
        """Register `members` together at a new door where they also live; the first is the head."""
        key = f"F{len(self.households) + 1:07d}"
        mountain = members[0].origin == "indigenous" and chance(self.rng, 0.25)
        address = self.addresses.here("復興區" if mountain else "")
        settled_on = self._settled_on(members[0])
        landline = self.persons.numbers.landline() if chance(self.rng, 0.3) else ""
        for person in members:
            person.household = key
            person.phone_2 = landline if person.phone else ""
            person.registered = person.lives_at = address
            latest = person.died_on - timedelta(days=30) if person.died_on else settled_on
            person.registered_on = max(min(settled_on, latest), person.born_on)
        self.households[key] = Household(key, kind, list(members))
        return address

    def _settled_on(self, head: Person) -> date:
        grown_for = max((self.persons.as_of - head.born_on).days - 20 * 365, 60)
        return self.persons.as_of - timedelta(days=int(self.rng.random() * min(grown_for, 9000)))
