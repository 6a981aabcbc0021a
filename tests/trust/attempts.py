"""Runs the generated statements as the application's role and says which of them leaked.

A leak is a canary or an id of a hidden row in a result, a notice or an error, a hidden row that was
changed or deleted, or an answer that differs where only hidden rows do: the same statement runs in
a mirror of the database whose other county holds fewer and other rows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from django.db import transaction

from tests.trust.probing import Answer, TwoCounties, connected, context, run
from tests.trust.statements import Attempt, Maker
from tests.trust.two_counties import id_of

# What an account may not see: sides, and numbers of its own office's rows.
HIDDEN = {
    "none": ("abc", ""), "expired": ("abc", ""), "rank": ("abc", ""), "own": ("bc", ""),
    "desk": ("b", ""), "conflicted": ("bc", "1"), "sealed-out": ("bc", "2"),
}  # fmt: skip
# One's own places say on what ground they were given and ended, and an administrator reads those of
# the county; which rows that is, the reviewed file says.
PLACES_SEEN = {
    "rank": frozenset({"access_membership"}),
    "expired": frozenset({"access_membership"}),
}
ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4000-8000-[0-9]{12}\b")
# Differs from run to run, or tells of the machine: no part of the comparison with the mirror.
RESTLESS = re.compile(
    r"clock|now\(|random|pg_|explain|ctid|xmin|current_setting|xml|anwang\.|nextval|tablesample"
    r"|set_config|limit|skip locked|information_schema|procrastinate|two_|notify|actor\(\)|claim|lo_create",
    re.I,
)
BATCH = 400
MIRRORED = 16  # every so many attempts is compared with the mirror


@dataclass(frozen=True, slots=True)
class Eye:
    """Knows by the shape of a text whether it tells of what is hidden in a context."""

    canaries: re.Pattern[str]
    ids: re.Pattern[str]
    known: frozenset[str]
    open_to: frozenset[str]

    def seen(self, text: str, given: str = "", opened: bool = False) -> str | None:
        """The first hidden thing in `text` that was not `given`; null where there is none.

        `opened`: it comes from a table that is open to the context, so ids are no surprise.
        """
        for found in self.canaries.finditer(_plain(text)):
            place = found.group("place") or ""
            hidden = place.partition(".")[0] not in self.open_to and (place or not opened)
            if hidden and found.group() not in given:
                return found.group()
        for found in () if opened else ID.finditer(text):
            one = found.group()
            if self.ids.match(one) and one not in self.known and one not in given:
                return one
        return None


def _plain(text: str) -> str:
    """`text` with what it holds in hexadecimal bytes read as well."""
    if "\\x7a7a" not in text:
        return text
    spelled = [bytes.fromhex(one).decode("utf-8", "replace")
               for one in re.findall(r"\\x((?:[0-9a-f]{2}){4,})", text)]  # fmt: skip
    return "\n".join([text, *spelled])


def eyes(counties: TwoCounties, reviewed: dict[str, Any]) -> dict[str, Eye]:
    """One for each context; what the reviewed file opens to all rows is not hidden."""
    made = {}
    report, relation = counties.tables["intake_report"], counties.tables["access_relation"]
    lent = {str(id_of("b", report, 1)), str(id_of("b", relation, 201))}
    for name, (sides, number) in HIDDEN.items():
        own = f"|a{number}" if number else ""
        open_to = frozenset(
            table for table, told in reviewed.get("tables", {}).items()
            if "all" in (_select_of(told), (_select_of(told) or {}).get(name)
                         if isinstance(_select_of(told), dict) else None)
            and table != "access_account"
        )  # fmt: skip
        end = f"|aaaaaaaa-.*-0{{11}}{number}$" if number else ""
        prefixes = "|".join(one * 8 for one in sides)
        made[name] = Eye(
            re.compile(rf"zz(?:[{sides}]\d{own})(?!\d)(?::(?P<place>[\w.]+))?"),
            re.compile(rf"(?:{prefixes})-{end}"),
            frozenset(lent), (open_to | PLACES_SEEN.get(name, frozenset())) - {""},
        )  # fmt: skip
    return made


def _select_of(told: dict[str, Any]) -> Any:
    return told.get("app", {}).get("select")


def tokens_of(counties: TwoCounties) -> dict[str, str]:
    """What the context's variable says for some accounts, each in a transaction of its own."""
    found: dict[str, str] = {}
    with connected(counties, "anwang_app") as connection:
        for name in ("other", "desk", "peer", "own"):
            with context(connection, name), connection.cursor() as cursor:
                cursor.execute("select current_setting('anwang.context', true)")
                (found[name],) = cursor.fetchone()
    return found


@contextlib.contextmanager
def mirrored(counties: TwoCounties) -> Iterator[TwoCounties]:
    """A copy in which another county holds fewer rows, and other ones."""
    with counties.copied() as mirror:
        with mirror.admin() as admin:
            admin.execute("set session_replication_role = replica")
            for table in mirror.tables.values():
                if table.open or table.name.startswith(("access_account", "access_membership")):
                    continue
                for label, key in table.rows.items():
                    if label.startswith("b2"):
                        where = " and ".join(f"\"{k}\"::text = '{v}'" for k, v in key.items())
                        admin.execute(f"delete from {table.name} where {where}")
        yield mirror


