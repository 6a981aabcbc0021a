"""Loads which acts need two persons, and the ranks; run by the owner when an instance is made ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.db import transaction

from anwang.access.models import Rank, TwofoldAct
from anwang.access.vocabulary import Role
from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml

POLICIES: Final = Path(__file__).resolve().parents[1] / "policies"
LONGEST_MINUTES: Final = 30  # R6


class ActFault(AnwangError):
    """An act of two_person_acts.yaml is not well formed. The text names it and what to correct."""


def read_ranks() -> dict[str, int]:
    """Role -> rank, from the data file. Every role of the vocabulary stands there."""
    ranks = {
        str(row["role"]): int(row["rank"]) for row in read_yaml(POLICIES / "ranks.yaml")["rows"]
    }
    if missing := {str(role) for role in Role} - set(ranks):
        raise ActFault(f"ranks.yaml: no rank for {', '.join(sorted(missing))}.")
    return ranks


def read_acts() -> list[dict[str, Any]]:
    """The acts of the data file, checked. Raises ActFault."""
    ranks, acts = read_ranks(), list(read_yaml(POLICIES / "two_person_acts.yaml")["rows"])
    for one in acts:
        _check(one, ranks)
    return acts


def _check(one: dict[str, Any], ranks: dict[str, int]) -> None:
    name = one["act"]
    if strange := {*one["ask"], *one["approve"]} - set(ranks):
        raise ActFault(f"{name}: {', '.join(sorted(strange))} is no role.")
    if not 0 < one["minutes"] <= LONGEST_MINUTES:
        raise ActFault(f"{name}: minutes lie between 1 and {LONGEST_MINUTES}.")
    if not one["citation"] or not all(ground["citation"] for ground in one["grounds"]):
        raise ActFault(f"{name}: the act and each ground name their source.")
    if not any(ranks[a] != ranks[b] for a in one["ask"] for b in one["approve"]):
        raise ActFault(f"{name}: nobody of another rank may approve.")


def _given() -> dict[str, str]:
    """Role -> who may give it: `administrator` or `command`."""
    return {
        str(row["role"]): str(row["given"]) for row in read_yaml(POLICIES / "ranks.yaml")["rows"]
    }


@transaction.atomic
def load_two_person_acts() -> None:
    """Ranks and acts as the data files have them; repeatable. An act that is gone there goes here."""
    ranks, given = read_ranks(), _given()
    Rank.objects.exclude(role__in=ranks).delete()
    Rank.objects.bulk_create(
        [Rank(role=role, rank=rank, given=given[role]) for role, rank in ranks.items()],
        update_conflicts=True, unique_fields=["role"], update_fields=["rank", "given"],
    )  # fmt: skip
    acts = read_acts()
    TwofoldAct.objects.exclude(act__in=[one["act"] for one in acts]).delete()
    fields = ["ask_roles", "approve_roles", "minimum_text", "open_hours", "minutes", "single_use",
              "grounds", "text", "citation"]  # fmt: skip
    TwofoldAct.objects.bulk_create(
        [
            TwofoldAct(
                act=one["act"], ask_roles=one["ask"], approve_roles=one["approve"],
                **{name: one[name] for name in fields[2:]},
            )
            for one in acts
        ],
        update_conflicts=True, unique_fields=["act"], update_fields=fields,
    )  # fmt: skip
