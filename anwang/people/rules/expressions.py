"""Conditions on a pair of records, said once and run by every engine: Python, NumPy, DuckDB, Spark.

Only equality, order and whole-number arithmetic over stored normal forms (decision 17): engines
differ in everything finer. A column holds whole numbers, 0 where a record does not tell; a list
column holds a few of them, padded with 0. `left` is the one asked about, `right` the candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Engine = Literal["python", "duckdb", "spark"]
Columns = Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A value of a pair. Build it with operators; read it with `of` or `sql`."""

    name: str
    parts: tuple[Expression | int | str, ...] = ()

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return Expression("==", (self, _part(other)))

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return Expression("!=", (self, _part(other)))

    def __hash__(self) -> int:
        return id(self)

    def __lt__(self, other: Expression | int) -> Expression:
        return Expression("<", (self, _part(other)))

    def __le__(self, other: Expression | int) -> Expression:
        return Expression("<=", (self, _part(other)))

    def __ge__(self, other: Expression | int) -> Expression:
        return Expression("<=", (_part(other), self))

    def __gt__(self, other: Expression | int) -> Expression:
        return Expression("<", (_part(other), self))

    def __and__(self, other: Expression) -> Expression:
        return Expression("and", (self, other))

    def __or__(self, other: Expression) -> Expression:
        return Expression("or", (self, other))

    def __invert__(self) -> Expression:
        return Expression("not", (self,))

    def __sub__(self, other: Expression | int) -> Expression:
        return Expression("-", (self, _part(other)))

    def __add__(self, other: Expression | int) -> Expression:
        return Expression("+", (self, _part(other)))

    def of(self, left: Columns, right: Columns, known: dict[int, Array] | None = None) -> Array:
        """The value for each pair: one row a pair, or one left row for all right rows."""
        known = {} if known is None else known
        if (found := known.get(id(self))) is None:
            found = known[id(self)] = _COMPUTED[self.name](self, left, right, known)
        return found

    def text(self, engine: Engine) -> str:
        """The same written for an engine: SQL over columns `<name>_l` and `<name>_r`, or Python over
        the attributes of `l` and `r`.
        """
        return _WRITTEN[self.name](self, engine)


