"""Training and accepted rules as a condition of opening anything, with an end (R2, R4)."""

from __future__ import annotations

import pytest
from django.db import connection

from anwang.access.actions.people import note_training
from anwang.access.actions.standing import NEED_NOTHING, read_requirements, warn_of_endings
from anwang.access.context import SWEEPING, acting
from anwang.access.models import AuditEntry, Notice, Relation
from anwang.access.queries.seats import seats_of
from anwang.cases.models import Case
from anwang.common.clock import clock_now
from tests.access.people import administrator, browser_of, permit_of, somebody
from tests.access.test_sign_in import pass_time
from tests.conftest import as_role
from tests.factories import DESK
from tests.intake.test_forms import SMALL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
STANDING = "/account/training/"


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


def reaches(actor) -> tuple[int, int]:
    """Seats, and what the database itself shows of the team's relations."""
    with acting(actor):
        return len(seats_of(actor.id)), Relation.objects.count() + Case.objects.count()


def test_reporting_needs_no_training():
    """D2: mandated reporters and citizens never need any."""
    assert not any(NEED_NOTHING & set(one["roles"]) for one in read_requirements())
    teacher = somebody("mandated-reporter", "", trained=None)
    browser = browser_of(teacher)
    assert browser.get("/report/").status_code == 200
    assert browser.post("/report/", SMALL)["Location"].startswith("/receipts/")


def test_who_is_not_trained_signs_in_and_sees_only_what_is_missing():
    """R2: the middleware leads there, whatever is asked for."""
    browser = browser_of(somebody(trained=None))
    for path in ("/", "/inbox/", "/families/", "/notices/", "/glass/", "/account/reach/"):
        assert browser.get(path)["Location"] == STANDING, path
    shown = browser.get(STANDING)
    assert shown.status_code == 200 and "還沒有" in shown.content.decode()
    assert browser.get("/account/").status_code == 200


def test_without_training_no_relation_holds_in_the_database_either():
    """R3: no team, county or role, whatever the application asks."""
    worker = somebody(trained=None)
    assert reaches(worker) == (0, 0)
    with acting(worker), connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from access.my_teams()), (select count(*) from"
            " access.my_counties()), access.i_am('team-worker'), access.all_lapsed()"
        )
        assert cursor.fetchone() == (0, 0, False, True)


def test_accepted_rules_and_noted_training_open_the_work():
    mine, worker = administrator(), somebody(trained=None)
    browser = browser_of(worker)
    unread = browser.post(f"{STANDING}rules-of-use/accept/")
    assert unread["Location"] == STANDING and reaches(worker)[0] == 0
    browser.post(f"{STANDING}rules-of-use/accept/", {"read": "yes"})
    assert reaches(worker)[0] == 0, "the training is missing still"
    with acting(mine):
        note_training(
            worker.id, "protection-of-data", clock_now().date(), "A-12", permit=permit_of(mine)
        )
    assert reaches(worker)[0] == 1
    assert browser.get("/inbox/").status_code == 200
    with as_role("worker"):
        assert AuditEntry.objects.filter(act="rules-accepted", actor=worker.id).count() == 1


def test_nobody_accepts_rules_that_his_role_has_not_nor_a_training():
    teacher = browser_of(somebody("mandated-reporter", "", trained=None))
    assert teacher.post(f"{STANDING}rules-of-use/accept/", {"read": "yes"}).status_code == 404
    worker = browser_of(somebody(trained=None))
    assert worker.post(f"{STANDING}protection-of-data/accept/", {"read": "yes"}).status_code == 404


def test_expired_training_closes_an_open_session_by_itself():
    """R4: by the database's clock, nobody has to do anything."""
    worker = somebody()
    assert reaches(worker)[0] == 1
    pass_time("366 days")
    assert reaches(worker) == (0, 0)
    assert browser_of(worker).get("/inbox/")["Location"] == STANDING


def test_a_desk_without_training_decides_nothing():
    worker = somebody("desk", DESK, trained=None)
    assert browser_of(worker).get("/desk/")["Location"] == STANDING


def test_an_ending_is_told_once_and_in_time():
    worker = somebody()

    def told() -> int:
        with acting(worker):
            return Notice.objects.filter(kind="standing-ends", to_account=worker.id).count()

    def warn() -> None:
        with as_role("worker"), acting(SWEEPING):
            while warn_of_endings():
                pass

    pass_time("300 days")
    warn()
    assert told() == 0
    pass_time("40 days")
    warn()
    warn()
    assert told() == 2, "one for the rules, one for the training"
    shown = browser_of(worker).get(STANDING).content.decode()
    assert "快到期" in shown


def test_a_second_place_that_needs_nothing_stays_open():
    """D2: who is a mandated reporter besides goes on reporting."""
    worker = somebody(trained=None)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_membership (id, account_id, team_id, county, role)"
            " values (gen_random_uuid(), %s, '', '68000', 'mandated-reporter')",
            [worker.id],
        )
    browser = browser_of(worker)
    assert browser.get("/report/").status_code == 200
    assert browser.get("/inbox/").status_code == 403
    with acting(worker):
        assert [seat.role for seat in seats_of(worker.id)] == ["mandated-reporter"]
