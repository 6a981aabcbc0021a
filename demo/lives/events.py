"""What happened to a person, as one source would write it down: the fields are its columns.

Truth, before any registry makes mistakes. `person` is the key of whom the row is about; an id of
another person is that person's key until the row is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey(Event):
    left_on: date
    returned_on: date | None
    destination: str
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling(Event):
    school_name: str
    level: str
    class_year: int
    enrolled_on: date | None = None
    left_on: date | None = None
    expected_on: date | None = None
    counselling_level: str = ""
    counselling_from: date | None = None
    counselling_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment(Event):
    offence: str
    outcome: str
    decided_on: date
    ends_on: date | None = None
    sentence_months: int | None = None
    court: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardship(Event):
    need: str = ""
    listed_on: date | None = None
    closed_on: date | None = None
    cause: str = ""
    granted_on: date | None = None
    amount_twd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyCare(Event):
    category: str
    opened_on: date
    closed_on: date | None = None
    visited_on: date | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance(Event):
    insured_from: date | None = None
    insured_to: date | None = None
    not_insured_since: date | None = None
    lapsed_year_on: date | None = None
    reinstated_on: date | None = None
    last_visit_on: date | None = None
    visit_kind: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugListing(Event):
    drug_grade: str
    listed_because: str
    listed_on: date
    delisted_on: date | None = None
    last_contact_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suicidal(Event):
    act: str
    acted_on: date
    notified_on: date
    cause: str
    method: str
    care_from: date | None = None
    care_to: date | None = None
    last_visit_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Event):
    measure: str
    office: str
    began_on: date
    ends_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident(Event):
    event: str
    severity: str
    role: str
    occurred_on: date
    reported_on: date
    school_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedOut(Event):
    dropped_out_on: date
    returned_on: date | None
    reason: str
    school_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Event):
    found_on: date
    ended_on: date | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed(Event):
    notified_on: date
    closed_on: date | None
    school_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance(Event):
    cause: str
    opened_on: date
    closed_on: date | None = None
    followed_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmed(Event):
    harm: str
    harmed_on: date
    opened_on: date
    closed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment(Event):
    registered_on: date | None = None
    placed_on: date | None = None
    closed_on: date | None = None
    job_lost_on: date | None = None
    benefit_from: date | None = None
    benefit_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence(Event):
    nationality: str
    ground: str
    permit_from: date
    permit_to: date
    overstay_from: date | None = None
    left_on: date | None = None
    address_on: date | None = None
    spouse_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliceVisit(Event):
    offence: str
    listed_on: date
    ends_on: date
    visited_on: date | None = None
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Event):
    role: str
    order_kind: str
    issued_on: date
    ends_on: date
    withdrawn_on: date | None = None
    keep_away: bool | None = None
    leave_home: bool | None = None
    treatment: bool | None = None
    other_party_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolenceCase(Event):
    role: str
    violence: str
    opened_on: date
    closed_on: date | None = None
    danger_score: int | None = None
    conference_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerableFamily(Event):
    dimension: str
    level: str
    opened_on: date
    closed_on: date | None = None
    visited_on: date | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionCase(Event):
    role: str
    harm: str
    opened_on: date
    closed_on: date | None = None
    placement: str = ""
    placed_on: date | None = None
    placement_ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Event):
    disability_class: str
    disability_level: str
    certified_from: date
    certified_to: date | None = None
    reassess_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistance(Event):
    category: str
    granted_from: date
    granted_to: date
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Event):
    finding: str
    domain: str
    notified_on: date
    assessed_on: date | None = None
    service_from: date | None = None
    service_to: date | None = None
    place: str = ""
