"""What the household picture says to triage.

A source that was late or not asked leaves its input unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Unknown
from anwang.triage.rules.ages import AgeRange, age_range, any_of, is_under

Picture = Mapping[str, Any]
Member = Mapping[str, Any]
Answer = bool | Unknown

_CONCLUSIVE: Final = frozenset({"value", "none"})
_NOT_NOW: Final = frozenset({"withdrawn", "ended", "withheld", "none"})


class HouseholdView:
    """A picture on one day, asked by subject index or person.

    Reads leniently: a missing part says nothing.
    """

    def __init__(self, picture: Picture, day: date) -> None:
        self.day = day
        self.members: list[Member] = [m for m in _listed(picture, "members") if not m.get("dead")]
        self.edges: list[Mapping[str, Any]] = _listed(picture, "edges")
        self.living = {str(pid) for pid in picture.get("living_together") or ()}
        self.kin = {str(pid) for pid in picture.get("kin") or ()}
        self._registered = {str(pid) for pid in picture.get("registered_together") or ()}
        self._facts = _listed(picture, "facts")
        self._states = {
            (str(said.get("person_id")), said.get("source")): said.get("state")
            for said in _listed(picture, "lookups")
        }
        self._given_prior = picture.get("prior_reports_12m")

    def member_of(self, subject: int) -> Member | None:
        """The member whom subject number `subject` of the report was matched to."""
        return next((m for m in self.members if m.get("subject") == subject), None)

    def person_of(self, subject: int) -> str | None:
        """The person id of that member."""
        member = self.member_of(subject)
        return None if member is None else str(member["person_id"])

    def age(self, member: Member) -> AgeRange | None:
        """The member's age on the day, from the date of birth or the age given."""
        if member.get("born_on"):
            return age_range(member["born_on"], self.day)
        years = member.get("age")
        return (years, years) if isinstance(years, int) else None

    def has_fact(self, person: str, kinds: Iterable[str]) -> bool:
        """Whether a fact of one of `kinds` about the person holds on the day."""
        wanted = set(kinds)
        return any(
            fact.get("kind") in wanted
            and str(fact.get("person_id")) == person
            and self._holds(fact)
            for fact in self._facts
        )

    def _holds(self, fact: Mapping[str, Any]) -> bool:
        today = self.day.isoformat()
        begins, ends = str(fact.get("valid_from") or ""), str(fact.get("valid_to") or "")
        if fact.get("state") in _NOT_NOW:
            return False
        return begins[:10] <= today and (not ends or ends[:10] > today)

    def is_conclusive(self, person: str, source: str) -> bool:
        """Whether the source answered about the person, with a value or with none."""
        return self._states.get((person, source)) in _CONCLUSIVE

    def asked(self, persons: Sequence[str | None], kinds: Iterable[str], source: str) -> Answer:
        """Yes if a fact holds for anyone; no only if there is someone and all were answered for."""
        listed = list(kinds)
        if any(person is not None and self.has_fact(person, listed) for person in persons):
            return True
        answered = [p is not None and self.is_conclusive(p, source) for p in persons]
        return False if answered and all(answered) else UNKNOWN

    def young_at_home(self, limit: int, source: str) -> Answer:
        """Whether someone under `limit` lives here.

        No only if the register answered for all who do.
        """
        here = [m for m in self.members if str(m["person_id"]) in self.living | self._registered]
        answer = any_of(is_under(limit, self.age(m)) for m in here)
        if answer is not False:
            return answer
        ok = self.living and all(self.is_conclusive(str(m["person_id"]), source) for m in here)
        return False if ok else UNKNOWN

    def younger_than(self, limit: int, least: int = 0) -> list[str]:
        """Members surely of age `least` to under `limit`."""
        return [
            str(member["person_id"])
            for member in self.members
            if (ages := self.age(member)) and least <= ages[0] and ages[1] < limit
        ]

    def parents_of(self, children: Iterable[str]) -> list[str]:
        """Persons with a parent edge to one of `children`."""
        wanted = set(children)
        return [
            str(e["from"])
            for e in self.edges
            if e.get("kind") == "parent" and str(e["to"]) in wanted
        ]

    def parent_under(self, limit: int, children: Iterable[str]) -> Answer:
        """Whether a parent of one of `children` is younger than `limit`."""
        parents = set(self.parents_of(children))
        ages = {str(m["person_id"]): self.age(m) for m in self.members}
        return any_of(is_under(limit, ages.get(parent)) for parent in parents)

    def live_together(self, one: str | None, other: str | None, source: str) -> Answer:
        """Whether two persons live together; no only if the register answered.

        For both and neither list joins them.
        """
        if one is None or other is None:
            return UNKNOWN
        if {one, other} <= self.living:
            return True
        answered = self.is_conclusive(one, source) and self.is_conclusive(other, source)
        apart = bool({one, other} & self.living) and not {one, other} <= self._registered
        return False if answered and apart else UNKNOWN

    def relation(self, respondent: str | None, victim: str | None) -> str | None:
        """Group of the respondent's relation to the victim by registered kinship, or None."""
        if respondent is None or victim is None:
            return None
        for edge in self.edges:
            ends = (str(edge.get("from")), str(edge.get("to")))
            if edge.get("kind") == "parent" and ends == (respondent, victim):
                return "parent"
            if edge.get("kind") == "parent" and ends == (victim, respondent):
                return "child"
            if edge.get("kind") == "spouse" and set(ends) == {respondent, victim}:
                return "partner"
        return "other-family" if {respondent, victim} <= self.kin else None

    def prior_reports(self, persons: Sequence[str | None], kinds: Iterable[str]) -> int | Unknown:
        """Other reports that name one of the persons within 12 months before the day.

        One a day and person at most.
        """
        if isinstance(self._given_prior, int):
            return self._given_prior
        known = [person for person in persons if person is not None]
        if not known:
            return UNKNOWN
        wanted, since = set(kinds), (self.day - timedelta(days=365)).isoformat()
        days = {
            (str(fact.get("person_id")), str(fact.get("valid_from"))[:10])
            for fact in self._facts
            if fact.get("kind") in wanted and str(fact.get("person_id")) in known
        }
        return max(
            sum(p == person and since <= day < self.day.isoformat() for p, day in days)
            for person in known
        )


def without_report(picture: Picture, receipt: str) -> dict[str, Any]:
    """The picture without facts of this very report, which a second look would find."""
    facts = [
        fact
        for fact in picture.get("facts", ())
        if not (isinstance(fact.get("value"), dict) and fact["value"].get("report") == receipt)
    ]
    return {**picture, "facts": facts}


def _listed(picture: Picture, name: str) -> list[Mapping[str, Any]]:
    return [item for item in picture.get(name) or () if isinstance(item, Mapping)]
