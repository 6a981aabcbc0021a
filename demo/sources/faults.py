"""How a simulated source can fail. Each is what a real one has done to somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

FAULTS: Final = {
    "slow": "takes longer for every step than anybody waits",
    "down": "closes every connection",
    "drip": "sends a byte now and then",
    "wrong": "sends what is no delivery or answer of this source",
    "late": "its newest delivery is a month old; its answers take two seconds",
    "doubled": "delivers the same twice",
    "encoding": "sends bytes that are no text in any agreed encoding",
    "other-person": "answers about another person than the one asked about",
    "other-request": "gives the answer to another question",
    "truncated": "ends in the middle",
    "interrupted": "breaks off in the middle once, and goes on when asked again",
    "shrunk": "delivers a tenth of its rows",
    "elsewhere": "sends the asker to another address",
    "endless": "never stops sending",
    "bomb": "sends a small archive that becomes very large",
    "path": "names a file so that it would lie in another folder",
    "unsigned": "does not sign its answers",
    "refuses": "refuses every credential",
    "errors": "reports an error of its own",
}


class NoSuchFault(ValueError):
    """No fault of this name, or no SOURCE=FAULT."""


def read_faults(texts: Iterable[str]) -> dict[str, str]:
    """Source -> fault from `prison=slow` and the like. Raises NoSuchFault."""
    found = {}
    for text in texts:
        source, _, fault = text.partition("=")
        if not source or fault not in FAULTS:
            raise NoSuchFault(f"{text!r}: write SOURCE=FAULT with one of {', '.join(FAULTS)}")
        found[source] = fault
    return found
