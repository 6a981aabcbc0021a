"""Find every translatable text in templates and Python; print what has no English yet.

    python tools/extract_messages.py             what is missing, stale or misfilled
    python tools/extract_messages.py --missing   the missing pairs, to fill in under locale/en/parts

Chinese is the source language: a text with Han needs an English translation without.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compile_messages import LOCALE, Message, MessageError, messages_of, quoted
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("anwang", "config", "demo")
TEMPLATE_SUFFIXES = {".html", ".txt", ".xml", ".svg"}
HAN = re.compile(r"[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\w*\}")
CALL = re.compile(r"(?<![\w.])(?:_|u?n?p?gettext(?:_lazy|_noop)?)\(")


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a text is marked for translation. `fault` says why it cannot be."""

    text: str
    where: str
    plural: str | None = None
    context: str | None = None
    fault: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.context or "", self.text


def call_name(call: ast.Call) -> str:
    """The function's name without what Django's variants add; empty for anything else."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.removesuffix("_lazy").removesuffix("_noop")
    return ""


# Which argument is the context, the text and the plural.
SHAPES: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}


def use_of(call: ast.Call, where: str) -> Use | None:
    """The text that a call marks, or None when the call marks none (or a variable)."""
    shape = SHAPES.get(call_name(call))
    if shape is None or len(call.args) <= shape[1]:
        return None
    if any(isinstance(argument, ast.JoinedStr) for argument in call.args):
        return Use("", where, fault="an f-string cannot be translated; use %(name)s and format it")
    texts = [
        argument.value
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        else None
        for argument in call.args
    ]
    context, text, plural = (None if at is None else texts[at] for at in shape)
    return None if not text else Use(text, where, plural, context)


def uses_in_python(source: str, name: str) -> Iterator[Use]:
    """The marked texts of a Python file, in no order."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (use := use_of(node, f"{name}:{node.lineno}")):
            yield use


def uses_in_template(source: str, name: str) -> Iterator[Use]:
    """The marked texts of a template, in order; Django's own reader decides what a tag means."""
    lines = str(templatize(source, origin=name))
    for match in CALL.finditer(lines):
        number = lines.count("\n", 0, match.start()) + 1
        call = call_at(lines, match.start(), match.end())
        if call is not None and (use := use_of(call, f"{name}:{number}")):
            yield use


def call_at(text: str, start: int, after: int) -> ast.Call | None:
    """Read the call that begins at `start` by trying each closing bracket in turn."""
    while (after := text.find(")", after) + 1) > 0:
        try:
            node = ast.parse(text[start:after].replace("\n", " "), mode="eval").body
        except SyntaxError:
            continue
        return node if isinstance(node, ast.Call) else None
    return None


def uses_under(root: Path, folders: tuple[str, ...] = FOLDERS) -> list[Use]:
    """Every marked text below the folders, sorted by file."""
    found: list[Use] = []
    for path in sorted(path for folder in folders for path in (root / folder).rglob("*")):
        name = path.relative_to(root).as_posix()
        if "/static/" in name or "__pycache__" in name or not path.is_file():
            continue
        if path.suffix == ".py":
            found += uses_in_python(path.read_text(encoding="utf-8"), name)
        elif path.suffix in TEMPLATE_SUFFIXES and "/templates/" in name:
            found += uses_in_template(path.read_text(encoding="utf-8"), name)
    return found


def faults(uses: list[Use], messages: list[Message]) -> list[str]:
    """What is wrong between sources and English, one sentence each, file and line first."""
    english = {message.key: message for message in messages}
    marked = {use.key for use in uses}
    found = [f"{use.where}: {use.fault}" for use in uses if use.fault]
    reported: set[tuple[str, str]] = set()
    for use in uses:
        if use.fault or use.key in reported or not HAN.search(use.text):
            continue
        reported.add(use.key)
        fault = fault_between(use, english.get(use.key))
        if fault:
            found.append(f"{use.where}: {quoted(use.text)} {fault}")
    for message in messages:
        if message.key not in marked:
            found.append(f"parts/{message.where}: {quoted(message.text)} is no longer used.")
    return found


def fault_between(use: Use, message: Message | None) -> str | None:
    """Why the English of one text will not do; None when it does."""
    if message is None or not all(message.translations):
        return "has no English translation."
    if any(HAN.search(text) for text in message.translations):
        return f"has Han in its English ({message.where})."
    if (use.plural is None) != (message.plural is None):
        return f"is plural in only one of source and English ({message.where})."
    wanted = set(PLACEHOLDER.findall(use.text)) | set(PLACEHOLDER.findall(use.plural or ""))
    used = {name for text in message.translations for name in PLACEHOLDER.findall(text)}
    if wanted != used:
        return f"and its English have different placeholders ({message.where})."
    return None


def skeleton(uses: list[Use], messages: list[Message]) -> str:
    """The missing pairs as text for a part file."""
    done = {message.key for message in messages if all(message.translations)}
    blocks: dict[tuple[str, str], str] = {}
    for use in uses:
        if use.fault or use.key in done or use.key in blocks or not HAN.search(use.text):
            continue
        lines = [f"#: {use.where}"]
        lines += [f"msgctxt {quoted(use.context)}"] if use.context else []
        lines.append(f"msgid {quoted(use.text)}")
        if use.plural:
            lines += [f"msgid_plural {quoted(use.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
        else:
            lines.append('msgstr ""')
        blocks[use.key] = "\n".join(lines)
    return "\n\n".join(blocks.values())


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare marked texts with their English.")
    parser.add_argument("--missing", action="store_true", help="print the missing pairs")
    options = parser.parse_args()
    try:
        uses, messages = uses_under(ROOT), messages_of(LOCALE / "en")
    except MessageError as error:
        print(error, file=sys.stderr)
        return 1
    if options.missing:
        print(skeleton(uses, messages))
        return 0
    found = faults(uses, messages)
    print("\n".join(found))
    print(f"{len(uses)} uses, {len(messages)} translations, {len(found)} faults", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
