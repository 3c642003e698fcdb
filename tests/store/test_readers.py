"""Who reads: programs told by their User-Agent, polls counted in memory and summed in the store, nobody's address."""

from datetime import UTC, date, datetime, timedelta
import http.client
from pathlib import Path
from threading import Thread
from typing import Any, Never

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.readers import Polls, Reader
from bridge.store.schema import readers as table
from bridge.web import create_app
from bridge.web.usage import Usage
from bridge.web.user_agents import program_name
from tests.served import publish, web_server

SOURCE = CalendarSource(calendar="c")
TODAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"


def polls(
    day: Any,
    count: Any,
    *,
    unchanged: Any = 0,
    link: str = "",
    program: str = "curl",
    at: Any = None,
    slug: str = "team",
) -> Any:
    last = at or datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    return Polls(
        slug=slug,
        link=link,
        program=program,
        day=day,
        polls=count,
        unchanged=unchanged,
        last_at=last,
    )


@pytest.fixture
def two_feeds(any_store: Store, now: datetime) -> Any:
    made = [
        Feed(slug=slug, title=slug, sources=(SOURCE,), public=slug == "open")
        for slug in ("team", "open")
    ]
    any_store.feeds.replace(made, now=now)
    return any_store


def kept(store: Store) -> Any:
    with store.database.read() as connection:
        return [
            dict(row) for row in connection.execute(select(table).order_by(table.c.day)).mappings()
        ]


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
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
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
def test_a_program_is_told_by_its_agent(agent: Any, name: str) -> None:
    assert program_name(agent) == name
    assert len(name) <= 64
    assert name.isprintable()


def test_polls_are_added_to_those_of_the_day(two_feeds: Any) -> None:
    """Whatever process counts, and in whatever order they come, the sum is theirs and the last poll is the latest."""
    late, early = NOON + timedelta(hours=3), NOON
    two_feeds.readers.count([polls(TODAY, 5, unchanged=4, at=late), polls(TODAY, 1, slug="open")])
    two_feeds.readers.count(
        [polls(TODAY, 2, unchanged=1, at=early), polls(TODAY, 9, program="Thunderbird")]
    )
    assert two_feeds.readers.of("team", now=late) == (
        Reader(
            link="",
            program="Thunderbird",
            polls=9,
            unchanged=0,
            polls_a_day=9.0,
            last_at=NOON.replace(hour=8),
        ),
        Reader(link="", program="curl", polls=7, unchanged=5, polls_a_day=7.0, last_at=late),
    )
    assert [reader.polls for reader in two_feeds.readers.of("open", now=late)] == [1]
    assert two_feeds.readers.of("none", now=late) == ()


def test_seven_days_are_summed_by_address_and_program(two_feeds: Any) -> None:
    """Polls a day: of the days since the first of the seven on which it polled."""
    days = [TODAY - timedelta(days=back) for back in (7, 6, 3, 0)]
    two_feeds.readers.count([polls(day, 26, unchanged=13, link="a") for day in days])
    two_feeds.readers.count([polls(TODAY - timedelta(days=1), 30, link="b")])
    first, second = two_feeds.readers.of("team", now=NOON)
    assert (first.link, first.polls, first.unchanged) == ("a", 78, 39)
    assert first.polls_a_day == pytest.approx(78 / 6.5)
    assert (second.link, second.polls, second.polls_a_day) == ("b", 30, pytest.approx(20))
    assert first.last_at == NOON.replace(hour=8)


def test_days_are_forgotten_after_thirty(two_feeds: Any) -> None:
    two_feeds.readers.count([polls(TODAY - timedelta(days=back), 1) for back in (29, 30, 31, 400)])
    two_feeds.readers.forget(now=NOON)
    assert [TODAY - row["day"] for row in kept(two_feeds)] == [
        timedelta(days=30),
        timedelta(days=29),
    ]


