"""Cells and outcomes as officials read them: every code of every shipped table has words."""

from __future__ import annotations

import re

import pytest

from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.presenters import wording_of
from anwang.rulebook.queries import table_doc
from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.in_words import cell_words, outcome_words
from tests.rulebook.test_studio import cells, draft_by, signed_in
from tests.rulebook.test_versions import in_force

CONCERNS = InputSpec("concerns", "set", ("child-physical", "elder-abuse"), {})
AGE = InputSpec("victim_age", "number", (), {})
DANGER = InputSpec("immediate_danger", "flag", (), {})


@pytest.mark.parametrize(
    ("text", "spec", "zh", "en"),
    [
        ("yes or unknown", DANGER, "是，或不明", "yes, or not known"),
        ("known", DANGER, "已知", "known"),
        ("has elder-abuse", CONCERNS, "有「老人虐待」", "has Elder abuse"),
        ("< 6", AGE, "小於 6", "less than 6"),
        (">= 18", AGE, "18 以上", "18 or more"),
        ("6..17", AGE, "6 至 17", "6 to 17"),
        ("has nobody-knows", CONCERNS, "has nobody-knows", "has nobody-knows"),
        ("when it rains", None, "when it rains", "when it rains"),
    ],
)
def test_a_cell_is_said_in_words_and_stays_as_typed_where_it_cannot_be_read(text, spec, zh, en):
    assert cell_words(text, spec) == {"zh": zh, "en": en}


def test_codes_are_said_in_the_order_of_their_list_however_they_were_typed():
    said = cell_words("has any {elder-abuse, child-physical}", CONCERNS)
    assert said["zh"].index("兒") < said["zh"].index("老")
    assert outcome_words("grade", "1")["zh"] == "第一級"
    assert outcome_words("grade_class", None)["zh"] == "無"


@pytest.mark.django_db
def test_no_table_in_force_shows_a_code_to_who_reads_it():
    code = re.compile(r"[a-z]{2,}")
    seen = 0
    for version in PolicyVersion.objects.filter(state="in force"):
        if (doc := table_doc(version)) is None:
            continue
        wording = wording_of(version)
        for row in doc["rows"]:
            told = wording.row(row)
            for one_cell in [*told["when"], *told["then"]]:
                seen += 1
                assert not code.search(one_cell["words"]["zh"]), (version, row["id"], one_cell)
                assert not code.search(one_cell["label"]["zh"]), (version, row["id"], one_cell)
    assert seen > 200


@pytest.mark.django_db
def test_who_writes_a_row_chooses_words_and_reads_what_he_typed():
    one = signed_in("min-one", None, "ministry")
    version = draft_by(one)
    address, said = cells(version, "G-14")
    form = one.get(address).content.decode()
    assert '<option value="1">第一級 (1)</option>' in form
    assert "讀作：否" in form
    assert "<code>child-physical</code> 兒少" in form and 'data-means="when.concerns"' in form
    answer = one.post(f"{address}check/", said | {"when.concerns": "has elder-abuse"}).json()
    assert answer["means"]["when.concerns"] == "讀作：有「老人虐待」"
    assert one.post(address, said | {"then.grade": "1"}).status_code == 302
    page = one.get(f"/policies/{version.pk}/").content.decode()
    assert "<del>第二級</del> → <ins>第一級</ins>" in page
    assert in_force(version.policy_id).pk != version.pk
