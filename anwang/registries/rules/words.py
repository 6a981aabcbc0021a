"""A text in both languages, as manifests, fact kinds and faults carry it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence in Traditional Chinese and in English."""

    zh: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """`{"zh": …, "en": …}`, as stored and sent."""
        return {"zh": self.zh, "en": self.en}

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Words":
        """From the `{zh, en}` of a policy file."""
        return cls(zh=texts["zh"], en=texts["en"])
