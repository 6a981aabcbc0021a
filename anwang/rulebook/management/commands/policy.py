"""`anwang policy export | import`: a table as a file, and a file as a draft (docs/formats/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.access.operator import instance_kind
from anwang.common.errors import Refused
from anwang.rulebook.actions.files import FileRefused, draft_of_file, write_draft_of_file
from anwang.rulebook.actions.force import PolicyRefused
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.permissions import PURPOSE, check_can_write
from anwang.rulebook.queries import exported, table_doc, version_standing
from anwang.rulebook.rules.cells import CellError
from anwang.rulebook.rules.exchange.carried import FileFault
from anwang.rulebook.rules.exchange.files import FORMATS


class Command(BaseCommand):
    help = "Write a table as ODS or DMN, or make a draft of such a file or of a year's calendar."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        export = acts.add_parser("export", help="write a version as a file")
        export.add_argument("policy", help="for example triage.grade")
        export.add_argument("--county", help="the county whose overlay it is")
        export.add_argument("--policy-version", help="its name; without it the one in force")
        export.add_argument("--format", choices=FORMATS, default="ods")
        export.add_argument("--out", type=Path, required=True, help="the file to write")
        export.add_argument("--json", action="store_true")
        bring = acts.add_parser(
            "import", help="make a draft of an .ods, .dmn or calendar .csv file"
        )
        bring.add_argument("file", type=Path)
        bring.add_argument(
            "--as", dest="writer", default="ministry", metavar="USERNAME",
            help="the official who writes it (demo and test instances)",
        )  # fmt: skip
        bring.add_argument("--json", action="store_true")

    def handle(self, *, act: str, **options: Any) -> None:
        if act == "export":
            self._export(**options)
        else:
            self._import(**options)

    def _export(
        self, policy: str, county: str | None, policy_version: str | None, format: str, out: Path,
        json: bool, **options: Any,
    ) -> None:  # fmt: skip
        version = _version(policy, county, policy_version)
        if table_doc(version) is None:
            raise CommandError(
                f"{policy} 不是逐列的表。 {policy} is no table of rows; only tables are exported."
            )
        try:
            content = exported(version, format)
        except CellError as wrong:
            raise CommandError(f"{wrong} 請先改好，或存成 ODS。 Mend it, or take ODS.") from None
        out.write_bytes(content)
        told = {"id": policy, "county": county, "version": version.version, "format": format,
                "rows": version.rows, "file": str(out)}  # fmt: skip
        self._say(told, json)

    def _import(self, file: Path, writer: str, json: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"沒有這個檔案。 There is no file {file}.")
        if instance_kind() == "production":
            # Who writes a policy is an official who signed in, not whoever has a shell here.
            raise CommandError(
                "正式環境請在畫面上匯入。 On a production instance import on the screen 規則."
            )
        with acting(_writer(writer), PURPOSE) as actor:
            try:
                read = draft_of_file(file.read_bytes())
                number = write_draft_of_file(read, permit=check_can_write(actor, read.county))
            except FileRefused as refused:
                for fault in refused.faults:
                    self._say({"file": file.name} | _told(fault), json)
                raise CommandError(
                    f"{file.name}: 有 {len(refused.faults)} 處要改，什麼都沒有匯入。"
                    f" {len(refused.faults)} to mend; nothing was imported."
                ) from None
            except (PolicyRefused, Refused) as refusal:
                raise CommandError(str(refusal)) from None
            made = PolicyVersion.objects.get(pk=number)
        told = {"id": made.policy_id, "county": made.county, "version": made.version,
                "state": made.state, "rows": made.rows, "number": number,
                "written_from": read.older or None}  # fmt: skip
        self._say(told, json)

    def _say(self, told: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self.stdout.write("  ".join(str(one) for one in told.values() if one not in ("", None)))


def _version(policy: str, county: str | None, name: str | None) -> PolicyVersion:
    if name is None:
        found = version_standing(policy, county)
    else:
        found = PolicyVersion.objects.filter(policy_id=policy, county=county, version=name).first()
    if found is None:
        raise CommandError(
            f"沒有 {policy}（{county or '全國'}）這一版；用 anwang policies 看有哪些。"
            f" No such version of {policy}; see anwang policies."
        )
    return found


def _writer(username: str) -> Actor:
    try:
        return Actor(Account.objects.get_by_natural_key(username).pk)
    except Account.DoesNotExist:
        raise CommandError(
            f"沒有帳號 {username}：請用 --as 指定寫草案的人。"
            f" There is no account {username}; name the writer with --as."
        ) from None


def _told(fault: FileFault) -> dict[str, str]:
    place = fault.place
    return {"sheet": place.sheet, "row": place.row, "column": place.column,
            "written": fault.written, "zh": fault.text["zh"], "en": fault.text["en"]}  # fmt: skip
