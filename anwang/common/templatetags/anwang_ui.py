"""What every template may say: ROC dates, clocks in words, masked names, chips, data marked.

Interface words follow the reader's language; *data* (names, narratives, policy text) never is
translated, so it is wrapped in an element that says which language it is in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anwang.common.clock import clock_now
from anwang.common.values import roc_dates

register = template.Library()

ZH = "zh-Hant-TW"
SOON = timedelta(hours=6)
IN_DAYS_FROM = timedelta(hours=48)
CHIP_KINDS = frozenset(
    ["plain", "g1", "g2", "stream", "state", "ok", "warn", "bad", "unknown", "sealed"]
)  # one shape each, see components.css

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_NAME_PARTS = re.compile(r"([\s·‧・•]+)")
_ALREADY_MASKED = re.compile(r"[○〇*]")


def _moment(value: object) -> datetime | None:
    """`value` as an aware datetime; ISO text is read, anything else is None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=roc_dates.TAIPEI)
    return None


def _day(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    moment = _moment(value)
    return moment.astimezone(roc_dates.TAIPEI).date() if moment else None


def _timed(iso: str, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, words)


@register.filter
def roc_date(value: object) -> str:
    """A day as 115.03.03, ISO underneath; empty for no day."""
    day = _day(value)
    return _timed(day.isoformat(), roc_dates.roc_date(day)) if day else ""


@register.filter
def roc_datetime(value: object) -> str:
    """An instant as 115.03.03 04:48 in Taipei, ISO underneath; empty for none."""
    moment = _moment(value)
    if moment is None:
        return roc_date(value)
    local = moment.astimezone(roc_dates.TAIPEI)
    return _timed(local.isoformat(timespec="minutes"), roc_dates.roc_datetime(moment))


@register.simple_tag(takes_context=True)
def roc_clock(context: template.Context, value: object) -> str:
    """An instant as one says it: 今 04:48, 昨 16:40, 3/23, else the ROC day. Counts from `now`."""
    moment = _moment(value)
    if moment is None:
        return roc_date(value)
    local = moment.astimezone(roc_dates.TAIPEI)
    today = _now(context).astimezone(roc_dates.TAIPEI).date()
    if local.date() == today:
        words = _("今 %(time)s") % {"time": f"{local:%H:%M}"}
    elif local.date() == today - timedelta(days=1):
        words = _("昨 %(time)s") % {"time": f"{local:%H:%M}"}
    elif local.year == today.year and local.date() < today:
        words = f"{local.month}/{local.day}"
    else:
        words = roc_dates.roc_date(local.date())
    return _timed(local.isoformat(timespec="minutes"), words)


def _now(context: template.Context) -> datetime:
    """The view's `now`: the instance's clock, which may differ from this machine's."""
    now = _moment(context.get("now"))
    if now is None:
        now = clock_now()
        context.dicts[0]["now"] = now  # asked once a page, not once a clock
    return now


def time_left(due_at: datetime, now: datetime) -> str:
    """剩 5 時 12 分, 逾期 0 時 20 分, from two days on 剩 6 天. Minutes left are rounded down."""
    late = now > due_at
    minutes = int(abs(due_at - now).total_seconds() // 60)
    if abs(due_at - now) >= IN_DAYS_FROM:
        days = {"days": minutes // 1440}
        return _("逾期 %(days)s 天") % days if late else _("剩 %(days)s 天") % days
    parts = {"hours": minutes // 60, "minutes": minutes % 60}
    if late:
        return _("逾期 %(hours)s 時 %(minutes)s 分") % parts
    return _("剩 %(hours)s 時 %(minutes)s 分") % parts


@register.simple_tag(takes_context=True)
def clock_left(context: template.Context, due_at: object) -> str:
    """The time left until `due_at`, in words; empty for none."""
    moment = _moment(due_at)
    return time_left(moment, _now(context)) if moment else ""


@register.simple_tag(takes_context=True)
def waited(context: template.Context, since: object) -> str:
    """How long something has waited, in words: 等了 3 時 20 分, from two days on 等了 3 天."""
    moment = _moment(since)
    if moment is None:
        return ""
    minutes = max(0, int((_now(context) - moment).total_seconds() // 60))
    if minutes >= IN_DAYS_FROM.total_seconds() // 60:
        return _("等了 %(days)s 天") % {"days": minutes // 1440}
    return _("等了 %(hours)s 時 %(minutes)s 分") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.inclusion_tag("common/_clock.html", takes_context=True)
def clock(context: template.Context, duty: Any, show_due: bool = False) -> dict[str, Any]:
    """A duty's clock: its words and the share of its time that is used.

    `duty` has `label` ({zh, en} or text), `started_at`, `due_at`, `state`, and maybe `ended_at`.
    States `met`, `stopped`, `done` are over, `paused` stands still; all others run.
    """
    now = _now(context)
    due_at, started_at = _moment(_of(duty, "due_at")), _moment(_of(duty, "started_at"))
    state = str(_of(duty, "state") or "")
    over, paused = state in {"met", "stopped", "done", "ended"}, state == "paused"
    used = 0
    if due_at and started_at and due_at > started_at:
        used = max(0, min(100, round(100 * ((now - started_at) / (due_at - started_at)))))
    kind, words = "", ""
    if over:
        kind, words, used = "met", _("已完成"), 100
    elif paused:
        kind, words = "paused", _("暫停")
    elif due_at is None:
        words = _("未起算")
    else:
        words = time_left(due_at, now)
        kind = "late" if now > due_at else "soon" if due_at - now < SOON or used >= 75 else ""
    return {
        "label": _of(duty, "label") or _of(duty, "id") or "",
        "kind": kind,
        "words": words,
        "used": 100 if kind == "late" else used,
        "due_at": due_at if show_due else None,
        "measured": over or due_at is not None,
    }


def _of(thing: Any, key: str) -> Any:
    return thing.get(key) if isinstance(thing, Mapping) else getattr(thing, key, None)


@register.filter
def said(value: object) -> str:
    """Data as somebody wrote it, escaped and marked as Chinese. Empty stays empty."""
    text = "" if value is None else str(value)
    return format_html('<span lang="{}">{}</span>', ZH, text) if text else ""


@register.filter
def bi(value: object) -> str:
    """The reader's language out of {zh, en}; Chinese shown to an English reader says that it is."""
    english = not (get_language() or "zh").startswith("zh")
    if isinstance(value, Mapping):
        zh, en = str(value.get("zh") or ""), str(value.get("en") or "")
        text = en if english and en else zh or en
    else:
        text = "" if value is None else str(value)
    return said(text) if english and _HAN.search(text) else text


@register.filter
def masked_name(name: object) -> str:
    """A name for a list whose reader has no relation yet: 陳○睿, 林○, M○○ S○○.

    A name not known, or masked by its writer, stays as it is. The length of a Latin word is hidden.
    """
    text = "" if name is None else str(name).strip()
    if not text or _ALREADY_MASKED.search(text) or text in {"不詳", "未知", "不明"}:
        return text
    return "".join(
        part if index % 2 else _masked_part(part)
        for index, part in enumerate(_NAME_PARTS.split(text))
    )


def _masked_part(part: str) -> str:
    if not part:
        return part
    if not _HAN.search(part):
        return f"{part[0]}○○"
    if len(part) <= 2:
        return f"{part[0]}○" if len(part) == 2 else part
    return f"{part[0]}{'○' * (len(part) - 2)}{part[-1]}"


@register.simple_tag
def chip(kind: str, text: object) -> str:
    """A chip of one of CHIP_KINDS; `text` may be {zh, en}. Unknown kinds look plain."""
    words = bi(text)
    if not words:
        return ""
    return format_html('<span class="chip {}">{}</span>', kind if kind in CHIP_KINDS else "", words)


@register.filter
def at(mapping: Any, key: object) -> Any:
    """`mapping[key]` for a key that is computed in the template; empty text where absent."""
    if isinstance(mapping, Mapping):
        found = mapping.get(key, mapping.get(str(key)))
        return "" if found is None else found
    return ""


@register.simple_tag
def ask_about(asks: Any, *name: object) -> str:
    """What to look at again in one field; `name` are the parts of the field's name."""
    field = "-".join(str(part) for part in name)
    text = bi(at(asks, field))
    return format_html('<span class="ask" id="ask_{}">{}</span>', field, text) if text else ""


@register.filter
def percent(value: object) -> str:
    """A share from 0 to 1 as whole percent: 0.96 as 96 %. Empty for none."""
    return f"{float(value):.0%}".replace("%", " %") if isinstance(value, int | float) else ""


@register.simple_tag
def key(label: str) -> SafeString:
    """A keyboard hint for the eye; screen readers get it from `aria-keyshortcuts`."""
    return format_html('<kbd aria-hidden="true">{}</kbd>', label)
