"""A manifest as a person wrote it: each fault with the line on which it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from anwang.registries.rules.manifest_sense import Fault, Place
from anwang.registries.rules.manifests import Manifest, faults_of, manifest_of
from anwang.registries.rules.words import Words


@dataclass(frozen=True, slots=True)
class LinedFault:
    """A fault and the line, from 1, of the part it is about."""

    line: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """What was read: the manifest, or everything that is wrong with it, by line."""

    manifest: Manifest | None
    faults: tuple[LinedFault, ...]


def read_manifest(text: str, *, stem: str | None = None) -> ReadManifest:
    """Read a manifest's text. `stem` is the file's name without ending, which must be its id."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        body = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return ReadManifest(None, (_not_yaml(error),))
    if root is None:
        return ReadManifest(None, (LinedFault(1, Fault((), _EMPTY_FILE)),))
    found = [LinedFault(line, fault) for line, fault in _repeated(root, ())]
    found += [LinedFault(_line_of(root, one.place), one) for one in faults_of(body)]
    if stem is not None and isinstance(body, dict) and body.get("id") not in (None, stem):
        place: Place = ("id",)
        found.append(LinedFault(_line_of(root, place), Fault(place, Words(
            f"id 要和檔名「{stem}」相同。", f"the id must be the file's name, {stem!r}."
        ))))  # fmt: skip
    if found:
        return ReadManifest(None, tuple(sorted(found, key=lambda one: one.line)))
    return ReadManifest(manifest_of(body, where=stem or "manifest"), ())


# What the reader of YAML says (part of it) -> what whoever wrote it has to look for. The first that fits.
_YAML_SAYS: Final = (
    ("cannot start any token", Words(
        "這裡有一個 YAML 不接受的字元，常是定位字元（Tab）。請改用空格縮排，或將整段文字放進引號",
        "a sign that YAML does not take stands here, often a tab. Indent with blanks, or put the text in"
        " quotation marks",
    )),
    ("unexpected end of stream", Words(
        "引號有頭沒有尾。請在這一列把引號補成一對",
        "a quotation mark that begins here has no end. Close it",
    )),
    ("mapping values are not allowed", Words(
        "文字裡的冒號被讀成「鍵: 值」，或縮排多了。請將整段文字放進引號，並核對縮排",
        "a colon within a text is read as a key, or the line is indented too far. Put the text in quotation"
        " marks and check the indentation",
    )),
    ("but got ':'", Words(
        "文字裡的冒號被讀成「鍵: 值」。請將整段文字放進引號",
        "a colon within a text is read as a key. Put the text in quotation marks",
    )),
    ("expected ',' or", Words(
        "這一列的括號或逗號沒有成對。請核對 {、}、[、] 與逗號",
        "brackets or commas do not fit together here. Check { } [ ] and the commas",
    )),
    ("expected <block end>", Words(
        "這一列的縮排與上面的不一致。請對齊",
        "this line is not indented like those above it. Align them",
    )),
    ("could not find expected ':'", Words(
        "這一列應為「鍵: 值」，缺少冒號",
        "this line should be a key with a value and has no colon",
    )),
)  # fmt: skip
_EMPTY_FILE: Final = Words(
    "檔案裡沒有內容。請從 docs/sources.md 的例子開始。",
    "there is nothing in the file. Begin with the example in docs/sources.md.",
)


def _not_yaml(error: yaml.YAMLError) -> LinedFault:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    if "end of stream" in problem or "expected ',' or" in problem:
        # Told where reading broke off; meant is where the quotation or bracket begins.
        mark = getattr(error, "context_mark", None) or mark
    plain = next((words for part, words in _YAML_SAYS if part in problem), None) or Words(
        "請檢查縮排、引號與冒號", "Check indentation, quotation marks and colons"
    )
    return LinedFault(mark.line + 1 if mark else 1, Fault((), Words(
        f"不是 YAML：{plain.zh}（{problem}）。",
        f"this is no YAML: {plain.en} ({problem}).",
    )))  # fmt: skip


def _line_of(root: yaml.Node | None, place: Place) -> int:
    """The line of the part at `place`, or of the nearest part around it."""
    node, line = root, 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                break
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _repeated(node: yaml.Node | None, place: Place) -> Iterator[tuple[int, Fault]]:
    """Keys that stand twice: YAML takes the last one in silence, people mean both."""
    if isinstance(node, yaml.SequenceNode):
        for number, one in enumerate(node.value):
            yield from _repeated(one, (*place, number))
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, content in node.value:
        name = str(key.value)
        if name in seen:
            yield key.start_mark.line + 1, Fault((*place, name), Words(
                f"「{name}」寫了兩次，只有最後一次有效。請刪去一個。",
                f"{name!r} is written twice and only the last one counts. Take one out.",
            ))  # fmt: skip
        seen.add(name)
        yield from _repeated(content, (*place, name))
