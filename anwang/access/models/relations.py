"""Which team may reach which object, by opaque ids that apps above fill in."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow


class Relation(models.Model):
    """That a team may reach an object (a report, a case, a person), and on what ground."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team_id = models.CharField(max_length=64)
    object_kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    ground = models.CharField(max_length=40)
    through = models.UUIDField(help_text="The report or case that gives the ground.")
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "team_id", "through", "ground"],
                condition=models.Q(until__isnull=True),
                name="one_relation_a_ground",
            )
        ]
        indexes = [
            models.Index(fields=["through"], name="relation_through"),
            models.Index(fields=["team_id", "object_id"], name="relations_of_team"),
        ]
