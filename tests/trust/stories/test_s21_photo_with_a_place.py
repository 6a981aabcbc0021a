"""S21: a photo of an injury carries GPS of the refuge."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test import Client
from PIL import Image

from anwang.access.context import acting
from anwang.intake.actions import attach
from anwang.intake.models import Attachment
from anwang.intake.permissions import check_can_open_attachment
from anwang.intake.queries import opened_attachment
from tests.conftest import as_role
from tests.factories import PASSWORD, desk_worker, received_report

pytestmark = pytest.mark.django_db
PLACE = "REFUGE-CAMERA-21"


def photo() -> bytes:
    image, out = Image.new("RGB", (64, 48), "white"), io.BytesIO()
    notes = image.getexif()
    notes[0x010F] = PLACE
    gps = notes.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (25.0, 1.0, 2.0), "E", (121.0, 18.0, 3.0)
    image.save(out, "JPEG", exif=notes)
    assert PLACE.encode() in out.getvalue() and b"Exif" in out.getvalue()
    return out.getvalue()


@pytest.fixture
def pictured():
    desk, receipt = desk_worker("desk-one"), received_report()
    assert attach(receipt.receipt, photo())
    with as_role("worker"):
        return desk, Attachment.objects.get(report_id=receipt.report)


def test_s21_who_opens_the_picture_gets_pixels_alone(pictured):
    desk, attachment = pictured
    with acting(desk):
        permit = check_can_open_attachment(desk, attachment.pk)
        opened = opened_attachment(attachment.pk, permit=permit)
    assert opened is not None
    assert PLACE.encode() not in opened.content and b"Exif" not in opened.content
    with Image.open(io.BytesIO(opened.content)) as shown:
        assert shown.size == (64, 48) and not dict(shown.getexif())


def test_s21_the_original_is_sealed_and_never_served(pictured):
    _, attachment = pictured
    assert PLACE.encode() not in bytes(attachment.sealed_original)
    client = Client()
    assert client.login(username="desk-one", password=PASSWORD)
    answer = client.get(f"/attachments/{attachment.pk}/")
    assert PLACE.encode() not in answer.content
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select sealed_original from intake_attachment")
        assert all(PLACE.encode() not in bytes(row[0]) for row in cursor.fetchall())
