"""Vendored files are exactly those of their manifests.

A changed script would run in the browser of every worker.
"""

import gzip
import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [
    ROOT / "anwang/common/static/vendor",
    ROOT / "tests/vendor",
    ROOT / "anwang/access/vendor",
]
FONT = FOLDERS[0] / "noto-sans-tc"
MOST_BYTES = 12_000_000


def packages() -> list[tuple[Path, dict[str, Any]]]:
    return [
        (folder, package)
        for folder in FOLDERS
        for package in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))[
            "packages"
        ]
    ]


def renewal() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_vendor", ROOT / "tools/renew_vendor.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("folder", "package"), packages(), ids=lambda part: str(part)[:24])
def test_every_vendored_file_has_the_hash_of_its_manifest(
    folder: Path, package: dict[str, Any]
) -> None:
    for path, expected in package["files"].items():
        found = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        assert found == expected, f"{path} differs: run tools/renew_vendor.py"


@pytest.mark.parametrize("folder", FOLDERS, ids=["static", "tests", "access"])
def test_no_file_stands_there_without_a_manifest_entry(folder: Path) -> None:
    listed = {path for owner, package in packages() if owner == folder for path in package["files"]}
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"manifest.json", ".gitattributes"}
    }
    assert present == listed


def test_every_package_states_its_version_and_brings_its_licence() -> None:
    for _, package in packages():
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        assert package["licence"]
        assert any(Path(path).name == "LICENSE" for path in package["files"]), package["name"]


def test_the_font_sheet_names_only_files_that_are_here_and_no_other_host() -> None:
    sheet = (FONT / "noto-sans-tc.css").read_text(encoding="utf-8")
    used = set(re.findall(r"url\(([^)]*)\)", sheet))
    assert used == {f"./files/{path.name}" for path in (FONT / "files").iterdir()}
    assert set(re.findall(r"font-family: ([^;]*);", sheet)) == {"'Noto Sans TC'"}


def test_what_browsers_may_have_to_load_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDERS[0].rglob("*") if path.is_file()) < MOST_BYTES


def test_of_common_passwords_only_long_ones_are_kept_that_point_to_nobody() -> None:
    common = ["123456789", "dragon", "LetMeInPlease ", "letmeinplease", "some@one.example.org",
              "dima89990001122", "love123456789", "123456789012"]  # fmt: skip
    kept = renewal().long_passwords(gzip.compress("\n".join(common).encode()))
    assert kept.decode().split() == ["letmeinplease", "love123456789"]


def test_a_licence_that_a_package_only_names_is_written_out_while_it_is_that() -> None:
    tool = renewal()
    told = tool.mit_licence(b'{"name": "x", "author": "An Author <a@b.example>", "license": "MIT"}')
    assert b"Copyright An Author (the package)" in told
    with pytest.raises(tool.VendorMismatch, match="no longer"):
        tool.mit_licence(b'{"name": "x", "author": "An Author", "license": "ISC"}')


def test_a_fetched_file_with_another_hash_is_refused_and_named() -> None:
    tool = renewal()
    package = {"name": "x", "version": "1.0.0", "files": {"x.js": tool.sha256(b"good")}}
    tool.compare(package, {"x.js": tool.sha256(b"good")})
    with pytest.raises(tool.VendorMismatch, match=r"x\.js differs"):
        tool.compare(package, {"x.js": tool.sha256(b"bad")})
    with pytest.raises(tool.VendorMismatch, match=r"y\.js is not in the manifest"):
        tool.compare(package, {"x.js": tool.sha256(b"good"), "y.js": ""})


def test_a_rule_that_finds_no_file_in_the_package_is_refused() -> None:
    tool = renewal()
    package = {"name": "x", "version": "1.0.0", "take": {"dist/*.js": "x/"}}
    with pytest.raises(tool.VendorMismatch, match="has no file"):
        tool.taken(package, {"README.md": b""})
