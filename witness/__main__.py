"""`python -m witness --home FOLDER --log KEY`: serve on the loopback address until ended."""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from witness.keeping import Answer, Witness, log_key

LONGEST = 64 * 1024


def asked(body: bytes) -> tuple[int, list[bytes], str]:
    """Old size, proof and note of a request. Raises Answer."""
    head, gap, note = body.partition(b"\n\n")
    first, *proof = head.decode(errors="replace").splitlines() or [""]
    try:
        word, old = first.split(" ")
        hashes = [base64.b64decode(one, validate=True) for one in proof]
        if not gap or word != "old" or str(int(old)) != old or len(hashes) > 63 \
                or any(len(one) != 32 for one in hashes):  # fmt: skip
            raise ValueError
        return int(old), hashes, note.decode()
    except (ValueError, binascii.Error):
        raise Answer(400, "not a request for a signature") from None


def door_of(witness: Witness) -> type[BaseHTTPRequestHandler]:
    """The HTTP door: POST /add-checkpoint, GET /checkpoint?origin=, GET /key."""

    class Door(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/key":
                return self.say(200, witness.public + "\n")
            origin = parse_qs(address.query).get("origin", [""])[0]
            held = witness.held(origin) if address.path == "/checkpoint" else None
            return self.say(200, held) if held else self.say(404, "nothing kept\n")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/add-checkpoint" or not 0 < length <= LONGEST:
                return self.say(404 if self.path != "/add-checkpoint" else 413, "no\n")
            try:
                return self.say(200, witness.add(*asked(self.rfile.read(length))))
            except Answer as answer:
                kind = "text/x.tlog.size" if answer.status == 409 else "text/plain"
                return self.say(answer.status, answer.text + "\n", kind)

        def say(self, status: int, text: str, kind: str = "text/plain") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind + "; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing of each request."""

    return Door


def main() -> None:
    """Serve until ended; `--print-key` only makes the key, if need be, and prints it."""
    asked_for = argparse.ArgumentParser(prog="witness", description=__doc__)
    asked_for.add_argument("--home", type=Path, required=True)
    asked_for.add_argument("--name", help="default: the folder's name")
    asked_for.add_argument("--log", action="append", default=[], help="a log's public key")
    asked_for.add_argument("--host", default="127.0.0.1")
    asked_for.add_argument("--port", type=int, default=8930)
    asked_for.add_argument("--print-key", action="store_true")
    given = asked_for.parse_args()
    try:
        logs = dict(log_key(one) for one in given.log)
    except ValueError as error:
        asked_for.error(str(error))
    witness = Witness(given.home, given.name or given.home.name, logs)
    if given.print_key:
        sys.stdout.write(witness.public + "\n")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ThreadingHTTPServer((given.host, given.port), door_of(witness)) as server:
        server.daemon_threads = True
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
