"""The picture from the database: as known on a day, bounded, and never none for not asked."""

import random
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.households.queries import (
    MOST_TOGETHER,
    Around,
    household_ids,
    household_of,
    picture_of,
    pictures_of,
)
from anwang.people.models import Identity, Link
from anwang.people.rules.forms import forms_of
from anwang.registries.actions.batches import record_id as id_of
from anwang.registries.models import Record
from tests.households.telling import FIRST, REGISTRY, day, deliver, person
from tests.people.invented_persons import number, token

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
HOME = "桃園市中壢區範例路1段2號3樓"
OTHER = "桃園市平鎮區測試路9號"
NUMBERS = {"child": "A123456789", "father": "B123456780", "mother": "A223456781"}


@pytest.fixture(autouse=True)
def _as_the_matcher(in_role):
    with in_role("worker"):
        yield


def row(key, name, born, sex, *, household="F1", address=HOME, role="child", **more):
    return {
        "record_key": key, "name": name, "birth_date": born, "sex": sex, "address": address,
        "household_key": household, "relation_to_head": role, "registered_on": "2019-01-01",
        **more,
    }  # fmt: skip


CHILD_ROW = row(
    "1", "陳志安", "2018-05-01", "M", national_id=NUMBERS["child"],
    father_id=NUMBERS["father"], mother_id=NUMBERS["mother"],
)  # fmt: skip


@pytest.fixture
def family():
    """Child and parents at one door, a grandmother elsewhere, a tenant not named by anybody."""
    made = {name: person() for name in ("child", "father", "mother", "granny", "tenant")}
    deliver(
        REGISTRY,
        [
            (made["child"], CHILD_ROW),
            (made["father"], row("2", "陳大方", "1984-02-03", "M", role="head",
                                 national_id=NUMBERS["father"], mother_id="A223456790")),
            (made["mother"], row("3", "林美玉", "1986-07-08", "F", role="spouse",
                                 national_id=NUMBERS["mother"], spouse_id=NUMBERS["father"])),
            (made["granny"], row("4", "陳林月", "1954-01-01", "F", role="head", household="F2",
                                 address=OTHER, national_id="A223456790")),
            (made["tenant"], row("5", "王路人", "1990-01-01", "M", role="head", household="F3",
                                 national_id=number(random.Random(5), "M"))),
        ],
    )  # fmt: skip
    return made


def asked(family, **more):
    return [
        {"index": 0, "role": "victim", "person_id": family["child"],
         "forms": told(national_id=NUMBERS["child"]), **more},
    ]  # fmt: skip


def told(**raw):
    return forms_of(raw, token=token, query=True, told_on=DAY)


def names(picture, which="members"):
    by_id = {one["person_id"]: one["name"] for one in picture["members"]}
    if which == "members":
        return set(by_id.values())
    return {by_id[one] for one in picture[which]}


def states(picture, one):
    return {
        look["source"]: look["state"]
        for look in picture["lookups"]
        if look["person_id"] == str(one)
    }


def test_those_living_there_registered_there_and_kin_are_three_notions(family):
    picture = picture_of(asked(family), as_of=DAY)
    assert names(picture, "registered_together") == {"陳志安", "陳大方", "林美玉"}
    assert names(picture, "living_together") == {"陳志安", "陳大方", "林美玉", "王路人"}
    assert names(picture, "kin") == {"陳大方", "林美玉", "陳林月"}
    relations = {one["name"]: one["relation"] for one in picture["members"]}
    assert relations["陳大方"] == "parent"
    assert relations["陳林月"] == "grandparent"


def test_from_a_parent_the_children_who_name_the_parents_number_are_found(family):
    picture = household_of(family["father"], DAY)
    assert "陳志安" in names(picture, "kin")


