"""The studio through the client: a table changed by one official and put in force by another."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI, roc_date
from anwang.rulebook.models import PolicyAct, PolicyTerm, PolicyVersion
from anwang.rulebook.queries import faults_of, inputs_described
from anwang.rulebook.rules.compare import flat_row
from anwang.rulebook.rules.written import NEW_ROW, columns_of, moved, written_row
from anwang.triage.rules.policies import specs_in_use
from tests.factories import PASSWORD, TAOYUAN, account, desk_worker
from tests.rulebook.test_versions import GRADE, WHY, grade_of, in_force

pytestmark = pytest.mark.django_db


def signed_in(name: str, county: str | None, role: str) -> Client:
    account(name, ("", county, role))
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


@pytest.fixture
def one() -> Client:
    return signed_in("min-one", None, "ministry")


@pytest.fixture
def other() -> Client:
    return signed_in("min-two", None, "ministry")


def draft_by(client: Client, policy: str = GRADE, county: str | None = None) -> PolicyVersion:
    answer = client.post(f"/policies/{in_force(policy).pk}/draft/")
    assert answer.status_code == 302 and answer.url.endswith("/edit/")
    return PolicyVersion.objects.get(policy_id=policy, county=county, state="draft")


def cells(version: PolicyVersion, row: str) -> tuple[str, dict[str, str]]:
    """The address of a row's form and what it holds, as a browser would send it again."""
    version.refresh_from_db()
    place = [line["id"] for line in version.body["rows"]].index(row)
    said = flat_row(version.body["rows"][place]) | {"seen": version.sha256}
    return f"/policies/{version.pk}/rows/{place}/", said


def proposed(client: Client, version: PolicyVersion, **more: str):
    version.refresh_from_db()
    said = {"text": WHY, "seen": version.sha256} | more
    return client.post(f"/policies/{version.pk}/propose/", said)


def agreed(client: Client, version: PolicyVersion):
    return client.post(f"/policies/{version.pk}/answer/", {"agreed": "yes"})


def test_a_table_is_changed_mended_put_in_force_by_a_colleague_used_and_undone(one, other):
    former = in_force(GRADE)
    assert "做一份草案" in one.get(f"/policies/{former.pk}/").content.decode()
    version = draft_by(one)
    page = f"/policies/{version.pk}/"

    address, said = cells(version, "G-14")
    wrong = one.post(address, said | {"then.grade": "7", "when.concerns": "has anything"})
    assert wrong.url == address
    told = one.get(address).content.decode()
    assert "沒有這個代碼：7" in told and "沒有這個代碼：anything" in told
    assert proposed(one, version).status_code == 409
    assert "還有 2 處要改" in one.get(f"{page}edit/").content.decode()

    right = {"then.grade": "1", "when.concerns": said.get("when.concerns", "")}
    assert one.post(address, cells(version, "G-14")[1] | right).url == f"{page}edit/"
    draft = one.get(f"{page}edit/").content.decode()
    assert "沒有要改的地方" in draft and "與現行版本逐列比較" in draft
    assert "<del>" in draft and f"/trials/of/{version.pk}/" in draft

    assert proposed(one, version).url == page
    assert grade_of() == "2"
    refused = agreed(one, version)
    assert refused.status_code == 409 and "提案的人不能自己讓它生效" in refused.content.decode()
    assert "讓它生效" not in one.get(page).content.decode()
    assert "看過了，讓它生效" in other.get(page).content.decode()
    assert agreed(other, version).url == page
    assert grade_of() == "1"

    undo = other.get(page).content.decode()
    assert "改回前一版" in undo and f"/policies/{former.pk}/#propose" in undo
    assert proposed(other, former).status_code == 302
    assert agreed(one, former).status_code == 302
    assert grade_of() == "2"
    story = one.get(page).content.decode()
    assert story.count("同意生效") == 2 and WHY in story


