"""What starting, ending and killing share: the home of one small demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import fresh_home


@pytest.fixture(scope="session")
def small_home() -> Path:
    """Empty until the first test starts it; making and filling a demo is what takes long here."""
    return fresh_home()
