"""The planted faults still fit the product: a fault that no longer applies would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.figure import ROOT
from tests.trust.planting import faults_of

FILES = sorted(Path(__file__).with_name("planted").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_planted_fault_fits_the_product(file: Path) -> None:
    faults = faults_of(file.stem)
    assert faults
    stale = []
    for fault in faults:
        if "old" not in fault or "in" not in fault:
            continue
        place = ROOT / fault["in"].replace(".", "/")
        module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if fault["old"] not in module.read_text(encoding="utf-8"):
            stale.append(fault["fault"])
    assert stale == [], "renew the text of these faults in planted/" + file.name
