"""A source is a manifest: this module reads one, checks it, and gives it as frozen values.

Nothing else in the code knows a source by name. A wrong manifest would fill household pictures
with wrong facts, so everything that can be told before the first delivery is told here, in plain
words.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from jsonschema import Draft202012Validator

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.conditions import Condition, columns_asked, read_conditions
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds
from anwang.registries.rules.quality import QualityRule, quality_faults, read_rule
from anwang.registries.rules.words import Words

ColumnType = Literal["text", "date", "code", "national-id", "int", "yes-no"]
Sensitivity = Literal["ordinary", "personal", "special"]

POLICIES: Final = Path(__file__).resolve().parent.parent / "policies"
SOURCES: Final = POLICIES / "sources"
SCHEMA: Final = Path(__file__).resolve().parents[3] / "docs" / "formats" / "manifest.schema.json"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_COVERS: Final = re.compile(r"age (<|<=|>|>=) ([0-9]{1,3})")


class ManifestFault(Exception):
    """A manifest cannot be used; the text names the file, the place in it and what to correct."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a column; `also` are the source's other spellings of it."""

    code: str
    label: Words
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `headers` are all header texts that mean it, its own name first."""

    name: str
    label: Words
    type: ColumnType
    headers: tuple[str, ...]
    required: bool
    max_length: int | None
    least: int | None
    most: int | None
    codes: tuple[Code, ...]
    when_invalid: Literal["quarantine", "keep", "drop"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of validity: a date column, moved by `plus_days`."""

    column: str
    plus_days: int


