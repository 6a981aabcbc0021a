"""What of a protected person's places may be told: only what the other side knows already (R7).

A register learns a new home as well as the vault does. So where somebody in a household is protected,
a place is shown only if who they are to be safe from was registered or known there too; whatever else
tells where they are (a school, a clinic) is kept back once it began after they were protected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from anwang.common.yaml_files import read_yaml
from anwang.households.rules.evidence import FactView
from anwang.registries.rules.fact_kinds import FactKind
from anwang.registries.rules.words import Words

PLACES: Final = Path(__file__).resolve().parent.parent / "policies" / "places.yaml"
_RESIDENCE: Final = ("registered-residence", "actual-residence")


@dataclass(frozen=True, slots=True)
class Places:
    """Kinds that tell where somebody is without being a residence; what is said in their stead."""

    tell_where: frozenset[str]
    words: Words


@cache
def load_places(path: Path = PLACES) -> Places:
    """The policy in `path`."""
    body = read_yaml(path)
    return Places(frozenset(body["tell_where"]), Words.of(body["words"]))


@dataclass(frozen=True, slots=True)
class Safety:
    """That somebody of a household is kept safe: since when, and from whom as far as they are known."""

    since: date
    safe_from: frozenset[str]


def without_protected_places(
    facts: Sequence[FactView],
    kinds: Mapping[str, FactKind],
    safe: Safety | None,
    places: Places | None = None,
) -> list[FactView]:
    """The facts, those that would tell a protected place without their value.

    Of the whole household and its kin, since who took somebody in lives at the same door. The opaque
    place stays: who lives with whom is no address.
    """
    if safe is None:
        return list(facts)
    policy = places or load_places()
    open_places = {
        fact.place for fact in facts
        if fact.place and fact.person_id in safe.safe_from and _is_residence(fact, kinds)
    }  # fmt: skip
    return [
        replace(fact, value={}, withheld=True)
        if _tells_where(fact, kinds, safe, open_places, policy) else fact
        for fact in facts
    ]  # fmt: skip


def _is_residence(fact: FactView, kinds: Mapping[str, FactKind]) -> bool:
    kind = kinds.get(fact.kind)
    return kind is not None and kind.households in _RESIDENCE


def _tells_where(
    fact: FactView,
    kinds: Mapping[str, FactKind],
    safe: Safety,
    open_places: set[str],
    policy: Places,
) -> bool:
    if fact.person_id in safe.safe_from:
        return False
    if _is_residence(fact, kinds):
        return fact.place is None or fact.place not in open_places
    began = fact.valid_from or fact.known_at.date()
    return fact.kind in policy.tell_where and began >= safe.since
