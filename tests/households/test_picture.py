"""The household picture: who belongs, who lives with whom, and that unknown is never none."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.households.rules.evidence import (
    FactView,
    PersonView,
    ReportView,
    SourceView,
    SubjectView,
)
from anwang.households.rules.living_together import Residence, living_together
from anwang.households.rules.lookups import lookup_state
from anwang.households.rules.picture import age_on, build_picture
from anwang.registries.rules.manifests import Coverage, load_manifests

DAY = date(2026, 3, 2)
KNOWN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MANIFESTS = load_manifests()
CHILD, FATHER, MOTHER, GRANNY, UNCLE = "p-child", "p-father", "p-mother", "p-granny", "p-uncle"
PERSONS = (
    PersonView(CHILD, "陳小安", date(2018, 5, 1), "M"),
    PersonView(FATHER, "陳大方", date(1984, 2, 3), "M"),
    PersonView(MOTHER, "林美玉", date(1986, 7, 8), "F"),
    PersonView(GRANNY, "陳林月", date(1954, 1, 1), "F"),
    PersonView(UNCLE, "陳大同", date(1988, 1, 1), "M"),
    PersonView("p-stranger", "王路人", date(1990, 1, 1), "M"),
)


def fact(pid, kind, source="household-registration", **more):
    return FactView(pid, kind, more.pop("value", {}), source, more.pop("known_at", KNOWN), **more)


def registered(pid, key, door, since, role="child"):
    return [
        fact(
            pid, "registered-household", key=key, valid_from=since, value={"relation_to_head": role}
        ),
        fact(pid, "registered-address", place=door, valid_from=since, value={"address": door}),
    ]


FACTS = [
    *registered(CHILD, "H-7", "door-1", date(2018, 5, 20)),
    *registered(FATHER, "H-7", "door-1", date(2010, 1, 1), "head"),
    *registered(MOTHER, "H-7", "door-1", date(2012, 1, 1), "spouse"),
    *registered(GRANNY, "H-9", "door-2", date(1990, 1, 1), "head"),
    *registered("p-stranger", "H-1", "door-9", date(2000, 1, 1), "head"),
    fact(CHILD, "kin-father", key="t1", about=FATHER),
    fact(CHILD, "kin-mother", key="t2", about=MOTHER),
    fact(FATHER, "kin-mother", key="t3", about=GRANNY),
    fact(UNCLE, "kin-mother", key="t3", about=GRANNY),
    fact(GRANNY, "lives-at", "immunisation", place="door-1", valid_from=date(2025, 6, 1)),
]
REPORT = ReportView(
    DAY,
    (SubjectView(0, "victim", CHILD, "小安"), SubjectView(1, "respondent", FATHER, "陳大方")),
    ("child-physical",),
)


def sources(**full):
    return [
        SourceView.of(one, full_delivered_on=full.get(one.id.replace("-", "_")))
        for one in MANIFESTS.values()
        if one.transport != "own"
    ]


def picture(facts=FACTS, report=REPORT, feeds=None, persons=PERSONS):
    return build_picture(
        as_of=DAY,
        known_at=KNOWN,
        persons=persons,
        facts=facts,
        report=report,
        sources=sources() if feeds is None else feeds,
    )


def test_the_picture_holds_those_who_live_are_registered_or_kin_and_nobody_else():
    drawn = picture()
    assert [one["person_id"] for one in drawn["members"]] == [CHILD, FATHER, GRANNY, MOTHER]
    assert drawn["living_together"] == [CHILD, FATHER, GRANNY, MOTHER]
    assert drawn["registered_together"] == [CHILD, FATHER, MOTHER]
    assert set(drawn["kin"]) == {FATHER, MOTHER, GRANNY}
    json.dumps(drawn)


def test_each_member_says_what_it_is_to_the_victim_and_in_the_report():
    members = {one["person_id"]: one for one in picture()["members"]}
    assert (members[FATHER]["relation"], members[FATHER]["role"]) == ("parent", "respondent")
    assert members[GRANNY]["relation"] == "grandparent"
    assert (members[CHILD]["age"], members[CHILD]["subject"]) == (7, 0)


def test_somebody_in_custody_lives_with_nobody_of_the_household_until_released():
    stay = fact(FATHER, "in-custody", "prison", valid_from=date(2025, 1, 1))
    assert FATHER not in picture([*FACTS, stay])["living_together"]
    out = fact(
        FATHER, "in-custody", "prison", valid_from=date(2025, 1, 1), valid_to=date(2026, 3, 2)
    )
    assert FATHER in picture([*FACTS, out])["living_together"]


def test_a_newer_address_outweighs_the_registered_one_and_an_older_does_not():
    left = fact(MOTHER, "lives-at", "immunisation", place="door-5", valid_from=date(2025, 9, 1))
    assert MOTHER not in picture([*FACTS, left])["living_together"]
    before = fact(MOTHER, "lives-at", "immunisation", place="door-5", valid_from=date(2011, 9, 1))
    assert MOTHER in picture([*FACTS, before])["living_together"]


def test_what_the_report_says_of_living_counts_as_evidence_of_its_day():
    report = ReportView(
        DAY, (SubjectView(0, "victim", CHILD), SubjectView(1, "household-member", UNCLE, "陳大同"))
    )
    assert UNCLE in picture(report=report)["living_together"]


def test_violence_is_an_edge_with_all_its_dates():
    earlier = [
        fact(
            who,
            "report-subject",
            "anwang",
            key="r-1",
            valid_from=date(2025, 11, 3),
            value={"role": role, "concerns": "child-physical,poverty"},
        )
        for who, role in ((FATHER, "respondent"), (CHILD, "victim"))
    ]
    edge = next(one for one in picture([*FACTS, *earlier])["edges"] if one["kind"] == "violence")
    assert (edge["from"], edge["to"]) == (FATHER, CHILD)
    assert edge["dates"] == ["2025-11-03", "2026-03-02"]


def test_two_fathers_for_one_child_leave_the_newer_word():
    newer = fact(CHILD, "kin-father", key="t9", about=UNCLE, known_at=KNOWN.replace(hour=2))
    parents = {
        one["from"]
        for one in picture([*FACTS, newer])["edges"]
        if one["to"] == CHILD and one["kind"] == "parent" and not one["inferred"]
    }
    assert parents == {UNCLE, MOTHER}


def test_a_subject_nobody_is_accepted_for_stands_in_the_picture_with_nothing_asked():
    report = ReportView(
        DAY,
        (
            SubjectView(0, "victim", CHILD),
            SubjectView(1, "respondent", None, "阿方", "M", relation_to_victim="爸爸"),
        ),
    )
    day = DAY
    drawn = picture(report=report, feeds=sources(prison=day, psychiatric_care=day))
    unmatched = next(one for one in drawn["members"] if not one["matched"])
    assert (unmatched["person_id"], unmatched["relation"]) == ("subject-1", "parent")
    states = {one["state"] for one in drawn["lookups"] if one["person_id"] == "subject-1"}
    assert states == {"not-asked"}
    assert "prison" in drawn["unknown"]


def test_a_source_that_never_delivered_is_not_asked_for_everybody_and_unknown():
    drawn = picture(feeds=sources(prison=DAY))
    care = {one["state"] for one in drawn["lookups"] if one["source"] == "psychiatric-care"}
    assert care == {"not-asked"}
    assert "psychiatric-care" in drawn["unknown"] and "prison" not in drawn["unknown"]


def test_a_withheld_source_shows_nothing_and_betrays_nobody():
    care = fact(FATHER, "psychiatric-care", "psychiatric-care", valid_from=date(2024, 1, 1))
    feeds = [SourceView.of(MANIFESTS["psychiatric-care"], full_delivered_on=DAY, withheld=True)]
    drawn = picture([*FACTS, care], feeds=feeds)
    assert {one["state"] for one in drawn["lookups"]} == {"withheld"}
    assert not [one for one in drawn["facts"] if one["kind"] == "psychiatric-care"]


EVERYONE, SMALL = Coverage("everyone", "certain"), Coverage("age < 6", "certain")
ON = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("source", "asked", "state"),
    [
        (SourceView("s", EVERYONE, ON, 3), {}, "none"),
        (SourceView("s", EVERYONE, ON, 3), {"has_value": True}, "value"),
        (SourceView("s", EVERYONE, None, 3), {}, "not-asked"),
        (SourceView("s", EVERYONE, None, 3), {"has_value": True}, "value"),
        (SourceView("s", EVERYONE, date(2026, 2, 1), 3), {}, "late"),
        (SourceView("s", EVERYONE, date(2026, 2, 1), 3, last_failed=True), {}, "failed"),
        (SourceView("s", EVERYONE, ON, 3), {"identification": "probable"}, "not-asked"),
        (
            SourceView("s", Coverage("everyone", "probable"), ON, 3),
            {"identification": "probable"},
            "none",
        ),
        (SourceView("s", SMALL, ON, 3), {"age": 5}, "none"),
        (SourceView("s", SMALL, ON, 3), {"age": 6}, "not-asked"),
        (SourceView("s", SMALL, ON, 3), {"age": None}, "not-asked"),
        (SourceView("s", Coverage("nobody", "certain"), ON, 3), {}, "not-asked"),
        (SourceView("s", EVERYONE, ON, 3, withheld=True), {"has_value": True}, "withheld"),
    ],
)
def test_none_is_said_only_when_a_full_delivery_in_time_covers_a_certain_person(
    source, asked, state
):
    given_ = {"has_value": False, "age": 40, "identification": "certain", "as_of": DAY} | asked
    assert lookup_state(source, **given_) == state


@given(
    st.builds(
        SourceView,
        id=st.just("s"),
        coverage=st.builds(
            Coverage,
            st.sampled_from(["everyone", "nobody", "age < 6", "age >= 65"]),
            st.sampled_from(["certain", "probable"]),
        ),
        full_delivered_on=st.none() | st.dates(date(2025, 1, 1), DAY),
        late_after_days=st.integers(1, 400),
        last_failed=st.booleans(),
        withheld=st.booleans(),
    ),
    st.booleans(),
    st.none() | st.integers(0, 110),
    st.sampled_from(["certain", "probable", "weak"]),
)
def test_unknown_is_never_none(source, has_value, age, identification):
    state = lookup_state(
        source, has_value=has_value, age=age, identification=identification, as_of=DAY
    )
    if state == "none":
        assert source.full_delivered_on is not None
        assert (DAY - source.full_delivered_on).days <= source.late_after_days
        assert source.coverage.covers_age(age)
        assert identification != "weak" and not has_value and not source.withheld


PEOPLE_DRAWN = st.sampled_from(["a", "b", "c", "d", "e"])
WORDS = st.builds(
    Residence,
    person_id=PEOPLE_DRAWN,
    rank=st.sampled_from(["registered", "actual", "elsewhere"]),
    place=st.tuples(
        st.sampled_from(["door", "household", "away"]), st.sampled_from(["1", "2", "3"])
    )
    | st.tuples(st.just("with"), PEOPLE_DRAWN),
    said_on=st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 4)),
)


@given(
    st.lists(WORDS, max_size=14).flatmap(lambda one: st.tuples(st.just(one), st.permutations(one)))
)
def test_living_together_does_not_depend_on_the_order_of_the_evidence(orders):
    said, shuffled = orders
    kin = [("a", "b"), ("d", "c")]
    assert living_together(said, kin) == living_together(shuffled, kin[::-1])


@given(st.lists(WORDS, max_size=14))
def test_living_together_parts_people_into_groups(said):
    groups = living_together(said)
    for person, group in groups.items():
        assert person in group
        assert all(groups[other] == group for other in group)


def registered_at(door, *households):
    """Persons "a", "b" …, each registered behind `door` in the household told."""
    return [
        Residence(person, "registered", place, date(2020, 1, 1))
        for person, household in zip("abcde", households, strict=False)
        for place in (("door", door), ("household", household))
    ]


def test_two_registered_households_in_one_dwelling_live_together():
    assert living_together(registered_at("1", "H1", "H2", "H2"))["a"] == {"a", "b", "c"}


def test_behind_a_door_of_many_households_each_stays_by_itself_but_for_kin():
    said = registered_at("1", "H1", "H1", "H2", "H3")
    newcomer = Residence("x", "actual", ("door", "1"), date(2025, 1, 1))
    groups = living_together([*said, newcomer])
    assert (groups["a"], groups["c"], groups["x"]) == ({"a", "b"}, {"c"}, {"x"})
    akin = living_together([*said, newcomer], [("c", "b"), ("x", "d"), ("a", "far away")])
    assert (akin["a"], akin["x"]) == ({"a", "b", "c"}, {"x", "d"})


@given(st.permutations(FACTS))
def test_the_same_evidence_gives_the_same_picture_byte_for_byte(facts):
    assert json.dumps(picture(facts)) == json.dumps(picture())


def test_age_turns_on_the_birthday():
    assert age_on(date(2026, 4, 30), date(2018, 5, 1)) == 7
    assert age_on(date(2026, 5, 1), date(2018, 5, 1)) == 8
    assert age_on(date(2025, 2, 28), date(2020, 2, 29)) == 4