class Attempts:
    """The generated attempts against one database (and its mirror, where there is one)."""

    def __init__(
        self,
        counties: TwoCounties,
        reviewed: dict[str, Any],
        mirror: TwoCounties | None = None,
        waived: Sequence[str] = (),
    ) -> None:
        self.counties, self.mirror, self.waived = counties, mirror, waived
        with counties.admin() as admin:
            self.maker = Maker(admin, counties.tables, tokens_of(counties))
            found = admin.execute(
                "select left(encode(inner_block, 'hex'), 40) from vault.context_key"
            )
            self.keys = [key for (key,) in found.fetchall()]
        self.eyes = eyes(counties, reviewed)

    def __call__(self, numbers: range, seed: int) -> list[str]:
        """One line for every attempt that leaked."""
        made = sorted((self.maker.attempt(seed, one) for one in numbers), key=lambda a: a.context)
        found = self._told(made)
        if self.mirror:
            found += self._different([one for one in made if one.number % MIRRORED == 0])
        return sorted({line for line in found if not self.known(line)})

    def known(self, line: str) -> bool:
        """Whether a leak stands in known_leaks.yaml, dated and not overdue."""
        return any(re.search(pattern, line) for pattern in self.waived)

    def _told(self, made: Sequence[Attempt]) -> list[str]:
        found = []
        address = self.counties.server.address("anwang_app", self.counties.name)
        with (
            connected(self.counties, "anwang_app") as connection,
            psycopg.connect(address, autocommit=True) as neighbour,
        ):
            # Another request of the application, whose last statement held a name.
            neighbour.execute("select 'zzb9:neighbour.statement'")
            for attempt, answer, notices in _answered(connection, made):
                leaked = self._leak(attempt, answer, notices)
                if leaked:
                    found.append(_line(attempt, leaked))
        return found

    def _leak(self, attempt: Attempt, answer: Answer, notices: str) -> str | None:
        eye, given = self.eyes[attempt.context], f"{attempt.before} {attempt.statement}"
        opened = self._opened(attempt)
        if leaked := eye.seen(answer.said, given, opened) or eye.seen(notices, given, opened):
            return leaked
        if any(key in answer.said or key in notices for key in self.keys):
            return "the key of the context"
        if leaked := eye.seen(answer.touched):
            return f"changed {leaked}"
        return None

    def _different(self, made: Sequence[Attempt]) -> list[str]:
        steady = [one for one in made if not one.direct
                  and not RESTLESS.search(f"{one.before or ''} {one.statement}")]  # fmt: skip
        steady = [one for one in steady if not self._opened(one)]
        answers = []
        assert self.mirror
        for place in (self.counties, self.mirror):
            with connected(place, "anwang_app") as connection:
                answers.append([(a.outcome, _sorted(a.said.replace(place.name, "")), a.counted)
                                for _, a, _ in _answered(connection, steady)])  # fmt: skip
        return [_line(one, f"differs: {here} / {there}"[:300])
                for one, here, there in zip(steady, *answers, strict=True) if here != there]  # fmt: skip

    def _opened(self, attempt: Attempt) -> bool:
        """Whether it asks a table that the reviewed file opens to this context."""
        words = set(re.findall(r"[\w.]+", attempt.statement))
        return bool(words & self.eyes[attempt.context].open_to)


def _sorted(said: str) -> list[str]:
    return sorted(said.splitlines())


def _line(attempt: Attempt, leaked: str) -> str:
    before = f"{attempt.before}; " if attempt.before else ""
    return f"{attempt.number} as {attempt.context}: {leaked}: {before}{attempt.statement}"


def _answered(connection: Any, made: Sequence[Attempt]) -> Iterator[tuple[Attempt, Answer, str]]:
    """Every attempt with its answer and the notices of its batch."""
    for name, group in groupby(made, key=lambda one: one.context):
        every = list(group)
        direct = [one for one in every if one.direct]
        probed = [one for one in every if not one.direct]
        for first in range(0, len(probed), BATCH):
            yield from _batch(connection, name, probed[first : first + BATCH])
        for one in direct:
            with context(connection, name):
                yield one, _direct(connection, one.statement), ""


def _batch(
    connection: Any, name: str, batch: Sequence[Attempt]
) -> Iterator[tuple[Attempt, Answer, str]]:
    notices: list[str] = []

    def kept(said: Any) -> None:
        notices.append(f"{said.message_primary} {said.message_detail}")

    with context(connection, name):
        connection.connection.add_notice_handler(kept)
        try:
            answers = run(
                connection, [one.statement for one in batch], [one.before for one in batch]
            )
        finally:
            connection.connection.remove_notice_handler(kept)
    if len(batch) > 1 and any("zz" in one or ID.search(one) for one in notices):
        for one in batch:  # which of them was it?
            yield from _batch(connection, name, [one])
        return
    text = "\n".join(notices)
    for one, answer in zip(batch, answers, strict=True):
        yield one, answer, text


def _direct(connection: Any, statement: str) -> Answer:
    """A statement on the wire: copying out."""
    try:
        with (
            transaction.atomic(),
            connection.connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            said = b"".join(bytes(part) for part in copy).decode("utf-8", "replace")
        return Answer("done", said, 0, "")
    except Exception as error:
        return Answer(getattr(error, "sqlstate", None) or "error", str(error), 0, "")
