"""What a process began with is looked through once, not in the middle of requests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTLED = "import gc; import config.wsgi; print(gc.get_freeze_count(), gc.get_threshold()[0])"


def test_what_serves_pages_takes_what_it_began_with_out_of_collections():
    told = subprocess.run(
        [sys.executable, "-c", SETTLED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    frozen, threshold = map(int, told.stdout.split()[-2:])
    assert frozen > 10_000
    assert threshold > 10_000
