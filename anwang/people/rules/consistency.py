"""Rules across sources as SQL: what two records of one person cannot both say.

Each rule is a row of policies/consistency.yaml and becomes one statement over `comparing_said`,
where what every record of some persons says stands side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from psycopg import sql

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.fact_kinds import load_fact_kinds

RULES: Final = Path(__file__).resolve().parent.parent / "policies" / "consistency.yaml"
Check = Literal["differs", "overlap", "overlap-differs", "within", "after"]
CHECKS: Final = frozenset({"differs", "overlap", "overlap-differs", "within", "after"})
_COLUMN: Final = "column:"


class RuleFault(ValueError):
    """A row of consistency.yaml makes no sense; the text names it and what to correct."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a rule looks at: kinds of facts (a record's column is one of its own)."""

    kinds: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrossRule:
    """A rule across sources; texts are {zh, en}. `first_letters` cuts what is compared."""

    id: str
    text: Mapping[str, str]
    fix: Mapping[str, str]
    severity: Literal["contradiction", "note"]
    left: Side
    right: Side
    check: Check
    by: str | None
    first_letters: int | None
    citation: str

    @property
    def statement(self) -> sql.Composed:
        """The pairs that break the rule, as rows of `comparing_found`."""
        says = sql.SQL(" and ").join(self._conditions())
        return _FIND.format(rule=sql.Literal(self.id), says=says)

    def _conditions(self) -> list[sql.Composable]:
        parts: list[sql.Composable] = []
        for name, side in (("l", self.left), ("r", self.right)):
            named = sql.Identifier(name)
            parts.append(sql.SQL("{}.kind = any({})").format(named, list(side.kinds)))
            if side.sources:
                parts.append(sql.SQL("{}.source_id = any({})").format(named, list(side.sources)))
        # A pair of one kind is found once, not from both sides.
        if set(self.left.kinds) & set(self.right.kinds) and not self.left.sources:
            parts.append(sql.SQL("(l.source_id, l.record_key) < (r.source_id, r.record_key)"))
        parts.append(sql.SQL("(l.source_id, l.record_key) <> (r.source_id, r.record_key)"))
        if self.check in ("overlap", "overlap-differs"):
            parts.append(sql.SQL("l.begins < r.ends and r.begins < l.ends"))
        if self.check == "within":
            parts.append(sql.SQL("r.begins > l.begins and r.begins < l.ends"))
        if self.check == "after":
            parts.append(sql.SQL("r.begins > l.begins"))
        if self.check in ("differs", "overlap-differs"):
            left, right = (self._compared(name) for name in ("l", "r"))
            parts.append(sql.SQL("{} <> {}").format(left, right))
        return parts

    def _compared(self, side: str) -> sql.Composable:
        named = sql.Identifier(side)
        if self.by == "key":
            text: sql.Composable = sql.SQL("{}.key").format(named)
        else:
            text = sql.SQL("{}.value ->> {}").format(named, sql.Literal(self.by))
        if self.first_letters is None:
            return text
        # As addresses begin: a postal code is passed over, two spellings of one letter are one.
        return sql.SQL(
            r"left(translate(regexp_replace({}, '^[0-9\s-]+', ''), '台', '臺'), {})"
        ).format(text, sql.Literal(self.first_letters))


# Of many records of one source that say the same, the first stands for all.
_FIND: Final = sql.SQL("""
insert into comparing_found
select distinct on (l.person_id, l.source_id, l.record_key, r.source_id, r.kind, r.key, r.value,
        r.begins)
    {rule}, l.person_id, l.source_id, l.record_key, l.record_id, l.fact_id,
    r.source_id, r.record_key, r.record_id, r.fact_id,
    md5(concat_ws('|', l.kind, l.key, l.value, l.begins, l.ends, r.kind, r.key, r.value, r.begins,
        r.ends))
from comparing_said l join comparing_said r on r.person_id = l.person_id
where {says}
order by l.person_id, l.source_id, l.record_key, r.source_id, r.kind, r.key, r.value, r.begins,
    r.record_key
""")


@cache
def cross_rules(path: Path = RULES) -> dict[str, CrossRule]:
    """The rules in `path` by id. Raises RuleFault."""
    found = {row["id"]: _rule(row) for row in read_yaml(path)["rows"]}
    known = set(load_fact_kinds())
    for rule in found.values():
        named = {kind for side in (rule.left, rule.right) for kind in side.kinds}
        if lost := sorted(one for one in named - known if not one.startswith(_COLUMN)):
            raise RuleFault(f"{rule.id}: no such kinds of facts: {', '.join(lost)}")
        if rule.check not in CHECKS:
            raise RuleFault(f"{rule.id}: check is one of {sorted(CHECKS)}, not {rule.check}")
        if rule.left.kinds[0].startswith(_COLUMN) and (
            rule.left != replace(rule.right, sources=rule.left.sources)
            or not rule.left.sources or rule.check != "differs" or rule.by != "key"
        ):  # fmt: skip
            raise RuleFault(
                f"{rule.id}: a column is compared with the same column of a source that `left` names:"
                " check: differs, by: key"
            )
        if (rule.by is None) == rule.check.endswith("differs"):
            raise RuleFault(f"{rule.id}: `by` says what differs, and belongs to no other check")
    return found


def _rule(row: Mapping[str, Any]) -> CrossRule:
    return CrossRule(
        id=row["id"],
        text=row["text"],
        fix=row["fix"],
        severity=row["severity"],
        left=_side(row["left"]),
        right=_side(row["right"]),
        check=row["check"],
        by=row.get("by"),
        first_letters=row.get("first_letters"),
        citation=row["citation"],
    )


def _side(body: Mapping[str, Any]) -> Side:
    kinds = body.get("kinds") or [_COLUMN + body["column"]]
    return Side(tuple(kinds), tuple(body.get("sources", ())))


def looked_at(rules: Sequence[CrossRule]) -> dict[str, list[str]]:
    """What must be laid side by side, as lists of equal length where they belong together: kinds of
    facts on some left side, kinds on right sides alone, which kinds stand against each other, and the
    columns with the source that they are compared with.
    """
    facts = [one for one in rules if not one.left.kinds[0].startswith(_COLUMN)]
    left = sorted({kind for one in facts for kind in one.left.kinds})
    right = sorted({kind for one in facts for kind in one.right.kinds} - set(left))
    pairs = sorted(
        {
            (one_left, one_right)
            for one in facts
            for one_left in one.left.kinds
            for one_right in one.right.kinds
            if one_right in right
        }
    )
    columns = sorted(
        {
            (kind.removeprefix(_COLUMN), source)
            for one in rules
            if one not in facts
            for kind in one.left.kinds
            for source in one.left.sources
        }
    )
    return {
        "left_kinds": left,
        "right_kinds": right,
        "pair_left": [one for one, _ in pairs],
        "pair_right": [other for _, other in pairs],
        "columns": [name for name, _ in columns],
        "column_sources": [source for _, source in columns],
    }
