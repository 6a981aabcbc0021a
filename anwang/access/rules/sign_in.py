"""The numbers of signing in: when sessions end, and which buckets a try falls into (I8)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from anwang.common.yaml_files import read_yaml

_POLICY = Path(__file__).resolve().parents[1] / "policies" / "sign_in.yaml"


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` tries at once, then one every `leak_seconds`."""

    id: str
    capacity: int
    leak_seconds: float


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """policies/sign_in.yaml; `reset_proofs`: code -> {zh, en}."""

    idle_minutes: int
    absolute_hours: int
    fresh_minutes: int
    device_days: int
    place_days: int
    strangers_at_once: int
    strangers_waiting: int
    known_at_once: int
    known_waiting: int
    code_days: int
    reset_proofs: dict[str, dict[str, str]]
    buckets: dict[str, Bucket]


@cache
def sign_in_policy() -> SignInPolicy:
    """The policy as shipped, read once."""
    said: dict[str, Any] = read_yaml(_POLICY)
    told = ("citation", "confidence")
    numbers = {
        name: value
        for part in ("sessions", "known", "hashing", "invitations")
        for name, value in said[part].items()
        if name not in told
    }
    rows = [{k: v for k, v in row.items() if k not in told} for row in said["rows"]]
    proofs = {row["id"]: row["text"] for row in said["reset_proofs"]}
    return SignInPolicy(
        buckets={row["id"]: Bucket(**row) for row in rows}, reset_proofs=proofs, **numbers
    )


def network_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 of an IPv6 one; else the text itself."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def buckets_of_a_try(known: bool, second: bool) -> tuple[tuple[str, ...], ...]:
    """The parts of each bucket's key: its id, then which of name, address and device it counts.

    A device or place from which the name has signed in before has a bucket of its own, and no
    stranger's tries fall into it: whoever guesses slows down himself, not the owner (I8).
    """
    base = "second" if second else "name"
    if known:
        return ((f"{base}-and-device", "name", "device"),)
    return (
        (f"{base}-and-address", "name", "address"),
        ("address", "address"),
        (base, "name"),
    )


_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip
_BROWSERS = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def device_label(user_agent: str) -> str:
    """Browser and system in words that an account recognises, `Firefox · Windows`; `` if neither."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)