def test_a_version_of_a_day_to_come_says_so_everywhere_and_is_withdrawn_by_two(one, other):
    former, version = in_force(GRADE), draft_by(one)
    day = clock_now().astimezone(TAIPEI).date() + dt.timedelta(days=20)
    assert proposed(one, version, starts_on=day.isoformat()).status_code == 302
    answer = other.post(f"/policies/{version.pk}/answer/", {"agreed": "yes"}, follow=True)
    shown = answer.content.decode()
    assert f"從 {roc_date(day)} 起生效，那一天以前照現行的版本" in shown
    assert "起生效；那一天以前對通報沒有作用" in shown and "生效中" not in shown.split("<ul>")[0]
    assert f"/policies/{former.pk}/#propose" in shown and "提案生效</button>" not in shown

    held = one.get(f"/policies/{former.pk}/").content.decode()
    assert "生效中" in held and "零時為止，之後照" in held and f"/policies/{version.pk}/" in held
    assert "提案讓這一版繼續" in held and 'name="starts_on"' not in held
    listed = one.get("/policies/").content.decode()
    assert "起生效</span>" in listed and "零時為止</span>" in listed
    assert "起生效" in one.get("/trials/").content.decode()

    assert proposed(one, former).status_code == 302
    waiting = other.get(f"/policies/{former.pk}/").content.decode()
    assert "等另一位同事答覆：讓這一版繼續" in waiting and "看過了，讓它繼續" in waiting
    assert agreed(one, former).status_code == 409
    assert agreed(other, former).status_code == 302
    assert "零時為止，之後照" not in one.get(f"/policies/{former.pk}/").content.decode()
    assert "停用" in one.get(f"/policies/{version.pk}/").content.decode()


def test_a_county_writes_its_difference_and_ends_it(one):
    first = signed_in("man-one", TAOYUAN, "county-manager")
    second = signed_in("man-two", TAOYUAN, "county-manager")
    overlay = in_force("triage.window", TAOYUAN)
    assert "取代全國的 <code>W-01</code>" in first.get(f"/policies/{overlay.pk}/").content.decode()
    for client in (first, second):
        assert client.get(f"/policies/{overlay.pk}/").status_code == 200
    assert proposed(first, overlay, retire="yes").status_code == 302
    assert agreed(second, overlay).status_code == 302
    assert not PolicyTerm.objects.filter(version=overlay, until=None).exists()
    assert one.get(f"/policies/{overlay.pk}/edit/").status_code == 404

    new = draft_by(first, "triage.stream", TAOYUAN)
    assert (new.county, new.body["rows"]) == (TAOYUAN, [])
    said = {"id": "S-05-68000", "replaces": "S-05", "when.concerns": "has sexual-assault",
            "when.mental_illness": "yes", "then.stream": "suicide", "then.agency_kind": "health-bureau",
            "text.zh": "本市", "text.en": "Here", "citation": "假定", "confidence": "U"}  # fmt: skip
    address = f"/policies/{new.pk}/rows/0/"
    assert first.post(address, said | {"seen": new.sha256}).url == address
    assert "全國表沒有開放這樣改" in first.get(address).content.decode()
    new.refresh_from_db()
    mended = {"then.stream": "mental-health-violence", "then.agency_kind": "prevention-centre"}
    assert first.post(address, said | mended | {"seen": new.sha256}).url.endswith("/edit/")
    found = faults_of(PolicyVersion.objects.get(pk=new.pk))
    assert not [fault for fault in found if fault.severity == "error"]


def test_a_county_begins_its_row_as_the_nations_and_sees_where_they_differ(one):
    manager = signed_in("man-one", TAOYUAN, "county-manager")
    held = manager.get(f"/policies/{in_force('triage.window', TAOYUAN).pk}/").content.decode()
    assert (
        "<del>「衛生局窗口」" not in held
        and "<del>衛生局窗口</del> → <ins>集中派案窗口</ins>" in held
    )

    version = draft_by(manager, "triage.stream", TAOYUAN)
    page = manager.get(f"/policies/{version.pk}/edit/").content.decode()
    opened = [row for row in in_force("triage.stream").body["rows"] if row.get("county_may")]
    assert "桃園市" in page and "可改：受理單位" in page and "每一列都和現行版本一樣" not in page
    place = f"/policies/{version.pk}/rows/0/"
    for row in opened:
        assert f"{place}?replaces={row['id']}" in page
    form = manager.get(f"{place}?replaces={opened[0]['id']}").content.decode()
    for value in (f"{opened[0]['id']}-{TAOYUAN}", opened[0]["id"]):
        assert f'value="{value}"' in form, value
    other = manager.get(f"{place}?replaces=S-01").content.decode()
    assert 'value="S-01"' not in other, "what is not open to counties is not begun"
    window = draft_by(manager, "triage.window", TAOYUAN)
    assert [row["id"] for row in window.body["rows"]] == ["W-01-68000"], "nothing held is lost"
    tasks = draft_by(manager, "triage.tasks", TAOYUAN)
    page = manager.get(f"/policies/{tasks.pk}/edit/").content.decode()
    assert "縣市可以加列，結果限於：" in page and "共同訪視" in page


