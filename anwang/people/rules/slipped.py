"""What a number with a slip may have been: its valid neighbours, for many records at once.

Formed when linking and never stored, as for a question (decision 14).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anwang.common.values.national_id import valid_neighbours
from anwang.people.rules.columns import NEAR_NUMBERS, token_column
from anwang.people.rules.forms import Token
from anwang.people.rules.keys import number_key

Near = dict[int, list[int]]
"""Place of a record -> the columns of its number's valid neighbours."""


def slipped(
    told: Sequence[Any], rows: npt.NDArray[np.void], token: Token
) -> tuple[Near, list[tuple[int, int]]]:
    """The neighbours, and the keys (key, place) they ask. `told`: numbers as written, one for each
    of `rows`.
    """
    near: Near = {}
    keys: list[tuple[int, int]] = []
    for place in np.flatnonzero(rows["id"] == 0).tolist():
        tokens = [token(number) for number in valid_neighbours(told[place])][:NEAR_NUMBERS]
        if tokens:
            near[place] = [token_column(one) for one in tokens]
            keys += [(number_key(one), place) for one in tokens]
    return near, keys
