"""Archives from outside: unpacked within limits, under names of ours, or refused."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from anwang.registries.transports.troubles import SourceTrouble
from anwang.registries.transports.unpacking import unpacked


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "../").replace("_dot_", "."), content)
    return path


def trouble(path: Path, **limits: int) -> str:
    with pytest.raises(SourceTrouble) as raised:
        unpacked(path, **limits)
    return raised.value.code


def test_a_plain_file_stays_as_it_is(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n")
    assert unpacked(path) == path


def test_a_zip_gives_its_one_file_and_the_envelope_in_it(tmp_path):
    path = zipped(tmp_path / "x.zip", rows_dot_csv=b"a,b\n", **{"rows.csv.meta.json": b"{}"})
    found = unpacked(path)
    assert (found.name, found.read_bytes()) == ("unpacked.csv", b"a,b\n")
    assert found.with_name("unpacked.csv.meta.json").read_bytes() == b"{}"


def test_no_name_in_an_archive_becomes_a_path(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    found = unpacked(zipped(folder / "x.zip", __evil_dot_csv=b"a\n"))
    assert found.parent == folder
    assert not (tmp_path / "evil.csv").exists()


@pytest.mark.parametrize(
    "members", [{}, {"a_dot_csv": b"1", "b_dot_csv": b"2"}, {"inner_dot_zip": b"PK"}]
)
def test_an_archive_of_none_or_several_or_another_archive_is_refused(tmp_path, members):
    assert trouble(zipped(tmp_path / "x.zip", **members)) == "packed-wrong"


@pytest.mark.parametrize("name", ["x.zip", "x.csv.gz"])
def test_a_broken_archive_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x1f\x8b\x08PK nothing of the kind")
    assert trouble(path) == "packed-wrong"


def test_a_bomb_is_left_before_it_has_grown(tmp_path):
    plain = b"0" * (16 << 20)
    assert trouble(zipped(tmp_path / "x.zip", rows_dot_csv=plain)) == "too-large"
    packed = tmp_path / "x.csv.gz"
    packed.write_bytes(gzip.compress(plain))
    assert trouble(packed) == "too-large"
    assert trouble(packed, most=1 << 20) == "too-large"


def test_a_workbook_that_unpacks_to_more_than_any_data_is_refused(tmp_path):
    sheet = b"<row/>" * (2 << 20)
    assert trouble(zipped(tmp_path / "x.xlsx", sheet_dot_xml=sheet)) == "too-large"


def test_what_is_no_archive_though_it_is_called_a_workbook_is_left_to_loading(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert unpacked(path) == path
