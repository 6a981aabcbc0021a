"""What is wrong with a draft, cell by cell, while an official is still typing it.

A draft may be anything, so each cell is read by itself first; only a draft whose every cell can be
read is looked at as a table: gaps, rows never reached, overlaps, and for a county what is not left
to it. Texts are in both tongues, since they are shown next to the cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.cells import CellError, InputSpec, UnknownCode, parse_cell
from anwang.rulebook.rules.check import Finding, check_source, check_table
from anwang.rulebook.rules.loader import (
    Doc,
    TableSource,
    completed,
    read_table,
    table_on,
    with_dates,
)
from anwang.rulebook.rules.overlays import PolicyFault
from anwang.rulebook.rules.tables import CONFIDENCES

Words = Mapping[str, str]

GRAMMAR: Final[Mapping[str, Words]] = {
    "flag": {"zh": "yes、no、unknown、known、yes or unknown",
             "en": "yes, no, unknown, known, yes or unknown"},
    "choice": {"zh": "= 代碼、in {代碼, 代碼}、unknown", "en": "= code, in {code, code}, unknown"},
    "number": {"zh": "< 6、<= 6、>= 18、= 3、6..17、unknown",
               "en": "< 6, <= 6, >= 18, = 3, 6..17, unknown"},
    "set": {"zh": "has 代碼、has any {代碼, 代碼}、unknown",
            "en": "has code, has any {code, code}, unknown"},
}  # fmt: skip
_WORDS: Final[Mapping[str, Words]] = {
    "cell": {"zh": "這一格讀不懂「{detail}」。可以寫：{grammar}。",
             "en": "This cell cannot be read: '{detail}'. It can be: {grammar}."},
    "unknown-code": {"zh": "沒有這個代碼：{detail}。可以用：{grammar}。",
                     "en": "There is no such code: {detail}. There are: {grammar}."},
    "no-column": {"zh": "這張表沒有「{detail}」這一欄。", "en": "This table has no column {detail}."},
    "no-id": {"zh": "請給這一列一個編號。", "en": "Give the row an id."},
    "same-id": {"zh": "編號 {detail} 有兩列同時使用。", "en": "Two rows have the id {detail} at once."},
    "no-citation": {"zh": "請寫法源；若為假定，請寫「假定」。",
                    "en": "Name the law or guide, or say that it is assumed."},
    "no-text": {"zh": "請寫說明（中文、英文）。",
                "en": "Say in words what the row is for (Chinese, English)."},
    "confidence": {"zh": "可信度是 V、S、D 或 U。", "en": "Confidence is V, S, D or U."},
    "no-outcome": {"zh": "請選結果。", "en": "Choose an outcome."},
    "date": {"zh": "日期請寫成 2026-03-02。", "en": "Write the date as 2026-03-02."},
    "no-rows": {"zh": "表裡還沒有列。", "en": "The table has no rows yet."},
    "lowering": {"zh": "字詞只能用 has：沒有找到字詞不能當作沒有這回事。",
                 "en": "Words may only be asked with has: a word not found proves nothing."},
    "gap": {"zh": "沒有任何一列接住這種情形：{detail}", "en": "No row takes this case: {detail}"},
    "unreachable": {"zh": "永遠輪不到這一列，上面的列都先符合了。",
                    "en": "This row is never reached: rows above always fit first."},
    "overlap": {"zh": "有些情形也符合別的列，請確認順序：{detail}",
                "en": "Some cases also fit another row; check the order: {detail}"},
    "empty-validity": {"zh": "結束日要在開始日之後。", "en": "The last day must come after the first."},
    "overlapping-validity": {"zh": "同一編號有兩列時間重疊。",
                             "en": "Two rows of this id are valid at the same time."},
    "score-alone": {"zh": "不能只憑分數或前一張表的結果自動進行，請加上通報本身的條件。",
                    "en": "Nothing goes out by itself on a score or an earlier table's outcome alone: "
                          "add a fact of the report."},
    "unused-input": {"zh": "沒有列用到這些欄：{detail}", "en": "No row uses these columns: {detail}"},
    "not-open": {"zh": "全國表沒有開放這樣改：{detail}",
                 "en": "The nation does not leave this to a county: {detail}"},
    "overlay-breaks": {"zh": "這樣改，縣市的差異就接不上：{detail}",
                       "en": "With this, a county's overlay no longer fits: {detail}"},
    "unreadable": {"zh": "這份草案讀不懂：{detail}", "en": "This draft cannot be read: {detail}"},
}  # fmt: skip

MOST_CODES: Final = 30
# Faults of a single cell or row, found before the table is looked at as a whole.
OF_CELLS: Final = frozenset(
    {"cell", "unknown-code", "no-column", "no-id", "same-id", "no-citation", "no-text",
     "confidence", "no-outcome", "date", "no-rows", "unreadable"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DraftFault:
    """One thing to mend. `place` is the row's place from 0, `column` as in `flat_row` (when.x ...).

    An `error` keeps the draft from being proposed; a `note` is for the reader.
    """

    severity: Literal["error", "note"]
    kind: str
    place: int | None
    column: str | None
    text: Words

    @property
    def is_error(self) -> bool:
        """Whether it keeps the draft from being proposed."""
        return self.severity == "error"


def fault(
    kind: str, place: int | None = None, column: str | None = None, detail: str = "",
    severity: Literal["error", "note"] = "error", grammar: Words | None = None,
) -> DraftFault:  # fmt: skip
    """A fault of one of the kinds above, with its text filled in."""
    words = {
        tongue: text.format(detail=detail, grammar=(grammar or {}).get(tongue, ""))
        for tongue, text in _WORDS[kind].items()
    }
    return DraftFault(severity, kind, place, column, words)


def draft_faults(
    body: Doc,
    specs: Mapping[str, InputSpec],
    national: Doc | None = None,
    overlays: Iterable[Doc] = (),
) -> list[DraftFault]:
    """All faults of a draft, those of cells first. `national` for a county's draft; `overlays`: the
    counties' tables in force, for a national one."""
    doc = completed(body, national) if national is not None else dict(body)
    try:
        rows = [dict(row) for row in doc["rows"]]
        found = list(_of_cells(rows, doc, specs))
    except (KeyError, TypeError, AttributeError, ValueError) as odd:
        return [fault("unreadable", detail=f"{type(odd).__name__}: {odd}")]
    if not rows and national is None:
        found.append(fault("no-rows"))
    if any(one.severity == "error" for one in found):
        return found
    try:
        return found + list(_of_table(doc, specs, national, overlays))
    except (AnwangError, KeyError, TypeError, ValueError) as odd:
        return [*found, fault("unreadable", detail=str(odd))]


