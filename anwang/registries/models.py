"""What sources said: deliveries, records as delivered, the facts they yield, rows held in quarantine.

Records and facts are only added to. What holds on a day follows from the delivery's known time.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow
from anwang.registries.rules.feed_watch import ALARMS

# The mode of a delivery that is no delivery of the source's: rows of quarantine, taken after all.
REPLAY = "replay"
# Nor is an answer about one person.
LOOK_UP = "look-up"


class Source(models.Model):
    """A registry, described by its manifest; nothing in the code knows one by name."""

    id = models.SlugField(max_length=40, primary_key=True)
    manifest = models.JSONField()
    version = models.CharField(max_length=20)
    external = models.BooleanField()
    assumed = models.BooleanField(default=False)


class Delivery(models.Model):
    """One file or message of a source. `known_at` is set in the short publish step (decision 2)."""

    class State(models.TextChoices):
        LOADING = "loading"
        PUBLISHED = "published"
        HELD = "held"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    mode = models.CharField(max_length=12, default="incremental")
    file_sha256 = models.CharField(max_length=64)
    manifest_version = models.CharField(max_length=20)
    delivered_at = models.DateTimeField()
    began_at = models.DateTimeField(db_default=ClockNow())
    known_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.LOADING)
    accepted = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    held_because = models.JSONField(null=True)
    profile = models.JSONField(null=True, help_text="What its columns held, as counts.")
    checkpoint = models.JSONField(null=True, help_text="How far a load came that has not ended.")

    class Meta:
        indexes = [
            models.Index(fields=["source", "-known_at"], name="deliveries_of_source"),
            models.Index(
                fields=["source", "-known_at"], name="full_deliveries_of_source",
                condition=Q(mode="full", state="published"),
            ),
            models.Index(
                fields=["source", "-began_at"], name="newest_deliveries_of_source",
                condition=~Q(mode="look-up"),
            ),
        ]  # fmt: skip


class Record(models.Model):
    """A source record: what a source said about one person, once. Partitioned by source."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_constraint=False)
    record_key = models.CharField(max_length=100)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, db_constraint=False)
    values = models.JSONField()
    id_cipher = models.BinaryField(null=True)
    withdrawn = models.BooleanField(default=False)
    row_digest = models.BigIntegerField(
        null=True, help_text="Keyed digest of the row it came from."
    )

    class Meta:
        managed = False
        db_table = "registries_record"


class Fact(models.Model):
    """A typed statement from a record, with valid time. Known time is its delivery's."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_constraint=False)
    record = models.ForeignKey(Record, on_delete=models.PROTECT, db_constraint=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200, null=True)
    value = models.JSONField()
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "registries_fact"


class QuarantinedRow(models.Model):
    """A row that was not taken: where it stands, which rule it broke, how to mend it.

    The row itself is sealed; nothing of it is echoed on a screen (I2). Its first fault stays as it
    was found; what was tried since stands in its retries. `settled` says how its waiting ended.
    """

    class Settled(models.TextChoices):
        TAKEN = "taken"
        SUPERSEDED = "superseded"  # the key came again in a later delivery

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="quarantine", db_index=False
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    sheet = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=60)
    rule = models.CharField(max_length=60)
    value_class = models.CharField(max_length=60)
    text = models.JSONField()
    fix = models.JSONField()
    sealed_row = models.BinaryField()
    replayed_at = models.DateTimeField(null=True)
    settled = models.CharField(
        max_length=12, choices=Settled, blank=True, default="", db_default=""
    )

    class Meta:
        indexes = [
            models.Index(fields=["delivery", "line"], name="quarantine_of_delivery"),
            models.Index(
                fields=["source", "rule"], name="quarantine_waiting", condition=Q(settled="")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(settled="") | Q(replayed_at__isnull=False),
                name="a_settled_row_has_its_instant",
            )
        ]


class Arrival(models.Model):
    """A file or a delivery of pages that was fetched from its source: it is not fetched again.

    `version` differs when another thing comes under the same name. The newest one of a REST source
    says from where on the source is asked.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="arrivals", db_index=False
    )
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    bytes = models.PositiveBigIntegerField()
    fetched_at = models.DateTimeField(db_default=ClockNow())
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name", "version"], name="fetched_once")
        ]