def test_rows_are_added_moved_and_taken_out_and_a_draft_put_away(one):
    version = draft_by(one)
    ids = [row["id"] for row in version.body["rows"]]
    address = f"/policies/{version.pk}/edit/"

    def pressed(step: str) -> list[str]:
        version.refresh_from_db()
        one.post(address, {"seen": version.sha256, "do": step})
        version.refresh_from_db()
        return [row["id"] for row in version.body["rows"]]

    assert pressed("down:0")[:2] == [ids[1], ids[0]]
    assert pressed("up:1") == ids
    assert pressed("delete:0") == ids[1:]
    one.post(f"/policies/{version.pk}/rows/{len(ids) - 1}/", {"seen": version.sha256, "id": "new"})
    version.refresh_from_db()
    assert version.body["rows"][-1]["id"] == "new"
    one.post(address, {"seen": version.sha256, "do": "name", "version": "2027.1"})
    version.refresh_from_db()
    assert version.version == "2027.1"
    stale = one.post(address, {"seen": "stale", "do": "delete:0"})
    assert stale.status_code == 409 and "內容有了變動" in stale.content.decode()
    one.post(f"/policies/{version.pk}/discard/")
    assert one.get(address).url == f"/policies/{version.pk}/"
    assert PolicyAct.objects.filter(version=version).get().kind == "discarded"


def test_what_is_wrong_is_said_while_a_row_is_typed_and_nothing_is_saved(one):
    version = draft_by(one)
    address, said = cells(version, "G-14")
    assert f'data-check="{address}check/"' in one.get(address).content.decode()
    assert one.post(f"{address}check/", said).json()["faults"] == []
    wrong = said | {"then.grade": "7", "citation": ""}
    told = one.post(f"{address}check/", wrong).json()
    assert {(fault["column"], fault["severity"]) for fault in told["faults"]} == {
        ("then.grade", "error"), ("citation", "error"),
    }  # fmt: skip
    assert "2" in told["said"]
    english = one.post(f"{address}check/", wrong, headers={"accept-language": "en"}).json()
    assert "There is no such code: 7. There are: 1, 2." in {
        fault["text"] for fault in english["faults"]
    }
    gap = one.post(f"/policies/{version.pk}/rows/{len(version.body['rows']) - 1}/check/",
                   flat_row(version.body["rows"][-1]) | {"when.weapon": "yes"}).json()  # fmt: skip
    assert any("沒有任何一列" in fault["text"] for fault in gap["faults"])
    hidden = one.post(f"{address}check/", said | {"when.immediate_danger": ""}).json()
    assert [one for one in hidden["faults"] if "G-99 這一列" in one["text"]], hidden
    before = version.sha256
    version.refresh_from_db()
    assert version.sha256 == before


def test_a_draft_runs_in_shadow_until_that_is_ended(one, other):
    version = draft_by(one)
    page = f"/policies/{version.pk}/"
    assert "放在旁邊試行比對" in one.get(page).content.decode()
    assert one.post(f"{page}shadow/").url == page
    version.refresh_from_db()
    assert version.state == "shadow"
    shadowed = one.get(page).content.decode()
    assert "結束試行比對" in shadowed and "改草案" not in shadowed
    assert "分級表" in one.get("/trials/shadow/").content.decode()
    assert other.post(f"{page}shadow/").url == page
    version.refresh_from_db()
    assert version.state == "draft"
    address, said = cells(version, "G-14")
    one.post(address, said | {"then.grade": "7"})
    assert one.post(f"{page}shadow/").status_code == 409


