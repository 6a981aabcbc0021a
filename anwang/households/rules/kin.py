"""Ties of kin: parents and spouses as registered, and, marked as inferred, as a household's roles
or a reporter's words let us read them. Who hit whom is a tie of its own kind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from anwang.households.rules.evidence import Edge, FactView, ReportView
from anwang.households.rules.ties import Ties
from anwang.registries.rules.fact_kinds import FactKind

REPORTER: Final = "report"


def registered_kin(
    facts: Iterable[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> list[Edge]:
    """Parents and spouses said by number. Of two fathers said for one child the newer word
    counts.
    """
    parents: dict[tuple[str, str], FactView] = {}
    spouses: dict[tuple[str, str], FactView] = {}
    for fact in facts:
        kind = kinds.get(fact.kind)
        if kind is None or kind.kin is None or not fact.about or fact.about == fact.person_id:
            continue
        if fact.valid_from is not None and fact.valid_from > as_of:
            continue
        pair = (min(fact.person_id, fact.about), max(fact.person_id, fact.about))
        slots, slot = (
            (spouses, pair) if kind.kin == "spouse" else (parents, (fact.person_id, kind.kin))
        )
        if slot not in slots or _said(slots[slot]) < _said(fact):
            slots[slot] = fact
    found = [
        Edge("parent", str(fact.about), fact.person_id, fact.source, fact.valid_from)
        for fact in parents.values()
    ]
    for (one, other), fact in spouses.items():
        until = fact.valid_to if fact.valid_to and fact.valid_to <= as_of else None
        found.append(Edge("spouse", one, other, fact.source, fact.valid_from, until))
    return found


def household_kin(
    facts: Iterable[FactView], kinds: Mapping[str, FactKind], ties: Ties, as_of: date
) -> list[Edge]:
    """Ties to the head of a registered household, read off the members' relation to the head."""
    households: dict[str, dict[str, FactView]] = defaultdict(dict)
    for fact in facts:
        kind = kinds.get(fact.kind)
        if kind and kind.households == "registered-together" and fact.key and fact.holds_on(as_of):
            households[fact.key][fact.person_id] = fact
    found = []
    for members in households.values():
        heads = sorted(pid for pid, fact in members.items() if _role(fact) == "head")
        for pid, fact in sorted(members.items()) if len(heads) == 1 else ():
            tie = ties.head_ties.get(_role(fact))
            if tie and pid != heads[0]:
                found.append(_edge_to(tie, pid, heads[0], fact.source))
    return found


def told_kin(report: ReportView, ties: Ties, ids: Mapping[int, str]) -> list[Edge]:
    """Ties to the victim in the reporter's words (father, 太太 …). Only with exactly one victim."""
    victims = [one for one in report.subjects if one.role in ties.violence_to]
    found = []
    for one in report.subjects if len(victims) == 1 else ():
        tie = ties.relation(one.relation_to_victim)
        if one.index != victims[0].index and tie in ("parent", "spouse", "child"):
            found.append(_edge_to(tie, ids[one.index], ids[victims[0].index], REPORTER))
    return found


def one_edge_a_pair(edges: Iterable[Edge]) -> list[Edge]:
    """One tie a pair and kind, what a number says before what was inferred; sorted."""
    best: dict[tuple[str, ...], Edge] = {}
    for edge in edges:
        slot = (edge.kind, *sorted((edge.from_id, edge.to_id)))
        if slot not in best or _weight(edge) > _weight(best[slot]):
            best[slot] = edge
    return sorted(best.values(), key=lambda one: (one.kind, one.from_id, one.to_id))


def violence_edges(
    facts: Iterable[FactView],
    kinds: Mapping[str, FactKind],
    ties: Ties,
    report: ReportView | None,
    ids: Mapping[int, str],
) -> list[Edge]:
    """Who was reported for violence against whom, one edge a pair with all its dates."""
    dates: dict[tuple[str, str], set[date]] = defaultdict(set)
    sources: dict[tuple[str, str], str] = {}
    earlier: dict[str, list[FactView]] = defaultdict(list)
    for fact in facts:
        kind = kinds.get(fact.kind)
        if kind and kind.households == "report" and fact.key and _violent(fact.value, ties):
            earlier[fact.key].append(fact)
    for told in earlier.values():
        for one in told:
            for other in told:
                roles = (str(one.value.get("role")), str(other.value.get("role")))
                if roles[0] in ties.violence_from and roles[1] in ties.violence_to:
                    pair = (one.person_id, other.person_id)
                    dates[pair].add(one.valid_from or one.known_at.date())
                    sources[pair] = one.source
    if report is not None and ties.violent.intersection(report.concerns):
        for subject in report.subjects:
            for victim in report.subjects:
                if subject.role in ties.violence_from and victim.role in ties.violence_to:
                    pair = (ids[subject.index], ids[victim.index])
                    dates[pair].add(report.reported_on)
                    sources.setdefault(pair, REPORTER)
    return [
        Edge("violence", *pair, sources[pair], since=min(days), dates=tuple(sorted(days)))
        for pair, days in sorted(dates.items())
        if pair[0] != pair[1]
    ]


