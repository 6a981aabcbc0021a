"""The 22 governments, their districts, and the teams that reports can go to."""

from __future__ import annotations

from django.db import models


class County(models.Model):
    """A local government, by its five-digit code (a text: some begin with 0)."""

    code = models.CharField(max_length=5, primary_key=True)
    name_zh = models.CharField(max_length=10, unique=True)
    name_en = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.code


class District(models.Model):
    """A township, town, city district or county-administered city."""

    code = models.CharField(max_length=8, primary_key=True)
    county = models.ForeignKey(County, on_delete=models.PROTECT, related_name="districts")
    name_zh = models.CharField(max_length=10)
    name_en = models.CharField(max_length=60)
    latitude = models.FloatField(null=True, help_text="About its middle, degrees; null: not known.")
    longitude = models.FloatField(null=True)


class Team(models.Model):
    """A team that can be accountable: a county's duty desk, a service team, the national desk.

    What the ranking of offers reads of it (skills, languages, place, capacity) may be unknown, which
    is not the same as none: an empty list says nothing.
    """

    id = models.SlugField(max_length=64, primary_key=True)
    county = models.ForeignKey(
        County, on_delete=models.PROTECT, null=True, related_name="teams", db_index=False
    )
    agency_kind = models.CharField(max_length=30)
    is_desk = models.BooleanField(default=False)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80)
    streams = models.JSONField(default=list)
    districts = models.JSONField(default=list, help_text="District codes; empty: the whole county.")
    reviewing_team_id = models.CharField(max_length=64, blank=True)
    workers = models.PositiveSmallIntegerField(default=1)
    skills = models.JSONField(default=list, db_default=[], help_text="Codes of `skills`.")
    languages = models.JSONField(default=list, db_default=[], help_text="Codes of `languages`.")
    seat_district = models.CharField(
        max_length=8, blank=True, default="", db_default="",
        help_text="Code of the district it sets out from; empty: not known.",
    )  # fmt: skip
    full_load = models.PositiveSmallIntegerField(
        null=True,
        help_text="Weighted cases that fill one worker; null: what the dispatch weights say.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["county"], condition=models.Q(is_desk=True), name="one_desk_a_county",
                nulls_distinct=False,
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["county", "agency_kind"], name="team_of_county_and_kind")]
