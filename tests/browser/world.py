"""What the pages of the browser tests show: reports in each state, made through the real doors."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
import requests

from anwang.triage.trials.queries.versions import CAN_BE_TRIED
from tests.flow.story import Story
from tests.instance import Instance
from tests.visitor import Visitor


@dataclass(frozen=True)
class World:
    """Receipts and ids to put into addresses."""

    open: str  # at the desk, undecided, maybe the same event as `again`
    again: str
    offered: str
    offer: str
    accepted: str
    case: str
    family: str
    mine: str  # the teacher's own
    attachment: str
    delivery: str  # with a row set aside
    row_aside: str
    known: str  # a report about somebody whom the registries know
    line: str  # by which a caller may mean the same person
    question: str  # who that is
    version: str  # of a policy that can be tried on past reports


def build_world(instance: Instance) -> World:
    credential = instance.anwang("sender", "add", f"world-{uuid.uuid4().hex[:6]}")[0]["credential"]
    desk = someone(instance, "desk")
    mine, attachment = a_teachers_report(instance, desk)
    open_, again, offered, accepted = (
        deliver(instance, credential, n, told) for n, told in enumerate(TOLD)
    )
    stories = {receipt: Story(instance, receipt) for receipt in (open_, again, offered, accepted)}
    for story in stories.values():
        story.desk_sees_it(desk)
    for receipt in (offered, accepted):
        page = desk.get(f"/desk/{receipt}/")
        # One team for both, whose worker has an account of the demo.
        desk.send(
            page.form("/change/"),
            {"team": "68000-prevention-centre-2", "reason": "中壢由兒保二組"},
        )
    stories[accepted].team_answers("68000-prevention-centre-2", "accept")
    with instance.superuser() as connection:
        [(offer,)] = connection.execute(
            "select o.id from triage_offer o join intake_report r on r.id = o.matter_id"
            " where r.receipt = %s", [offered]
        )  # fmt: skip
        [(case, family)] = connection.execute(
            "select c.id, f.number from cases_case c join cases_familyfile f on f.id = c.family_id"
            " join intake_report r on r.id = c.matter_id where r.receipt = %s", [accepted]
        )  # fmt: skip
        known, line = somebody_known(instance, credential, desk, connection)
        [(question,)] = connection.execute(
            "select v.id from people_review v join intake_report r on r.id = v.about"
            " where r.receipt = %s order by v.since limit 1", [known]
        )  # fmt: skip
        delivery, row_aside = a_row_set_aside(instance, connection)
        [(version,)] = connection.execute(
            "select min(id) from rulebook_policyversion where policy_id = any(%s)",
            [list(CAN_BE_TRIED)],
        )
    return World(
        open_, again, offered, str(offer), accepted, str(case), str(family), mine, attachment,
        delivery, row_aside, known, line, str(question), str(version),
    )  # fmt: skip


DOSES = """record_key,name,vaccine,dose,due_on,given_on
W-1,景小安,五合一,1,2026-01-05,2026-01-06
W-2,景小安,五合一,2,2026-03-05,2026-02-30
"""


def a_row_set_aside(instance: Instance, connection: psycopg.Connection[Any]) -> tuple[str, str]:
    """Ids of a delivery with one bad row, and of that row."""
    path = instance.home / "doses.csv"
    path.write_text(DOSES, encoding="utf-8")
    [told] = instance.anwang("load", "immunisation", str(path))
    assert told["quarantined"] == 1
    [(delivery, row)] = connection.execute(
        "select delivery_id::text, id::text from registries_quarantinedrow"
        " where rule = 'date-impossible' order by id limit 1"
    )
    return delivery, row


def someone(instance: Instance, username: str) -> Visitor:
    return Visitor(instance.url, username, instance.password(username))


TOLD: list[dict[str, Any]] = [
    {"narrative": "學生手臂有新瘀傷，自述昨晚被父親用衣架打。", "channel": "hospital"},
    {"narrative": "鄰居昨晚聽到小孩哭喊，今天手臂有傷。", "channel": "hotline-113"},
    {"narrative": "弟弟說不敢回家，父親喝酒會打人。", "channel": "school-safety"},
    {"narrative": "幼兒園看到臉上有掌印。", "channel": "school-safety"},
]


def deliver(instance: Instance, credential: str, number: int, told: dict[str, Any]) -> str:
    family = 0 if number < 2 else number
    body = {
        "report_id": f"W-{uuid.uuid4().hex[:10]}",
        "county": "桃園市",
        "subjects": [
            {"role": "victim", "name": f"景小{'安平和樂'[family]}", "birth": "民國107年5月1日",
             "sex": "M", "address": f"桃園市中壢區範例路{family + 3}段2號3樓"},
            {"role": "respondent", "name": f"景大{'安平和樂'[family]}", "birth": "約40歲", "sex": "M",
             "relation_to_victim": "父", "phone": f"0900-000-10{family}"},
        ],
        "concerns": ["child-physical"],
        "immediate_danger": "no",
        "incident": {"occurred_at": "昨晚", "injury": "minor"},
    } | told  # fmt: skip
    answer = requests.post(
        f"{instance.url}/api/v1/reports", data=json.dumps(body).encode(), timeout=60,
        headers={"Authorization": f"Bearer {credential}", "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["receipt"])


def somebody_known(
    instance: Instance, credential: str, desk: Visitor, connection: psycopg.Connection[Any]
) -> tuple[str, str]:
    """The receipt of a report about somebody of the registers, whose day of birth is untold, and a
    line that tells a nickname and the year.

    Nobody who is close to somebody of the staff, or of such a one's name: that is rightly closed to them.
    """
    [(name, year, month, sex)] = connection.execute(
        "with close as (select distinct c.person from access_account a"
        " cross join lateral cases.close_persons(a.human) c where a.human is not null)"
        " select forms ->> 'n', forms ->> 'y', forms ->> 'm', forms ->> 'x' from people_identity"
        " where source_id = 'household-registration' and not superseded and forms ? 'd'"
        " and forms ->> 'm' is not null and length(forms ->> 'n') = 3"
        " and not forms ->> 'n' = any(array(select i.forms ->> 'n' from people_identity i"
        "  join close on close.person = i.person_id where i.forms ? 'n')) order by no limit 1"
    )  # fmt: skip
    subject = {"role": "victim", "name": name, "birth": f"{year}-{int(month):02}", "sex": sex}
    receipt = deliver(
        instance,
        credential,
        0,
        {"subjects": [subject], "narrative": "住在同一區的孩子，三天沒來。"},
    )
    Story(instance, receipt).desk_sees_it(desk)
    return receipt, f"小{name[-1]} 民國{int(year) - 1911}"


def a_teachers_report(instance: Instance, desk: Visitor) -> tuple[str, str]:
    """Receipt and attachment id of a report with a photo."""
    import re

    from tests.flow.test_doors import person, photo, receipt_on

    teacher = someone(instance, "teacher")
    page = teacher.send(
        teacher.get("/report/").form("/report/"),
        {"narrative": "學生說餓了兩天。", **person(0, "victim", "景小門", birth="107.6.1")},
        files=[("photos", ("food.jpg", photo(), "image/jpeg"))],
    )
    receipt = receipt_on(page)
    Story(instance, receipt).desk_sees_it(desk)
    found = re.search(r"/attachments/([0-9a-f-]{36})/", desk.get(f"/desk/{receipt}/").text)
    assert found
    return receipt, found.group(1)
