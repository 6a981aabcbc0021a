"""Finds risk signals in a household picture: for now or for any past day the picture was drawn for.

Three answers, not two: a signal *holds*, does not, or *cannot be told* because a source has not
answered (V7). What cannot be told is kept only where something of it is known to hold, so that
silence alone raises nobody's name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from anwang.households.rules.evidence import KNOWN_STATES, Edge
from anwang.households.rules.kin import relation_to
from anwang.households.rules.signals import (
    AgeTest,
    AnyTest,
    ApartTest,
    FactTest,
    HomeTest,
    Signal,
    Test,
    TieTest,
    ValueTest,
    ViolenceTest,
)
from anwang.registries.rules.fact_kinds import load_fact_kinds

MOST_OF_A_SIGNAL: Final = 12  # choices of members shown of one signal; beyond, nobody reads on

Person = Mapping[str, Any]
Fact = Mapping[str, Any]
Asked = tuple[str, str]  # person, source


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or (None) cannot be told; with the facts and ties that say so and who was silent."""

    holds: bool | None
    facts: tuple[Fact, ...] = ()
    violence: tuple[Mapping[str, Any], ...] = ()
    silent: tuple[Asked, ...] = ()


YES: Final = Answer(True)
NO: Final = Answer(False)
CANNOT_TELL: Final = Answer(None)


@dataclass(frozen=True, slots=True)
class SignalFound:
    """A signal with those it is about. `certain` False: it cannot be ruled out.

    `since`: the day on which the newest of its reasons began; `fades_on`: when it is past.
    """

    signal: Signal
    members: tuple[tuple[str, str], ...]
    certain: bool
    facts: tuple[Fact, ...]
    violence: tuple[Mapping[str, Any], ...]
    silent: tuple[Asked, ...]
    since: date | None
    fades_on: date | None

    @property
    def key(self) -> str:
        """The same for the same signal about the same persons."""
        return " ".join((self.signal.id, *(pid for _, pid in self.members)))


def signals_in(
    picture: Mapping[str, Any],
    signals: Iterable[Signal],
    telling: Mapping[str, frozenset[str]],
) -> list[SignalFound]:
    """What holds, then what cannot be ruled out; in each, danger before concern.

    `telling`: kind of fact -> the delivering sources that yield it; their silence is not a no.
    """
    search = _Search(picture, telling)
    found = [one for signal in signals for one in search.found(signal)]
    return sorted(found, key=lambda one: (not one.certain, one.signal.weight != "danger", one.key))


