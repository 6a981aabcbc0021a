"""Names of a block's persons: families share them, twins nearly do, some have two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.population.homes import CHILD, ELDER, PARENT, Homes
from benchmarks.population.lists import cohorts, family_names, given_names, more
from demo.words import vocabulary

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Named:
    """One entry a person: the legal name, the name in Latin letters ("" for none), the surname
    ("" for traditional indigenous names), and where those from abroad come from.
    """

    legal: Numbers
    romanised: Numbers
    surname: Numbers
    abroad: Numbers
    mainland: Numbers
    indigenous: Numbers


def named(rng: np.random.Generator, homes: Homes, years: Numbers) -> Named:
    """Names of all persons of a block."""
    count = len(years)
    surname = _surnames(rng, homes)
    given = np.empty(count, dtype=object)
    given[:] = given_names(rng, years, homes.female)
    _share_signs(rng, homes, given)
    legal = surname + given
    romanised = np.full(count, "", dtype=object)
    _married(rng, homes, surname, legal)
    traditional = _indigenous(rng, homes, legal, romanised, surname)
    abroad = (homes.from_abroad | homes.worker) & ~homes.indigenous
    mainland = np.zeros(count, dtype=bool)
    _from_abroad(rng, np.flatnonzero(abroad), homes, legal, romanised, surname, mainland)
    return Named(legal, romanised, surname, abroad, mainland, traditional)


def _surnames(rng: np.random.Generator, homes: Homes) -> Numbers:
    """Children have their father's, sometimes their mother's; an elder man his child's."""
    surname = np.empty(len(homes.household), dtype=object)
    surname[:] = family_names().draw(rng, len(surname))
    after_mother = (rng.random(len(surname)) < 0.05)[homes.first_of]
    child = homes.role == CHILD
    surname[child] = np.where(after_mother, surname[homes.mother], surname[homes.first_of])[child]
    elder = (homes.role == ELDER) & ~homes.female
    surname[elder] = surname[homes.first_of][elder]
    return surname


def _share_signs(rng: np.random.Generator, homes: Homes, given: Numbers) -> None:
    """Brothers and sisters share a character in some families; twins mostly."""
    shared = (rng.random(len(given)) < 0.2)[homes.first_of]
    twins = (homes.twin >= 0) & (rng.random(len(given)) < 0.65)
    later = (homes.role == CHILD) & (np.roll(homes.role, 1) == CHILD) & (homes.position > 0)
    for at in np.flatnonzero((shared & later & (homes.female == np.roll(homes.female, 1))) | twins):
        before, own = given[at - 1], given[at]
        if len(before) == 2 and len(own) == 2 and own[1] != before[1]:
            given[at] = before[0] + own[1]


def _married(rng: np.random.Generator, homes: Homes, surname: Numbers, legal: Numbers) -> None:
    """Some older wives bear their husband's surname before their own (冠姓)."""
    wives = (homes.role == PARENT) & (homes.position == 1) & (homes.ages_days > 66 * 365)
    mine = np.flatnonzero(wives & (rng.random(len(legal)) < 0.12))
    legal[mine] = surname[mine - 1] + legal[mine]


def _indigenous(
    rng: np.random.Generator, homes: Homes, legal: Numbers, romanised: Numbers, surname: Numbers
) -> Numbers:
    """Three in ten by a traditional name in Han script with the Latin beside it, some in Latin
    alone, others by a Han name with the traditional one beside it. The second part is a parent's,
    so a family shares it.
    """
    known = vocabulary("names_other")["indigenous"]
    parts = more()["indigenous_syllables"]
    traditional = np.zeros(len(legal), dtype=bool)
    family: dict[int, tuple[str, str]] = {}
    for at in np.flatnonzero(homes.indigenous).tolist():
        own = _one(rng, known["F" if homes.female[at] else "M"]) if rng.random() < 0.3 else _made(
            rng, parts
        )  # fmt: skip
        home = int(homes.household[at])
        if home not in family:
            family[home] = _one(rng, known["second"]) if rng.random() < 0.3 else _made(rng, parts)
        behind = family[home]
        latin = f"{own[1]}·{behind[1]}"
        roll = rng.random()
        if roll < 0.36:
            legal[at] = f"{own[0]}·{behind[0]}" if roll < 0.3 else latin
            surname[at], traditional[at] = "", True
        if roll < 0.6:
            romanised[at] = latin
    return traditional


def _made(rng: np.random.Generator, parts: dict[str, list[list[str]]]) -> tuple[str, str]:
    drawn = [_one(rng, parts[part]) for part in ("first", "second", "ending")]
    return "".join(han for han, _ in drawn), "".join(latin for _, latin in drawn)


def _one(rng: np.random.Generator, options: list[list[str]]) -> tuple[str, str]:
    han, latin = options[int(rng.integers(0, len(options)))]
    return han, latin


def _from_abroad(
    rng: np.random.Generator, mine: Numbers, homes: Homes, legal: Numbers, romanised: Numbers,
    surname: Numbers, mainland: Numbers,
) -> None:  # fmt: skip
    nations = vocabulary("names_other")["immigrants"]
    keys = list(nations)
    shares = np.array([nations[key]["weight"] for key in keys], dtype=float)
    drawn = rng.choice(len(keys), len(mine), p=shares / shares.sum())
    longer = more()["romanised_more"]
    tail = cohorts()[-4].second
    for at, which in zip(mine.tolist(), drawn.tolist(), strict=True):
        row = nations[keys[which]]
        family_han, family = _one(rng, row["surnames"])
        given_han, given = _one(rng, row["F" if homes.female[at] else "M"])
        if rng.random() < 0.75:
            given += " " + longer[int(rng.integers(0, len(longer)))]
            given_han = given_han[:1] + tail.draw(rng, 1)[0]
        surname[at], legal[at] = family_han, family_han + given_han
        romanised[at] = f"{family} {given}"
        mainland[at] = keys[which] == "mainland"
        if homes.worker[at] and rng.random() < 0.6:
            legal[at] = ""
