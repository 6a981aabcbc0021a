"""One report through each door, to an accepted case, in the running instance."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from tests.flow.story import Story
from tests.instance import Instance
from tests.visitor import Page, Visitor

pytestmark = pytest.mark.timeout(600)

DESK_TEAM = "68000-desk"
SENDER = f"hospital-{uuid.uuid4().hex[:6]}"


def someone(instance: Instance, username: str) -> Visitor:
    return Visitor(instance.url, username, instance.password(username))


def receipt_on(page: Page) -> str:
    assert "/receipts/" in page.url, f"{page.url}\n{page.text[:3000]}"
    return page.url.split("/receipts/")[1].split("/")[0]


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (180, 60, 60)).save(out, "JPEG")
    return out.getvalue()


def person(index: int, role: str, name: str, **more: str) -> dict[str, str]:
    fields = {"role": role, "name": name, "address": "桃園市中壢區範例路二段7號"} | more
    return {f"subjects-{index}-{field}": value for field, value in fields.items()}


def a_report(key: str, **more: Any) -> dict[str, Any]:
    """An invented report of a child in Zhongli, as other systems send it."""
    return {
        "report_id": f"{key}-{uuid.uuid4().hex[:8]}",
        "channel": "hospital",
        "county": "桃園市",
        "subjects": [
            {"role": "victim", "name": f"範小{key[-1]}", "birth": "民國107年5月1日", "sex": "F",
             "address": "桃園市中壢區範例路二段7號"},
            {"role": "respondent", "name": f"範大{key[-1]}", "birth": "約40歲", "sex": "M",
             "relation_to_victim": "father"},
        ],
        "concerns": ["child-physical"],
        "immediate_danger": "no",
        "incident": {"occurred_at": "昨晚", "injury": "minor"},
        "narrative": f"急診所見，{key}：手臂有新瘀傷。",
    } | more  # fmt: skip


def write_lines(file: Path, *lines: Any) -> Path:
    file.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in lines))
    return file


def test_a_teachers_report_becomes_a_case(instance: Instance) -> None:
    teacher = someone(instance, "teacher")
    form = teacher.get("/report/").form("/report/")
    page = teacher.send(
        form,
        {"immediate_danger": "no", "narrative": "學生手臂有新瘀傷，說昨晚被父親用衣架打。",
         "concerns": ["child-physical"], "incident-injury": "minor",
         **person(0, "victim", "測小門", birth="107.5.1", sex="F"),
         **person(1, "respondent", "測大門", birth="約40歲", relation_to_victim="父")},
        files=[("photos", ("arm.jpg", photo(), "image/jpeg"))],
    )  # fmt: skip
    receipt = receipt_on(page)
    assert receipt in page.text
    again = teacher.send(
        form,
        {"immediate_danger": "no", "narrative": "學生手臂有新瘀傷，說昨晚被父親用衣架打。",
         "concerns": ["child-physical"], "incident-injury": "minor",
         **person(0, "victim", "測小門", birth="107.5.1", sex="F"),
         **person(1, "respondent", "測大門", birth="約40歲", relation_to_victim="父")},
    )  # fmt: skip
    assert receipt_on(again) == receipt, "the same form sent twice is one report"
    assert receipt in teacher.get("/receipts/").text

    story = Story(instance, receipt)
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    shown = desk.get(f"/desk/{receipt}/").text
    assert "林曉青" not in shown, "the reporter's name stands on no screen of the desk"
    attachment = re.search(r"/attachments/[0-9a-f-]{36}/", shown)
    assert attachment, "the photo is at the desk"
    answer = desk.session.get(instance.url + attachment.group(), timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")

    team = story.desk_confirms(desk)
    assert story.duties()[-1] == DESK_TEAM, "until a team accepts, the desk is accountable"
    story.team_answers(team, "accept")
    assert story.state() == "accepted"
    assert story.duties() == [DESK_TEAM, team]
    assert [case[1] for case in story.cases()] == [team]


@pytest.fixture(scope="module")
def credential(instance: Instance) -> str:
    """Of another system that delivers."""
    [said] = instance.anwang("sender", "add", SENDER)
    return str(said["credential"])


def test_a_refused_offer_returns_to_the_desk_which_stayed_accountable(
    instance: Instance, credential: str
) -> None:
    answer = post(instance, credential, a_report("退"))
    story = Story(instance, answer.json()["receipt"])
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    team = story.desk_confirms(desk)
    story.team_answers(team, "refuse", reason="not-our-area", text="家庭已搬到平鎮")
    assert set(story.duties()) == {DESK_TEAM}
    shown = story.shown()
    assert shown["state"] in ("awaiting-decision", "disputed")
    assert shown["due_at"], "its clock runs on"
    page = desk.get(f"/desk/{story.receipt}/").text
    assert "家庭已搬到平鎮" in page
    second = story.desk_changes(desk, "改派另一組", team="68000-prevention-centre-1")
    assert second == "68000-prevention-centre-1" != team
    story.team_answers(second, "accept")
    assert story.duties()[-1] == second


def consult(instance: Instance, **told: Any) -> Story:
    hotline = someone(instance, "hotline")
    form = hotline.get("/consult/").form("/consult/")
    return Story(instance, receipt_on(hotline.send(form, told)))


def test_a_call_of_unknown_kind_is_put_before_the_desk(instance: Instance) -> None:
    story = consult(
        instance, channel="hotline-1957", narrative="來電者說繳不出房租，先生中風，要照顧。",
        **person(0, "person-in-need", "測美玉", birth="0550815", phone="0900-000-002"),
    )  # fmt: skip
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    team = story.desk_confirms(desk)
    story.team_answers(team, "accept")
    assert story.duties()[-1] == team


def test_a_call_of_known_kind_goes_its_way(instance: Instance) -> None:
    story = consult(
        instance, channel="hotline-113", narrative="鄰居先生昨晚打太太，太太眼睛瘀青。",
        concerns=["partner-violence"], immediate_danger="no",
        **person(0, "victim", "測婉如", birth="74.3.2", sex="F"),
        **person(1, "respondent", "測建國", birth="約45歲", sex="M", relation_to_victim="配偶"),
    )  # fmt: skip
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    assert "adult-protection" in story.stream()
    team = story.desk_confirms(desk)
    story.team_answers(team, "accept")
    assert story.duties()[-1] == team


def test_a_file_of_reports(instance: Instance, tmp_path: Path) -> None:
    one, two = a_report("檔甲", sender="clinic-a"), a_report("檔乙", sender="clinic-a")
    file = write_lines(tmp_path / "reports.jsonl", one, two, one)
    with file.open("a") as more:
        more.write('\n{"broken": ')
    [said] = instance.anwang("reports", str(file))
    assert said == {"received": 2, "repeated_delivery": 1, "refused": 1}
    [again] = instance.anwang("reports", str(file))
    assert again == {"received": 0, "repeated_delivery": 3, "refused": 1}
    rows = {row["report_id"]: row for row in instance.anwang("desk")}
    assert rows[one["report_id"]]["state"] == "awaiting-decision", "the command waits for proposals"
    story = Story(instance, rows[one["report_id"]]["receipt"])
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    team = story.desk_confirms(desk)
    story.team_answers(team, "accept")
    assert story.duties()[-1] == team


def post(instance: Instance, credential: str, body: Any) -> requests.Response:
    return requests.post(
        f"{instance.url}/api/v1/reports",
        data=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {credential}", "Content-Type": "application/json"},
        timeout=60,
    )


def test_another_system_delivers_by_http(instance: Instance, credential: str) -> None:
    report = a_report("介接")
    first = post(instance, credential, report)
    assert (first.status_code, first.json()["outcome"]) == (201, "new")
    again = post(instance, credential, report)
    assert (again.status_code, again.json()["outcome"]) == (200, "repeated")
    other = post(instance, credential, report | {"narrative": "補充：今天又發現一處。"})
    assert (other.status_code, other.json()["outcome"]) == (200, "addition")
    assert first.json()["receipt"] == again.json()["receipt"] == other.json()["receipt"]

    story = Story(instance, first.json()["receipt"])
    desk = someone(instance, "desk")
    story.desk_sees_it(desk)
    assert "今天又發現一處" in desk.get(f"/desk/{story.receipt}/").text
    team = story.desk_confirms(desk)
    story.team_answers(team, "accept")
    row = story.shown()
    assert (row["sender"], row["report_id"]) == (SENDER, report["report_id"])
    assert [case[1] for case in story.cases()] == [team]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"broken": ', 400), (b"[1, 2]", 400), (b'"' + b"x" * 1_048_577 + b'"', 413)],
)
def test_three_things_are_refused_with_what_to_do_next(
    instance: Instance, credential: str, body: bytes, status: int
) -> None:
    answer = post(instance, credential, body)
    assert answer.status_code == status
    assert answer.json()["message"]["zh"] and answer.json()["phone"]["en"]
    refused = post(instance, "nobody", {"report_id": "x"})
    assert refused.status_code == 401
    assert refused.json()["message"]["en"]


ODD = {
    "impossible dates": {"received_at": "0115-13-45", "incident": {"occurred_at": "民國99年2月31日"}},
    "thirty subjects": {"subjects": [{"role": "other", "name": f"某{n}"} for n in range(30)]},
    "empty names": {"subjects": [{"role": "victim", "name": ""}, {}]},
    "emoji": {"narrative": "🙏🏽 孩子 😢 在哭", "subjects": [{"role": "victim", "name": "小🐟"}]},
    "20,000 characters": {"narrative": "很長。" * 6667},
    "full-width digits": {"subjects": [{"role": "victim", "birth": "１０７０５０１", "phone": "０９１２"}]},
    "a wrong checksum": {"subjects": [{"role": "victim", "national_id": "A100000000"}]},
    "an unknown county": {"county": "桃花源縣", "subjects": []},
    "other shapes": {"subjects": "母親", "concerns": {"a": 1}, "incident": [], "narrative": 5},
}  # fmt: skip


def test_whatever_a_person_wrote_is_accepted_marked_and_put_before_a_person(
    instance: Instance, tmp_path: Path
) -> None:
    reports = [
        a_report(f"怪{place}", sender="odd", **told) for place, told in enumerate(ODD.values())
    ]
    [said] = instance.anwang("reports", str(write_lines(tmp_path / "odd.jsonl", *reports)))
    assert said == {"received": len(ODD), "repeated_delivery": 0, "refused": 0}
    rows = {row["report_id"]: row for row in instance.anwang("desk")}
    national = someone(instance, "national")
    desk = someone(instance, "desk")
    for told, report in zip(ODD, reports, strict=True):
        row = rows[report["report_id"]]
        assert row["accountable_team"] and row["due_at"] and row["state"] == "awaiting-decision", (
            told
        )
        reader = desk if row["accountable_team"] == DESK_TEAM else national
        assert reader.get(f"/desk/{row['receipt']}/").text


def test_the_command_line_and_the_screen_say_the_same(instance: Instance, tmp_path: Path) -> None:
    report = a_report("同", sender="same-fields")
    instance.anwang("reports", str(write_lines(tmp_path / "same.jsonl", report)))
    [row] = [r for r in instance.anwang("desk") if r["report_id"] == report["report_id"]]
    [explained] = instance.anwang("explain", row["receipt"])
    assert {name: explained[name] for name in row} == row
    assert set(explained) - set(row), "explain adds inputs, versions and the picture"
    page = someone(instance, "desk").get(f"/desk/{row['receipt']}/").text
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    for reason in row["reasons"]:
        assert reason["citation"] in text, reason
    assert row["receipt"] in text
    values = {
        name: next(
            form.fields[name][0]
            for form in Page("", 200, page).forms
            if "/change/" in form.action and name in form.fields
        )
        for name in ("grade", "stream")
    }
    assert values == {"grade": row["grade"], "stream": row["stream"]}
    assert len(re.findall(r'class="clock', page)) >= len(row["clocks"])


def rows_of(instance: Instance, source: str) -> tuple[list[str], list[list[str]]]:
    with (instance.home / "demo" / f"{source}.csv").open(encoding="utf-8", newline="") as lines:
        head, *rest = csv.reader(lines)
    return head, rest


def write_csv(file: Path, head: list[str], rows: list[list[str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([head, *rows])
    return file


def test_registries_take_good_rows_and_keep_bad_ones_apart(
    instance: Instance, tmp_path: Path
) -> None:
    head, rows = rows_of(instance, "immunisation")
    good = [f"NEW-{n}" for n in range(3)]
    place = {name: head.index(name) for name in head}
    fresh = []
    for key in good:
        row = list(rows[0])
        row[place["record_key"]] = key
        fresh.append(row)
    bad = list(rows[0])
    bad[place["record_key"]], bad[place["due_on"]] = "BAD-1", "someday"
    [said] = instance.anwang(
        "load", "immunisation", str(write_csv(tmp_path / "some.csv", head, [*fresh, bad]))
    )
    assert (said["accepted"], said["quarantined"], said["held"]) == (3, 1, False), said
    assert sum(said["reasons"].values()) == 1


@pytest.mark.parametrize("fault", ["a missing column", "a wrong encoding", "another manifest"])
def test_a_file_with_a_fault_of_its_own_is_held_whole(
    instance: Instance, tmp_path: Path, fault: str
) -> None:
    head, rows = rows_of(instance, "prison")
    file = write_csv(tmp_path / "prison.csv", head, rows[:3])
    if fault == "a missing column":
        write_csv(file, head[1:], [row[1:] for row in rows[:3]])
    elif fault == "a wrong encoding":
        file.write_bytes(b"\xff\xfe\x00\xd8" + b"\x81\x00\xff" * 500)
    else:
        (tmp_path / "prison.csv.meta.json").write_text(
            json.dumps({"source": "prison", "manifest_version": "1900-1", "mode": "full"})
        )
    with instance.superuser() as connection:
        count = "select count(*) from registries_record"
        [(before,)] = connection.execute(count)
        [said] = instance.anwang("load", "prison", str(file), check=False)
        [(after,)] = connection.execute(count)
    assert said["held"] is True and said["accepted"] == 0, said
    assert after == before, "nothing changed"
