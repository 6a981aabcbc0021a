"""What a process made while it began lives as long as the process: not worth looking through again.

Python's collector walks all that lives, now and then in the middle of a request. Of a process that has
begun, that is nearly all settings, models, policies and templates. While it begins, nothing of them is
garbage: a fifth of the time to begin went into looking for it.
"""

import gc


def gather_memory() -> None:
    """Collect nothing while a process begins, until `settle_memory`."""
    gc.disable()


def settle_memory() -> None:
    """Take what is there now out of later collections, and make these rarer."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
