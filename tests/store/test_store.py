"""One conformance suite for every store: what any database has to promise."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
import sqlite3
import threading
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bridge.domain import codec
from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.records import EventToSave
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource, ConnectSource
from bridge.domain.timezones import zone
from bridge.errors import StoreError
from bridge.feed.publication import Document, Entry, Freshness, Publication
from bridge.problems import text_problem
from bridge.store import Store, database, schema
from bridge.store.crypto import SecretKeys
from bridge.zoho.tokens import AccessToken

WORK = CalendarSource(calendar="work==")
TEAM = ConnectSource(group="77", network="1")
TERM = timedelta(minutes=10)


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Look into the database from outside of the store."""
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def feed(slug: str = "team", *sources: Any, **options: Any) -> Any:
    return Feed(slug=slug, title=slug.title(), sources=sources or (WORK,), **options)


def saved(uid: str = "u1", title: str = "Standup", cancelled_since: Any = None) -> Any:
    event = Event(
        uid=uid,
        upstream_id=f"up-{uid}",
        title=title,
        start=datetime(2026, 3, 11, 9, tzinfo=zone("Europe/Berlin")),
        end=datetime(2026, 3, 11, 10, tzinfo=zone("Europe/Berlin")),
    )
    return EventToSave(
        uid=uid,
        upstream_id=event.upstream_id,
        content_hash=codec.content_hash(event),
        payload=codec.encode(event),
        cancelled_since=cancelled_since,
        ends_at=datetime(2026, 3, 11, 9, tzinfo=UTC),
    )


def succeed(
    store: Store,
    now: datetime,
    *,
    source: Any = WORK,
    holder: str = "w1",
    events: Any = (),
    removed: Any = (),
    rejected: Any = (),
    notes: Any = (),
) -> Any:
    assert store.sources.claim(source.key, holder=holder, now=now, term=TERM)
    return store.sources.succeed(
        source.key,
        holder=holder,
        now=now,
        next_check_at=now + timedelta(minutes=15),
        saved=events,
        removed=removed,
        rejected=rejected,
        notes=notes,
    )


def entry(uid: str = "u1", **options: Any) -> Any:
    values = {
        "uid": uid,
        "event_uid": uid,
        "content_hash": "h",
        "changed_at": datetime(2026, 3, 10, tzinfo=UTC),
        "sequence": 3,
        "sort_key": "20260311T080000Z",
        "zones": "Europe/Berlin",
        "blob": b"BEGIN:VEVENT\r\n",
        "web_blob": b"",
    }
    return Entry(**values | options)


def document(variant: str = "default", body: Any = b"BEGIN:VCALENDAR\r\n") -> Any:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    return Document(
        variant=variant,
        body=body,
        gzip=b"z" + body,
        etag=f"e{len(body)}",
        modified_at=now,
        events=1,
    )


def publish(store: Store, slug: str = "team", revision: Any = 0, **options: Any) -> Any:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    return store.publications.publish(slug, Publication(revision=revision, now=now, **options))


def test_feeds_come_back_as_configured_in_order(any_store: Store, now: datetime) -> None:
    wanted = [
        feed(
            "b",
            WORK,
            TEAM,
            privacy="busy",
            past=timedelta(days=3),
            exceptions="recurrence-id",
            public=True,
        ),
        feed("a"),
    ]
    any_store.feeds.replace(wanted, now=now)
    assert any_store.feeds.active() == tuple(wanted)
    assert [f.slug for f in any_store.feeds.reading(WORK.key)] == ["b", "a"]
    assert [f.slug for f in any_store.feeds.reading(TEAM.key)] == ["b"]


