"""The dated inferences of `policies/ties.yaml`, as the household rules use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from anwang.common.yaml_files import read_yaml

TIES: Final = Path(__file__).resolve().parent.parent / "policies" / "ties.yaml"


@dataclass(frozen=True, slots=True)
class Ties:
    """`relations`: a reporter's word, folded -> parent, spouse, child, sibling, grand…"""

    relations: Mapping[str, str]
    lives_with_victim: frozenset[str]
    focus: frozenset[str]
    violent: frozenset[str]
    violence_from: frozenset[str]
    violence_to: frozenset[str]
    head_ties: Mapping[str, str]

    def relation(self, word: str) -> str | None:
        """What a reporter's word means, None if it is not one of ours."""
        return self.relations.get(word.strip().lower())


@cache
def load_ties(path: Path = TIES) -> Ties:
    """The inferences in `path`."""
    body = read_yaml(path)
    return Ties(
        relations={
            word: relation for relation, words in body["relation_words"].items() for word in words
        },
        lives_with_victim=frozenset(body["lives_with_victim_roles"]),
        focus=frozenset(body["focus_roles"]),
        violent=frozenset(body["violent_concerns"]),
        violence_from=frozenset(body["violence_from_roles"]),
        violence_to=frozenset(body["violence_to_roles"]),
        head_ties=body["head_ties"],
    )
