"""`anwang source check MANIFEST`: what is wrong with a manifest, in plain words, all at once."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifest_lines import LinedFault, read_manifest
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.samples import Tried, try_sample

Line = dict[str, Any]


class Command(BaseCommand):
    help = "Check the manifest of a source, and what it makes of a sample file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        check = acts.add_parser("check", help="say everything that is wrong with a manifest")
        check.add_argument("manifest", type=_file, help="a YAML file")
        check.add_argument("--sample", type=_file, help="a file as the source delivers it")
        check.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, manifest: Path, sample: Path | None, json: bool, **options: Any) -> None:
        show = _as_json if json else _as_text
        try:
            text = manifest.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise CommandError(f"{manifest.name}: 不是 UTF-8。 This is not UTF-8.") from None
        read = read_manifest(text, stem=manifest.stem)
        for one in read.faults:
            self.stdout.write(show(_fault(manifest.name, one)))
        if read.manifest is None:
            raise CommandError(
                f"{manifest.name}: 有 {len(read.faults)} 處要改。 {len(read.faults)} to correct."
            )
        self.stdout.write(show(_summary(read.manifest)))
        if sample is not None:
            self._try(read.manifest, sample, show)

    def _try(self, manifest: Manifest, sample: Path, show: Any) -> None:
        try:
            tried = try_sample(manifest, sample)
        except FileHeld as held:
            said = {"held": held.rule} | held.text.as_dict()
            self.stdout.write(show({"file": sample.name} | said))
            raise CommandError(f"{sample.name}: 整份未收。 The file would be held.") from None
        for line in _tried(sample.name, tried):
            self.stdout.write(show(line))


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ArgumentTypeError(f"沒有這個檔案。 There is no file {text}")
    return path


def _fault(name: str, one: LinedFault) -> Line:
    return {"file": name, "line": one.line, "place": one.fault.where} | one.fault.text.as_dict()


def _summary(manifest: Manifest) -> Line:
    return {
        "ok": True, "id": manifest.id, "version": manifest.version, "columns": len(manifest.columns),
        "facts": len(manifest.facts), "rules": len(manifest.quality),
        "zh": f"「{manifest.label.zh}」可用。", "en": f"{manifest.label.en}: this can be used.",
    }  # fmt: skip


def _tried(name: str, tried: Tried) -> Iterator[Line]:
    for row in tried.rows:
        for draft, words in row.facts:
            yield {
                "file": name, "line": row.line, "kind": draft.kind,
                "valid_from": draft.valid_from.isoformat() if draft.valid_from else None,
                "valid_to": draft.valid_to.isoformat() if draft.valid_to else None,
            } | words.as_dict()  # fmt: skip
    for fault in tried.faults:
        yield {
            "file": name, "line": fault.line, "column": fault.column, "rule": fault.rule,
            "zh": f"{fault.text.zh}。{fault.fix.zh}。", "en": f"{fault.text.en}. {fault.fix.en}.",
        }  # fmt: skip
    yield {
        "file": name, "accepted": tried.accepted, "quarantined": tried.quarantined,
        "ignored_headers": list(tried.ignored_headers), "facts": dict(tried.facts),
        "zh": f"收 {tried.accepted} 列，隔離 {tried.quarantined} 列。",
        "en": f"{tried.accepted} {'row' if tried.accepted == 1 else 'rows'} taken,"
        f" {tried.quarantined} set aside.",
    }  # fmt: skip


def _as_json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False)


def _as_text(line: Mapping[str, Any]) -> str:
    place = ":".join(str(line[part]) for part in ("file", "line") if part in line)
    what = next((str(line[part]) for part in ("place", "kind", "rule", "held") if part in line), "")
    head = "  ".join(part for part in (place, what) if part)
    return "\n".join(
        [head, f"  {line['zh']}", f"  {line['en']}"] if head else [line["zh"], line["en"]]
    )
