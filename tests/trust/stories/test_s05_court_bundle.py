"""S05: a court bundle contains the safe address in a footer, a scan, a name, metadata or history.

Bundles are a later room. What leaves today (pages to print, files to save, the machine's answers)
is held by the same scan that a release will have to pass: it finds the address in every dress.
"""

from __future__ import annotations

import base64
import io
import urllib.parse
import zipfile

import pytest
from django.test import Client

from anwang.intake.actions import deliver
from tests.factories import PASSWORD, TAOYUAN, account, desk_worker
from tests.trust.canaries import Canary, body_of, marks_in

pytestmark = pytest.mark.django_db
ADDRESS = Canary(5).safe["safe_address"]
DRESSES = {
    "a footer": f"<footer>{ADDRESS}</footer>".encode(),
    "a file name": urllib.parse.quote(f"{ADDRESS}.pdf").encode(),
    "a picture's notes": ADDRESS.encode("utf-16-le"),
    "a mail's part": base64.b64encode(b"To: court\n" + ADDRESS.encode()),
    "a map's address": f"/tiles?q={urllib.parse.quote(ADDRESS)}".encode(),
    "a history of changes": ADDRESS.encode().hex().encode(),
    "entities": "".join(f"&#x{ord(one):x};" for one in ADDRESS).encode(),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_s05_the_scan_finds_a_safe_address_in_every_dress(dress):
    assert marks_in(DRESSES[dress])


def test_s05_a_plain_archive_holds_what_the_scan_can_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bundle.txt", ADDRESS)
    assert marks_in(out.getvalue())


def test_s05_no_page_that_prints_carries_the_address():
    teacher = account("teacher-five", ("68000-school", TAOYUAN, "mandated-reporter"))
    desk_worker("desk-five")
    receipt = deliver(body_of(5), sender="anwang-web", author=teacher.id, actor=teacher)
    for name, path in (("teacher-five", f"/receipts/{receipt.receipt}/"),
                       ("desk-five", f"/desk/{receipt.receipt}/"),
                       ("desk-five", f"/protected/{receipt.receipt}/")):  # fmt: skip
        client = Client()
        assert client.login(username=name, password=PASSWORD)
        answer = client.get(path)
        assert answer.status_code == 200
        assert marks_in(answer.content + str(answer.headers).encode()) == set()
