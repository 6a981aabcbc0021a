"""Join the translation parts of each language and compile them, without the gettext tools.

    python tools/compile_messages.py

`locale/<language>/parts/*.po` hold plain pairs without a header. They become, sorted by text,
`LC_MESSAGES/django.po` (to read) and `django.mo` (what Django loads). Both are made at setup and
stay out of the repository.
"""

import ast
import os
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[1] / "locale"
LINE = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?)?\s*(".*")$')
# English is the only translated language; another one brings its own rule here.
PLURAL_FORMS = {"en": "nplurals=2; plural=(n != 1);"}


class MessageError(Exception):
    """A translation file cannot be used; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Message:
    """One translation. `translations` has one text, or one for each plural form."""

    text: str
    translations: tuple[str, ...]
    where: str
    plural: str | None = None
    context: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What must be unique: context and text."""
        return self.context or "", self.text


def messages_in(path: Path) -> Iterator[Message]:
    """The messages of one part, in file order. Raises MessageError for a line it cannot read."""
    fields: dict[str, str] = {}
    start, current = 0, ""
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{path.name}:{number}"
        match = LINE.match(line)
        if match is None or not (match[1] or current):
            raise MessageError(f'{where}: expected msgid "…" or msgstr "…", found: {line}')
        keyword, text = match[1], unquoted(match[3], where)
        opens = keyword == "msgctxt" or (keyword == "msgid" and current != "msgctxt")
        if opens:
            if fields:
                yield message_from(fields, f"{path.name}:{start}")
            fields, start = {}, number
        current = keyword or current
        if keyword in fields:
            raise MessageError(f"{where}: {keyword} stands here twice.")
        fields[current] = fields.get(current, "") + text
    if fields:
        yield message_from(fields, f"{path.name}:{start}")


def unquoted(text: str, where: str) -> str:
    """The string between the quotes; escapes are those of C, as in Python."""
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError) as error:
        raise MessageError(f"{where}: the quoted text is broken: {text}") from error


def message_from(fields: dict[str, str], where: str) -> Message:
    """Build one message from its collected fields, which must be complete."""
    translations = tuple(fields[name] for name in sorted(fields) if name.startswith("msgstr"))
    if not fields.get("msgid"):
        raise MessageError(f"{where}: msgid is missing or empty (parts have no header).")
    if not translations or ("msgid_plural" in fields) != ("msgstr[0]" in fields):
        raise MessageError(f'{where}: "{fields["msgid"]}" has no msgstr of the right kind.')
    return Message(
        text=fields["msgid"],
        translations=translations,
        where=where,
        plural=fields.get("msgid_plural"),
        context=fields.get("msgctxt"),
    )


def joined(messages: Iterable[Message]) -> list[Message]:
    """Every message once, sorted. Raises MessageError where two files translate differently."""
    found: dict[tuple[str, str], Message] = {}
    for message in messages:
        first = found.setdefault(message.key, message)
        if (first.translations, first.plural) != (message.translations, message.plural):
            raise MessageError(
                f'"{message.text}" is translated differently in {first.where} '
                f"({first.translations[0]!r}) and in {message.where} "
                f"({message.translations[0]!r}). Agree on one, or give them a msgctxt."
            )
    return [found[key] for key in sorted(found)]


def messages_of(language: Path) -> list[Message]:
    """The joined messages of one language folder."""
    parts = sorted((language / "parts").glob("*.po"))
    return joined(message for part in parts for message in messages_in(part))


def header(language: str) -> str:
    """The catalogue's header: Django reads the character set and the plural rule."""
    plural = PLURAL_FORMS[language]
    return (
        f"Language: {language}\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
        f"Plural-Forms: {plural}\n"
    )


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t") + '"'


def as_po(messages: list[Message], language: str) -> str:
    """The joined catalogue to read, each entry with the part it came from."""
    blocks = [
        '# Generated from parts/ by tools/compile_messages.py: edit there.\nmsgid ""\nmsgstr ""'
    ]
    blocks[0] += "".join(f"\n{quoted(line)}" for line in header(language).splitlines(keepends=True))
    for message in messages:
        lines = [f"#: {message.where}"]
        if message.context is not None:
            lines.append(f"msgctxt {quoted(message.context)}")
        lines.append(f"msgid {quoted(message.text)}")
        if message.plural is None:
            lines.append(f"msgstr {quoted(message.translations[0])}")
        else:
            lines.append(f"msgid_plural {quoted(message.plural)}")
            forms = enumerate(message.translations)
            lines += [f"msgstr[{index}] {quoted(form)}" for index, form in forms]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def as_mo(messages: list[Message], language: str) -> bytes:
    """The catalogue in GNU's binary form, revision 0, little-endian, without a hash table.

    Untranslated messages are left out, so that the source text shows instead of nothing.
    """
    pairs = {b"": header(language).encode()}
    for message in messages:
        if not all(message.translations):
            continue
        key = message.text if message.plural is None else f"{message.text}\0{message.plural}"
        key = key if message.context is None else f"{message.context}\x04{key}"
        pairs[key.encode()] = "\0".join(message.translations).encode()
    keys = sorted(pairs)
    tables = 28
    texts = b""
    places: list[tuple[int, int]] = []
    for text in [*keys, *(pairs[key] for key in keys)]:
        places.append((len(text), tables + 16 * len(keys) + len(texts)))
        texts += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), tables, tables + 8 * len(keys), 0, 0)
    return head + b"".join(struct.pack("<2I", *place) for place in places) + texts


def write(path: Path, content: bytes) -> None:
    """Replace the file in one step: a running server or test never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)


def compile_language(language: Path) -> int:
    """Write both catalogues of one language folder; return how many messages they have."""
    messages = messages_of(language)
    target = language / "LC_MESSAGES"
    write(target / "django.po", as_po(messages, language.name).encode())
    write(target / "django.mo", as_mo(messages, language.name))
    return len(messages)


def main() -> int:
    try:
        for parts in sorted(LOCALE.glob("*/parts")):
            count = compile_language(parts.parent)
            print(f"{parts.parent.name}: {count} messages", file=sys.stderr)
    except MessageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
