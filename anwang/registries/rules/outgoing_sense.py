"""What is wrong with the outgoing part of a manifest, in plain words, before anything is sent."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from anwang.registries.rules.manifest_sense import DIRECTORY, Fault, Place, directory_codes
from anwang.registries.rules.outgoing import FIELDS, KEY
from anwang.registries.rules.words import Words

_SENDS: Final = ("file", "sftp", "rest")


def outgoing_faults(body: Mapping[str, Any], transport: str) -> Iterator[Fault]:
    """Every fault of the county and the outgoing part of a manifest whose shape is right."""
    county, said = body.get("county"), body.get("outgoing")
    if county is not None and county not in _counties():
        yield Fault(("county",), Words(
            f"沒有代碼為「{county}」的縣市。", f"no county has the code {county!r}."
        ))  # fmt: skip
    if said is None:
        return
    if county is None:
        yield Fault(("outgoing",), Words(
            "要送出的系統須指明 county：只送該縣市的通報。",
            "name the county of a system that is told something: only its reports are sent.",
        ))  # fmt: skip
    if transport not in _SENDS:
        yield Fault(("transport",), Words(
            "只有 file、sftp、rest 能送出。", "only file, sftp and rest can send."
        ))  # fmt: skip
    if transport == "rest" and "format" in said:
        yield Fault(("outgoing", "format"), Words(
            "只用於檔案；rest 一律為 JSON。", "belongs to files only; rest is always JSON."
        ))  # fmt: skip
    allowed = {purpose for basis in body["legal_basis"] for purpose in basis["purposes"]}
    for number, stream in enumerate(said["streams"]):
        if stream not in allowed:
            yield Fault(("outgoing", "streams", number), Words(
                f"「{stream}」沒有法律依據。請先加入 legal_basis，或從這裡拿掉。",
                f"no legal basis allows {stream!r}. Add it to legal_basis or take it out here.",
            ))  # fmt: skip
    yield from _column_faults(said["columns"])


def _column_faults(columns: list[Mapping[str, Any]]) -> Iterator[Fault]:
    names = [one["name"] for one in columns]
    for number, one in enumerate(columns):
        place: Place = ("outgoing", "columns", number)
        if names.index(one["name"]) != number:
            yield Fault((*place, "name"), Words(
                f"有兩個送出欄位同名「{one['name']}」。請改其中一個。",
                f"two outgoing columns have the same name, {one['name']!r}. Rename one.",
            ))  # fmt: skip
        if one["from"] not in FIELDS:
            near = get_close_matches(one["from"], FIELDS, 1)
            yield Fault((*place, "from"), Words(
                f"不能送出「{one['from']}」。"
                + (f"是否為「{near[0]}」？" if near else f"可用：{'、'.join(FIELDS)}。"),
                f"{one['from']!r} cannot be told. "
                + (f"Did you mean {near[0]!r}?" if near else f"Use one of: {', '.join(FIELDS)}."),
            ))  # fmt: skip
        elif "codes" in one:
            yield from _code_faults((*place, "codes"), one["from"], one["codes"])
    if not any(one["from"] == KEY for one in columns):
        yield Fault(("outgoing", "columns"), Words(
            f"缺少「{KEY}」：對方要靠它認出同一案。",
            f"{KEY!r} is missing: by it the other side knows one report from another.",
        ))  # fmt: skip


def _code_faults(place: Place, field: str, codes: Mapping[str, str]) -> Iterator[Fault]:
    listed = FIELDS[field]
    if not listed:
        yield Fault(place, Words(f"「{field}」沒有代碼。", f"{field!r} has no codes."))
        return
    known = directory_codes(listed)
    for code in sorted(set(codes) - known):
        yield Fault((*place, code), Words(
            f"「{field}」沒有代碼「{code}」。", f"{field!r} has no code {code!r}."
        ))  # fmt: skip
    if missing := sorted(known - set(codes)):
        yield Fault(place, Words(
            f"「{field}」還有代碼沒有對照：{'、'.join(missing)}。",
            f"codes of {field!r} have no counterpart: {', '.join(missing)}.",
        ))  # fmt: skip


@cache
def _counties() -> frozenset[str]:
    with (DIRECTORY / "counties.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["code"] for row in csv.DictReader(file))
