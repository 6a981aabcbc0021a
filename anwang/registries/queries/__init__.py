"""Reads of the registries: how each feed stands, and what was set aside."""

from anwang.registries.queries.feeds import Feed, deliveries_of, feed_fields, feed_state, feeds
from anwang.registries.queries.quarantine import (
    MonthOfRows,
    RowStory,
    months_of,
    quarantined_rows,
    retries_of,
    row_story,
    rules_of,
    waiting_elsewhere,
)

__all__ = [
    "Feed",
    "MonthOfRows",
    "RowStory",
    "deliveries_of",
    "feed_fields",
    "feed_state",
    "feeds",
    "months_of",
    "quarantined_rows",
    "retries_of",
    "row_story",
    "rules_of",
    "waiting_elsewhere",
]