def test_the_picture_takes_the_same_number_of_queries_for_one_as_for_many(family):
    picture_of(asked(family), as_of=DAY)  # manifests are read once a process
    with CaptureQueriesContext(connection) as one:
        picture_of(asked(family), as_of=DAY)
    many = [
        {"index": place, "role": "other", "person_id": pid}
        for place, pid in enumerate(family.values())
    ]
    with CaptureQueriesContext(connection) as five:
        picture_of(many, as_of=DAY)
    assert len(five) <= len(one) <= 10


def test_several_pictures_are_those_drawn_one_by_one_in_as_many_queries_as_one(family):
    nobody = [{"index": 0, "role": "victim", "person_id": None}]
    at_the_door = [{"index": 0, "person_id": None, "forms": told(address=HOME)}]
    around = [
        Around(asked(family), DAY),
        Around(nobody, DAY),
        Around([], date(2026, 1, 5), focus=(family["granny"],)),
        Around(at_the_door, DAY, ("child-physical",)),
    ]
    at = day("2026-03-01")
    alone = [
        picture_of(
            one.subjects, as_of=one.as_of, concerns=one.concerns, focus=one.focus, known_on=at
        )
        for one in around
    ]
    with CaptureQueriesContext(connection) as queries:
        assert pictures_of(around, known_on=at) == alone
    assert len(queries) <= 2
    assert [len(one["members"]) for one in alone] == [5, 1, 4, 5]


def test_a_move_is_known_only_from_the_day_it_was_delivered(family):
    moved = CHILD_ROW | {"address": OTHER, "household_key": "F2", "registered_on": "2026-01-20"}
    deliver(REGISTRY, [(family["child"], moved)], day("2026-02-10"), mode="incremental")
    now = picture_of(asked(family), as_of=DAY, known_on=day("2026-02-11"))
    before = picture_of(asked(family), as_of=DAY, known_on=day("2026-02-09"))
    assert names(now, "living_together") == {"陳志安", "陳林月"}
    assert names(before, "living_together") == {"陳志安", "陳大方", "林美玉", "王路人"}
    assert before["known_at"] == day("2026-02-09").isoformat()
    assert names(picture_of(asked(family), as_of=DAY), "living_together") == {"陳志安", "陳林月"}


def test_a_withdrawn_record_tells_nothing_any_more(family):
    deliver(REGISTRY, [(None, {"record_key": "5", "withdrawn": True})], day("2026-02-10"))
    assert "王路人" not in names(picture_of(asked(family), as_of=DAY))
    earlier = picture_of(asked(family), as_of=DAY, known_on=day("2026-02-09"))
    assert "王路人" in names(earlier)


def test_a_record_that_is_known_and_not_yet_identified_takes_nothing_away(family):
    newer = deliver(REGISTRY, [], day("2026-02-10"), mode="incremental")
    Record.objects.create(
        id=id_of(newer.pk, 1), source_id=REGISTRY, record_key="1", delivery=newer, values={}
    )
    drawn = household_of(family["child"], DAY)
    assert str(family["father"]) in drawn["living_together"]


def test_a_link_counts_from_the_day_it_was_judged_to_the_day_it_was_undone(family):
    record = Identity.objects.get(record_key="5")
    Identity.objects.filter(pk=record.pk).update(person=None)
    Link.objects.create(
        record_id=record.record_id, person_id=family["tenant"], judgement="withdrawn",
        author="somebody", by_person=True, probability=0, weight=0, judged_at=day("2026-02-10"),
    )  # fmt: skip
    assert "王路人" not in names(picture_of(asked(family), as_of=DAY))
    assert "王路人" in names(picture_of(asked(family), as_of=DAY, known_on=day("2026-02-09")))
    assert "王路人" not in names(picture_of(asked(family), as_of=DAY, known_on=day("2026-02-11")))


def test_an_address_told_without_its_floor_is_the_flat_the_person_is_known_at(family):
    forms = told(address="中壢範例路一段2號", national_id=NUMBERS["child"])
    picture = picture_of(asked(family, forms=forms), as_of=DAY)
    assert names(picture, "living_together") == {"陳志安", "陳大方", "林美玉", "王路人"}