def bound_edges(
    facts: Iterable[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> list[Edge]:
    """Who answers for whom, and who must keep away from whom, as said by number; one a pair."""
    found: dict[tuple[str, str, str], Edge] = {}
    for fact in facts:
        kind = kinds.get(fact.kind)
        if kind is None or not fact.about or fact.about == fact.person_id:
            continue
        if not fact.holds_on(as_of):
            continue
        edge: Edge | None = None
        if kind.households == "guardian":
            edge = Edge("guardian", fact.about, fact.person_id, fact.source, fact.valid_from)
        elif kind.households == "apart":
            edge = Edge("apart", fact.person_id, fact.about, fact.source, fact.valid_from)
        if edge is not None:
            slot = (edge.kind, edge.from_id, edge.to_id)
            if slot not in found or _weight(found[slot]) < _weight(edge):
                found[slot] = edge
    return sorted(found.values(), key=lambda one: (one.kind, one.from_id, one.to_id))


def kin_within(start: Iterable[str], edges: Iterable[Edge], steps: int) -> set[str]:
    """Everybody within so many ties of kin (violence is none) of `start`, without `start`."""
    beside: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        if edge.kind != "violence":
            beside[edge.from_id].add(edge.to_id)
            beside[edge.to_id].add(edge.from_id)
    reached = set(start)
    edge_of_reach = set(reached)
    for _ in range(steps):
        edge_of_reach = {near for one in edge_of_reach for near in beside[one]} - reached
        reached |= edge_of_reach
    return reached - set(start)


def relation_to(focus: str, edges: Iterable[Edge]) -> dict[str, str]:
    """What others are to `focus`: parent, child, spouse, sibling, grandparent, grandchild."""
    parents, children, spouses = defaultdict(set), defaultdict(set), defaultdict(set)
    for edge in edges:
        if edge.kind == "parent":
            parents[edge.to_id].add(edge.from_id)
            children[edge.from_id].add(edge.to_id)
        elif edge.kind == "spouse":
            spouses[edge.from_id].add(edge.to_id)
            spouses[edge.to_id].add(edge.from_id)
    found: dict[str, str] = {}
    found |= dict.fromkeys((up for one in parents[focus] for up in parents[one]), "grandparent")
    found |= dict.fromkeys(
        (down for one in children[focus] for down in children[one]), "grandchild"
    )
    found |= dict.fromkeys((down for one in parents[focus] for down in children[one]), "sibling")
    found |= dict.fromkeys(spouses[focus], "spouse")
    found |= dict.fromkeys(children[focus], "child")
    found |= dict.fromkeys(parents[focus], "parent")
    found.pop(focus, None)
    return found


def _edge_to(tie: str, pid: str, other: str, source: str) -> Edge:
    """The edge when `pid` is the parent, child or spouse of `other`."""
    if tie == "parent":
        return Edge("parent", pid, other, source, inferred=True)
    if tie == "child":
        return Edge("parent", other, pid, source, inferred=True)
    return Edge("spouse", min(pid, other), max(pid, other), source, inferred=True)


def _role(fact: FactView) -> str:
    return str(fact.value.get("relation_to_head") or "")


def _said(fact: FactView) -> tuple[Any, ...]:
    return (fact.known_at, fact.valid_from or date.min, fact.about)


def _weight(edge: Edge) -> tuple[Any, ...]:
    return (not edge.inferred, edge.since or date.min, edge.source, edge.from_id)


def _violent(value: Mapping[str, Any], ties: Ties) -> bool:
    concerns = value.get("concerns") or ()
    named = concerns.replace(",", " ").split() if isinstance(concerns, str) else concerns
    return bool(ties.violent.intersection(named))
