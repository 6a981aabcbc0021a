"""What must hold between the columns of a row: the rules that a manifest adds to its column types.

A rule speaks only of filled columns, unless it asks whether they are: an empty cell breaks nothing
by itself. Each kind of check compiles to one plain function, because it runs for every row.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from anwang.registries.rules.conditions import Condition, columns_asked, holds, read_conditions
from anwang.registries.rules.words import Words

CheckKind = Literal[
    "not-before", "any-of", "at-most-one-of", "not-after-delivery", "filled", "empty", "one-of",
    "matches", "differs-from", "within-days", "at-age", "not-above",
]  # fmt: skip
# Good values by column, and the ISO day of delivery where one is known.
BrokenBy = Callable[[Mapping[str, Any], str | None], bool]

_BORN: Final = "birth_date"
# Column types that a kind of check compares; those not named take any.
_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "not-before": frozenset({"date"}),
    "not-after-delivery": frozenset({"date"}),
    "within-days": frozenset({"date"}),
    "at-age": frozenset({"date"}),
    "not-above": frozenset({"int"}),
    "matches": frozenset({"text"}),
    "one-of": frozenset({"code", "int"}),
}


@dataclass(frozen=True, slots=True)
class QualityRule:
    """What must hold within a row for which `when` holds.

    `column` is the one a fault points at; `others` are those it is compared with. `codes`,
    `pattern`, `least` and `most` belong to the checks that need them: one-of, matches, at-age
    (whole years since `birth_date`) and within-days (`most`, either way).
    """

    id: str
    text: Words
    fix: Words
    column: str
    check: CheckKind
    others: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    codes: frozenset[str | int] = frozenset()
    pattern: str | None = None
    least: int | None = None
    most: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a person must look at when a row breaks the rule, the first in front."""
        return tuple(dict.fromkeys((self.column, *self.others, *sorted(columns_asked(self.when)))))


def read_rule(body: Mapping[str, Any]) -> QualityRule:
    """A rule of a manifest, which the schema has found well-formed."""
    check = body["check"]
    kind, column, others = _what(check)
    age = check.get("at_age", {})
    return QualityRule(
        id=body["id"],
        text=Words.of(body["text"]),
        fix=Words.of(body["fix"]),
        column=column,
        check=kind,
        others=others,
        when=read_conditions(body.get("when", {})),
        codes=frozenset(check.get("one_of", ())),
        pattern=check.get("matches"),
        least=age.get("least"),
        most=age.get("most", check.get("within_days")),
    )


def _what(check: Mapping[str, Any]) -> tuple[CheckKind, str, tuple[str, ...]]:
    """Which check it is, the column it points at, and the columns compared with it."""
    for name, several in _SEVERAL.items():
        if name in check:
            first, *rest = check[name]
            return several, first, tuple(rest)
    column = check["column"]
    for name, two in _TWO.items():
        if name in check:
            return two, column, (check[name],)
    if "within_days" in check:
        return "within-days", column, (check["of"],)
    if "at_age" in check:
        return "at-age", column, (_BORN,)
    return next(one for name, one in _ONE.items() if name in check), column, ()


_SEVERAL: Final[Mapping[str, CheckKind]] = {"any_of": "any-of", "at_most_one_of": "at-most-one-of"}
_TWO: Final[Mapping[str, CheckKind]] = {
    "not_before": "not-before", "differs_from": "differs-from", "not_above": "not-above",
}  # fmt: skip
_ONE: Final[Mapping[str, CheckKind]] = {
    "not_after_delivery": "not-after-delivery", "filled": "filled", "empty": "empty",
    "one_of": "one-of", "matches": "matches",
}  # fmt: skip


