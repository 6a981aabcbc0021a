"""The way of one report through the real server, step by step, as its people take it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from demo.staff import accounts
from tests.instance import Instance
from tests.visitor import Visitor

TEAM_ROLES = ("team-worker", "lead", "supervisor")
# Shown within a second or two in use (measured by the benchmarks); here the machine is shared.
PROPOSED_WITHIN = 15.0
DUTIES = """
select d.accountable_team, upper_inf(d.during) from triage_duty d
join intake_report r on r.id = d.matter_id where r.receipt = %s order by lower(d.during)
"""
GAPS = """
select count(*) from triage_duty d join intake_report r on r.id = d.matter_id
where r.receipt = %s and not exists (
    select from triage_duty other where other.matter_id = d.matter_id
        and lower(other.during) = upper(d.during))
"""
LATEST_OFFER = """
select o.id from triage_offer o join intake_report r on r.id = o.matter_id
where r.receipt = %s order by o.offered_at desc limit 1
"""


@dataclass
class Story:
    """One report and those who work on it."""

    instance: Instance
    receipt: str

    def someone(self, username: str) -> Visitor:
        password = self.instance.password("desk")  # one for all accounts of a demo
        return Visitor(self.instance.url, username, password)

    def desk_sees_it(self, desk: Visitor) -> None:
        """The report stands in the queue with a proposal, shortly after the receipt."""
        until = time.monotonic() + PROPOSED_WITHIN
        while time.monotonic() < until:
            page = desk.get(f"/desk/{self.receipt}/")
            if any("/confirm/" in form.action for form in page.forms):
                pages = (desk.get(f"/desk/queue/?page={number}").text for number in (1, 2, 3))
                assert any(f"item-{self.receipt}" in page for page in pages)
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.receipt} has no proposal after {PROPOSED_WITHIN} s")

    def desk_confirms(self, desk: Visitor) -> str:
        """Confirm the proposal; the team that it went to."""
        page = desk.get(f"/desk/{self.receipt}/")
        desk.send(page.form("/confirm/"))
        assert self.state() == "offered"
        return self.offered_team()

    def desk_changes(self, desk: Visitor, reason: str, **values: str) -> str:
        """Decide otherwise; the team that it went to."""
        page = desk.get(f"/desk/{self.receipt}/")
        desk.send(page.form("/change/"), values | {"reason": reason})
        assert self.state() == "offered"
        return self.offered_team()

    def team_answers(self, team: str, act: str, **values: str) -> Visitor:
        """A worker of the team accepts or refuses (`act`) in the inbox."""
        worker = self.someone(worker_of(team))
        inbox = worker.get("/inbox/")
        assert self.receipt in inbox.text, f"{self.receipt} is not in the inbox of {team}"
        offer = str(self._one(LATEST_OFFER))
        worker.send(next(f for f in inbox.forms if offer in f.action and act in f.action), values)
        return worker

    def shown(self) -> dict[str, Any]:
        """The report's line of `anwang desk --all --json`."""
        [found] = [
            row for row in self.instance.anwang("desk", "--all") if row["receipt"] == self.receipt
        ]
        return found

    def state(self) -> str:
        """The report's state, without the two seconds of a command."""
        return self._of_matter("state")

    def stream(self) -> str:
        """Where the report goes."""
        return self._of_matter("stream")

    def offered_team(self) -> str:
        """The team that has been asked."""
        return self._of_matter("offered_team")

    def _of_matter(self, column: str) -> str:
        return str(
            self._one(
                f"select {column} from triage_matter where report_id ="
                " (select id from intake_report where receipt = %s)"
            )
        )

    def duties(self) -> list[str]:
        """Who was accountable, one after the other; the last one is running, and there is no gap."""
        with self.instance.superuser() as connection:
            rows = connection.execute(DUTIES, [self.receipt]).fetchall()
            [(ends,)] = connection.execute(GAPS, [self.receipt])
        assert [running for _, running in rows] == [False] * (len(rows) - 1) + [True], rows
        assert ends == 1, "a gap between two duties"
        return [team for team, _ in rows]

    def cases(self) -> list[tuple[Any, ...]]:
        """The cases that this report opened."""
        with self.instance.superuser() as connection:
            return connection.execute(
                "select c.id, c.team_id from cases_case c join intake_report r on r.id ="
                " c.matter_id where r.receipt = %s", [self.receipt]
            ).fetchall()  # fmt: skip

    def _one(self, statement: str) -> Any:
        with self.instance.superuser() as connection:
            row = connection.execute(statement, [self.receipt]).fetchone()  # type: ignore[call-overload]
        assert row, "nothing found"
        return row[0]


def worker_of(team: str) -> str:
    """The demo account that works in a team."""
    for one in accounts():
        if one.team == team and one.role in TEAM_ROLES:
            return one.login
    return f"worker-{team}"
