"""What waits for people: questions of identity that the machine does not answer."""

from __future__ import annotations

from django.db.models import Count

from anwang.people.models import Review


def review_sizes() -> dict[str, int]:
    """How many questions are open, by kind; kinds without any are 0. One query."""
    found = Review.objects.filter(state=Review.State.OPEN).values_list("kind").annotate(Count("id"))
    return dict.fromkeys(Review.Kind.values, 0) | dict(found)
