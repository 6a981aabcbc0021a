"""Many questions at once, outside a transaction: asked on two connections, answered as one by one."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.db import transaction

from anwang.people.queries import candidates, persons, rank_many
from tests.people import invented_persons
from tests.people.stored import store
from tests.people.test_queries import told


@pytest.fixture
def many(own_database, monkeypatch):
    """Forty questions in portions of four, about persons who are committed."""
    monkeypatch.setattr(persons, "AT_ONCE", 4)
    everybody = invented_persons.persons(60, seed=33)
    store(one.raw for one in everybody)
    rng = random.Random(34)
    raws = [raw for one in everybody for _, raw in invented_persons.asked(rng, one)]
    return [told(**raw) for raw in rng.sample(raws, 39)] + [told()]


@pytest.fixture
def asked_on(monkeypatch) -> Counter[int]:
    """How many portions each connection was asked."""
    count: Counter[int] = Counter()
    fetch = candidates.fetch_prepared

    def counting(statement, parameters, connection=None):
        count[connection.info.backend_pid if connection else 0] += 1
        return fetch(statement, parameters, connection)

    monkeypatch.setattr(candidates, "fetch_prepared", counting)
    return count


@pytest.mark.slow
def test_both_connections_are_asked_and_the_answers_stay_in_order(many, asked_on):
    together = rank_many(many)
    assert sorted(asked_on.values()) == [5, 5]
    alone = [rank_many([one])[0] for one in many]
    assert [[person for person, _ in one] for one in together] == [
        [person for person, _ in one] for one in alone
    ]
    assert sum(map(bool, together)) >= 35 and together[-1] == []


@pytest.mark.slow
def test_in_a_transaction_its_own_connection_alone_is_asked(many, asked_on):
    with transaction.atomic():
        (new,) = store([{"name": "歐陽範例", "birth_date": "1999-12-31", "sex": "F"}])
        asked = [*many[:-1], told(name="歐陽範例", birth_date="1999-12-31", sex="F")]
        found = rank_many(asked)
    assert list(asked_on.values()) == [10]
    assert found[-1][0][0] == new  # seen by its own transaction alone
