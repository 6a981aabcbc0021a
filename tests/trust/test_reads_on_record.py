"""No record, no reading: whatever fails, nobody sees a report without a committed entry (D2).

Figure: sensitive reads with the audit's disk full, its rights gone, its connection cut; with its backend
or the answering one killed in the middle of the entry; with the answering process killed: none unrecorded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import Fault, faults_of, planted_in_code
from tests.trust.reading import REPORTS, World, attempt_on, opened, world

FIGURE = Figure(
    name="reads-on-record",
    what="sensitive reads under kills (the audit's and the answering backend in the middle of an entry, the"
    " answering process) and while the audit fails: disk full, rights gone, connection cut",
    goal="0 of 1,000,000 unrecorded",
    share=5_000,
    whole=1_000_000,
    portion=20_000,
)


@pytest.fixture(scope="module")
def made(postgres_server, django_db_blocker) -> Iterator[World]:
    with world(postgres_server, django_db_blocker, "anwang_reading") as one:
        yield one


def test_the_pages_show_what_the_figure_is_about(made):
    assert opened(made) > 2 * REPORTS


def test_nobody_reads_what_is_not_on_record(made):
    hold(FIGURE, attempt_on(made))
    assert made.seen_before_killed, "no killed process had told anything: its trials show nothing"


@pytest.mark.parametrize(
    "fault", rotating(faults_of("reads_on_record")), ids=lambda one: one["fault"]
)
def test_a_planted_fault_is_found(fault: Fault, made):
    attempt = attempt_on(made)
    with planted_in_code(fault):
        slices = (attempt(range(first, first + 250), 1) for first in range(0, 5_000, 250))
        found = next((one for one in slices if one), [])
    assert found, f"nobody noticed: {fault['fault']}"
