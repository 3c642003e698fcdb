"""Settings, variants, days and sources of a feed change what is published at once.

Rulebook 17-31.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
import recurring_ical_events

from bridge.domain.event import Alarm, Moment, Status
from bridge.feed.document import remove_alarms
from bridge.publish import plan
from bridge.publish.pending import activate_feeds
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.web.feeds import event_document
from tests.factories import BERLIN, event, put, series
from tests.publish.feeds import (
    ALARM,
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
    assert sorted(titles(store)) == ["Busy", "open"]


def test_alarms_off_changes_only_events_that_have_some(store: Store, now: datetime) -> None:
    publish_all(store, now, *SOME)
    before = blobs(store)
    assert b"BEGIN:VALARM" in before["c"]
    done = publish_all(store, now + DAY, *SOME, feed=replace(FEED, alarms=False))
    assert done.rendered == 1
    assert b"VALARM" not in body(store)
    assert {uid for uid, blob in blobs(store).items() if blob != before[uid]} == {"c"}


def test_a_feed_may_show_only_the_nearest_reminder_of_an_event(store: Store, now: datetime) -> None:
    """Rulebook 61; a changed instance has reminders of its own."""
    alarms = tuple(Alarm(trigger=timedelta(minutes=minutes)) for minutes in (-1440, -15, 5))
    slot = datetime(2026, 3, 19, 12, tzinfo=BERLIN)
    changed = event("s", start=slot, recurrence_id=slot, alarms=alarms[:1])
    some = (event(alarms=alarms), series("s", 12, alarms=alarms, overrides=(changed,)))
    publish_all(store, now, *some)
    assert body(store).count(b"BEGIN:VALARM") == 3 + 3 + 1
    publish_all(store, now + DAY, *some, feed=replace(FEED, alarms="nearest"))
    assert body(store).count(b"BEGIN:VALARM") == 3
    assert body(store).count(b"TRIGGER:-PT15M") == 2
    assert b"VALARM" not in body(store, "quiet")


def test_a_timed_event_without_a_reminder_gets_that_of_the_feed(
    store: Store, now: datetime
) -> None:
    """Each VEVENT has a reminder then, but a whole day, whose start is midnight, has none."""
    own = Alarm(trigger=timedelta(minutes=-5))
    slot = datetime(2026, 3, 19, 12, tzinfo=BERLIN)
    changed = event("s", start=slot, recurrence_id=slot)
    series_ = series("s", 12, alarms=(own,), overrides=(changed,))
    day = event("d", start=date(2026, 3, 20))
    publish_all(store, now, event("a"), event("b", alarms=(own,)), series_, day)
    before = blobs(store)
    feed = replace(FEED, reminder=timedelta(minutes=90))
    publish_all(store, now + DAY, event("a"), event("b", alarms=(own,)), series_, day, feed=feed)
    after = blobs(store)
    assert (after["b"], after["d"]) == (before["b"], before["d"])
    assert b"TRIGGER:-PT1H30M\r\n" in after["a"]
    assert remove_alarms(body(store)).count(b"BEGIN:VEVENT") - 1 == body(store).count(b"TRIGGER")
    assert body(store).count(b"TRIGGER:-PT5M") == 2
    assert b"VALARM" not in body(store, "quiet")
    publish_all(store, now + 2 * DAY, event("a"), feed=replace(feed, alarms=False))
    assert b"VALARM" not in body(store)


def test_an_instant_has_no_end_in_any_document(store: Store, now: datetime) -> None:
    """Rulebook 35: calcurse drops an event that ends when it starts, and khal warns."""
    instants = (event("i", hours=0), series("s", hours=0))
    publish_all(store, now, *instants)
    for variant in ("default", "quiet", "web"):
        assert b"BEGIN:VEVENT" in body(store, variant)
        assert b"DTEND" not in body(store, variant)
    entry = store.publications.entry("team", "i")
    assert entry is not None
    for variant in ("default", "web"):
        assert b"DTEND" not in (event_document(entry, variant) or b"DTEND")


def test_a_new_form_of_rare_events_moves_only_their_stamps(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rulebook 20: an upgrade changed instants and several reminders alone."""
    several = (ALARM, Alarm(trigger=timedelta()))
    some = (*SOME, event("instant", hours=0), event("several", alarms=several))
    with monkeypatch.context() as earlier:
        earlier.setattr(plan, "RARE_FORM", "1")
        publish_all(store, now, *some)
    before = {uid: stamp(store, uid) for uid in uids(store)}
    assert publish_all(store, now + DAY, *some).rendered == 2
    after = {uid: stamp(store, uid) for uid in uids(store)}
    assert {uid for uid in before if before[uid] != after[uid]} == {"instant", "several"}


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
    """Rulebook 31.

    The instances are those that another engine reads out of the default document.
    """
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


def utc(moment: Moment) -> Moment:
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
    assert document(store).modified_at == now
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
