"""The registers of what befell the county's persons: one row an event, as its authority holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from random import Random
from typing import Any

from demo.county import County
from demo.registries.identity import Row, elsewhere

# Share of rows whose address is where the person really lives; offices that visit know best.
LIVED_AT = {
    "police-visits": 0.9, "under-6-care": 0.9, "vulnerable-family": 0.9, "suicide-notification": 0.85,
    "e-care": 0.8, "drug-register": 0.7, "health-insurance": 0.75, "school": 0.8,
}  # fmt: skip
WRONG = 0.015


def befallen(
    county: County, source: str, rng: Random, columns: list[str]
) -> Iterator[tuple[Row, str]]:
    """Rows of one source in its order, with the key of whom each is about."""
    prefix = "".join(word[0] for word in source.upper().split("-"))
    seen: Counter[str] = Counter()
    for event in county.lives.events[source]:
        person = county.persons[event.person]
        seen[person.key] += 1
        known = elsewhere(county, person, rng, LIVED_AT.get(source, 0.5), WRONG)
        known["record_key"] = f"{prefix}{person.key[1:]}-{seen[person.key]}"
        told = {
            field.name: _text(county, field.name, getattr(event, field.name))
            for field in fields(event)
            if field.name != "person"
        }
        yield {name: cell for name, cell in (known | told).items() if name in columns}, person.key


def _text(county: County, name: str, content: Any) -> str:
    """A cell as the source writes it; an id of another person is that person's number."""
    if content is None:
        return ""
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, date):
        return content.isoformat()
    if name.endswith("_id") and content:
        return county.persons[content].national_id
    return str(content)
