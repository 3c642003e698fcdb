"""A feed's documents and stamps as they are published from the store: rulebook 17-23."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import gzip
import hashlib
from pathlib import Path
import re
from typing import Literal

import pytest

from bridge.domain.source import CalendarSource
from bridge.feed import gzip_blocks as compressing
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.factories import event, put, series
from tests.publish.feeds import (
    DAY,
    FEED,
    MINUTE,
    PLACEHOLDER,
    SOME,
    TEAM,
    VARIANTS,
    WORK,
    blobs,
    bodies,
    body,
    document,
    publish_all,
    stamp,
    titles,
    uids,
    vevents,
)

STAMPS = re.compile(rb"(DTSTAMP|LAST-MODIFIED|SEQUENCE):[^\r\n]*")


# --- bytes


def test_a_publication_has_three_documents_with_their_etags(store: Store, now: datetime) -> None:
    assert publish_all(store, now, *SOME).written
    for variant in VARIANTS:
        published = document(store, variant)
        assert published.etag == hashlib.sha256(published.body).hexdigest()
        assert gzip.decompress(published.gzip) == published.body
        assert published.modified_at == now
        assert published.events == 5  # a, b, c, the series and its changed instance
    assert body(store).startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")


def test_a_former_source_keeps_its_place_until_the_new_one_is_read(
    store: Store, now: datetime
) -> None:
    """Both former sources have the event. It is of the first one, which says what changes."""
    former = replace(FEED, sources=(WORK, TEAM))
    store.feeds.replace([former], now=now)
    put(store, now, event("u", title="First"), event("v"), source=WORK)
    put(store, now, event("u", title="Second"), source=TEAM)
    publish(store, "team", now=now)
    store.feeds.replace([replace(FEED, sources=(CalendarSource(calendar="new"),))], now=now)
    publish(store, "team", now=now)
    put(store, now, event("u", title="First"), event("v", title="Changed"), source=WORK)
    assert publish(store, "team", now=now + MINUTE).rendered == 1
    assert titles(store) == ["First", "Changed"]


def test_what_stays_of_a_large_feed_is_not_rendered_or_compressed_again(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change costs what has changed; the bytes are those of a feed that was published at once."""
    many = [
        event(f"u{n}", start=datetime(2026, 3, 12, 10) + n * MINUTE, description="x" * 500)
        for n in range(1200)
    ]
    publish_all(store, now, *many)
    work: list[int] = []
    deflate = compressing.deflate

    def counted(block: bytes, *, fast: bool) -> bytes:
        work.append(len(block))
        return deflate(block, fast=fast)

    monkeypatch.setattr(compressing, "deflate", counted)
    done = publish_all(store, now + DAY, *many[:600], replace(many[600], title="New"), *many[601:])
    assert done.rendered == 1
    assert len(work) <= 4 * len(VARIANTS)  # with head and tail of each
    assert sum(work) < sum(len(body(store, variant)) for variant in VARIANTS) * 3 / 4
    for variant in VARIANTS:
        published = document(store, variant)
        assert gzip.decompress(published.gzip) == published.body
        assert len(vevents(store, variant)) == len(many)
    assert [title for title in titles(store) if title == "New"] == ["New"]


def test_a_feed_without_events_carries_a_placeholder_in_each_variant(
    store: Store, now: datetime
) -> None:
    """Rulebook 17."""
    publish_all(store, now)
    for variant in VARIANTS:
        assert titles(store, variant) == [PLACEHOLDER]
    publish_all(store, now + DAY, event("a"))
    assert titles(store) == ["a"]
    publish_all(store, now + 2 * DAY)
    assert titles(store) == [PLACEHOLDER]


@pytest.mark.parametrize("later", [timedelta(0), MINUTE, DAY, 10 * DAY])
def test_unchanged_data_keep_every_byte_of_every_variant(
    store: Store, tmp_path: Path, keys: SecretKeys, now: datetime, later: timedelta
) -> None:
    """Rulebook 20, 23: also when the store was closed and opened, and whatever the clock shows."""
    publish_all(store, now, *SOME)
    before = bodies(store)
    put(store, now + later, *reversed(SOME))
    done = publish(store, "team", now=now + later)
    assert (done.rendered, done.removed, done.rejections) == (0, 0, {})
    again = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)
    publish(again, "team", now=now + later)
    assert bodies(again) == before
    assert document(again).modified_at == now
    again.close()


def test_publishing_again_writes_nothing(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    revision = store.publications.basis("team").revision
    assert not publish(store, "team", now=now + MINUTE).written
    assert store.publications.basis("team").revision == revision


def test_a_rebuilt_database_gives_the_same_bytes_but_for_the_stamps(
    tmp_path: Path, keys: SecretKeys, now: datetime
) -> None:
    """UIDs, order and content come from upstream alone.

    SEQUENCE does not start again (rulebook 22).
    """
    published = []
    for number, (at, events) in enumerate([(now, SOME), (now + 3 * DAY, reversed(SOME))]):
        store = Store.open(f"sqlite:///{tmp_path}/{number}.sqlite3", keys)
        publish_all(store, at, *events)
        published.append((bodies(store), [one["SEQUENCE"] for one in vevents(store)]))
        store.close()
    (first, old), (rebuilt, new) = published
    for variant in VARIANTS:
        assert STAMPS.sub(b"", rebuilt[variant]) == STAMPS.sub(b"", first[variant])
    assert min(new) > max(old)


def test_events_stand_in_the_order_of_their_starts(store: Store, now: datetime) -> None:
    """Rulebook 23: an order that does not depend on how they were read."""
    publish_all(
        store,
        now,
        event("z", start=datetime(2026, 3, 12, 10)),
        event("y", start=datetime(2026, 3, 12, 9)),
        event("x", start=date(2026, 3, 12)),
        event("b", start=datetime(2026, 3, 12, 10)),
    )
    assert uids(store) == ["x", "y", "b", "z"]


def test_a_work_that_was_cut_off_is_finished_by_the_next(
    store: Store, tmp_path: Path, keys: SecretKeys, now: datetime
) -> None:
    """A crash between reading and publishing loses nothing."""
    publish_all(store, now, event("a"))
    put(store, now + MINUTE, event("a"), event("b"))
    again = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)
    publish(again, "team", now=now + DAY)
    assert uids(again) == ["a", "b"]
    again.close()


