"""All rules for tables over one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from anwang.registries.rules.tables import adding, comparing, defining, referring
from anwang.registries.rules.tables.described import Table
from anwang.registries.rules.tables.findings import Finding

CHECKS: Final[tuple[Callable[[Table], Iterator[Finding]], ...]] = (
    adding.numbers,
    adding.totals,
    adding.totals_declare,
    adding.counts_have_totals,
    adding.parts_and_wholes,
    adding.shares,
    adding.shares_of_a_whole,
    adding.outliers,
    defining.figures_say_what_they_are,
    defining.percentages_have_a_base,
    defining.one_name_one_definition,
    defining.one_column_one_scale,
    defining.periods_are_clear,
    defining.systems_have_one_name,
    comparing.sayings,
    referring.laws_are_named,
    referring.fines_are_the_laws,
    referring.deadlines_are_computed,
    referring.plans_are_in_force,
    referring.days_in_order,
    referring.intervals_are_kept,
    referring.lists_are_counted,
    referring.attachments_are_there,
)


def check_table(table: Table) -> list[Finding]:
    """Everything that the general rules find in a table, in the order of the rules; the same
    finding in one place once.
    """
    found = (one for check in CHECKS for one in check(table))
    return list(dict.fromkeys(found))
