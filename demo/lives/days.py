"""On which days something can happen to a person: alive, not in custody, not abroad."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

from demo.persons import Person

if TYPE_CHECKING:
    from demo.county import County

T = TypeVar("T")
FEW = 2  # of everything there is at least so much, however small the county


class Days:
    """The calendar of the county's persons; knows who is away when."""

    def __init__(self, county: County, rng: Random) -> None:
        self.county = county
        self.rng = rng
        self.as_of = county.as_of
        self._away: dict[str, list[tuple[date, date]]] = {}
        for key, stay in county.stays.items():
            self.away(key, stay.entered_on, stay.released_on)

    def away(self, key: str, since: date, until: date | None) -> None:
        """From now on nobody meets this person between these days."""
        self._away.setdefault(key, []).append((since, until or date.max))

    def is_away(self, key: str, day: date) -> bool:
        """Whether the person is in custody, abroad or placed elsewhere on `day`."""
        return any(since <= day < until for since, until in self._away.get(key, ()))

    def last(self, person: Person) -> date:
        """The last day on which something can happen to the person, at most the county's day."""
        if person.died_on is None:
            return self.as_of
        return min(person.died_on - timedelta(days=1), self.as_of)

    def age(self, person: Person) -> int:
        """Whole years on the county's day."""
        return person.age_on(self.as_of)

    def past(self, person: Person, most_days: int, not_before: date | None = None) -> date | None:
        """A day within the last `most_days` of the person's life here; None where there is none."""
        last = self.last(person)
        first = max(last - timedelta(days=most_days), not_before or person.born_on)
        if first > last:
            return None
        return first + timedelta(days=self.rng.randint(0, (last - first).days))

    def met(self, person: Person, most_days: int, not_before: date | None = None) -> date | None:
        """Such a day on which somebody can meet the person; None where a few tries find none."""
        for _ in range(4):
            day = self.past(person, most_days, not_before)
            if day is None or not self.is_away(person.key, day):
                return day
        return None

    def ended(self, person: Person, began: date, share: float, most_days: int = 400) -> date | None:
        """When something that began then is over: for a `share` after some time, else by death."""
        if self.rng.random() < share:
            end = began + timedelta(days=self.rng.randint(1, most_days))
            if end <= self.last(person):
                return end
        return person.died_on if person.died_on and person.died_on <= self.as_of else None

    def some(self, of: Iterable[T], share: float, least: int = FEW) -> list[T]:
        """A share of them, at least a few, in their order."""
        pool: Sequence[T] = list(of)
        wanted = min(max(round(len(pool) * share), least), len(pool))
        return [pool[at] for at in sorted(self.rng.sample(range(len(pool)), wanted))]

    def grown(self, low: int, high: int, *, alive: bool = True) -> list[Person]:
        """Persons whose age on the county's day lies between the two."""
        return [
            one for one in self.county.persons.values()
            if low <= self.age(one) <= high and not (alive and one.died_on)
        ]  # fmt: skip

    def here(self, person: Person) -> bool:
        """Alive and within reach on the county's day."""
        return person.died_on is None and not self.is_away(person.key, self.as_of)
