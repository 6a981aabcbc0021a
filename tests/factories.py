"""Rows for the tests of desk and cases: invented people, reports through the door, screenings by hand."""

from __future__ import annotations

import uuid
from typing import Any

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting
from anwang.intake.actions import Receipt, deliver
from anwang.triage.models import Clock, Matter, Screening
from tests.conftest import as_role

TAOYUAN, TAIPEI_CITY = "68000", "63000"
DESK = f"{TAOYUAN}-desk"
TEAM, SECOND_TEAM = "68000-protection", "68000-protection-b"  # of the fixture service_teams
SENDER = Actor(uuid.UUID(int=7), "sender")
PASSWORD = "invented-passphrase"
REASON = {"rule": "triage.grade", "row": "G-02", "citation": "兒少權法第53條",
          "text": {"zh": "受虐，無立即危險", "en": "Abuse without immediate danger"}}  # fmt: skip


def report_body(**more: Any) -> dict[str, Any]:
    """A report on an invented child."""
    return {
        "report_id": uuid.uuid4().hex,
        "channel": "school-safety",
        "county": "桃園市",
        "reporter": {"mandated": True, "role": "teacher", "name": "範例老師", "phone": "03-3000000"},
        "subjects": [
            {"role": "victim", "name": "陳小安", "birth": "民國107年5月1日", "sex": "M",
             "address": "桃園市中壢區範例路1段2號3樓"},
            {"role": "respondent", "name": "陳大方", "birth": "約40歲", "sex": "M",
             "relation_to_victim": "father"},
        ],
        "concerns": ["child-physical"],
        "immediate_danger": "no",
        "incident": {"occurred_at": "昨晚", "injury": "minor"},
        "narrative": "學生手臂有新瘀傷，自述昨晚被父親用衣架打。",
    } | more  # fmt: skip


def received_report(**more: Any) -> Receipt:
    """A report as the door stores it; its matter, duty and first clock come with it."""
    return deliver(report_body(**more), sender="tests", actor=SENDER)


def picture_of_two(child: uuid.UUID, father: uuid.UUID) -> dict[str, Any]:
    """A child and his father, living and registered together; the school never delivered."""

    def member(pid: uuid.UUID, name: str, index: int, role: str, age: int) -> dict[str, Any]:
        return {"person_id": str(pid), "name": name, "born_on": None, "sex": "M", "age": age,
                "dead": False, "pregnant": False, "matched": True, "subject": index, "role": role,
                "registered": True, "living": True, "relation": None}  # fmt: skip

    both = [str(child), str(father)]
    return {
        "as_of": "2026-03-02", "known_at": "2026-03-02T09:12:00+08:00", "focus": [str(child)],
        "members": [member(child, "陳小安", 0, "victim", 7), member(father, "陳大方", 1, "respondent", 40)],
        "edges": [{"kind": "parent", "from": str(father), "to": str(child), "since": None,
                   "until": None, "source": "household-registration", "inferred": False, "dates": []}],
        "facts": [{"person_id": str(father), "kind": "in-custody",
                   "label": {"zh": "在監", "en": "In custody"}, "value": {}, "source": "prison",
                   "valid_from": "2025-01-01", "valid_to": "2025-06-01",
                   "known_at": "2025-01-02T08:00:00+08:00", "state": "value", "current": False,
                   "text": {"zh": "曾在監", "en": "Was in custody"}}],
        "lookups": [{"person_id": pid, "source": "prison", "state": state}
                    for pid, state in zip(both, ("none", "value"), strict=True)],
        "unknown": ["school"], "living_together": both, "registered_together": both, "kin": both,
    }  # fmt: skip


def screened_report(
    *, by_number: bool = True, child: uuid.UUID | None = None, same_as: Receipt | None = None,
    stream: str = "child-protection", agency_kind: str = "prevention-centre", grade: str = "2",
    **more: Any,
) -> Receipt:  # fmt: skip
    """A report as it stands at the desk after its screening, made by hand."""
    receipt = received_report(**more)
    child, father = child or uuid.uuid4(), uuid.uuid4()
    level = "same" if by_number else "near"
    candidate = {"person_id": str(child), "probability": 0.99, "weight": 20.0,
                 "reasons": [{"comparison": "national_id", "level": level, "weight": 20.0}]}  # fmt: skip
    events = [{"report": str(same_as.report), "receipt": same_as.receipt, "probability": 0.9,
               "earlier": True, "reasons": [{"comparison": "who", "level": "sure", "weight": 8.0}],
               }] if same_as else []  # fmt: skip
    with as_role("worker"):
        Screening.objects.create(
            matter_id=receipt.report,
            matches={"0": {"person_id": str(child), "probability": 0.99, "record": None,
                           "candidates": [candidate]}},
            same_event=events,
            picture=picture_of_two(child, father),
            inputs={"concerns": ["child-physical"], "immediate_danger": False},
            proposal={"reasons": [REASON], "clocks": ["dispatch-24h", "child-investigation-30d"],
                      "unknown": ["injury"],
                      "would_change": [{"if": {"immediate_danger": True}, "changes": {"grade": "1"}}]},
            versions={"policies": {"triage.grade": "2026.1"}},
        )  # fmt: skip
        matter = Matter.objects.get(pk=receipt.report)
        matter.state, matter.grade, matter.stream = "awaiting-decision", grade, stream
        matter.grade_class = "1" if stream == "child-protection" else None
        matter.agency_kind = agency_kind
        matter.headline = matter.headline | {"name": "陳小安", "age": 7, "place": "中壢區"}
        if same_as:
            matter.same_event_as, matter.same_event_probability = same_as.report, 0.9
        matter.save()
    return receipt


def account(username: str, *seats: tuple[str, str | None, str]) -> Actor:
    """An account with seats (team, county, role); it signs in with PASSWORD."""
    with as_role("worker"), acting(LOADING, "test"):
        made = add_account(
            username, display_name="王範例", display_name_en="Example Wang", password=PASSWORD,
            county=None, memberships=list(seats), actor=LOADING, trained="tests",
        )  # fmt: skip
    return Actor(made.pk)


def desk_worker(username: str = "desk-one", county: str = TAOYUAN) -> Actor:
    """Somebody at a county's duty desk."""
    return account(username, (f"{county}-desk", county, "desk"))


def team_worker(username: str = "team-one", team: str = TEAM) -> Actor:
    """Somebody in a service team."""
    return account(username, (team, TAOYUAN, "team-worker"))


def clocks_of(receipt: Receipt) -> dict[str, str]:
    """Definition -> state."""
    with as_role("worker"):
        found = Clock.objects.filter(matter=receipt.report)
        return dict(found.values_list("definition_id", "state"))