@dataclass(slots=True)
class _Search:
    """One picture, made ready to be asked."""

    picture: Mapping[str, Any]
    telling: Mapping[str, frozenset[str]]
    day: date = field(init=False)
    members: dict[str, Person] = field(init=False)
    facts: dict[tuple[str, str], list[Fact]] = field(init=False)
    states: dict[Asked, str] = field(init=False)
    ties: dict[tuple[str, str], set[str]] = field(init=False)
    parents: dict[str, set[str]] = field(init=False)
    apart: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.day = date.fromisoformat(self.picture["as_of"])
        self.members = {
            one["person_id"]: one for one in self.picture["members"] if not one.get("dead")
        }
        self.facts = {}
        for fact in self.picture["facts"]:
            self.facts.setdefault((fact["person_id"], fact["kind"]), []).append(fact)
        self.states = {
            (one["person_id"], one["source"]): one["state"] for one in self.picture["lookups"]
        }
        edges = [_edge(one) for one in self.picture["edges"]]
        lasting = [one for one in edges if one.until is None]
        self.ties = {}
        for other in self.members:
            for pid, tie in relation_to(other, lasting).items():
                self._tied(pid, other, tie)
        self.parents = {}
        self.apart = _apart_kinds()
        for one in edges:
            if one.kind == "parent":
                self.parents.setdefault(one.to_id, set()).add(one.from_id)
            elif one.kind == "spouse" and one.until is not None:
                self._tied(one.from_id, one.to_id, "former-spouse")
                self._tied(one.to_id, one.from_id, "former-spouse")
            elif one.kind == "guardian":
                self._tied(one.from_id, one.to_id, "guardian")
                self._tied(one.to_id, one.from_id, "ward")

    def _tied(self, pid: str, other: str, tie: str) -> None:
        self.ties.setdefault((pid, other), set()).add(tie)

    def found(self, signal: Signal) -> Iterator[SignalFound]:
        """The signal for every choice of members that meets it, at most so many."""
        shown = 0
        for chosen, answers in self._choices(signal.members, {}, ()):
            silent = self._nobody(signal, chosen)
            if silent is None:
                continue
            one = self._made(signal, chosen, (*answers, silent))
            if one is not None and shown < MOST_OF_A_SIGNAL:
                shown += 1
                yield one

    def _choices(
        self,
        left: Sequence[tuple[str, tuple[Test, ...]]],
        chosen: Mapping[str, str],
        answers: tuple[Answer, ...],
    ) -> Iterator[tuple[Mapping[str, str], tuple[Answer, ...]]]:
        if not left:
            yield chosen, answers
            return
        (name, tests), *rest = left
        for pid in self.members:
            if pid in chosen.values():
                continue
            answer = self._all(pid, tests, chosen)
            if answer.holds is not False:
                yield from self._choices(rest, {**chosen, name: pid}, (*answers, answer))

    def _nobody(self, signal: Signal, chosen: Mapping[str, str]) -> Answer | None:
        """That no other member meets the tests; None where one does."""
        if not signal.nobody:
            return YES
        others = [pid for pid in self.members if pid not in chosen.values()]
        answers = [self._all(pid, signal.nobody, chosen) for pid in others]
        if any(one.holds for one in answers):
            return None
        open_ones = [one for one in answers if one.holds is None]
        silent = tuple(asked for one in open_ones for asked in one.silent)
        return Answer(None, silent=silent) if open_ones else YES

    def _made(
        self, signal: Signal, chosen: Mapping[str, str], answers: Sequence[Answer]
    ) -> SignalFound | None:
        facts = _once(fact for one in answers for fact in one.facts)
        violence = _once(edge for one in answers for edge in one.violence)
        certain = all(one.holds for one in answers)
        if not certain and not (facts or violence):
            return None
        days = [day for fact in facts if (day := self._turned(fact))]
        days += [date.fromisoformat(max(edge["dates"])) for edge in violence if edge["dates"]]
        since = max(days, default=None)
        fades_on = None
        if signal.fades_after_days is not None and since is not None:
            fades_on = since + timedelta(days=signal.fades_after_days)
            if fades_on <= self.day:
                return None
        silent = tuple(sorted({asked for one in answers for asked in one.silent}))
        return SignalFound(
            signal, tuple(chosen.items()), certain, facts, violence,
            () if certain else silent, since, fades_on,
        )  # fmt: skip

    def _all(self, pid: str, tests: Sequence[Test], chosen: Mapping[str, str]) -> Answer:
        """No as soon as one says no, else yes where all do."""
        answers = []
        for test in tests:
            answer = self._one(pid, test, chosen)
            if answer.holds is False:
                return NO
            answers.append(answer)
        return _together(answers, True if all(one.holds for one in answers) else None)

    def _one(self, pid: str, test: Test, chosen: Mapping[str, str]) -> Answer:
        match test:
            case AgeTest():
                return self._age(pid, test)
            case TieTest():
                return self._tie(pid, test, chosen[test.to])
            case HomeTest():
                return self._home(pid, test, chosen[test.to])
            case ViolenceTest():
                return self._violence(pid, test, chosen[test.to])
            case ApartTest():
                return self._apart(pid, test, chosen[test.to])
            case FactTest():
                return self._fact(pid, test)
            case AnyTest():
                return self._any(pid, test, chosen)

    def _age(self, pid: str, test: AgeTest) -> Answer:
        age = self.members[pid]["age"]
        if age is None:
            return CANNOT_TELL
        within = (test.at_least is None or age >= test.at_least) and (
            test.under is None or age < test.under
        )
        return YES if within else NO

    def _tie(self, pid: str, test: TieTest, other: str) -> Answer:
        ties = self.ties.get((pid, other), set())
        if ties:
            return YES if ties & test.ties else NO
        # With both parents known, who is neither is no parent; else nobody has said.
        known = len(self.parents.get(other, ())) >= 2 or "parent" not in test.ties
        return NO if known else CANNOT_TELL

    def _home(self, pid: str, test: HomeTest, other: str) -> Answer:
        one, two = self.members[pid], self.members[other]
        living = one["living"] and two["living"]
        registered = test.registered and one["registered"] and two["registered"]
        return YES if living or registered else NO

    def _violence(self, pid: str, test: ViolenceTest, other: str) -> Answer:
        found = tuple(
            edge for edge in self.picture["edges"]
            if edge["kind"] == "violence" and (edge["from"], edge["to"]) == (pid, other)
            and any(self._recent(date.fromisoformat(day), test.within_days) for day in edge["dates"])
        )  # fmt: skip
        return Answer(True, violence=found) if found else NO

    def _apart(self, pid: str, test: ApartTest, other: str) -> Answer:
        if not any(
            edge["kind"] == "apart" and (edge["from"], edge["to"]) == (pid, other)
            for edge in self.picture["edges"]
        ):
            return NO
        orders = [fact for (who, _), facts in self.facts.items() if who == pid for fact in facts
                  if fact["kind"] in self.apart and fact["current"]]  # fmt: skip
        return Answer(True, facts=tuple(orders))

    def _fact(self, pid: str, test: FactTest) -> Answer:
        said = self.facts.get((pid, test.kind), ())
        met = tuple(fact for fact in said if self._meets(fact, test))
        enough = len({_said_once(fact) for fact in met}) >= test.at_least
        if enough:
            return NO if test.absent else Answer(True, facts=met)
        silent = tuple(
            (pid, source)
            for source in sorted(self.telling.get(test.kind, ()))
            if self.states.get((pid, source), "not-asked") not in KNOWN_STATES
        )
        if silent:
            return Answer(None, silent=silent)
        return YES if test.absent else NO

    def _meets(self, fact: Fact, test: FactTest) -> bool:
        if not all(_value_is(fact["value"].get(name), one) for name, one in test.where):
            return False
        if test.ended_within_days is not None:
            ended = date.fromisoformat(fact["valid_to"]) if fact["valid_to"] else None
            return ended is not None and self._recent(ended, test.ended_within_days)
        if test.within_days is not None:
            began = _began(fact)
            return began is not None and self._recent(began, test.within_days)
        return bool(fact["current"])

    def _any(self, pid: str, test: AnyTest, chosen: Mapping[str, str]) -> Answer:
        answers = [self._one(pid, one, chosen) for one in test.tests]
        if yes := [one for one in answers if one.holds]:
            return _together(yes, True)
        open_ones = [one for one in answers if one.holds is None]
        return _together(open_ones, None) if open_ones else NO

    def _turned(self, fact: Fact) -> date | None:
        """The day on which a fact last made a difference: its end, once past, else its beginning."""
        ended = date.fromisoformat(fact["valid_to"]) if fact["valid_to"] else None
        return ended if ended is not None and ended <= self.day else _began(fact)

    def _recent(self, then: date, days: int | None) -> bool:
        return then <= self.day and (days is None or self.day - then <= timedelta(days=days))


