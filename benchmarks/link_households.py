"""How well linked records tell who is one household, held against the invented nation's households.

A pair is two persons; each person stands by one of its records, so that a wrong link counts as well.
The truth is the registered household: of citizens by the household register, of foreigners by the
door of their residence certificate. The nation's rows carry no household number: it is written here
from the truth, for 99 of 100 rows, as a household register tells it (docs/formats). Certificates tell
no household. Nobody tells kin. Without `numbers` the registered doors have to tell alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from anwang.households.rules.living_together import MOST_TOGETHER, Residence, living_together

CITIZENS: Final = ("household-registration",)
REGISTERS: Final = (*CITIZENS, "immigration-residence")
_NUMBER_MISSING: Final = 0.01
Numbers = npt.NDArray[Any]


def households(records: pa.Table, rows: Numbers, cluster: Numbers, *, numbers: bool) -> Numbers:
    """The household (a person's number) of each record. `rows`: the cleaned columns; `cluster`:
    the person of each record. `numbers`: whether the register tells its households' numbers.
    """
    groups = living_together(_residences(records, rows, cluster, numbers))
    found = {
        person: min(map(int, group))
        for person, group in groups.items()
        if len(group) <= MOST_TOGETHER
    }
    return np.array([found.get(str(one), one) for one in cluster.tolist()])


def judged(records: pa.Table, owner: Numbers) -> Numbers:
    """The place of one record of each person, but for those whose row in a register is not among
    these records: a run takes some records of each person, and the register's would be missed for
    no fault of anybody. Whom neither register ever knew is kept.
    """
    persons, places = np.unique(owner, return_index=True)
    known = np.isin(persons, owner[rows_of(records, REGISTERS)])
    kept: Numbers = places[known | ~records["registered"].to_numpy()[places]]
    return kept


def rows_of(records: pa.Table, sources: Sequence[str]) -> Numbers:
    """Which records are of these sources."""
    found: Numbers = np.isin(np.array(records["source"].to_pylist()), sources)
    return found


def _residences(
    records: pa.Table, rows: Numbers, cluster: Numbers, numbers: bool
) -> Iterator[Residence]:
    citizens = rows_of(records, CITIZENS)
    told = np.random.default_rng(7).random(len(citizens)) >= _NUMBER_MISSING
    true = records["household"].to_numpy()
    for at in np.flatnonzero(rows_of(records, REGISTERS)).tolist():
        person = str(cluster[at])
        if numbers and citizens[at] and told[at]:
            yield Residence(person, "registered", ("household", str(true[at])), None)
        if rows["full"][at]:
            yield Residence(person, "registered", ("door", str(rows["full"][at])), None)
