"""Who acts when a command shows persons: the local operator of a demo or test instance (decision 9)."""

from __future__ import annotations

from typing import Final

from django.db import connection

from anwang.access.context import Actor
from anwang.access.models import Account
from anwang.common.errors import AnwangError

USERNAME: Final = "demo-operator"
PURPOSE: Final = "demonstration"


class ShowsNoPersons(AnwangError):
    """This is a production instance: commands that show persons refuse there. Use the screens."""


class NoOperator(AnwangError):
    """There is no account demo-operator. Make the instance with: anwang init"""


def instance_kind() -> str:
    """demo, test or production."""
    with connection.cursor() as cursor:
        cursor.execute("select kind from clock.instance")
        row = cursor.fetchone()
    return str(row[0]) if row else "production"


def demo_operator() -> Actor:
    """The operator of a demo or test instance. Raises ShowsNoPersons or NoOperator."""
    if instance_kind() == "production":
        raise ShowsNoPersons(str(ShowsNoPersons.__doc__))
    try:
        account = Account.objects.get_by_natural_key(USERNAME)
    except Account.DoesNotExist:
        raise NoOperator(str(NoOperator.__doc__)) from None
    return Actor(account.pk, role="operator")
