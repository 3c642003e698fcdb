"""Sessions of the admin in every kind of database."""

from datetime import datetime, timedelta
from typing import Never

import pytest
from sqlalchemy import select

from bridge.errors import StoreError
from bridge.store import Store, sessions
from bridge.store.schema import admin_links, sessions as table

MINUTE = timedelta(minutes=1)


def test_a_session_expires_when_idle_and_ends_on_request(any_store: Store, now: datetime) -> None:
    first, second = (any_store.sessions.begin(now=now) for _ in range(2))
    late = now + sessions.IDLE - MINUTE
    assert any_store.sessions.use(first, now=late)
    assert not any_store.sessions.use(second, now=now + sessions.IDLE)
    assert any_store.sessions.use(first, now=late + sessions.IDLE - MINUTE)
    any_store.sessions.end(first)
    assert not any_store.sessions.use(first, now=late)
    assert any_store.sessions.use(second, now=late)
    any_store.sessions.end_all()
    assert not any_store.sessions.use(second, now=late)


def test_a_session_in_use_expires_after_a_week(store: Store, now: datetime) -> None:
    session, step = store.sessions.begin(now=now), timedelta(hours=8)
    uses = [store.sessions.use(session, now=now + step * number) for number in range(23)]
    assert uses == [True] * 21 + [False] * 2


def test_no_id_is_stored_and_expired_sessions_are_deleted(store: Store, now: datetime) -> None:
    session = store.sessions.begin(now=now)
    (row,) = store.database.all(select(table))
    assert session not in str(row)
    assert not store.sessions.use(row.id_hash, now=now)
    store.sessions.begin(now=now + sessions.IDLE)
    (rest,) = store.database.all(select(table))
    assert rest.id_hash != row.id_hash


def test_a_session_stays_open_while_the_database_cannot_be_written(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_options: object) -> Never:
        raise StoreError("The disk is full.")

    session = store.sessions.begin(now=now)
    monkeypatch.setattr(store.database, "write", full)
    assert store.sessions.use(session, now=now + MINUTE)


def test_a_link_is_used_once_within_ten_minutes(any_store: Store, now: datetime) -> None:
    first, second, late = (any_store.sessions.new_link(now=now) for _ in range(3))
    assert any_store.sessions.has_link(first, now=now)
    uses = [any_store.sessions.use_link(first, now=now) for _ in range(2)]
    assert uses == [True, False]
    assert not any_store.sessions.use_link("unknown", now=now)
    assert any_store.sessions.use_link(second, now=now + 10 * MINUTE)
    assert not any_store.sessions.use_link(late, now=now + 11 * MINUTE)


def test_no_token_of_a_link_is_stored_and_expired_links_are_deleted(
    store: Store, now: datetime
) -> None:
    token = store.sessions.new_link(now=now)
    (row,) = store.database.all(select(admin_links))
    assert token not in str(row)
    assert not store.sessions.use_link(row.token_hash, now=now)
    store.sessions.new_link(now=now + 11 * MINUTE)
    assert len(store.database.all(select(admin_links))) == 1
