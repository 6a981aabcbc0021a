"""`anwang sender add NAME`: a delivering system's credential, printed once."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.senders import add_sender
from anwang.access.context import Actor, acting
from anwang.access.models import Account

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Command(BaseCommand):
    help = "Register a delivering system and print its credential, which is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["add"])
        parser.add_argument("name", help="for example hotline-113")
        parser.add_argument("--as", dest="operator", default="demo-operator", metavar="USERNAME")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, name: str, operator: str, json: bool, **options: Any) -> None:
        if not NAME.fullmatch(name):
            raise CommandError(
                "名稱只用小寫英文、數字與連字號，最多 64 字。"
                " A name has small letters, figures and hyphens, 64 at most.",
                returncode=2,
            )
        try:
            account = Account.objects.get_by_natural_key(operator)
        except Account.DoesNotExist:
            raise CommandError(
                f"沒有帳號 {operator}：請用 --as 指定管理員。"
                f" There is no account {operator}; name an operator with --as."
            ) from None
        actor = Actor(account.pk, role="operator")
        with acting(actor, "register-sender"):
            secret = add_sender(name, actor=actor)
        self.stdout.write(_as_json(name, secret) if json else _as_text(name, secret))


def _as_json(name: str, secret: str) -> str:
    return json.dumps({"name": name, "credential": secret}, ensure_ascii=False)


def _as_text(name: str, secret: str) -> str:
    return f"{name}\n{secret}\n請立即保存，不會再顯示。 Keep it now; it is not shown again."
