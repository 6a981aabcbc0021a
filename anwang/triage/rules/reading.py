"""What triage reads by: input descriptions, warning words, relation words, fact kinds, the consult
form, the danger assessment.

All are dated files; `shipped_reading` loads the drafts in the repository once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.instruments import Instrument, read_instrument
from anwang.rulebook.rules.loader import read_doc, read_inputs

POLICIES: Final = Path(__file__).resolve().parent.parent / "policies"
CONSULT_FORM: Final = POLICIES.parents[1] / "intake" / "policies" / "consult_form.yaml"

DANGER_ASSESSMENT: Final = POLICIES / "instruments" / "tipvda.yaml"


@dataclass(frozen=True)
class Reading:
    """`cues`: cue -> words; `relations`: word -> group; `facts`: which facts answer which input."""

    specs: Mapping[str, InputSpec]
    cues: Mapping[str, tuple[str, ...]]
    negators: tuple[str, ...]
    relations: Mapping[str, str]
    facts: Mapping[str, Any]
    consult: Instrument
    danger: Instrument


@lru_cache(maxsize=1)
def shipped_reading() -> Reading:
    """The files of this repository."""
    cues = read_doc(POLICIES / "cues.yaml")
    groups = read_doc(POLICIES / "relations.yaml")["groups"]
    return Reading(
        specs=read_inputs(read_doc(POLICIES / "inputs.yaml")),
        cues={name: tuple(word.lower() for word in words) for name, words in cues["cues"].items()},
        negators=tuple(cues["negators"]),
        relations={word.lower(): group for group, words in groups.items() for word in words},
        facts=read_doc(POLICIES / "facts_read.yaml"),
        consult=read_instrument(read_doc(CONSULT_FORM)),
        danger=read_instrument(read_doc(DANGER_ASSESSMENT)),
    )
