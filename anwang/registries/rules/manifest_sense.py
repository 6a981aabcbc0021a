"""What a schema cannot tell of a manifest: names that lead nowhere, types that do not fit, a fact
whose sentence would stay empty, a purpose without a ground.

A wrong manifest fills household pictures with wrong facts, so all of it is said before the first
delivery, each fault with its place, what is wrong and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.conditions import columns_asked
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.registries.rules.quality import quality_faults
from anwang.registries.rules.words import Words

if TYPE_CHECKING:
    from anwang.registries.rules.manifests import FactRule, Manifest

DIRECTORY: Final = Path(__file__).resolve().parents[2] / "directory" / "data"
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_RANKS: Final = {"ordinary": 0, "personal": 1, "special": 2}
# Streams that are no purpose: nobody may look for them.
_NO_PURPOSE: Final = frozenset({"consult", "not-for-us"})
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a manifest. `place` leads from its top to the part: keys and numbers."""

    place: Place
    text: Words

    @property
    def where(self) -> str:
        """The place as people write it: `facts.2.kind`."""
        return ".".join(map(str, self.place))

    @property
    def place_and_text(self) -> str:
        """One line of English."""
        return f"at {self.where or 'the whole manifest'}: {self.text.en}"


def sense_faults(
    body: Mapping[str, Any], manifest: Manifest, shared: Mapping[str, Any]
) -> Iterator[Fault]:
    """Every fault of a manifest whose shape is right; `shared` is columns.yaml."""
    types: dict[str, str] = {one.name: one.type for one in manifest.columns}
    yield from _column_faults(body, manifest, shared)
    # Rules of columns.yaml come first and are right for whoever has their columns.
    own_rules = len(manifest.quality) - len(body["quality"])
    for number, rule in enumerate(manifest.quality[own_rules:]):
        for text in quality_faults(rule, types):
            yield Fault(("quality", number), text)
    ids = [rule.id for rule in manifest.quality]
    for number, rule in enumerate(manifest.quality[own_rules:]):
        if ids.count(rule.id) > 1:
            yield Fault(("quality", number, "id"), _twice(rule.id))
    for number, fact in enumerate(manifest.facts):
        yield from _fact_faults(("facts", number), fact, manifest, types)
    yield from _care_faults(manifest)
    yield from _purpose_faults(body)
    yield from _transport_faults(body, manifest, types)
    for number, version in enumerate(body.get("also_reads", ())):
        if version >= manifest.version:
            yield Fault(("also_reads", number), Words(
                "只能列較早的版本。", "only earlier versions can be listed here."
            ))  # fmt: skip


def _column_faults(
    body: Mapping[str, Any], manifest: Manifest, shared: Mapping[str, Any]
) -> Iterator[Fault]:
    first = len(manifest.columns) - len(body["columns"])
    names = [one.name for one in manifest.columns]
    headers: dict[str, str] = {}
    for number, column in enumerate(manifest.columns):
        place: Place = ("columns", max(number - first, 0))
        if names.index(column.name) != number:
            yield Fault((*place, "name"), Words(
                f"有兩個欄位同名「{column.name}」。請改其中一個。",
                f"two columns have the same name, {column.name!r}. Rename one.",
            ))  # fmt: skip
            continue
        for header in column.headers:
            if header in headers:
                yield Fault(place, Words(
                    f"欄名「{header}」同時指「{headers[header]}」與「{column.name}」。請從其中一欄拿掉。",
                    f"the header {header!r} means two columns, {headers[header]} and "
                    f"{column.name}. Take it from one of them.",
                ))  # fmt: skip
            headers.setdefault(header, column.name)
        spellings = [text for one in column.codes for text in (one.code, *one.also)]
        for text in sorted({one for one in spellings if spellings.count(one) > 1}):
            yield Fault((*place, "codes"), Words(
                f"代碼「{text}」出現兩次。請只留一次。", f"the code {text!r} stands twice. Keep one."
            ))  # fmt: skip
    chosen = body.get("person_columns", True)
    known = [one["name"] for one in shared["columns"]]
    for number, name in enumerate(chosen if isinstance(chosen, list) else ()):
        if name not in known:
            yield Fault(("person_columns", number), _unknown_column(name, known))


