"""How each source delivers: all of them, and one with its story."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.registries.permissions import can_see_quarantine, check_can_see_feeds
from anwang.registries.queries.feed_stories import FeedLine, feed_lines, feed_story
from anwang.registries.queries.outgoing import sent_lines


@refused_is_absent
@require_safe
def feeds(request: HttpRequest) -> HttpResponse:
    """Every source: its last deliveries as a picture, its size, its state, what is wrong with it."""
    actor = actor_of(request)
    check_can_see_feeds(actor)
    lines = feed_lines()
    local = [one for one in lines if one.feed.county]
    lines = [one for one in lines if not one.feed.county]
    context = {
        "lines": lines,
        "local": local,
        "opens_rows": can_see_quarantine(actor),
        "summary": _summary(lines),
    }
    return render(request, "registries/feeds.html", context)


@refused_is_absent
@require_safe
def feed(request: HttpRequest, source_id: str) -> HttpResponse:
    """One source: deliveries, delay, size, drift, months of quarantine, what depends on it."""
    actor = actor_of(request)
    check_can_see_feeds(actor)
    operates = can_see_quarantine(actor)
    story = feed_story(source_id, counts_waiting=operates)
    if story is None:
        raise Http404
    tells = operates and story.line.feed.county is not None
    sent = sent_lines(source_id) if tells else []
    context = {"story": story, "opens_rows": operates, "tells": tells, "sent": sent}
    return render(request, "registries/feed.html", context)


def _summary(lines: list[FeedLine]) -> dict[str, int]:
    """How many feeds are well, have an alarm, never came."""
    return {
        "well": sum(
            one.feed.state == "ok" and not one.alarms and not one.feed.hindered for one in lines
        ),
        "alarms": sum(bool(one.alarms or one.feed.hindered) for one in lines),
        "never": sum(one.feed.state == "never" for one in lines),
    }
