"""Whether one tree extends another: the algorithm of RFC 9162 section 2.1.4.2, step by step."""

from __future__ import annotations

import hashlib


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def extends(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: list[bytes]
) -> bool:
    """Whether the tree of `second` leaves is the tree of `first` leaves with leaves added."""
    if first > second or first < 0:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == hashlib.sha256(b"").digest()
    if not proof:
        return False
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    f, s = first - 1, second - 1
    while f & 1:
        f, s = f >> 1, s >> 1
    fr = sr = path[0]
    for one in path[1:]:
        if s == 0:
            return False
        if f & 1 or f == s:
            fr, sr = _node(one, fr), _node(one, sr)
            while f and not f & 1:
                f, s = f >> 1, s >> 1
        else:
            sr = _node(sr, one)
        f, s = f >> 1, s >> 1
    return s == 0 and fr == first_root and sr == second_root