@cache
def _apart_kinds() -> frozenset[str]:
    """Kinds whose facts say that somebody must keep away."""
    return frozenset(one.id for one in load_fact_kinds().values() if one.households == "apart")


def _edge(one: Mapping[str, Any]) -> Edge:
    until = date.fromisoformat(one["until"]) if one.get("until") else None
    return Edge(one["kind"], one["from"], one["to"], one["source"], until=until)


def _together(answers: Sequence[Answer], holds: bool | None) -> Answer:
    return Answer(
        holds,
        tuple(fact for one in answers for fact in one.facts),
        tuple(edge for one in answers for edge in one.violence),
        tuple(asked for one in answers for asked in one.silent),
    )


def _once(found: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple({id(one): one for one in found}.values())


def _began(fact: Fact) -> date | None:
    return date.fromisoformat(fact["valid_from"]) if fact["valid_from"] else None


def _said_once(fact: Fact) -> tuple[Any, ...]:
    """Statements of one thing: one report names a person once, however many records repeat it."""
    value = fact["value"]
    return (value.get("report"), fact["valid_from"]) if value.get("report") else (
        fact["valid_from"], fact["valid_to"], repr(sorted(value.items())))  # fmt: skip


def _value_is(value: Any, test: ValueTest) -> bool:
    if test.among:
        return str(value) in test.among
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return (test.at_least is None or number >= test.at_least) and (
        test.at_most is None or number <= test.at_most
    )
