"""Where a manifest has another shape than its schema, in plain words of both languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError

from anwang.registries.rules.manifest_sense import Fault
from anwang.registries.rules.words import Words

SCHEMA: Final = Path(__file__).resolve().parents[3] / "docs" / "formats" / "manifest.schema.json"
_TYPES: Final = {
    "string": Words("文字", "a text"),
    "integer": Words("整數", "a whole number"),
    "number": Words("數字", "a number"),
    "boolean": Words(" true 或 false", "true or false"),
    "array": Words("清單", "a list"),
    "object": Words("一組「鍵: 值」", "a set of keys with values"),
    "null": Words("null", "null"),
}


def shape_faults(body: object) -> Iterator[Fault]:
    """Every place where the body has another shape than docs/formats/manifest.schema.json."""
    for error in sorted(_validator().iter_errors(body), key=lambda one: list(map(str, one.path))):
        for one in _meant(error):
            words = _WORDS.get(str(one.validator), _as_told)(one)
            yield Fault(tuple(one.absolute_path), words)


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """The error; of several allowed forms the errors of the one that was meant, if one can tell.

    A form of which not even the kind of thing fits (a word instead of keys) was not meant.
    """
    context: list[ValidationError] = list(error.context or ())
    forms = {one.schema_path[0] for one in context} - {
        one.schema_path[0]
        for one in context
        if not one.relative_path and one.validator in ("type", "enum", "pattern")
    }
    if error.validator != "oneOf" or len(forms) != 1:
        yield error
        return
    for one in context:
        if one.schema_path[0] in forms:
            yield from _meant(one)


def _asked(error: ValidationError) -> Any:
    """What the schema asks for at this place."""
    return error.validator_value


def _required(error: ValidationError) -> Words:
    name = next(one for one in _asked(error) if repr(one) == error.message.split(" is ")[0])
    return Words(f"缺少「{name}」。", f"{name!r} is missing.")


def _additional(error: ValidationError) -> Words:
    schema: Any = error.schema
    known = list(schema.get("properties", ()))
    instance: Any = error.instance
    extra = sorted(set(map(str, instance)) - set(known))
    near = [one for name in extra for one in get_close_matches(name, known, 1)]
    return Words(
        f"不認得「{'、'.join(extra)}」。"
        + (f"是否為「{near[0]}」？" if near else f"可用：{'、'.join(known)}。"),
        f"nobody knows {', '.join(map(repr, extra))} here. "
        + (f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."),
    )


def _enum(error: ValidationError) -> Words:
    allowed = ", ".join(map(str, _asked(error)))
    listed = "、".join(map(str, _asked(error)))
    near = get_close_matches(str(error.instance), [str(one) for one in _asked(error)], 1)
    return Words(
        f"不能是「{error.instance}」。可用：{listed}。"
        + (f"是否為「{near[0]}」？" if near else ""),
        f"cannot be {error.instance!r}. Use one of: {allowed}."
        + (f" Did you mean {near[0]!r}?" if near else ""),
    )


def _const(error: ValidationError) -> Words:
    return Words(f"只能是 {_asked(error)}。", f"must be {_asked(error)}.")


def _type(error: ValidationError) -> Words:
    said = _asked(error)
    wanted = [_TYPES[one] for one in ([said] if isinstance(said, str) else said)]
    schema: Any = error.schema
    keys = schema.get("required", ()) if said == "object" else ()
    such = f"{{{', '.join(f'{key}: …' for key in keys)}}}" if 0 < len(keys) < 5 else ""
    return Words(
        f"應為{'或'.join(one.zh for one in wanted)}" + (f"，例如 {such}。" if such else "。"),
        f"should be {' or '.join(one.en for one in wanted)}"
        + (f", such as {such}." if such else "."),
    )


def _pattern(error: ValidationError) -> Words:
    return Words(
        f"「{error.instance}」的寫法不合：{_asked(error)}",
        f"{str(error.instance)!r} is not written as it should: {_asked(error)}",
    )


def _empty(error: ValidationError) -> Words:
    least = _asked(error)
    return Words(f"至少要有 {least} 個。", f"needs at least {least}.")


def _limit(error: ValidationError) -> Words:
    zh, en = _LIMITS[str(error.validator)]
    told = error.instance if isinstance(error.instance, int | float) else _counted(error.instance)
    return Words(
        f"{told} 超出範圍：{zh} {_asked(error)}。", f"{told} is out of range: {en} {_asked(error)}."
    )


def _counted(instance: Any) -> int:
    return len(instance)


_LIMITS: Final = {
    "maximum": ("最多", "at most"),
    "minimum": ("至少", "at least"),
    "exclusiveMinimum": ("必須大於", "more than"),
    "maxItems": ("項數最多", "entries at most"),
    "maxLength": ("字數最多", "letters at most"),
}


def _one_of(error: ValidationError) -> Words:
    forms = [_form(one) for one in _asked(error)]
    return Words(
        f"不是任何一種允許的寫法。可用：{'；'.join(forms)}。",
        f"fits none of the allowed forms: {'; '.join(forms)}.",
    )


def _form(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "required" in schema:
        return "{" + ", ".join(schema["required"]) + "}"
    return str(schema.get("type", "?"))


def _not(error: ValidationError) -> Words:
    names = ", ".join(_asked(error).get("required", ()))
    return Words(f"這裡不能有「{names}」。", f"{names!r} does not belong here.")


def _as_told(error: ValidationError) -> Words:
    return Words(f"不合格式：{error.message[:200]}", f"{error.message[:200]}")


_WORDS: Final[Mapping[str, Callable[[ValidationError], Words]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "enum": _enum,
    "const": _const,
    "type": _type,
    "pattern": _pattern,
    "minItems": _empty,
    "minLength": _empty,
    "minProperties": _empty,
    "maxItems": _limit,
    "maxLength": _limit,
    "minimum": _limit,
    "maximum": _limit,
    "exclusiveMinimum": _limit,
    "oneOf": _one_of,
    "not": _not,
}


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