def _fact_faults(
    place: Place, fact: FactRule, manifest: Manifest, types: Mapping[str, str]
) -> Iterator[Fault]:
    kind = kinds().get(fact.kind)
    if kind is None:
        near = get_close_matches(fact.kind, kinds(), 1)
        yield Fault((*place, "kind"), Words(
            f"fact_kinds.yaml 沒有「{fact.kind}」這種事實。"
            + (f"是否為「{near[0]}」？若不是，" if near else "")
            + "請先加入（docs/sources.md「When no kind of fact fits」）。",
            f"no such kind as {fact.kind!r} in fact_kinds.yaml. "
            + (f"Did you mean {near[0]!r}? If not, add" if near else "Add")
            + " it there first (docs/sources.md, 'When no kind of fact fits').",
        ))  # fmt: skip
    else:
        yield from _kind_faults(place, fact, kind, manifest)
    templates = {name: text for name, text in fact.value if isinstance(text, str)}
    in_value = {name: _PLACEHOLDER.findall(text) for name, text in templates.items()}
    in_key = set(_PLACEHOLDER.findall(fact.key or ""))
    yield from _brace_faults(place, templates, fact.key)
    days = {"valid_from": fact.valid_from, "valid_to": fact.valid_to}
    for part, day in days.items():
        if day and types.get(day.column, "date") != "date":
            yield Fault((*place, part), Words(
                f"欄位「{day.column}」不是日期。", f"column {day.column} is not a date."
            ))  # fmt: skip
    used: dict[tuple[str, ...], set[str]] = {
        ("key",): in_key,
        ("when",): set(columns_asked(fact.when)),
        **{(part,): {day.column} for part, day in days.items() if day},
        **{("value", name): set(columns) for name, columns in in_value.items()},
    }
    for part_of, columns in used.items():
        for name in sorted(columns - types.keys()):
            yield Fault((*place, *part_of), _unknown_column(name, list(types)))
    for field, columns_of in in_value.items():
        for name in columns_of:
            if types.get(name) == "national-id":
                yield Fault((*place, "value", field), Words(
                    f"這會把「{name}」欄的號碼寫進內容。請改放在 key。",
                    f"the value would hold the number in column {name}. Use it as key.",
                ))  # fmt: skip
    for name in sorted(in_key):
        if types.get(name) == "national-id" and fact.key != f"{{{name}}}":
            yield Fault((*place, "key"), Words(
                f"「{name}」欄只能單獨作為 key（會轉成代碼）。",
                f"column {name} may only be the whole key, where it becomes a token.",
            ))  # fmt: skip


def _brace_faults(place: Place, templates: Mapping[str, str], key: str | None) -> Iterator[Fault]:
    """Braces that are no {column}: they would stand in the fact as they are."""
    told = {("value", field): text for field, text in templates.items()} | {("key",): key or ""}
    for part, text in told.items():
        if re.search("[{}]", _PLACEHOLDER.sub("", text)):
            yield Fault((*place, *part), Words(
                f"「{text}」的大括號裡不是欄名。請寫成 {{欄名}}，欄名用小寫英文字母、數字與底線。",
                f"the braces in {text!r} hold no column's name. Write {{column}}, in small letters,"
                " digits and underscores.",
            ))  # fmt: skip


def _kind_faults(
    place: Place, fact: FactRule, kind: FactKind, manifest: Manifest
) -> Iterator[Fault]:
    """What the kind asks of a source: a key for its ties, its sentence filled, its codes said."""
    if kind.households in ("kin", "guardian", "registered-together") and fact.key is None:
        yield Fault(place, Words(
            f"「{kind.id}」要有 key 才知道是和誰的關係。",
            f"a fact of kind {kind.id} needs a key that says with whom it ties.",
        ))  # fmt: skip
    given = dict(fact.value)
    asked = {field for _, field, _, _ in Formatter().parse(kind.text.zh) if field}
    for field in sorted(asked - given.keys()):
        yield Fault((*place, "value"), Words(
            f"「{kind.id}」的句子需要「{field}」，value 沒有給。",
            f"the sentence of {kind.id} needs {field!r}, which the value does not give.",
        ))  # fmt: skip
    for field, labels in kind.codes.items():
        names = _PLACEHOLDER.findall(str(given.get(field, "")))
        column = manifest.column(names[0]) if len(names) == 1 else None
        for code in column.codes if column else ():
            only = next((one.codes for one in fact.when if one.column == names[0]), None)
            if code.code not in labels and (not only or code.code in only):
                yield Fault((*place, "value", field), Words(
                    f"「{kind.id}」的「{field}」沒有代碼「{code.code}」的說法。",
                    f"{field!r} of {kind.id} has no words for the code {code.code!r}.",
                ))  # fmt: skip


