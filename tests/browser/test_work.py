"""People at work in a real browser: a teacher reports, the duty desk decides by keyboard alone."""

from __future__ import annotations

import re
import uuid
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Rooms
from tests.browser.world import World, deliver
from tests.flow.story import Story
from tests.flow.test_doors import photo
from tests.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def credential(instance: Instance) -> str:
    name = f"browser-{uuid.uuid4().hex[:6]}"
    return str(instance.anwang("sender", "add", name)[0]["credential"])


def test_a_teacher_reports_a_family(rooms: Rooms, instance: Instance) -> None:
    """Several persons, a draft that survives a reload, a photo, and a receipt."""
    watched = rooms.of("teacher")
    page = watched.page()
    page.goto(f"{watched.url}/report/")
    page.fill("#id_narrative", "學生說爸爸喝酒後打媽媽，他躲在房間。")
    page.fill("#id_subjects-0-name", "繪小安")
    page.select_option("#id_subjects-0-role", "victim")
    page.fill("#id_subjects-0-birth", "107.5.1")
    page.click("[data-add=subjects]")
    expect(page.locator("[data-card]")).to_have_count(2)
    page.fill("#id_subjects-1-name", "繪大方")
    page.select_option("#id_subjects-1-role", "respondent")
    page.fill("#id_subjects-1-birth", "約 40 歲")
    expect(page.locator("[data-saved]")).to_have_text(re.compile("已存草稿"), timeout=20_000)

    page.reload()
    expect(page.locator("#id_narrative")).to_have_value(re.compile("躲在房間"))
    expect(page.locator("[data-card]")).to_have_count(2)
    expect(page.locator("#id_subjects-1-name")).to_have_value("繪大方")
    page.click("[data-add=subjects]")
    page.click("[data-card]:nth-of-type(3) [data-remove]")
    expect(page.locator("[data-card]")).to_have_count(2)

    page.set_input_files(
        "#id_photos", {"name": "arm.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    expect(page.locator("#photos-list li")).to_have_count(1)
    page.click(".form-end button.do")
    page.wait_for_url("**/receipts/**")
    receipt = page.locator(".receipt-number").inner_text().split()[-1]
    assert receipt in page.url
    page.goto(f"{watched.url}/report/")
    expect(page.locator("#id_narrative")).to_have_value("")
    page.close()
    assert watched.faults == []

    story = Story(instance, receipt)
    story.desk_sees_it(story.someone("desk"))
    assert story.state() == "awaiting-decision"


def await_detail(page: Page, receipt: str) -> None:
    expect(page.locator("#detail")).to_have_attribute("data-receipt", receipt)


def lines_of(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-queue] [data-item]").evaluate_all(
        "items => items.map(item => item.dataset.item)"
    )
    return found


def walk_to(page: Page, receipt: str) -> None:
    """Press j until the report is open, on the page of the queue where it stands."""
    lines = lines_of(page)
    for number in (2, 3):
        if receipt in lines:
            break
        page.goto(urljoin(page.url, f"/desk/?page={number}"))
        lines = lines_of(page)
    assert receipt in lines, "the report is not in the queue"
    for line in lines[: lines.index(receipt) + 1]:
        page.keyboard.press("j")
        await_detail(page, line)


def test_the_desk_works_by_keyboard_alone(
    rooms: Rooms, instance: Instance, credential: str, world: World
) -> None:
    """j and k walk, Enter confirms, E changes with a reason, S goes to the same event.

    A confirmed report moves to the end of the queue; j goes on where the desk was.
    One report is walked to, line by line; whose address is known is opened by it.
    """
    first, second = (
        deliver(instance, credential, place, {"narrative": told, "immediate_danger": "yes"})
        for place, told in ((2, "現在正在打人。"), (3, "孩子被關在門外發抖。"))
    )
    watched = rooms.of("desk")
    for receipt in (first, second):
        Story(instance, receipt).desk_sees_it(Story(instance, receipt).someone("desk"))
    page = watched.page()
    page.goto(f"{watched.url}/desk/")
    page.locator("[data-queue] [data-item]").first.wait_for()
    page.keyboard.press("j")
    page.locator("#detail[data-receipt]").wait_for()
    top = page.locator("#detail").get_attribute("data-receipt")
    page.keyboard.press("j")
    expect(page.locator("#detail")).not_to_have_attribute("data-receipt", str(top))
    page.keyboard.press("k")
    await_detail(page, str(top))

    page.goto(f"{watched.url}/desk/")
    walk_to(page, first)
    lines = lines_of(page)
    below = [] if "page=" in page.url else lines[lines.index(first) + 1 :][:1]
    page.wait_for_timeout(700)  # a key that follows at once is taken for a slip
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_contain_text("已派給")
    assert Story(instance, first).state() == "offered"
    for line in below:
        page.keyboard.press("j")
        await_detail(page, line)

    page.goto(f"{watched.url}/desk/{second}/")
    page.keyboard.press("e")
    expect(page.locator("#decide-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#decide-dialog")).to_be_hidden()
    page.keyboard.press("e")
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "decide-reason":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("家長已到場，改由成人保護組協同")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_contain_text("已派給")
    assert Story(instance, second).state() == "offered"

    page.goto(f"{watched.url}/desk/{world.again}/")
    page.wait_for_timeout(700)
    page.keyboard.press("s")
    assert page.evaluate("document.activeElement.closest('#same-events') !== null")
    page.keyboard.press("?")
    expect(page.locator("#key-help")).to_be_visible()
    page.keyboard.press("Escape")
    page.close()
    assert watched.faults == []


def test_two_people_side_by_side_are_said_to_be_one_and_it_is_taken_back_by_keyboard(
    rooms: Rooms, world: World
) -> None:
    watched = rooms.of("desk")
    page = watched.page()
    page.goto(f"{watched.url}/people/{world.question}/")
    expect(page.locator("table.pair")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("main")).to_contain_text("由人確認是這個人")
    expect(page.locator("main")).to_contain_text("說過的判斷")
    page.keyboard.press("u")
    expect(page.locator("main")).to_contain_text("已收回")
    expect(page.locator("main")).not_to_contain_text("由人確認是這個人")
    page.close()
    assert watched.faults == []


def test_a_new_report_appears_by_itself(rooms: Rooms, instance: Instance, credential: str) -> None:
    watched = rooms.of("desk")
    page = watched.page()
    page.goto(f"{watched.url}/desk/")
    receipt = deliver(
        instance, credential, 2, {"narrative": "剛剛進來的一件。", "immediate_danger": "yes"}
    )
    expect(page.locator(f"[data-item='{receipt}']")).to_be_visible(timeout=20_000)
    expect(page.locator("#say")).not_to_be_empty()
    page.close()
    assert watched.faults == []
