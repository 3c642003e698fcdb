"""The caches of a web process: changes are noticed within a second, memory is bounded."""

from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import tracemalloc
from typing import Never

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.publications import Publications, Representation
from bridge.web.read_cache import DocumentCache, ReadCache
from tests.clock import Clock
from tests.served import publish, web_app

TEAM = Feed(slug="team", title="Team", sources=(CalendarSource(calendar="c"),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(store: Store, tmp_path: Path, now: datetime, clock: Clock) -> FlaskClient:
    store.feeds.replace([TEAM], now=now)
    store.links.ensure("team", now=now)
    publish(store, "team", b"one")
    return web_app(store, tmp_path, clock=clock.monotonic).test_client()


@pytest.fixture
def url(store: Store, client: FlaskClient) -> str:
    return f"/f/{store.links.token(store.links.of('team')[0])}/team.ics"


def test_a_poll_of_an_unchanged_feed_asks_the_database_nothing_for_half_a_second(
    client: FlaskClient, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(url)
    tag = client.get(url).headers["ETag"]
    with monkeypatch.context() as patch:
        patch.setattr(store.database, "connect", lambda **_: pytest.fail("it asked"))
        assert client.get(url).data == b"one"
        assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_new_publication_is_noticed_within_a_second(
    client: FlaskClient, url: str, store: Store, clock: Clock
) -> None:
    assert client.get(url).data == b"one"
    publish(store, "team", b"two", revision=1)
    clock.forward(seconds=0.99)
    response = client.get(url)
    assert response.data == b"two"
    assert response.headers["ETag"] == f'"{hashlib.sha256(b"two").hexdigest()}"'


def test_a_revoked_address_is_served_for_less_than_a_second(
    client: FlaskClient, url: str, store: Store, clock: Clock
) -> None:
    client.get(url)
    store.links.revoke("team", None, now=datetime.now(UTC))
    clock.forward(seconds=0.99)
    assert client.get(url).status_code == 410


def test_a_grace_period_ends_on_time_even_if_the_link_is_cached(
    client: FlaskClient, url: str, store: Store, time_machine: TimeMachineFixture
) -> None:
    end = datetime(2026, 5, 1, 12, tzinfo=UTC)
    store.links.rotate("team", "default", now=end - timedelta(days=7), grace=timedelta(days=7))
    time_machine.move_to(end - timedelta(seconds=1), tick=False)
    assert client.get(url).status_code == 200
    time_machine.move_to(end, tick=False)
    assert client.get(url).status_code == 410


def test_a_feed_that_becomes_secret_is_noticed_within_a_second(
    client: FlaskClient, store: Store, clock: Clock, now: datetime
) -> None:
    public = Feed(slug="team", title="Team", sources=TEAM.sources, public=True)
    store.feeds.replace([public], now=now)
    assert client.get("/feeds/team.ics").status_code == 200
    store.feeds.replace([TEAM], now=now)
    clock.forward(seconds=0.99)
    assert client.get("/feeds/team.ics").status_code == 404


def test_the_last_bytes_are_served_while_the_database_cannot_be_read(
    client: FlaskClient, url: str, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H8: a 5xx makes Thunderbird disable the calendar. No link can be revoked meanwhile."""
    tag = client.get(url).headers["ETag"]
    client.get(url)

    def broken(**_options: object) -> Never:
        raise StoreError("The database is down.")

    monkeypatch.setattr(store.database, "connect", broken)
    clock.forward(hours=1)
    assert client.get(url).data == b"one"
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    unknown = client.get("/f/AAAAAAAAAAAAAAAAAAAAAAAA/team.ics")
    assert (unknown.status_code, unknown.mimetype) == (503, "text/plain")
    assert unknown.headers["Retry-After"] == "60"


def test_a_publication_between_head_and_bytes_leads_to_one_consistent_response(
    client: FlaskClient, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The validators are those of the bytes that are sent with them."""
    representation = store.publications.representation

    def late(slug: str, variant: str, *, gzip: bool) -> Representation | None:
        publish(store, "team", b"two", revision=1)
        return representation(slug, variant, gzip=gzip)

    monkeypatch.setattr(store.publications, "representation", late)
    response = client.get(url)
    assert response.data == b"two"
    assert response.headers["ETag"] == f'"{hashlib.sha256(b"two").hexdigest()}"'


def test_misses_are_not_cached_and_the_number_of_answers_is_bounded(clock: Clock) -> None:
    """Guesses cannot fill the memory, and a new link opens at once."""
    keys: list[str] = []

    def look_up(key: str) -> str | None:
        keys.append(key)
        return None if key.startswith("-") else key

    cache = ReadCache(look_up, clock.monotonic)
    for number in range(-5000, 5000):
        assert cache.get(str(number)) == look_up(str(number))
    keys.clear()
    for number in reversed(range(5000 - 1024, 5000)):
        assert cache.get(str(number)) == str(number)
    assert keys == []
    assert cache.get("-1") is None
    cache.get(str(5000 - 1024 - 1))
    assert keys == ["-1", str(5000 - 1024 - 1)]
    clock.forward(seconds=0.5)
    assert cache.get("4999") == "4999"
    assert keys[2:] == ["4999"]


class Shelf(Publications):
    """Publications of one kilobyte each, half of it with gzip; ``reads`` are their slugs."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def representation(self, slug: str, variant: str, *, gzip: bool) -> Representation:
        self.reads.append(slug)
        data = slug.encode().ljust(500 if gzip else 1000)
        return Representation(etag=slug, modified_at=datetime(2026, 3, 9, tzinfo=UTC), data=data)


def get(cache: DocumentCache, slug: str, *, gzip: bool = False, times: int = 1) -> bytes:
    for _ in range(times):
        document = cache.get(slug, "default", slug, gzip=gzip)
    assert document is not None
    return document.data


def test_the_cached_bytes_are_bounded() -> None:
    shelf = Shelf()
    cache = DocumentCache(shelf, most_bytes=50_000)
    for number in range(500):
        data = get(cache, f"feed-{number}", gzip=number % 2 == 0, times=2)
        assert data.startswith(b"feed-%d" % number)
    shelf.reads.clear()
    sizes = []
    for number in reversed(range(500)):
        sizes.append(len(get(cache, f"feed-{number}", gzip=number % 2 == 0)))
        if shelf.reads:
            break
    assert sum(sizes[:-1]) <= 50_000 < sum(sizes)


def test_the_latest_requested_bytes_are_cached() -> None:
    shelf = Shelf()
    cache = DocumentCache(shelf, most_bytes=3000)
    for slug in ("a", "b", "c"):
        get(cache, slug, times=2)
    get(cache, "a")
    get(cache, "d", times=2)  # replaces "b"
    shelf.reads.clear()
    for slug in ("c", "a", "d", "b"):
        get(cache, slug)
    assert shelf.reads == ["b"]


def test_a_document_too_large_for_the_cache_is_served() -> None:
    shelf = Shelf()
    cache = DocumentCache(shelf, most_bytes=999)
    assert len(get(cache, "a", times=3)) == 1000
    assert shelf.reads == ["a"] * 3


def test_feeds_polled_once_are_not_cached() -> None:
    cache = DocumentCache(Shelf())
    tracemalloc.start()
    for number in range(10_000):
        get(cache, f"feed-{number}")
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 1_000_000  # of ten million bytes
