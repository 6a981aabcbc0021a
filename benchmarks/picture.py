"""The household picture of a day: how long it takes as the registers grow.

An invented county of households of four, three generations tied by number, is made in SQL: fifteen facts a
person from eight sources. Persons are then asked for one by one, as the command and the screens ask: of
today, and of a day a year ago as known half a year ago.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import md5
from typing import Any, Final

import psycopg

from anwang.people.rules.columns import STORED
from benchmarks.harness import AS_OF, SEED, Bench, Goal, Result, bench, options, percentile

SIZES: Final = [10_000, 100_000, 1_000_000]
QUICK_SIZES: Final = [1_000, 4_000, 16_000]
ASKED: Final = 400
EARLIER: Final = date(2025, 3, 2)
KNOWN_EARLIER: Final = datetime.fromisoformat("2025-09-01T00:00:00+08:00")
DELIVERED: Final = datetime.fromisoformat("2025-02-01T00:00:00+08:00")
FULL_FACTS: Final = 100_000_000
TABLES: Final = ("people_person", "people_identity", "registries_record", "registries_fact")
# source, kind of fact, records a person, of whom: everybody, adults (places 0, 1 of four) or children.
SPEC: Final = (
    ("household-registration", "", 1, "true"),
    ("immunisation", "immunisation-given", 12, "n % 4 > 1"),
    ("psychiatric-care", "psychiatric-care", 1, "n % 4 < 2 and n % 37 = 1"),
    ("prison", "in-custody", 1, "n % 4 = 0 and n % 211 = 4"),
    ("health-insurance", "clinic-visit", 5, "true"),
    ("drug-register", "drug-register", 1, "n % 4 < 2 and n % 89 = 5"),
    ("e-care", "low-income", 1, "n % 8 < 4 and n % 3 = 0"),
    ("entry-exit", "abroad", 1, "n % 4 < 2 and n % 53 = 9"),
)
_DELIVERY: Final = """
insert into registries_delivery (id, source_id, mode, file_sha256, manifest_version, delivered_at,
    began_at, known_at, state, accepted, quarantined, reasons)
select %(id)s, %(source)s::text, 'full', repeat('0', 64), '1', %(at)s, %(at)s, %(at)s, 'published', 0, 0, '{}'
"""
_PERSONS: Final = """
insert into people_person (id, made_at)
select md5('person ' || n)::uuid, '2025-01-01' from generate_series(0, %(persons)s::int - 1) n
"""
# Every row's ids rise with its number, as loading makes them. Households of four; the parents of a
# father or mother are found in another household, so that kin reach three generations.
_RECORDS: Final = """
insert into registries_record (id, source_id, record_key, delivery_id, values, withdrawn)
select (left(replace(%(delivery)s::uuid::text, '-', ''), 20) || lpad(to_hex(n * {per} + r), 12, '0'))::uuid,
    %(source)s::text, n || '/' || r, %(delivery)s, '{{}}', false
from generate_series(0, %(persons)s::int - 1) n cross join generate_series(1, {per}) r where {whom}
"""
# The register's record is the first in these words, and the others are like it: what `alike.py` makes.
_IDENTITIES: Final = """
insert into people_identity (record_id, source_id, record_key, delivery_id, person_id, forms, packed,
    id_token, full_key, superseded, like_no)
select (left(replace(%(delivery)s::uuid::text, '-', ''), 20) || lpad(to_hex(n * {per} + r), 12, '0'))::uuid,
    %(source)s::text, n || '/' || r, %(delivery)s, md5('person ' || n)::uuid,
    case when first then jsonb_build_object(
        'n', '陳' || chr(20000 + n %% 20000), 'sn', '陳', 'g', chr(20000 + n %% 20000),
        'y', case when n %% 4 < 2 then 1975 + n %% 20 else 2012 + n %% 12 end, 'm', 1 + n %% 12,
        'd', 1 + n %% 28, 'x', case when n %% 2 = 0 then 'M' else 'F' end,
        'a', jsonb_build_array('桃園市', '中壢區', '', '範例路', 0, '', '', n / 4, '3樓',
            1000000 + n / 4, 2000000 + n / 4, 3000000 + n / 4, 4)) end,
    case when first then decode(repeat('00', {width}), 'hex') end,
    sha256(convert_to('number ' || n, 'utf8')), case when first then 1000000 + n / 4 end, false,
    case when not first then (select min(no) from people_identity) + n end
from generate_series(0, %(persons)s::int - 1) n cross join generate_series(1, {per}) r
cross join (select %(source)s::text = 'household-registration' as first) one where {whom}
"""
_REGISTERED: Final = """
insert into registries_fact (source_id, record_id, delivery_id, kind, key, value, valid_from)
select %(source)s::text,
    (left(replace(%(delivery)s::uuid::text, '-', ''), 20) || lpad(to_hex(n + 1), 12, '0'))::uuid,
    %(delivery)s, f.kind, f.key, f.value, f.since
