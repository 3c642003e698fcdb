"""What a web process remembers: a new publication and a revocation are noticed within a second, memory is bounded."""

from datetime import UTC, datetime, timedelta
import gzip
import hashlib
from pathlib import Path
import tracemalloc
from typing import Any, Never

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.feed.publication import Document, Publication
from bridge.store import Store
from bridge.store.publications import Representation
from bridge.web import create_app
from bridge.web.read_cache import Documents, Remembered

SOURCE = CalendarSource(calendar="c")


class Clock:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> Any:
        return self.now


def document(body: Any, variant: str = "default") -> Any:
    etag = hashlib.sha256(body).hexdigest()
    at = datetime(2026, 3, 9, tzinfo=UTC)
    return Document(
        variant=variant, body=body, gzip=gzip.compress(body), etag=etag, modified_at=at, events=1
    )


def publish(store: Store, slug: str, body: Any, *, revision: Any = 0) -> None:
    made = [document(body)]
    store.publications.publish(
        slug, Publication(revision=revision, documents=made, now=datetime(2026, 3, 9, tzinfo=UTC))
    )


@pytest.fixture
def clock() -> Any:
    return Clock()


@pytest.fixture
def client(store: Store, tmp_path: Path, now: datetime, clock: Any) -> Any:
    store.feeds.replace([Feed(slug="team", title="Team", sources=(SOURCE,))], now=now)
    store.links.ensure("team", now=now)
    publish(store, "team", b"one")
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40})
    app = create_app(settings, store)
    for known in (app.extensions["bridge"]._link, app.extensions["bridge"]._head):
        known._clock = clock.monotonic
    return app.test_client()


@pytest.fixture
def url(store: Store, client: FlaskClient) -> str:
    return f"/f/{store.links.token(store.links.of('team')[0])}/team.ics"


def test_a_poll_of_an_unchanged_feed_asks_the_database_nothing_for_half_a_second(
    client: FlaskClient, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(url)
    tag = client.get(url).headers["ETag"]
    with monkeypatch.context() as patch:
        patch.setattr(store.database, "connect", lambda **_: pytest.fail("it asked the database"))
        assert client.get(url).data == b"one"
        assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_new_publication_is_noticed_within_a_second(
    client: FlaskClient, url: str, store: Store, clock: Any
) -> None:
    assert client.get(url).data == b"one"
    publish(store, "team", b"two", revision=1)
    clock.now += 0.99
    answer = client.get(url)
    assert answer.data == b"two"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(b"two").hexdigest()}"'


def test_a_revoked_address_is_served_for_less_than_a_second(
    client: FlaskClient, url: str, store: Store, clock: Any
) -> None:
    client.get(url)
    store.links.revoke("team", None, now=datetime.now(UTC))
    clock.now += 0.99
    assert client.get(url).status_code == 410


def test_a_grace_period_ends_on_time_also_while_the_link_is_remembered(
    client: FlaskClient, url: str, store: Store, time_machine: TimeMachineFixture
) -> None:
    end = datetime(2026, 5, 1, 12, tzinfo=UTC)
    store.links.rotate("team", "default", now=end - timedelta(days=7), grace=timedelta(days=7))
    time_machine.move_to(end - timedelta(seconds=1), tick=False)
    assert client.get(url).status_code == 200
    time_machine.move_to(end, tick=False)
    assert client.get(url).status_code == 410


def test_a_feed_that_is_taken_away_or_made_secret_is_noticed_within_a_second(
    client: FlaskClient, store: Store, clock: Any, now: datetime
) -> None:
    open_feed = Feed(slug="team", title="Team", sources=(SOURCE,), public=True)
    store.feeds.replace([open_feed], now=now)
    assert client.get("/feeds/team.ics").status_code == 200
    store.feeds.replace([Feed(slug="team", title="Team", sources=(SOURCE,))], now=now)
    clock.now += 0.99
    assert client.get("/feeds/team.ics").status_code == 404