@dataclass(frozen=True, slots=True)
class FactRule:
    """A fact that a row yields; `key` and the values are templates over columns."""

    kind: str
    when: tuple[Condition, ...]
    key: str | None
    value: tuple[tuple[str, str | int | bool], ...]
    valid_from: Day | None
    valid_to: Day | None


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """Why the contents may be used, and for which purposes."""

    citation: Words
    purposes: tuple[str, ...]
    confidence: Literal["verified", "secondary", "assumed"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whose absence from a full delivery may mean `none`."""

    covers: str
    identification: Literal["certain", "probable"]

    def covers_age(self, age: int | None) -> bool:
        """Whether a person of `age` years lies within; an unknown age lies only within
        `everyone`.
        """
        if self.covers == "everyone":
            return True
        found = _COVERS.fullmatch(self.covers)
        if found is None or age is None:
            return False
        limit = int(found[2])
        return {"<": age < limit, "<=": age <= limit, ">": age > limit, ">=": age >= limit}[
            found[1]
        ]


@dataclass(frozen=True, eq=False)
class Manifest:
    """One source in one version. Compared by identity, so compiled checks can hang on it."""

    id: str
    version: int
    label: Words
    owner: Words
    external: bool
    assumed: bool
    legal_basis: tuple[LegalBasis, ...]
    transport: Literal["file", "rest", "own"]
    formats: tuple[str, ...]
    columns: tuple[Column, ...]
    facts: tuple[FactRule, ...]
    quality: tuple[QualityRule, ...]
    expected_every_days: int | None
    late_after_days: int | None
    drop_limit_percent: int | None
    keep_years: int
    retention_ground: Words
    sensitivity: Sensitivity
    coverage: Coverage
    own_columns: frozenset[str]

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def purposes(self) -> frozenset[str]:
        """All purposes that some legal basis allows."""
        return frozenset(purpose for basis in self.legal_basis for purpose in basis.purposes)

    @property
    def protected_columns(self) -> frozenset[str]:
        """Columns whose plain value is never stored, logged or echoed."""
        return frozenset(one.name for one in self.columns if one.type == "national-id")


def load_manifest(path: Path) -> Manifest:
    """The manifest in `path`. Raises ManifestFault, naming the file and the place."""
    return manifest_of(_yaml(path), where=path.name)


def load_manifests(folder: Path = SOURCES) -> dict[str, Manifest]:
    """Every manifest in `folder` by its id, sorted. Raises ManifestFault."""
    found: dict[str, Manifest] = {}
    for path in sorted(folder.glob("*.yaml")):
        one = load_manifest(path)
        if one.id != path.stem:
            raise ManifestFault(f"{path.name}: the id {one.id!r} differs from the file's name.")
        found[one.id] = one
    return found


def manifest_of(body: object, *, where: str) -> Manifest:
    """The manifest in a parsed YAML or JSON body. Raises ManifestFault with every fault found."""
    faults = list(_shape_faults(body))
    if not faults:
        assert isinstance(body, Mapping)
        manifest = _manifest(body)
        faults = list(_sense_faults(manifest))
        if not faults:
            return manifest
    raise ManifestFault("\n".join(f"{where}: {fault}" for fault in faults))


def _shape_faults(body: object) -> Iterator[str]:
    for error in sorted(_validator().iter_errors(body), key=lambda one: list(map(str, one.path))):
        place = ".".join(str(step) for step in error.absolute_path) or "the whole manifest"
        yield f"at {place}: {error.message[:200]}. See docs/formats/manifest.schema.json."


def _sense_faults(manifest: Manifest) -> Iterator[str]:
    """What a schema cannot tell: names that lead nowhere, types that do not fit."""
    types = {one.name: one.type for one in manifest.columns}
    if len(types) != len(manifest.columns):
        yield "two columns have the same name. Rename one."
    headers = [header for one in manifest.columns for header in one.headers]
    for header in sorted({one for one in headers if headers.count(one) > 1}):
        yield f"the header {header!r} means two columns. Take it from one of them."
    for rule in manifest.quality:
        yield from quality_faults(rule, types)
    for number, fact in enumerate(manifest.facts):
        yield from _fact_faults(f"fact {number} ({fact.kind})", fact, types)


def _fact_faults(place: str, fact: FactRule, types: Mapping[str, str]) -> Iterator[str]:
    if fact.kind not in _kinds():
        yield f"{place}: no such kind in fact_kinds.yaml. Add it there first."
    templates = [text for _, text in fact.value if isinstance(text, str)]
    in_value = {name for text in templates for name in PLACEHOLDER.findall(text)}
    in_key = set(PLACEHOLDER.findall(fact.key or ""))
    days = [day.column for day in (fact.valid_from, fact.valid_to) if day]
    asked = columns_asked(fact.when)
    yield from _unknown_columns(place, in_value | in_key | set(days) | asked, types)
    for name in sorted(in_value):
        if types.get(name) == "national-id":
            yield f"{place}: the value would hold the number in column {name}. Use it as key."
    for name in sorted(in_key):
        if types.get(name) == "national-id" and fact.key != f"{{{name}}}":
            yield f"{place}: column {name} may only be the whole key, where it becomes a token."
    for name in days:
        if types.get(name, "date") != "date":
            yield f"{place}: column {name} is not a date."


def _unknown_columns(place: str, used: set[Any], types: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(used - types.keys()):
        yield f"{place}: no column {name!r}. Declare it or correct the name."


def _manifest(body: Mapping[str, Any]) -> Manifest:
    shared = _shared() if body.get("person_columns", True) else {"columns": [], "quality": []}
    own = tuple(_column(one) for one in body["columns"])
    return Manifest(
        id=body["id"],
        version=body["version"],
        label=Words.of(body["label"]),
        owner=Words.of(body["owner"]),
        external=body["external"],
        assumed=body["assumed"],
        legal_basis=tuple(
            LegalBasis(Words.of(one["citation"]), tuple(one["purposes"]), one["confidence"])
            for one in body["legal_basis"]
        ),
        transport=body["transport"],
        formats=tuple(body["formats"]),
        columns=tuple(_column(one) for one in shared["columns"]) + own,
        facts=tuple(_fact(one) for one in body["facts"]),
        quality=tuple(read_rule(one) for one in [*shared["quality"], *body["quality"]]),
        expected_every_days=body["rhythm"]["expected_every_days"],
        late_after_days=body["rhythm"]["late_after_days"],
        drop_limit_percent=body["size"]["drop_limit_percent"],
        keep_years=body["retention"]["keep_years"],
        retention_ground=Words.of(body["retention"]["ground"]),
        sensitivity=body["sensitivity"],
        coverage=Coverage(**body["coverage"]),
        own_columns=frozenset(one.name for one in own),
    )


def _column(body: Mapping[str, Any]) -> Column:
    headers = dict.fromkeys([body["name"], body["label"]["zh"], *body.get("also", [])])
    return Column(
        name=body["name"],
        label=Words.of(body["label"]),
        type=body["type"],
        headers=tuple(headers),
        required=body.get("required", False),
        max_length=body.get("max_length"),
        least=body.get("least"),
        most=body.get("most"),
        codes=tuple(
            Code(one["code"], Words.of(one["label"]), tuple(one.get("also", [])))
            for one in body.get("codes", [])
        ),
        when_invalid=body.get("when_invalid", "quarantine"),
    )


def _fact(body: Mapping[str, Any]) -> FactRule:
    return FactRule(
        kind=body["kind"],
        when=read_conditions(body.get("when", {})),
        key=body.get("key"),
        value=tuple(body.get("value", {}).items()),
        valid_from=_day(body.get("valid_from")),
        valid_to=_day(body.get("valid_to")),
    )


def _day(body: str | Mapping[str, Any] | None) -> Day | None:
    if body is None:
        return None
    return Day(body, 0) if isinstance(body, str) else Day(body["column"], body["plus_days"])


def _yaml(path: Path) -> Any:
    try:
        return read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ManifestFault(f"{path.name}: cannot be read as YAML. {error}") from error


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@cache
def _shared() -> dict[str, Any]:
    shared: dict[str, Any] = _yaml(POLICIES / "columns.yaml")
    return shared


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()
