"""When something holds of a row: the `when` of facts and of quality rules."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of a row's good values: `test` is present, absent, in or later-than."""

    column: str
    test: Literal["present", "absent", "in", "later-than"]
    codes: frozenset[str | int] = frozenset()
    other: str | None = None


def read_conditions(body: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions of a `when` in a manifest, which the schema has found well-formed."""
    return tuple(_condition(column, test) for column, test in body.items())


def _condition(column: str, test: str | Mapping[str, Any]) -> Condition:
    if test == "present":
        return Condition(column, "present")
    if test == "absent":
        return Condition(column, "absent")
    assert isinstance(test, Mapping)
    if "in" in test:
        return Condition(column, "in", codes=frozenset(test["in"]))
    return Condition(column, "later-than", other=test["later_than"])


def columns_asked(conditions: Iterable[Condition]) -> frozenset[str]:
    """Every column that the conditions look at."""
    return frozenset(
        name for one in conditions for name in (one.column, one.other) if name is not None
    )


def holds(condition: Condition) -> Callable[[Mapping[str, Any]], bool]:
    """The condition compiled: good values -> whether it holds. Days compare as ISO text."""
    column, codes, other = condition.column, condition.codes, condition.other
    if condition.test == "present":
        return lambda values: column in values
    if condition.test == "absent":
        return lambda values: column not in values
    if condition.test == "in":
        return lambda values: values.get(column) in codes
    assert other is not None
    return lambda values: (
        column in values and other in values and str(values[column]) > str(values[other])
    )
