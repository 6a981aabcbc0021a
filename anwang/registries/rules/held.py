"""Faults of a whole file. Such a delivery is held back untouched until the sender or an operator
acts.
"""

from anwang.registries.rules.words import Words


class FileHeld(Exception):
    """A delivery cannot be taken; `rule` names why, `zh` and `en` say what to do. No contents
    shown.
    """

    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule = rule
        self.zh = zh
        self.en = en

    @property
    def text(self) -> Words:
        """The reason in both languages."""
        return Words(self.zh, self.en)