def test_the_last_good_bytes_are_served_while_the_database_cant_be_read(
    client: FlaskClient, url: str, store: Store, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H8: a 5xx would make Thunderbird disable the calendar. Nothing can be revoked in a database that is down."""
    tag = client.get(url).headers["ETag"]
    client.get(url)

    def broken(**_options: object) -> Never:
        raise StoreError("The database is down.")

    monkeypatch.setattr(store.database, "connect", broken)
    clock.now += 3600
    assert client.get(url).data == b"one"
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    unknown = client.get("/f/AAAAAAAAAAAAAAAAAAAAAAAA/team.ics")
    assert (unknown.status_code, unknown.mimetype) == (503, "text/plain")
    assert unknown.headers["Retry-After"] == "60"


def test_a_publication_between_head_and_bytes_gives_one_whole_answer(
    client: FlaskClient, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The validators are those of the bytes that go with them."""
    wanted = store.publications.representation

    def late(slug: str, variant: str, *, gzip: Any) -> Any:
        publish(store, "team", b"two", revision=1)
        return wanted(slug, variant, gzip=gzip)

    monkeypatch.setattr(store.publications, "representation", late)
    answer = client.get(url)
    assert answer.data == b"two"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(b"two").hexdigest()}"'


def test_misses_are_not_remembered_and_answers_up_to_a_number() -> None:
    """Nobody can fill the memory by guessing, and a link that was added opens at once."""
    clock, asked = Clock(), []

    def look_up(key: Any) -> Any:
        asked.append(key)
        return None if key < 0 else key

    known = Remembered(look_up, clock=clock.monotonic)
    for key in range(-5000, 5000):
        assert known(key) == look_up(key)
    assert len(known._answers) == 1024
    assert all(key >= 0 for key in known._answers)
    asked.clear()
    assert known(4999) == 4999
    assert asked == []
    clock.now += 0.5
    assert known(4999) == 4999
    assert asked == [4999]


class Shelf:
    """Publications of one kilobyte each."""

    def representation(self, slug: str, _variant: Any, *, gzip: Any) -> Any:
        at = datetime(2026, 3, 9, tzinfo=UTC)
        return Representation(
            etag=slug, modified_at=at, data=slug.encode().ljust(500 if gzip else 1000)
        )


def twice(documents: Any, slug: str, *, gzip: bool = False) -> Any:
    documents.get(slug, "default", slug, gzip=gzip)
    return documents.get(slug, "default", slug, gzip=gzip)


def test_the_bytes_held_are_bounded() -> None:
    documents = Documents(Shelf(), most_bytes=50_000)
    for number in range(500):
        got = twice(documents, f"feed-{number}", gzip=number % 2 == 0)
        assert got.data.startswith(b"feed-%d" % number)
        assert documents._bytes == sum(len(held.data) for held in documents._held.values())
        assert documents._bytes <= 50_000
    assert len(documents._held) > 50


def test_the_bytes_asked_for_last_are_those_held() -> None:
    documents = Documents(Shelf(), most_bytes=3000)
    for slug in ("a", "b", "c"):
        twice(documents, slug)
    documents.get("a", "default", "a", gzip=False)
    twice(documents, "d")
    assert [key[0] for key in documents._held] == ["c", "a", "d"]


def test_a_document_too_large_to_be_held_is_served_all_the_same() -> None:
    documents = Documents(Shelf(), most_bytes=999)
    for _ in range(3):
        assert len(documents.get("a", "default", "a", gzip=False).data) == 1000
    assert documents._bytes == 0


def test_feeds_polled_once_are_not_held() -> None:
    documents = Documents(Shelf())
    tracemalloc.start()
    for number in range(10_000):
        documents.get(f"feed-{number}", "default", "any", gzip=False)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert documents._bytes == 0
    assert grown < 1_000_000  # of ten million bytes
