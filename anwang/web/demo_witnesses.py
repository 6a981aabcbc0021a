"""Two witnesses for a demo, as children of `anwang up`; elsewhere others run them (docs/audit.md)."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from anwang.access.audit_key import signer
from config.home import CHECKOUT
from config.programs import Kept

NUMBER = 2


def demo_witnesses() -> list[Kept]:
    """Start them with homes under the instance's home, and name them where the worker looks."""
    children, lines = [], []
    for number in range(1, NUMBER + 1):
        home, port = settings.HOME / f"witness-{number}", _free_port()
        lines.append(f"{_key(home)}@http://127.0.0.1:{port}")
        log = str(signer().public)
        children.append(Kept("", [*_program(home), "--port", str(port), "--log", log]))
    (settings.HOME / "witnesses").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return children


def _program(home: Path) -> list[str]:
    return [sys.executable, "-m", "witness", "--home", str(home)]


def _key(home: Path) -> str:
    """The witness's public key; it makes its key at first."""
    done = subprocess.run(
        [*_program(home), "--print-key"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
