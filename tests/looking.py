"""People who may ask who looked: citizens with numbers, reports that tell of them, and looks at those."""

from __future__ import annotations

import re
import uuid
from functools import cache

from django.test import Client

from anwang.access.actions.safe_adults import name_safe_adult
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Account
from anwang.common.values.national_id import parse_id
from anwang.triage.models import Matter, Screening
from anwang.triage.permissions import check_can_read_matter
from tests.conftest import as_role
from tests.factories import PASSWORD, TAOYUAN, account, picture_of_two, received_report
from tests.relatives import Known, is_human, known_person


@cache
def number(n: int) -> str:
    """The n-th invented national ID that passes its checksum."""
    stem = f"A2{n:07d}"
    return next(f"{stem}{digit}" for digit in range(10) if parse_id(f"{stem}{digit}").valid)


def citizen(username: str, who: Known) -> Actor:
    """The account of a person."""
    made = account(username, (f"citizen-{username}", TAOYUAN, "citizen"))
    is_human(made.id, who)
    return made


def report_on(
    victim: tuple[Known, str], respondent: tuple[Known, str], *, stream: str | None = "consult",
    state: str = "awaiting-decision", victim_role: str = "victim",
) -> uuid.UUID:  # fmt: skip
    """A screened report that gives both numbers; its stream and state as somebody decided."""
    subjects = [
        {"role": victim_role, "name": "陳小安", "national_id": victim[1], "sex": "M"},
        {"role": "respondent", "name": "陳大方", "national_id": respondent[1], "sex": "M"},
    ]
    report = received_report(subjects=subjects).report
    with as_role("worker"):
        Screening.objects.create(
            matter_id=report, matches={},
            picture=picture_of_two(victim[0].person, respondent[0].person),
        )  # fmt: skip
        Matter.objects.filter(pk=report).update(stream=stream, state=state)
    return report


def look(worker: Actor, report: uuid.UUID) -> None:
    """The worker opens the report at the desk."""
    with acting(worker, "test"):
        check_can_read_matter(worker, report)


def is_safe(adult: Known, child: Known) -> None:
    with as_role("worker"), acting(LOADING, "test"):
        name_safe_adult(child=child.token, adult=adult.token, ground="judged", actor=LOADING)


def page(asker: Actor, of_child: str | None = None) -> str:
    """The asker's page, or its answer to a child's number, without the form's one-time token."""
    with as_role("worker"):
        username = Account.objects.get(pk=asker.id).username
    client = Client()
    signed_in = client.post("/sign-in/", {"username": username, "password": PASSWORD})
    assert signed_in.status_code == 302
    answer = client.get("/me/") if of_child is None else client.post("/me/", {"number": of_child})
    assert answer.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def pair(n: int) -> tuple[tuple[Known, str], tuple[Known, str]]:
    """Two persons with numbers of their own."""
    one, two = number(2 * n), number(2 * n + 1)
    return (known_person(number=one), one), (known_person(number=two), two)
