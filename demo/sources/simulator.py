"""Runs the simulated sources on loopback, in a thread of its own, and says how to connect to them."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import asyncssh
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.outgoing import outgoing_of
from anwang.registries.transports.connections import Connection
from anwang.registries.transports.routes import route_of
from demo.sources.pages import Site, application
from demo.sources.rendering import render, stem_of
from demo.sources.shelf import Shelf, Users
from demo.sources.stock import Stock

HOST = "127.0.0.1"


class Simulator:
    """All sources of a stock behind an HTTP and an SFTP server; a context manager.

    `bodies` are the manifests by source. `faults` (source -> fault) may be changed meanwhile; what
    lies in folders is laid there anew by `lay_files`.
    """

    def __init__(
        self,
        stock: Stock,
        bodies: Mapping[str, Mapping[str, object]],
        manifests: Mapping[str, Manifest],
        home: Path,
        *,
        delivered_at: datetime,
        faults: dict[str, str] | None = None,
        asker: Ed25519PublicKey | None = None,
        port_base: int = 0,
    ) -> None:
        self._home, self._bodies, self._manifests = home, bodies, manifests
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = _kept(home / "credentials.json", sorted(bodies))
        self._host_key = asyncssh.import_private_key(kept["host_key"])
        self.site = Site(
            stock=stock,
            tokens=kept["tokens"],
            key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept["answer_key"])),
            delivered_at=delivered_at,
            versions={source: one.version for source, one in manifests.items()},
            asker=asker,
            faults=faults if faults is not None else {},
        )
        self._port_base = port_base
        self.http_port = self.sftp_port = 0
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done = asyncio.Event()
        self._failed: BaseException | None = None

    def __enter__(self) -> Simulator:
        self.lay_files()
        self._thread = threading.Thread(target=self._run, name="sources", daemon=True)
        self._thread.start()
        self._up.wait(20)
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(20)
        for file in self.site.opened:
            file.close()  # of clients that were gone in the middle

    def connections(self) -> list[Connection]:
        """How to reach each source: its address, its credentials, its keys."""
        return [self._connection(source) for source in sorted(self._bodies)]

    def lay_files(self) -> None:
        """Lay the deliveries of those that deliver files into their folders."""
        for source, body in self._bodies.items():
            route = route_of(body)
            if (told := outgoing_of(body)) and route.kind in ("file", "sftp"):
                for path in (told.path, route.path):
                    self.folder_of(source, path).mkdir(mode=0o700, parents=True, exist_ok=True)
            if route.kind in ("file", "sftp") and self.site.stock.columns(source):
                folder = self._folder(source, route.kind).joinpath(
                    *[part for part in route.path.split("/") if part]
                )
                fault = self.site.faults.get(source, "")
                at = self.site.delivered_at
                if fault or not any(folder.glob(f"{stem_of(source, at)}*")):
                    # Laid there once: a file that is written again looks like another file.
                    render(self.site.stock, self._manifests[source], folder, at, fault)

    def folder_of(self, source: str, path: str) -> Path:
        """Where something lies at a source that delivers files: `path` as its manifest says it."""
        kind = route_of(self._bodies[source]).kind
        return self._folder(source, kind).joinpath(*[part for part in path.split("/") if part])

    def _folder(self, source: str, kind: str) -> Path:
        return self._home / kind / source

    def _connection(self, source: str) -> Connection:
        route = route_of(self._bodies[source])
        http = f"http://{HOST}:{self.http_port}/{source}"
        token = self.site.tokens[source]
        public = self.site.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        signed = base64.b64encode(public).decode()
        if route.kind == "sftp":
            return Connection(
                source, f"sftp://{HOST}:{self.sftp_port}/", user=source, secret=token,
                host_key=self._host_key.export_public_key("openssh").decode().strip(),
                answer_key=signed, lookup_url=http,
            )  # fmt: skip
        if route.kind == "file":
            folder = self._folder(source, "file")
            return Connection(
                source, f"file://{folder}", secret=token, answer_key=signed, lookup_url=http
            )
        return Connection(source, http, secret=token, answer_key=signed)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failed = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        runner = web.AppRunner(application(self.site), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        wanted = self._port_base, self._port_base and self._port_base + 1
        http, sftp = _bound(wanted[0]), _bound(wanted[1])
        self.http_port, self.sftp_port = http.getsockname()[1], sftp.getsockname()[1]
        await web.SockSite(runner, http).start()
        acceptor = await asyncssh.listen(
            sock=sftp,
            server_factory=lambda: Users(self.site),
            server_host_keys=[self._host_key],
            sftp_factory=lambda chan: Shelf(chan, self.site, self._home / "sftp"),
            allow_scp=False, agent_forwarding=False, config=None,
        )  # fmt: skip
        self._up.set()
        await self._done.wait()
        acceptor.close()
        await acceptor.wait_closed()
        await runner.cleanup()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    return made


def _kept(path: Path, sources: list[str]) -> dict[str, Any]:
    """Tokens and keys of the simulator: made once, so that connections outlive a restart."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not kept:
        kept = {
            "tokens": {},
            "answer_key": secrets.token_hex(32),
            "host_key": asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(),
        }
    for source in sources:
        kept["tokens"].setdefault(source, secrets.token_urlsafe(24))
    path.touch(mode=0o600)
    path.write_text(json.dumps(kept), encoding="utf-8")
    return dict(kept)
