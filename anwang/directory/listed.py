"""In which list of codes a field of a report, a table's column or an outcome is written, and its words."""

from __future__ import annotations

from functools import cache
from typing import Final

from anwang.common.yaml_files import read_yaml
from anwang.directory.templatetags.anwang_codes import LISTS

Words = dict[str, str]
LISTS_OF: Final = {
    "grade": "grades",
    "grade_class": "grade_classes",
    "stream": "streams",
    "agency_kind": "agency_kinds",
    "joint_with": "agency_kinds",
    "passed_to": "outside_bodies",
    "injury": "injuries",
    "channel": "channels",
    "refusal": "refusals",
    "dispute_ground": "dispute_grounds",
    "concern": "concerns",
    "concerns": "concerns",
    "cues": "cues",
    "error_signs": "error_signs",
    "respondent_relation_group": "relation_groups",
    "task": "tasks",
    "tasks": "tasks",
    "window": "windows",
    "transfer": "hand_overs",
    "dispatch": "ways_of_dispatch",
    "screening": "screening_asks",
    "whereabouts": "whereabouts",
    "county": "competent_counties",
    "confidence": "confidences",
}


@cache
def listed(name: str) -> dict[str, Words]:
    """Code -> its words in both tongues, in screen order. Raises FileNotFoundError for no list."""
    rows = read_yaml(LISTS / f"{name}.yaml")
    return {str(row["code"]): {"zh": row["zh"], "en": row["en"]} for row in rows}


def words_of(field: str, code: object) -> Words | None:
    """The words of a code of `field`; None where the field has no list or the list not the code."""
    name = LISTS_OF.get(field)
    return listed(name).get(str(code)) if name else None
