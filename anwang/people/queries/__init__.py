"""Whom a description may mean, and what is stored of a person's records.

These queries are the matcher's: they read everybody and run as a program (decision 6). Whoever
shows what they find to a person asks for a permit first.
"""

from anwang.people.queries.identities import (
    IdentityView,
    addresses_of,
    born_on,
    identities_of,
    told_best,
)
from anwang.people.queries.persons import (
    PersonMatch,
    find_many,
    find_people,
    model_in_force,
    population_for,
    rank_many,
    relatives_meant,
)
from anwang.people.queries.rejections import rejected_pairs

__all__ = [
    "IdentityView",
    "PersonMatch",
    "addresses_of",
    "born_on",
    "find_many",
    "find_people",
    "identities_of",
    "model_in_force",
    "population_for",
    "rank_many",
    "rejected_pairs",
    "relatives_meant",
    "told_best",
]
