"""What of a protected person's places may be told: only what the other side knows already (R7).

A register learns a new home as well as the vault does. So where somebody in a household is protected,
a place is shown only if who they are to be safe from was registered or known there too; whatever else
tells where they are (a school, a clinic) is kept back unless it began long before they were protected:
people flee first and say where they are later.

A picture that is stored carries the mark of each such fact and the words to say instead: the database
takes the places out by them, at once and whenever somebody comes under protection later
(anwang/cases/migrations/0023_stored_pictures_keep_places.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from anwang.common.values.roc_dates import TAIPEI
from anwang.common.yaml_files import read_yaml
from anwang.households.rules.evidence import FactView
from anwang.registries.rules.fact_kinds import FactKind
from anwang.registries.rules.words import Words

PLACES: Final = Path(__file__).resolve().parent.parent / "policies" / "places.yaml"
_FAR: Final = date(9000, 1, 1)  # what a source dates later than this is a slip
_RESIDENCE: Final = ("registered-residence", "actual-residence")


@dataclass(frozen=True, slots=True)
class Places:
    """Kinds that tell where somebody is without being a residence; what is said in their stead:
    of a protected place, and of any place where only that something was answered is told.
    `settled_after_days`: so long after it began, the other side is taken to know it.
    """

    tell_where: frozenset[str]
    settled_after_days: int
    words: Words
    elsewhere: Words


@cache
def load_places(path: Path = PLACES) -> Places:
    """The policy in `path`."""
    body = read_yaml(path)
    return Places(
        frozenset(body["tell_where"]),
        body["settled_after_days"],
        Words.of(body["words"]),
        Words.of(body["elsewhere"]),
    )


def tells_place(kind: FactKind) -> Literal["home", "whereabouts"] | None:
    """Whether a fact of this kind tells where somebody lives, or else where he is; None for neither."""
    if kind.households in _RESIDENCE:
        return "home"
    return "whereabouts" if kind.id in load_places().tell_where else None


def settled_on(fact: FactView) -> date:
    """The day from which what a fact says is no news to whoever lived with the person."""
    began = fact.valid_from or fact.known_at.astimezone(TAIPEI).date()
    return min(began, _FAR) + timedelta(days=load_places().settled_after_days)


def said_instead(kind: FactKind) -> Words:
    """What stands in the place of a fact of this kind that is kept back."""
    return _with_label(kind, load_places().words)


def told_without_place(kind: FactKind, value: Mapping[str, Any]) -> Words:
    """The sentence for a fact, for where nobody looks whom it could endanger: no place in it."""
    if tells_place(kind) is None:
        return kind.text_of(value)
    return _with_label(kind, load_places().elsewhere)


def _with_label(kind: FactKind, words: Words) -> Words:
    return Words(f"{kind.label.zh}：{words.zh}", f"{kind.label.en}: {words.en}")


@dataclass(frozen=True, slots=True)
class Safety:
    """That somebody of a household is kept safe: since when, and from whom as far as they are known."""

    since: date
    safe_from: frozenset[str]


def without_protected_places(
    facts: Sequence[FactView], kinds: Mapping[str, FactKind], safe: Safety | None
) -> list[FactView]:
    """The facts, those that would tell a protected place without their value.

    Of the whole household and its kin, since who took somebody in lives at the same door. The opaque
    place stays: who lives with whom is no address.
    """
    if safe is None:
        return list(facts)
    tells = {one.id: tells_place(one) for one in kinds.values()}
    open_places = {
        fact.place for fact in facts
        if fact.place and fact.person_id in safe.safe_from and tells.get(fact.kind) == "home"
    }  # fmt: skip
    return [
        replace(fact, value={}, withheld=True)
        if fact.person_id not in safe.safe_from
        and _betrays(fact, tells.get(fact.kind), safe, open_places) else fact
        for fact in facts
    ]  # fmt: skip


def _betrays(fact: FactView, tells: str | None, safe: Safety, open_places: set[str]) -> bool:
    if tells == "home":
        return fact.place is None or fact.place not in open_places
    return tells == "whereabouts" and settled_on(fact) >= safe.since
