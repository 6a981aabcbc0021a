"""What an account can see, and why: counted by the row rules themselves, in the account's name.

Whoever asks for another account learns numbers and relations. No row leaves this module, and what is
sealed is not counted: that there is a sealed case is told to the named alone (R8).
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import OperationalError, connection, transaction

from anwang.access.actions.access_table import access_table
from anwang.access.context import Actor, enter
from anwang.access.permissions import Permit
from anwang.access.queries.people import permit_counties
from anwang.access.rules.access_sql import predicate
from anwang.access.rules.access_table import Use
from anwang.access.rules.reach import Ways, readable

# A table that takes longer is named without a number: the page must not weigh on the desk's.
_MOST_MILLISECONDS: Final = 700
_NOT_SEALED: Final = (
    "{0} is null or not exists (select from access_seal s where s.object_id = {0}"
    " and (s.until is null or s.until > clock.now()))"
)
_RELATED: Final = (
    "select r.object_id from access_relation r where r.until is null union select access.my_glass()"
)
# Kind of object -> its root tables and the column by which people name it.
_NAMED_BY: Final = {
    "report": (("intake_report", "receipt"),),
    "family": (("cases_familyfile", "number"),),
    "case": (("cases_case", "id::text"),),
}


@dataclass(frozen=True, slots=True)
class Reached:
    """Rows of one table that an account reaches now; `number` None: not counted or too many to.

    `by` says how many of them each relation opens; one row may be opened by several.
    """

    ways: Ways
    number: int | None
    by: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why an account sees one object: the relations that hold. None hold: it is not there for it."""

    kind: str
    hold: tuple[str, ...]
    would: tuple[str, ...]


@contextlib.contextmanager
def _as_account(account_id: uuid.UUID) -> Iterator[None]:
    """Ask as another account for a few statements that write nothing.

    The savepoint's rollback gives the asker's own context back, whatever happens within.
    """
    with transaction.atomic():
        enter(Actor(account_id), "reach")
        yield
        transaction.set_rollback(True)


def reach_of(account_id: uuid.UUID, permit: Permit) -> list[Reached]:
    """What the account reaches, table by table, as the access table has them."""
    own = permit.actor.id == account_id
    with _as_account(account_id):
        return [_counted(ways, own) for ways in readable(access_table())]


def _open_to_asker(ways: Ways, own: bool) -> str:
    """The condition that leaves out what the asker must not learn of."""
    if own:
        return "true"
    closed = [f"({_NOT_SEALED.format(f'{ways.table.bare}.{c}')})" for c in ways.closed]
    return " and ".join(closed) or "true"


def _counted(ways: Ways, own: bool) -> Reached:
    if not ways.counted:
        return Reached(ways, None, ())
    by = ", ".join(f"count(*) filter (where {predicate([use], ways.table)})" for use in ways.uses)
    begin = ""
    if column := ways.related_column:
        # Beginning with the relations lets the database look up rows instead of judging each.
        begin = f" and {ways.table.bare}.{column} in ({_RELATED})"
    sql = (
        f"select count(*), {by} from {ways.table.name}"  # noqa: S608 - names of the access table
        f" where {_open_to_asker(ways, own)}{begin}"
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = {_MOST_MILLISECONDS}")
            cursor.execute(sql)
            number, *each = cursor.fetchone()
    except OperationalError:
        return Reached(ways, None, ())
    names = [use.relation.name for use in ways.uses]
    total: dict[str, int] = {}
    for name, found in zip(names, each, strict=True):
        total[name] = max(total.get(name, 0), found)
    return Reached(ways, number, tuple((name, n) for name, n in total.items() if n))


def why(account_id: uuid.UUID, kind: str, number: str, permit: Permit) -> Why:
    """Why the account sees an object named by its number, or what would let it.

    The same answer for what is absent, sealed, closed, foreign to the asker or simply not reached.
    """
    own = permit.actor.id == account_id
    counties = [one for one in permit_counties(permit) if one]
    hold: dict[str, None] = {}
    would: dict[str, None] = {}
    by_table = {ways.table.name: ways for ways in readable(access_table())}
    with _as_account(account_id):
        for name, column in _NAMED_BY[kind]:
            ways = by_table[name]
            would |= dict.fromkeys(use.relation.name for use in ways.uses)
            hold |= dict.fromkeys(_holding(ways, ways.uses, column, number, own, counties))
    return Why(kind, tuple(hold), tuple(would))


def _holding(
    ways: Ways, uses: tuple[Use, ...], column: str, number: str, own: bool, counties: list[str]
) -> list[str]:
    """The relations that hold for the one row of that number, in the account's name."""
    bare, table = ways.table.bare, ways.table
    asked = ", ".join(f"({predicate([use], table)})" for use in uses)
    where = _open_to_asker(ways, own)
    values: list[str | list[str]] = [number]
    if not own:
        county = (
            f"{bare}.{table.county}"
            if table.county
            else f"(select f.county from cases_familyfile f where f.id = {bare}.family_id)"  # noqa: S608
        )
        where += f" and {county} = any(%s)"
        values.append(counties)
    sql = (
        f"select {asked} from {table.name}"  # noqa: S608 - names of the access table
        f" where {bare}.{column} = %s and ({where})"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    names = [use.relation.name for use in uses]
    return [name for name, holds in zip(names, row or (), strict=False) if holds]
