"""How well linked records tell who is one household, held against the invented nation's households.

A pair is two persons; each person stands by one of its records, so that a wrong link counts as well.
The registered household is the truth. The nation's rows carry no household number: it is written
here from the truth, for 99 of 100 rows, as a household register tells it (docs/formats). Nobody
tells kin. Without `numbers` the registered doors have to tell alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from anwang.households.rules.living_together import MOST_TOGETHER, Residence, living_together

_REGISTER: Final = "household-registration"
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
    """The place of one record of each person, but for those whose row in the register is not among
    these records: a run takes some records of each person, and the register's would be missed for
    no fault of anybody. Whom the register never knew (foreigners) is kept.
    """
    persons, places = np.unique(owner, return_index=True)
    known = np.isin(persons, owner[of_register(records)])
    kept: Numbers = places[known | ~records["registered"].to_numpy()[places]]
    return kept


def of_register(records: pa.Table) -> Numbers:
    """Which records are the household register's."""
    found: Numbers = np.array(records["source"].to_pylist()) == _REGISTER
    return found


def _residences(
    records: pa.Table, rows: Numbers, cluster: Numbers, numbers: bool
) -> Iterator[Residence]:
    register = of_register(records)
    told = np.random.default_rng(7).random(len(register)) >= _NUMBER_MISSING
    true = records["household"].to_numpy()
    for at in np.flatnonzero(register).tolist():
        person = str(cluster[at])
        if numbers and told[at]:
            yield Residence(person, "registered", ("household", str(true[at])), None)
        if rows["full"][at]:
            yield Residence(person, "registered", ("door", str(rows["full"][at])), None)
