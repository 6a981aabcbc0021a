"""Proofs over the audit's tree: that an entry lies in it, and that a later tree extends an earlier one.

RFC 6962 sections 2.1.1 and 2.1.2. Verifying splits the way from leaf to root in two: the *inner*
part, where the way turns with the bits of the index, and the *border*, a line of left siblings
along the tree's right edge. Every hash of both parts must be taken in.
"""

from __future__ import annotations

from collections.abc import Sequence

from anwang.access.rules.tree import Frontier, node_hash, root_of


class ProofRefused(Exception):
    """A proof has the wrong length for these sizes, or does not lead to the roots."""


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings on the way from leaf `index` to the root, lowest first."""
    if len(leaves) <= 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def consistency_proof(known: Frontier, later: Sequence[bytes]) -> list[bytes]:
    """The proof that the tree of `known` and then the leaves `later` extends `known`.

    All hashes of the earlier tree that a proof holds are roots of its frontier, so the earlier
    leaves are not needed.
    """
    if not known.size or not later:
        return []
    return _consistency(known.size, known.size + len(later), list(known.roots), later, whole=True)


def _consistency(
    first: int, size: int, roots: list[bytes], later: Sequence[bytes], *, whole: bool
) -> list[bytes]:
    """SUBPROOF of RFC 6962: `first` leaves of the `size` are covered by `roots`, the rest is `later`."""
    if first == size:
        return [] if whole else [Frontier(first, tuple(roots)).root]
    half = _split(size)
    if first <= half:
        within = half - first
        inner = _consistency(first, half, roots, later[:within], whole=whole)
        return [*inner, root_of(later[within:])]
    return [*_consistency(first - half, size - half, roots[1:], later, whole=False), roots[0]]


def _parts(index: int, size: int) -> tuple[int, int]:
    """Number of hashes in the inner part and on the border, for leaf `index` of `size`."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _inner(seed: bytes, proof: Sequence[bytes], index: int) -> bytes:
    for level, sibling in enumerate(proof):
        seed = node_hash(sibling, seed) if index >> level & 1 else node_hash(seed, sibling)
    return seed


def _inner_left(seed: bytes, proof: Sequence[bytes], index: int) -> bytes:
    for level, sibling in enumerate(proof):
        if index >> level & 1:
            seed = node_hash(sibling, seed)
    return seed


def _border(seed: bytes, proof: Sequence[bytes]) -> bytes:
    for sibling in proof:
        seed = node_hash(sibling, seed)
    return seed


def check_inclusion(
    leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofRefused unless `leaf` is number `index` (from 0) in the tree of `size` and `root`."""
    if not 0 <= index < size:
        raise ProofRefused(f"No tree of {size} entries has an entry {index}.")
    inner, border = _parts(index, size)
    if len(proof) != inner + border or any(len(one) != 32 for one in proof):
        raise ProofRefused("The proof has the wrong length.")
    if _border(_inner(leaf, proof[:inner], index), proof[inner:]) != root:
        raise ProofRefused("The proof does not lead to the root.")


def check_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofRefused unless the tree (`second`, `second_root`) extends (`first`, `first_root`)."""
    if not 0 <= first <= second:
        raise ProofRefused(f"A tree of {second} entries cannot extend one of {first}.")
    if first == second:
        if proof or first_root != second_root:
            raise ProofRefused("Two trees of one size differ.")
        return
    if first == 0:
        if proof or first_root != root_of(()):
            raise ProofRefused("The proof has the wrong length.")
        return
    inner, border = _parts(first - 1, second)
    level = (first & -first).bit_length() - 1
    inner -= level
    perfect = first == 1 << level
    wanted = inner + border + (0 if perfect else 1)
    if len(proof) != wanted or any(len(one) != 32 for one in proof):
        raise ProofRefused("The proof has the wrong length.")
    seed, rest = (first_root, proof) if perfect else (proof[0], proof[1:])
    turns = (first - 1) >> level
    if _border(_inner_left(seed, rest[:inner], turns), rest[inner:]) != first_root:
        raise ProofRefused("The proof does not lead to the earlier root.")
    if _border(_inner(seed, rest[:inner], turns), rest[inner:]) != second_root:
        raise ProofRefused("The proof does not lead to the later root.")
