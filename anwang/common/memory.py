"""What a process made while it began lives as long as the process: not worth looking through again.

Python's collector walks all that lives, now and then in the middle of a request. Of a process that has
begun, that is nearly all settings, models, policies and templates.
"""

import gc


def settle_memory() -> None:
    """Take what is there now out of later collections, and make these rarer."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
