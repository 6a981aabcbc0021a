"""The access table as a page for people: docs/who-may-see.md."""

from __future__ import annotations

from collections.abc import Iterable

from anwang.access.rules.access_table import AccessTable, Rule, Table

HEAD = """\
# Who may see what

Made from `anwang/*/policies/access.yaml`; renew it with `python tools/write_who_may_see.py`. Everything
that is not said here is refused: no grant and no row rule exists besides these.

`app` is the application under whoever is signed in, `door` delivers reports, `worker` runs our own
programs, `vault` owns the functions that cross to protected values and signs in nowhere, `auditor`
gives entries their places. *County* marks the county floor with what reaches over it, *closed* the
columns whose objects conflicts and seals take away (R5, R8), whatever the other rules say.
"""


def page(access: AccessTable) -> str:
    """The whole page, ending with a line break; the same table always gives the same page."""
    parts = [HEAD, _relations(access)]
    for app, names in access.apps.items():
        if names:
            parts += [f"## {app}\n", *(_table(access.tables[name]) for name in names)]
    parts.append(_fields(access))
    return "\n".join(parts)


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    made = [head, tuple("---" for _ in head), *rows]
    cells = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in made)
    return "".join(f"| {row} |\n" for row in cells)


def _relations(access: AccessTable) -> str:
    rows = ((one.name, one.means, one.ground) for one in access.relations.values())
    return "## Relations\n\n" + _lines(("relation", "who that is", "ground"), rows)


def _table(table: Table) -> str:
    told = f"### `{table.name}`\n\nTells of: {table.object}."
    if table.open:
        told += f" Open: {table.open}."
    if table.county:
        over = ", ".join(str(use) for use in table.beyond) or "nothing"
        told += f" County: `{table.county}`, over it {over}."
    if table.closed:
        told += f" Closed: {', '.join(f'`{one}`' for one in table.closed)}"
        told += (
            f", but for {', '.join(str(use) for use in table.closed_but)}."
            if table.closed_but
            else "."
        )
    if not table.rules:
        return told + " Nobody but its owner.\n"
    head = ("who", "relation", "commands", "columns", "purpose", "ground")
    return f"{told}\n\n" + _lines(head, (_rule(one) for one in table.rules))


def _rule(rule: Rule) -> tuple[str, ...]:
    relation = " or ".join(str(use) for use in rule.relation) or "open"
    return (
        ", ".join(rule.who), relation, ", ".join(rule.commands), ", ".join(rule.columns) or "all",
        rule.purpose, rule.ground,
    )  # fmt: skip


def _fields(access: AccessTable) -> str:
    rows = (
        (
            one.object,
            ", ".join(one.roles),
            one.relation,
            ", ".join(one.fields),
            one.purpose,
            one.ground,
        )
        for one in access.seen
    )
    head = ("object", "roles", "relation", "fields", "purpose", "ground")
    return "## Fields on screens\n\n" + _lines(head, rows)
