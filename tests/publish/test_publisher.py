"""A feed's documents as they are published from the store: docs/decisions.md, rulebook 17-23 and 31."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import gzip
import hashlib
from pathlib import Path
import re
import threading
from typing import Any

import icalendar
import pytest
import recurring_ical_events
from structlog.testing import capture_logs

from bridge.domain.event import Alarm, Event, Recurrence, Rule, Status
from bridge.domain.feed import Feed
from bridge.domain.rejection import reasons
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.errors import StoreError
from bridge.publish import gzip_blocks as compressing
from bridge.publish.ical import vevent
from bridge.publish.pending import activate_feeds
from bridge.publish.publisher import publish
from bridge.publish.view.event import event_view
from bridge.refresh.diff import decide
from bridge.sources.protocols import ParseResult
from bridge.store import Store
from bridge.store.crypto import SecretKeys

WORK, TEAM = CalendarSource(calendar="work"), CalendarSource(calendar="team")
FEED = Feed(slug="team", title="Team", sources=(WORK,))
BERLIN = zone("Europe/Berlin")
VARIANTS = ("default", "quiet", "web")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
STAMPS = re.compile(rb"(DTSTAMP|LAST-MODIFIED|SEQUENCE):[^\r\n]*")
ALARM = Alarm(trigger=-10 * MINUTE)


def event(
    uid: str = "u",
    *,
    start: Any = datetime(2026, 3, 12, 10),
    hours: Any = 1,
    rule: Any = None,
    **fields: Any,
) -> Any:
    begin = start.replace(tzinfo=BERLIN) if isinstance(start, datetime) else start
    length = timedelta(hours=hours) if isinstance(start, datetime) else DAY
    recurrence = Recurrence(rule=Rule(**rule)) if rule else None
    values = {"upstream_id": f"up-{uid}", "title": uid, "start": begin, "end": begin + length}
    return Event(uid=uid, recurrence=recurrence, **values | fields)


def series(uid: str = "s", *moved: Any, **fields: Any) -> Any:
    """Give a daily series from 9 March 2026, 9:00; ``moved`` days of March take place an hour later."""
    start = datetime(2026, 3, 9, 9)
    overrides = tuple(
        event(
            uid,
            start=start.replace(day=day, hour=10),
            recurrence_id=start.replace(day=day, tzinfo=BERLIN),
        )
        for day in moved
    )
    return event(
        uid, start=start, rule={"freq": "DAILY", "count": 30}, overrides=overrides, **fields
    )


def put(store: Store, at: Any, *events: Any, source: Any = WORK) -> None:
    """Keep what a complete read of a source found."""
    decision = decide(store.sources.index(source.key), ParseResult(events=events), now=at)
    assert store.sources.claim(source.key, holder="test", now=at, term=MINUTE)
    assert store.sources.succeed(
        source.key,
        holder="test",
        now=at,
        next_check_at=at,
        saved=decision.saved,
        removed=decision.removed,
        rejected=(),
        notes=(),
    )


def publish_all(store: Store, at: Any, *events: Any, feed: Any = FEED) -> Any:
    """Give a feed these events, and publish it."""
    store.feeds.replace([feed], now=at)
    put(store, at, *events)
    return publish(store, feed.slug, now=at)


def body(store: Store, variant: str = "default", slug: str = "team") -> Any:
    return store.publications.document(slug, variant).body


def bodies(store: Store) -> Any:
    return {variant: body(store, variant) for variant in VARIANTS}


def vevents(store: Store, variant: str = "default", slug: str = "team") -> Any:
    return icalendar.Calendar.from_ical(body(store, variant, slug)).walk("VEVENT")


def uids(store: Store, variant: str = "default") -> Any:
    return [str(one["UID"]) for one in vevents(store, variant)]


def titles(store: Store, variant: str = "default") -> Any:
    return [str(one["SUMMARY"]) for one in vevents(store, variant)]


def blobs(store: Store) -> Any:
    """Give the bytes of each VEVENT of the feed, by UID."""
    found = re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body(store), re.DOTALL)
    return {re.search(rb"\r\nUID:([^\r]*)", blob)[1].decode(): blob for blob in found}


def stamp(store: Store, uid: str = "u") -> Any:
    (one,) = [one for one in vevents(store) if one["UID"] == uid and "RECURRENCE-ID" not in one]
    return one["DTSTAMP"].dt, one["LAST-MODIFIED"].dt, one["SEQUENCE"]


PLACEHOLDER = "This calendar has no events yet"
SOME = (
    event("a"),
    event("b", start=date(2026, 3, 20)),
    series("s", 11),
    event("c", alarms=(ALARM,)),
)


# --- bytes


def test_a_publication_has_three_documents_with_their_etags(store: Store, now: datetime) -> None:
    assert publish_all(store, now, *SOME).written
    for variant in VARIANTS:
        document = store.publications.document("team", variant)
        assert document.etag == hashlib.sha256(document.body).hexdigest()
        assert gzip.decompress(document.gzip) == document.body
        assert document.modified_at == now
        assert document.events == 5  # a, b, c, the series and its changed instance
    assert body(store).startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")


def test_what_stays_of_a_large_feed_is_not_rendered_or_compressed_again(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change costs what has changed; the bytes are those of a feed that was published at once."""
    many = [
        event(f"u{n}", start=datetime(2026, 3, 12, 10) + n * MINUTE, description="x" * 500)
        for n in range(1200)
    ]
    publish_all(store, now, *many)
    work = []
    deflate = compressing.deflate
    monkeypatch.setattr(
        compressing, "deflate", lambda block: work.append(len(block)) or deflate(block)
    )
    done = publish_all(store, now + DAY, *many[:600], replace(many[600], title="New"), *many[601:])
    assert done.rendered == 1
    assert len(work) <= 2 * len(VARIANTS)
    assert sum(work) < sum(len(body(store, variant)) for variant in VARIANTS) * 3 / 4
    for variant in VARIANTS:
        document = store.publications.document("team", variant)
        assert gzip.decompress(document.gzip) == document.body
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
    store: Store, tmp_path: Path, keys: SecretKeys, now: datetime, later: Any
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
    assert again.publications.document("team", "default").modified_at == now
    again.close()


