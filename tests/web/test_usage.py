"""Use of feeds: polls counted in memory by program, written to the store, without personal data."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
import http.client
from pathlib import Path
from threading import Thread
from typing import Never

from flask.testing import FlaskClient
import pytest
from structlog.testing import capture_logs

from bridge import config
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.readers import Polls
from bridge.store.schema import readers
from bridge.web import create_app
from bridge.web.usage import Usage, program_name
from tests.clock import Clock
from tests.served import publish, web_server
from tests.store.samples import feed, polls, stored_polls

TODAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"


@pytest.fixture
def two_feeds(any_store: Store, now: datetime) -> Store:
    any_store.feeds.replace([feed("team"), feed("open", public=True)], now=now)
    return any_store


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        # The rulebook's table of clients, and public logs.
        ("Google-Calendar-Importer", "Google Calendar"),
        (OUTLOOK, "Outlook (classic)"),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "Outlook (classic)"),
        ("Microsoft.Exchange/15.20 (Windows NT 10.0; Win64; x64)", "Outlook (new, web, 365)"),
        ("MacOutlook/16.89.24090815 (Intelx64 Mac OS X 14.6.1)", "Outlook for Mac"),
        ("macOS/14.4.1 (23E224) dataaccessd/1.0", "Apple Calendar (macOS)"),
        ("Mac+OS+X/10.15.7 (19H2) CalendarAgent/930.5.1", "Apple Calendar (macOS)"),
        ("iOS/17.4 (21E219) dataaccessd/1.0", "Apple Calendar (iOS)"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.1.0",
            "Thunderbird",
        ),
        ("Evolution/3.52.1", "Evolution"),
        ("ICSx5/2.2.2 (ical4j/3.2.14 okhttp/4.12.0 Android/14)", "ICSx5"),
        ("HomeAssistant/2025.1.0 httpx/0.28.1 Python/3.13", "Home Assistant"),
        ("Nextcloud Webcal Service", "Nextcloud"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
            "Web browser",
        ),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.3", "Python"),
        ("Python/3.12 aiohttp/3.10", "Python"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Other"),
        ("", "Other"),
        ("alice@example.org\r\n\0" + "x" * 9000, "Other"),
    ],
)
def test_a_program_is_recognised_by_its_user_agent(agent: str, name: str) -> None:
    assert program_name(agent) == name
    assert len(name) <= 64
    assert name.isprintable()


@pytest.fixture
def client(two_feeds: Store, tmp_path: Path) -> FlaskClient:
    """A client of the app that serves a secret and a public feed."""
    for slug in ("team", "open"):
        publish(two_feeds, slug, b"bytes")
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40})
    return create_app(settings, two_feeds).test_client()


def test_a_poll_is_a_successful_get_of_a_feed_stored_without_personal_data(
    two_feeds: Store, client: FlaskClient
) -> None:
    """Also if the feed has not changed. Not counted: HEAD, pages, refused requests."""
    link = two_feeds.links.of("team")[0]
    secret = f"/f/{two_feeds.links.token(link)}/team.ics"
    agent = {"User-Agent": OUTLOOK}
    tag = client.get(secret, headers=agent).headers["ETag"]
    assert client.get(secret, headers={**agent, "If-None-Match": tag}).status_code == 304
    client.get(secret + "?alarms=off", headers=agent)
    client.get("/feeds/open.ics", headers={"User-Agent": "carol@example.org"})
    client.head(secret, headers=agent)
    client.get(secret.removesuffix("team.ics"), headers=agent)
    client.get("/f/" + "A" * 24 + "/team.ics", headers=agent)
    client.get("/feeds/team.ics", headers=agent)
    client.get(secret.removesuffix(".ics") + "/nothing.ics", headers=agent)
    client.put(secret, headers=agent)
    assert stored_polls(two_feeds) == []
    client.application.extensions["bridge"].usage.flush()
    rows = stored_polls(two_feeds)
    assert [(row.slug, row.link, row.program, row.polls, row.unchanged) for row in rows] == [
        ("open", "", "Other", 1, 0),
        ("team", link.token_hash, "Outlook (classic)", 3, 1),
    ]
    assert set(readers.c.keys()) == {
        "slug",
        "link",
        "program",
        "day",
        "polls",
        "unchanged",
        "last_at",
    }


def test_no_poll_is_lost_between_threads_nor_at_midnight(two_feeds: Store) -> None:
    """Each poll counts once, for its day (UTC)."""
    clock = Clock(datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC))
    usage = Usage(two_feeds, clock=clock.monotonic)

    def poll() -> None:
        for number in range(2000):
            usage.count_poll("team", "", "curl", unchanged=number % 2 == 0)

    for _ in range(2):
        threads = [Thread(target=poll) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.forward(seconds=1)
    usage.flush()
    usage.flush()
    assert [(row.day, row.polls, row.unchanged) for row in stored_polls(two_feeds)] == [
        (TODAY - timedelta(days=1), 8000, 4000),
        (TODAY, 8000, 4000),
    ]


def test_polls_are_counted_later_when_the_database_cant_be_written(
    two_feeds: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage(two_feeds, clock=NOON.timestamp)
    count = two_feeds.readers.count

    def broken(_rows: Iterable[Polls]) -> Never:
        raise StoreError("It is read-only.")

    monkeypatch.setattr(two_feeds.readers, "count", broken)
    usage.count_poll("team", "", "curl", unchanged=True)
    with capture_logs() as lines:
        usage.flush()
    assert [line["event"] for line in lines] == ["polls could not be counted"]
    monkeypatch.setattr(two_feeds.readers, "count", count)
    usage.count_poll("team", "", "curl", unchanged=False)
    usage.flush()
    assert [(row.polls, row.unchanged) for row in stored_polls(two_feeds)] == [(2, 1)]


def test_old_polls_are_deleted_when_a_new_day_begins(two_feeds: Store) -> None:
    """The first flush of a day deletes them, later ones of that day do not."""
    clock = Clock(NOON)
    usage = Usage(two_feeds, clock=clock.monotonic)
    old = polls(TODAY - timedelta(days=90), 1)

    def poll_and_flush() -> list[date]:
        two_feeds.readers.count([old])
        usage.count_poll("team", "", "curl", unchanged=False)
        usage.flush()
        return [row.day for row in stored_polls(two_feeds)]

    assert poll_and_flush() == [TODAY]
    assert poll_and_flush() == [old.day, TODAY]
    clock.forward(days=1)
    assert poll_and_flush() == [TODAY, TODAY + timedelta(days=1)]


@pytest.mark.slow
def test_a_web_server_writes_its_counts_when_it_ends(tmp_path: Path, now: datetime) -> None:
    """With a real server: the polls of its last minute are not lost."""
    with web_server(tmp_path) as (store, port):
        store.feeds.replace([feed("team")], now=now)
        publish(store, "team", b"bytes")
        link = store.links.of("team")[0]
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(
                "GET", f"/f/{store.links.token(link)}/team.ics", headers={"User-Agent": "curl/8"}
            )
            assert connection.getresponse().read() == b"bytes"
            connection.close()
        assert store.readers.of("team", now=datetime.now(UTC)) == ()
    store = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", SecretKeys("k" * 40))
    (reader,) = store.readers.of("team", now=datetime.now(UTC))
    assert (reader.link, reader.program, reader.polls) == (link.token_hash, "curl", 3)
    assert store.links.of("team")[0].used_at is not None
    store.close()