def test_a_feed_that_is_configured_no_more_keeps_all_it_has_and_comes_back(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.links.ensure("team", now=now)
    publish(any_store, documents=[document()])
    any_store.feeds.replace([], now=now)
    assert any_store.feeds.active() == ()
    assert any_store.sources.states() == ()
    assert any_store.sources.due(now=now) == ()
    assert any_store.links.of("team")[0].active is False
    any_store.feeds.replace([feed()], now=now)
    assert any_store.publications.document("team", "default") == document()
    assert any_store.links.of("team")[0].active is True


def test_a_new_source_is_due_at_once_and_a_known_one_keeps_its_time(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    assert any_store.sources.due(now=now) == (WORK.key,)
    succeed(any_store, now)
    any_store.feeds.replace([feed("team", WORK, TEAM)], now=now)
    assert any_store.sources.due(now=now) == (TEAM.key,)


def test_a_source_has_one_reader_at_a_time(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    assert any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    assert not any_store.sources.claim(WORK.key, holder="w2", now=now, term=TERM)
    assert any_store.sources.due(now=now) == ()


def test_the_lease_of_a_reader_that_died_ends_by_itself(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    later = now + TERM
    assert any_store.sources.due(now=later) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w2", now=later, term=TERM)


def test_a_reader_that_lost_its_lease_writes_nothing(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
    any_store.sources.claim(WORK.key, holder="w2", now=now + TERM, term=TERM)
    done = any_store.sources.succeed(
        WORK.key,
        holder="w1",
        now=now,
        next_check_at=now,
        saved=[saved()],
        removed=[],
        rejected=[],
        notes=[],
    )
    assert done is False
    assert any_store.sources.index(WORK.key) == {}
    any_store.sources.fail(
        WORK.key, holder="w1", now=now, next_check_at=now, error=text_problem("late")
    )
    assert any_store.sources.state(WORK.key).error is None


def test_of_many_claims_at_once_one_wins(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    won = []
    barrier = threading.Barrier(6)

    def claim(holder: Any) -> None:
        barrier.wait()
        won.append(any_store.sources.claim(WORK.key, holder=holder, now=now, term=TERM))

    threads = [threading.Thread(target=claim, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


def test_events_are_saved_changed_and_removed(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    succeed(any_store, now, events=[saved("u1"), saved("u2", cancelled_since=now)])
    index = any_store.sources.index(WORK.key)
    assert set(index) == {"u1", "u2"}
    assert index["u2"].cancelled_since == now
    succeed(any_store, now, events=[saved("u1", title="Renamed")], removed=["u2"])
    assert set(any_store.sources.index(WORK.key)) == {"u1"}
    payloads = any_store.sources.payloads(WORK.key, ["u1", "u2"])
    assert {uid: codec.decode(data).title for uid, data in payloads.items()} == {"u1": "Renamed"}


def test_a_thousand_events_can_be_read_and_removed_by_uid(any_store: Store, now: datetime) -> None:
    """SQLite and PostgreSQL bound the number of parameters of a statement."""
    any_store.feeds.replace([feed()], now=now)
    uids = [f"u{n}" for n in range(1200)]
    succeed(any_store, now, events=[saved(uid) for uid in uids])
    assert len(any_store.sources.payloads(WORK.key, uids)) == 1200
    succeed(any_store, now, removed=uids)
    assert any_store.sources.index(WORK.key) == {}


def test_rejections_are_of_the_last_read_and_can_be_added_to(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    succeed(
        any_store,
        now,
        rejected=[Rejection(kind="dropped", upstream_id="9", problems=(text_problem("no start"),))],
        notes=[text_problem("a remark")],
    )
    second = Rejection(
        kind="repaired", upstream_id="8", problems=(text_problem("end before start"),)
    )
    succeed(any_store, now, rejected=[second])
    third = Rejection(kind="dropped", upstream_id="7", problems=(text_problem("unreadable"),))
    any_store.sources.reject(WORK.key, [third])
    assert any_store.sources.rejections(WORK.key) == (second, third)
    state = any_store.sources.state(WORK.key)
    assert (state.rejections, state.notes) == (2, ())


def test_a_failure_keeps_the_events_and_says_since_when(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    succeed(any_store, now, events=[saved()])
    for minutes in (20, 40):
        at = now + timedelta(minutes=minutes)
        any_store.sources.claim(WORK.key, holder="w", now=at, term=TERM)
        any_store.sources.fail(
            WORK.key,
            holder="w",
            now=at,
            next_check_at=at + TERM,
            error=text_problem("Zoho is down."),
        )
    state = any_store.sources.state(WORK.key)
    assert state.failing_since == now + timedelta(minutes=20)
    assert (state.failures, str(state.error), state.events) == (2, "Zoho is down.", 1)
    assert state.next_check_at == now + timedelta(minutes=50)
    assert state.last_success == now
    succeed(any_store, now + timedelta(hours=1))
    state = any_store.sources.state(WORK.key)
    assert (state.failing_since, state.failures, state.error) == (None, 0, None)


def test_a_held_read_is_remembered_until_a_good_one(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.sources.claim(WORK.key, holder="w", now=now, term=TERM)
    any_store.sources.hold(
        WORK.key,
        holder="w",
        now=now,
        next_check_at=now + TERM,
        warning=text_problem("Half is gone."),
        held_hash="h",
        held_at=now,
    )
    state = any_store.sources.state(WORK.key)
    assert (str(state.warning), state.held_hash, state.held_at) == ("Half is gone.", "h", now)
    succeed(any_store, now + TERM)
    state = any_store.sources.state(WORK.key)
    assert (state.warning, state.held_hash, state.held_at) == (None, "", None)


def test_refresh_now_makes_a_source_due(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    succeed(any_store, now)
    assert any_store.sources.due(now=now) == ()
    any_store.sources.wake([WORK.key], now=now)
    assert any_store.sources.due(now=now) == (WORK.key,)


def test_a_publication_is_seen_whole(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    succeed(any_store, now, events=[saved()])
    fresh = Freshness(event_uid="u1", inputs_hash="b1", until=date(2026, 4, 1))
    assert publish(
        any_store, freshness=[fresh], entries=[entry()], documents=[document(), document("web")]
    )
    current = any_store.publications.current("team")
    assert current.revision == 1
    assert current.freshness == {"u1": fresh}
    assert current.entries.keys() == {"u1"}
    assert asdict(current.entries["u1"]).items() < asdict(entry()).items()
    assert any_store.publications.entry("team", "u1") == entry()
    assert current.etags == {"default": document().etag, "web": document("web").etag}
    assert [stored.uid for stored in current.stored] == ["u1"]


def test_of_two_publications_from_one_state_the_second_is_refused(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    assert publish(any_store, revision=0, documents=[document()])
    assert not publish(any_store, revision=0, documents=[document(body=b"other")])
    assert any_store.publications.document("team", "default") == document()


def test_an_entry_that_is_gone_keeps_its_stamps(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    publish(any_store, entries=[entry()])
    publish(
        any_store,
        revision=1,
        entries=[entry(gone=True, blob=None, web_blob=None)],
        removed_events=["u1"],
    )
    current = any_store.publications.current("team")
    assert current.entries["u1"].sequence == 3
    assert current.freshness == {}


def test_a_merged_feed_lists_events_in_the_order_of_its_sources(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed("team", TEAM, WORK)], now=now)
    succeed(any_store, now, source=WORK, events=[saved("a")])
    succeed(any_store, now, source=TEAM, events=[saved("z")])
    assert [stored.uid for stored in any_store.publications.current("team").stored] == ["z", "a"]


def shown_in(store: Store) -> Any:
    return [stored.uid for stored in store.publications.current("team").stored]


def test_a_former_source_is_shown_until_the_new_ones_are_read(
    any_store: Store, now: datetime
) -> None:
    """A mistyped id in bridge.toml must not empty a feed: what was read last stays."""
    any_store.feeds.replace([feed("team", WORK)], now=now)
    succeed(any_store, now, events=[saved("a")])
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert any_store.feeds.reading(WORK.key) == (), "it is shown, and read no more"
    assert shown_in(any_store) == ["a"]
    assert any_store.sources.due(now=now) == (TEAM.key,)
    succeed(any_store, now, source=TEAM, events=[saved("z")])
    assert shown_in(any_store) == ["z"]
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert shown_in(any_store) == ["z"]


def test_a_source_that_is_taken_away_goes_at_once(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed("team", WORK, TEAM)], now=now)
    succeed(any_store, now, events=[saved("a")])
    succeed(any_store, now, source=TEAM, events=[saved("z")])
    any_store.feeds.replace([feed("team", TEAM)], now=now)
    assert shown_in(any_store) == ["z"]


def test_a_feed_gets_one_first_link_whose_token_finds_it(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.links.ensure("team", now=now)
    any_store.links.ensure("team", now=now + TERM)
    (link,) = any_store.links.of("team")
    token = any_store.links.token(link)
    assert any_store.links.find(token) == link
    assert link.ends_at is None
    assert any_store.links.find(token[:-1]) is None


def test_no_token_stands_in_the_database_in_clear(
    any_store: Store, database_url: str, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    any_store.links.ensure("team", now=now)
    feed_token = any_store.links.token(any_store.links.of("team")[0])
    any_store.tokens.begin_token_request("a", holder="w", now=now)
    token = AccessToken(value="zoho-access-token", expires_at=now)
    any_store.tokens.end_token_request("a", holder="w", token=token)
    with connected(database_url) as connection:
        rows = [
            str([bytes(v) if isinstance(v, memoryview) else v for v in row])
            for table in schema.metadata.sorted_tables
            for row in connection.execute(text(f"SELECT * FROM {table.name}"))
        ]
    assert len(rows) > 3
    assert not any(feed_token in row or "zoho-access-token" in row for row in rows)


def test_one_process_at_a_time_asks_for_an_access_token(any_store: Store, now: datetime) -> None:
    tokens = any_store.tokens
    assert tokens.begin_token_request("a", holder="w1", now=now) == 0
    assert tokens.begin_token_request("a", holder="w2", now=now) > 0
    token = AccessToken(value="t1", expires_at=now + timedelta(hours=1))
    tokens.end_token_request("a", holder="w1", token=token)
    assert tokens.access_token("a") == token
    assert tokens.access_token("b") is None
    assert tokens.begin_token_request("a", holder="w2", now=now) == 0


def test_a_process_that_died_asking_frees_the_way_after_its_term(
    any_store: Store, now: datetime
) -> None:
    any_store.tokens.begin_token_request("a", holder="w1", now=now)
    assert (
        any_store.tokens.begin_token_request("a", holder="w2", now=now + timedelta(seconds=31)) == 0
    )


def test_ten_token_requests_in_ten_minutes_are_never_reached(
    any_store: Store, now: datetime
) -> None:
    """Zoho blocks an account that asks for more (OAuth: token limits)."""
    asked = 0
    for minute in range(10):
        for _ in range(3):
            if (
                any_store.tokens.begin_token_request(
                    "a", holder="w", now=now + timedelta(minutes=minute)
                )
                == 0
            ):
                asked += 1
                any_store.tokens.end_token_request("a", holder="w", token=None)
    assert asked == 9
    wait = any_store.tokens.begin_token_request("a", holder="w", now=now + timedelta(minutes=9))
    assert wait == 60
    assert (
        any_store.tokens.begin_token_request("a", holder="w", now=now + timedelta(minutes=10)) == 0
    )
    assert any_store.tokens.begin_token_request("b", holder="w", now=now) == 0


def test_a_refused_token_is_forgotten_but_not_its_successor(
    any_store: Store, now: datetime
) -> None:
    tokens = any_store.tokens
    tokens.begin_token_request("a", holder="w", now=now)
    new = AccessToken(value="new", expires_at=now)
    tokens.end_token_request("a", holder="w", token=new)
    tokens.forget_access_token("a", "old")
    assert tokens.access_token("a") == new
    tokens.forget_access_token("a", "new")
    assert tokens.access_token("a") is None


def test_a_token_hidden_under_another_key_counts_as_none(
    any_store: Store, database_url: str, now: datetime
) -> None:
    any_store.tokens.begin_token_request("a", holder="w", now=now)
    any_store.tokens.end_token_request(
        "a", holder="w", token=AccessToken(value="t", expires_at=now)
    )
    other = Store.open(database_url, SecretKeys("another secret key, just as long as it has to be"))
    assert other.tokens.access_token("a") is None
    other.close()


def test_opening_again_keeps_everything(
    any_store: Store, database_url: str, keys: SecretKeys, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    again = Store.open(database_url, keys)
    assert again.feeds.active() == (feed(),)
    again.close()


def test_many_processes_may_open_a_new_database_at_once(
    database_url: str, keys: SecretKeys
) -> None:
    failures = []

    def open_it() -> None:
        try:
            Store.open(database_url, keys).close()
        except Exception as error:  # noqa: BLE001 - the test reports whatever went wrong in the thread
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_schema_is_refused_with_the_remedy(
    any_store: Store, database_url: str, keys: SecretKeys
) -> None:
    with connected(database_url) as connection:
        connection.execute(text("UPDATE meta SET schema_version = 99"))
    with pytest.raises(StoreError, match=r"schema 99.*newer release"):
        Store.open(database_url, keys)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////no/such/folder/bridge.sqlite3", "can't be opened; check that its folder"),
        pytest.param(
            "postgresql+psycopg://u:hidden@127.0.0.1:1/none",
            "none on 127.0.0.1 can't be used",
            marks=pytest.mark.skipif(
                not find_spec("psycopg"), reason="psycopg, the extra postgres, is not installed"
            ),
        ),
        ("nonsense", "BRIDGE_DATABASE_URL can't be used"),
        ("oracle+none://x:hidden@h/d", "BRIDGE_DATABASE_URL can't be used"),
    ],
)
def test_a_database_that_cant_be_opened_is_one_sentence_without_its_password(
    url: str, message: Any, keys: SecretKeys
) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url, keys)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path, keys: SecretKeys) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but longer than its header would be " * 20)
    with pytest.raises(StoreError, match="not a SQLite database"):
        Store.open(f"sqlite:///{tmp_path}/notes.txt", keys)


def test_sqlite_is_crash_safe_and_lets_readers_read_while_one_writes(
    tmp_path: Path, keys: SecretKeys
) -> None:
    Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys).close()
    with sqlite3.connect(tmp_path / "bridge.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.postgres
def test_a_connection_that_the_server_ended_while_it_rested_is_replaced(
    any_store: Store, database_url: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was restarted costs no refresh."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    any_store.feeds.replace([feed()], now=now)
    row = any_store.database.first(text("SELECT pg_backend_pid() AS pid"))
    assert row is not None
    with connected(database_url) as connection:
        assert connection.execute(
            text("SELECT pg_terminate_backend(:ours)"), {"ours": row.pid}
        ).scalar_one()
    assert any_store.sources.due(now=now) == (WORK.key,)
    assert any_store.sources.claim(WORK.key, holder="w1", now=now, term=TERM)
