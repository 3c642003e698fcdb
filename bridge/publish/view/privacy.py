"""What a feed may tell of an event: privacy, cancelled events, a title for the untitled. Pure.

It must not look at recurrence but for the changed instances, which are events of their own here.
"""

from dataclasses import replace
from datetime import date, timedelta

from bridge.domain.event import Event, Recurrence, Status
from bridge.domain.feed import Feed
from bridge.domain.text import CANCELLED_MARK, NO_TITLE
from bridge.domain.uid import event_uid

CANCELLED_FOR = timedelta(days=30)  # how long a cancelled event stays marked, before it goes


def guise(
    event: Event, feed: Feed, *, today: date, cancelled_since: date | None
) -> tuple[Event | None, date | None]:
    """Give the event as the feed may show it, or None, and the day that answer ends (None: never).

    A cancelled instance becomes a slot with nothing in it, whatever ``feed.cancelled`` says (rulebook 50).
    """
    event = _as_its_series(_without_cancelled_instances(event))
    until = None
    if event.status is Status.CANCELLED:
        if feed.cancelled == "mark":
            until = (cancelled_since or today) + CANCELLED_FOR
        if (
            _hides(event, feed)
            or feed.cancelled == "drop"
            or (until is not None and until <= today)
        ):
            return None, None
    uid = event_uid("busy", feed.slug, event.uid) if feed.privacy == "busy" else event.uid
    overrides = tuple(_titled(_masked(override, feed, uid), feed) for override in event.overrides)
    bare = _masked(replace(event, overrides=()), feed, uid)
    return replace(_titled(bare, feed), overrides=overrides), until


def _as_its_series(event: Event) -> Event:
    """Let changed instances be private or cancelled when their series is: they need not say so themselves."""
    cancelled = event.status is Status.CANCELLED
    overrides = tuple(
        replace(
            o, private=o.private or event.private, status=event.status if cancelled else o.status
        )
        for o in event.overrides
    )
    return replace(event, overrides=overrides)


def _without_cancelled_instances(event: Event) -> Event:
    if event.recurrence is None:
        return event
    empty = tuple(
        o.recurrence_id for o in event.overrides if o.status is Status.CANCELLED and o.recurrence_id
    )
    kept = tuple(
        override for override in event.overrides if override.status is not Status.CANCELLED
    )
    recurrence = Recurrence(
        rule=event.recurrence.rule, excluded=(*event.recurrence.excluded, *empty)
    )
    return replace(event, recurrence=recurrence, overrides=kept)


def _hides(event: Event, feed: Feed) -> bool:
    return feed.privacy == "busy" or (event.private and not feed.show_private)


def _masked(event: Event, feed: Feed, uid: str) -> Event:
    """Leave nothing but times where the feed may tell nothing more; a feed of times has UIDs of its own."""
    if not _hides(event, feed):
        return event
    return Event(
        uid=uid,
        upstream_id=event.upstream_id,
        title="Busy" if event.busy else "Free",
        start=event.start,
        end=event.end,
        busy=event.busy,
        recurrence=event.recurrence,
        recurrence_id=event.recurrence_id,
    )


def _titled(event: Event, feed: Feed) -> Event:
    title = event.title.strip() or NO_TITLE
    if event.status is Status.CANCELLED:
        event = replace(event, alarms=())
        if feed.cancelled == "mark":
            event = replace(event, status=Status.CONFIRMED, busy=False)
            title = f"{CANCELLED_MARK}{title}"
    return event if title == event.title else replace(event, title=title)
