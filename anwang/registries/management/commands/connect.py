"""`anwang connect SOURCE`: says where a source stands and how we prove who asks.

Secrets are asked for, or read from a file or standard input; never given as an argument, where
every user of the machine could read them, and never printed.
"""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import json
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.access.vocabulary import Act
from anwang.registries.actions.deliveries import SourceUnknown
from anwang.registries.models import Source
from anwang.registries.transports.connections import (
    Connection,
    connect,
    connected,
    connection_to,
    disconnect,
)
from anwang.registries.transports.sftp import host_key_of
from anwang.registries.transports.troubles import SourceTrouble

_FROM_STDIN = "-"
_KEPT = ("url", "user", "host_key", "private_key", "ca_file", "answer_key", "lookup_url")


class Command(BaseCommand):
    help = "Set, list or forget the connections to sources. Nothing secret is shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="?", help="id of the source; none: list them all")
        parser.add_argument(
            "--url", help="file:///folder, sftp://host:port/folder, https://host/base"
        )
        parser.add_argument("--lookup-url", help="where one person is asked about, if elsewhere")
        parser.add_argument("--user", help="for SFTP")
        parser.add_argument(
            "--host-key", help="the SFTP server's public key: 'ssh-ed25519 AAAA...'"
        )
        parser.add_argument("--show-host-key", metavar="URL", help="print the key a server shows")
        parser.add_argument("--private-key", help="path of our SSH key")
        parser.add_argument("--ca-file", help="path of the authority that signed the server's key")
        parser.add_argument("--answer-key", help="base-64 Ed25519 key that signs its answers")
        parser.add_argument("--secret-file", help="token or password: a path, or - for the input")
        parser.add_argument("--ask-secret", action="store_true", help="ask for token or password")
        parser.add_argument("--forget", action="store_true")
        parser.add_argument("--as", dest="operator", default="demo-operator", metavar="USERNAME")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, source: str | None, **options: Any) -> None:
        if options["show_host_key"]:
            self._show_host_key(options["show_host_key"])
        elif source is None:
            for one in connected():
                self._say(connection_to(one), as_json=options["json"])
        elif not Source.objects.filter(pk=source).exists():
            raise SourceUnknown(f"{SourceUnknown.__doc__} ({source})")
        elif options["forget"]:
            disconnect(source)
            _put_on_record(source, "forgotten", options["operator"])
        else:
            self._set(source, options)

    def _set(self, source: str, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in _KEPT if options[name] is not None}
        secret = _secret(options)
        before = connection_to(source)
        if not given and secret is None:
            self._say(before, as_json=options["json"])
            return
        if before is None and "url" not in given:
            raise CommandError("請以 --url 指定網址。 Name the address with --url.", returncode=2)
        made = replace(before or Connection(source, given["url"]), **given)
        if secret is not None:
            made = replace(made, secret=secret)
        connect(made)
        _put_on_record(source, "set", options["operator"])
        self._say(made, as_json=options["json"])

    def _show_host_key(self, url: str) -> None:
        try:
            key = asyncio.run(host_key_of(url))
        except SourceTrouble as trouble:
            raise CommandError(f"{trouble.text.zh} {trouble.text.en}") from None
        digest = b64encode(hashlib.sha256(b64decode(key.split()[1])).digest()).decode().rstrip("=")
        self.stdout.write(
            f"{key}\nSHA256:{digest}\n請向對方核對指紋後再釘選。"
            " Compare the fingerprint with its owner before you pin it."
        )

    def _say(self, one: Connection | None, *, as_json: bool) -> None:
        if one is None:
            raise CommandError("還沒有連線設定。 No connection is set.", returncode=1)
        if as_json:
            self.stdout.write(json.dumps(one.shown, ensure_ascii=False))
            return
        proof = "有 yes" if one.shown["credentials"] else "無 none"
        self.stdout.write(f"{one.source:28}  {one.url}  憑證 credentials: {proof}")


def _secret(options: dict[str, Any]) -> str | None:
    if options["ask_secret"]:
        return getpass.getpass("權杖或密碼 Token or password: ")
    if options["secret_file"] == _FROM_STDIN:
        return sys.stdin.read().strip()
    if options["secret_file"]:
        return Path(options["secret_file"]).read_text(encoding="utf-8").strip()
    return None


def _put_on_record(source: str, what: str, operator: str) -> None:
    try:
        account = Account.objects.get_by_natural_key(operator)
    except Account.DoesNotExist:
        raise CommandError(
            f"沒有帳號 {operator}：請用 --as 指定。 There is no account {operator}; name one with --as."
        ) from None
    actor = Actor(account.pk, role="operator")
    with acting(actor, "connect-source"):
        record_event(
            Act.SOURCE_CONNECTED, actor=actor, object_kind="source", object_ids=[source],
            purpose="connect-source", result=what,
        )  # fmt: skip
