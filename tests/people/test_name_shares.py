"""How common names are: from the table, from characters, from a register of one's own."""

from hypothesis import given
from hypothesis import strategies as st

from anwang.people.rules.columns import asked_of, pack, row_of, rows_of, unpack
from anwang.people.rules.forms import forms_of
from anwang.people.rules.name_shares import (
    MOST_BITS,
    counted_shares,
    shares_of,
    shipped_shares,
)
from tests.people.invented_persons import persons, token


def bits(name: str) -> tuple[int, int]:
    row = row_of(forms_of({"name": name}, token=token))
    return row.name_bits, row.sound_bits


def test_a_name_of_a_market_is_shared_by_more_than_a_name_that_nobody_lists():
    assert bits("陳淑芬")[0] <= 13 < bits("陳濬溱")[0] < bits("亓濬溱")[0]


def test_a_sound_is_never_rarer_than_the_name():
    for person in persons(300, seed=31):
        name, sound = bits(person.raw["name"])
        assert 1 <= sound <= name <= MOST_BITS


def test_whoever_tells_no_whole_name_has_no_bits():
    assert [bits(name) for name in ("小安", "陳○安", "陳先生", "")] == [(0, 0)] * 4


@given(st.text(max_size=10))
def test_any_text_has_whole_bits(text):
    assert all(0 <= one <= MOST_BITS for one in bits(text))


def test_a_register_counts_its_own_names_and_leaves_rare_ones_to_their_characters():
    counted = counted_shares([("陳", "怡君")] * 90 + [("林", "志安")] * 9 + [("林", "怡安")], "x")
    assert counted.share_of_given("怡君") == 0.9
    assert "怡安" not in counted.given
    assert counted.share_of_given("怡安") == 0.91 * 0.1
    assert counted.bits("陳", "怡君", ("chen", "yi", "jun"))[0] == 1


def test_a_table_is_the_same_after_its_file():
    counted = counted_shares([("陳", "怡君")] * 9 + [("林", "志安")] * 7, "x")
    assert shares_of(counted.told()).given.keys() == counted.given.keys()
    assert shares_of(shipped_shares().told()).told() == shipped_shares().told()


def test_stored_and_asked_rows_tell_the_same_bits():
    forms = [forms_of(one.raw, token=token) for one in persons(20, seed=32)]
    for one, stored, asked in zip(forms, rows_of(forms), asked_of(forms), strict=True):
        told = [(row.name_bits, row.sound_bits) for row in (row_of(one), unpack(pack(one)))]
        arrays = [(int(row["name_bits"]), int(row["sound_bits"])) for row in (stored, asked)]
        assert len({*told, *arrays}) == 1