class FetchState(models.Model):
    """How fetching from a source goes: when it was tried last, and what hinders it since when."""

    source = models.OneToOneField(Source, on_delete=models.PROTECT, primary_key=True)
    tried_at = models.DateTimeField()
    came_at = models.DateTimeField(null=True, help_text="Last time the source was reached.")
    trouble = models.CharField(max_length=30, default="", db_default="")
    since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)


class Outgoing(models.Model):
    """A delivery of ours to a local system: its reports that changed, numbered a system from 1.

    The number tells it apart for good: what broke off is sent again under it with the same bytes.
    They lie here sealed until the receiver has them, and not a moment longer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="outgoing", db_index=False
    )
    number = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=ClockNow())
    upto = models.DateTimeField(help_text="High-water mark: changes until then are in it.")
    rows = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    sealed_body = models.BinaryField(null=True)
    tries = models.PositiveIntegerField(default=0, db_default=0)
    tried_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=30, default="", db_default="")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="one_outgoing_a_number"),
            models.UniqueConstraint(
                fields=["source"], condition=Q(sent_at=None), name="one_waiting_outgoing_a_system"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, sealed_body__isnull=False)
                | Q(sent_at__isnull=False, sealed_body__isnull=True),
                name="what_was_sent_is_not_kept",
            ),
        ]


class OutgoingRow(models.Model):
    """What a local system was told last of one report: a keyed digest, so that it is told once."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="outgoing_rows", db_index=False
    )
    key = models.UUIDField()
    digest = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="told_last_once_a_report")
        ]


class Retry(models.Model):
    """That somebody wants rows in quarantine tried again: one row corrected, or all of a delivery.

    Only added to; a program fills in what came of it. The corrected cells are sealed like the row.
    `fault`: what is still wrong with a corrected row, as its first fault was told.
    """

    class Result(models.TextChoices):
        TAKEN = "taken"
        STILL_BAD = "still-bad"
        SUPERSEDED = "superseded"
        NOTHING = "nothing"  # no row waited, or none of them is good now

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="retries")
    row = models.ForeignKey(
        QuarantinedRow, on_delete=models.PROTECT, null=True, related_name="retries"
    )
    by = models.UUIDField()
    asked_at = models.DateTimeField(db_default=ClockNow())
    columns = ArrayField(models.CharField(max_length=40), default=list)
    sealed_cells = models.BinaryField(null=True)
    done_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, choices=Result, blank=True, default="")
    tried = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    fault = models.JSONField(null=True)
    made = models.UUIDField(null=True, help_text="The delivery that took the good rows.")

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], name="retries_waiting", condition=Q(done_at=None))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"], name="one_waiting_retry_a_delivery",
                condition=Q(done_at=None, row=None),
            ),
            models.UniqueConstraint(
                fields=["row"], name="one_waiting_correction_a_row", condition=Q(done_at=None),
            ),
            models.CheckConstraint(
                condition=Q(row__isnull=True, sealed_cells__isnull=True)
                | Q(row__isnull=False, sealed_cells__isnull=False),
                name="a_correction_has_cells",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | ~Q(result=""), name="what_is_done_has_a_result"
            ),
        ]  # fmt: skip


class FeedAlarm(models.Model):
    """That something is wrong with a feed, from when to when; raised once, ended when mended.

    `detail` holds counts, shares and column names.
    """

    class Kind(models.TextChoices):
        LATE = "late"
        SHRUNK = "shrunk"
        DOUBLED = "doubled"
        DRIFTING = "drifting"
        HELD = "held"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="alarms", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, null=True)
    detail = models.JSONField(default=dict)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["source", "-since"], name="alarms_of_source")]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind"], condition=Q(until=None), name="one_open_alarm_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")),
                name="feed_alarm_ends_after_it_begins",
            ),
        ]

    @property
    def words(self) -> dict[str, str]:
        """What is wrong, {zh, en}."""
        return ALARMS[self.kind].as_dict()
