"""Findings that stand for a while: each with its reason and its last day; an overdue one fails."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import yaml

LONGEST = dt.timedelta(days=400)


def in_force(path: Path) -> list[dict[str, Any]]:
    """The waivers of a file, all of them dated, argued for and not overdue."""
    listed: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    today = dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
    bare = [one for one in listed if len(str(one.get("reason", ""))) < 20]
    assert bare == [], f"{path.name}: say why: {bare}"
    far = [one for one in listed if one["until"] > today + LONGEST]
    assert far == [], f"{path.name}: a waiver lasts at most {LONGEST.days} days: {far}"
    overdue = [one for one in listed if one["until"] < today]
    assert overdue == [], f"{path.name}: overdue; mend it, or argue for a later day: {overdue}"
    return listed