def _of_cells(
    rows: Sequence[Mapping[str, Any]], doc: Doc, specs: Mapping[str, InputSpec]
) -> Iterable[DraftFault]:
    columns = {name: specs[name] for name in doc["inputs"] if name in specs}
    seen: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        name = str(row.get("id") or "").strip()
        if not name:
            yield fault("no-id", place, "id")
        key = (name, str(row.get("valid_from") or ""))
        if name and key in seen:
            yield fault("same-id", place, "id", name)
        seen.add(key)
        yield from _of_when(place, row, columns)
        yield from _of_then(place, row, doc)
        yield from _of_words(place, row)


def _of_when(
    place: int, row: Mapping[str, Any], columns: Mapping[str, InputSpec]
) -> Iterable[DraftFault]:
    for name, text in (row.get("when") or {}).items():
        column = f"when.{name}"
        if name not in columns:
            yield fault("no-column", place, column, name)
            continue
        try:
            parse_cell(str(text), columns[name])
        except UnknownCode as strange:
            codes = str(strange).partition(": ")[2].removesuffix(" is not among its values.")
            yield fault("unknown-code", place, column, codes, grammar=_listed(columns[name].values))
        except CellError:
            yield fault("cell", place, column, str(text), grammar=GRAMMAR[columns[name].kind])