from generate_series(0, %(persons)s::int - 1) n cross join lateral (
    select case when n %% 4 > 1 then n / 4 * 4
        else (n / 4 * 7919::bigint + n %% 4 + 1) %% (%(persons)s::int / 4) * 4 end
) of_whom (father) cross join lateral (values
    ('registered-household', 'H' || n / 4, jsonb_build_object('relation_to_head',
        (array['head', 'spouse', 'child', 'child'])[n %% 4 + 1]), date '2015-01-01' + n %% 2000),
    ('registered-address', null, jsonb_build_object('address',
        '桃園市中壢區範例路' || n / 4 || '號3樓'), date '2015-01-01' + n %% 2000),
    ('birth', null, jsonb_build_object('born_on', '1990-01-01'), date '1990-01-01'),
    ('kin-father', encode(sha256(convert_to('number ' || father, 'utf8')), 'hex'), '{{}}', null),
    ('kin-mother', encode(sha256(convert_to('number ' || father + 1, 'utf8')), 'hex'), '{{}}', null),
    ('kin-spouse', case when n %% 4 < 2 then
        encode(sha256(convert_to('number ' || n + 1 - 2 * (n %% 2), 'utf8')), 'hex') end, '{{}}', null)
) f (kind, key, value, since)
where f.kind <> 'kin-spouse' or f.key is not null
"""
_OTHERS: Final = """
insert into registries_fact (source_id, record_id, delivery_id, kind, value, valid_from)
select %(source)s::text,
    (left(replace(%(delivery)s::uuid::text, '-', ''), 20) || lpad(to_hex(n * {per} + r), 12, '0'))::uuid,
    %(delivery)s, %(kind)s::text, jsonb_build_object('level', '2', 'vaccine', 'MMR', 'dose', r,
        'given_on', '2024-05-01', 'visited_on', '2025-06-01', 'visit_kind', 'outpatient'),
    date '2024-01-01' + (n * 31 + r * 17) %% 700
from generate_series(0, %(persons)s::int - 1) n cross join generate_series(1, {per}) r where {whom}
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = options(arguments)
    sizes = asked.sizes or (QUICK_SIZES if asked.quick else SIZES)
    result = Result("picture", f"household picture of a day, {ASKED} persons one at a time")
    with bench() as running:
        for size in sizes:
            result.rows.append(_measured(running, size))
    _judge(result)
    return result.keep()


def _measured(running: Bench, persons: int) -> dict[str, Any]:
    database = f"bench_picture_{persons}"
    if not running.has(database):
        running.fresh(database)
        running.note(database, **_fill(running, database, persons))
    noted = running.noted(database)
    running.act_as("worker", database)
    from anwang.common.memory import settle_memory
    from anwang.households.queries import household_of

    draw = random.Random(SEED)
    whom = [_person(draw.randrange(persons)) for _ in range(ASKED)]
    for one in whom[:40]:
        household_of(one, AS_OF)
    settle_memory()  # as config/wsgi.py does
    now, members = _timed(lambda one: household_of(one, AS_OF), whom)
    earlier, _ = _timed(lambda one: household_of(one, EARLIER, KNOWN_EARLIER), whom)
    running.leave()
    return {
        "size": persons,
        "facts": noted["facts"],
        "gib": noted["gib"],
        "members": round(sum(members) / len(members), 1),
        "p50_ms": round(percentile(now, 0.5), 2),
        "p99_ms": round(percentile(now, 0.99), 2),
        "earlier_p50_ms": round(percentile(earlier, 0.5), 2),
        "earlier_p99_ms": round(percentile(earlier, 0.99), 2),
        "fill_s": noted["seconds"],
    }


def _timed(ask: Any, whom: Sequence[uuid.UUID]) -> tuple[list[float], list[int]]:
    """Milliseconds of each, and how many members its picture has."""
    spent, members = [], []
    for one in whom:
        began = time.perf_counter()
        picture = ask(one)
        spent.append((time.perf_counter() - began) * 1000)
        members.append(len(picture["members"]) if picture else 0)
    return spent, members


def _person(number: int) -> uuid.UUID:
    return uuid.UUID(md5(f"person {number}".encode()).hexdigest())


def _fill(running: Bench, database: str, persons: int) -> dict[str, Any]:
    began = time.monotonic()
    with psycopg.connect(running.server.address("postgres", database), autocommit=True) as admin:
        admin.execute("set synchronous_commit = off")
        admin.execute(_PERSONS, {"persons": persons})
        for place, (source, kind, per, whom) in enumerate(SPEC):
            delivery = uuid.UUID(f"{0x0194000000007000 + place:016x}8000000000000000")
            values = {"persons": persons, "source": source, "kind": kind, "id": delivery,
                      "delivery": delivery, "at": DELIVERED}  # fmt: skip
            admin.execute(_DELIVERY, values)
            for statement in (_RECORDS, _IDENTITIES, _OTHERS if kind else _REGISTERED):
                told = {"per": per, "whom": whom.replace("%", "%%"), "width": STORED.itemsize}
                admin.execute(statement.format(**told), values)
        for table in (*TABLES, "registries_delivery"):
            admin.execute(f"vacuum (analyze) {table}")
        facts = admin.execute("select count(*) from registries_fact").fetchone()
        size = admin.execute("select pg_database_size(current_database())").fetchone()
        admin.execute("checkpoint")
    return {
        "facts": facts[0] if facts else 0,
        "gib": round(size[0] / 2**30, 2) if size else 0,
        "seconds": round(time.monotonic() - began),
    }


def _judge(result: Result) -> None:
    last = result.rows[-1]
    for column in ("p50_ms", "p99_ms"):
        result.grow(column, size="facts")
    times = (FULL_FACTS / last["facts"]) ** max(result.growth["p99_ms"], 0.0)
    result.goals += [
        Goal("picture of a day, 99th of 100", last["p99_ms"], 30, "ms"),
        Goal("as known on another day, 99th of 100", last["earlier_p99_ms"], 30, "ms"),
        Goal("to 100 M facts, by the growth measured", round(times, 2), 2, "times"),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
