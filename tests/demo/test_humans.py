"""The demo's staff are residents: some of them related to a family that was reported."""

from __future__ import annotations

import datetime as dt

from demo.county import build_county
from demo.humans import RELATED, STRANGERS, humans
from demo.reports import reports_of_year


def test_some_of_the_staff_are_related_and_most_are_strangers():
    county = build_county(20261, dt.date(2026, 3, 2), 3000)
    reports = list(reports_of_year(county, 60))
    found = humans(county, reports)
    assert set(found) <= {*RELATED, *STRANGERS}
    assert set(found) >= {"desk2", *STRANGERS}
    assert len(set(found.values())) == len(found)
    assert found == humans(county, reports)
