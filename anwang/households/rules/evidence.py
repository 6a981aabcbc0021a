"""What the household rules are given: plain values, gathered by queries, no database behind them.

Whose a fact is follows from the links between records and persons; that was settled before it came
here. Keys of other persons are already person ids here, and places are opaque keys (equal means
the same door).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from anwang.registries.rules.manifests import Coverage, Manifest

LookupState = Literal["value", "none", "not-asked", "late", "failed", "withheld"]
KNOWN_STATES: Final[frozenset[LookupState]] = frozenset({"value", "none"})
Identification = Literal["certain", "probable", "weak"]
KinKind = Literal["father", "mother", "spouse"]


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact of one person as known on the day asked for.

    `valid_to` is the first day on which it no longer held. `key` is the fact's key as the record
    has it; `about` the person the key stands for, where it is a relative we could identify.
    `place` is the opaque key of an address, for facts that say where somebody lives. `record`: the
    record that says it. `withheld`: its value was taken out, since it would tell a protected place.
    """

    person_id: str
    kind: str
    value: Mapping[str, Any]
    source: str
    known_at: datetime
    valid_from: date | None = None
    valid_to: date | None = None
    key: str | None = None
    about: str | None = None
    place: str | None = None
    record: str | None = None
    withheld: bool = False

    def holds_on(self, day: date) -> bool:
        """Whether it was so on `day`, by its own dates."""
        if self.valid_from is not None and day < self.valid_from:
            return False
        return self.valid_to is None or day < self.valid_to


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person who may belong to the household. `born_on` may be unknown, then `age` may be
    told.
    """

    person_id: str
    name: str
    born_on: date | None = None
    sex: Literal["F", "M", "X", ""] = ""
    age: int | None = None
    identification: Identification = "certain"


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject of the report at hand. `person_id` None: nobody known could be accepted for it."""

    index: int
    role: str
    person_id: str | None
    name: str = ""
    sex: Literal["F", "M", "X", ""] = ""
    age: int | None = None
    place: str | None = None
    relation_to_victim: str = ""


@dataclass(frozen=True, slots=True)
class SourceView:
    """What a look-up needs to know of a source that delivers (our own records are not looked up).

    `full_delivered_on`: day of the last full delivery that was taken, None if there never was one.
    `last_failed`: the newest delivery is held or failed. `withheld`: kept from this role for
    everybody alike.
    """

    id: str
    coverage: Coverage
    full_delivered_on: date | None = None
    late_after_days: int | None = None
    last_failed: bool = False
    withheld: bool = False

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        *,
        full_delivered_on: date | None = None,
        last_failed: bool = False,
        withheld: bool = False,
    ) -> "SourceView":
        """The view of a manifest's source with what the feed monitor knows."""
        return cls(
            manifest.id,
            manifest.coverage,
            full_delivered_on,
            manifest.late_after_days,
            last_failed,
            withheld,
        )


@dataclass(frozen=True, slots=True)
class ReportView:
    """The report at hand, so far as the picture needs it."""

    reported_on: date
    subjects: tuple[SubjectView, ...] = ()
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A tie between two persons. A parent edge runs from parent to child, violence to the victim,
    guardian to whom somebody answers for, apart to whom somebody must keep away from.

    `inferred`: not said by a number but read off a household's roles or a reporter's words.
    `until` ends it (a separation); `dates` are the days on which violence was reported.
    """

    kind: Literal["spouse", "parent", "violence", "guardian", "apart"]
    from_id: str
    to_id: str
    source: str
    since: date | None = None
    until: date | None = None
    inferred: bool = False
    dates: tuple[date, ...] = ()