def test_publishing_again_writes_nothing(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    revision = store.publications.current("team").revision
    assert not publish(store, "team", now=now + MINUTE).written
    assert store.publications.current("team").revision == revision


def test_a_rebuilt_database_gives_the_same_bytes_but_for_the_stamps(
    tmp_path: Path, keys: SecretKeys, now: datetime
) -> None:
    """UIDs, order and content come from upstream alone; SEQUENCE does not start again (rulebook 22)."""
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
    """Rulebook 20, 21; SEQUENCE is the minutes since 2024: 2 years and 69 days (31 + 28 + 9 + 1, for 2024) lie between."""
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
    store: Store, now: datetime, later: Any
) -> None:
    """Two changes within a minute, or a clock that goes back (rulebook 20, 22)."""
    feed = replace(FEED, future=5000 * DAY)
    publish_all(store, now, event(), feed=feed)
    before = stamp(store)
    for title in ("b", "c"):
        publish_all(store, now + later, event(title=title), feed=feed)
        after = stamp(store)
        assert after[0] == after[1]
        assert all(new > old for new, old in zip(after, before, strict=True))
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
    store: Store, now: datetime, form: Any
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


# --- settings


def test_busy_holds_at_once_and_without_zoho(store: Store, now: datetime) -> None:
    activate_feeds(store, [FEED], now=now)
    put(store, now, *(replace(one, title="Secret", description="Secret") for one in SOME))
    publish(store, "team", now=now)
    before = set(uids(store))
    activate_feeds(store, [replace(FEED, privacy="busy")], now=now + MINUTE)
    for variant in VARIANTS:
        assert b"Secret" not in body(store, variant)
        assert set(titles(store, variant)) == {"Busy"}
    assert not before & set(uids(store))
    activate_feeds(store, [FEED], now=now + 2 * MINUTE)
    assert set(uids(store)) == before
    assert set(titles(store)) == {"Secret", "s"}  # the changed instance has its own title


def test_a_feed_of_times_does_not_tell_that_something_else_changed(
    store: Store, now: datetime
) -> None:
    """Stamps belong to what the feed shows."""
    feed = replace(FEED, privacy="busy")
    publish_all(store, now, *SOME, feed=feed)
    before = bodies(store)
    publish_all(
        store, now + DAY, *(replace(one, title="New", description="New") for one in SOME), feed=feed
    )
    assert bodies(store) == before


