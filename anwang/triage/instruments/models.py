"""Answers to instruments: rows that nobody changes."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow


class Answer(models.Model):
    """One answer to one question of an instrument, as somebody gave it. Never changed.

    The last row on a question counts; one without a value takes an answer back. A question without a
    row was not asked, which is neither *no* nor *not known*: those are values. Grade
    and stream stand elsewhere, and no answer changes them: a person decides.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        "triage.Matter", on_delete=models.PROTECT, related_name="answers", db_index=False
    )
    instrument = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    question = models.CharField(max_length=60)
    value = models.JSONField(null=True, help_text="A code, several codes, or a text.")
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(instrument="") & ~Q(version="") & ~Q(question=""),
                name="an_answer_names_its_question",
            ),
        ]
        indexes = [
            models.Index(fields=["matter", "instrument", "at"], name="answers_of_matter"),
        ]
