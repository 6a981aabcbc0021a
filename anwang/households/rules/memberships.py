"""Why each member belongs: every membership with the fact that says so, its source and its days.

Three notions, never mixed: registered together, living together, kin. Somebody may be registered here
and live there, or be known at two homes at once; both are told, and which word was taken.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from anwang.households.rules.evidence import Edge, FactView
from anwang.households.rules.living_together import Residence, deciding_words
from anwang.registries.rules.fact_kinds import FactKind

# What is told of a member: registered with the focus; lives with it; is known at another place, which
# is the newest word; is known at another place besides; is kin, guardian, or must keep away.
HOWS: Final = ("registered", "lives", "elsewhere", "also-at", "kin", "guardian", "apart")


def memberships(
    order: Sequence[str],
    *,
    main: Collection[str],
    living: Collection[str],
    facts: Iterable[FactView],
    residences: Sequence[Residence],
    edges: Sequence[Edge],
    kinds: Mapping[str, FactKind],
    as_of: date,
) -> list[dict[str, Any]]:
    """One row a membership of a member, in the members' order; see HOWS."""
    ours = _keys_of(main, facts := list(facts), kinds, as_of)
    said: dict[str, list[dict[str, Any]]] = {pid: [] for pid in order}
    for fact in facts:
        if fact.person_id in said and _registers(fact, kinds, as_of) and fact.key in ours:
            said[fact.person_id].append(
                _row(fact.person_id, "registered", fact.source, fact.valid_from, fact.known_at)
            )
    for pid, word, others in deciding_words(residences):
        if pid in said:
            how = "lives" if pid in living else "elsewhere"
            said[pid].append(_row(pid, how, word.source, word.said_on, word.known_at))
            said[pid] += [
                _row(pid, "also-at", one.source, one.said_on, one.known_at) for one in others
            ]
    for edge in edges:
        for pid, other in ((edge.from_id, edge.to_id), (edge.to_id, edge.from_id)):
            how = "kin" if edge.kind in ("parent", "spouse") else edge.kind
            if pid in said and other in main and how in HOWS:
                said[pid].append(
                    _row(pid, how, edge.source, edge.since, None) | {"inferred": edge.inferred}
                )
    # Kin of kin: by the tie to whoever of the household they are tied to.
    for edge in edges:
        for pid in (edge.from_id, edge.to_id):
            if edge.kind in ("parent", "spouse") and pid in said and not said[pid]:
                said[pid].append(
                    _row(pid, "kin", edge.source, edge.since, None) | {"inferred": edge.inferred}
                )
    return [
        row
        for pid in order
        for row in sorted(said[pid], key=lambda one: (HOWS.index(one["how"]), str(one)))
    ]


def _keys_of(
    main: Collection[str], facts: Iterable[FactView], kinds: Mapping[str, FactKind], as_of: date
) -> set[str | None]:
    return {fact.key for fact in facts if fact.person_id in main and _registers(fact, kinds, as_of)}


def _registers(fact: FactView, kinds: Mapping[str, FactKind], as_of: date) -> bool:
    kind = kinds.get(fact.kind)
    return bool(
        kind and kind.households == "registered-together" and fact.key and fact.holds_on(as_of)
    )


def _row(pid: str, how: str, source: str, since: date | None, known_at: Any) -> dict[str, Any]:
    return {
        "person_id": pid,
        "how": how,
        "source": source,
        "since": since.isoformat() if since else None,
        "known_at": known_at.isoformat() if known_at else None,
        "inferred": False,
    }
