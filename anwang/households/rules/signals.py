"""Risk signals as data: what combination of members, ties, facts and ages each asks for.

`policies/signals.yaml` is a small closed grammar; whatever it does not know is refused by name when the
file is read. How a signal is found in a picture stands in `signal_search`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.registries.rules.words import Words

SIGNALS: Final = Path(__file__).resolve().parent.parent / "policies" / "signals.yaml"
Weight = Literal["danger", "concern"]
TIES: Final = frozenset(
    {
        "parent",
        "child",
        "spouse",
        "former-spouse",
        "sibling",
        "grandparent",
        "grandchild",
        "guardian",
        "ward",
    }
)
_WEIGHTS: Final = ("danger", "concern")
_CONFIDENCE: Final = ("verified", "secondary", "assumed")
_SIGNAL: Final = {"id", "label", "weight", "members", "fades_after_days", "citation", "confidence"}
_FACT: Final = frozenset(
    {"kind", "where", "within_days", "ended_within_days", "at_least", "absent"}
)
MOST_MEMBERS: Final = 3  # variables of one signal: the search tries every choice of members


class SignalFault(Exception):
    """A signal cannot be used; the text names the file, the signal and what to correct."""


@dataclass(frozen=True, slots=True)
class AgeTest:
    """Whole years: at least `at_least` and less than `under`, where given."""

    at_least: int | None
    under: int | None


@dataclass(frozen=True, slots=True)
class TieTest:
    """What the member is to another one."""

    to: str
    ties: frozenset[str]


@dataclass(frozen=True, slots=True)
class HomeTest:
    """Whether the member lives with another one or (`registered`) at least is registered there."""

    to: str
    registered: bool


@dataclass(frozen=True, slots=True)
class ViolenceTest:
    """Whether violence against another member was reported, within so many days where given."""

    to: str
    within_days: int | None


@dataclass(frozen=True, slots=True)
class ApartTest:
    """Whether the member must keep away from another one."""

    to: str


@dataclass(frozen=True, slots=True)
class FactTest:
    """A fact of the member: holding now, or begun or ended within so many days, so many times.

    `where`: field of the value -> what it must be. `absent`: that there is none.
    """

    kind: str
    where: tuple[tuple[str, "ValueTest"], ...] = ()
    within_days: int | None = None
    ended_within_days: int | None = None
    at_least: int = 1
    absent: bool = False


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A field's value: one of `among`, or a number within bounds."""

    among: frozenset[str] = frozenset()
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class AnyTest:
    """One of several tests."""

    tests: tuple["Test", ...]


Test = AgeTest | TieTest | HomeTest | ViolenceTest | ApartTest | FactTest | AnyTest


@dataclass(frozen=True, slots=True)
class Signal:
    """One combination. `members`: name -> tests, in the order in which they are bound.

    `nobody`: tests that no other living member may meet. `fades_after_days`: so long after the
    newest of its reasons began the signal is past; None: as long as its facts hold.
    """

    id: str
    label: Words
    weight: Weight
    members: tuple[tuple[str, tuple[Test, ...]], ...]
    nobody: tuple[Test, ...]
    fades_after_days: int | None
    citation: Words
    confidence: str

    def tests(self) -> Iterator[Test]:
        """All tests of all members, those within others among them."""
        for _, tests in (*self.members, ("", self.nobody)):
            yield from _within(tests)


@cache
def load_signals(path: Path = SIGNALS) -> tuple[Signal, ...]:
    """The signals in the file's order. Raises SignalFault."""
    return signals_of(read_yaml(path)["signals"], load_fact_kinds(), where=path.name)


def signals_of(
    rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, FactKind], *, where: str
) -> tuple[Signal, ...]:
    """The signals in parsed rows. Raises SignalFault, naming `where` and the signal."""
    found = []
    for row in rows:
        reader = _Reader(f"{where}, {row.get('id', 'without id')}", kinds)
        found.append(reader.signal(row))
    ids = [one.id for one in found]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise SignalFault(f"{where}: two signals are called {', '.join(twice)}. Rename one.")
    return tuple(found)


def _within(tests: Sequence[Test]) -> Iterator[Test]:
    for test in tests:
        yield test
        if isinstance(test, AnyTest):
            yield from _within(test.tests)


