"""The signed context: what is not exactly a claim of ours, for this very transaction, is nobody (R3)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import AuditDown, record_apart, record_event
from anwang.access.context import Actor, _key, acting, enter
from anwang.access.models import Account
from anwang.access.rules.claims import Claim, key_blocks, signed
from anwang.access.vocabulary import Act
from tests.factories import account, desk_worker

SECOND = 1_000_000


def here() -> tuple[int, int]:
    """Start of the transaction and the backend that serves it."""
    with connection.cursor() as cursor:
        cursor.execute("select (extract(epoch from now()) * 1000000)::bigint, pg_backend_pid()")
        return cursor.fetchone()


def claim(**changed) -> Claim:
    """A claim that holds here and now, but for what is `changed`."""
    began, backend = here()
    parts = {
        "actor": uuid.uuid4(), "kind": "account", "purpose": "test", "began": began,
        "ends": began + 3600 * SECOND, "backend": backend,
    }  # fmt: skip
    return Claim(**parts | changed)


def actor_when(context: str) -> uuid.UUID | None:
    """Who acts for the database once the variable says `context`."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('anwang.context', %s, true)", [context])
        cursor.execute("select access.actor()")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_claim_of_ours_tells_who_acts_and_for_what():
    actor = Actor(uuid.uuid4())
    enter(actor, "some-purpose")
    with connection.cursor() as cursor:
        cursor.execute("select access.actor(), access.purpose(), access.actor_kind()")
        assert cursor.fetchone() == (actor.id, "some-purpose", "account")


@pytest.mark.django_db
def test_forged_expired_replayed_and_cut_claims_are_nobody():
    began, backend = here()
    whole = signed(claim(), _key())
    assert actor_when(whole) is not None
    other = str(uuid.uuid4())
    nobody = {
        "unsigned": other,
        "another key": signed(claim(), b"x" * 32),
        "another actor under an old sum": whole[:68] + other + whole[104:],
        "expired": signed(claim(ends=began), _key()),
        "an earlier transaction": signed(claim(began=began - 1), _key()),
        "another backend": signed(claim(backend=backend + 1), _key()),
        "one part more": signed(claim(), _key()) + "|",
        "no sum": whole[64:],
        "no text": whole[:64],
        "nothing": "",
        "no sign that the sum could hold": "雨" * 200,
        "a nil sum": "0" * 64 + whole[64:],
        "sum in capitals": whole[:64].upper() + whole[64:],
    }
    nobody |= {f"cut at {place}": whole[:place] for place in range(0, len(whole), 7)}
    assert {name for name, context in nobody.items() if actor_when(context)} == set()


def test_a_claim_ends_with_its_transaction(own_database, django_db_blocker):
    with django_db_blocker.unblock():
        _replayed()


def _replayed() -> None:
    with acting(Actor(uuid.uuid4()), "test"), connection.cursor() as cursor:
        cursor.execute("select current_setting('anwang.context')")
        (kept,) = cursor.fetchone()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select access.actor()")
            assert cursor.fetchone() == (None,)
        assert actor_when(kept) is None


@pytest.mark.django_db
def test_the_old_bare_variable_opens_nothing():
    known = account("somebody", ("68000-desk", "68000", "desk"))
    actor_when("")
    with connection.cursor() as cursor:
        cursor.execute("select set_config('anwang.actor', %s, true)", [str(known.id)])
    assert not Account.objects.only("id").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "select * from vault.context_key",
        "select access.install_context_key('\\x00', '\\x00')",
    ],
)
def test_the_application_neither_reads_nor_replaces_the_key(statement, in_role):
    for role in ("app", "worker", "door", "auditor"):
        refused = pytest.raises(DatabaseError, match="permission denied")
        with in_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
def test_only_the_claims_function_reads_the_variable():
    """Whatever else read it would believe what it says."""
    with connection.cursor() as cursor:
        cursor.execute("""
            select p.oid::regprocedure::text from pg_proc p
            where p.prosrc ~ 'anwang\\.' and p.prosrc ~ 'current_setting'
            union all
            select polrelid::regclass::text from pg_policy
            where pg_get_expr(polqual, polrelid) ~ 'current_setting'
               or pg_get_expr(polwithcheck, polrelid) ~ 'current_setting'
            union all
            select viewname::text from pg_views where definition ~ 'anwang\\.'""")
        assert [one for (one,) in cursor.fetchall()] == ["access.claim()"]


def test_a_purpose_cannot_smuggle_a_part_in():
    with pytest.raises(ValueError, match="has no"):
        Claim(uuid.uuid4(), "account", "a|b", 1, 2, 3).text()


def test_a_key_longer_than_a_block_is_refused():
    with pytest.raises(ValueError, match="64 bytes"):
        key_blocks(b"x" * 65)


@pytest.mark.django_db
def test_nothing_is_put_on_record_in_another_name():
    """R3: an injection is on record as who it came through, or not at all."""
    first, second = desk_worker("desk-one"), desk_worker("desk-two")
    assert actor_when("") is None
    with pytest.raises(AuditDown), transaction.atomic():
        record_event(Act.READ, actor=first)
    with acting(first):
        record_event(Act.READ, actor=first)
        with pytest.raises(AuditDown), transaction.atomic():
            record_event(Act.READ, actor=second)


@pytest.mark.django_db
def test_an_entry_apart_is_written_by_its_own_claim_and_leaves_the_other_in_force():
    first, second = desk_worker("desk-one"), desk_worker("desk-two")
    with acting(first), connection.cursor() as cursor:
        record_apart(Act.READ, actor=second)
        cursor.execute("select access.actor()")
        assert cursor.fetchone() == (first.id,)