@pytest.fixture
def served(two_feeds: Any, tmp_path: Path, now: datetime) -> Any:
    """A store with a secret and a public feed, and a client of the app that serves them."""
    for slug in ("team", "open"):
        two_feeds.links.ensure(slug, now=now)
        publish(two_feeds, slug, b"bytes")
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40})
    return two_feeds, create_app(settings, two_feeds).test_client()


def test_what_is_a_poll_and_what_is_kept_of_it(served: Store) -> None:
    """A GET of a feed, whether it has news or not; no HEAD, no page, no refusal; and nothing of the person."""
    store, client = served
    link = store.links.of("team")[0]
    secret = f"/f/{store.links.token(link)}/team.ics"
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
    assert kept(store) == []
    client.application.extensions["bridge"].usage.flush()
    rows = kept(store)
    assert [
        (row["slug"], row["link"], row["program"], row["polls"], row["unchanged"])
        for row in sorted(rows, key=str)
    ] == [("open", "", "Other", 1, 0), ("team", link.token_hash, "Outlook (classic)", 3, 1)]
    assert {name for row in rows for name in row} == {
        "slug",
        "link",
        "program",
        "day",
        "polls",
        "unchanged",
        "last_at",
    }


def test_no_poll_is_lost_between_threads_nor_at_midnight(two_feeds: Any) -> None:
    """Each poll counts once, for the day (UTC) on which it came."""
    times = [datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC).timestamp()]
    uses = Usage(two_feeds, clock=lambda: times[0])

    def poll() -> None:
        for number in range(2000):
            uses.count_poll("team", "", "curl", unchanged=number % 2 == 0)

    for _ in range(2):
        threads = [Thread(target=poll) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times[0] += 1
    uses.flush()
    uses.flush()
    assert [(row["day"], row["polls"], row["unchanged"]) for row in kept(two_feeds)] == [
        (TODAY - timedelta(days=1), 8000, 4000),
        (TODAY, 8000, 4000),
    ]


def test_polls_are_counted_later_when_the_database_cant_be_written(
    two_feeds: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = Usage(two_feeds, clock=NOON.timestamp)
    count = two_feeds.readers.count

    def broken(_rows: Any) -> Never:
        raise StoreError("It is read-only.")

    monkeypatch.setattr(two_feeds.readers, "count", broken)
    uses.count_poll("team", "", "curl", unchanged=True)
    with capture_logs() as lines:
        uses.flush()
    assert [line["event"] for line in lines] == ["polls could not be counted"]
    monkeypatch.setattr(two_feeds.readers, "count", count)
    uses.count_poll("team", "", "curl", unchanged=False)
    uses.flush()
    assert [(row["polls"], row["unchanged"]) for row in kept(two_feeds)] == [(2, 1)]


def test_old_days_go_when_a_new_one_begins(two_feeds: Any) -> None:
    """Nobody has to tidy: the first polls of a day do it, and the next ones of that day don't look again."""
    clock = [NOON.timestamp()]
    uses = Usage(two_feeds, clock=lambda: clock[0])
    old = polls(TODAY - timedelta(days=90), 1)

    def poll_and_write() -> Any:
        two_feeds.readers.count([old])
        uses.count_poll("team", "", "curl", unchanged=False)
        uses.flush()
        return [row["day"] for row in kept(two_feeds)]

    assert poll_and_write() == [TODAY]
    assert poll_and_write() == [old.day, TODAY]
    clock[0] += 86400
    assert poll_and_write() == [TODAY, TODAY + timedelta(days=1)]


def test_a_web_server_that_is_told_to_end_writes_down_what_it_counted(
    tmp_path: Path, now: datetime
) -> None:
    """A real server: the polls of its last minute are not lost with it."""
    with web_server(tmp_path) as (store, port):
        store.feeds.replace([Feed(slug="team", title="T", sources=(SOURCE,))], now=now)
        store.links.ensure("team", now=now)
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
