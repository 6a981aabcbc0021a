"""The kinds of facts: their words, how sensitive they are, when they fade, what they mean for a
household.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
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
        shown = {
            field: self._shown(field, value.get(field))
            for field in _fields(self.text.zh, self.text.en)
        }
        return Words(
            zh=_filled(self.text.zh, {field: one[0] for field, one in shown.items()})
            or self.label.zh,
            en=_filled(self.text.en, {field: one[1] for field, one in shown.items()})
            or self.label.en,
        )

    def _shown(self, field: str, content: Any) -> tuple[str, str]:
        """What a field holds, in both languages."""
        if content is None or content == "":
            return "", ""
        codes = self.codes.get(field)
        words = codes.get(str(content)) if codes else None
        if words is not None:
            return words.zh, words.en
        if field.endswith("_on"):
            return _roc_day(content), str(content)
        return str(content), str(content)


@lru_cache(maxsize=20_000)
def _roc_day(iso: str) -> str:
    """A day as it is shown. Few days are told of very many people."""
    return roc_date(date.fromisoformat(iso))


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


def _filled(template: str, shown: Mapping[str, str]) -> str:
    """The template with its fields; empty where it has fields and none of them holds anything."""
    pieces = _pieces(template)
    fields = [field for _, field in pieces if field]
    if fields and not any(shown[field] for field in fields):
        return ""
    whole = "".join([text + (shown[field] if field else "") for text, field in pieces])
    return " ".join(whole.split()).rstrip(" :：")


@cache
def _fields(*templates: str) -> tuple[str, ...]:
    """The fields of some templates, each once."""
    found = [field for one in templates for _, field in _pieces(one) if field]
    return tuple(dict.fromkeys(found))


@cache
def _pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """The template taken apart: text, and the field behind it."""
    return tuple((text, field) for text, field, _, _ in Formatter().parse(template))
