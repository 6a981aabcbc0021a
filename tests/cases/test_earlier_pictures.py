"""Pictures stored before their facts said which tell a place: the data migration over rows as they were."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction

from anwang.triage.models import Screening
from tests.cases.household_world import NEW_HOME
from tests.cases.test_stored_places import (
    MOTHER,
    NEW_ROAD,
    NEW_SCHOOL,
    family_that_moved,
    reported,
    stored,
)
from tests.conftest import add_service_teams, as_role
from tests.factories import desk_worker

MIGRATION = import_module("anwang.cases.migrations.0024_places_in_earlier_pictures")
# The value beside the kind, and no word of what tells a place.
AS_BEFORE = """
update triage_screening s set picture = jsonb_set(s.picture, '{facts}', (
    select jsonb_agg((case when f ->> 'tells_place' = 'home' and f ? 'kept_safe'
            then f || jsonb_build_object('value', jsonb_build_object('address', %s::text)) else f end)
        - 'tells_place' - 'settled_on' - 'instead' - 'kept_safe' order by place)
    from jsonb_array_elements(s.picture -> 'facts') with ordinality one (f, place)))
"""


@pytest.fixture
def with_every_right(own_database: str, postgres_server: Any) -> Iterator[None]:
    """A connection that may become the owner of the machine, in a transaction that is rolled back."""
    add_service_teams(postgres_server, own_database)
    connection.close()
    connection.settings_dict |= {
        "USER": "postgres", "OPTIONS": {"options": "-c role=anwang_app"},
    }  # fmt: skip
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def kept_safe() -> list[list[str]]:
    """Kinds of the facts without their place, of every picture."""
    with as_role("worker"):
        pictures = [one.picture for one in Screening.objects.order_by("matter_id")]
    return [[f["kind"] for f in one["facts"] if f.get("kept_safe")] for one in pictures]


def test_a_picture_of_before_loses_its_places_too(with_every_right: None) -> None:
    desk_worker()
    family_that_moved()
    told = [reported(safe=True), reported(MOTHER)]
    as_new = kept_safe()
    assert all(as_new)
    with connection.cursor() as cursor:
        cursor.execute("set local role postgres")
        cursor.execute(AS_BEFORE, [NEW_HOME])
        cursor.execute("select picture::text from triage_screening")
        assert all(NEW_ROAD in picture for (picture,) in cursor.fetchall())
        cursor.execute(MIGRATION.EARLIER)
        cursor.execute("set local role anwang_app")
    assert kept_safe() == as_new
    for one in told:
        assert NEW_ROAD not in stored(one)
        assert NEW_SCHOOL not in stored(one)