def test_an_unknown_victims_address_brings_those_who_live_there(family):
    subject = {"index": 0, "role": "victim", "person_id": None, "forms": told(address=OTHER)}
    picture = picture_of([subject], as_of=DAY)
    assert "陳林月" in names(picture, "living_together")
    member = next(one for one in picture["members"] if one["subject"] == 0)
    assert member["person_id"] == "subject-0"
    assert set(states(picture, "subject-0").values()) == {"not-asked"}


def test_a_told_new_address_outweighs_the_registered_one(family):
    forms = told(address=OTHER, national_id=NUMBERS["child"])
    picture = picture_of(asked(family, forms=forms), as_of=DAY)
    assert names(picture, "living_together") == {"陳志安", "陳林月"}
    assert names(picture, "registered_together") == {"陳志安", "陳大方", "林美玉"}


def test_silence_is_none_only_after_a_full_timely_delivery_to_somebody_well_identified(family):
    assert states(picture_of(asked(family), as_of=DAY), family["child"])["prison"] == "not-asked"
    deliver("prison", [], day("2026-03-01"))
    sure = picture_of(asked(family), as_of=DAY)
    assert states(sure, family["child"])["prison"] == "none"
    assert "prison" not in sure["unknown"]
    by_name = picture_of(asked(family, forms=told(name="陳志安")), as_of=DAY)
    assert states(by_name, family["child"])["prison"] == "not-asked"
    confirmed = asked(family, forms=None, identification="certain")
    assert states(picture_of(confirmed, as_of=DAY), family["child"])["prison"] == "none"


def test_a_feed_that_fell_silent_is_late_and_a_held_one_failed(family):
    deliver("prison", [], day("2025-06-01"))
    assert states(picture_of(asked(family), as_of=DAY), family["child"])["prison"] == "late"
    deliver("prison", [], day("2026-02-20"), held=True)
    assert states(picture_of(asked(family), as_of=DAY), family["child"])["prison"] == "failed"
    earlier = picture_of(asked(family), as_of=DAY, known_on=day("2026-02-19"))
    assert states(earlier, family["child"])["prison"] == "late"


def test_our_own_records_are_evidence_and_no_look_up(family):
    deliver(
        "anwang",
        [(family["granny"], {"record_key": "R1:0", "name": "陳林月", "report": "R1",
                             "role": "carer", "reported_on": "2026-02-01", "address": HOME})],
        day("2026-02-01"), mode="incremental",
    )  # fmt: skip
    picture = picture_of(asked(family), as_of=DAY)
    assert "陳林月" in names(picture, "living_together")
    assert "anwang" not in {one["source"] for one in picture["lookups"]}
    assert {"report-subject", "lives-at"} <= {one["kind"] for one in picture["facts"]}


def test_a_door_behind_which_too_many_stand_is_no_household(family):
    crowd = [
        (person(), row(f"c{place}", f"住民{place}", "1980-01-01", "M", household=f"C{place}"))
        for place in range(MOST_TOGETHER + 1)
    ]
    deliver(REGISTRY, crowd, day("2026-02-10"), mode="incremental")
    picture = picture_of(asked(family), as_of=DAY)
    assert names(picture, "living_together") == {"陳志安", "陳大方", "林美玉"}
    ids = household_ids(as_of=DAY)
    assert len({ids[str(family[one])] for one in ("child", "father", "mother")}) == 1
    assert len(set(ids.values())) == MOST_TOGETHER + 4  # the crowd, the family, granny, the tenant


def test_everybody_has_the_household_of_those_they_live_with(family):
    ids = household_ids(as_of=DAY)
    assert len({ids[str(family[one])] for one in ("child", "father", "mother", "tenant")}) == 1
    assert ids[str(family["granny"])] != ids[str(family["child"])]


def test_nobody_is_drawn_around_somebody_unknown():
    assert household_of(person(), DAY) is None
    assert household_of(person(), DAY, FIRST) is None
