"""A source is a manifest: this module reads one, checks it, and gives it as frozen values.

Nothing else in the code knows a source by name. A wrong manifest would fill household pictures
with wrong facts, so everything that can be told before the first delivery is told here, in plain
words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.conditions import Condition, read_conditions
from anwang.registries.rules.manifest_sense import Fault, sense_faults
from anwang.registries.rules.manifest_shape import shape_faults
from anwang.registries.rules.outgoing_sense import outgoing_faults
from anwang.registries.rules.quality import QualityRule, read_rule
from anwang.registries.rules.words import Words

ColumnType = Literal["text", "date", "code", "national-id", "int", "yes-no"]
Sensitivity = Literal["ordinary", "personal", "special"]
TransportKind = Literal["file", "sftp", "rest", "lookup", "own"]

POLICIES: Final = Path(__file__).resolve().parent.parent / "policies"
SOURCES: Final = POLICIES / "sources"
# Systems of counties that stay beside this one (docs/local-systems.md).
LOCAL_SYSTEMS: Final = POLICIES / "local_systems"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_COVERS: Final = re.compile(r"age (<|<=|>|>=) ([0-9]{1,3})|age ([0-9]{1,3}) to ([0-9]{1,3})")
# Of the columns in columns.yaml these come with every choice of others.
_ALWAYS: Final = frozenset({"record_key", "valid_from", "valid_to", "deleted"})


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
        if found[3] is not None:
            return int(found[3]) <= age <= int(found[4])
        limit = int(found[2])
        return {"<": age < limit, "<=": age <= limit, ">": age > limit, ">=": age >= limit}[
            found[1]
        ]


@dataclass(frozen=True, eq=False)
class Manifest:
    """One source in one version. Compared by identity, so compiled checks can hang on it.

    `county`: of a local system, whose it is. It is asked about nobody and its silence says nothing.
    """

    id: str
    version: int
    label: Words
    owner: Words
    external: bool
    assumed: bool
    legal_basis: tuple[LegalBasis, ...]
    transport: TransportKind
    formats: tuple[str, ...]
    encoding: Literal["utf-8", "big5"]
    packing: Literal["none", "gzip", "zip"]
    columns: tuple[Column, ...]
    facts: tuple[FactRule, ...]
    quality: tuple[QualityRule, ...]
    expected_every_days: int | None
    late_after_days: int | None
    usual_mode: Literal["full", "incremental"]
    drop_limit_percent: int | None
    rise_limit_percent: int | None
    rows_per_1000_persons: float | None
    keep_years: int
    retention_ground: Words
    sensitivity: Sensitivity
    coverage: Coverage
    own_columns: frozenset[str]
    readable_versions: frozenset[int]
    county: str | None = None

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


@cache
def shipped_manifests() -> Mapping[str, Manifest]:
    """Every manifest that is shipped, read and checked once a process: checking takes half a second."""
    return MappingProxyType(load_manifests())


@cache
def all_manifests() -> Mapping[str, Manifest]:
    """The shipped manifests with those of local systems, likewise."""
    return MappingProxyType({**shipped_manifests(), **load_manifests(LOCAL_SYSTEMS)})


def manifest_of(body: object, *, where: str) -> Manifest:
    """The manifest in a parsed YAML or JSON body. Raises ManifestFault with every fault found."""
    faults = faults_of(body)
    if faults:
        raise ManifestFault("\n".join(f"{where}: {one.place_and_text}" for one in faults))
    assert isinstance(body, Mapping)
    return _manifest(body)


def manifest_as_taken(body: Mapping[str, Any]) -> Manifest:
    """A manifest as it stands in the database: it was checked when it was taken in. A process that runs
    since before may not know its kinds of facts yet, which is no reason to show nothing of anybody.
    """
    return _manifest(body)


def faults_of(body: object) -> list[Fault]:
    """Everything that is wrong with a parsed manifest; its sense only once its shape is right."""
    faults = list(shape_faults(body))
    if faults:
        return faults
    assert isinstance(body, Mapping)
    manifest = _manifest(body)
    return [
        *sense_faults(body, manifest, shared_columns()),
        *outgoing_faults(body, manifest.transport),
    ]


def transport_of(body: Mapping[str, Any]) -> TransportKind:
    """The transport in a manifest's body, which names it alone or with where it leads."""
    said = body["transport"]
    kind: TransportKind = said["kind"] if isinstance(said, Mapping) else said
    return kind


def _manifest(body: Mapping[str, Any]) -> Manifest:
    shared = _shared_with(body.get("person_columns", True))
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
        transport=transport_of(body),
        formats=tuple(body["formats"]),
        encoding=body.get("encoding", "utf-8"),
        packing=body.get("packing", "none"),
        columns=tuple(_column(one) for one in shared["columns"]) + own,
        facts=tuple(_fact(one) for one in body["facts"]),
        quality=tuple(read_rule(one) for one in [*shared["quality"], *body["quality"]]),
        expected_every_days=body["rhythm"]["expected_every_days"],
        late_after_days=body["rhythm"]["late_after_days"],
        usual_mode=body["rhythm"].get("usual_mode", "full"),
        drop_limit_percent=body["size"]["drop_limit_percent"],
        rise_limit_percent=body["size"].get("rise_limit_percent"),
        rows_per_1000_persons=body["size"].get("rows_per_1000_persons"),
        keep_years=body["retention"]["keep_years"],
        retention_ground=Words.of(body["retention"]["ground"]),
        sensitivity=body["sensitivity"],
        coverage=Coverage(**body["coverage"]),
        own_columns=frozenset(one.name for one in own),
        readable_versions=frozenset({body["version"], *body.get("also_reads", ())}),
        county=body.get("county"),
    )


def _shared_with(chosen: bool | list[str]) -> Mapping[str, Any]:
    """Columns and rules of columns.yaml for a manifest that wants all, none, or those named."""
    shared = shared_columns()
    if chosen is True:
        return shared
    if chosen is False:
        return {"columns": [], "quality": []}
    names = _ALWAYS | set(chosen)
    return {
        "columns": [one for one in shared["columns"] if one["name"] in names],
        "quality": [one for one in shared["quality"] if {*read_rule(one).columns} <= names],
    }


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
def shared_columns() -> dict[str, Any]:
    """columns.yaml: what any source may carry."""
    shared: dict[str, Any] = _yaml(POLICIES / "columns.yaml")
    return shared
