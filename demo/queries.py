"""A query table with known answers, for judging the matcher (the "Matching" contract)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from demo.county import County
from demo.persons import Person, PersonMaker
from demo.registries import faulty_owners
from demo.slips import homophone, one_slip, variant, written_address, written_birth, written_phone
from demo.words import chance

Row = dict[str, str]
# Share of each kind of query; absent persons are nowhere in the county.
MIX = [("id-slip", 25), ("sound", 25), ("no-id", 30), ("exact", 10), ("absent", 10)]


@dataclass(frozen=True, slots=True)
class Query:
    """One row to match, how it was made, and the record key of the true person (None: absent)."""

    row: Row
    truth: str | None
    kind: str


def query_set(county: County, n: int, seed: int) -> list[tuple[Row, str | None]]:
    """`n` (query row, true record_key of household-registration) in the mix of `MIX`."""
    return [(query.row, query.truth) for query in queries(county, n, seed)]


def queries(county: County, n: int, seed: int) -> list[Query]:
    """As `query_set`, with the kind of each query beside it, for a report by kind."""
    rng = county.rng(f"queries:{seed}")
    kept_out = faulty_owners(county)
    pool = [p for p in county.persons.values() if p.key not in kept_out and p.died_on is None]
    kinds = rng.choices([kind for kind, _ in MIX], [share for _, share in MIX], k=n)
    strangers = _strangers(county, kinds.count("absent"), rng)
    return [
        _query(
            f"Q{i:06d}",
            kind,
            county,
            next(strangers) if kind == "absent" else rng.choice(pool),
            rng,
        )
        for i, kind in enumerate(kinds, start=1)
    ]


def _query(query_id: str, kind: str, county: County, person: Person, rng: Random) -> Query:
    asked_as = rng.choice(["exact", "sound", "no-id"]) if kind == "absent" else kind
    row = {"query_id": query_id} | ASKED[asked_as](county, person, rng)
    return Query(row, None if kind == "absent" else person.key, kind)


def _strangers(county: County, n: int, rng: Random) -> Iterator[Person]:
    """`n` persons who are nowhere in the county, though they name doors of it."""
    people = county.persons.values()
    taken = frozenset(p.national_id for p in people) | frozenset(p.phone for p in people)
    maker = PersonMaker(rng, county.as_of, taken)
    doors = list(county.dwellings)
    for _ in range(n):
        person = maker.person(rng.choice("FM"), rng.randint(0, 85))
        person.registered = person.lives_at = rng.choice(doors)
        yield person


def _exact(county: County, person: Person, rng: Random) -> Row:
    row = {
        "national_id": person.national_id,
        "name": person.name,
        "birth": written_birth(person.born_on, rng, county.as_of, "day"),
        "sex": person.sex,
    }
    if person.phone and chance(rng, 0.4):
        row["phone"] = person.phone
    return row


def _id_slip(county: County, person: Person, rng: Random) -> Row:
    row = {"national_id": one_slip(person.national_id, rng), "name": person.name}
    if chance(rng, 0.15):
        row["name"] = homophone(person.name, rng)
    if chance(rng, 0.5):
        row["birth"] = written_birth(person.born_on, rng, county.as_of, rng.choice(["day", "year"]))
    if chance(rng, 0.5):
        row["sex"] = person.sex
    return row


def _sound(county: County, person: Person, rng: Random) -> Row:
    slipped = variant(person.name, rng) if chance(rng, 0.2) else homophone(person.name, rng)
    precision = "day" if chance(rng, 0.35) else "year"
    row = {
        "name": slipped,
        "birth": written_birth(person.born_on, rng, county.as_of, precision),
        "sex": person.sex,
    }
    if chance(rng, 0.4):
        row["address"] = written_address(person.lives_at, rng)
    elif chance(rng, 0.4):
        row["address"] = person.registered.county + person.registered.district
    return row


def _no_id(county: County, person: Person, rng: Random) -> Row:
    row = {"name": homophone(person.name, rng) if chance(rng, 0.12) else person.name}
    if person.phone and chance(rng, 0.5):
        row["phone"] = written_phone(person.phone, rng)
    else:
        door = person.registered if chance(rng, 0.7) else person.lives_at
        row["address"] = written_address(door, rng)
    if chance(rng, 0.55):
        row["birth"] = written_birth(person.born_on, rng, county.as_of)
    if chance(rng, 0.7):
        row["sex"] = person.sex
    return row


ASKED: dict[str, Callable[[County, Person, Random], Row]] = {
    "exact": _exact,
    "id-slip": _id_slip,
    "sound": _sound,
    "no-id": _no_id,
}
