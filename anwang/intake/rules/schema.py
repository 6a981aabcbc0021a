"""The report format (docs/formats/report.schema.json) and where a report departs from it.

A departure is a mark for the desk, never a refusal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

SCHEMA_FILE: Final = Path(__file__).resolve().parents[3] / "docs/formats/report.schema.json"
MOST_DEPARTURES: Final = 50
_MARKS: Final = {
    "additionalProperties": "field-unknown",
    "required": "field-missing",
    "enum": "code-unknown",
    "type": "type-unexpected",
    "maxLength": "text-long",
    "minLength": "field-missing",
    "maxItems": "subjects-many",
    "minItems": "subjects-missing",
    "uniqueItems": "concern-repeated",
}


@cache
def schema() -> Mapping[str, Any]:
    """The format as published."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def allowed(field: str) -> list[str]:
    """The codes that a field of codes, or of lists of codes, allows."""
    said = schema()["properties"][field]
    return list(said.get("enum") or said["items"]["enum"])


def subject_fields() -> Mapping[str, Any]:
    """Field of a subject -> what the format says of it."""
    return schema()["properties"]["subjects"]["items"]["properties"]  # type: ignore[no-any-return]


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def departures(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(mark, place) for the first 50 departures; a place is like `subjects/1/birth`.

    Under `reporter` the place stops there: what is said of the reporter is not for the desk.
    """
    for error in islice(_validator().iter_errors(body), MOST_DEPARTURES):
        steps = [str(step)[:40] for step in error.absolute_path]
        place = "reporter" if steps[:1] == ["reporter"] else "/".join(steps)
        place = place.partition("/safe_")[0]
        yield _MARKS.get(str(error.validator), "format-departed"), place