def quality_faults(rule: QualityRule, types: Mapping[str, str]) -> Iterator[Words]:
    """What a schema cannot tell of a rule over columns with these types: no such column, a type
    that the check cannot compare, a pattern that is none.
    """
    for name in sorted(set(rule.columns) - types.keys()):
        yield Words(
            f"品質規則 {rule.id}：沒有欄位「{name}」。請先宣告此欄或更正欄名。",
            f"quality rule {rule.id}: no column {name!r}. Declare it or correct the name.",
        )
    wanted = _TYPES.get(rule.check)
    for name in (rule.column, *rule.others):
        if wanted and types.get(name) not in (None, *wanted):
            yield Words(
                f"品質規則 {rule.id}：欄位「{name}」的型別是 {types[name]}，這種檢查只比較"
                f" {'、'.join(sorted(wanted))}。請換欄位或換檢查。",
                f"quality rule {rule.id}: column {name} is of type {types[name]}, but the check "
                f"compares {' or '.join(sorted(wanted))}. Choose another column or check.",
            )
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as error:
            yield Words(
                f"品質規則 {rule.id}：{rule.pattern!r} 不是正規表示式（{error}）。",
                f"quality rule {rule.id}: {rule.pattern!r} is no regular expression ({error}).",
            )


def broken_by(rule: QualityRule) -> BrokenBy:
    """The rule compiled: whether good values break it."""
    broken = _MADE[rule.check](rule)
    if not rule.when:
        return broken
    asked = [holds(one) for one in rule.when]
    return lambda values, delivered_on: (
        all(hold(values) for hold in asked) and broken(values, delivered_on)
    )


def _not_before(rule: QualityRule) -> BrokenBy:
    column, first = rule.column, rule.others[0]
    return lambda values, _: (
        column in values and first in values and str(values[column]) < str(values[first])
    )


def _any_of(rule: QualityRule) -> BrokenBy:
    names = (rule.column, *rule.others)
    return lambda values, _: not any(name in values for name in names)


def _at_most_one_of(rule: QualityRule) -> BrokenBy:
    names = (rule.column, *rule.others)
    return lambda values, _: sum(name in values for name in names) > 1


def _not_after_delivery(rule: QualityRule) -> BrokenBy:
    column = rule.column
    return lambda values, delivered_on: (
        delivered_on is not None and column in values and str(values[column]) > delivered_on
    )


def _filled(rule: QualityRule) -> BrokenBy:
    column = rule.column
    return lambda values, _: column not in values


def _empty(rule: QualityRule) -> BrokenBy:
    column = rule.column
    return lambda values, _: column in values


def _one_of(rule: QualityRule) -> BrokenBy:
    column, codes = rule.column, rule.codes
    return lambda values, _: column in values and values[column] not in codes


def _matches(rule: QualityRule) -> BrokenBy:
    column, fits = rule.column, re.compile(rule.pattern or "").fullmatch
    return lambda values, _: column in values and fits(str(values[column])) is None


def _differs_from(rule: QualityRule) -> BrokenBy:
    column, other = rule.column, rule.others[0]
    return lambda values, _: column in values and values[column] == values.get(other)


def _within_days(rule: QualityRule) -> BrokenBy:
    column, other, most = rule.column, rule.others[0], rule.most or 0
    return lambda values, _: (
        column in values
        and other in values
        and abs((_day(values, column) - _day(values, other)).days) > most
    )


def _at_age(rule: QualityRule) -> BrokenBy:
    column, born = rule.column, rule.others[0]
    least, most = rule.least or 0, rule.most if rule.most is not None else 150
    return lambda values, _: (
        column in values
        and born in values
        and not least <= _years(_day(values, born), _day(values, column)) <= most
    )


def _not_above(rule: QualityRule) -> BrokenBy:
    column, other = rule.column, rule.others[0]
    return lambda values, _: (
        column in values and other in values and int(values[column]) > int(values[other])
    )


def _day(values: Mapping[str, Any], column: str) -> date:
    return date.fromisoformat(str(values[column]))


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


_MADE: Final[Mapping[CheckKind, Callable[[QualityRule], BrokenBy]]] = {
    "not-before": _not_before,
    "any-of": _any_of,
    "at-most-one-of": _at_most_one_of,
    "not-after-delivery": _not_after_delivery,
    "filled": _filled,
    "empty": _empty,
    "one-of": _one_of,
    "matches": _matches,
    "differs-from": _differs_from,
    "within-days": _within_days,
    "at-age": _at_age,
    "not-above": _not_above,
}
