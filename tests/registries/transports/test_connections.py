"""Where sources stand is kept beside the keys, checked, and never shown with its secrets."""

from __future__ import annotations

import stat

import pytest

from anwang.registries.transports.connections import (
    Connection,
    WrongConnection,
    connect,
    connection_to,
    disconnect,
    joined,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam"


def test_a_connection_is_kept_for_its_user_alone_and_read_back(home):
    made = Connection("prison", "https://source.example/base", secret="a-token")
    connect(made)
    assert connection_to("prison") == made
    (path,) = (home / "connections").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert disconnect("prison")
    assert connection_to("prison") is None


def test_nothing_secret_is_shown(home):
    made = Connection("prison", "https://source.example", secret="a-token", lookup_secret="b-token")
    assert "token" not in repr(made)
    assert "token" not in str(made.shown)


@pytest.mark.parametrize(
    "url",
    [
        "http://source.example/base",
        "ftp://source.example/",
        "https://user:secret@source.example/",
        "https://source.example/?token=secret",
        "https:///nowhere",
        "gopher://127.0.0.1/",
    ],
)
def test_an_address_that_would_betray_or_mislead_is_refused(home, url):
    with pytest.raises(WrongConnection):
        connect(Connection("prison", url))


@pytest.mark.parametrize("missing", ["host_key", "secret"])
def test_sftp_needs_a_pinned_key_and_credentials(home, missing):
    given = {"host_key": KEY, "secret": "a-password"} | {missing: ""}
    with pytest.raises(WrongConnection):
        connect(Connection("prison", "sftp://source.example/", **given))


@pytest.mark.parametrize("name", ["../prison", "a/b", "", "Prison", "."])
def test_no_name_of_a_source_leads_out_of_the_folder(home, name):
    with pytest.raises(WrongConnection):
        connection_to(name)


@pytest.mark.parametrize("path", ["../x", "a/../../b", "a//..", "http://elsewhere/", "a?b", "a b"])
def test_no_path_of_a_manifest_leads_elsewhere(path):
    with pytest.raises(WrongConnection):
        joined("https://source.example/base", path)


def test_a_path_lies_below_its_address():
    assert (
        joined("https://source.example/base/", "/v1/rows") == "https://source.example/base/v1/rows"
    )
