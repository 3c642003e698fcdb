"""File permissions: no other user of the machine reads the events and keys of the bridge."""

from collections.abc import Iterator
import os
from pathlib import Path
import stat

import pytest

from bridge import config
from bridge.cli.context import open_bridge
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.store.permissions import make_private
from bridge.worker import open_queue

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such permissions here")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Use the umask of most systems, with which all users may read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def settings(data: Path) -> config.Settings:
    return config.load({"BRIDGE_DATA_DIR": str(data)})


def test_new_files_are_private_while_they_are_used(data: Path, settings: config.Settings) -> None:
    with open_bridge(settings):
        queue = open_queue("", data)
        queue.storage.enqueue(b"x")
        found = modes(data)
        assert {"bridge.sqlite3", "bridge.sqlite3-wal", "queue.sqlite3", "secret.key"} <= {*found}
        assert set(found.values()) == {0o600}
        assert mode(data) == 0o700
        queue.storage.close()


def test_the_next_command_closes_files_that_were_open(
    data: Path, settings: config.Settings
) -> None:
    with open_bridge(settings):
        open_queue("", data).storage.close()
    note = data / "note.txt"
    note.write_text("not the bridge's")
    for path in data.iterdir():
        path.chmod(0o644)
    data.chmod(0o755)
    with open_bridge(settings):
        pass
    assert mode(data) == 0o700
    assert mode(note) == 0o644
    assert {mode(path) for path in data.iterdir() if path != note} == {0o600}


def test_the_folder_is_private_before_the_database_is_in_it(
    data: Path, settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[int] = []

    def record(url: str, _keys: object) -> None:
        before.append(mode(data))

    monkeypatch.setattr(Store, "open", record)
    Store.configured(settings, load_secret_keys("", data))
    assert before == [0o700]


def test_files_of_another_owner_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "secret.key"
    key.write_text("k" * 40)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: key.stat().st_uid + 1)
    make_private(tmp_path)
    assert (mode(tmp_path), mode(key)) == (0o755, 0o644)


def test_a_refused_change_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError("a read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "chmod", refuse)
        make_private(tmp_path)
    make_private(tmp_path / "missing")
    assert mode(tmp_path) == 0o755


def test_a_folder_that_all_users_share_stays_open(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "secret.key").write_text("k" * 40)
    make_private(shared)
    assert mode(shared) == 0o1777
    assert mode(shared / "secret.key") == 0o600


def test_a_file_that_its_owner_may_not_write_stays_so(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    key.write_text("k" * 40)
    key.chmod(0o444)
    make_private(tmp_path)
    assert mode(key) == 0o400


def test_systems_without_owners_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.delattr(os, "geteuid")
    make_private(tmp_path)
    assert mode(tmp_path) == 0o755
