"""Asks the scorer whose a record without a valid number is, for many records at once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any, Final

import psycopg

from anwang.common.copying import cell_text, json_cell
from anwang.people.actions.lines import Asked, IdentityLines
from anwang.people.queries.candidates import (
    AT_ONCE,
    NEAREST,
    Candidates,
    asked_as,
    counted_from,
    joined,
    keys_of,
)
from anwang.people.queries.nation import CandidateRow
from anwang.people.queries.rejections import rejected_pairs
from anwang.people.rules.columns import Row, row_of, unpack
from anwang.people.rules.keys import blocking_keys, query_keys
from anwang.people.rules.ranking import rank_together
from anwang.people.rules.scoring import Model, Scored, is_probable, rank

_POPULATION: Final = (
    "select greatest(reltuples, 0)::bigint from pg_class where oid = 'people_person'::regclass"
)


def reasons_cell(scored: Scored) -> str:
    """The reasons of a link as JSON for a COPY line."""
    return json_cell(
        [
            {"comparison": one.comparison, "level": one.level, "weight": one.weight}
            for one in scored.reasons
        ]
    )


class Search:
    """The scorer over what is stored, within the running transaction."""

    def __init__(self, connection: psycopg.Connection[Any], model: Model) -> None:
        self._connection = connection
        self._model = model

    def place(self) -> dict[str, object]:
        """What every statement of a batch needs: the instant, the author, what a number weighs."""
        reason = self._model.weights["national_id"]["same"]
        number = {"comparison": "national_id", "level": "same", "weight": reason.weight}
        with self._connection.cursor() as cursor:
            cursor.execute("select clock.now()")
            found = cursor.fetchone()
        return {
            "at": found[0] if found else None,
            "author": self._model.version,
            "by_number": reason.weight,
            "number_reason": json_cell([number]).replace("\\\\", "\\"),
        }

    def answer(
        self, cursor: psycopg.Cursor[Any], asked: list[Asked], source_id: str | None
    ) -> IdentityLines:
        """Lines with the person whom the scorer accepts, or none.

        `source_id`: whose records these are, where people may have judged earlier versions of them:
        whom they rejected is not proposed again.

        Records of the batch in the same words have one answer where somebody was found; new persons
        of the batch are candidates for those after them.
        """
        near = self._nearest(asked).without(self._rejected(asked, source_id))
        model = self._model.for_population(max(self._model.population, self._population(cursor)))
        askings = [asking for *_, asking, _ in asked]
        ranked = rank_together(askings, near.places, near.person_ids, near.packed, model, 1)
        of_each = _by_place(near)
        answered = IdentityLines()
        new: dict[int, list[tuple[uuid.UUID, Row]]] = defaultdict(list)
        known: dict[int | None, str] = {}
        for place, (number, line, keys, forms, asking, told) in enumerate(asked):
            if told in known:
                answered.add(line, number, keys, known[told])
                continue
            best = ranked[place]
            if own := [one for key in query_keys(asking) for one in new.get(key, ())]:
                stored = [(person, unpack(packed)) for person, packed in of_each[place]]
                best = rank(row_of(asking, model.names), [*stored, *own], model)
            if best and is_probable(best[0][1], model):
                person, scored = best[0]
                chosen = f"{person}\t{scored.probability}\t{scored.weight}\t{reasons_cell(scored)}"
                answered.add(line, number, keys, chosen)
                if told is not None:
                    known[told] = chosen
                continue
            answered.add(line, number, keys)
            fresh = uuid.UUID(line.split("\t")[7])
            for key in blocking_keys(forms):
                new[key].append((fresh, row_of(forms)))
        return answered

    def _nearest(self, asked: list[Asked]) -> Candidates:
        """Whom each of `asked` is near, as a live search finds them, by their places in it."""
        keys = keys_of(asking for *_, asking, _ in asked)
        rows: list[CandidateRow] = []
        with psycopg.Cursor(self._connection) as cursor:
            for begin in range(0, len(keys), AT_ONCE):
                cursor.execute(NEAREST, asked_as(keys[begin : begin + AT_ONCE]), binary=True)
                rows.extend(counted_from(begin, cursor))
        return joined(rows)

    def _rejected(self, asked: list[Asked], source_id: str | None) -> set[tuple[int, uuid.UUID]]:
        """(place, person) of what people have said is not the same."""
        if source_id is None:
            return set()
        place_of = {
            cell_text(line.split("\t")[2]): place for place, (_, line, *_) in enumerate(asked)
        }
        pairs = rejected_pairs(self._connection, source_id, list(place_of))
        return {(place_of[key], person) for key, person in pairs}

    @staticmethod
    def _population(cursor: psycopg.Cursor[Any]) -> int:
        cursor.execute(_POPULATION)
        found = cursor.fetchone()
        return int(found[0]) if found else 0


def _by_place(near: Candidates) -> dict[int, list[tuple[uuid.UUID, bytes]]]:
    """Person and columns of the candidates of each."""
    found: dict[int, list[tuple[uuid.UUID, bytes]]] = defaultdict(list)
    for place, person, packed in near.each():
        found[place].append((uuid.UUID(hex=person), packed))
    return found
