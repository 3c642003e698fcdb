"""``zoho-bridge backup`` and ``restore``: nothing is lost, on either database and across them."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
import stat

import pytest

from bridge.sandbox.demo_edits import edit
from tests.cli.place import Databases, Place, published
from tests.command_line import CommandLine

KEY = "a-key-of-the-tests-with-40-characters..."


@pytest.fixture
def first(line: CommandLine, tmp_path: Path) -> Place:
    """A bridge with published feeds, a history and a rotated link."""
    return published(Place(line, tmp_path / "first"))


def numbers(body: bytes) -> dict[bytes, int]:
    """Return the SEQUENCE of each event by UID."""
    pattern = rb"BEGIN:VEVENT\r\n.*?END:VEVENT"
    found = {}
    for event in re.findall(pattern, body, re.DOTALL):
        (uid,) = re.findall(rb"\r\nUID:(\S+)", event)
        found[uid] = int((re.findall(rb"\r\nSEQUENCE:(\d+)", event) or [b"0"])[0])
    return found


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.mark.parametrize("source", BOTH)
@pytest.mark.parametrize("target", BOTH)
def test_a_restored_bridge_serves_the_same_bytes_and_goes_on_counting(
    line: CommandLine, tmp_path: Path, databases: Databases, source: str, target: str
) -> None:
    old = Place(line, tmp_path / "old", databases(source))
    if source == "postgres":
        old.environ["BRIDGE_SECRET_KEY"] = KEY
    before = published(old).state()
    assert len(before) == 3
    file = tmp_path / "bridge.backup"
    old("backup", str(file))

    new = Place(line, tmp_path / "new", databases(target))
    output = new("restore", str(file)).stdout
    if target == "postgres":
        assert f"BRIDGE_SECRET_KEY_FILE={new.key}" in output
        new.environ["BRIDGE_SECRET_KEY_FILE"] = str(new.key)
    assert new.state() == before
    assert new.config.read_text() == line.toml.read_text()

    edit(line.sandbox.data)
    new("refresh")
    after = new.state()
    counts, counts_before = numbers(after["portal"][0]), numbers(before["portal"][0])
    common = counts.keys() & counts_before.keys()
    assert all(counts[uid] >= counts_before[uid] for uid in common)
    assert any(counts[uid] == counts_before[uid] + 1 for uid in common)
    history = json.loads(new("history", "portal", "--json").stdout)
    assert {change["kind"] for change in history} >= {"added", "renamed"}


def test_the_file_is_closed_to_others_and_shows_no_secret(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    data = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.key.read_bytes() not in data
    assert b"Northwind" not in data


def nothing_restored(place: Place) -> bool:
    return place.state() == {} and not place.config.exists()


def test_a_bridge_that_is_not_empty_stays_as_it_is(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    before = first.state()
    assert "not empty" in first("restore", str(file), code=1).stderr
    assert first.state() == before


def test_a_wrong_passphrase_restores_nothing(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    new = Place(first.line, tmp_path / "new")
    wrong = new("restore", str(file), code=1, BRIDGE_BACKUP_PASSPHRASE="another passphrase")
    assert "passphrase is wrong" in wrong.stderr
    assert list(new.folder.iterdir()) == []


def test_a_file_cut_anywhere_restores_nothing(first: Place, tmp_path: Path) -> None:
    file, cut = tmp_path / "bridge.backup", tmp_path / "cut"
    first("backup", str(file))
    data = file.read_bytes()
    new = Place(first.line, tmp_path / "new")
    for size in [0, 10, 30, len(data) // 2, len(data) - 30, len(data) - 1]:
        cut.write_bytes(data[:size])
        assert "can't be restored" in new("restore", str(cut), code=1).stderr
    new.environ["BRIDGE_CONFIG"] = ""
    assert new.line("feeds", "--json", **new.environ).stdout.strip() == "[]"
    assert not new.key.exists() or new.key.read_text() != first.key.read_text()


def test_a_file_without_its_last_frame_is_cut(first: Place, tmp_path: Path) -> None:
    """The frames are whole, and only the mark of the last one shows that it is missing."""
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    data = file.read_bytes()
    start, last = len(b"zoho-bridge backup 1\n") + 16, 0
    while start < len(data):
        last, start = start, start + 4 + int.from_bytes(data[start : start + 4])
    file.write_bytes(data[:last])
    new = Place(first.line, tmp_path / "new")
    assert "its end is missing" in new("restore", str(file), code=1).stderr


def test_another_format_and_a_changed_byte_are_refused(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    data = file.read_bytes()
    new = Place(first.line, tmp_path / "new")
    file.write_bytes(data.replace(b"backup 1\n", b"backup 2\n", 1))
    assert "format of another version" in new("restore", str(file), code=1).stderr
    file.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    assert "damaged" in new("restore", str(file), code=1).stderr


def test_a_restore_names_the_time_of_the_backup_and_the_links_that_work_again(
    first: Place, tmp_path: Path
) -> None:
    file = tmp_path / "bridge.backup"
    before = first.state()["group"][1]
    made_at = datetime.now(UTC)
    first("backup", str(file))
    first("links", "revoke", "group", "--all", "--yes")
    new = Place(first.line, tmp_path / "new")
    output = new("restore", str(file)).stdout
    times = [f"{made_at + timedelta(minutes=n):%Y-%m-%d %H:%M} UTC" for n in (0, 1)]
    assert any(f"The backup is of {time}, and links that were revoked" in output for time in times)
    assert "`zoho-bridge links revoke`" in output
    assert new.state()["group"][1] == before


def test_another_secret_key_is_refused(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    first("backup", str(file))
    new = Place(first.line, tmp_path / "new")
    result = new("restore", str(file), code=1, BRIDGE_SECRET_KEY=KEY)
    assert "BRIDGE_SECRET_KEY is another key than the backup's" in result.stderr
    assert KEY not in result.stderr


def test_a_passphrase_is_needed_and_must_be_long(first: Place, tmp_path: Path) -> None:
    file = str(tmp_path / "bridge.backup")
    result = first("backup", file, code=2, BRIDGE_BACKUP_PASSPHRASE="")
    assert "BRIDGE_BACKUP_PASSPHRASE is not set" in result.stderr
    result = first("backup", file, code=2, BRIDGE_BACKUP_PASSPHRASE="short")
    assert "shorter than 12 characters" in result.stderr
    assert not Path(file).exists()


def test_a_backup_that_fails_keeps_the_older_file(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "bridge.backup"
    file.write_text("older")
    assert "can't be written" in first("backup", str(tmp_path / "no" / "x"), code=1).stderr
    (first.folder / "bridge.sqlite3").write_bytes(b"damaged " * 1000)
    for name in ("bridge.sqlite3-wal", "bridge.sqlite3-shm"):
        (first.folder / name).unlink(missing_ok=True)
    first("backup", str(file), code=1)
    assert file.read_text() == "older"
    assert not list(tmp_path.glob(".bridge.backup*"))