def _part(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    assert isinstance(value, int)
    return Expression("int", (value,))


class Side:
    """The columns of one side: `L.year` is the year of the one asked about."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._made: dict[str, Expression] = {}

    def __getattr__(self, column: str) -> Expression:
        if column.startswith("__"):
            raise AttributeError(column)
        return self.column(column)

    def column(self, column: str) -> Expression:
        """A column by a name put together elsewhere."""
        return self._made.setdefault(column, Expression(self._mark, (column,)))


L: Final = Side("left")
R: Final = Side("right")


def abs_(value: Expression) -> Expression:
    """Without its sign."""
    return Expression("abs", (value,))


def contains(many: Expression, one: Expression) -> Expression:
    """Whether a told number stands in a list."""
    return Expression("contains", (many, one))


def overlaps(one: Expression, other: Expression) -> Expression:
    """Whether two lists have a told number in common."""
    return Expression("overlaps", (one, other))


def shared(one: Expression, other: Expression) -> Expression:
    """How many told numbers of the first list stand in the second."""
    return Expression("shared", (one, other))


def sign(many: Expression, place: int) -> Expression:
    """The number at a place of a list, counted from 0."""
    return Expression("sign", (many, place))


def any_of(*conditions: Expression) -> Expression:
    """Whether one of the conditions holds."""
    joined = conditions[0]
    for one in conditions[1:]:
        joined = joined | one
    return joined


def all_of(*conditions: Expression) -> Expression:
    """Whether all conditions hold."""
    joined = conditions[0]
    for one in conditions[1:]:
        joined = joined & one
    return joined


_Computed = Callable[[Expression, Columns, Columns, dict[int, Array]], Array]
_NOTHING: Final = np.zeros(1, dtype=np.int64)


def _column(side: int) -> _Computed:
    def computed(node: Expression, left: Columns, right: Columns, known: Any) -> Array:
        return (left, right)[side].get(str(node.parts[0]), _NOTHING)

    return computed


def _of_two(operation: Callable[[Array, Array], Any]) -> _Computed:
    def computed(node: Expression, left: Columns, right: Columns, known: dict[int, Array]) -> Array:
        one, other = node.parts
        assert isinstance(one, Expression) and isinstance(other, Expression)
        found: Array = operation(one.of(left, right, known), other.of(left, right, known))
        return found

    return computed


def _of_one(operation: Callable[[Array], Any]) -> _Computed:
    def computed(node: Expression, left: Columns, right: Columns, known: dict[int, Array]) -> Array:
        (one,) = node.parts
        assert isinstance(one, Expression)
        found: Array = operation(one.of(left, right, known))
        return found

    return computed


def _contains(many: Array, one: Array) -> Any:
    if many.ndim < 2:
        return np.zeros(1, dtype=bool)
    return ((many == one[..., None]) & (one[..., None] != 0)).any(-1)


def _shared(one: Array, other: Array) -> Any:
    if one.ndim < 2 or other.ndim < 2:
        return np.zeros(1, dtype=np.int64)
    same = (one[..., :, None] == other[..., None, :]) & (one[..., :, None] != 0)
    return same.any(-1).sum(-1)


def _sign(node: Expression, left: Columns, right: Columns, known: dict[int, Array]) -> Array:
    many, place = node.parts
    assert isinstance(many, Expression) and isinstance(place, int)
    return many.of(left, right, known)[..., place]


_COMPUTED: Final[dict[str, _Computed]] = {
    "left": _column(0),
    "right": _column(1),
    "int": lambda node, *_: np.asarray(node.parts[0]),
    "==": _of_two(lambda one, other: one == other),
    "!=": _of_two(lambda one, other: one != other),
    "<": _of_two(lambda one, other: one < other),
    "<=": _of_two(lambda one, other: one <= other),
    "+": _of_two(lambda one, other: one + other),
    "-": _of_two(lambda one, other: one - other),
    "and": _of_two(lambda one, other: one & other),
    "or": _of_two(lambda one, other: one | other),
    "not": _of_one(lambda one: ~one),
    "abs": _of_one(abs),
    "contains": _of_two(_contains),
    "overlaps": _of_two(lambda one, other: _shared(one, other) > 0),
    "shared": _of_two(_shared),
    "sign": _sign,
}
_Written = Callable[[Expression, Engine], str]


def _text(node: Expression, place: int, engine: Engine) -> str:
    part = node.parts[place]
    return part.text(engine) if isinstance(part, Expression) else str(part)


def _between(sql: str, python: str) -> _Written:
    def written(node: Expression, engine: Engine) -> str:
        operator = python if engine == "python" else sql
        return f"({_text(node, 0, engine)} {operator} {_text(node, 1, engine)})"

    return written


def _call(**forms: str) -> _Written:
    """A text for each engine, in which {0} and {1} are the parts."""
    return lambda node, engine: forms[engine].format(
        *(_text(node, place, engine) for place in range(len(node.parts)))
    )


def _column_of(side: str) -> _Written:
    return lambda node, engine: (
        f"{side}.{node.parts[0]}" if engine == "python" else f"{node.parts[0]}_{side}"
    )


_SHARED: Final = {
    "python": "_shared({0}, {1})",
    # Lists are padded at their end, so an empty one begins with 0; most are, and intersecting is dear.
    "duckdb": "(case when {0}[1] <> 0 and {1}[1] <> 0 then len(list_intersect({0}, {1}))"
    " - cast(list_contains({0}, 0) and list_contains({1}, 0) as int) else 0 end)",
    "spark": "(size(array_intersect({0}, {1}))"
    " - cast(array_contains({0}, 0L) and array_contains({1}, 0L) as int))",
}
_WRITTEN: Final[dict[str, _Written]] = {
    "left": _column_of("l"),
    "right": _column_of("r"),
    "int": lambda node, engine: str(node.parts[0]),
    "==": _between("=", "=="),
    "!=": _between("<>", "!="),
    **{name: _between(name, name) for name in ("<", "<=", "+", "-", "and", "or")},
    "not": _call(**dict.fromkeys(("python", "duckdb", "spark"), "(not {0})")),
    "abs": _call(**dict.fromkeys(("python", "duckdb", "spark"), "abs({0})")),
    "contains": _call(python="({1} != 0 and {1} in {0})",
                      duckdb="({1} <> 0 and list_contains({0}, {1}))",
                      spark="({1} <> 0 and array_contains({0}, {1}))"),
    "overlaps": _call(**{engine: f"({text} > 0)" for engine, text in _SHARED.items()}),
    "shared": _call(**_SHARED),
    "sign": lambda node, engine: (
        f"{_text(node, 0, engine)}[{_text(node, 1, engine)}{' + 1' if engine == 'duckdb' else ''}]"
    ),
}  # fmt: skip


def _shared_of(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return len((set(one) & set(other)) - {0})


def python_levels(
    name: str, levels: Sequence[tuple[str, Expression]]
) -> Callable[[Any, Any], str | None]:
    """A function of two rows that gives the first level whose condition holds, or None.

    Written out as Python, so that a condition is looked at no further than it takes.
    """
    lines = [f"def {name}(l, r):"]
    for level, condition in levels:
        lines += [f"    if {condition.text('python')}:", f"        return {level!r}"]
    lines.append("    return None")
    names: dict[str, Any] = {"_shared": _shared_of}
    exec(compile("\n".join(lines), f"<levels of {name}>", "exec"), names)  # noqa: S102 - our own text
    written: Callable[[Any, Any], str | None] = names[name]
    return written