def test_a_table_with_columns_of_its_own_is_written_and_not_tried(one):
    """Which county: asked at the desk, never of past reports."""
    version = draft_by(one, "triage.jurisdiction")
    assert [fault for fault in faults_of(version) if fault.severity == "error"] == []
    page = one.get(f"/policies/{version.pk}/edit/").content.decode()
    assert "行蹤" in page and "沒有要改的地方" in page and "/trials/of/" not in page
    address, said = cells(version, "R16-1")
    assert one.post(address, said | {"when.urgent": "maybe"}).url == address


def test_a_day_that_is_over_or_no_day_is_refused_with_what_was_typed(one):
    version = draft_by(one)
    for day in ("2001-01-01", "soon"):
        answer = proposed(one, version, starts_on=day)
        assert answer.status_code == 422 and WHY in answer.content.decode()
    assert proposed(one, version, starts_on="2999-01-01").status_code == 302
    assert one.post(f"/policies/{version.pk}/answer/", {"agreed": "no", "text": "再想想"}).url
    assert agreed(one, version).status_code == 409


def test_others_read_the_table_and_are_told_that_they_do_not_write_here():
    desk_worker()
    desk = Client()
    assert desk.login(username="desk-one", password=PASSWORD)
    number = in_force(GRADE).pk
    page = desk.get(f"/policies/{number}/").content.decode()
    assert "G-14" in page and "下一步" not in page
    for path in ("edit/", "rows/0/"):
        assert desk.get(f"/policies/{number}/{path}").status_code == 403
    for path in ("draft/", "propose/", "answer/", "discard/"):
        assert desk.post(f"/policies/{number}/{path}").status_code == 403


def test_a_cell_not_touched_stays_to_the_letter_and_an_empty_one_goes():
    doc = {"inputs": ["injury"], "outputs": {"grade": ["1", "2"]}}
    columns = columns_of(doc, specs_in_use(), None)
    row = {"id": "a", "when": {"injury": "= minor"}, "then": {"grade": 1}, "text": {"zh": "一"},
           "citation": "c", "confidence": "U", "note": "kept"}  # fmt: skip
    assert written_row(flat_row(row), row, columns) == row
    said = flat_row(row) | {"when.injury": "-", "county_may": "injury、grade"}
    written = written_row(said, row, columns)
    assert (written["when"], written["county_may"]) == ({}, ["injury", "grade"])
    assert written_row({}, NEW_ROW, columns)["confidence"] == "" and NEW_ROW["confidence"] == "U"
    assert moved([row], 0, -1) == [row]


def test_the_columns_are_those_that_triage_reads():
    assert inputs_described() == specs_in_use()


def test_every_policy_is_listed_by_the_name_that_officials_use(one):
    page = one.get("/policies/").content.decode()
    named = re.findall(r'<a href="/policies/\d+/">(.*?)</a>', page)
    assert len(named) > 20
    assert [name for name in named if not re.search(r"[\u4e00-\u9fff]", name)] == []
    for name in ("時限與提醒", "通報的註記", "同一事件的比對", "警示字詞"):
        assert name in named, name


def test_a_version_of_before_it_had_a_name_is_called_as_the_later_one(one):
    clocks = PolicyVersion.objects.get(policy_id="clocks")
    nameless = PolicyVersion(policy_id="clocks", version="old", body={"clocks": []})
    assert nameless.name == clocks.body["text"]
    assert PolicyVersion(policy_id="nothing", version="1", body={}).name == "nothing"


def test_outcomes_and_clocks_are_told_in_words(one):
    def page(policy_id):
        found = PolicyVersion.objects.filter(policy_id=policy_id, county=None).latest("id")
        return one.get(f"/policies/{found.pk}/").content.decode()

    tasks, clocks = page("triage.tasks"), page("clocks")
    assert told("應辦事項", "請警察陪同訪視") in tasks and "police-escort" not in tasks
    assert told("起算", "收到通報") in clocks
    assert told("小時", "24") in clocks
    assert told("完成於", "完成派案") in clocks


def told(label: str, words: str) -> str:
    """A cell as the page writes it."""
    return f'<span class="small">{label}：</span>{words}'
