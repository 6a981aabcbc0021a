"""The optional `FILE.meta.json` beside a delivery: what the sender says it sent. What differs
holds the file.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import Manifest

Mode = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the sender says; absent parts are None. Without an envelope: current version,
    incremental.
    """

    source: str | None = None
    manifest_version: int | None = None
    mode: Mode = "incremental"
    delivered_at: datetime | None = None
    rows: int | None = None
    sha256: str | None = None
    encoding: str | None = None


def parse_envelope(text: str | bytes) -> Envelope:
    """The envelope in a meta.json. Raises FileHeld where it cannot be read or a part has no
    sense.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise _held("", "JSON") from None
    if not isinstance(body, dict):
        raise _held("", "JSON")
    return Envelope(
        source=_text(body, "source"),
        manifest_version=_number(body, "manifest_version"),
        mode=_mode(body),
        delivered_at=_instant(body),
        rows=_number(body, "rows"),
        sha256=(_text(body, "sha256") or "").lower() or None,
        encoding=_text(body, "encoding"),
    )


def check_envelope(envelope: Envelope, manifest: Manifest, *, sha256: str) -> None:
    """Before reading: source, version and digest. Raises FileHeld."""
    if envelope.source not in (None, manifest.id):
        raise FileHeld(
            "envelope-source",
            "封套所列來源與送達的來源不同，未收。請確認送對來源。",
            "The envelope names another source. Check to which source the file belongs.",
        )
    if envelope.manifest_version not in {None, *manifest.readable_versions}:
        raise FileHeld(
            "manifest-version",
            f"檔案依說明書第 {envelope.manifest_version} 版，現行為第 {manifest.version} 版，未收。"
            "請依現行版重送，或先更新說明書。",
            f"The file follows manifest version {envelope.manifest_version}, in force is "
            f"{manifest.version}. Send it in the version in force, or update the manifest first.",
        )
    if envelope.sha256 not in (None, sha256):
        raise FileHeld(
            "sha256",
            "檔案摘要與封套不符，傳送中可能損壞。請重送。",
            "The file's digest differs from the envelope's: it changed on the way. Send it again.",
        )


def check_size(
    envelope: Envelope, manifest: Manifest, *, rows: int, previous_rows: int | None
) -> None:
    """After reading: the row count said, and a full delivery's drop against the last. Raises
    FileHeld.
    """
    if envelope.rows not in (None, rows):
        raise FileHeld(
            "row-count",
            f"封套稱 {envelope.rows} 列，實有 {rows} 列，未收。請確認檔案完整後重送。",
            f"The envelope says {envelope.rows} rows, the file has {rows}. Check that it is whole.",
        )
    limit = manifest.drop_limit_percent
    if envelope.mode != "full" or previous_rows is None or limit is None:
        return
    if rows * 100 < previous_rows * (100 - limit):
        raise FileHeld(
            "row-count-collapse",
            f"全量檔由 {previous_rows} 列降為 {rows} 列，超過 {limit}%，未收。"
            "請確認後重送或人工放行。",
            f"The full delivery fell from {previous_rows} to {rows} rows, more than {limit}%. "
            "Check it and send again, or have it released by hand.",
        )


def _mode(body: dict[str, Any]) -> Mode:
    mode = body.get("mode") or "incremental"
    if mode == "full":
        return "full"
    if mode == "incremental":
        return "incremental"
    raise _held("mode", "full / incremental")


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 200:
        raise _held(name, "text")
    return value.strip() or None


def _number(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _held(name, "number")
    return value


def _instant(body: dict[str, Any]) -> datetime | None:
    text = _text(body, "delivered_at")
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _held("delivered_at", "ISO 8601") from None
    if instant.tzinfo is None:
        raise _held("delivered_at", "ISO 8601 with offset")
    return instant


def _held(name: str, wanted: str) -> FileHeld:
    return FileHeld(
        "envelope",
        f"封套 meta.json {name} 無法解讀（應為 {wanted}），未收。請更正後重送。",
        f"The envelope meta.json {name} cannot be read (wanted: {wanted}). Correct it, send again.",
    )
