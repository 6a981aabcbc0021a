"""What of the safety figures runs in the drill alone is not collected in `make test`."""

from __future__ import annotations

from tests.trust.figure import drilling

# Time says something on a quiet machine and over many pairs only (decision 28).
collect_ignore = [] if drilling() else ["test_sealed_timing.py"]
