"""Verify a copy of the audit without us: python tools/verify_audit.py EXPORT --key KEY [--witness FILE ...]

The second verifier. It shares no code with the first and reads only files: the export of
`anwang audit export` and the files `checkpoints.jsonl` of witnesses. Needs Python and `cryptography`.
Status 0: nothing was changed; 1: the first bad entry is named; 2: the files cannot be read.
"""

import argparse
import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def signed_text(note, key):
    """The text of a note if `key` (name+id+base64) signed it, else None."""
    name, typed = key.split("+", 1)[0], base64.b64decode(key.split("+", 2)[2])
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        words = line.split(" ")
        if len(words) != 3 or words[:2] != ["—", name]:
            continue
        raw = base64.b64decode(words[2])
        if raw[:4] == sha(name.encode(), b"\n", typed)[:4]:
            try:
                Ed25519PublicKey.from_public_bytes(typed[1:]).verify(raw[4:], text.encode() + b"\n")
                return text + "\n"
            except InvalidSignature:
                pass
    return None


def checkpoint_text(origin, size, root):
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def add(pile, leaf):
    """Put a leaf on the pile of (height, hash) of perfect subtrees; equal heights merge."""
    height = 0
    while pile and pile[-1][0] == height:
        leaf, height = sha(b"\x01", pile.pop()[1], leaf), height + 1
    pile.append((height, leaf))


def root_of(pile):
    root = pile[-1][1] if pile else sha()
    for _, left in reversed(pile[:-1]):
        root = sha(b"\x01", left, root)
    return root


def verify(lines, key, witness_notes=()):
    """(entries, first bad or None, last bad or None, words, tombstones) of an export's lines."""
    log, lines = lines[0], lines[1:]
    origin, size = key.split("+", 1)[0], log["start"]
    heights = [bit for bit in range(63, -1, -1) if size >> bit & 1]
    pile = list(zip(heights, map(bytes.fromhex, log["frontier"]), strict=True))
    held, stones = {}, []
    for note in witness_notes:
        text = signed_text(note, key)
        if text and text.startswith(origin + "\n"):
            held.setdefault(int(text.splitlines()[1]), set()).add(text)
    notes = {line["size"]: line for line in lines if line["kind"] == "checkpoint"}
    signed_from = min((n for n, line in notes.items() if line["note"]), default=-1)
    agreed = size if size and size in notes else 0  # up to here our own signatures hold
    witnessed = 0  # up to here a witness saw the same

    def wrong_root():
        line, seen = notes.pop(size, None), held.pop(size, None)
        said = checkpoint_text(origin, size, root_of(pile))
        if line and bytes.fromhex(line["root"]) != root_of(pile):
            return "the tree was made anew"
        if line and size >= signed_from and signed_text(line["note"], key) != said:
            return "a checkpoint is not signed by the log"
        if seen is not None and seen != {said}:
            return "a witness saw another log"
        return "" if line or seen else None

    if size and wrong_root() != "":
        return 0, 0, size - 1, "the beginning of this export is not signed", stones
    for line in lines:
        if line["kind"] not in ("entry", "tombstone", "missing"):
            continue
        leaf = bytes.fromhex(line["leaf"])
        if line["position"] != size:
            return size, size, size, "an entry is missing or was added there", stones
        if line["kind"] == "missing":
            return size, size, size, "the entry was removed", stones
        if line["kind"] == "tombstone":
            start = f"anwang tombstone\n{origin}\n{size}\n{base64.b64encode(leaf).decode()}\n"
            if not (signed_text(line["signed"], key) or "").startswith(start):
                return size, size, size, "the entry was removed", stones
            stones.append(size)
        elif sha(b"\x00", line["content"].encode()) != leaf:
            return size, size, size, "the entry was changed", stones
        add(pile, leaf)
        size += 1
        vouched = size in held
        why = wrong_root()
        if why:
            return size, witnessed if "witness" in why else agreed, size - 1, why, stones
        witnessed = size if vouched else witnessed
        if why == "":
            agreed = size
    if notes:
        return size, agreed, size, "the log was cut off", stones
    if log["whole"] and any(one > size for one in held):
        return size, witnessed, size, "the log was put back to an older state", stones
    if size > agreed or lines[-1:] != [{"kind": "end", "entries": size - log["start"]}]:
        return size, agreed, size, "no signed checkpoint covers the end", stones
    for line in lines:
        if line["kind"] == "strange":
            return size, line["no"], line["no"], "an entry has no place in the tree", stones
    return size, None, None, "nothing was changed", stones


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("export")
    asked.add_argument("--key", required=True, help="the log's public key, from a place you trust")
    asked.add_argument(
        "--witness", action="append", default=[], help="a witness's checkpoints.jsonl"
    )
    given = asked.parse_args()
    try:
        with open(given.export, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        notes = []
        for path in given.witness:
            with open(path, encoding="utf-8") as file:
                notes += [json.loads(line)["note"] for line in file]
        size, first, last, words, stones = verify(lines, given.key, notes)
    except (OSError, ValueError, KeyError, IndexError) as error:
        print(f"This cannot be read as an export of an audit: {error!r}", file=sys.stderr)
        return 2
    where = (
        ""
        if first is None
        else f" First bad entry: {first}" + (f" to {last}." if last != first else ".")
    )
    print(f"{size - lines[0]['start']} entries read: {words}.{where}")
    if stones:
        print(f"Deleted by law, with proof: entries {', '.join(map(str, stones))}.")
    return 0 if first is None else 1


if __name__ == "__main__":
    sys.exit(main())
