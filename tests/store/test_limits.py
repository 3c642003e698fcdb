"""A full disk or a read-only database stops the worker, not the subscribers, with a clear error.

The disk is a small one in memory, and the read-only folder a mount: both need the rights of root.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
import os
from pathlib import Path
import sqlite3
import subprocess

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import LEASE, Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.web import create_app
from bridge.zoho.client import ZohoClient
from tests.zoho_sandbox import Sandbox

WORK = CalendarSource(calendar="q3Xv8Tn_Rk2mWz0yLb7cAg==")
KEY = "a test's secret key that is long enough for anything"
FEED = Feed(
    slug="work",
    title="Work",
    sources=(WORK,),
    public=True,
    past=timedelta(days=7),
    future=timedelta(days=30),
)
MORE = [FEED, *(replace(FEED, slug=f"new-{n}", title="x" * 9000) for n in range(4))]


def mount(*arguments: str | Path) -> None:
    """Mount, or skip the test with the reason why that is not possible."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs the rights of root")
    process = subprocess.run(
        ["mount", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if process.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {process.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=4m", "bridge-test", folder)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def mounted_read_only(folder: Path, place: Path) -> Iterator[Path]:
    """Mount ``folder`` at another place, where it can't be written."""
    place.mkdir()
    mount("--bind", folder, place)
    try:
        mount("-o", "remount,bind,ro", place)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(folder: Path) -> Path:
    """Write a file that takes all the space left; return its path."""
    file = folder / "full"
    with file.open("wb", buffering=0) as full:
        for size in (65536, 512):
            try:
                while True:
                    full.write(b"x" * size)
            except OSError:
                continue
    return file


class Bridge:
    """A store with one published feed, its web app, and a worker that reads a sandbox."""

    def __init__(self, url: str, box: Sandbox, keys: SecretKeys, now: datetime) -> None:
        self.now = now
        environment = {
            "BRIDGE_DATA_DIR": str(Path(make_url(url).database or "").parent),
            "BRIDGE_SECRET_KEY": KEY,
        }
        self.settings = config.load({**environment, **box.environment()})
        self.store = Store.open(url, keys)
        self.client = ZohoClient(
            self.settings.zoho, self.store.tokens, self.store.rate_limits, clock=lambda: now
        )
        self.refresher = Refresher(
            store=self.store,
            api=self.client,
            zoho=self.settings.zoho,
            holder="w",
            clock=lambda: now,
        )
        self.box = box

    def publish(self) -> None:
        activate_feeds(self.store, [FEED], now=self.now)
        assert self.refresher.refresh(WORK.key).outcome == "refreshed"

    def served(self) -> bytes:
        """Request the feed from a new web app, as of a process that starts now."""
        answer = create_app(self.settings, self.store).test_client().get("/feeds/work.ics")
        assert answer.status_code == 200
        return bytes(answer.data)

    def close(self) -> None:
        self.client.close()
        self.store.close()


@pytest.fixture
def box(now: datetime) -> Iterator[Sandbox]:
    with Sandbox(now=lambda: now) as box:
        yield box


@pytest.mark.slow
def test_a_full_disk_stops_no_subscriber(
    small_disk: Path, box: Sandbox, keys: SecretKeys, now: datetime
) -> None:
    bridge = Bridge(f"sqlite:///{small_disk}/bridge.sqlite3", box, keys, now)
    bridge.publish()
    before = bridge.served()
    file = fill(small_disk)

    with pytest.raises(
        StoreError, match=r"bridge\.sqlite3 can't be used: the disk is full; free some space"
    ):
        activate_feeds(bridge.store, MORE, now=now)
    assert bridge.served() == before
    late = Bridge(
        f"sqlite:///{small_disk}/bridge.sqlite3", box, keys, now
    )  # a process that starts meanwhile
    assert late.served() == before
    late.close()

    file.unlink()
    activate_feeds(bridge.store, MORE, now=now)  # once there is space
    assert bridge.store.feeds.active() == tuple(MORE)
    bridge.close()
    with closing(sqlite3.connect(small_disk / "bridge.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.slow
def test_a_refresh_on_a_full_disk_loses_nothing(
    small_disk: Path, box: Sandbox, keys: SecretKeys, now: datetime
) -> None:
    """The worker gets an error. Once there is space again it reads and publishes what it missed."""
    bridge = Bridge(f"sqlite:///{small_disk}/bridge.sqlite3", box, keys, now)
    bridge.publish()
    before = bridge.served()
    events = box.calendar(WORK.calendar).events
    single = next(item["uid"] for item in events.all() if item["title"] == "Customer call")
    events.change(single, description="Long. " * 20_000, title="Long call", etag="9")
    file = fill(small_disk)
    with pytest.raises(StoreError, match="the disk is full; free some space"):
        bridge.refresher.refresh(WORK.key)
    assert bridge.served() == before
    file.unlink()
    later = replace(
        bridge.refresher, clock=lambda: now + LEASE
    )  # the lease of the failed refresh has ended
    assert later.refresh(WORK.key).outcome == "refreshed"
    assert b"SUMMARY:Long call\r\n" in bridge.served()
    bridge.close()


@pytest.mark.slow
def test_a_read_only_folder_stops_no_subscriber(
    tmp_path: Path, box: Sandbox, keys: SecretKeys, now: datetime
) -> None:
    """The worker has the folder writable, the web server only to read."""
    folder = tmp_path / "data"
    folder.mkdir()
    bridge = Bridge(f"sqlite:///{folder}/bridge.sqlite3", box, keys, now)
    bridge.publish()
    with mounted_read_only(folder, tmp_path / "view") as view:
        web = Bridge(f"sqlite:///{view}/bridge.sqlite3", box, keys, now)
        assert web.served() == bridge.served()
        with pytest.raises(
            StoreError,
            match=r"view/bridge\.sqlite3 can't be used: it is read-only; allow the bridge",
        ):
            activate_feeds(web.store, MORE, now=now)
        activate_feeds(bridge.store, MORE, now=now)
        assert len(web.store.feeds.active()) == len(MORE)  # it sees what is written elsewhere
        assert web.served() == bridge.served()
        web.close()
        bridge.close()
        with pytest.raises(StoreError, match="the file can't be opened; check that its folder"):
            Store.open(f"sqlite:///{view}/bridge.sqlite3", keys)


@pytest.mark.parametrize(
    ("switch", "message"),
    [
        ("max_page_count = 1", "the disk is full; free some space, and the bridge continues"),
        (
            "query_only = ON",
            "it is read-only; allow the bridge to write the file and its folder",
        ),
    ],
)
def test_limits_set_by_a_switch_of_sqlite_stop_no_subscriber(
    tmp_path: Path, box: Sandbox, keys: SecretKeys, now: datetime, switch: str, message: str
) -> None:
    """The same errors of SQLite as above, without the rights of root."""
    bridge = Bridge(f"sqlite:///{tmp_path}/bridge.sqlite3", box, keys, now)
    bridge.publish()
    before = bridge.served()
    bridge.close()
    bridge.store = Store.open(
        f"sqlite:///{tmp_path}/bridge.sqlite3", keys
    )  # with one connection, as only one thread
    with bridge.store.database.read() as connection:
        connection.execute(text(f"PRAGMA {switch}"))
    with pytest.raises(StoreError, match=message):
        activate_feeds(bridge.store, MORE, now=now)
    assert bridge.served() == before
    bridge.close()


def test_another_process_that_writes_for_long_is_a_clear_error(
    tmp_path: Path, keys: SecretKeys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.store.database.BUSY_SECONDS", 0.05)
    store = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)
    with closing(sqlite3.connect(tmp_path / "bridge.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process has been writing for more than"):
            store.feeds.replace(MORE, now=now)
        assert store.feeds.active() == ()
    store.close()


def test_a_damaged_file_is_a_clear_error(tmp_path: Path, keys: SecretKeys, now: datetime) -> None:
    path = tmp_path / "bridge.sqlite3"
    store = Store.open(f"sqlite:///{path}", keys)
    store.feeds.replace(MORE, now=now)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="the file is damaged; restore a backup"):
        Store.open(f"sqlite:///{path}", keys).feeds.all()


def test_a_user_without_rights_is_a_clear_error(store: Store) -> None:
    """PostgreSQL's error 42501 is a state of the database; its driver calls it a mistake."""

    class InsufficientPrivilege(Exception):  # noqa: N818 - the driver's name
        sqlstate = "42501"

    refusal = ProgrammingError(
        "SELECT 1", {}, InsufficientPrivilege("permission denied for table feeds")
    )
    with pytest.raises(StoreError, match=r"can't be used: permission denied for table feeds\."):
        fail_in_transaction(store, refusal)
    mistake = ProgrammingError("SELECT 1", {}, Exception("no such column"))
    with pytest.raises(ProgrammingError):
        fail_in_transaction(store, mistake)


def fail_in_transaction(store: Store, error: Exception) -> None:
    with store.database.read():
        raise error
