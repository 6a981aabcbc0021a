"""Policy files to tables: reads the dated sources, picks what is in force on a day, lays a county
over the nation.

A file is a shipped draft; which version is in force is said by whoever calls (the database, or
`in_force`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from anwang.rulebook.rules.cells import KINDS, InputSpec, Kind, parse_cell
from anwang.rulebook.rules.overlays import PolicyFault as PolicyFault
from anwang.rulebook.rules.overlays import laid_over
from anwang.rulebook.rules.tables import CONFIDENCES, DecisionTable, HitPolicy, PolicyGap, Row

Doc = Mapping[str, Any]
_DATES = ("valid_from", "valid_to")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A policy file as read: all rows of all times. `county` is None for the national layer.

    Of a county's rows, `replaces` and `before` name the national row that each stands for or goes
    before. `county_adds`: what rows of its own a county may add to a table that collects all hits.
    `automatic`: the outcomes that act without a person.
    """

    id: str
    version: str
    county: str | None
    valid_from: date
    valid_to: date | None
    hit: HitPolicy
    specs: tuple[InputSpec, ...]
    outputs: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    replaces: Mapping[str, str]
    text: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)
    county_adds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    automatic: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def layer(self) -> str:
        """`national` or `county`."""
        return "national" if self.county is None else "county"

    def is_valid_on(self, day: date) -> bool:
        """Whether this version is meant for `day`; `valid_to` is the first day after it."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def read_doc(path: Path) -> Doc:
    """The mapping in a YAML file. Raises PolicyFault if it is something else."""
    doc = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    if not isinstance(doc, dict):
        raise PolicyFault(f"{path.name} is not a mapping.")
    return doc


def with_dates(body: Doc) -> dict[str, Any]:
    """A body as JSON stores it, with its days as dates again, as its file had them."""
    read: dict[str, Any] = {}
    for name, value in body.items():
        if name in _DATES and isinstance(value, str):
            read[name] = date.fromisoformat(value)
        elif isinstance(value, list):
            read[name] = [with_dates(one) if isinstance(one, Mapping) else one for one in value]
        else:
            read[name] = value
    return read


def read_inputs(doc: Doc) -> dict[str, InputSpec]:
    """Input name -> spec, in the order of the file."""
    return {name: _input_spec(name, cast(Doc, said)) for name, said in doc["inputs"].items()}


def _input_spec(name: str, said: Doc) -> InputSpec:
    kind = said.get("kind")
    if kind not in KINDS:
        raise PolicyFault(f"Input {name}: kind {kind!r} is not one of {', '.join(sorted(KINDS))}.")
    values = tuple(str(value) for value in said.get("values", ()))
    if (kind in ("choice", "set")) != bool(values):
        raise PolicyFault(f"Input {name}: a choice or set lists its values, nothing else does.")
    marks = {mark: bool(said.get(mark)) for mark in ("raise_only", "score", "chained")}
    return InputSpec(name, cast(Kind, kind), values, said["text"], **marks)


def read_table(doc: Doc, specs: Mapping[str, InputSpec]) -> TableSource:
    """One policy file, checked for shape. Raises PolicyFault or CellError.

    See `check` for the meaning.
    """
    try:
        return _table(doc, specs)
    except KeyError as missing:
        raise PolicyFault(f"Table {doc.get('id')}: {missing} is missing.") from missing


def _table(doc: Doc, specs: Mapping[str, InputSpec]) -> TableSource:
    named: list[str] = doc["inputs"]
    if strange := [name for name in named if name not in specs]:
        raise PolicyFault(f"Table {doc['id']}: inputs {', '.join(strange)} are not described.")
    if doc["hit"] not in ("first", "unique", "all"):
        raise PolicyFault(f"Table {doc['id']}: hit is first, unique or all.")
    own = {name: specs[name] for name in named}
    outputs = {name: tuple(values) for name, values in doc["outputs"].items()}
    return TableSource(
        id=doc["id"],
        version=str(doc["version"]),
        county=doc.get("county"),
        valid_from=doc["valid_from"],
        valid_to=doc.get("valid_to"),
        hit=doc["hit"],
        specs=tuple(own.values()),
        outputs=outputs,
        rows=tuple(_row(said, doc, own, outputs) for said in doc["rows"]),
        replaces=_targets(doc, "replaces"),
        text=doc["text"],
        before=_targets(doc, "before"),
        county_adds=_codes(doc, "county_adds", outputs),
        automatic=_codes(doc, "automatic", outputs),
    )


def _targets(doc: Doc, word: str) -> dict[str, str]:
    return {str(said["id"]): str(said[word]) for said in doc["rows"] if said.get(word)}


def _codes(
    doc: Doc, word: str, outputs: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(map(str, codes)) for name, codes in doc.get(word, {}).items()}
    for name, codes in found.items():
        if strange := sorted(set(codes) - set(outputs.get(name, ()))):
            raise PolicyFault(f"Table {doc['id']}: {word} names {name} {', '.join(strange)}.")
    return found


def completed(overlay: Doc, national: Doc) -> dict[str, Any]:
    """A county's file with what it takes from the nation's: columns, outcomes, way of hitting."""
    taken = {name: national[name] for name in ("inputs", "hit", "outputs", "text")}
    return {**taken, **overlay}


def _row(
    said: Doc,
    doc: Doc,
    specs: Mapping[str, InputSpec],
    outputs: Mapping[str, tuple[str, ...]],
) -> Row:
    place = f"Table {doc['id']}, row {said.get('id')}"
    when = cast(Mapping[str, str], said.get("when") or {})
    if strange := sorted(set(when) - set(specs)):
        raise PolicyFault(f"{place}: {', '.join(strange)} is not a column of this table.")
    for name, text in when.items():
        if not isinstance(text, str):
            raise PolicyFault(f'{place}: write the cell {name} in quotation marks ("yes", "no").')
    if set(said["then"]) - set(outputs):
        raise PolicyFault(f"{place}: `then` may name only {', '.join(outputs)}.")
    if strange := sorted(set(said.get("county_may", ())) - set(specs) - set(outputs)):
        raise PolicyFault(f"{place}: county_may names {', '.join(strange)}, which is no column.")
    if said["confidence"] not in CONFIDENCES:
        raise PolicyFault(f"{place}: confidence is V, S, D or U.")
    return Row(
        id=str(said["id"]),
        when={name: parse_cell(text, specs[name]) for name, text in when.items()},
        then={name: _output(said["then"].get(name), outputs[name], place) for name in outputs},
        text=said["text"],
        citation=str(said["citation"]).strip(),
        confidence=said["confidence"],
        valid_from=said.get("valid_from", doc["valid_from"]),
        valid_to=said.get("valid_to"),
        county_may=frozenset(said.get("county_may", ())),
        county=doc.get("county"),
        varies=said.get("replaces") or said.get("before"),
    )


def _output(value: object, allowed: tuple[str, ...], place: str) -> str | None:
    if value is None:
        return None
    if allowed and str(value) not in allowed:
        raise PolicyFault(f"{place}: {value} is not one of {', '.join(allowed)}.")
    return str(value)


def in_force(sources: Iterable[TableSource], table_id: str, day: date) -> TableSource:
    """The national version of `table_id` meant for `day`.

    The latest that has begun. Raises PolicyGap.
    """
    fitting = [s for s in sources if s.id == table_id and s.county is None and s.is_valid_on(day)]
    if not fitting:
        raise PolicyGap(f"No version of {table_id} is in force on {day.isoformat()}.")
    return max(fitting, key=lambda source: source.valid_from)


def table_on(source: TableSource, day: date, overlay: TableSource | None = None) -> DecisionTable:
    """The rows in force on `day`, with a county's rows in the places of those they replace.

    Raises PolicyFault where a county varies what the nation does not leave to it.
    """
    rows = [row for row in source.rows if row.is_valid_on(day)]
    version = source.version
    if overlay is not None and overlay.is_valid_on(day):
        own = [row for row in overlay.rows if row.is_valid_on(day)]
        rows = laid_over(rows, own, overlay, source.county_adds)
        version = f"{source.version}+{overlay.county}:{overlay.version}"
    return DecisionTable(
        id=source.id,
        version=version,
        hit=source.hit,
        specs=source.specs,
        outputs=source.outputs,
        rows=tuple(rows),
        text=source.text,
    )
