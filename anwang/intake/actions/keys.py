"""The vault's keys: rotation while the system runs, and the destruction of one report's keys.

Both carry out what two persons agreed on (R14); the database checks the request again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, connection, transaction

from anwang.access import key_folder
from anwang.access.actions.entries import record_event
from anwang.access.actions.two_persons import refused_by_two
from anwang.access.context import Actor, acting
from anwang.access.sealing import NO_COUNTY, Wrapped, rewrap, rewrap_standing
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.intake.models import Report

KEEPING: Final = Actor(uuid.UUID("00000000-0000-4000-8000-000000000004"), "program", role="keeping")
PORTION: Final = 500


class NoSuchReport(AnwangError):
    """There is no report with this receipt. Look at the number again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is: data keys wrapped anew, and those still to do."""

    done: int
    left: int


def begin_rotation(request: uuid.UUID) -> int:
    """Let a new key-encryption key begin, as two persons agreed; its version. Raises NotWithTwo."""
    with acting(KEEPING, "rotate-keys"):
        _carry_out(request, "rotate-keys")
        version = key_folder.begin_version()
        record_event(
            Act.KEYS_ROTATED, actor=KEEPING, object_kind="vault-key", purpose="rotate-keys",
            detail={"request": str(request), "version": version, "step": "begun"},
        )  # fmt: skip
    return version


def carry_on_rotation() -> Iterator[Progress]:
    """Wrap every data key with the version in use, then destroy the older ones; may be cut short.

    Each portion is a transaction of its own, so reports come in and are read meanwhile.
    """
    version, done = key_folder.current_version(), 0
    rewrap_standing()
    for old in [one for one in key_folder.versions() if one < version]:
        with acting(KEEPING, "rotate-keys"), connection.cursor() as cursor:
            cursor.execute("select intake.retire_kek(%s)", [old])
    while made := _portion(version):
        done += made
        yield Progress(done, _left(version))
    if _left(version) == 0:
        rewrap_standing()
        for old in [one for one in key_folder.versions() if one < version]:
            key_folder.forget_version(old)
        with acting(KEEPING, "rotate-keys"):
            record_event(
                Act.KEYS_ROTATED, actor=KEEPING, object_kind="vault-key", purpose="rotate-keys",
                detail={"version": version, "step": "ended", "keys": done},
            )  # fmt: skip
        yield Progress(done, 0)


def _portion(version: int) -> int:
    with acting(KEEPING, "rotate-keys"), connection.cursor() as cursor:
        cursor.execute("select * from intake.keys_to_rewrap(%s, %s)", [version, PORTION])
        found = cursor.fetchall()
        for scope, county, before, wrap in found:
            made = rewrap(Wrapped(scope, county or NO_COUNTY, before, bytes(wrap)))
            values = [scope, before, made.wrap, made.kek_version]
            cursor.execute("select intake.rewrapped(%s, %s, %s, %s)", values)
    return len(found)


def _left(version: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select intake.keys_below(%s)", [version])
        return int(cursor.fetchone()[0])


def shred_report(receipt: str, request: uuid.UUID) -> int:
    """Destroy the data keys of a report for ever, as two persons agreed; their number.

    Its reporter, safe addresses, body as delivered, messages and pictures are unreadable from then
    on; the report's row and its audit entries stay as the tombstone (D3). Raises NotWithTwo.
    """
    with acting(KEEPING, "shred-report"):
        report = Report.objects.filter(receipt=receipt).only("id").first()
        if report is None:
            raise NoSuchReport(str(NoSuchReport.__doc__))
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select intake.shred(%s, %s)", [request, report.pk])
                scopes = [row[0] for row in cursor.fetchall()]
        except DatabaseError as error:
            refused_by_two(error, KEEPING, report.pk)
        record_event(
            Act.REPORT_SHREDDED, actor=KEEPING, object_kind="report", object_ids=[report.pk],
            purpose="shred-report", detail={"request": str(request), "keys": len(scopes)},
        )  # fmt: skip
        # Before the commit: a list that names a key too many harms nothing, one too few would.
        key_folder.note_shredded(scopes)
    return len(scopes)


def _carry_out(request: uuid.UUID, act: str) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select access.two_carry_out(%s, %s, null)", [request, act])
    except DatabaseError as error:
        refused_by_two(error, KEEPING, request)
