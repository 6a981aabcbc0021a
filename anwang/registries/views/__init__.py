"""The screens of the registries: how each source delivers, and what was set aside."""

from anwang.registries.views.feeds import feed, feeds
from anwang.registries.views.quarantine import ask_open, open_row, quarantine, retry, row

__all__ = ["ask_open", "feed", "feeds", "open_row", "quarantine", "retry", "row"]
