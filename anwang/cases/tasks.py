"""When conflicts are looked for again, attempts and risks looked at, overdue reviews raised, alarms
evaluated, local systems told."""

from __future__ import annotations

from procrastinate.contrib.django import app

from anwang.access.context import LOADING
from anwang.cases.oversight.actions.alarms import evaluate_alarms
from anwang.cases.oversight.actions.attempts import forget_old_attempts, resolve_attempts
from anwang.cases.oversight.actions.conflicts import renew_conflicts
from anwang.cases.oversight.actions.glass import raise_overdue_reviews
from anwang.cases.oversight.actions.signals import warn_of_changes
from anwang.cases.queries.told_to_systems import changes_for
from anwang.registries.actions.sending import due_systems, tell_system


@app.periodic(cron="* * * * * */5", periodic_id="attempts")  # type: ignore[untyped-decorator]
@app.task(name="cases.resolve_attempts", queue="watching", queueing_lock="cases.resolve_attempts")  # type: ignore[untyped-decorator]
def look_at_attempts(timestamp: int) -> int:
    """Tell the other office of attempts on what somebody is in conflict with."""
    return resolve_attempts()


@app.periodic(cron="* * * * * */10", periodic_id="conflicts")  # type: ignore[untyped-decorator]
@app.task(name="cases.renew_conflicts", queue="watching", queueing_lock="cases.renew_conflicts")  # type: ignore[untyped-decorator]
def look_at_accounts(timestamp: int) -> int:
    """Accounts whose own people the registers tell anew."""
    return renew_conflicts()


@app.periodic(cron="* * * * * */10", periodic_id="risk-warnings")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="cases.warn_of_changes", queue="watching", queueing_lock="cases.risk_warnings",
    lock="cases.risk_warnings",  # a long look must not take the places of others
)  # fmt: skip
def look_at_risks(timestamp: int) -> int:
    """Tell who leads a family when a new delivery changes its risk signals."""
    return warn_of_changes()


@app.periodic(cron="17 * * * *", periodic_id="overdue-reviews")  # type: ignore[untyped-decorator]
@app.task(name="cases.raise_overdue_reviews", queue="watching", queueing_lock="cases.overdue")  # type: ignore[untyped-decorator]
def look_at_reviews(timestamp: int) -> int:
    """Reviews of broken glass that nobody wrote in time."""
    return raise_overdue_reviews()


@app.periodic(cron="* * * * * 40", periodic_id="alarms")  # type: ignore[untyped-decorator]
@app.task(name="cases.evaluate_alarms", queue="watching", queueing_lock="cases.alarms")  # type: ignore[untyped-decorator]
def look_at_readings(timestamp: int) -> int:
    """Odd readings since the last look."""
    return evaluate_alarms()


@app.periodic(cron="50 19 * * *", periodic_id="old-attempts")  # type: ignore[untyped-decorator]
@app.task(name="cases.forget_attempts", queue="watching", queueing_lock="cases.old_attempts")  # type: ignore[untyped-decorator]
def forget_attempts(timestamp: int) -> int:
    """Attempts older than a week."""
    return forget_old_attempts()


@app.periodic(cron="* * * * * 25", periodic_id="local-systems")  # type: ignore[untyped-decorator]
@app.task(  # type: ignore[untyped-decorator]
    name="cases.tell_systems", queue="telling", queueing_lock="cases.tell_systems",
    lock="cases.tell_systems",  # a receiver that drips must not take the places of others
)  # fmt: skip
def tell_local_systems(timestamp: int) -> int:
    """Local systems whose time has come, of what changed in their county; rows received there."""
    due = due_systems(actor=LOADING)
    return sum(tell_system(one, changes_for, actor=LOADING).rows for one in due)