def _of_then(place: int, row: Mapping[str, Any], doc: Doc) -> Iterable[DraftFault]:
    said: Mapping[str, Any] = row.get("then") or {}
    for name, allowed in doc["outputs"].items():
        value = said.get(name)
        if value is not None and allowed and str(value) not in map(str, allowed):
            known = _listed(tuple(map(str, allowed)))
            yield fault("unknown-code", place, f"then.{name}", str(value), grammar=known)
    if strange := sorted(set(said) - set(doc["outputs"])):
        yield fault("no-column", place, None, ", ".join(strange))
    # A table for one answer may say "none" (no class); one that collects rows adds something each.
    elif doc["hit"] == "all" and not any(value is not None for value in said.values()):
        yield fault("no-outcome", place, f"then.{next(iter(doc['outputs']))}")


def _listed(codes: Sequence[str]) -> Words:
    """The codes that a column has, as many as a reader takes in."""
    more = "…" if len(codes) > MOST_CODES else ""
    return {"zh": "、".join(codes[:MOST_CODES]) + more, "en": ", ".join(codes[:MOST_CODES]) + more}


def _of_words(place: int, row: Mapping[str, Any]) -> Iterable[DraftFault]:
    for tongue in ("zh", "en"):
        if not str((row.get("text") or {}).get(tongue) or "").strip():
            yield fault("no-text", place, f"text.{tongue}")
    if not str(row.get("citation") or "").strip():
        yield fault("no-citation", place, "citation")
    if row.get("confidence") not in CONFIDENCES:
        yield fault("confidence", place, "confidence")
    for name in ("valid_from", "valid_to"):
        if said := row.get(name):
            try:
                date.fromisoformat(str(said))
            except ValueError:
                yield fault("date", place, name)


def _of_table(
    doc: Doc, specs: Mapping[str, InputSpec], national: Doc | None, overlays: Iterable[Doc]
) -> Iterable[DraftFault]:
    source = read_table(with_dates(doc), specs)
    places = {row.id: place for place, row in reversed(list(enumerate(source.rows)))}
    findings = check_source(source) if national is None else _of_overlay(source, national, specs)
    for one in findings:
        yield fault(one.kind, places.get(one.row or ""), _column(one), one.message, one.severity)
    if national is not None:
        return
    for overlay in overlays:
        try:
            own = read_table(with_dates(completed(overlay, doc)), specs)
            table_on(source, max(source.valid_from, own.valid_from), own)
        except AnwangError as broken:
            yield fault("overlay-breaks", detail=str(broken))


def _of_overlay(
    source: TableSource, national: Doc, specs: Mapping[str, InputSpec]
) -> Iterable[Finding]:
    """Findings of the overlay's own rows, and of the nation's table with them in it."""
    below = read_table(with_dates(national) | {"valid_to": None}, specs)
    found = [one for one in check_source(source) if one.kind not in ("gap", "unused-input")]
    day = max(source.valid_from, below.valid_from)
    try:
        merged = table_on(below, day, source)
    except PolicyFault as closed:
        return [
            *found,
            Finding("error", "not-open", source.id, _row_in(closed, source), str(closed)),
        ]
    own = {row.id for row in source.rows}
    of_merged = [one for one in check_table(merged) if one.row in own or one.severity == "error"]
    return list(dict.fromkeys([*(one for one in found if one.kind != "unreachable"), *of_merged]))


def _row_in(closed: PolicyFault, source: TableSource) -> str | None:
    said = str(closed)
    return next((row.id for row in source.rows if f"row {row.id}:" in said), None)


def _column(one: Finding) -> str | None:
    return {"no-citation": "citation", "no-text": "text.zh", "empty-validity": "valid_to"}.get(
        one.kind
    )
