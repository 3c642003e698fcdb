"""Publications in every kind of database."""

from dataclasses import asdict
from datetime import date, datetime

from bridge.feed.publication import Freshness
from bridge.store import Store
from tests.store.samples import WORK, document, entry, event_to_save, feed, publish, save_read


def test_a_publication_is_read_as_it_was_written(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([feed()], now=now)
    save_read(any_store, now, saved=[event_to_save()])
    fresh = Freshness("u1", WORK.key, "h1", until=date(2026, 4, 1))
    assert publish(
        any_store, freshness=[fresh], entries=[entry()], documents=[document(), document("web")]
    )
    current = any_store.publications.current("team")
    assert any_store.publications.basis("team").revision == 1
    entries = any_store.publications.entries("team")
    assert current.freshness == {"u1": fresh}
    assert entries.keys() == {"u1"}
    assert asdict(entries["u1"]).items() < asdict(entry()).items()
    assert any_store.publications.entry("team", "u1") == entry()
    assert any_store.publications.document("team", "web") == document("web")
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
    assert any_store.publications.entries("team")["u1"].sequence == 3
    current = any_store.publications.current("team")
    assert (current.freshness, current.removed) == ({}, ())
