"""An invented register in a few rows: people, their kin and households, as the database holds them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass

from django.db import connection

from anwang.access.tokens import id_token
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import Forms
from tests.conftest import as_role

SOURCE = "household-registration"
_IDENTITY = """
insert into people_identity (record_id, source_id, record_key, delivery_id, person_id, forms,
    id_token, full_key, superseded, packed) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FACT = """
insert into registries_fact (source_id, record_id, delivery_id, kind, key, value, valid_from, valid_to)
values (%s, %s, %s, %s, %s, '{}', %s, %s)
"""


def token_of(word: str) -> bytes:
    """A token as of a number, from any word."""
    return hashlib.sha256(word.encode()).digest()


@dataclass(frozen=True)
class Known:
    """Somebody in the register: the person, the record that tells of him, his number's token."""

    person: uuid.UUID
    record: uuid.UUID
    token: bytes
    name: str


def known_person(
    name: str = "", *, door: int | None = None, household: str | None = None, number: str = ""
) -> Known:
    """A person with one record; `door` is a full address key, `household` a register's number."""
    person, word = uuid.uuid4(), uuid.uuid4().hex
    token = id_token(number) or token_of(word)
    made = Known(person, uuid.uuid4(), token, name or f"範例{word[:6]}")
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("insert into people_person (id) values (%s)", [person])
        cursor.execute(
            _IDENTITY,
            [made.record, SOURCE, word, uuid.uuid4(), person,
             json.dumps({"n": made.name, "i": made.token.hex()}), made.token, door, False,
             pack(Forms(name=made.name, id_token=made.token))],
        )  # fmt: skip
    if household:
        say(made, "registered-household", household)
    return made


def say(
    of: Known, kind: str, key: str, *, until: dt.date | None = None, since: dt.date | None = None
) -> None:
    """One fact of a person's record."""
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(_FACT, [SOURCE, of.record, uuid.uuid4(), kind, key, since, until])


def older_version(of: Known, kind: str, key: str) -> None:
    """A fact that only a superseded version of the person's record tells."""
    record = uuid.uuid4()
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            _IDENTITY,
            [record, SOURCE, uuid.uuid4().hex, uuid.uuid4(), of.person,
             json.dumps({"n": of.name}), of.token, None, True,
             pack(Forms(name=of.name, id_token=of.token))],
        )  # fmt: skip
        cursor.execute(_FACT, [SOURCE, record, uuid.uuid4(), kind, key, None, None])


def marry(one: Known, other: Known, *, until: dt.date | None = None) -> None:
    """Spouses, as one of the two records says."""
    say(one, "kin-spouse", other.token.hex(), until=until)


def child_of(child: Known, parent: Known, which: str = "kin-father") -> None:
    """A parent, as the child's record says."""
    say(child, which, parent.token.hex())


def is_human(account: uuid.UUID, who: Known | None) -> None:
    """Say whose account it is."""
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "update access_account set human = %s where id = %s",
            [who.token if who else None, account],
        )