def test_a_feed_that_is_not_active_stays_as_it_is(store: Store, now: datetime) -> None:
    publish_all(store, now, event("a"))
    before = bodies(store)
    store.feeds.replace([], now=now)
    put(store, now, event("b"))
    assert not publish(store, "team", now=now + DAY).written
    assert bodies(store) == before


def test_a_new_title_of_the_feed_changes_its_head_and_no_event(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    before = blobs(store)
    done = publish_all(store, now + DAY, *SOME, feed=replace(FEED, title="New"))
    assert done.rendered == 0
    assert b"X-WR-CALNAME:New\r\n" in body(store)
    assert blobs(store) == before


def test_a_new_form_of_the_bytes_makes_every_event_anew(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_all(store, now, event("a"), event("b"))
    monkeypatch.setattr("bridge.publish.plan.FORM", "next")
    assert publish(store, "team", now=now + DAY).rendered == 2
    assert {one["DTSTAMP"].dt for one in vevents(store)} == {now + DAY}


# --- stamps


def test_a_changed_event_is_the_only_one_rendered_and_changed(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    before = blobs(store)
    done = publish_all(store, now + DAY, *SOME[1:], event("a", title="Renamed"))
    assert done.rendered == 1
    after = blobs(store)
    assert [uid for uid in before if before[uid] != after[uid]] == ["a"]


def test_the_stamps_tell_when_an_event_was_last_changed(store: Store, now: datetime) -> None:
    """Rulebook 20, 21.

    SEQUENCE is the minutes since 2024: 2 years and 69 days (31 + 28 + 9 + 1, for 2024) lie between.
    """
    sequence = (731 + 31 + 28 + 9) * 1440 + 9 * 60 + 30
    publish_all(store, now + timedelta(seconds=5, microseconds=7), event())
    at = now + timedelta(seconds=5)
    assert stamp(store) == (at, at, sequence)
    publish_all(store, now + DAY, event(title="Other"))
    assert stamp(store) == (now + DAY, now + DAY, sequence + 1440)


@pytest.mark.parametrize(
    "later",
    [
        timedelta(0),
        timedelta(seconds=1),
        timedelta(seconds=59),
        MINUTE,
        -MINUTE,
        -400 * DAY,
        -3000 * DAY,
    ],
)
def test_each_change_raises_all_three_stamps_whatever_the_clock_does(
    store: Store, now: datetime, later: timedelta
) -> None:
    """Two changes within a minute, or a clock that goes back (rulebook 20, 22)."""
    feed = replace(FEED, future=5000 * DAY)
    publish_all(store, now, event(), feed=feed)
    before = stamp(store)
    for title in ("b", "c"):
        publish_all(store, now + later, event(title=title), feed=feed)
        after = stamp(store)
        assert after[0] == after[1]
        assert min(after[:2]) > max(before[:2])
        assert after[2] > before[2]
        before = after


def test_a_clock_before_2024_still_counts_up(store: Store) -> None:
    """A machine without a battery may begin in 1970."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    feed = replace(FEED, future=30_000 * DAY)
    publish_all(store, start, event(), feed=feed)
    assert stamp(store)[2] == 0
    publish_all(store, start, event(title="b"), feed=feed)
    assert stamp(store)[2] == 1


@pytest.mark.parametrize("form", ["detached", "recurrence-id"])
def test_all_components_of_a_family_carry_the_same_stamps(
    store: Store, now: datetime, form: Literal["detached", "recurrence-id"]
) -> None:
    """Rulebook 20: Evolution reads the first member only."""
    feed = replace(FEED, exceptions=form)
    publish_all(store, now, series("s", 11, 12), feed=feed)
    publish_all(store, now + DAY, series("s", 11, 12, 13), feed=feed)
    family = [one for one in vevents(store) if one["UID"] == "s"]
    assert len(family) == (1 if form == "detached" else 4)
    assert (
        {one["DTSTAMP"].dt for one in family}
        == {one["LAST-MODIFIED"].dt for one in family}
        == {now + DAY}
    )
    assert len({one["SEQUENCE"] for one in family}) == 1
    detached = [one["DTSTAMP"].dt for one in vevents(store) if one["UID"] != "s"]
    assert detached == ([now, now, now + DAY] if form == "detached" else [])


def test_an_event_that_comes_back_has_a_higher_sequence_than_ever(
    store: Store, now: datetime
) -> None:
    publish_all(store, now, event(), event("other"))
    before = stamp(store)
    assert publish_all(store, now - MINUTE, event("other")).removed == 1
    assert uids(store) == ["other"]
    publish_all(store, now - MINUTE, event(), event("other"))
    assert stamp(store)[2] > before[2]
    assert stamp(store)[0] > before[0]
