"""Webhooks of sources: their tokens, and what a call writes."""

from datetime import datetime, timedelta
from typing import Any

from bridge.domain.problems import text_problem
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.store.samples import TEAM, TERM, WORK, feed, save_read

SECOND = timedelta(seconds=1)


def call(store: Store, now: datetime) -> None:
    token = store.hooks.token(WORK.key)
    assert token is not None
    hook = store.hooks.find(token)
    assert hook is not None
    store.hooks.call(hook, now=now)


def test_each_source_has_a_token_of_its_own(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed("a", WORK, TEAM)], now=now)
    tokens = [any_store.hooks.token(source.key) for source in (WORK, TEAM)]
    assert all(token and len(token) == 24 for token in tokens)
    assert len(set(tokens)) == 2
    assert any_store.hooks.find("x" * 24) is None
    assert any_store.hooks.token("calendar:unknown") is None


def test_the_token_of_a_source_that_no_feed_reads_is_unknown(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    token = any_store.hooks.token(WORK.key)
    assert token
    any_store.feeds.replace([feed("b", TEAM)], now=now)
    assert any_store.hooks.find(token) is None
    any_store.feeds.replace([feed()], now=now)
    assert any_store.hooks.find(token)


def test_tokens_are_derived_from_the_key_and_stay_while_it_is_listed(
    database_url: str, keys: SecretKeys, now: datetime
) -> None:
    tokens = []
    new = "another secret key that is long enough for anything"
    old = "a test's secret key that is long enough for anything"
    for secrets in (keys, keys, SecretKeys(new, old), SecretKeys(new)):
        store = Store.open(database_url, secrets)
        store.feeds.replace([feed()], now=now)
        tokens.append(store.hooks.token(WORK.key))
        store.close()
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    assert all(tokens)


def test_a_call_makes_the_source_due_and_a_flood_writes_nothing_more(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now)
    later = now + 60 * SECOND
    assert any_store.sources.due(now=later) == ()
    call(any_store, later)
    assert any_store.sources.due(now=later) == (WORK.key,)
    assert any_store.sources.state(WORK.key).hook_called_at == later
    token = any_store.hooks.token(WORK.key) or ""
    for second in range(50):
        before = any_store.hooks.find(token)
        call(any_store, later + second * SECOND)
        assert any_store.hooks.find(token) == before


def test_a_flood_is_read_again_after_a_pause_of_ten_seconds(
    any_store: Store, now: datetime
) -> None:
    """So one leaked address uses up no requests of the other sources."""
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now)
    reads = 0
    for second in range(60, 120):
        at = now + second * SECOND
        call(any_store, at)
        if any_store.sources.due(now=at):
            save_read(any_store, at)
            reads += 1
    assert 5 <= reads <= 7


def test_a_call_during_a_read_is_followed_by_another_read(any_store: Store, now: datetime) -> None:
    """What Zoho announced may have come too late for the read that had begun."""
    any_store.feeds.replace([feed()], now=now)
    assert any_store.sources.claim(WORK.key, holder="w", now=now, term=TERM)
    call(any_store, now + SECOND)
    assert any_store.sources.due(now=now + SECOND) == ()
    done = now + 2 * SECOND
    assert any_store.sources.succeed(
        WORK.key, holder="w", now=done, next_check_at=done + TERM, saved=[]
    )
    assert any_store.sources.due(now=done + 10 * SECOND) == (WORK.key,)


def test_a_read_without_a_call_is_followed_after_its_interval(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([feed()], now=now)
    for fails in (False, True):
        assert any_store.sources.claim(WORK.key, holder="w", now=now, term=TERM)
        times: dict[str, Any] = {"now": now, "next_check_at": now + TERM / 2}
        if fails:
            error = text_problem("no")
            any_store.sources.fail(WORK.key, holder="w", error=error, **times)
        else:
            assert any_store.sources.succeed(WORK.key, holder="w", saved=[], **times)
        assert any_store.sources.state(WORK.key).next_check_at == now + TERM / 2
