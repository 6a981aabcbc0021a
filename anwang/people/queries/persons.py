"""Persons for descriptions: candidates in one round trip, scored and ranked in process."""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from django.conf import settings

from anwang.common.copying import raw_connection, second_connection
from anwang.people.queries.candidates import (
    AT_ONCE,
    Candidates,
    KeysOfEach,
    candidates_of,
    keys_of,
)
from anwang.people.queries.identities import Told, identities_of, told_of
from anwang.people.queries.nation import open_index
from anwang.people.queries.rejections import rejected_pairs
from anwang.people.rules.columns import Row, row_of, unpack
from anwang.people.rules.forms import Forms
from anwang.people.rules.ranking import Ranked, rank_together
from anwang.people.rules.relatives import Relative, relative_meant
from anwang.people.rules.scoring import (
    MODEL_FILE,
    Model,
    Reason,
    Scored,
    is_probable,
    load_model,
    rank,
)

# From so many descriptions on, comparing all pairs at once takes less than one after another.
_TOGETHER_FROM: Final = 24
# From so many portions on, a second connection takes less time than opening it.
_TWO_CONNECTIONS_FROM: Final = 6
_OWN_SOURCE: Final = "anwang"


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A person who may be meant, ranked among all who may be. `accepted`: the model takes it for a
    probable link.

    `name`, `born` (a whole date only) and `sex` are those of the person's fullest record;
    `records` are (source, record key) of every current record behind the person.
    """

    person_id: uuid.UUID
    probability: float
    weight: float
    reasons: tuple[Reason, ...]
    accepted: bool
    name: str = ""
    born: date | None = None
    sex: str = ""
    records: tuple[tuple[str, str], ...] = ()

    @property
    def scored(self) -> Scored:
        """The score as the rules give and take it."""
        return Scored(self.weight, self.probability, self.reasons)


@cache
def model_in_force() -> Model:
    """The linkage model in force, read once a process: the one that ANWANG_LINKAGE_MODEL names, else
    the shipped one.
    """
    return load_model(settings.LINKAGE_MODEL or MODEL_FILE)


def find_people(forms: Forms, *, limit: int = 5, model: Model | None = None) -> list[PersonMatch]:
    """The best `limit` persons for one description, best first; empty where nobody is near.

    One round trip for the ranking and one for what is shown of its persons, whatever the size of
    the register. Accept a match only where it says so.
    """
    return find_many([forms], limit=limit, model=model)[0]


def find_many(
    asked: Sequence[Forms],
    *,
    own_keys: Sequence[str | None] = (),
    limit: int = 5,
    model: Model | None = None,
) -> list[list[PersonMatch]]:
    """`find_people` for several descriptions in the same two round trips, in their order.

    `own_keys`: for each description the key of our own record of it, where it has one already:
    whom a person has rejected for that record is not proposed again (one more round trip).
    """
    model = model or model_in_force()
    ranked = rank_many(asked, own_keys=own_keys, limit=limit, model=model)
    behind = told_of({person for found in ranked for person, _ in found})
    return [
        [_match(person, scored, behind.get(person, []), model) for person, scored in found]
        for found in ranked
    ]


def rank_many(
    asked: Sequence[Forms],
    *,
    own_keys: Sequence[str | None] = (),
    limit: int = 5,
    model: Model | None = None,
) -> list[Ranked]:
    """The best `limit` persons for each description with their scores.

    One round trip for up to 125; while the database looks for the next, the last are compared. Many are
    asked on a second connection too, which outside a transaction sees the same.
    """
    model = model or model_in_force()
    rejected = _rejected(own_keys)
    if len(asked) >= _TOGETHER_FROM:
        return _rank_in_turn(asked, rejected, model, limit)
    near = candidates_of(asked).without(rejected)
    model = model.for_population(population_for(model, near.persons))
    return [
        [
            (uuid.UUID(hex=person), scored)
            for person, scored in rank(row_of(forms, model.names), mine, model, limit)
        ]
        for forms, mine in zip(asked, _rows(near, len(asked)), strict=True)
    ]


def _rank_in_turn(
    asked: Sequence[Forms], rejected: set[tuple[int, uuid.UUID]], model: Model, limit: int
) -> list[Ranked]:
    """While the database looks for some, the last are compared and the next are made ready."""
    portions = [asked[begin : begin + AT_ONCE] for begin in range(0, len(asked), AT_ONCE)]
    ranked = []
    with _looking_for(portions) as found, ThreadPoolExecutor(max_workers=1) as beside:
        for at, (some, near) in enumerate(zip(portions, found, strict=True)):
            kept = near.without({(place - at * AT_ONCE, person) for place, person in rejected})
            scaled = model.for_population(population_for(model, near.persons))
            ranked.append(
                beside.submit(
                    rank_together, some, kept.places, kept.person_ids, kept.packed, scaled, limit
                )
            )
        return [one for done in ranked for one in done.result()]


@contextmanager
def _looking_for(portions: Sequence[Sequence[Forms]]) -> Iterator[Iterator[Candidates]]:
    """The candidates of each portion in turn, looked for ahead; many portions on two connections, since
    the database works on one with one processor.
    """
    open_index()  # in this thread, whose connection it asks
    two = second_connection() if len(portions) >= _TWO_CONNECTIONS_FROM else nullcontext()
    with two as other, ExitStack() as threads:
        connections = [raw_connection()] + ([other] if other else [])
        lookers = [threads.enter_context(ThreadPoolExecutor(max_workers=1)) for _ in connections]
        beside = threads.enter_context(ThreadPoolExecutor(max_workers=1))

        def look(at: int, keys: Future[KeysOfEach]) -> Future[Candidates]:
            mine = at % len(connections)
            return lookers[mine].submit(
                candidates_of, portions[at], keys.result(), connections[mine]
            )

        def each() -> Iterator[Candidates]:
            ready = deque(beside.submit(keys_of, some) for some in portions[: len(connections) + 1])
            under_way = deque(
                look(at, ready.popleft()) for at in range(min(len(connections), len(portions)))
            )
            for at in range(len(portions)):
                near = under_way.popleft().result()
                if ready:
                    under_way.append(look(at + len(connections), ready.popleft()))
                if (then := at + len(connections) + 1) < len(portions):
                    ready.append(beside.submit(keys_of, portions[then]))
                yield near

        yield each()


def relatives_meant(
    told: Mapping[int, tuple[Forms, Mapping[uuid.UUID, bool | None]]], *, model: Model | None = None
) -> dict[int, PersonMatch]:
    """Who of a known family is meant by each description: index -> match, where one is.

    `told`: index -> (forms, the family's persons, each with whether the told relation is theirs).
    One query. Two descriptions never mean one person: the surer keeps it.
    """
    model = model or model_in_force()
    behind = identities_of({person for _, family in told.values() for person in family})
    found: dict[uuid.UUID, tuple[int, Scored]] = {}
    for index, (forms, family) in told.items():
        relatives = [
            Relative(person, [row_of(one.forms) for one in behind.get(person, [])], related)
            for person, related in family.items()
        ]
        meant = relative_meant(row_of(forms, model.names), relatives, model)
        if meant and (meant[0] not in found or found[meant[0]][1].weight < meant[1].weight):
            found[meant[0]] = (index, meant[1])
    return {
        index: replace(
            _match(person, scored, [one.told for one in behind[person]], model), accepted=True
        )
        for person, (index, scored) in found.items()
    }


def _rows(near: Candidates, count: int) -> list[list[tuple[str, Row]]]:
    """Candidates of each description, ready to compare; equal columns are taken apart once."""
    unpacked: dict[bytes, Row] = {}
    found: list[list[tuple[str, Row]]] = [[] for _ in range(count)]
    for place, person, packed in near.each():
        row = unpacked.get(packed)
        if row is None:
            row = unpacked[packed] = unpack(packed)
        found[place].append((person, row))
    return found


def _rejected(own_keys: Sequence[str | None]) -> set[tuple[int, uuid.UUID]]:
    """(place, person) that people have rejected for our own records of these descriptions."""
    place_of = {key: place for place, key in enumerate(own_keys) if key}
    if not place_of:
        return set()
    pairs = rejected_pairs(raw_connection(), _OWN_SOURCE, list(place_of))
    return {(place_of[key], person) for key, person in pairs}


def population_for(model: Model, persons: int) -> int:
    """The register's size in doublings of the model's: small changes must not move a score."""
    doublings = max(0, math.ceil(math.log2(max(persons, 1) / model.population)))
    return model.population << doublings


def _match(person: uuid.UUID, scored: Scored, told: Sequence[Told], model: Model) -> PersonMatch:
    best = max(told, key=lambda one: one.fullness, default=None)
    return PersonMatch(
        person_id=person,
        probability=scored.probability,
        weight=scored.weight,
        reasons=scored.reasons,
        accepted=is_probable(scored, model),
        name=best.name if best else "",
        born=best.born if best else None,
        sex=best.sex if best else "",
        records=tuple((one.source, one.record_key) for one in told),
    )
