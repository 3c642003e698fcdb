"""An event that cannot be shown, or changes its owner, costs no other event its place."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.rejection import reasons
from bridge.domain.uid import event_uid
from bridge.publish.ical import vevent
from bridge.publish.publisher import publish
from bridge.publish.view.event import EventView, event_view
from bridge.store import Store
from tests.factories import event, series
from tests.publish.feeds import (
    DAY,
    FEED,
    MINUTE,
    PLACEHOLDER,
    SOME,
    WORK,
    blobs,
    bodies,
    publish_all,
    titles,
    uids,
)

# --- an instance passes from its series to itself, and back


def test_an_instance_outlives_its_series_and_the_other_way_round(
    store: Store, now: datetime
) -> None:
    """Zoho may send an instance without its series.

    Its UID is the same, and it must not go with the series' entries.
    """
    whole = series("s", 11)
    lone = event_view(whole, FEED, salt="", today=now.date(), cancelled_since=None).events[1]
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
def spoilt(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """Make events whose title holds "Bad" fail with the error of a step.

    ``render`` or ``shape``.
    """
    how: dict[str, Exception] = {}
    render, shaping = vevent.render, event_view

    def bad_render(one: Event, stamp: vevent.Stamp) -> bytes:
        if "Bad" in one.title and "render" in how:
            raise how["render"]
        return render(one, stamp)

    def bad_shape(one: Event, feed: Feed, **days: Any) -> EventView:
        if "Bad" in one.title and "shape" in how:
            raise how["shape"]
        return shaping(one, feed, **days)

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
    store: Store,
    now: datetime,
    spoilt: dict[str, Exception],
    where: str,
    error: Exception,
    told: str,
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
    store: Store,
    now: datetime,
    spoilt: dict[str, Exception],
    where: str,
    error: Exception,
    told: str,
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
    store: Store,
    now: datetime,
    spoilt: dict[str, Exception],
    where: str,
    error: Exception,
    told: str,
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
    store: Store,
    now: datetime,
    spoilt: dict[str, Exception],
    where: str,
    error: Exception,
    told: str,
) -> None:
    publish_all(store, now, event("bad", title="Bad secret"), event("a"))
    spoilt[where] = error
    with capture_logs():
        publish_all(
            store, now, event("bad", title="Bad new"), event("a"), feed=replace(FEED, title="Other")
        )
    assert uids(store) == ["a"]


def test_nor_an_event_that_became_private(
    store: Store, now: datetime, spoilt: dict[str, Exception]
) -> None:
    publish_all(store, now, event("bad", title="Bad secret"), event("a"))
    spoilt["shape"] = ZeroDivisionError()
    with capture_logs():
        publish_all(store, now, event("bad", title="Bad secret", private=True), event("a"))
    assert uids(store) == ["a"]


def test_an_instance_that_cant_be_shown_does_not_take_its_series_along(
    store: Store, now: datetime, spoilt: dict[str, Exception]
) -> None:
    spoilt["render"] = vevent.RenderError("it is odd")
    whole = series("s", 11, 12)
    moved, odd = whole.overrides
    done = publish_all(store, now, replace(whole, overrides=(moved, replace(odd, title="Bad"))))
    assert set(uids(store)) == {"s", event_uid("s", slot=moved.recurrence_id)}
    assert len(done.rejections[WORK.key]) == 1
    publish_all(store, now + DAY)
    assert titles(store) == [PLACEHOLDER]


def test_a_series_that_is_cut_is_reported_with_each_publication_and_written_once(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.publish.view.series.MOST_IN_WINDOW", 10)
    hourly = event("h", title="Heartbeat", rule={"freq": "HOURLY"})
    first = publish_all(store, now, hourly, event("a"))
    again = publish(store, "team", now=now + MINUTE)
    assert (first.rendered, again.written) == (11, False)
    for result in (first, again):
        (rejection,) = result.rejections[WORK.key]
        assert (rejection.kind, rejection.title) == ("repaired", "Heartbeat")
        assert reasons(rejection).startswith('Feed "team" shows only the first')
