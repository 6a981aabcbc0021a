from collections import Counter

import yaml

from demo.staff import accounts, teams
from demo.words import DIRECTORY, county_names


def codes_of(name: str) -> set[str]:
    rows = yaml.safe_load((DIRECTORY / f"{name}.yaml").read_text("utf-8"))
    return {row["code"] for row in rows}


def test_every_government_has_one_desk_and_the_nation_has_one():
    desks = Counter(team.county for team in teams() if team.is_desk)
    assert desks == dict.fromkeys([None, *county_names()], 1)
    ids = [team.id for team in teams()]
    assert len(set(ids)) == len(ids)
    assert {f"{code}-desk" for code in county_names()} <= set(ids)


def test_teams_use_the_codes_of_the_directory_and_a_known_reviewing_office():
    ids = {team.id for team in teams()}
    for team in teams():
        assert team.agency_kind in codes_of("agency_kinds")
        assert set(team.streams) <= codes_of("streams")
        assert team.reviewing_team_id in ids or team.id == "national-desk"
    assert {t.agency_kind for t in teams() if not t.is_desk} == codes_of("agency_kinds")


def test_child_protection_covers_each_district_of_the_demo_county_once():
    covered = [
        code
        for team in teams()
        if team.county == "68000" and "child-protection" in team.streams
        for code in team.districts
    ]
    assert len(covered) == len(set(covered)) == 13


def test_accounts_have_known_roles_and_teams_of_their_own_county():
    by_id = {team.id: team for team in teams()}
    logins = [account.login for account in accounts()]
    assert len(set(logins)) == len(logins)
    for account in accounts():
        assert account.role in codes_of("roles")
        if account.team:
            assert by_id[account.team].county == account.county
        else:
            assert account.seat not in by_id


def test_somebody_sits_in_the_office_of_last_resort_and_in_each_that_is_told_of_the_glass():
    assert ("ministry", "ministry-oversight") in {(one.role, one.seat) for one in accounts()}
    assert {"privacy-officer", "supervisor", "county-manager"} <= {one.role for one in accounts()}


def test_each_desk_of_the_demo_has_two_people_so_that_a_second_look_can_be_given():
    desks = Counter(one.team for one in accounts() if one.role == "desk")
    assert desks == {"68000-desk": 2, "national-desk": 2, "10013-desk": 2}
