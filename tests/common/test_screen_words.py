"""What every screen says: clocks, masked names, marked data. Wrong words would hide lateness."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Engine
from django.utils import translation

from anwang.common.templatetags import anwang_ui as ui

TAIPEI = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 3, 3, 23, 36, tzinfo=TAIPEI)
ENGINE = Engine(
    app_dirs=True,
    libraries={
        "anwang_ui": "anwang.common.templatetags.anwang_ui",
        "anwang_codes": "anwang.directory.templatetags.anwang_codes",
        "i18n": "django.templatetags.i18n",
    },
)


def rendered(source: str, **context: object) -> str:
    with translation.override("zh-hant"):
        template = ENGINE.from_string("{% load i18n anwang_ui anwang_codes %}" + source)
        return template.render(Context({"now": NOW, **context}))


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (5.2, "剩 5 時 12 分"),
        (0, "剩 0 時 0 分"),
        (-1 / 3, "逾期 0 時 20 分"),
        (47.99, "剩 47 時 59 分"),
        (48, "剩 2 天"),
        (-100, "逾期 4 天"),
    ],
)
def test_a_clock_says_what_is_left_or_how_late_it_is(hours: float, words: str) -> None:
    with translation.override("zh-hant"):
        assert ui.time_left(NOW + dt.timedelta(hours=hours), NOW) == words


def test_a_late_clock_is_full_and_striped_and_a_clock_without_end_has_no_bar() -> None:
    late = {
        "label": {"zh": "派案", "en": "Dispatch"},
        "started_at": "2026-03-02T20:00:00+08:00",
        "due_at": "2026-03-03T20:00:00+08:00",
        "state": "running",
    }
    shown = rendered("{% clock duty %}", duty=late)
    assert 'class="clock late"' in shown
    assert 'value="100"' in shown
    assert "<progress" not in rendered("{% clock duty %}", duty={"label": "等", "state": "waiting"})


def test_a_clock_that_was_met_says_so_however_late_the_screen_is_opened() -> None:
    duty = {"label": "派案", "due_at": "2026-03-01T20:00:00+08:00", "state": "met"}
    assert "已完成" in rendered("{% clock duty %}", duty=duty)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (dt.datetime(2026, 3, 3, 4, 48, tzinfo=TAIPEI), "今 04:48"),
        (dt.datetime(2026, 3, 2, 8, 40, tzinfo=dt.UTC), "昨 16:40"),
        (dt.datetime(2026, 1, 23, 9, 0, tzinfo=TAIPEI), "1/23"),
        (dt.datetime(2025, 11, 3, 9, 0, tzinfo=TAIPEI), "114.11.03"),
    ],
)
def test_an_instant_is_said_as_people_say_it_and_iso_lies_underneath(
    moment: dt.datetime, words: str
) -> None:
    shown = rendered("{% roc_clock at %}", at=moment)
    assert f">{words}</time>" in shown
    assert f'datetime="{moment.astimezone(TAIPEI).isoformat(timespec="minutes")}"' in shown


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("陳小睿", "陳○睿"),
        ("林雅", "林○"),
        ("歐陽小明", "歐○○明"),
        ("Maria Santos", "M○○ S○○"),
        ("夏曼·藍波安", "夏○·藍○安"),
        ("溫○榮", "溫○榮"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_masked_name_keeps_only_its_ends(name: str | None, masked: str) -> None:
    assert ui.masked_name(name) == masked


def test_what_somebody_wrote_is_escaped_and_marked_as_chinese() -> None:
    assert ui.said("<b>王</b>") == '<span lang="zh-Hant-TW">&lt;b&gt;王&lt;/b&gt;</span>'
    assert ui.said(None) == ""


def test_an_english_reader_gets_english_and_is_told_where_only_chinese_exists() -> None:
    with translation.override("en"):
        assert ui.bi({"zh": "分級表", "en": "Grades"}) == "Grades"
        assert ui.bi({"zh": "分級表"}) == '<span lang="zh-Hant-TW">分級表</span>'
    with translation.override("zh-hant"):
        assert ui.bi({"zh": "分級表", "en": "Grades"}) == "分級表"


@pytest.mark.parametrize("state", ["late", "failed", "not-asked", "withheld", "", "nonsense"])
def test_a_look_up_without_an_answer_never_looks_like_an_answer(state: str) -> None:
    shown = rendered("{% lookup_chip state %}", state=state)
    assert "chip ok" not in shown
    assert "查無" not in shown


def test_a_report_that_could_not_be_graded_says_so() -> None:
    assert "尚未分級" in rendered("{% grade_chip grade %}", grade=None)
    assert "chip g1" in rendered("{% grade_chip grade %}", grade="1")
