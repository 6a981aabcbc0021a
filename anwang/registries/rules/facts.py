"""The facts a good row yields. A relative's number becomes a token here and is plain nowhere
after.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from anwang.registries.rules.conditions import holds
from anwang.registries.rules.manifests import PLACEHOLDER, Day, FactRule, Manifest
from anwang.registries.rules.rows import Values

Token = Callable[[str], bytes]
MakeFact = Callable[[Values, Token], "FactDraft | None"]


class FactDraft(NamedTuple):
    """A fact as a row tells it. `valid_to` is the first day on which it no longer held, None while
    open.

    `key` tells facts of one kind apart within a record (a household, a dose, a relative's token in
    hex).
    """

    kind: str
    key: str | None
    value: dict[str, Any]
    valid_from: date | None
    valid_to: date | None


def facts_of(manifest: Manifest, values: Values, token: Token) -> list[FactDraft]:
    """All facts of a row's good values, in the manifest's order. `token` turns a valid number into
    its HMAC.
    """
    found = []
    for make in _fact_makers(manifest):
        draft = make(values, token)
        if draft is not None:
            found.append(draft)
    return found


@lru_cache(maxsize=128)
def _fact_makers(manifest: Manifest) -> tuple[MakeFact, ...]:
    protected = manifest.protected_columns
    return tuple(_maker(rule, protected) for rule in manifest.facts)


def _maker(rule: FactRule, protected: frozenset[str]) -> MakeFact:
    asked = [holds(one) for one in rule.when]
    key_of = _key(rule.key, protected)
    fields = [(name, _template(text)) for name, text in rule.value]
    valid_from, valid_to = _day(rule.valid_from), _day(rule.valid_to)
    kind = rule.kind

    def make(values: Values, token: Token) -> FactDraft | None:
        for hold in asked:
            if not hold(values):
                return None
        key = None
        if key_of is not None:
            key = key_of(values, token)
            if key is None:
                return None
        value = {}
        for name, fill in fields:
            content = fill(values)
            if content is not None:
                value[name] = content
        return FactDraft(kind, key, value, valid_from(values), valid_to(values))

    return make


def _key(
    template: str | None, protected: frozenset[str]
) -> Callable[[Values, Token], str | None] | None:
    """How a fact gets its key; the made function gives None where the key's columns are all
    empty.
    """
    if template is None:
        return None
    names = PLACEHOLDER.findall(template)
    if len(names) == 1 and names[0] in protected:
        number = names[0]
        return lambda values, token: token(str(values[number])).hex() if number in values else None
    if len(names) == 1 and template == f"{{{names[0]}}}":
        column = names[0]
        return lambda values, _: str(values[column]) if column in values else None

    def fill(values: Values, _: Token) -> str | None:
        if not any(name in values for name in names):
            return None
        return template.format_map({name: values.get(name, "") for name in names})

    return fill


def _template(text: str | int | bool) -> Callable[[Values], Any]:
    if not isinstance(text, str):
        return lambda _: text
    names = PLACEHOLDER.findall(text)
    if not names:
        return lambda _: text
    if text == f"{{{names[0]}}}":
        column = names[0]
        return lambda values: values.get(column)
    return lambda values: _formatted(text, names, values)


def _formatted(text: str, names: list[str], values: Mapping[str, Any]) -> str | None:
    if not any(name in values for name in names):
        return None
    return text.format_map({name: values.get(name, "") for name in names})


def _day(day: Day | None) -> Callable[[Values], date | None]:
    if day is None:
        return lambda _: None
    column, step = day.column, timedelta(days=day.plus_days)

    def of(values: Values) -> date | None:
        text = values.get(column)
        return date.fromisoformat(str(text)) + step if text is not None else None

    return of
