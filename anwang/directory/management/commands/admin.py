"""`anwang admin create | train | end`: accounts from the command line, the first of a production instance.

It stands with the directory, since an account's seat names a team of it (decision 10).
"""

from __future__ import annotations

import getpass
import json
import sys
import uuid
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.accounts import add_account, end_account
from anwang.access.actions.entries import record_event
from anwang.access.actions.standing import note_fulfilled
from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.access.tokens import id_token
from anwang.access.vocabulary import Act, Role
from anwang.directory.models import Team

PROGRAM = Actor(uuid.UUID("00000000-0000-4000-8000-000000000004"), "program", role="operator")


class Command(BaseCommand):
    help = "Make accounts. The password is asked for, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="make an account with a seat in a team")
        create.add_argument("username")
        create.add_argument("--name", required=True, help="display name in Chinese")
        create.add_argument("--name-en", default="", help="display name in English")
        create.add_argument("--role", required=True, choices=[str(role) for role in Role])
        create.add_argument("--team", required=True, help="team id of the directory")
        create.add_argument(
            "--national-id",
            default="",
            help="the person's own number: kept as a token, for conflicts of interest",
        )
        create.add_argument(
            "--trained",
            metavar="PROOF",
            help="the training is passed and the rules are accepted today; say where the proof is",
        )
        create.add_argument("--password-stdin", action="store_true")
        create.add_argument("--json", action="store_true")
        train = acts.add_parser("train", help="note that an account passed what its roles need")
        train.add_argument("username")
        train.add_argument("--proof", required=True, help="course or certificate")
        train.add_argument("--json", action="store_true")
        end = acts.add_parser("end", help="end an account: its seats, its sessions, at once")
        end.add_argument("username")
        end.add_argument("--json", action="store_true")

    def handle(self, *, act: str, **options: Any) -> None:
        if act == "end":
            self._end(options["username"], options["json"])
        elif act == "train":
            self._train(options["username"], options["proof"], options["json"])
        else:
            self._create(**options)

    def _end(self, username: str, as_json: bool) -> None:
        with acting(PROGRAM, "accounts"):
            try:
                account = Account.objects.get_by_natural_key(username)
            except Account.DoesNotExist:
                raise CommandError(f"There is no account {username}.") from None
            end_account(account.pk, actor=PROGRAM)
        ended = {"id": str(account.pk), "username": username, "ended": True}
        self.stdout.write(json.dumps(ended) if as_json else f"{username}: ended")

    def _train(self, username: str, proof: str, as_json: bool) -> None:
        with acting(PROGRAM, "accounts"):
            try:
                account = Account.objects.get_by_natural_key(username)
            except Account.DoesNotExist:
                raise CommandError(f"There is no account {username}.") from None
            note_fulfilled(account, proof, actor=PROGRAM)
            record_event(
                Act.TRAINING_NOTED, actor=PROGRAM, object_kind="account", object_ids=[account.pk]
            )
        noted = {"id": str(account.pk), "username": username, "trained": True}
        self.stdout.write(json.dumps(noted) if as_json else f"{username}: trained")

    def _create(self, *, username: str, role: str, team: str, **options: Any) -> None:
        found = Team.objects.filter(pk=team).first()
        if found is None:
            raise CommandError(
                f"There is no team {team}. Desks are called like 68000-desk or national-desk."
            )
        human = id_token(options["national_id"])
        if options["national_id"] and human is None:
            raise CommandError("The national ID does not pass its checksum. Nothing was made.")
        with acting(PROGRAM, "accounts"):
            if Account.objects.filter(username=username).exists():
                raise CommandError(f"An account {username} exists. Choose another name.")
            made = add_account(
                username,
                display_name=options["name"],
                display_name_en=options["name_en"],
                password=self._password(options["password_stdin"]),
                county=found.county_id,
                memberships=[
                    ("" if role == Role.ADMINISTRATOR else found.pk, found.county_id, role)
                ],
                actor=PROGRAM,
                human=human,
                trained=options["trained"],
            )
        if options["json"]:
            self.stdout.write(json.dumps({"id": str(made.pk), "username": username}))
        else:
            self.stdout.write(f"{username}: {role}, {found.name_zh}")

    def _password(self, from_stdin: bool) -> str:
        if from_stdin:
            password = sys.stdin.readline().rstrip("\n")
        else:
            password = getpass.getpass("password: ")
            if getpass.getpass("again: ") != password:
                raise CommandError("The two passwords differ. Nothing was made.")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        return password
