"""What befalls the county's persons agrees with itself across all sources."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from anwang.registries.rules.facts import facts_of
from anwang.registries.rules.manifests import load_manifests
from anwang.registries.rules.rows import RowFault, check_row
from demo.county import County, build_county
from demo.registries import COLUMNS, registry_rows, rows_of, write_registries

MANIFESTS = {name: one for name, one in load_manifests().items() if one.transport != "own"}
# A clerk's slip in a birth date may fall after the day, or after what else is said of the person.
SLIPS = {"born-by-delivery", "given-after-birth"}
# Columns of days on which the person was met, came or acted.
SEEN_ON = ("visited_on", "last_visit_on", "last_contact_on", "occurred_on", "acted_on", "given_on")


def day_of(row: dict[str, str], name: str) -> date | None:
    return date.fromisoformat(row[name]) if row.get(name) else None


def sound_rows(county: County, source: str) -> list[tuple[str, dict[str, str]]]:
    return [(one.owner, one.row) for one in registry_rows(county, source) if not one.fault]


def test_every_source_of_the_documents_has_rows(county):
    assert set(COLUMNS) == set(MANIFESTS) and len(COLUMNS) == 29
    assert not [source for source in COLUMNS if not registry_rows(county, source)]


@pytest.mark.parametrize("back_days", [0, 200])
def test_what_a_source_says_is_taken_but_for_the_rows_it_broke(county, back_days):
    day = county.as_of - timedelta(days=back_days)
    for source, manifest in MANIFESTS.items():
        broken = {one.row["record_key"] for one in registry_rows(county, source) if one.fault}
        for line, row in enumerate(rows_of(source, county, day), start=2):
            checked = check_row(manifest, row, line, delivered_on=day)
            taken = not isinstance(checked, RowFault)
            assert taken or row["record_key"] in broken, (source, checked)


def test_nearly_all_kinds_of_facts_occur_in_the_county(county):
    found: Counter[str] = Counter()
    for source, manifest in MANIFESTS.items():
        for line, row in enumerate(rows_of(source, county, county.as_of), start=2):
            checked = check_row(manifest, row, line, delivered_on=county.as_of)
            if not isinstance(checked, RowFault):
                found.update(one.kind for one in facts_of(manifest, checked.values, str.encode))
    yielded = {fact.kind for one in MANIFESTS.values() for fact in one.facts}
    assert len(yielded - found.keys()) <= 3, yielded - found.keys()


def test_the_dead_do_nothing_more(county):
    for source in COLUMNS:
        for owner, row in sound_rows(county, source):
            died_on = county.persons[owner].died_on
            if died_on is not None:
                for name in SEEN_ON:
                    seen = day_of(row, name)
                    assert seen is None or seen < died_on, (source, name, row["record_key"])


def test_nobody_is_met_elsewhere_while_in_custody(county):
    for source in set(COLUMNS) - {"prison", "immunisation", "psychiatric-care"}:
        for owner, row in sound_rows(county, source):
            stay = county.stays.get(owner)
            for name in SEEN_ON if stay else ():
                seen = day_of(row, name)
                until = stay.released_on or date.max
                assert seen is None or not stay.entered_on <= seen < until, (source, name, owner)
    held = {key for key in county.stays if county.in_prison(key)}
    assert not held & {owner for owner, _ in sound_rows(county, "school")}


def test_both_sides_of_a_protection_order_name_each_other(county):
    orders = county.lives.events["protection-orders"]
    pairs = {(one.person, one.other_party_id, one.issued_on) for one in orders}
    assert pairs == {(other, one, issued) for one, other, issued in pairs}
    roles = defaultdict(set)
    for one in orders:
        roles[frozenset((one.person, one.other_party_id))].add(one.role)
    assert all(found == {"protected", "respondent"} for found in roles.values())


def test_a_child_witness_at_school_belongs_to_a_case_of_violence(county):
    in_cases = {one.person for one in county.lives.events["domestic-violence"]}
    assert {one.person for one in county.lives.events["child-witnesses"]} <= in_cases


def test_a_day_earlier_shows_no_row_that_had_not_begun(county):
    """What the simulators deliver in between is the difference of two days."""
    day = county.as_of - timedelta(days=30)
    now = {row["record_key"] for row in rows_of("entry-exit", county, county.as_of)}
    then = {row["record_key"]: row for row in rows_of("entry-exit", county, day)}
    assert then.keys() < now
    assert all(row["left_on"] <= day.isoformat() >= row["returned_on"] for row in then.values())


def test_a_year_ago_the_filling_delivers_what_was_known_then(county, tmp_path):
    """Nothing that lies after the delivery, and in the household register everybody born."""
    day = county.as_of - timedelta(days=372)
    counts = write_registries(county, tmp_path, day)
    for source, manifest in MANIFESTS.items():
        broken = {one.row["record_key"] for one in registry_rows(county, source) if one.fault}
        with (tmp_path / f"{source}.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert len(rows) == counts[source]
        for line, row in enumerate(rows, start=2):
            checked = check_row(manifest, row, line, delivered_on=day)
            taken = not isinstance(checked, RowFault)
            assert taken or row["record_key"] in broken or checked.rule in SLIPS, (source, checked)
    born = sum(one.born_on <= day for one in county.persons.values())
    assert counts["household-registration"] >= born


def test_lives_leave_the_county_as_it_was_and_are_the_same_at_every_call(county):
    again = build_county(7, county.as_of, persons=8_000)
    assert again.lives.events == county.lives.events
    assert again.digest() == county.digest()
