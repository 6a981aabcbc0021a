"""The rooms of oversight as a browser meets them: a fresh proof before the glass, many rows, a link."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.access.test_sign_in import PASSWORD, account, code_now, enrol, pass_time, signed_in
from tests.conftest import as_role
from tests.factories import received_report, screened_report

pytestmark = pytest.mark.django_db
REASON = "孩子現在被關在屋內且有人揮刀，等不及主責回電確認"
ASKED = "/sign-in/again/?next=%2Fglass%2F"


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


def broken_by(client, receipt: str):
    return client.post("/glass/", {"number": receipt, "field": ["people"], "reason": REASON})


def uses() -> int:
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select count(*) from access_glass")
        return int(cursor.fetchone()[0])


def test_the_glass_asks_for_a_fresh_proof_and_a_password_is_one_where_there_is_no_second_factor():
    """G2."""
    client, receipt = signed_in(account()), received_report().receipt
    pass_time("6 minutes")
    before = uses()
    assert client.get("/glass/")["Location"] == ASKED
    assert broken_by(client, receipt)["Location"].startswith("/sign-in/again/")
    assert uses() == before, "an old session breaks nothing"
    answer = client.post("/sign-in/again/", {"password": PASSWORD, "next": "/glass/"})
    assert answer["Location"] == "/glass/"
    assert client.get("/glass/").status_code == 200
    opened = broken_by(client, receipt)["Location"]
    assert uses() == before + 1
    pass_time("6 minutes")
    assert client.get(opened).status_code == 200, "what is open stays open for its hour"


def test_the_password_alone_opens_no_glass_to_who_has_a_second_factor():
    """G2."""
    client = signed_in(account())
    secret = enrol(client)
    assert client.get("/glass/").status_code == 200
    pass_time("6 minutes")
    again = {"password": PASSWORD, "next": "/glass/"}
    assert client.post("/sign-in/again/", again).status_code == 200
    assert client.get("/glass/")["Location"] == ASKED
    assert client.post("/sign-in/again/", again | {"code": code_now(secret)}).status_code == 302
    assert client.get("/glass/").status_code == 200


def test_in_production_an_account_without_second_factor_comes_to_no_glass(settings):
    settings.SECOND_FACTOR = True
    client = signed_in(account())
    assert client.get("/glass/")["Location"] == "/account/"
    assert broken_by(client, received_report().receipt)["Location"] == "/account/"


def test_who_may_not_break_it_is_told_so():
    assert signed_in(account("mandated-reporter")).get("/glass/").status_code == 403


def test_the_report_leads_to_the_declaration_with_its_number_filled_in():
    client, told = signed_in(account()), screened_report()
    link = f"/conflicts/?number={told.receipt}"
    assert f'href="{link}"' in client.get(f"/desk/{told.receipt}/").content.decode()
    assert f'value="{told.receipt}"' in client.get(link).content.decode()


def test_notices_come_in_pages_that_each_name_where_the_next_begins():
    who = account()
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "select access.notify('alarm-raised', null, %s, '', null, '{}')"
            " from generate_series(1, 120)", [who.pk]
        )  # fmt: skip
    client, seen, url = signed_in(who), [], "/notices/"
    while url:
        page = client.get(url).context
        seen += [one["id"] for one in page["notices"]]
        url = f"/notices/{page['more_url']}" if page["more_url"] else ""
    assert len(seen) == len(set(seen)) == 120


def test_figures_are_one_line_a_month():
    client, receipt = signed_in(account()), received_report().receipt
    assert broken_by(client, receipt).status_code == 302
    month = client.get("/glass/figures/").context["months"][0]
    assert month["uses"] == sum(month["counts"]) >= 1
