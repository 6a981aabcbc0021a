"""The forms of people who report, through the browser's eyes."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from anwang.access.models import Seal
from anwang.intake import queries
from anwang.intake.actions import sweep_drafts
from tests.conftest import as_role
from tests.intake.people import account, rows, signed_in

pytestmark = pytest.mark.django_db
SMALL = {
    "immediate_danger": "no",
    "narrative": "學生手臂有瘀傷。",
    "concerns": ["child-physical"],
    "subjects-TOTAL_FORMS": "2",
    "subjects-0-role": "victim",
    "subjects-0-name": "陳小安",
    "subjects-0-national_id": "a123456789",
    "subjects-1-role": "other",
    "reporter-name": "林範例",
    "reporter-organisation": "範例國民小學",
    "reporter-learned_at": "115.03.02 08:30",
}


def token_in(page) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', page.content.decode()).group(1)


def photo_with_place() -> bytes:
    picture = Image.new("RGB", (40, 20), (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[2] = (24.0, 57.0, 30.0)  # GPS latitude
    exif[0x010F] = "INVENTED-CAMERA"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_teacher_reports_and_sees_the_receipt(django_assert_max_num_queries):
    client, teacher = signed_in("mandated-reporter")
    page = client.get("/report/")
    assert page.status_code == 200
    with django_assert_max_num_queries(35):
        answer = client.post("/report/", SMALL | {"form_token": token_in(page)})
    assert answer.status_code == 302 and answer.url.startswith("/receipts/")
    with django_assert_max_num_queries(25):
        receipt = client.get(answer.url)
    assert receipt.status_code == 200
    assert answer.url.split("/")[2] in receipt.content.decode()
    assert "陳小安" not in receipt.content.decode()
    ((body, author),) = rows("select body, author from intake_report")
    assert author == teacher.pk
    assert '"received-at-missing"' not in body
    assert "林範例" not in body and "A123456789" not in body and "a123456789" not in body
    assert "林範例" not in client.get("/receipts/").content.decode()


def test_every_own_report_can_be_reached_however_many_there_are(monkeypatch):
    monkeypatch.setattr(queries, "OWN_A_PAGE", 2)
    client, _ = signed_in("mandated-reporter")
    sent = [
        client.post("/report/", SMALL | {"form_token": token_in(client.get("/report/"))}).url
        for _ in range(3)
    ]
    pages = [client.get(f"/receipts/?page={number}").content.decode() for number in (1, 2)]
    assert 'rel="next"' in pages[0] and 'rel="prev"' in pages[1]
    assert [sum(one in page for one in sent) for page in pages] == [2, 1]
    assert sent[0] in pages[1]  # the oldest comes last


def test_the_same_form_sent_twice_is_one_report():
    client, _ = signed_in("mandated-reporter")
    sent = SMALL | {"form_token": token_in(client.get("/report/"))}
    first, second = client.post("/report/", sent), client.post("/report/", sent)
    assert second.url == first.url + "?repeated=1"
    assert rows("select count(*) from intake_report") == [(1,)]


def test_without_an_address_the_reporters_county_receives_it():
    client, _ = signed_in("mandated-reporter")
    client.post("/report/", SMALL)
    client.post("/report/", SMALL | {"subjects-0-address": "屏東縣屏東市範例路1號"})
    assert sorted(rows("select county from intake_report")) == [("10013",), ("68000",)]


def test_another_account_cannot_use_the_token():
    client, _ = signed_in("mandated-reporter")
    other, _ = signed_in("mandated-reporter")
    sent = SMALL | {"form_token": token_in(client.get("/report/"))}
    first, second = client.post("/report/", sent), other.post("/report/", sent)
    assert first.url != second.url


def test_an_empty_form_asks_once_and_is_taken_when_sent_again():
    client, _ = signed_in("mandated-reporter")
    asked = client.post("/report/", {"immediate_danger": "unknown"})
    assert asked.status_code == 200 and b"looked_again" in asked.content
    answer = client.post("/report/", {"immediate_danger": "unknown", "looked_again": "1"})
    assert answer.status_code == 302


def test_a_receipt_is_its_authors_alone_and_typed_signs_are_forgiven():
    client, _ = signed_in("mandated-reporter")
    number = client.post("/report/", SMALL).url.split("/")[2]
    assert client.get(f"/receipts/{number.lower()[:5]}-{number[5:]}/").status_code == 200
    other, _ = signed_in("mandated-reporter")
    for path in (
        f"/receipts/{number}/",
        f"/receipts/{number}/reporter/",
        f"/receipts/{number}/add/",
    ):
        assert other.get(path).status_code == 404
    assert other.get("/receipts/00000000000/").status_code == 404


def test_only_the_taker_sees_the_reporter_and_every_look_is_on_record():
    client, _ = signed_in("hotline")
    page = client.get("/consult/")
    sent = SMALL | {
        "form_token": token_in(page),
        "channel": "hotline-1957",
        "answers-hurt": "minor",
    }
    number = client.post("/consult/", sent).url.split("/")[2]
    shown = client.get(f"/receipts/{number}/reporter/").content.decode()
    assert "林範例" in shown and "範例國民小學" in shown
    looks = "select count(*) from access_auditentry where purpose = 'reporter-for-taker'"
    assert rows(looks + " and act = 'read'") == [(1,)]
    ((body,),) = rows("select body from intake_report")
    assert '"consult": {"hurt": "minor"}' in body and '"channel": "hotline-1957"' in body


@pytest.mark.parametrize("role", ["statistician", "operator"])
def test_who_has_no_part_in_reporting_gets_no_form(role):
    client, _ = signed_in(role)
    assert client.get("/report/").status_code == 403
    assert client.get("/consult/").status_code == 403


def test_nobody_signed_in_is_led_to_sign_in(client):
    assert client.get("/report/").status_code == 302
    assert client.get("/receipts/").status_code == 302


def test_an_addition_is_kept_under_the_same_receipt():
    client, _ = signed_in("mandated-reporter")
    number = client.post("/report/", SMALL).url.split("/")[2]
    assert client.get(f"/receipts/{number}/add/").status_code == 200
    answer = client.post(f"/receipts/{number}/add/", {"narrative": "後來知道還有妹妹。"})
    assert answer.url == f"/receipts/{number}/"
    ((body,),) = rows("select body from intake_reportaddition")
    assert "妹妹" in body


def test_a_draft_is_its_authors_alone_sealed_and_gone_when_sent_or_thrown_away():
    client, _ = signed_in("mandated-reporter")
    saved = client.post("/drafts/mandated/", {"narrative": "還沒寫完", "subjects-0-name": "小安"})
    assert saved.json()["saved_at"]
    assert "還沒寫完" in client.get("/report/").content.decode()
    other, _ = signed_in("mandated-reporter")
    assert "還沒寫完" not in other.get("/report/").content.decode()
    client.post("/drafts/mandated/discard/")
    assert "還沒寫完" not in client.get("/report/").content.decode()
    client.post("/drafts/mandated/", {"narrative": "再寫一次"})
    client.post("/report/", SMALL)
    assert "再寫一次" not in client.get("/report/").content.decode()


def test_the_page_saves_its_draft_with_the_token_in_its_form():
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(account("mandated-reporter"))
    page = careful.get("/report/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    fields = {"narrative": "還沒寫完", "csrfmiddlewaretoken": token}
    assert careful.post("/drafts/mandated/", fields).status_code == 200
    assert careful.post("/drafts/mandated/", {"narrative": "x"}).status_code == 403


def test_a_draft_is_swept_after_seven_days():
    client, _ = signed_in("mandated-reporter")
    client.post("/drafts/mandated/", {"narrative": "還沒寫完"})
    with as_role("worker"):
        assert sweep_drafts() == 0
    with connection.cursor() as cursor:
        cursor.execute("set local clock.ahead = '8 days'")
    assert "還沒寫完" not in client.get("/report/").content.decode()
    with as_role("worker"):
        assert sweep_drafts() == 1


def test_a_photo_loses_its_place_and_is_only_ever_a_download():
    client, _ = signed_in("mandated-reporter")
    photo = photo_with_place()
    assert b"INVENTED-CAMERA" in photo
    files = [
        SimpleUploadedFile("現場.jpg", photo, "text/html"),
        SimpleUploadedFile("驗傷.pdf", b"%PDF-1.7 invented", "application/pdf"),
        SimpleUploadedFile("page.html", b"<script>alert(1)</script>", "image/jpeg"),
    ]
    answer = client.post("/report/", SMALL | {"photos": files})
    page = client.get(answer.url).content.decode()
    assert "1 個檔案收不下" in page
    kept = dict(rows("select media_type, id from intake_attachment"))
    assert set(kept) == {"image/jpeg", "application/pdf"}
    opened = client.get(f"/attachments/{kept['image/jpeg']}/")
    assert opened.status_code == 200
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    assert opened.headers["Content-Disposition"].startswith("attachment")
    assert b"INVENTED-CAMERA" not in opened.content
    with Image.open(io.BytesIO(opened.content)) as copy:
        assert not copy.getexif() and copy.size == (20, 40)
    assert client.get(f"/attachments/{kept['application/pdf']}/").status_code == 404
    other, _ = signed_in("mandated-reporter")
    assert other.get(f"/attachments/{kept['image/jpeg']}/").status_code == 404


def test_a_photo_opens_for_who_sent_it_after_the_report_was_sealed():
    client, _ = signed_in("mandated-reporter")
    photo = SimpleUploadedFile("現場.jpg", photo_with_place(), "image/jpeg")
    client.post("/report/", SMALL | {"photos": [photo]})
    [(attachment, report)] = rows("select id, report_id from intake_attachment")
    before = client.get(f"/attachments/{attachment}/")
    with as_role("worker"):
        Seal.objects.create(object_kind="report", object_id=report, ground="test")
    after = client.get(f"/attachments/{attachment}/")
    assert (before.status_code, after.status_code) == (200, 200)
    assert after.content == before.content


def test_both_forms_are_complete_in_english():
    client, _ = signed_in("hotline")
    for path in ("/report/", "/consult/", "/receipts/"):
        page = client.get(path, headers={"Accept-Language": "en"}).content.decode()
        assert 'lang="en"' in page