class _Reader:
    """Reads one signal; every fault names it."""

    def __init__(self, where: str, kinds: Mapping[str, FactKind]) -> None:
        self._where, self._kinds = where, kinds
        self._bound: list[str] = []

    def signal(self, row: Mapping[str, Any]) -> Signal:
        """The signal of a row."""
        self._only(row, _SIGNAL | {"nobody"}, "a signal")
        self._has(row, _SIGNAL, "a signal")
        self._one_of(row["weight"], _WEIGHTS, "weight")
        self._one_of(row["confidence"], _CONFIDENCE, "confidence")
        if not 1 <= len(row["members"]) <= MOST_MEMBERS:
            raise self._fault(f"a signal names 1 to {MOST_MEMBERS} members")
        members = []
        for name, tests in row["members"].items():
            members.append((name, self._tests(tests)))
            self._bound.append(name)
        return Signal(
            id=row["id"],
            label=Words.of(row["label"]),
            weight=row["weight"],
            members=tuple(members),
            nobody=self._tests(row.get("nobody", ())),
            fades_after_days=row["fades_after_days"],
            citation=Words.of(row["citation"]),
            confidence=row["confidence"],
        )

    def _tests(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Test, ...]:
        return tuple(self._test(row) for row in rows)

    def _test(self, row: Mapping[str, Any]) -> Test:
        if len(row) != 1:
            raise self._fault(f"a test has one name, this one has {sorted(row)}")
        ((name, body),) = row.items()
        readings: dict[str, Callable[[Any], Test]] = {
            "age": self._age, "tie": self._tie, "lives_with": self._lives, "home_with": self._home,
            "violence": self._violence, "apart_from": self._apart, "fact": self._fact,
            "any": self._any,
        }  # fmt: skip
        reading = readings.get(name)
        if reading is None:
            raise self._fault(f"no test is called {name!r}")
        return reading(body)

    def _age(self, body: Mapping[str, int]) -> AgeTest:
        self._only(body, {"from", "under"}, "age")
        return AgeTest(body.get("from"), body.get("under"))

    def _tie(self, body: Mapping[str, Any]) -> TieTest:
        self._only(body, {"to", "as"}, "tie")
        if unknown := sorted(set(body["as"]) - TIES):
            raise self._fault(f"no tie is called {', '.join(unknown)}")
        return TieTest(self._other(body["to"]), frozenset(body["as"]))

    def _lives(self, body: str) -> HomeTest:
        return HomeTest(self._other(body), registered=False)

    def _home(self, body: str) -> HomeTest:
        return HomeTest(self._other(body), registered=True)

    def _violence(self, body: Mapping[str, Any]) -> ViolenceTest:
        self._only(body, {"to", "within_days"}, "violence")
        return ViolenceTest(self._other(body["to"]), body.get("within_days"))

    def _apart(self, body: str) -> ApartTest:
        return ApartTest(self._other(body))

    def _fact(self, body: Mapping[str, Any]) -> FactTest:
        self._only(body, _FACT, "fact")
        if body["kind"] not in self._kinds:
            raise self._fault(f"no fact is of the kind {body['kind']!r} (fact_kinds.yaml)")
        where = tuple((name, self._value(one)) for name, one in body.get("where", {}).items())
        return FactTest(
            body["kind"], where, body.get("within_days"), body.get("ended_within_days"),
            body.get("at_least", 1), body.get("absent", False),
        )  # fmt: skip

    def _value(self, body: Mapping[str, Any]) -> ValueTest:
        self._only(body, {"in", "from", "to"}, "where")
        among = frozenset(str(one) for one in body.get("in", ()))
        return ValueTest(among, body.get("from"), body.get("to"))

    def _any(self, body: Sequence[Mapping[str, Any]]) -> AnyTest:
        return AnyTest(self._tests(body))

    def _other(self, name: str) -> str:
        if name not in self._bound:
            raise self._fault(f"{name!r} is no member named before")
        return name

    def _only(self, body: Mapping[str, Any], known: frozenset[str] | set[str], of: str) -> None:
        if unknown := sorted(set(body) - known):
            raise self._fault(f"{of} has no {', '.join(unknown)}")

    def _has(self, body: Mapping[str, Any], needed: set[str], of: str) -> None:
        if missing := sorted(needed - set(body)):
            raise self._fault(f"{of} needs {', '.join(missing)}")

    def _one_of(self, value: object, known: Sequence[str], of: str) -> None:
        if value not in known:
            raise self._fault(f"{of} is one of {', '.join(known)}, not {value!r}")

    def _fault(self, text: str) -> SignalFault:
        return SignalFault(f"{self._where}: {text}.")
