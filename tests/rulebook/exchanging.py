"""Shipped tables with their columns, and files as other programs leave them, for tests of exchange."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.exchange.carried import Carried, body_of, shape_faults
from anwang.rulebook.rules.exchange.files import read_table_file, write_table_file
from anwang.rulebook.rules.loader import completed, read_doc, read_inputs
from anwang.rulebook.rules.written import FormColumn, columns_of

POLICIES = Path(__file__).resolve().parents[2] / "anwang/triage/policies"
Doc = dict[str, Any]


def plain(doc: Mapping[str, Any]) -> Doc:
    """As JSON keeps it."""
    found: Doc = json.loads(json.dumps(doc, default=str, ensure_ascii=False))
    return found


@cache
def shipped() -> dict[tuple[str, str | None], Doc]:
    files = [*sorted(POLICIES.glob("*.yaml")), *sorted(POLICIES.glob("overlays/*.yaml"))]
    docs = [plain(read_doc(path)) for path in files]
    tables = [one for one in docs if isinstance(one.get("rows"), list) and "id" in one]
    return {(one["id"], one.get("county")): one for one in tables}


@cache
def described() -> dict[str, InputSpec]:
    return read_inputs(read_doc(POLICIES / "inputs.yaml"))


def specs_for(policy: str) -> Mapping[str, InputSpec]:
    own = shipped()[policy, None].get("describes")
    return read_inputs({"inputs": own}) if own else described()


def whole(body: Doc) -> Doc:
    """The body completed with the nation's columns."""
    return completed(body, shipped()[body["id"], None]) if body.get("county") else body


def columns(body: Doc) -> list[FormColumn]:
    return columns_of(whole(body), specs_for(body["id"]), body.get("county"))


def written(body: Doc, kind: str) -> bytes:
    return write_table_file(kind, whole(body), columns(body), specs_for(body["id"]))


def read(content: bytes) -> Carried:
    return read_table_file(content, specs_for)


def back(content: bytes, body: Doc) -> Doc:
    """The draft that the file holds; fails where the file has faults."""
    carried, codes = read(content), [one.name for one in columns(body)]
    assert shape_faults(carried, whole(body), codes, {}) == []
    return body_of(carried, body, whole(body), codes)


def repacked(content: bytes, change: Callable[[str], str]) -> bytes:
    """The workbook with its content.xml changed, as an editor would save it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "content.xml":
                changed = change(text.decode())
                assert changed != text.decode(), "the change found nothing to change"
                text = changed.encode()
            new.writestr(name, text)
    return out.getvalue()


def retyped(content: bytes, old: str, new: str) -> bytes:
    """The workbook with the first cell of the rules that says `old` saying `new`."""

    def change(text: str) -> str:
        head, mark, rules = text.partition('<table:table table:name="規則">')
        cell = re.escape(f"<text:p>{old}</text:p>")
        return head + mark + re.sub(cell, f"<text:p>{new}</text:p>", rules, count=1)

    return repacked(content, change)


def calendar_csv(year: int, **changed: str) -> bytes:
    """A year as the government publishes it: weekends rest, other days work, but for `changed`
    (`d20280103="2"`), a line gone where it is empty."""
    lines = ["西元日期,星期,是否放假,備註"]
    day = date(year, 1, 1)
    while day.year == year:
        rests = changed.get(f"d{day:%Y%m%d}", "2" if day.weekday() >= 5 else "0")
        if rests:
            note = "示範" if f"d{day:%Y%m%d}" in changed else ""
            lines.append(f"{day:%Y%m%d},{'一二三四五六日'[day.weekday()]},{rests},{note}")
        day += timedelta(days=1)
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()
