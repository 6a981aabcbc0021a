"""Addresses and drawings: who was where when, what is kept back, pictures readable at ten and at forty."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest

from anwang.households.address_view import address_svg
from anwang.households.rules.addresses import addresses_of
from anwang.households.rules.evidence import FactView, PersonView
from anwang.households.rules.picture import build_picture
from anwang.households.rules.protected import Safety, without_protected_places
from anwang.households.rules.withheld import withheld_from
from anwang.households.timeline import lanes_of, timeline_svg
from anwang.registries.rules.fact_kinds import load_fact_kinds
from anwang.registries.rules.manifests import load_manifests

KINDS = load_fact_kinds()
DAY = date(2026, 3, 2)
KNOWN = datetime(2026, 2, 1, 1, 0, tzinfo=UTC)
CHILD, FATHER, AUNT = "p-child", "p-father", "p-aunt"


def at(pid, kind, place, since, until=None, source="household-registration"):
    return FactView(
        pid, kind, {"address": f"路{place}號"}, source, KNOWN, since, until, place=place
    )


FACTS = [
    at(CHILD, "registered-address", "1", date(2019, 1, 1), date(2026, 2, 1)),
    at(FATHER, "registered-address", "1", date(2010, 1, 1)),
    at(CHILD, "registered-address", "2", date(2026, 2, 1)),
    at(AUNT, "registered-address", "2", date(2000, 1, 1)),
    at(CHILD, "lives-at", "3", date(2025, 6, 1), source="immunisation"),
]
SAFE = Safety(date(2026, 1, 1), frozenset({FATHER}))


def test_each_place_has_its_stays_with_kind_days_and_source():
    found = addresses_of(FACTS, KINDS, [CHILD, FATHER, AUNT], DAY)
    assert [place.address for place in found.places] == ["路1號", "路2號", "路3號"]
    first = found.places[0].stays
    assert [(one.person_id, one.until) for one in first] == [
        (FATHER, None), (CHILD, date(2026, 2, 1)),
    ]  # fmt: skip
    assert addresses_of(FACTS, KINDS, [CHILD], date(2018, 1, 1)).places == ()


def test_a_place_said_again_and_again_is_one_stay_and_coming_back_is_another():
    seen = [at(CHILD, "lives-at", "3", date(2025, month, 1), source=source)
            for month, source in ((1, "immunisation"), (3, "health-insurance"))]  # fmt: skip
    left = at(CHILD, "registered-address", "3", date(2020, 1, 1), date(2021, 1, 1))
    back = at(CHILD, "registered-address", "3", date(2023, 1, 1))
    (place,) = addresses_of([*seen, left, back], KINDS, [CHILD], DAY).places
    assert [(one.rank, one.since, one.sources) for one in place.stays] == [
        ("registered", date(2020, 1, 1), ("household-registration",)),
        ("registered", date(2023, 1, 1), ("household-registration",)),
        ("lives", date(2025, 1, 1), ("health-insurance", "immunisation")),
    ]


def test_only_what_the_other_side_knows_is_told_of_protected_people():
    kept = without_protected_places(FACTS, KINDS, SAFE)
    found = addresses_of(kept, KINDS, [CHILD, FATHER, AUNT], DAY)
    assert [place.address for place in found.places] == ["路1號"]
    # Whoever took the child in lives behind the same door.
    assert found.kept_back == {AUNT: 1, CHILD: 2}
    assert [fact.place for fact in kept] == [fact.place for fact in FACTS]


def test_a_school_is_kept_back_unless_it_was_settled_long_before_the_protection():
    schools = [
        FactView(CHILD, "in-school", {"school_name": name}, "school", KNOWN, since)
        for name, since in (("舊校", date(2024, 9, 1)), ("轉入", date(2025, 12, 10)),
                            ("新校", date(2026, 2, 10)))
    ]  # fmt: skip
    told = without_protected_places(schools, KINDS, SAFE)
    assert [one.withheld for one in told] == [False, True, True]


def test_a_withheld_fact_is_in_the_picture_without_its_value():
    kept = without_protected_places(FACTS, KINDS, SAFE)
    drawn = build_picture(
        as_of=DAY, known_at=KNOWN, persons=[PersonView(CHILD, "小安")], facts=kept, sources=[],
        focus=[CHILD],
    )  # fmt: skip
    states = {(one["state"], one["text"]["zh"]) for one in drawn["facts"]}
    assert ("withheld", "戶籍地址：受保護，請洽主責") in states
    assert "路2號" not in repr(drawn)


def test_the_address_view_is_drawn_in_both_languages_without_what_is_kept_back():
    kept = addresses_of(without_protected_places(FACTS, KINDS, SAFE), KINDS, [CHILD, FATHER], DAY)
    for lang in ("zh", "en"):
        svg = address_svg(kept, {CHILD: "Lalang‧Yukan‧Watan‧Nomin", FATHER: "陳大方"}, DAY, lang)
        ElementTree.fromstring(svg)
        assert "路2號" not in svg


def test_somebody_who_came_to_a_shelter_ten_thousand_times_has_one_lane_and_a_small_drawing():
    begun = date(1971, 5, 1)
    nights = [
        FactView(CHILD, "lives-at", {"address": "桃園市桃園區大興路1號"}, "health-insurance", KNOWN,
                 begun + timedelta(days=2 * n), begun + timedelta(days=2 * n + 1))
        for n in range(10_000)
    ]  # fmt: skip
    found = addresses_of(nights, KINDS, [CHILD], DAY)
    (place,) = found.places
    (lane,) = place.persons
    assert len(lane.stays) == 10_000
    svg = address_svg(found, {CHILD: "陳小安"}, DAY)
    assert svg.count("陳小安") == 1
    assert len(svg) < 200_000


def test_a_long_name_and_a_long_address_stand_whole_in_the_address_view():
    name = "Kacaw Mayaw Fangas Cilangasan Lalumaan O Sapad"
    address = "屏東縣三地門鄉口社村信義巷12號之3 2樓" * 3
    told = [FactView(CHILD, "lives-at", {"address": address}, "e-care", KNOWN, date(2024, 1, 1))]
    svg = address_svg(addresses_of(told, KINDS, [CHILD], DAY), {CHILD: name}, DAY, "en")
    said = [one.text for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("text")]
    assert " ".join(line for line in said if line in name) == name
    assert "".join(line for line in said if line in address) == address


def test_a_lane_of_the_timeline_names_its_whole_source_in_both_languages():
    told = [
        FactView(CHILD, "suicide-notification", {}, "suicide-notification", KNOWN, date(2024, 1, 1))
    ]
    drawn = build_picture(
        as_of=DAY, known_at=KNOWN, persons=[PersonView(CHILD, "小安")], facts=told, sources=[],
        focus=[CHILD],
    )  # fmt: skip
    svg = timeline_svg(drawn, "en")
    said = [one.text for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("text")]
    assert "Suicide notifications" in " ".join(said) and "…" not in "".join(said)


@pytest.mark.parametrize("persons", [0, 1, 10, 40])
def test_the_timeline_is_whole_at_any_size(persons):
    people = [
        PersonView(f"p{n}", f"Lalang‧Yukan‧{n}", date(1980, 1, 1), "M") for n in range(persons)
    ]
    facts = [
        FactView(f"p{n}", kind, {"level": "2"}, source, KNOWN, date(2020 + n % 6, 3, 1),
                 date(2024, 1, 1) if n % 3 == 0 else None)
        for n in range(persons)
        for kind, source in (("in-custody", "prison"), ("suicide-notification", "suicide-notification"))
    ]  # fmt: skip
    drawn = build_picture(
        as_of=DAY, known_at=KNOWN, persons=people, facts=facts, sources=[],
        focus=[one.person_id for one in people],
    )  # fmt: skip
    for lang in ("zh", "en"):
        ElementTree.fromstring(timeline_svg(drawn, lang))
    assert len(lanes_of(drawn)) == persons


def test_everyday_facts_and_facts_kept_back_are_no_lane():
    drawn = build_picture(
        as_of=DAY, known_at=KNOWN, persons=[PersonView(CHILD, "小安")],
        facts=without_protected_places(FACTS, KINDS, SAFE), sources=[], focus=[CHILD],
    )  # fmt: skip
    assert lanes_of(drawn) == {}


def test_a_source_is_kept_from_a_reader_only_if_each_of_his_seats_is_kept_from_it():
    assert "psychiatric-care" in withheld_from({"school-guidance"})
    assert withheld_from({"school-guidance", "welfare-centre"}) == frozenset()
    assert withheld_from(set()) >= withheld_from({"health-bureau"})
    sources = set(load_manifests())
    for kind in ("school-guidance", "health-bureau"):
        assert withheld_from({kind}) <= sources, kind
