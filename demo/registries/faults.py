"""Some rows of every register are broken, so that quarantine has something to show."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo.registries.identity import Row
from demo.words import chance

FAULTY_SHARE = 0.003
# The column whose code is broken, by what a row has; wrong words of real clerks.
CODES = ("relation_to_head", "care_level")
WRONG_CODES = {"relation_to_head": ["boarder", "乾親", "??"], "care_level": ["9"]}


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """A row as delivered, whose it is, and what quarantine should say of it (empty: sound)."""

    row: Row
    owner: str
    fault: str


def maybe_faulty(row: Row, owner: str, rng: Random, code: str | None) -> RegistryRow:
    """Break about three rows in a thousand; `code` is a column of codes to break, if there is one."""
    if not chance(rng, FAULTY_SHARE):
        return RegistryRow(row, owner, "")
    code = next((name for name in CODES if row.get(name)), code)
    faults = ["bad-date", "missing-key"]
    if code:
        faults.append("unknown-code")
    fault = rng.choice(faults)
    if fault == "bad-date":
        row = row | {"birth_date": rng.choice(["2019-02-30", "1988-13-05", "0000-00-00", "不詳"])}
    elif fault == "missing-key":
        row = row | {"record_key": ""}
    else:
        assert code is not None
        wrong = WRONG_CODES.get(code, ["其他-未列"])
        row = row | {code: wrong[0] if len(wrong) == 1 else rng.choice(wrong)}
    return RegistryRow(row, owner, fault)
