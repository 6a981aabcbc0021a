"""Rows in quarantine tried again, corrected without being seen, opened by two persons."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction, WithForceLifted

SETTLED = """
update registries_quarantinedrow set settled = 'taken' where replayed_at is not null;
"""
SCHEMA = """
create schema if not exists registries;
grant usage, create on schema registries to anwang_vault;
grant usage on schema registries to anwang_app, anwang_worker;
"""
# The row as it was sealed and every correction, oldest first. Raises what access.two_use raises.
OPEN_ROW = """
create function registries.open_row(request uuid, wanted uuid)
    returns table (id uuid, sealed bytea)
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform access.two_use(request, 'open-quarantined-row', wanted);
    return query select q.id, q.sealed_row from registries_quarantinedrow q where q.id = wanted;
    return query select r.id, r.sealed_cells from registries_retry r
        where r.row_id = wanted order by r.asked_at;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("registries", "0003_arrivals"), ("access", "0006_two_persons")]
    operations = [
        migrations.AddField(
            "quarantinedrow", "settled",
            models.CharField(blank=True, choices=[("taken", "Taken"), ("superseded", "Superseded")],
                             db_default="", default="", max_length=12),
        ),
        WithForceLifted(("registries_quarantinedrow",), SETTLED),
        migrations.AddIndex(
            "quarantinedrow",
            models.Index(condition=Q(("settled", "")), fields=["source", "rule"],
                         name="quarantine_waiting"),
        ),
        migrations.AddConstraint(
            "quarantinedrow",
            models.CheckConstraint(
                condition=Q(("settled", ""), ("replayed_at__isnull", False), _connector="OR"),
                name="a_settled_row_has_its_instant",
            ),
        ),
        migrations.CreateModel(
            name="Retry",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True,
                                        serialize=False)),
                ("by", models.UUIDField()),
                ("asked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("columns", django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=40), default=list, size=None)),
                ("sealed_cells", models.BinaryField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("result", models.CharField(blank=True, choices=[
                    ("taken", "Taken"), ("still-bad", "Still Bad"), ("superseded", "Superseded"),
                    ("nothing", "Nothing")], default="", max_length=12)),
                ("tried", models.PositiveIntegerField(default=0)),
                ("taken", models.PositiveIntegerField(default=0)),
                ("fault", models.JSONField(null=True)),
                ("made", models.UUIDField(
                    help_text="The delivery that took the good rows.", null=True)),
                ("delivery", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="retries",
                    to="registries.delivery")),
                ("row", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT,
                    related_name="retries", to="registries.quarantinedrow")),
            ],
            options={
                "indexes": [
                    models.Index(condition=Q(("done_at", None)), fields=["asked_at"],
                                 name="retries_waiting")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("done_at", None), ("row", None)), fields=("delivery",),
                        name="one_waiting_retry_a_delivery"),
                    models.UniqueConstraint(
                        condition=Q(("done_at", None)), fields=("row",),
                        name="one_waiting_correction_a_row"),
                    models.CheckConstraint(
                        condition=Q(Q(("row__isnull", True), ("sealed_cells__isnull", True)),
                                    Q(("row__isnull", False), ("sealed_cells__isnull", False)),
                                    _connector="OR"),
                        name="a_correction_has_cells"),
                    models.CheckConstraint(
                        condition=Q(("done_at__isnull", True), Q(("result", ""), _negated=True),
                                    _connector="OR"),
                        name="what_is_done_has_a_result"),
                ],
            },
        ),
        migrations.RunSQL(SCHEMA, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(OPEN_ROW, {"registries.open_row(uuid, uuid)": ("app",)}),
    ]  # fmt: skip
