"""S22: a developer copies production data to reproduce a bug."""

from __future__ import annotations

import pytest
from django.db import connection

from anwang.access.context import acting
from tests.factories import account, received_report

pytestmark = pytest.mark.django_db
PERSONAL = ("intake_report", "intake_reportaddition", "triage_matter", "triage_screening",
            "cases_familyfile", "cases_familymember", "cases_case", "people_person",
            "people_identity", "access_glass", "access_alarm")  # fmt: skip


def test_s22_an_operator_reads_no_row_about_anybody():
    operator = account("developer", ("operators", None, "operator"))
    received_report()
    with acting(operator, "test"), connection.cursor() as cursor:
        for table in PERSONAL:
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone() == (0,), table
