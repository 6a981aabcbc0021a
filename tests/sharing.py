"""How the tests are shared out to the processes of a run: by file, the long ones first.

A file stays in one process. Those that use the running instance are one share, and those that start
and end another one are another. A run is over when its last process is: what takes long begins early,
so that at the end only short files are left to be shared out.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

INSTANCE = "instance"
AT_THE_INSTANCE = ("tests/browser/", "tests/flow/test_doors.py", "tests/flow/test_sources.py",
                   "tests/trust/stories/test_s20_")  # fmt: skip
STARTS = "starts"
STARTING = ("tests/flow/test_up.py", "tests/flow/test_kills.py")
# Seconds that a share takes on a quiet machine; of what is not named, a tenth a test, and ten for a
# harness of trust, which has few tests and many trials.
LONG = {
    INSTANCE: 250.0,
    STARTS: 120.0,
    "tests/trust/test_route_matrix.py": 70.0,
    "tests/trust/test_month.py": 40.0,
    "tests/trust/test_vault_canaries.py": 35.0,
    "tests/trust/test_sealed_absent.py": 30.0,
    "tests/trust/test_pooled_contexts.py": 30.0,
    "tests/trust/test_database_matrix.py": 30.0,
    "tests/trust/test_reads_on_record.py": 25.0,
    "tests/trust/test_conflicts.py": 25.0,
    "tests/access/test_audit_export.py": 15.0,
    "tests/registries/test_tables.py": 15.0,
    "tests/people/test_linkage.py": 15.0,
    "tests/people/test_queries.py": 15.0,
    "tests/triage/test_worker.py": 12.0,
    "tests/demo/test_county.py": 10.0,
    "tests/households/test_signals.py": 10.0,
    "tests/people/test_batch.py": 10.0,
}
SECONDS_A_TEST, SECONDS_A_HARNESS = 0.1, 10.0


class ByFile(LoadScopeScheduling):
    """Sends files to the processes, the longest first, the instance's as one.

    In place of `--dist loadgroup`, whose marks xdist 3.8 loses under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in STARTING:
            return STARTS
        return INSTANCE if file.startswith(AT_THE_INSTANCE) else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = max(self.workqueue, key=self._seconds)
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)

    def _seconds(self, share: str) -> float:
        least = SECONDS_A_HARNESS if share.startswith("tests/trust/test_") else 0.0
        return LONG.get(share, max(least, SECONDS_A_TEST * len(self.workqueue[share])))
