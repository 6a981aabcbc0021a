"""What befalls the county's persons beyond home and kin: school, courts, hardship, violence.

One truth for all sources: a person in prison is at no school and sees no visitor, the dead do
nothing more, both sides of an order know each other. Drawn from streams of their own, so that the
county itself stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.lives.days import Days
from demo.lives.events import Event
from demo.lives.health import (
    care_extras,
    certificates,
    delays,
    early_care,
    insurances,
    suicidal,
)
from demo.lives.justice import (
    drug_listings,
    guidance,
    harmed,
    judgments,
    measures,
    police_visits,
)
from demo.lives.means import assistance, employments, hardships
from demo.lives.moving import journeys, register_extras, residences
from demo.lives.schooling import drop_outs, idle_youth, incidents, schooling, witnesses
from demo.lives.violence import protection, violence, vulnerable_families

if TYPE_CHECKING:
    from demo.county import County


@dataclass(frozen=True)
class Lives:
    """Source -> what it knows, in the order of its rows; and more columns of two older registers."""

    events: dict[str, Sequence[Event]]
    registered: dict[str, dict[str, str]]
    in_care: dict[str, dict[str, str]]


def draw_lives(county: County) -> Lives:
    """The same for the same county."""
    days = Days(county, county.rng("lives"))
    gone = journeys(days)
    cases, orders = violence(days)
    judged = judgments(days)
    idle = idle_youth(days)
    pupils = schooling(days, idle)
    events: dict[str, Sequence[Event]] = {
        "entry-exit": gone,
        "school": pupils,
        "criminal-record": judged,
        "e-care": hardships(days),
        "drug-register": drug_listings(days, judged),
        "suicide-notification": suicidal(days),
        "probation": measures(days, judged),
        "campus-safety": incidents(days, pupils),
        "drop-outs": drop_outs(days, pupils),
        "neet": idle,
        "child-witnesses": witnesses(days, cases, pupils),
        "juvenile-committee": guidance(days),
        "crime-victims": harmed(days),
        "employment-service": employments(days),
        "immigration-residence": residences(days),
        "police-visits": police_visits(days, judged),
        "protection-orders": orders,
        "domestic-violence": cases,
        "vulnerable-family": vulnerable_families(days),
        "child-protection": protection(days),
        "disability-register": certificates(days),
        "public-assistance": assistance(days),
        "developmental-delay": delays(days),
    }
    served = ("domestic-violence", "vulnerable-family", "child-protection", "drug-register",
              "suicide-notification")  # fmt: skip
    known = {one.person for source in served for one in events[source]}
    insured = insurances(days, known | county.care.keys())
    events["health-insurance"] = insured
    events["under-6-care"] = early_care(days, insured)
    return Lives(events, register_extras(county, days), care_extras(days))
