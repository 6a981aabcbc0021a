"""The browser finder: a wish is kept or refused, never replaced; CI never passes without one."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import find_browser  # noqa: E402


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any browser, on which nothing can be installed."""
    monkeypatch.delenv("ANWANG_CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(find_browser, "DEBIAN_CHROMIUM", tmp_path / "absent")
    monkeypatch.setattr(find_browser, "playwrights_own", lambda: None)
    monkeypatch.setattr(find_browser, "installers", lambda: [lambda environment: None])
    monkeypatch.setattr(sys, "argv", ["find_browser.py"])


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_wished_browser_comes_first(tmp_path: Path) -> None:
    browser = program(tmp_path / "browser")
    assert find_browser.found({"ANWANG_CHROMIUM": str(browser)}) == browser


@pytest.mark.usefixtures("no_browser")
def test_a_wish_that_is_no_program_ends_with_status_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANWANG_CHROMIUM", str(tmp_path / "nothing"))
    assert find_browser.main() == 2
    assert "names no program" in capsys.readouterr().err


@pytest.mark.usefixtures("no_browser")
@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_without_a_browser_ci_fails_and_a_laptop_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, status: int
) -> None:
    monkeypatch.setenv("CI", ci)
    assert find_browser.main() == status
    said = capsys.readouterr()
    assert said.out == "" and "No browser" in said.err


@pytest.mark.usefixtures("no_browser")
def test_what_an_installer_brings_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = tmp_path / "absent"
    monkeypatch.setattr(find_browser, "installers", lambda: [lambda environment: program(browser)])
    assert find_browser.main() == 0
    assert capsys.readouterr().out == f"{browser}\n"


@pytest.mark.usefixtures("no_browser")
def test_missing_system_libraries_are_named_as_debian_packages_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("ANWANG_CHROMIUM", str(program(tmp_path / "browser")))
    monkeypatch.setattr(
        find_browser, "missing_libraries", lambda browser: ["libnss3.so", "libsmime3.so", "libz.so"]
    )
    assert find_browser.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("apt-get install libnss3 libz.so\n")
    assert said.err.count("\n") == 1


def test_a_library_for_pdf_that_cannot_be_loaded_is_named_by_its_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(find_browser, "PDF_LIBRARIES", {"libnowhere.so.9": "libnowhere9"})
    find_browser.look_for_pdf({}, find_only=True)
    assert "apt-get install libnowhere9" in capsys.readouterr().err
