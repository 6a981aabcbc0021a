"""The audit's hash tree, as RFC 6962 section 2.1 defines it (SHA-256, domain-separated).

Only the frontier is kept while growing: the roots of the perfect subtrees that the leaves so far
make up, largest first. It has as many hashes as the size has ones in base two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, by the roots of its perfect subtrees, largest first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def grown(self, leaf: bytes) -> Frontier:
        """The tree with one leaf more."""
        roots, size, top = list(self.roots), self.size, leaf
        while size & 1:
            top = node_hash(roots.pop(), top)
            size >>= 1
        return Frontier(self.size + 1, (*roots, top))

    @property
    def root(self) -> bytes:
        """The tree's root hash."""
        if not self.roots:
            return EMPTY_ROOT
        root = self.roots[-1]
        for subtree in reversed(self.roots[:-1]):
            root = node_hash(subtree, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root by the definition itself: slow, obvious, the oracle of the tests."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))
