"""The table in a DMN file, ours or one that another editor saved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from anwang.rulebook.rules.cells import CellError, InputSpec
from anwang.rulebook.rules.drafts import GRAMMAR, Words
from anwang.rulebook.rules.exchange.carried import (
    HEAD,
    NOTHING,
    Carried,
    FileFault,
    FileUnreadable,
    Place,
    Put,
)
from anwang.rulebook.rules.exchange.feel import from_feel, same_meaning
from anwang.rulebook.rules.exchange.safe_xml import Element, NotXml, read_xml
from anwang.rulebook.rules.exchange.write_dmn import HIT_POLICIES, OWN

# 1.1 to 1.5; what we read of a table is the same in all of them.
_SPACES: Final = re.compile(r"\{https?://www\.omg\.org/spec/DMN/[^}]*\}(\w+)")
_STRING: Final = re.compile(r'"([^"]*)"')


SpecsFor = Callable[[str], Mapping[str, InputSpec]]


def read_dmn(content: bytes, specs_for: SpecsFor) -> Carried:
    """The one decision table of a DMN file. Raises FileUnreadable.

    `specs_for` a policy's id gives what its columns are.
    """
    try:
        root = read_xml(content)
    except NotXml:
        raise FileUnreadable(
            "這個檔案不是可以讀的 DMN（XML 有錯、沒有存完，或含有不收的實體定義）。請在原來的程式再存一次。",
            "This is no DMN that can be read (broken or unfinished XML, or with entities, which are "
            "refused). Save it again in the program it comes from.",
        ) from None
    decisions = [one for one in _all(root, "decision") if _first(one, "decisionTable") is not None]
    if len(decisions) != 1:
        raise FileUnreadable(
            f"一個檔案要剛好有一張決策表，這裡有 {len(decisions)} 張。",
            f"A file holds just one decision table; here are {len(decisions)}.",
        )
    return _Reader(decisions[0], specs_for).carried()


def _all(element: Element, name: str) -> list[Element]:
    return [one for one in element if _local(one) == name]


def _first(element: Element, name: str) -> Element | None:
    return next(iter(_all(element, name)), None)


def _local(element: Element) -> str:
    found = _SPACES.fullmatch(str(element.tag))
    return found[1] if found else ""


def _text(element: Element | None) -> str:
    inner = _first(element, "text") if element is not None else None
    return (inner.text or "").strip() if inner is not None else ""


class _Reader:
    """One decision table; gathers what its rules say and what cannot be read."""

    def __init__(self, decision: Element, specs_for: SpecsFor) -> None:
        table = _first(decision, "decisionTable")
        assert table is not None  # the caller chose a decision that has one
        self.decision, self.table = decision, table
        self.sheet = decision.get("id", "")
        self.head = self._head()
        self.specs = specs_for(self.head["policy"].text)
        self.inputs = [_text(_first(one, "inputExpression")) for one in _all(table, "input")]
        outputs = _all(table, "output")
        self.outputs = [one.get("name", "") for one in outputs]
        self.notes = [one.get("name", "") for one in _all(table, "annotation")]
        self.faults: list[FileFault] = []

    def carried(self) -> Carried:
        codes = [*(f"when.{one}" for one in self.inputs), *(f"then.{one}" for one in self.outputs),
                 *self.notes]  # fmt: skip
        columns = {code: Place(self.sheet, "", code) for code in codes}
        rows, at = [], []
        for number, rule in enumerate(_all(self.table, "rule"), start=1):
            rows.append(dict(self._rule(rule, str(number))))
            at.append(Place(self.sheet, str(number)))
        return Carried(self.head, columns, rows, at, tuple(self.faults))

    def _head(self) -> dict[str, Put]:
        head = {
            "policy": Put(self.sheet, Place(self.sheet)),
            "hit": Put(self._hit(), Place(self.sheet, "", "hitPolicy")),
        }
        kept = _first(self.decision, "extensionElements")
        for one in kept if kept is not None else ():
            line = one.get("line", "")
            if one.tag == f"{{{OWN}}}head" and line in HEAD and line != "hit":
                head[line] = Put((one.text or "").strip(), Place(self.sheet, "", line))
        return head

    def _hit(self) -> str:
        said = self.table.get("hitPolicy", "UNIQUE")
        return next((ours for ours, theirs in HIT_POLICIES.items() if theirs == said), said)

    def _rule(self, rule: Element, number: str) -> Iterator[tuple[str, Put]]:
        entries = {
            name: _all(rule, name) for name in ("inputEntry", "outputEntry", "annotationEntry")
        }
        wanted = {"inputEntry": self.inputs, "outputEntry": self.outputs,
                  "annotationEntry": self.notes}  # fmt: skip
        for name, found in entries.items():
            if len(found) != len(wanted[name]):
                place = Place(self.sheet, number)
                self.faults.append(FileFault(place, _COUNTED, f"{name}: {len(found)}"))
        for name, entry in zip(self.inputs, entries["inputEntry"], strict=False):
            place = Place(self.sheet, number, f"when.{name}")
            if cell := self._condition(entry, name, place):
                yield place.column, Put(cell, place)
        for name, entry in zip(self.outputs, entries["outputEntry"], strict=False):
            place = Place(self.sheet, number, f"then.{name}")
            if outcome := self._outcome(_text(entry), place):
                yield place.column, Put(outcome, place)
        for name, entry in zip(self.notes, entries["annotationEntry"], strict=False):
            if said := _text(entry):
                yield name, Put(said, Place(self.sheet, number, name))

    def _condition(self, entry: Element, name: str, place: Place) -> str:
        """The cell as it was written here where its FEEL still says the same, else as FEEL says."""
        text, ours = _text(entry), entry.get(f"{{{OWN}}}cell", "")
        spec = self.specs.get(name)
        if spec is None:
            return ours or ("" if text == NOTHING else text)
        try:
            cell = from_feel(text, spec)
            if ours and same_meaning(cell, ours, spec):
                return ours
        except CellError:
            grammar = {tongue: text.format(grammar=GRAMMAR[spec.kind][tongue])
                       for tongue, text in _FEEL.items()}  # fmt: skip
            self.faults.append(FileFault(place, grammar, text))
            return ""
        return "" if cell == NOTHING else cell

    def _outcome(self, text: str, place: Place) -> str:
        if text in ("", NOTHING):
            return ""
        if text == "null":
            return NOTHING
        found = _STRING.fullmatch(text)
        if found is None:
            self.faults.append(FileFault(place, _QUOTED, text))
            return ""
        return found[1]


_COUNTED: Final[Words] = {
    "zh": "這一列的格數和欄數不同。請補齊每一欄的格。",
    "en": "This rule has another number of cells than the table has columns. Give every column one.",
}
_QUOTED: Final[Words] = {
    "zh": "結果要寫成加引號的代碼，例如 \"automatic\"；沒有結果請寫 null。",
    "en": 'Write the outcome as a code in quotation marks, such as "automatic"; none is null.',
}  # fmt: skip
_FEEL: Final[Words] = {
    "zh": "這一格的 FEEL 讀不懂或代碼不存在。可以寫成能表達這些的式子：{grammar}。",
    "en": "This FEEL cannot be read, or names a code that is not there. It can say: {grammar}.",
}