def _care_faults(manifest: Manifest) -> Iterator[Fault]:
    told = {fact.kind: kinds()[fact.kind] for fact in manifest.facts if fact.kind in kinds()}
    rank = _RANKS[manifest.sensitivity]
    above = [name for name, kind in told.items() if _RANKS[kind.sensitivity] > rank]
    if above:
        yield Fault(("sensitivity",), Words(
            f"來源的敏感程度不能低於其事實：{'、'.join(above)}。",
            f"the source cannot be less sensitive than its facts: {', '.join(above)}.",
        ))  # fmt: skip


def _purpose_faults(body: Mapping[str, Any]) -> Iterator[Fault]:
    grounded = set()
    for number, basis in enumerate(body["legal_basis"]):
        for at, purpose in enumerate(basis["purposes"]):
            grounded.add(purpose)
            if purpose not in directory_codes("streams") - _NO_PURPOSE:
                yield Fault(
                    ("legal_basis", number, "purposes", at),
                    _unknown(purpose, sorted(directory_codes("streams") - _NO_PURPOSE)),
                )
    asking = body.get("lookup") or {}
    for at, purpose in enumerate(asking.get("purposes", ())):
        if purpose not in grounded:
            yield Fault(("lookup", "purposes", at), Words(
                f"「{purpose}」沒有法律依據。請先加入 legal_basis。",
                f"no legal basis allows {purpose!r}. Add it to legal_basis first.",
            ))  # fmt: skip
    for at, role in enumerate(asking.get("who_may_ask", ())):
        if role not in directory_codes("roles"):
            yield Fault(
                ("lookup", "who_may_ask", at), _unknown(role, sorted(directory_codes("roles")))
            )


def _transport_faults(
    body: Mapping[str, Any], manifest: Manifest, types: Mapping[str, str]
) -> Iterator[Fault]:
    said = body["transport"] if isinstance(body["transport"], Mapping) else {}
    if manifest.transport != "rest":
        for part in sorted({"paging", "page_size"} & said.keys()):
            yield Fault(("transport", part), Words("只用於 rest。", "belongs to rest only."))
    delivers = manifest.transport in ("file", "sftp", "rest")
    if delivers and not manifest.formats:
        yield Fault(("formats",), Words(
            "會送資料的來源至少要有一種格式。", "a source that delivers needs at least one format."
        ))  # fmt: skip
    if manifest.transport == "lookup" and "lookup" not in body:
        yield Fault(("transport",), Words(
            "只供查詢的來源要有 lookup。", "a source that is only asked needs a lookup."
        ))  # fmt: skip
    for at, name in enumerate((body.get("lookup") or {}).get("by", ())):
        if name not in types:
            yield Fault(("lookup", "by", at), _unknown_column(name, list(types)))


def _unknown_column(name: str, known: Sequence[str]) -> Words:
    near = get_close_matches(name, known, 1)
    return Words(
        f"沒有欄位「{name}」。"
        + (f"是否為「{near[0]}」？" if near else "請先宣告此欄或更正欄名。"),
        f"no column {name!r}. "
        + (f"Did you mean {near[0]!r}?" if near else "Declare it or correct the name."),
    )


def _unknown(name: str, known: Sequence[str]) -> Words:
    return Words(
        f"沒有「{name}」。可用：{'、'.join(known)}。",
        f"there is no {name!r}. Use: {', '.join(known)}.",
    )


def _twice(name: str) -> Words:
    return Words(f"「{name}」出現兩次。請改名。", f"{name!r} stands twice. Rename one.")


@cache
def directory_codes(name: str) -> frozenset[str]:
    """The codes of one of the directory's lists."""
    return frozenset(str(one["code"]) for one in read_yaml(DIRECTORY / f"{name}.yaml"))


@cache
def kinds() -> dict[str, FactKind]:
    """The kinds of facts, read once a process."""
    return load_fact_kinds()
