"""Which sources a reader is not told of, by the agencies in which he sits (decision 24, R9)."""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

from anwang.common.yaml_files import read_yaml

WITHHELD: Final = Path(__file__).resolve().parent.parent / "policies" / "withheld.yaml"


@cache
def _rows(path: Path = WITHHELD) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple(
        (frozenset(row["agency_kinds"]), frozenset(row["sources"]))
        for row in read_yaml(path)["rows"]
    )


def withheld_from(agency_kinds: Collection[str]) -> frozenset[str]:
    """Sources kept from somebody who sits in agencies of these kinds: in each of them. Nobody's seat
    opens nothing.
    """
    if not agency_kinds:
        return frozenset(source for _, sources in _rows() for source in sources)
    kept = [
        frozenset(source for kinds, sources in _rows() if kind in kinds for source in sources)
        for kind in agency_kinds
    ]
    return frozenset.intersection(*kept)
