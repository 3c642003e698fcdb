"""The published bytes of the sandbox's world, document by document, against SHA-256 sums kept in the repository.

A subscriber whose calendar did not change upstream must not receive one changed byte after an upgrade. The sums in
``tests/data/published/sums.json`` are of the documents as they were first published; renew them with
``python -m tests.publish.test_published_bytes`` only when a change of bytes is intended, and write the reason into CHANGELOG.md.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
import gzip
import hashlib
import json
from pathlib import Path
import sqlite3
import sys
import tempfile

from flask.testing import FlaskClient
import pytest

from bridge import config
from bridge.feed.selection import LABEL_KINDS, Ticks
from bridge.publish.pending import activate_feeds
from bridge.publish.publisher import publish
from bridge.refresh.refresher import Refresher
from bridge.sandbox.demo_edits import edit
from bridge.sandbox.files import data_file
from bridge.sandbox.server import Sandbox
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.web import create_app
from bridge.zoho.client import ZohoClient

DATA = Path(__file__).parents[1] / "data" / "published"
SUMS, DATABASE = DATA / "sums.json", DATA / "database.sql.gz"
KEY = "a test's secret key that is long enough for anything"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=20)
# The feeds that show an event without its details: its UID is keyed since the dump was made.
HIDING = {"work", "team-busy", "everything", "dropped"}
# The feeds with instants or with several reminders at one event, which have other bytes since then.
RARE = {"work", "groups", "everything", "rare", "dropped"}
# The feeds of one calendar, which have its colour in their header since then.
COLORED = {"work", "us-launch", "team-busy"}
# The feeds that the demo got since then.
NEW = {"invitations", "leadership", "company"}
VARIANTS = {"default": "", "quiet": "?alarms=off", "web": "?flavour=web"}

# Besides the demo's feeds, one for each setting that changes what a feed shows.
_MORE = """
[[feed]]
slug = "rare"
title = "Work, in other forms"
future = "180d"
past = "30d"
exceptions = "recurrence-id"
cancelled = "status"
alarms = false
show_private = true
sources = [{ calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" }, { calendar = "5be0d3f17a2c4c6f9a41c0b7e8d25f60" }]

[[feed]]
slug = "dropped"
title = "Without the cancelled"
future = "180d"
past = "30d"
cancelled = "drop"
sources = [{ calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" }, { backstage = "20148871" }]
"""


def _settings(folder: Path, sandbox: Sandbox) -> config.Settings:
    toml = folder / "bridge.toml"
    toml.write_text(data_file("demo.toml") + _MORE, encoding="utf-8")
    return config.load(
        {
            "BRIDGE_CONFIG": str(toml),
            "BRIDGE_DATA_DIR": str(folder),
            "BRIDGE_SECRET_KEY": KEY,
            **sandbox.environment(),
        }
    )


def world(folder: Path) -> tuple[Store, config.Settings]:
    """Publish the sandbox's world at a fixed time, edit it as the demo does, and publish it again."""
    now = [NOW]
    with Sandbox(lambda: now[0]) as sandbox:
        settings = _settings(folder, sandbox)
        store = Store.open(settings.database_url, SecretKeys(KEY))
        client = ZohoClient(
            settings.zoho,
            store.tokens,
            store.rate_limits,
            clock=lambda: now[0],
            sleep=lambda _: None,
        )
        refresher = Refresher(
            store=store, api=client, zoho=settings.zoho, holder="test", clock=lambda: now[0]
        )
        activate_feeds(store, settings.feeds or (), now=NOW)
        keys = sorted({source.key for feed in settings.feeds or () for source in feed.sources})
        for time in (NOW, LATER):
            now[0] = time
            for key in keys:
                assert refresher.refresh(key).outcome == "refreshed"
            if time == NOW:
                edit(sandbox.data)
        client.close()
    return store, settings


def documents(store: Store, settings: config.Settings) -> dict[str, str]:
    """Return the SHA-256 of every document that the web serves: whole, selected, and of single events."""
    client = create_app(settings, store).test_client()
    sums = {}
    for feed in store.feeds.active():
        (link, *_) = store.links.of(feed.slug)
        base = f"/f/{store.links.token(link)}/{feed.slug}"
        for variant, query in VARIANTS.items():
            sums[f"{feed.slug} {variant}"] = _sum(client, [f"{base}.ics{query}"])
            uids = sorted(
                e.uid for e in store.publications.entries(feed.slug).values() if not e.gone
            )
            sums[f"{feed.slug} {variant} events"] = _sum(
                client, [f"{base}/{uid}.ics{query}" for uid in uids]
            )
        for kind, value in _choices(store, feed.slug):
            ticks, at = Ticks(labels=((kind, value),)), datetime.now(UTC)
            client_name = f"{feed.slug} {kind} {value}"
            token = store.selections.add(feed.slug, link, ticks, client=client_name, now=at)
            paths = [f"/f/{token}/{feed.slug}.ics{query}" for query in VARIANTS.values()]
            sums[f"{feed.slug} {kind}={value}"] = _sum(client, paths, times=False)
    return sums


def _choices(store: Store, slug: str) -> Iterator[tuple[str, str]]:
    labels = store.agenda.labels(slug)
    return ((kind, value) for kind in LABEL_KINDS for value in sorted(labels.get(kind, ())))


def _sum(client: FlaskClient, paths: list[str], *, times: bool = True) -> str:
    total = hashlib.sha256()
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        total.update(answer.data)
        if times:  # a selection is made now
            total.update(answer.headers.get("Last-Modified", "").encode())
    return total.hexdigest()


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store, settings = world(tmp_path_factory.mktemp("world"))
    with closing(store):
        return documents(store, settings)


def test_every_document_of_the_sandbox_has_the_bytes_it_always_had(sums: dict[str, str]) -> None:
    assert sums == json.loads(SUMS.read_text("utf-8"))


def test_a_database_of_an_earlier_build_opens_without_a_rendering(
    tmp_path: Path, sums: dict[str, str]
) -> None:
    """Only feeds with hidden details are published again, for their UIDs are keyed, and rare forms.

    What the other feeds serve are the same bytes.
    """
    with closing(sqlite3.connect(tmp_path / "bridge.sqlite3")) as connection:
        connection.executescript(gzip.decompress(DATABASE.read_bytes()).decode())
    with Sandbox(lambda: NOW) as sandbox:
        settings = _settings(tmp_path, sandbox)
    store = Store.open(settings.database_url, SecretKeys(KEY))
    with closing(store):
        feeds = [feed for feed in settings.feeds or () if feed.slug not in NEW]
        store.feeds.replace(feeds, now=LATER)
        slugs = [feed.slug for feed in store.feeds.active()]
        rendered = {slug for slug in slugs if publish(store, slug, now=LATER).rendered}
        assert rendered == HIDING | RARE
        for slug in slugs:
            done = publish(store, slug, now=LATER)
            assert (done.rendered, done.removed, done.written) == (0, 0, False)
        opened = documents(store, settings)
        known = {name for name in sums if name.split()[0] not in NEW}
        assert opened.keys() == known
        differing = {name.split()[0] for name in known if opened[name] != sums[name]}
        expected = HIDING | RARE | COLORED
        assert differing == expected, "their events or their header are new"


def _renew() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, settings = world(Path(folder))
        with closing(store):
            SUMS.write_text(
                json.dumps(documents(store, settings), indent=1, ensure_ascii=False) + "\n", "utf-8"
            )
        if "--database" in sys.argv:
            with closing(sqlite3.connect(Path(folder) / "bridge.sqlite3")) as connection:
                DATABASE.write_bytes(
                    gzip.compress("\n".join(connection.iterdump()).encode(), mtime=0)
                )


if __name__ == "__main__":
    _renew()
