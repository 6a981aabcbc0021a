"""Signed notes and checkpoints, as C2SP signed-note, tlog-checkpoint and tlog-cosignature define them.

A note is a text that ends with a line break, an empty line, and signature lines
`— name base64(key id, signature)`. A checkpoint's text is origin, size and root, a line each. Any
program that speaks these three formats can read what we publish, and be our witness.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anwang.common.errors import AnwangError

SIGNED, COSIGNED = 1, 4  # the signature types of Ed25519 and of cosignature/v1


class NotSigned(AnwangError):
    """A note does not carry a right signature of the key it should be signed with."""


class BrokenNote(AnwangError):
    """What should be a signed note or a key is not written as one."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with: the signer's name, the signature type and 32 bytes."""

    name: str
    public: bytes
    kind: int = SIGNED

    @property
    def id(self) -> bytes:
        """Four bytes that find the key's line in a note."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    @classmethod
    def of(cls, text: str) -> PublicKey:
        """Read `name+hex id+base64`. Raises BrokenNote."""
        name, _, rest = text.strip().partition("+")
        said, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) == 33:
            key = cls(name, raw[1:], raw[0])
            if key.id.hex() == said:
                return key
        raise BrokenNote(f"Not a public key of a log or witness: {text[:60]}")

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    def _signatures(self, note: str) -> list[bytes]:
        found = []
        for line in note.rpartition("\n\n")[2].splitlines():
            mark, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if mark != "—" or name != self.name:
                continue
            try:
                raw = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                continue
            if raw[:4] == self.id:
                found.append(raw[4:])
        return found

    def _right(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def opened(self, note: str) -> str:
        """The text of a note that this key signed. Raises NotSigned."""
        text = text_of(note)
        if any(self._right(one, text.encode()) for one in self._signatures(note)):
            return text
        raise NotSigned(str(NotSigned.__doc__))

    def cosigned_at(self, note: str) -> int:
        """When this witness saw the note's checkpoint, in seconds since 1970. Raises NotSigned."""
        text = text_of(note)
        for one in self._signatures(note):
            if len(one) == 72:
                (at,) = struct.unpack(">Q", one[:8])
                if self._right(one[8:], f"cosignature/v1\ntime {at}\n{text}".encode()):
                    return int(at)
        raise NotSigned(str(NotSigned.__doc__))


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs notes as `name` with the Ed25519 key made of 32 secret bytes."""

    name: str
    secret: bytes

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)

    @property
    def public(self) -> PublicKey:
        """The key that others verify with."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return PublicKey(self.name, raw)

    def signed(self, text: str) -> str:
        """The text as a signed note."""
        signature = base64.b64encode(self.public.id + self._key.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root of the log `origin` when it had `size` entries."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def of(cls, note_or_text: str) -> Checkpoint:
        """Read a checkpoint, signed or not; the signature is not looked at. Raises BrokenNote."""
        lines = note_or_text.partition("\n\n")[0].splitlines()
        try:
            origin, size, root = lines[:3]
            found = cls(origin, int(size), base64.b64decode(root, validate=True))
        except ValueError:
            raise BrokenNote("Not a checkpoint.") from None
        if str(found.size) != size or found.size < 0 or len(found.root) != 32 or not origin:
            raise BrokenNote("Not a checkpoint.")
        return found


def text_of(note: str) -> str:
    """A note without its signatures. Raises BrokenNote."""
    text, gap, _ = note.rpartition("\n\n")
    if not gap:
        raise BrokenNote("Not a signed note.")
    return text + "\n"
