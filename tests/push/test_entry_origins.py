"""The stored origin of a published entry, by which a pushed event is identified."""

from datetime import datetime, timedelta

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.records import EventToSave
from bridge.domain.source import ConnectSource
from bridge.feed.publication import Document, Entry, Publication
from bridge.store import Store
from tests.factories import event


def test_an_entry_is_returned_by_uid_with_the_event_it_was_rendered_from(
    any_store: Store, now: datetime
) -> None:
    """In each active feed that shows it, in their order.

    Entries that are gone, inactive feeds and other UIDs are left out.
    """
    source = ConnectSource(group="77", network="1")
    feeds = [Feed(slug=slug, title=slug, sources=(source,)) for slug in ("b", "a", "c")]
    any_store.feeds.replace(feeds, now=now)
    payload = codec.encode(event("e"))
    saved = EventToSave(
        uid="e",
        upstream_id="up",
        content_hash="h",
        payload=payload,
        cancelled_since=None,
        ends_at=None,
    )
    any_store.sources.claim(source.key, holder="w", now=now, term=timedelta(minutes=1))
    any_store.sources.succeed(
        source.key,
        holder="w",
        now=now,
        next_check_at=now,
        saved=[saved],
        removed=[],
        rejected=[],
        notes=[],
    )
    for slug, gone in (("a", False), ("b", False), ("c", True)):
        entry = Entry(
            uid="u", event_uid="e", content_hash="x",
            changed_at=now, sequence=7, sort_key="", zones="",
            blob=None if gone else b"blob", web_blob=None, gone=gone,
        )  # fmt: skip
        document = Document(variant="default", gzip=b"", etag="e", modified_at=now, events=1)
        assert any_store.publications.publish(
            slug, Publication(revision=0, entries=[entry], documents=[document], now=now)
        )
    origins = any_store.entry_origins.of(["u", "e", "nothing"])
    assert [origin.feed.slug for origin in origins] == ["b", "a"]
    first = origins[0]
    assert (first.uid, first.event_uid, first.upstream_id, first.source) == ("u", "e", "up", source)
    assert (first.payload, first.blob, first.content_hash) == (payload, b"blob", "h")
    assert (first.changed_at, first.sequence) == (now, 7)
    any_store.feeds.replace(feeds[:1], now=now)
    assert [origin.feed.slug for origin in any_store.entry_origins.of(["u"])] == ["b"]
    assert any_store.entry_origins.of([]) == ()
