"""A table's cells, outcomes and changes as an official says them, beside the codes in which they stand.

A cell that cannot be read stays as it was typed; what is wrong with it is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from anwang.directory.listed import listed, words_of
from anwang.rulebook.rules.cells import Atom, CellError, InputSpec, parse_cell
from anwang.rulebook.rules.drafts import Words

Specs = Mapping[str, InputSpec]
CLOCK: Final = "clock"
NOTHING: Final[Words] = {"zh": "無", "en": "none"}
_PLAIN: Final[Mapping[str, Words]] = {
    "any": {"zh": "不問", "en": "not asked"},
    "unknown": {"zh": "不明", "en": "not known"},
    "known": {"zh": "已知", "en": "known"},
    "yes": {"zh": "是", "en": "yes"},
    "no": {"zh": "否", "en": "no"},
}
_EDGES: Final[Mapping[str, Words]] = {
    "<": {"zh": "小於 {n}", "en": "less than {n}"},
    "<=": {"zh": "{n} 以下", "en": "{n} or less"},
    ">": {"zh": "大於 {n}", "en": "more than {n}"},
    ">=": {"zh": "{n} 以上", "en": "{n} or more"},
    "=": {"zh": "等於 {n}", "en": "{n} exactly"},
}


def cell_words(text: str, spec: InputSpec | None) -> Words:
    """`has any {weapon, suicide}` as 有「武器」或「自殺」; as it stands where it cannot be read."""
    if spec is None:
        return {"zh": text, "en": text}
    try:
        cell = parse_cell(text, spec)
    except CellError:
        return {"zh": text, "en": text}
    told = [_atom_words(atom, spec) for atom in cell.atoms]
    return {
        "zh": "，或".join(one["zh"] for one in told),
        "en": ", or ".join(one["en"] for one in told),
    }


def _atom_words(atom: Atom, spec: InputSpec) -> Words:
    if atom.op in _PLAIN:
        return _PLAIN[atom.op]
    if atom.codes:
        named = [outcome_words(spec.name, code) for code in spec.values if code in atom.codes]
        has = atom.op == "has"
        return {
            "zh": ("有" if has else "") + "或".join(f"「{one['zh']}」" for one in named),
            "en": ("has " if has else "") + " or ".join(one["en"] for one in named),
        }
    if atom.op == "range":
        return {"zh": f"{atom.low:g} 至 {atom.high:g}", "en": f"{atom.low:g} to {atom.high:g}"}
    return {tongue: said.format(n=f"{atom.low:g}") for tongue, said in _EDGES[atom.op].items()}


def outcome_words(name: str, value: Any, clocks: Mapping[str, Words] | None = None) -> Words:
    """The words of one outcome's code; 無 where the row says that there is none."""
    if value in (None, ""):
        return NOTHING
    found = clocks.get(str(value)) if name == CLOCK and clocks else words_of(name, value)
    if found is None and value == "none":
        return NOTHING
    return found or {"zh": str(value), "en": str(value)}


def told_cell(column: str, text: str, specs: Specs, clocks: Mapping[str, Words]) -> Words:
    """A cell of `flat_row` in words: `when.<input>`, `then.<outcome>`, or what is words already."""
    part, dot, name = column.partition(".")
    if part == "when" and dot:
        return cell_words(text, specs.get(name))
    if part == "then" and dot:
        return outcome_words(name, text, clocks)
    if column == "confidence":
        return outcome_words(column, text)
    return {"zh": text, "en": text}


def outcome_label(name: str) -> Words:
    """What an outcome is called."""
    return listed("outcomes").get(name) or {"zh": name, "en": name}
