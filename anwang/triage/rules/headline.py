"""What the queue shows of a report in one line, made once when it is screened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from anwang.people.rules.addresses import parse_address
from anwang.triage.rules.told import Body, first_subject, incident_of, subjects_of, text_of

EXCERPT: Final = 120
_DANGERS: Final = ("yes", "no")


def headline_of(
    body: Body,
    *,
    channel: str,
    picture: Mapping[str, Any],
    same_events: int,
    photos: int,
    places: Mapping[str, str],
) -> dict[str, Any]:
    """name and age as far as told or known, place (and the code of its district, by which a team is
    chosen), channel, excerpt, danger and some counts.

    `age` is a number or null. `known_members` counts members of the picture whom we take to be
    somebody; `unknown_sources` the sources that could not be asked. `places`: code of a county or
    district to its name.
    """
    subjects = subjects_of(body)
    index = first_subject(subjects)
    subject = subjects[index] if index is not None else {}
    member = _member(picture, index)
    danger = body.get("immediate_danger")
    place, district = _place(body, subjects, index, places)
    return {
        "name": text_of(subject.get("name"), 100) or None,
        "age": member.get("age") if member else None,
        "place": place,
        "district": district,
        "channel": channel,
        "excerpt": text_of(body.get("narrative"), EXCERPT),
        "danger": danger if danger in _DANGERS else "unknown",
        "known_members": sum(
            not str(one.get("person_id", "")).startswith("subject-")
            for one in picture.get("members", ())
        ),
        "same_events": same_events,
        "unknown_sources": len(picture.get("unknown", ())),
        "photos": photos,
    }


def _member(picture: Mapping[str, Any], index: int | None) -> Mapping[str, Any] | None:
    for one in picture.get("members", ()):
        if one.get("subject") == index and index is not None:
            found: Mapping[str, Any] = one
            return found
    return None


def _place(
    body: Body,
    subjects: Sequence[Mapping[str, Any]],
    index: int | None,
    places: Mapping[str, str],
) -> tuple[str | None, str | None]:
    """District and village, else county, of the first address that tells one; and its code."""
    order = [subjects[index], *subjects] if index is not None else []
    written = [subject.get("address") for subject in order] + [incident_of(body).get("place")]
    for text in written:
        address = parse_address(text_of(text, 300))
        if name := places.get(address.district) or places.get(address.county):
            return name + address.village, address.district or None
    return None, None
