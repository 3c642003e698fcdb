"""Answers kept between reads, on every kind of database."""

from datetime import datetime

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store

ONE, TWO = CalendarSource(calendar="one=="), CalendarSource(calendar="two==")


def test_answers_come_back_as_they_were_each_to_its_source(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([Feed(slug="a", title="A", sources=(ONE, TWO))], now=now)
    one, two = any_store.answer_cache.of(ONE.key), any_store.answer_cache.of(TWO.key)
    assert one.all() == {}
    odd = {"title": "x\ud83d \u2028 \x00", "n": 2**70, "f": 1.5, "list": [None, True]}
    one.keep({"u1@zoho.com": ("v1", odd), "u2@zoho.com": ("", [1])})
    two.keep({"u1@zoho.com": ("v9", "other")})
    assert one.all() == {"u1@zoho.com": ("v1", odd), "u2@zoho.com": ("", [1])}
    one.keep({"u1@zoho.com": ("v2", {})}, gone=["u2@zoho.com", "u3@zoho.com"])
    assert one.all() == {"u1@zoho.com": ("v2", {})}
    assert two.all() == {"u1@zoho.com": ("v9", "other")}


def test_many_answers_are_kept_and_dropped_at_once(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([Feed(slug="a", title="A", sources=(ONE,))], now=now)
    one = any_store.answer_cache.of(ONE.key)
    one.keep({f"u{n}": ("v", n) for n in range(1500)})
    one.keep({}, gone=[f"u{n}" for n in range(1499)])
    assert one.all() == {"u1499": ("v", 1499)}
