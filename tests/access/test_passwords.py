"""Setting one's own password: by the present one, or by a code that works once and for some days."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from anwang.access.actions.invitations import give_code
from anwang.access.context import Actor, acting
from anwang.access.models import Notice
from anwang.access.vocabulary import Act
from tests.access.test_invitations import administrator, invited
from tests.access.test_sign_in import PASSWORD, account, pass_time, send, signed_in
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
NEW = "another invented phrase"


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


def change(client: Client, present: str = PASSWORD, new: str = NEW, again: str | None = None):
    given = {"present": present, "new": new, "again": new if again is None else again}
    return client.post("/account/password/", given)


def first(name: str, code: str, new: str = NEW, client: Client | None = None):
    given = {"username": name, "code": code, "new": new, "again": new}
    return (client or Client()).post("/sign-in/first/", given, REMOTE_ADDR="192.0.2.9")


def acts_of(who) -> set[str]:
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select act from access_auditentry where %s = any(object_ids)", [str(who)])
        return {act for (act,) in cursor.fetchall()}


def test_one_changes_ones_password_with_the_present_one_and_other_sessions_end():
    who = account()
    here, there = signed_in(who), signed_in(who)
    assert change(here)["Location"] == "/account/"
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert send(Client(), who.username, PASSWORD).status_code == 200
    assert send(Client(), who.username, NEW).status_code == 302
    with acting(Actor(who.pk)):
        assert Notice.objects.filter(kind="password-changed", to_account=who.pk).exists()
    assert Act.PASSWORD_CHANGED in acts_of(who.pk)


def test_without_the_present_password_nothing_changes():
    who = account()
    client = signed_in(who)
    page = change(client, present="not the present one")
    assert page.status_code == 200 and "目前的密碼不正確" in page.content.decode()
    assert send(Client(), who.username, PASSWORD).status_code == 302


def test_guessing_the_present_password_in_an_open_session_is_held_back():
    client = signed_in(account())
    answers = [change(client, present=f"guess {number}").status_code for number in range(8)]
    assert answers[-1] == 429


def test_a_new_password_keeps_the_rules_and_is_typed_twice():
    client = signed_in(account())
    assert "兩次輸入的不一樣" in change(client, again="something else here").content.decode()
    assert change(client, new="password1234").status_code == 200
    assert change(client).status_code == 302


def test_a_code_sets_the_first_password_once():
    made = invited(administrator(), name="new-colleague")
    assert send(Client(), "new-colleague", "").status_code == 200
    answer = first("new-colleague", made.code.lower().replace("-", " "))
    assert answer.status_code == 302, answer.content.decode()
    assert send(Client(), "new-colleague", NEW).status_code == 302
    again = first("new-colleague", made.code, "a third phrase altogether")
    assert again.status_code == 200 and "代碼不正確" in again.content.decode()
    assert send(Client(), "new-colleague", NEW).status_code == 302
    assert {Act.CODE_GIVEN, Act.PASSWORD_SET} <= acts_of(made.account_id)


def test_a_code_ends_after_its_days_and_with_a_newer_one():
    by = administrator()
    made = invited(by, name="late-colleague")
    with acting(by):
        newer = give_code(made.account_id, actor=by)
    assert first("late-colleague", made.code).status_code == 200
    pass_time("3 days 1 minute")
    assert first("late-colleague", newer.code).status_code == 200
    with acting(by):
        newest = give_code(made.account_id, actor=by)
    assert first("late-colleague", newest.code).status_code == 302


def test_a_code_serves_its_own_name_alone_and_an_unknown_name_is_answered_alike():
    made, who = invited(administrator(), name="right-name"), account()
    wrong = first(who.username, made.code)
    unknown = first("nobody-here", made.code)
    told = [one.content.decode().split("<form")[1].split("csrfmiddlewaretoken")[0]
            for one in (wrong, unknown)]  # fmt: skip
    assert wrong.status_code == unknown.status_code == 200
    assert told[0] == told[1]


def test_a_forgotten_password_ends_every_session_of_the_old_one():
    who, by = account(), administrator()
    there = signed_in(who)
    with acting(by):
        made = give_code(who.pk, actor=by)
    assert there.get("/account/").status_code == 200, "the old password holds until then"
    assert first(who.username, made.code).status_code == 302
    assert there.get("/account/").status_code == 302
    assert send(Client(), who.username, PASSWORD).status_code == 200


def test_a_code_in_use_still_asks_for_the_second_factor():
    from tests.access.test_sign_in import enrol

    who, by = account(), administrator()
    enrol(signed_in(who))
    with acting(by):
        made = give_code(who.pk, actor=by)
    assert first(who.username, made.code)["Location"] == "/sign-in/second/"
