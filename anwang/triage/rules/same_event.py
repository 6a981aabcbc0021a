"""Whether two reports tell of one event: who, where, when, what, and the words.

Only a proposal for the desk. Wrong joining hides a second event behind the first; wrong parting
sends two workers to one door. Pure; the constants are in policies/same_event.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from math import log2
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from anwang.common.values.roc_dates import TAIPEI
from anwang.common.yaml_files import read_yaml
from anwang.people.rules.addresses import key_of
from anwang.people.rules.columns import Row, row_of
from anwang.people.rules.comparisons import LEVEL_OF
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import query_keys
from anwang.people.rules.scoring import Model, Reason, Scored, load_model
from anwang.triage.rules.occurred import DayRange

POLICY_FILE: Final = Path(__file__).parent.parent / "policies" / "same_event.yaml"
MOST_GRAMS: Final = 400
MOST_SUBJECTS: Final = 30  # as many as a report may have
# Levels of `who` that mean one person: the same door then adds little.
_KNOWN: Final = ("persons", "person", "sure")
_NEVER: Final = Reason("time", "too-far-apart", float("-1000"))


@dataclass(frozen=True, slots=True)
class ReportDigest:
    """What of a report is compared. Instants are aware; `occurred` is the first and last day it
    can mean.

    `subjects` are at most 30 forms. `door_keys` hold the doors told (with and without district),
    `road_keys` the roads, of subjects and of the incident's place. `grams` are 32-bit hashes, at
    most 400.
    """

    receipt: str
    accepted_at: datetime
    received_at: datetime
    occurred: DayRange | None = None
    person_ids: frozenset[str] = frozenset()
    subjects: tuple[Forms, ...] = ()
    concerns: frozenset[str] = frozenset()
    county: str = ""
    door_keys: frozenset[int] = frozenset()
    road_keys: frozenset[int] = frozenset()
    grams: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SameEventPolicy:
    """A version of the constants; `propose` is the probability from which the desk is shown the
    pair.
    """

    version: str
    one_in: int
    propose: float
    most_days_apart: int
    fewest_grams: int
    subject_bits: dict[str, float]
    narrative_percent: dict[str, int]
    weights: dict[str, dict[str, Reason]]


def load_policy(path: Path = POLICY_FILE) -> SameEventPolicy:
    """Read the constants. Raises KeyError where one is missing."""
    written: dict[str, Any] = read_yaml(path)
    return SameEventPolicy(
        version=str(written["version"]),
        one_in=int(written["one_in"]),
        propose=float(written["propose"]),
        most_days_apart=int(written["most_days_apart"]),
        fewest_grams=int(written["fewest_grams"]),
        subject_bits=dict(written["subject_bits"]),
        narrative_percent=dict(written["narrative_percent"]),
        weights={
            comparison: {
                level: Reason(comparison, level, log2(row["m"] / row["u"]))
                for level, row in levels.items()
            }
            for comparison, levels in written["comparisons"].items()
        },
    )


@cache
def _shipped() -> tuple[SameEventPolicy, Model]:
    return load_policy(), load_model()


def same_event(
    a: ReportDigest,
    b: ReportDigest,
    policy: SameEventPolicy | None = None,
    model: Model | None = None,
) -> Scored:
    """Probability that `a` and `b` tell of one event, with its reasons; the same in either order.

    `policy` and `model` (the linkage model of *who*) are the shipped ones where none is given.
    Probability 0 where the receipts lie more than the policy's days apart and no stated day is
    shared.
    """
    shipped, shipped_model = _shipped()
    policy, model = policy or shipped, model or shipped_model
    time = _time_level(a, b, policy)
    if time is None:
        return Scored(_NEVER.weight, 0.0, (_NEVER,))
    who = _who_level(a, b, policy, model)
    levels = {
        "who": who,
        "place": _place_level(a, b, known=who in _KNOWN),
        "time": time,
        "concerns": _concerns_level(a, b),
        "narrative": _narrative_level(a, b, policy),
    }
    reasons = tuple(
        policy.weights[comparison][level] for comparison, level in levels.items() if level
    )
    weight = sum(reason.weight for reason in reasons)
    return Scored(weight, 1.0 / (1.0 + policy.one_in * float(2.0**-weight)), reasons)


def _who_level(
    a: ReportDigest, b: ReportDigest, policy: SameEventPolicy, model: Model
) -> str | None:
    if shared := a.person_ids & b.person_ids:
        return "persons" if len(shared) > 1 else "person"
    others = [row_of(forms) for forms in b.subjects[:MOST_SUBJECTS]]
    bits = [
        weight
        for one in map(row_of, a.subjects[:MOST_SUBJECTS])
        for other in others
        if (weight := _bits(one, other, model)) is not None
    ]
    if not bits:
        return None
    for level, least in policy.subject_bits.items():
        if max(bits) >= least:
            return level
    return "different"


def _bits(one: Row, other: Row, model: Model) -> float | None:
    """Linkage weight of two subjects without the address; None where nothing can be compared.

    Taken both ways and the larger used, since only a query knows the neighbours of its number.
    """
    ways = []
    for left, right in ((one, other), (other, one)):
        weights = [
            model.weights[comparison][level].weight
            for comparison, level_of in LEVEL_OF.items()
            if comparison != "address" and (level := level_of(left, right)) is not None
        ]
        if weights:
            ways.append(sum(weights))
    return max(ways) if ways else None


def _place_level(a: ReportDigest, b: ReportDigest, *, known: bool) -> str | None:
    same_door = bool(a.door_keys & b.door_keys)
    if known:
        if same_door:
            return "known-door"
        return "known-elsewhere" if a.door_keys and b.door_keys else None
    if same_door:
        return "door"
    if a.road_keys & b.road_keys:
        return "road"
    if a.door_keys and b.door_keys:
        return "elsewhere"
    if not a.county or not b.county:
        return None
    return "county" if a.county == b.county else "elsewhere"


def _time_level(a: ReportDigest, b: ReportDigest, policy: SameEventPolicy) -> str | None:
    """Level of time; None where the pair may not be one event at all."""
    apart = _days_between(a.occurred, b.occurred)
    if apart == 0:
        return "stated-same"
    seconds = abs((a.received_at - b.received_at).total_seconds())
    days = seconds / 86400
    if days > policy.most_days_apart:
        return None
    if apart is not None:
        return "stated-near" if apart == 1 else "stated-apart" if apart <= 7 else "stated-far"
    if (behind := _days_behind(a, b)) is not None:
        if behind < 0:
            return "told-before"
        return "told-2" if behind <= 2 else "told-7" if behind <= 7 else "told-late"
    for limit in (1, 3, 7, 30):
        if days <= limit:
            return f"received-{limit}"
    return "received-60"


def _days_behind(a: ReportDigest, b: ReportDigest) -> int | None:
    """Days from what one of two states to the receipt of the other, which states no day; below 0
    where it was told before it happened. None where neither states one.
    """
    stated, other = (a.occurred, b) if a.occurred else (b.occurred, a)
    if stated is None:
        return None
    received = other.received_at.astimezone(TAIPEI).date()
    return 0 if stated[0] <= received <= stated[1] else (
        (received - stated[1]).days if received > stated[1] else (received - stated[0]).days
    )  # fmt: skip


def _days_between(one: DayRange | None, other: DayRange | None) -> int | None:
    """Days between two ranges, 0 where they overlap."""
    if one is None or other is None:
        return None
    return max(0, (other[0] - one[1]).days, (one[0] - other[1]).days)


def _concerns_level(a: ReportDigest, b: ReportDigest) -> str | None:
    if not a.concerns or not b.concerns:
        return None
    if a.concerns == b.concerns:
        return "same"
    return "shared" if a.concerns & b.concerns else "other"


def _narrative_level(a: ReportDigest, b: ReportDigest, policy: SameEventPolicy) -> str | None:
    shorter = min(len(a.grams), len(b.grams))
    if shorter < policy.fewest_grams:
        return None
    percent = len(a.grams & b.grams) * 100 // shorter
    for level, least in policy.narrative_percent.items():
        if percent >= least:
            return level
    return "other"


def three_grams(text: object) -> frozenset[int]:
    """Hashes of the pieces of three letters or characters of `text`; of a long text the smallest
    400.

    Taking the smallest keeps two long versions of one text comparable.
    """
    if not isinstance(text, str):
        return frozenset()
    plain = "".join([sign for sign in text[:20000].lower() if sign.isalnum()])
    hashes = {
        crc32(plain[start : start + 3].encode("utf-8", "surrogatepass"))
        for start in range(len(plain) - 2)
    }
    return frozenset(sorted(hashes)[:MOST_GRAMS])


def event_keys(digest: ReportDigest) -> list[int]:
    """Signed 64-bit keys: only reports that share one need comparing."""
    keys = [key_of(f"person:{person}") for person in sorted(digest.person_ids)]
    keys.extend(sorted(digest.door_keys))
    # The sound of a name, or a road, says enough among the reports of a fortnight.
    week = digest.received_at.astimezone(TAIPEI).date().toordinal() // 7
    told = [" ".join(one.name_sound) for one in digest.subjects if len(one.name_sound) > 1]
    near = [f"sound:{one}" for one in told] + [f"road:{one}" for one in sorted(digest.road_keys)]
    keys.extend(key_of(f"{one}:{each}") for one in near for each in (week, week + 1))
    for forms in digest.subjects[:MOST_SUBJECTS]:
        keys.extend(query_keys(forms))
    return list(dict.fromkeys(keys))


def names_the_same(later: ReportDigest, earlier: ReportDigest) -> bool:
    """Whether `later` names somebody, and everybody by a valid number that `earlier` names, too."""
    told = [forms.id_token for forms in later.subjects]
    known = {forms.id_token for forms in earlier.subjects}
    return bool(told) and all(one is not None and one in known for one in told)


def digest_pack(digest: ReportDigest) -> dict[str, Any]:
    """`digest` as JSON-able values."""
    return {
        "receipt": digest.receipt,
        "accepted_at": digest.accepted_at.isoformat(),
        "received_at": digest.received_at.isoformat(),
        "occurred": [day.isoformat() for day in digest.occurred] if digest.occurred else None,
        "person_ids": sorted(digest.person_ids),
        "subjects": [forms.pack() for forms in digest.subjects],
        "concerns": sorted(digest.concerns),
        "county": digest.county,
        "door_keys": sorted(digest.door_keys),
        "road_keys": sorted(digest.road_keys),
        "grams": sorted(digest.grams),
    }


def digest_unpack(packed: Mapping[str, Any]) -> ReportDigest:
    """The digest that `digest_pack` gave."""
    occurred = packed["occurred"]
    return ReportDigest(
        receipt=packed["receipt"],
        accepted_at=datetime.fromisoformat(packed["accepted_at"]),
        received_at=datetime.fromisoformat(packed["received_at"]),
        occurred=(date.fromisoformat(occurred[0]), date.fromisoformat(occurred[1]))
        if occurred
        else None,
        person_ids=frozenset(packed["person_ids"]),
        subjects=tuple(Forms.unpack(forms) for forms in packed["subjects"]),
        concerns=frozenset(packed["concerns"]),
        county=packed["county"],
        door_keys=frozenset(packed["door_keys"]),
        road_keys=frozenset(packed["road_keys"]),
        grams=frozenset(packed["grams"]),
    )


def places_of(subjects: tuple[Forms, ...]) -> tuple[frozenset[int], frozenset[int]]:
    """(door keys, road keys) of the subjects' present addresses."""
    doors: set[int] = set()
    roads: set[int] = set()
    for forms in subjects:
        doors.update(key for key in (forms.address.door_key, forms.address.loose_key) if key)
        if forms.address.road_key:
            roads.add(forms.address.road_key)
    return frozenset(doors), frozenset(roads)
