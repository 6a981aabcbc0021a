"""Answers about what is absent leave at even instants, so that time tells nothing (R8, A3).

A row that is there but closed costs the database a little more than one that is not. Such an answer
waits for the next stroke of a clock that began with the request; by then both have long been ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponse]
_EVEN: Final = "leaves_evenly"
NOT_FOUND: Final = 404


def leaves_evenly(view: View) -> View:
    """For a view whose answer tells nothing by its words where something is closed: a search."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        setattr(response, _EVEN, True)
        return response

    return answer


class EvenAbsence:
    """Holds back answers of absence to the next stroke, outside of the request's transaction."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        if settings.ABSENCE_STROKE_MS and (
            response.status_code == NOT_FOUND or getattr(response, _EVEN, False)
        ):
            time.sleep(until_stroke(time.monotonic() - began, settings.ABSENCE_STROKE_MS / 1000))
        return response


def until_stroke(elapsed: float, stroke: float) -> float:
    """Seconds until the next whole stroke after `elapsed`; both in seconds."""
    return stroke - elapsed % stroke