def test_private_events_are_hidden_at_once_when_the_feed_says_so(
    store: Store, now: datetime
) -> None:
    activate_feeds(store, [replace(FEED, show_private=True)], now=now)
    put(store, now, event(title="Secret", private=True), event("open"))
    publish(store, "team", now=now)
    assert titles(store) == ["open", "Secret"]
    activate_feeds(store, [FEED], now=now)
    assert titles(store) == ["open", "Busy"]


def test_alarms_off_changes_only_events_that_have_some(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    before = blobs(store)
    assert b"BEGIN:VALARM" in before["c"]
    done = publish_all(store, now + DAY, *SOME, feed=replace(FEED, alarms=False))
    assert done.rendered == 1
    assert b"VALARM" not in body(store)
    assert {uid for uid, blob in blobs(store).items() if blob != before[uid]} == {"c"}


def test_a_source_that_leaves_a_feed_takes_its_events_along(store: Store, now: datetime) -> None:
    store.feeds.replace([replace(FEED, sources=(WORK, TEAM))], now=now)
    put(store, now, event("w"))
    put(store, now, event("t"), source=TEAM)
    publish(store, "team", now=now)
    assert uids(store) == ["t", "w"]
    activate_feeds(store, [FEED], now=now)
    assert uids(store) == ["w"]


# --- variants


def test_the_quiet_variant_is_the_default_one_without_its_alarms(
    store: Store, now: datetime
) -> None:
    publish_all(store, now, *SOME, series("t", 12, alarms=(ALARM,)))
    lines, keep = [], True
    for line in body(store).split(b"\r\n"):
        keep = keep and line != b"BEGIN:VALARM"
        if keep:
            lines.append(line)
        keep = keep or line == b"END:VALARM"
    assert b"BEGIN:VALARM" in body(store)
    assert body(store, "quiet") == b"\r\n".join(lines)


def test_without_alarms_the_quiet_variant_is_the_same(store: Store, now: datetime) -> None:
    publish_all(store, now, event())
    assert body(store, "quiet") == body(store)


def test_the_web_variant_is_in_utc_and_written_out(store: Store, now: datetime) -> None:
    """Rulebook 31. The instances are those that another engine reads out of the default document."""
    publish_all(store, now, *SOME, event("n", start=datetime(2026, 7, 1, 0, 30), hours=30))
    for name in (b"RRULE", b"EXDATE", b"RECURRENCE-ID", b"TZID", b"VTIMEZONE", b"VALARM"):
        assert name not in body(store, "web")
    shown = {
        (str(one["SUMMARY"]), one["DTSTART"].dt, one["DTEND"].dt) for one in vevents(store, "web")
    }
    default = icalendar.Calendar.from_ical(body(store))
    expected = {
        (str(one["SUMMARY"]), utc(one["DTSTART"].dt), utc(one["DTEND"].dt))
        for one in recurring_ical_events.of(default).between(now - 90 * DAY, now + 540 * DAY)
    }
    assert shown == expected
    assert len(shown) == len(vevents(store, "web")) == 30 + 4


def utc(moment: Any) -> Any:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def test_the_web_variant_moves_on_with_the_months_and_the_default_does_not(
    store: Store, now: datetime
) -> None:
    endless = event("e", start=datetime(2026, 3, 9, 9), rule={"freq": "WEEKLY"})
    feed = replace(FEED, future=60 * DAY)
    publish_all(store, now, endless, feed=feed)
    before = bodies(store)
    for at in (now, datetime(2026, 3, 31, 23, tzinfo=UTC)):
        assert not publish(store, "team", now=at).written
    done = publish(store, "team", now=datetime(2026, 4, 1, 1, tzinfo=UTC))
    assert (done.written, done.rendered) == (True, 0)
    assert body(store) == before["default"]
    assert store.publications.document("team", "default").modified_at == now
    assert len(vevents(store, "web")) > before["web"].count(b"BEGIN:VEVENT")
    starts = [one["DTSTART"].dt.date() for one in vevents(store, "web")]
    assert max(starts) >= date(2026, 4, 30) + 60 * DAY - 7 * DAY


# --- the passing of days


def test_events_enter_and_leave_the_window_by_themselves(store: Store, now: datetime) -> None:
    feed = replace(FEED, past=7 * DAY, future=30 * DAY)
    soon, later = (
        event("soon", start=datetime(2026, 3, 12, 10)),
        event("later", start=datetime(2026, 4, 20, 10)),
    )
    publish_all(store, now, soon, later, feed=feed)
    assert uids(store) == ["soon"]
    for day, shown in [(19, ["soon"]), (20, [PLACEHOLDER]), (21, [PLACEHOLDER]), (22, ["later"])]:
        publish(store, "team", now=datetime(2026, 3, day, 23, 59, tzinfo=UTC))
        assert titles(store) == shown


def test_a_cancelled_event_is_marked_for_thirty_days_and_then_goes(
    store: Store, now: datetime
) -> None:
    publish_all(store, now, event(title="Lunch", status=Status.CANCELLED), event("other"))
    assert "[Cancelled] Lunch" in titles(store)
    publish(store, "team", now=now + 29 * DAY)
    assert "[Cancelled] Lunch" in titles(store)
    publish(store, "team", now=now + 30 * DAY)
    assert titles(store) == ["other"]


# --- merged feeds


MERGED = replace(FEED, sources=(WORK, TEAM))


def test_an_event_of_two_sources_is_shown_once_from_the_first(store: Store, now: datetime) -> None:
    store.feeds.replace([MERGED], now=now)
    put(store, now, event(title="From work"))
    put(store, now, event(title="From team"), event("t"), source=TEAM)
    publish(store, "team", now=now)
    assert titles(store) == ["t", "From work"]


def test_when_the_first_source_loses_it_the_other_one_shows_it(store: Store, now: datetime) -> None:
    store.feeds.replace([MERGED], now=now)
    put(store, now, event(title="From work"))
    put(store, now, event(title="From team"), source=TEAM)
    publish(store, "team", now=now)
    before = stamp(store)
    put(store, now + MINUTE)
    publish(store, "team", now=now + MINUTE)
    assert titles(store) == ["From team"]
    assert stamp(store)[2] > before[2]
    put(store, now + 2 * MINUTE, source=TEAM)
    publish(store, "team", now=now + 2 * MINUTE)
    assert titles(store) == [PLACEHOLDER]


def test_the_same_event_from_the_other_source_changes_no_byte(store: Store, now: datetime) -> None:
    store.feeds.replace([MERGED], now=now)
    put(store, now, series("s", 11))
    put(store, now, series("s", 11), source=TEAM)
    publish(store, "team", now=now)
    before = bodies(store)
    put(store, now + DAY)
    publish(store, "team", now=now + DAY)
    assert bodies(store) == before


# --- an instance passes from its series to itself, and back


def test_an_instance_outlives_its_series_and_the_other_way_round(
    store: Store, now: datetime
) -> None:
    """Zoho may send an instance without its series: its UID is the same, and it must not go with the series' entries."""
    whole = series("s", 11)
    lone = event_view(whole, FEED, today=now.date(), cancelled_since=None).events[1]
    assert (lone.uid, lone.related_to) == (
        event_uid("s", slot=whole.overrides[0].recurrence_id),
        "s",
    )
    publish_all(store, now, whole)
    before = blobs(store)
    publish_all(store, now + DAY, lone)
    assert blobs(store) == {lone.uid: before[lone.uid]}
    publish_all(store, now + DAY, lone, event("another"))
    assert blobs(store)[lone.uid] == before[lone.uid], "it is its own now"
    publish_all(store, now + 2 * DAY, whole)
    assert set(blobs(store)) == {"s", lone.uid}
    publish_all(store, now + 2 * DAY, whole, event("another"))
    assert blobs(store)[lone.uid] == before[lone.uid]
    publish_all(store, now + 3 * DAY, replace(lone, title="Changed"))
    assert titles(store) == ["Changed"]
    publish_all(store, now + 4 * DAY)
    assert titles(store) == [PLACEHOLDER]


# --- events that can't be shown


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let events whose title holds "Bad" fail as the value says: in rendering, or by a bug."""
    how = {}
    render, shaping = vevent.render, event_view

    def bad_render(one: Any, *args: Any, **kwargs: Any) -> Any:
        if "Bad" in one.title and "render" in how:
            raise how["render"]
        return render(one, *args, **kwargs)

    def bad_shape(one: Any, *args: Any, **kwargs: Any) -> Any:
        if "Bad" in one.title and "shape" in how:
            raise how["shape"]
        return shaping(one, *args, **kwargs)

    monkeypatch.setattr("bridge.publish.entries.render", bad_render)
    monkeypatch.setattr("bridge.publish.entries.event_view", bad_shape)
    return how


FAULTS = [
    ("render", vevent.RenderError("it is odd"), "it is odd"),
    ("render", TypeError("secret detail"), "A bug in the bridge (TypeError); see its log"),
    ("shape", ZeroDivisionError(), "A bug in the bridge (ZeroDivisionError); see its log"),
]


@pytest.mark.parametrize(("where", "error", "told"), FAULTS)
def test_one_event_that_cant_be_shown_does_not_sink_the_feed(
    store: Store, now: datetime, spoilt: Any, where: Any, error: Any, told: Any
) -> None:
    spoilt[where] = error
    with capture_logs() as logged:
        done = publish_all(store, now, *SOME, event("bad", title="Bad"))
    assert set(uids(store)) >= {"a", "b", "c", "s"}
    assert "bad" not in uids(store)
    (rejection,) = done.rejections[WORK.key]
    assert (rejection.upstream_id, rejection.kind) == ("up-bad", "dropped")
    assert reasons(rejection) == f'The event could not be published in feed "team": {told}.'
    is_bug = not isinstance(error, vevent.RenderError)
    assert [(line["log_level"], line["exc_info"]) for line in logged] == [("error", error)] * is_bug


@pytest.mark.parametrize(("where", "error", "told"), FAULTS)
def test_it_is_told_and_tried_with_each_publication_until_it_can_be_shown(
    store: Store, now: datetime, spoilt: Any, where: Any, error: Any, told: Any
) -> None:
    spoilt[where] = error
    publish_all(store, now, *SOME, event("bad", title="Bad"))
    with capture_logs():
        again = publish(store, "team", now=now + MINUTE)
    assert not again.written
    assert len(again.rejections[WORK.key]) == 1
    spoilt.clear()
    healed = publish(store, "team", now=now + 2 * MINUTE)
    assert (healed.rendered, healed.rejections) == (1, {})
    assert "bad" in uids(store)


@pytest.mark.parametrize(("where", "error", "told"), FAULTS)
def test_what_was_shown_before_stays(
    store: Store, now: datetime, spoilt: Any, where: Any, error: Any, told: Any
) -> None:
    publish_all(store, now, event("bad", title="Good"), event("a"))
    before = bodies(store)
    spoilt[where] = error
    with capture_logs():
        publish_all(store, now + DAY, event("bad", title="Bad"), event("a"))
    assert bodies(store) == before
    with capture_logs():
        publish_all(store, now + DAY, event("a"))
    assert uids(store) == ["a"]


@pytest.mark.parametrize(("where", "error", "told"), FAULTS)
def test_but_not_what_the_feed_may_no_longer_tell(
    store: Store, now: datetime, spoilt: Any, where: Any, error: Any, told: Any
) -> None:
    publish_all(store, now, event("bad", title="Bad secret"), event("a"))
    spoilt[where] = error
    with capture_logs():
        publish_all(
            store, now, event("bad", title="Bad new"), event("a"), feed=replace(FEED, title="Other")
        )
    assert uids(store) == ["a"]


def test_nor_an_event_that_became_private(store: Store, now: datetime, spoilt: Any) -> None:
    publish_all(store, now, event("bad", title="Bad secret"), event("a"))
    spoilt["shape"] = ZeroDivisionError()
    with capture_logs():
        publish_all(store, now, event("bad", title="Bad secret", private=True), event("a"))
    assert uids(store) == ["a"]


def test_an_instance_that_cant_be_shown_does_not_take_its_series_along(
    store: Store, now: datetime, spoilt: Any
) -> None:
    spoilt["render"] = vevent.RenderError("it is odd")
    whole = series("s", 11, 12)
    moved, odd = whole.overrides
    done = publish_all(store, now, replace(whole, overrides=(moved, replace(odd, title="Bad"))))
    assert set(uids(store)) == {"s", event_uid("s", slot=moved.recurrence_id)}
    assert len(done.rejections[WORK.key]) == 1
    publish_all(store, now + DAY)
    assert titles(store) == [PLACEHOLDER]


# --- several publishers at once


STEPS = [
    ("publications", "current"),
    ("feeds", "get"),
    ("sources", "payloads"),
    ("publications", "blobs"),
    ("publications", "compressed"),
    ("publications", "publish"),
]


def interrupt(
    monkeypatch: pytest.MonkeyPatch, store: Store, step: Any, work: Any, *, before: Any
) -> Any:
    """Let ``work`` be done by another process just before, or just after, a step of the next publication."""
    part = getattr(store, step[0])
    real, waiting = getattr(part, step[1]), [work]

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        if before and waiting:
            waiting.pop()()
        answer = real(*args, **kwargs)
        if waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(part, step[1], interrupted)
    return waiting


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_the_newest_data_win_whenever_another_publisher_comes_between(
    store: Store,
    tmp_path: Path,
    keys: SecretKeys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    step: Any,
    before: Any,
) -> None:
    publish_all(store, now, event("a", title="1"), event("gone"))
    other = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)

    def publish_newer() -> None:
        put(other, now, event("a", title="3"), event("new", title="3"))
        publish(other, "team", now=now)

    put(store, now, event("a", title="2"), event("new", title="2"))
    waiting = interrupt(monkeypatch, store, step, publish_newer, before=before)
    publish(store, "team", now=now)
    assert waiting == []
    assert titles(store) == ["3", "3"]
    current = store.publications.current("team")
    assert (
        {uid for uid, entry in current.entries.items() if not entry.gone}
        == {"a", "new"}
        == set(current.freshness)
    )
    before = bodies(store)
    assert publish(store, "team", now=now + MINUTE).rendered == 0
    assert bodies(store) == before
    other.close()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_what_a_feed_may_no_longer_tell_can_not_come_back_from_a_publisher_that_was_at_work(
    store: Store,
    tmp_path: Path,
    keys: SecretKeys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    step: Any,
    before: Any,
) -> None:
    publish_all(store, now, event("a", title="Secret"))
    other = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)
    put(store, now, event("a", title="Secret 2"))
    hide = replace(FEED, privacy="busy")
    interrupt(
        monkeypatch, store, step, lambda: activate_feeds(other, [hide], now=now), before=before
    )
    publish(store, "team", now=now)
    assert titles(store) == ["Busy"]
    other.close()


def test_a_feed_that_others_publish_all_the_time_is_given_up_for_now(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_all(store, now, event())
    monkeypatch.setattr(store.publications, "publish", lambda *_args, **_kwargs: False)
    put(store, now, event("new"))
    with pytest.raises(StoreError, match='Feed "team" could not be published: other processes'):
        publish(store, "team", now=now)


def test_many_publishers_leave_the_newest_data_and_readers_never_see_a_mixture(
    store: Store, tmp_path: Path, keys: SecretKeys, now: datetime
) -> None:
    """Each version gives all events one title; a document with two titles would be half published."""
    path = f"sqlite:///{tmp_path}/bridge.sqlite3"
    versions, failures, done = 12, [], threading.Event()
    lock = threading.Lock()  # sources have leases; here one writer at a time is enough

    def events(version: Any) -> Any:
        return [event(f"u{n}", title=f"v{version}") for n in range(10)]

    publish_all(store, now, *events(0))
    numbers = iter(range(1, versions + 1))

    def write() -> None:
        own = Store.open(path, keys)
        try:
            while True:
                with lock:
                    version = next(numbers, None)
                    if version is None:
                        return
                    put(own, now, *events(version))
                publish(own, "team", now=now)
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            own.close()

    def read() -> None:
        own = Store.open(path, keys)
        while not done.is_set():
            for variant in VARIANTS:
                seen = set(re.findall(rb"SUMMARY:(v\d+)", body(own, variant)))
                if len(seen) != 1:
                    failures.append(seen)
        own.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failures == []
    assert set(titles(store)) == {f"v{versions}"}
