"""An audit entry as FHIR R4 AuditEvent; codes stand in policies/audit_fhir.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from anwang.common.yaml_files import read_yaml

TABLE: Final = Path(__file__).resolve().parents[1] / "policies" / "audit_fhir.yaml"


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = read_yaml(TABLE)
    return table


def _coding(system: str, code: str, display: str = "") -> dict[str, str]:
    coding = {"system": _table()["systems"].get(system, system), "code": code}
    return coding | ({"display": display} if display else {})


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [_coding(system, code)]}


def audit_event(entry: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """The resource for one entry, by the names of its fields; no name and no address is in it."""
    table = _table()
    row = table["acts"].get(entry["act"], table["otherwise"])
    kind = table["types"][row["type"]]
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(entry["id"]),
        "type": _coding(kind["system"], kind["code"], kind["display"]),
        "subtype": [_coding("act", entry["act"])],
        "action": row["action"],
        "recorded": entry["at"].isoformat(),
        "outcome": table["outcomes"].get(entry["result"], "8"),
        "agent": [_agent(entry)],
        "source": {"observer": {"identifier": {"value": origin}}},
    }
    if entry["purpose"]:
        event["purposeOfEvent"] = [_concept("purpose", entry["purpose"])]
    if entities := _entities(entry):
        event["entity"] = entities
    return event


def _agent(entry: Mapping[str, Any]) -> dict[str, Any]:
    agent: dict[str, Any] = {"requestor": True}
    if entry["actor"]:
        agent["who"] = {"identifier": {"value": str(entry["actor"])}}
    if entry["role"]:
        agent["role"] = [_concept("role", entry["role"])]
    if entry["team_id"]:
        agent["location"] = {"identifier": {"value": entry["team_id"]}}
    return agent


def _entities(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    detail = [
        {"type": name, "valueString": text}
        for name, value in (
            ("fields", ",".join(entry["fields"])),
            ("request", str(entry["request_id"] or "")),
            ("detail", json.dumps(entry["detail"], sort_keys=True) if entry["detail"] else ""),
        )
        if (text := value)
    ]
    if not entry["object_ids"]:
        return [{"detail": detail}] if detail else []
    found: list[dict[str, Any]] = []
    for one in entry["object_ids"]:
        entity: dict[str, Any] = {"what": {"identifier": {"value": str(one)}}}
        if entry["object_kind"]:
            entity["type"] = _coding("kind", entry["object_kind"])
        found.append(entity)
    if detail:
        found[0]["detail"] = detail
    return found
