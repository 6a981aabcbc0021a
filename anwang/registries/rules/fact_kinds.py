"""The kinds of facts: their words, how sensitive they are, when they fade, what they mean for a
household.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, Final, Literal

from anwang.common.values.roc_dates import roc_date
from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.words import Words

FACT_KINDS: Final = Path(__file__).resolve().parent.parent / "policies" / "fact_kinds.yaml"
HouseholdMeaning = Literal[
    "registered-together",
    "registered-residence",
    "actual-residence",
    "lives-elsewhere",
    "kin",
    "guardian",
    "apart",
    "person",
    "report",
    "none",
]


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind. `households` says what it means for the three notions of a household; `everyday`
    that it is true of anybody. A fact that means `guardian` or `apart` has as key the token of the
    other person's number: who answers for this one, or whom this one must keep away from."""

    id: str
    label: Words
    unit: Words | None
    sensitivity: Literal["ordinary", "personal", "special"]
    fades_after_days: int | None
    households: HouseholdMeaning
    kin: Literal["father", "mother", "spouse"] | None
    person: Literal["birth", "death", "pregnancy"] | None
    text: Words
    codes: Mapping[str, Mapping[str, Words]]
    ground: Words
    everyday: bool = False

    def text_of(self, value: Mapping[str, Any]) -> Words:
        """The sentence for a fact of this kind; fields that the source left empty are left out."""
        return Words(zh=self._filled(value, "zh"), en=self._filled(value, "en"))

    def _filled(self, value: Mapping[str, Any], lang: Literal["zh", "en"]) -> str:
        template: str = getattr(self.text, lang)
        parts: list[str] = []
        missing = False
        for literal, field in _pieces(template):
            parts.append(literal)
            if field is not None:
                shown = self._shown(field, value.get(field), lang)
                missing = missing or not shown
                parts.append(shown)
        if missing and not any(value.get(name) for name in _fields(template)):
            return str(getattr(self.label, lang))
        return " ".join("".join(parts).split()).rstrip(" :：")

    def _shown(self, field: str, content: Any, lang: Literal["zh", "en"]) -> str:
        if content is None or content == "":
            return ""
        words = self.codes.get(field, {}).get(str(content))
        if words is not None:
            return str(getattr(words, lang))
        if field.endswith("_on"):
            return roc_date(date.fromisoformat(content)) if lang == "zh" else str(content)
        return str(content)


def load_fact_kinds(path: Path = FACT_KINDS) -> dict[str, FactKind]:
    """All kinds by id. Raises KeyError or ValueError where the file lacks a part."""
    kinds = read_yaml(path)["kinds"]
    found = {one["id"]: _kind(one) for one in kinds}
    if len(found) != len(kinds):
        raise ValueError(f"{path.name}: two kinds have the same id. Rename one.")
    return found


def _kind(body: Mapping[str, Any]) -> FactKind:
    codes = {
        field: {code: Words.of(label) for code, label in labels.items()}
        for field, labels in body.get("codes", {}).items()
    }
    return FactKind(
        id=body["id"],
        label=Words.of(body["label"]),
        unit=Words.of(body["unit"]) if body["unit"] else None,
        sensitivity=body["sensitivity"],
        fades_after_days=body["fades_after_days"],
        households=body["households"],
        kin=body.get("kin"),
        person=body.get("person"),
        text=Words.of(body["text"]),
        codes=codes,
        ground=Words.of(body["ground"]),
        everyday=body.get("everyday", False),
    )


def _fields(template: str) -> list[str]:
    return [field for _, field in _pieces(template) if field]


@cache
def _pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """The template taken apart: text, and the field behind it."""
    return tuple((text, field) for text, field, _, _ in Formatter().parse(template))
