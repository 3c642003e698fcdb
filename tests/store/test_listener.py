"""The noted address of the web server."""

from pathlib import Path

import pytest

from bridge.store.listener import Listener, noted_listener


@pytest.mark.parametrize(
    ("ip", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        ("0.0.0.0", "http://127.0.0.1:81"),
        ("192.0.2.7", "http://192.0.2.7:81"),
        ("::", "http://[::1]:81"),
        ("2001:db8::7", "http://[2001:db8::7]:81"),
    ],
)
def test_the_noted_address_is_the_one_that_commands_print(
    tmp_path: Path, ip: str, url: str
) -> None:
    Listener(ip, 81).note(tmp_path / "new")
    noted = noted_listener(tmp_path / "new")
    assert noted == Listener(ip, 81)
    assert noted.url == url


@pytest.mark.parametrize("text", ["", "127.0.0.1", "localhost 80", "127.0.0.1 x", "1 2 3", "é 80"])
def test_a_damaged_note_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "listener").write_text(text, "utf-8")
    assert noted_listener(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Listener().note(tmp_path / "file")
    assert noted_listener(tmp_path / "file") is None


@pytest.mark.parametrize(
    ("ip", "public_url", "private"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("127.0.0.1", "http://localhost:9000", True),
        ("127.0.0.1", "https://calendars.example.org", False),
        ("0.0.0.0", "", False),
        ("0.0.0.0", "http://localhost:9000", False),
    ],
)
def test_only_a_server_on_loopback_without_a_public_address_is_private(
    ip: str, public_url: str, private: bool
) -> None:
    assert Listener(ip).is_private(public_url) == private
