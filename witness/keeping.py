"""What a witness keeps: an append-only file of the checkpoints it signed, one JSON line each."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import struct
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from witness.extending import extends

SIGNED, COSIGNED = b"\x01", b"\x04"


class Answer(Exception):
    """What a checkpoint is answered with when it is not signed: HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def _key_id(name: str, typed_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:4]


def log_key(text: str) -> tuple[str, bytes]:
    """Name and public key of `name+hex id+base64`. Raises ValueError."""
    name, said, encoded = text.strip().split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    if len(typed) != 33 or typed[:1] != SIGNED or _key_id(name, typed).hex() != said:
        raise ValueError(f"not a key of a log: {text}")
    return name, typed[1:]


def _parsed(text: str) -> tuple[str, int, bytes]:
    try:
        origin, size, root = text.splitlines()[:3]
        found = origin, int(size), base64.b64decode(root, validate=True)
    except ValueError:
        raise Answer(400, "not a checkpoint") from None
    if str(found[1]) != size or found[1] < 0 or len(found[2]) != 32:
        raise Answer(400, "not a checkpoint")
    return found


class Witness:
    """Keeps and signs, in `home`, for the logs whose keys it was given: {origin: public key}."""

    def __init__(self, home: Path, name: str, logs: Mapping[str, bytes]) -> None:
        self.home, self.name, self.logs = home, name, dict(logs)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._secret = Ed25519PrivateKey.from_private_bytes(self._secret_bytes())
        self._held: dict[str, str] = {}
        self._read()
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def _path(self) -> Path:
        return self.home / "checkpoints.jsonl"

    def _secret_bytes(self) -> bytes:
        path = self.home / "witness.key"
        if not path.exists():
            fresh = self.home / f".key.{os.getpid()}"
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(os.urandom(32))
                out.flush()
                os.fsync(out.fileno())
            fresh.rename(path)
        return path.read_bytes()

    def _read(self) -> None:
        if not self._path.exists():
            return
        whole = self._path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):  # a line that a power cut left half written was never answered for
            os.truncate(self._path, end)
        for line in whole[:end].splitlines():
            note = json.loads(line)["note"]
            self._held[note.partition("\n")[0]] = note

    @property
    def public(self) -> str:
        """Our key, as logs are configured with it."""
        raw = self._secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        typed = COSIGNED + raw
        return f"{self.name}+{_key_id(self.name, typed).hex()}+{base64.b64encode(typed).decode()}"

    def held(self, origin: str = "") -> str | None:
        """The last checkpoint kept of a log, with our signature; of the only one without a name."""
        if not origin and len(self._held) == 1:
            return next(iter(self._held.values()))
        return self._held.get(origin)

    def _check_signed(self, origin: str, text: str, signatures: str) -> None:
        if origin not in self.logs:
            raise Answer(404, "not a log that we watch")
        wanted = _key_id(origin, SIGNED + self.logs[origin])
        key = Ed25519PublicKey.from_public_bytes(self.logs[origin])
        for line in signatures.splitlines():
            mark, _, rest = line.partition(" ")
            name, _, encoded = rest.rpartition(" ")
            try:
                raw = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                continue
            if mark == "—" and name == origin and raw[:4] == wanted:
                try:
                    key.verify(raw[4:], text.encode())
                except InvalidSignature:
                    continue
                return
        raise Answer(403, "not signed by the log")

    def add(self, old: int, proof: list[bytes], note: str) -> str:
        """Keep a checkpoint that extends what is kept, and return our signature's line.

        Raises Answer: 409 names the size that we keep, when `old` is another; 422 is a proof that
        fails, or a second tree of a size we know: the log shows two faces.
        """
        text, gap, signatures = note.rpartition("\n\n")
        if not gap:
            raise Answer(400, "not a signed note")
        text += "\n"
        origin, size, root = _parsed(text)
        self._check_signed(origin, text, signatures)
        with self._lock:
            kept = self._held.get(origin)
            _, held_size, held_root = _parsed(kept) if kept else ("", 0, hashlib.sha256().digest())
            if old != held_size or size < held_size:
                raise Answer(409, str(held_size))
            if not extends(held_size, held_root, size, root, proof):
                raise Answer(422, "not an extension of what we keep")
            line = self._signature(text)
            if kept is None or size > held_size:
                self._keep(origin, f"{text}\n{signatures.rstrip()}\n{line}")
            return line

    def _signature(self, text: str) -> str:
        at = int(time.time())
        signed = self._secret.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        typed = COSIGNED + self._secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        raw = _key_id(self.name, typed) + struct.pack(">Q", at) + signed
        return f"— {self.name} {base64.b64encode(raw).decode()}\n"

    def _keep(self, origin: str, note: str) -> None:
        line = json.dumps({"at": int(time.time()), "note": note}, ensure_ascii=False) + "\n"
        before = os.fstat(self._file).st_size
        if os.write(self._file, line.encode()) < len(line.encode()):
            os.ftruncate(self._file, before)
            raise Answer(503, "no room to keep it")
        os.fsync(self._file)  # signed means kept, a power cut included
        self._held[origin] = note
