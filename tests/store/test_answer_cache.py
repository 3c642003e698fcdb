"""Cached answers of Zoho, in every kind of database."""

from datetime import datetime

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store

FIRST, SECOND = CalendarSource(calendar="one=="), CalendarSource(calendar="two==")


def test_each_source_reads_back_the_answers_it_stored(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([Feed(slug="a", title="A", sources=(FIRST, SECOND))], now=now)
    first, second = any_store.answers(FIRST.key), any_store.answers(SECOND.key)
    assert first.all() == {}
    odd = {"title": "x\ud83d \u2028 \x00", "n": 2**70, "f": 1.5, "list": [None, True]}
    first.keep({"u1@zoho.com": ("v1", odd), "u2@zoho.com": ("", [1])})
    second.keep({"u1@zoho.com": ("v9", "other")})
    assert first.all() == {"u1@zoho.com": ("v1", odd), "u2@zoho.com": ("", [1])}
    first.keep({"u1@zoho.com": ("v2", {})}, gone=["u2@zoho.com", "u3@zoho.com"])
    assert first.all() == {"u1@zoho.com": ("v2", {})}
    assert second.all() == {"u1@zoho.com": ("v9", "other")}


def test_many_answers_are_stored_and_deleted_at_once(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([Feed(slug="a", title="A", sources=(FIRST,))], now=now)
    first = any_store.answers(FIRST.key)
    first.keep({f"u{n}": ("v", n) for n in range(1500)})
    first.keep({}, gone=[f"u{n}" for n in range(1499)])
    assert first.all() == {"u1499": ("v", 1499)}
