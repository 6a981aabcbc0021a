"""What depends on a feed: the kinds of facts it yields, and the policies in force that read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import national_in_force

_WORD: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Dependent:
    """A kind of fact that a source yields; the policies in force that read it, by id."""

    kind: FactKind
    policies: tuple[PolicyVersion, ...]


def dependents_of(manifest: Mapping[str, Any]) -> list[Dependent]:
    """The kinds of facts of a manifest's body with what reads them, in the manifest's order."""
    kinds = _kinds()
    names = dict.fromkeys(fact["kind"] for fact in manifest["facts"])
    versions = national_in_force()
    readers = _readers({one.policy_id: one.body for one in versions})
    return [
        Dependent(
            kinds[name],
            tuple(one for one in versions if one.policy_id in readers.get(name, ())),
        )
        for name in names
        if name in kinds
    ]


def _readers(bodies: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Kind of fact -> policies that name it, or name an input that is read from it."""
    kinds = set(_kinds())
    found: dict[str, set[str]] = {}
    inputs: dict[str, set[str]] = {}
    for policy, body in bodies.items():
        for kind in kinds.intersection(_words([body])):
            found.setdefault(kind, set()).add(policy)
        for name, kind in _named(body, kinds):
            inputs.setdefault(name, set()).add(kind)
    for policy, body in bodies.items():
        for name in inputs.keys() & set(_words([body])):
            for kind in inputs[name]:
                found[kind].add(policy)
    return found


def _named(body: Mapping[str, Any], kinds: set[str]) -> Iterator[tuple[str, str]]:
    """(name, kind) for every name under which kinds are read, as other policies then ask for it."""
    for name, part in body.items():
        if isinstance(part, Mapping):
            for kind in kinds.intersection(_words([part])):
                yield name, kind
            yield from _named(part, kinds)


def _words(parts: Iterable[Any]) -> Iterator[str]:
    """Every name in a policy's body, keys included."""
    for part in parts:
        if isinstance(part, str):
            yield from _WORD.findall(part)
        elif isinstance(part, Mapping):
            yield from _words(part.keys())
            yield from _words(part.values())
        elif isinstance(part, list):
            yield from _words(part)


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()
