"""What a table refers to: laws with their fines and deadlines, plans, meetings, lists, attachments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from anwang.registries.rules.tables.described import Row, Table, number_in
from anwang.registries.rules.tables.findings import Finding, figure, finding, register
from anwang.registries.rules.tables.periods import day_in, months_later, period_in


def _law(name: str) -> Mapping[str, Any] | None:
    laws = register("laws")["laws"]
    return next((one for one in laws if name in (one["name"], *one.get("short", ()))), None)


def laws_are_named(table: Table) -> Iterator[Finding]:
    """A law is called by its name or its short name; another is told with the nearest."""
    names = [str(one["name"]) for one in register("laws")["laws"]]
    for column in table.columns_with("law"):
        for row in table.rows:
            cell = row.cells.get(column.name, "")
            if cell and _law(cell) is None:
                near = get_close_matches(cell, names, 1, 0.6)
                yield finding("law-name-unknown", f"{row.label} · {column.name}", name=cell,
                              near=near[0] if near else "—")  # fmt: skip


def fines_are_the_laws(table: Table) -> Iterator[Finding]:
    """An amount under an article is that of the article, in the version the register knows."""
    law, article, least, most = (
        table.one_with(role) for role in ("law", "article", "least", "most")
    )
    if not (law and article and least and most):
        return
    for row in table.rows:
        known = _article(row, law.name, article.name, "fines")
        printed = [number_in(row.cells.get(one.name, "")) for one in (least, most)]
        if known is None or None in printed:
            continue
        found = [int(one.value) for one in printed if one is not None]
        if found != [known["least"], known["most"]]:
            yield finding(
                "amount-not-in-law", f"{row.label} · {row.cells[article.name]}",
                law=row.cells[law.name], article=row.cells[article.name],
                printed=" – ".join(map(figure, found)),
                known=f"{figure(known['least'])} – {figure(known['most'])}", what=known["for"],
            )  # fmt: skip


def deadlines_are_computed(table: Table) -> Iterator[Finding]:
    """A deadline that a law sets is counted from the law's own day."""
    law, article, deadline = (table.one_with(role) for role in ("law", "article", "deadline"))
    if not (law and article and deadline):
        return
    for row in table.rows:
        known = _article(row, law.name, article.name, "deadlines")
        said = period_in(row.cells.get(deadline.name, ""))
        if known is None or said is None:
            continue
        due = months_later(date.fromisoformat(str(known["from"])), int(known["months"]))
        if not said.first <= due <= said.last:
            yield finding(
                "deadline-not-computed", f"{row.label} · {deadline.name}",
                said=row.cells[deadline.name], due=due, start=known["from"],
                months=known["months"], article=row.cells[article.name],
            )  # fmt: skip


def _article(row: Row, law: str, article: str, what: str) -> Mapping[str, Any] | None:
    found = _law(row.cells.get(law, ""))
    wanted = row.cells.get(article, "")
    if found is None:
        return None
    return next((one for one in found.get(what, ()) if str(one["article"]) == wanted), None)


def plans_are_in_force(table: Table) -> Iterator[Finding]:
    """A plan's years are those of the version in force, or the row names the version it tells."""
    plan, begins, ends = (table.one_with(role) for role in ("plan", "from", "until"))
    if not (plan and begins and ends):
        return
    known = {str(one["name"]): one for one in register("plans")["plans"]}
    for row in table.rows:
        name = row.cells.get(plan.name, "")
        if name not in known:
            continue
        said = (row.cells.get(begins.name, ""), row.cells.get(ends.name, ""))
        version = known[name]
        right = (str(version["from"]), str(version["until"]))
        if said != right:
            yield finding("plan-not-in-force", f"{row.label} · {name}", plan=name,
                          said="–".join(said), right="–".join(right))  # fmt: skip


def days_in_order(table: Table) -> Iterator[Finding]:
    """Nothing ends before it starts."""
    starts, ends = table.one_with("starts"), table.one_with("ends")
    if not (starts and ends):
        return
    for row in table.rows:
        first, last = (day_in(row.cells.get(one.name, "")) for one in (starts, ends))
        if first and last and last < first:
            yield finding("dates-out-of-order", row.label, first=first, last=last)


def intervals_are_kept(table: Table) -> Iterator[Finding]:
    """Between two occasions lies at most the interval; an early one is no breach, and a verdict
    beside it says what the days say. Ordinals leave none out.
    """
    day = table.one_with("day")
    if day is None:
        return
    ordinal, verdict = table.one_with("ordinal"), table.one_with("verdict")
    if ordinal:
        yield from _ordinals(table, ordinal.name)
    months = day.about.get("at_most_months")
    if months is None:
        return
    dated = [(row, day_in(row.cells.get(day.name, ""))) for row in table.rows]
    known = [(row, at) for row, at in dated if at is not None]
    for (before, first), (row, at) in pairwise(known):
        steps = _step(before, row, ordinal.name if ordinal else None)
        due = months_later(first, int(months) * steps)
        late = at > due
        said = row.cells.get(verdict.name, "") if verdict else ""
        if said and (said in day.about.get("late_words", ("late", "逾期"))) != late:
            yield finding("interval-verdict-wrong", row.label, said=said, due=due, at=at,
                          days=abs((due - at) // timedelta(days=1)))  # fmt: skip
        elif late and not said:
            yield finding("interval-too-long", row.label, due=due, at=at)


def _step(before: Row, row: Row, ordinal: str | None) -> int:
    if ordinal is None:
        return 1
    first, last = (number_in(one.cells.get(ordinal, "")) for one in (before, row))
    return max(1, int(last.value - first.value)) if first and last else 1


def _ordinals(table: Table, name: str) -> Iterator[Finding]:
    found = [number_in(row.cells.get(name, "")) for row in table.rows]
    known = sorted(int(one.value) for one in found if one is not None)
    missing = sorted(set(range(known[0], known[-1] + 1)) - set(known)) if known else []
    if missing:
        yield finding("ordinal-missing", name, missing="、".join(map(str, missing)),
                      first=known[0], last=known[-1])  # fmt: skip


def lists_are_counted(table: Table) -> Iterator[Finding]:
    """A number of things is the number of those listed, together with those said to be unnamed."""
    items, stated = table.one_with("items"), table.one_with("total")
    if not (items and stated):
        return
    unnamed = table.one_with("unnamed")
    for row in table.rows:
        said = number_in(row.cells.get(stated.name, ""))
        if said is None:
            continue
        listed = [one for one in _split(row.cells.get(items.name, "")) if one]
        more = number_in(row.cells.get(unnamed.name, "")) if unnamed else None
        counted = len(listed) + (int(more.value) if more else 0)
        if counted != said.value:
            yield finding("items-not-counted", f"{row.label} · {items.name}",
                          said=figure(said.value), counted=counted, listed="、".join(listed),
                          gap=abs(int(said.value) - counted))  # fmt: skip


def _split(text: str) -> list[str]:
    for sign in ("；", ";", ","):
        text = text.replace(sign, "、")
    return [one.strip() for one in text.split("、")]


def attachments_are_there(table: Table) -> Iterator[Finding]:
    """What is named as attached lies beside the description."""
    for name in table.attachments:
        path = (table.folder / name).resolve()
        if not path.is_relative_to(table.folder.resolve()) or not path.is_file():
            yield finding("attachment-missing", name, name=name)
