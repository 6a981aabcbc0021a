"""Asks the scorer whose a record without a valid number is, for many records at once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import psycopg

from anwang.common.copying import cell_text, json_cell
from anwang.people.actions.lines import Asked, IdentityLines
from anwang.people.queries.rejections import rejected_pairs
from anwang.people.rules.columns import Row, row_of, unpack
from anwang.people.rules.keys import blocking_keys, query_keys
from anwang.people.rules.scoring import Model, Scored, is_probable, rank

# A key that more identities share than this says little (a common name in a large town); it is
# read no further, the record's other keys find the person.
MOST_A_KEY: Final = 200
_POPULATION: Final = (
    "select greatest(reltuples, 0)::bigint from pg_class where oid = 'people_person'::regclass"
)
_CANDIDATES: Final = """
select asked.no, i.person_id::text, i.packed
from (select distinct a.no, k.identity_no
      from unnest(%s::bigint[], %s::bigint[]) as a (no, key)
      cross join lateral (select identity_no from people_key where people_key.key = a.key
                          limit %s) k) asked
join people_identity i on i.no = asked.identity_no
where i.person_id is not null and not i.superseded
"""


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

        Records of the batch that ask the same are answered once; new persons of the batch are
        candidates for those after them.
        """
        candidates = self._candidates(cursor, asked)
        rejected = self._rejected(asked, source_id)
        model = self._model.for_population(max(self._model.population, self._population(cursor)))
        answered = IdentityLines()
        new: dict[int, list[tuple[str, Row]]] = defaultdict(list)
        for number, line, keys, forms, asking in asked:
            mine = [one for one in candidates.get(number, ()) if (number, one[0]) not in rejected]
            own = [one for key in query_keys(asking) for one in new.get(key, ())]
            best = rank(row_of(asking, model.names), [*mine, *own], model)
            if best and is_probable(best[0][1], model):
                person, scored = best[0]
                chosen = f"{person}\t{scored.probability}\t{scored.weight}\t{reasons_cell(scored)}"
                answered.add(line, number, keys, chosen)
                continue
            answered.add(line, number, keys)
            person = line.split("\t")[7]
            for key in blocking_keys(forms):
                new[key].append((person, row_of(forms)))
        return answered

    def _candidates(
        self, cursor: psycopg.Cursor[Any], asked: list[Asked]
    ) -> dict[int, list[tuple[str, Row]]]:
        numbers: list[int] = []
        keys: list[int] = []
        for number, _, _, _, asking in asked:
            wanted = query_keys(asking)
            numbers.extend([number] * len(wanted))
            keys.extend(wanted)
        cursor.execute(_CANDIDATES, [numbers, keys, MOST_A_KEY])
        found: dict[int, list[tuple[str, Row]]] = defaultdict(list)
        for number, person, packed in cursor.fetchall():
            found[number].append((person, unpack(packed)))
        return found

    def _rejected(self, asked: list[Asked], source_id: str | None) -> set[tuple[int, str]]:
        """(number, person) of what people have said is not the same."""
        if source_id is None:
            return set()
        number_of = {cell_text(line.split("\t")[2]): number for number, line, *_ in asked}
        pairs = rejected_pairs(self._connection, source_id, list(number_of))
        return {(number_of[key], str(person)) for key, person in pairs}

    @staticmethod
    def _population(cursor: psycopg.Cursor[Any]) -> int:
        cursor.execute(_POPULATION)
        found = cursor.fetchone()
        return int(found[0]) if found else 0
