"""The witness as a stranger meets it: a process with a home, spoken to over HTTP (D3)."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.access.rules.notes import Checkpoint, NotSigned, PublicKey, Signer
from anwang.access.rules.proofs import ProofRefused, check_consistency, consistency_proof
from anwang.access.rules.tree import Frontier, leaf_hash, root_of
from tests.instance import ROOT, free_port
from witness.extending import extends

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]
LOG = Signer("example.invalid/log", b"k" * 32)


def grown(size: int) -> Frontier:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier = frontier.grown(leaf)
    return frontier


@contextlib.contextmanager
def serving(home: Path, port: int, *logs: str) -> Iterator[subprocess.Popen[bytes]]:
    """A witness process until the block ends."""
    arguments = [sys.executable, "-m", "witness", "--home", str(home), "--port", str(port)]
    for log in logs:
        arguments += ["--log", log]
    process = subprocess.Popen(arguments, cwd=ROOT, env={"PATH": os.environ["PATH"]})
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/key", timeout=1).close()
                break
            assert process.poll() is None
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, old: int, proof: list[bytes], note: str) -> tuple[int, str]:
    """Status and text of the witness's answer."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    body = "\n".join(lines) + "\n\n" + note
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/add-checkpoint", data=body.encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def note_of(size: int, root: bytes | None = None, signer: Signer = LOG) -> str:
    return signer.signed(Checkpoint(signer.name, size, root or root_of(LEAVES[:size])).text)


def test_a_witness_signs_what_extends_and_nothing_else(tmp_path):
    home, port = tmp_path / "witness-x", free_port()
    with serving(home, port, str(LOG.public)):
        key = PublicKey.of(get(port, "/key"))
        assert key.name == "witness-x"
        status, line = ask(port, 0, [], note_of(5))
        assert status == 200
        assert abs(key.cosigned_at(note_of(5) + line) - time.time()) < 60
        proof = consistency_proof(grown(5), LEAVES[5:9])
        assert ask(port, 5, proof, note_of(9))[0] == 200
        # again the same: signed anew, kept once
        assert ask(port, 9, [], note_of(9))[0] == 200
        refused = {
            "smaller": (ask(port, 5, [], note_of(7)), 409),
            "another beginning": (ask(port, 0, [], note_of(12)), 409),
            "two faces": (ask(port, 9, [], note_of(9, b"x" * 32)), 422),
            "a forged proof": (ask(port, 9, [b"x" * 32], note_of(12)), 422),
            "not signed": (ask(port, 9, [], note_of(12, signer=Signer(LOG.name, b"o" * 32))), 403),
            "another log": (ask(port, 0, [], note_of(1, signer=Signer("other", b"k" * 32))), 404),
            "not a note": (ask(port, 9, [], "hello"), 400),
        }
        assert {name: got[0] for name, (got, _) in refused.items()} == {
            name: wanted for name, (_, wanted) in refused.items()
        }
        assert refused["smaller"][0][1] == "9\n"
        held = get(port, f"/checkpoint?origin={LOG.name}")
        assert Checkpoint.of(held) == Checkpoint(LOG.name, 9, root_of(LEAVES[:9]))
        assert LOG.public.opened(held)
    assert len((home / "checkpoints.jsonl").read_text().splitlines()) == 2


def test_what_it_signed_it_still_keeps_after_kill_9_and_a_torn_line(tmp_path):
    home, port = tmp_path / "witness-x", free_port()
    with serving(home, port, str(LOG.public)) as process:
        key = get(port, "/key")
        ask(port, 0, [], note_of(5))
        os.kill(process.pid, signal.SIGKILL)
    with (home / "checkpoints.jsonl").open("a") as file:
        file.write('{"at": 1, "no')
    with serving(home, port, str(LOG.public)):
        assert get(port, "/key") == key
        assert Checkpoint.of(get(port, "/checkpoint")).size == 5
        assert ask(port, 0, [], note_of(6)) == (409, "5\n")
    assert (home / "checkpoints.jsonl").read_text().endswith("\n")


def test_it_shares_no_code_with_the_log_it_watches():
    for path in (ROOT / "witness").glob("*.py"):
        assert "anwang." not in path.read_text().replace("anwang.invalid", ""), path


@given(st.integers(0, 60), st.integers(0, 60), st.lists(st.integers(0, 99), max_size=3))
def test_its_proofs_and_ours_agree(first, second, bent):
    proof = consistency_proof(grown(first), LEAVES[first:second]) if first <= second else []
    for one in bent:
        if one < len(proof):
            proof[one] = b"x" * 32
        elif one % 2:
            proof = proof[:-1]
    roots = root_of(LEAVES[:first]), root_of(LEAVES[:second])
    try:
        check_consistency(first, roots[0], second, roots[1], proof)
        ours = True
    except ProofRefused:
        ours = False
    assert extends(first, roots[0], second, roots[1], proof) == ours


def test_a_signature_of_another_witness_does_not_count(tmp_path):
    other = PublicKey("witness-x", b"\x00" * 32, 4)
    with pytest.raises(NotSigned):
        other.cosigned_at(note_of(3))
