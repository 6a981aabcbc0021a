"""The audit's tree: equal to its definition, and blind to no change (D3)."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from anwang.access.actions.entries import record_event
from anwang.access.audit_tree import give_places
from anwang.access.audit_verify import Verdict, verify
from anwang.access.context import Actor, acting
from anwang.access.rules.tree import Frontier, leaf_hash, root_of
from anwang.access.vocabulary import Act


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_grown_root_is_the_root_by_definition(contents):
    leaves = [leaf_hash(one) for one in contents]
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.grown(leaf)
    assert frontier.root == root_of(leaves)
    assert frontier.size == len(leaves)
    assert len(frontier.roots) == bin(len(leaves)).count("1")


def write(number: int) -> None:
    actor = Actor(uuid.uuid4())
    with acting(actor):
        for _ in range(number):
            record_event(Act.READ, actor=actor, object_ids=[uuid.uuid4()], detail={"n": 1})


@pytest.fixture
def audited(db, in_role):
    """Seven entries with their places, in two portions."""
    write(4)
    with in_role("auditor"):
        assert give_places() == 4
    write(3)
    with in_role("auditor"):
        assert give_places() == 3
        assert give_places() == 0
        assert verify() == Verdict(7, True, None)


def test_no_unprivileged_role_can_change_or_remove_an_entry(audited, in_role):
    for role in ("app", "worker", "door", "auditor"):
        for act in ("update access_auditentry set act = 'x'", "delete from access_auditentry",
                    "update access_auditleaf set position = 9", "truncate access_auditentry"):  # fmt: skip
            with connection.cursor() as cursor, in_role(role):
                cursor.execute("savepoint tried")
                with pytest.raises(Exception, match="permission denied"):
                    cursor.execute(act)
                cursor.execute("rollback to savepoint tried")


CHANGES = {
    "a changed entry": ["update access_auditentry set act = 'other' where no = {third}"],
    "a removed entry": ["delete from access_auditentry where no = {third}"],
    "a changed time": ["update access_auditentry set at = at + interval '1 s' where no = {third}"],
    "swapped entries": [
        "update access_auditentry set no = -1 where no = {third}",
        "update access_auditentry set no = {third} where no = {third} + 1",
        "update access_auditentry set no = {third} + 1 where no = -1",
    ],
    "a cut end": ["delete from access_auditleaf where position = 6"],
    "a forged leaf": ["update access_auditleaf set leaf_sha256 = sha256('x') where position = 2"],
    "a tree made anew": [
        "update access_auditcheckpoint set root_sha256 = sha256('x') where size = 4"
    ],
}
# A root tells that something under it is wrong, and since which other root: the first of those.
FIRST_BAD = dict.fromkeys(CHANGES, 2) | {"a cut end": 4, "a tree made anew": 0}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_dishonest_administrator_does_is_found(change, own_database, postgres_server):
    write(4)
    give_places()
    write(3)
    give_places()
    assert verify() == Verdict(7, True, None)
    with psycopg.connect(
        postgres_server.address("postgres", own_database), autocommit=True
    ) as admin:
        (third,) = admin.execute("select min(no) + 2 from access_auditentry").fetchone()
        admin.execute("set session_replication_role = replica")
        for statement in CHANGES[change]:
            admin.execute(statement.format(third=third))
    verdict = verify()
    assert not verdict.ok
    assert verdict.first_bad == FIRST_BAD[change]
