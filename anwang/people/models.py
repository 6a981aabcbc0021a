"""Whom we take records to be: identities of records, the keys that find them, judged links.

A link is a judgement: withdrawn by a new row, never overwritten. An identity's `person` is the
judgement in force, kept beside it so that a candidate is found in one step.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from anwang.common.clock import ClockNow


class Person(models.Model):
    """A person we take some records to be."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_at = models.DateTimeField(db_default=ClockNow())


class Identity(models.Model):
    """The normal forms of one record: what matching compares. What was written stays in the record."""

    no = models.BigAutoField(primary_key=True)
    record_id = models.UUIDField(unique=True)
    source_id = models.CharField(max_length=40)
    record_key = models.CharField(max_length=100)
    delivery_id = models.UUIDField()
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    forms = models.JSONField(null=True, help_text="None where it is like another (`like_no`).")
    packed = models.BinaryField(
        null=True, help_text="The forms as columns of numbers, ready to compare."
    )
    id_token = models.BinaryField(null=True)
    full_key = models.BigIntegerField(null=True)
    superseded = models.BooleanField(default=False)
    # Records in the same words share the keys and forms of the first of them (trigger part_alike).
    told = models.BigIntegerField(
        null=True, help_text="Digest of the words, of the first record in these words."
    )
    like_no = models.BigIntegerField(
        null=True, help_text="The record in the same words whose keys find this one too."
    )
    keys = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(like_no__isnull=False)
                | models.Q(forms__isnull=False, packed__isnull=False),
                name="identity_has_words",
            )
        ]
        indexes = [
            models.Index(fields=["person"], name="identities_of_person"),
            models.Index(
                fields=["told"], name="identity_as_told", condition=models.Q(told__isnull=False),
            ),
            models.Index(fields=["source_id", "record_key"], name="identity_of_record_key"),
            models.Index(
                fields=["id_token"], name="identity_by_token",
                condition=models.Q(id_token__isnull=False),
            ),
            models.Index(
                fields=["full_key"], name="identity_by_address",
                condition=models.Q(full_key__isnull=False),
            ),
        ]  # fmt: skip


class Key(models.Model):
    """A blocking key of an identity: rows that the live search reads in one round trip."""

    pk = models.CompositePrimaryKey("key", "identity_no")
    key = models.BigIntegerField()
    identity_no = models.BigIntegerField()


class Link(models.Model):
    """A judgement that a record is, or is not, a person: author, time, score, reasons."""

    class Judgement(models.TextChoices):
        SAME = "same"
        NOT_SAME = "not-same"
        WITHDRAWN = "withdrawn"
        UNDONE = "undone"  # a person's own word taken back: as if it had not been said

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record_id = models.UUIDField()
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    judgement = models.CharField(max_length=10, choices=Judgement, default=Judgement.SAME)
    author = models.CharField(max_length=64, help_text="Model version, or the account's id.")
    by_person = models.BooleanField(default=False)
    probability = models.FloatField()
    weight = models.FloatField()
    reasons = models.JSONField(default=list)
    judged_at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        indexes = [
            models.Index(fields=["record_id", "-judged_at"], name="links_of_record"),
            # Of the person alone: entries of one person share a page, as they would not with their time.
            models.Index(fields=["person"], name="links_naming_person"),
            models.Index(
                fields=["-judged_at"], name="links_said_by_people",
                condition=models.Q(by_person=True),
            ),
        ]  # fmt: skip


class Review(models.Model):
    """A question that the machine leaves to people: which records or persons, and why.

    Of a report's subject there is one always, open or not, with its candidates in `persons` and
    `reasons`; `about` is the report.
    """

    class Kind(models.TextChoices):
        TWO_NUMBERS = "two-numbers"  # one cluster, two valid numbers: split at its weakest link
        ONE_NUMBER = "one-number"  # one number, holders who contradict each other
        MERGE = "merge"  # two settled persons who seem to be one
        SUBJECT = "subject"  # whom a report means

    class State(models.TextChoices):
        OPEN = "open"
        DECIDED = "decided"
        GONE = "gone"  # newer records have answered it
        SURE = "sure"  # the machine has no doubt; people may look and say otherwise

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    matter = models.UUIDField(
        unique=True, help_text="Made of kind and records: the same question is one row."
    )
    records = ArrayField(models.UUIDField())
    persons = ArrayField(models.UUIDField())
    reasons = models.JSONField(default=list)
    margin = models.FloatField(help_text="Bits between the best and the next; small is doubtful.")
    author = models.CharField(max_length=64, help_text="Model version.")
    since = models.DateTimeField(db_default=ClockNow())
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    until = models.DateTimeField(null=True)
    about = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "since"], name="open_reviews", condition=models.Q(state="open")
            ),
            models.Index(
                fields=["about"], name="reviews_about", condition=models.Q(about__isnull=False)
            ),
        ]


class Judgement(models.Model):
    """What a person has said on a question, or that it is taken back (`undoes`). Never changed.

    `before` and `after`: record -> person (None for nobody) that it was, and became; `links` the
    rows that say so. `opened` and `ended`: relations of teams to persons that follow from it.
    """

    class Kind(models.TextChoices):
        SAME = "same"
        NOT_SAME = "not-same"
        MERGE = "merge"
        APART = "apart"  # two persons are not one
        SPLIT = "split"
        UNDONE = "undone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Review, on_delete=models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=10, choices=Kind)
    records = ArrayField(models.UUIDField())
    person_id = models.UUIDField(null=True)
    other_id = models.UUIDField(null=True, help_text="Who stays, or whose the records become.")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    links = ArrayField(models.UUIDField(), default=list)
    opened = ArrayField(models.UUIDField(), default=list)
    ended = ArrayField(models.UUIDField(), default=list)
    reason = models.TextField(blank=True)
    request = models.UUIDField(null=True, help_text="The act of two persons behind it.")
    undoes = models.UUIDField(null=True, unique=True)
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        indexes = [models.Index(fields=["other_id"], name="judgements_of_other")]


class Finding(models.Model):
    """That two records of a person cannot both be right, under a rule of consistency.yaml.

    Beside both records, never in place of one: it holds their keys and no value. Withdrawn, with
    `until`, once they agree again or are no longer one person's; raised anew where they change and
    still disagree (`digest` is of what they said).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(max_length=40)
    person_id = models.UUIDField()
    left_source = models.CharField(max_length=40)
    left_key = models.CharField(max_length=100)
    left_record = models.UUIDField()
    left_fact = models.BigIntegerField(null=True)
    right_source = models.CharField(max_length=40)
    right_key = models.CharField(max_length=100)
    right_record = models.UUIDField()
    right_fact = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=32)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["person_id"], name="findings_of_person"),
            models.Index(
                fields=["rule", "since"], name="open_findings", condition=models.Q(until=None)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "person_id", "left_source", "left_key", "right_source",
                        "right_key", "digest"],
                condition=models.Q(until=None), name="one_open_finding_a_pair",
            )
        ]  # fmt: skip


class Comparison(models.Model):
    """That the persons of a delivery are to be looked at under the rules across sources, and when
    they were; `found` and `withdrawn` count findings of all deliveries looked at together.
    """

    delivery_id = models.UUIDField(primary_key=True)
    asked_at = models.DateTimeField(db_default=ClockNow())
    done_at = models.DateTimeField(null=True)
    persons = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"], name="comparisons_waiting", condition=models.Q(done_at=None)
            )
        ]
