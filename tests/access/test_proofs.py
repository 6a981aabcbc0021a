"""Proofs over the audit's tree, held against the definition of RFC 6962 and its own examples (D3)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.access.rules.notes import (
    COSIGNED,
    BrokenNote,
    Checkpoint,
    NotSigned,
    PublicKey,
    Signer,
)
from anwang.access.rules.proofs import (
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from anwang.access.rules.tree import Frontier, leaf_hash, root_of

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]


def defined_subproof(first: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF, word for word from RFC 6962 section 2.1.2."""
    size = len(leaves)
    if first == size:
        return [] if whole else [root_of(leaves)]
    half = 1
    while half * 2 < size:
        half *= 2
    if first <= half:
        return [*defined_subproof(first, leaves[:half], whole), root_of(leaves[half:])]
    return [*defined_subproof(first - half, leaves[half:], False), root_of(leaves[:half])]


def grown(leaves: Sequence[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.grown(leaf)
    return frontier


def test_every_entry_of_every_small_tree_is_proved_to_lie_in_it():
    for size in range(1, 40):
        root = root_of(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(LEAVES[:size], index)
            check_inclusion(LEAVES[index], index, size, root, proof)
            with pytest.raises(ProofRefused):
                check_inclusion(LEAVES[(index + 1) % 70], index, size, root, proof)


def test_every_small_tree_extends_every_smaller_one():
    for second in range(40):
        later = root_of(LEAVES[:second])
        for first in range(second + 1):
            proof = consistency_proof(grown(LEAVES[:first]), LEAVES[first:second])
            if first:
                assert proof == defined_subproof(first, LEAVES[:second], True)
            check_consistency(first, root_of(LEAVES[:first]), second, later, proof)


@given(st.integers(1, 69), st.integers(1, 69), st.integers(0, 255), st.integers(0, 12))
def test_no_hash_of_a_proof_is_left_out_of_account(first, second, bit, place):
    first, second = sorted((first, second))
    proof = consistency_proof(grown(LEAVES[:first]), LEAVES[first:second])
    if not proof:
        return
    bent = bytearray(proof[place % len(proof)])
    bent[bit // 8] ^= 1 << bit % 8
    proof[place % len(proof)] = bytes(bent)
    with pytest.raises(ProofRefused):
        check_consistency(first, root_of(LEAVES[:first]), second, root_of(LEAVES[:second]), proof)


def test_the_example_of_the_standard_has_its_shape():
    """RFC 6962 section 2.1.3: seven leaves; PATH(3) is [c, g, l], PROOF(6) is [i, j, k]."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = root_of([a, b]), root_of([c, d]), root_of([e, f])
    k, long = root_of([a, b, c, d]), root_of([e, f, j])
    assert inclusion_proof(LEAVES[:7], 3) == [c, g, long]
    assert inclusion_proof(LEAVES[:7], 6) == [i, k]
    assert consistency_proof(grown(LEAVES[:3]), LEAVES[3:7]) == [c, d, g, long]
    assert consistency_proof(grown(LEAVES[:4]), LEAVES[4:7]) == [long]
    assert consistency_proof(grown(LEAVES[:6]), LEAVES[6:7]) == [i, j, k]
    assert h != k


@pytest.mark.parametrize(
    "wrong", [(5, 3, []), (-1, 3, []), (0, 3, [LEAVES[0]]), (3, 3, [LEAVES[0]])]
)
def test_impossible_sizes_are_refused(wrong):
    first, second, proof = wrong
    with pytest.raises(ProofRefused):
        check_consistency(
            first, root_of(LEAVES[: max(first, 0)]), second, root_of(LEAVES[:second]), proof
        )


SIGNER = Signer("example.invalid/log", bytes(range(32)))
CHECKPOINT = Checkpoint("example.invalid/log", 7, hashlib.sha256(b"root").digest())


def test_a_checkpoint_is_read_back_from_its_signed_note():
    note = SIGNER.signed(CHECKPOINT.text)
    assert SIGNER.public.opened(note) == CHECKPOINT.text
    assert Checkpoint.of(note) == CHECKPOINT
    assert PublicKey.of(str(SIGNER.public)) == SIGNER.public


@pytest.mark.parametrize("change", ["size", "root", "name", "signature", "key", "cut"])
def test_a_changed_note_is_not_signed(change):
    note = SIGNER.signed(CHECKPOINT.text)
    other = Signer("example.invalid/log", b"x" * 32).public
    changed = {
        "size": note.replace("\n7\n", "\n8\n"),
        "root": note.replace(note.splitlines()[2], "A" * 43 + "="),
        "name": note.replace("— example", "— exampel"),
        "signature": note[:-10] + "AAAA" + note[-6:],
        "key": note,
        "cut": note.rpartition("—")[0],
    }[change]
    with pytest.raises(NotSigned):
        (other if change == "key" else SIGNER.public).opened(changed)


@pytest.mark.parametrize("text", ["", "a\nb\nc\n", "a\n07\n" + "A" * 43 + "=\n", "a\n1\nAAAA\n"])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BrokenNote):
        Checkpoint.of(text)
    with pytest.raises(BrokenNote):
        PublicKey.of(text)


def test_an_ordinary_signature_does_not_pass_for_a_witness():
    note = SIGNER.signed(CHECKPOINT.text)
    with pytest.raises(NotSigned):
        PublicKey(SIGNER.name, SIGNER.public.public, COSIGNED).cosigned_at(note)
