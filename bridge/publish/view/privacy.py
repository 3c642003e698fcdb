"""What a feed may disclose of an event: privacy, cancelled events, a title for the untitled. Pure.

Of recurrence it knows only the changed instances, which are events of their own here.
"""

from dataclasses import replace
from datetime import date, timedelta

from bridge.domain.event import Event, Status
from bridge.domain.feed import Feed
from bridge.domain.source_rule import NO_RULE, SourceRule
from bridge.domain.text import CANCELLED_MARK, NO_TITLE
from bridge.domain.uid import hidden_uid

# All that a feed shows of an event whose details it hides, with "Busy" or "Free" as title.
_SHOWN_WHEN_HIDDEN = ("upstream_id", "start", "end", "busy", "recurrence", "recurrence_id")
CANCELLED_FOR = timedelta(days=30)  # how long a cancelled event stays marked


def visible_event(
    event: Event,
    feed: Feed,
    *,
    salt: str,
    today: date,
    cancelled_since: date | None,
    rule: SourceRule = NO_RULE,
) -> tuple[Event | None, date | None]:
    """Return the event as the feed may show it, or None, and the day this ends (None: never).

    A cancelled instance becomes an excluded slot, whatever ``feed.cancelled`` is (rulebook 50), and
    so does an instance that the rule of the source leaves out.
    The UID of an event with hidden details is keyed with the feed's ``salt``.
    """
    event = _with_settled_instances(event, rule)
    until = None
    if event.status is Status.CANCELLED:
        if feed.cancelled == "mark":
            until = (cancelled_since or today) + CANCELLED_FOR
        has_ended = until is not None and until <= today
        if _hides_details(event, feed) or feed.cancelled == "drop" or has_ended:
            return None, None
    uid = hidden_uid(event.uid, salt) if _hides_details(event, feed) else event.uid
    master, *overrides = (
        _with_title(_with_privacy(_with_prefix(part, rule.prefix), feed, uid), feed)
        for part in (replace(event, overrides=()), *event.overrides)
    )
    return replace(master, overrides=tuple(overrides)), until


def _with_settled_instances(event: Event, rule: SourceRule) -> Event:
    """Exclude instances that are cancelled or left out; make others private or cancelled as it."""
    if event.recurrence is None:
        return event
    excluded, overrides = list(event.recurrence.excluded), []
    for override in event.overrides:
        if override.status is not Status.CANCELLED and rule.allows_instance(override, event):
            status = event.status if event.status is Status.CANCELLED else override.status
            private = override.private or event.private
            overrides.append(replace(override, private=private, status=status))
        elif override.recurrence_id:
            excluded.append(override.recurrence_id)
    recurrence = replace(event.recurrence, excluded=tuple(excluded))
    return replace(event, recurrence=recurrence, overrides=tuple(overrides))


def _hides_details(event: Event, feed: Feed) -> bool:
    return feed.privacy == "busy" or (event.private and not feed.show_private)


def _with_privacy(event: Event, feed: Feed, uid: str) -> Event:
    """Keep nothing but times if the feed hides details."""
    if not _hides_details(event, feed):
        return event
    shown = {name: getattr(event, name) for name in _SHOWN_WHEN_HIDDEN}
    return Event(uid=uid, title="Busy" if event.busy else "Free", **shown)


def _with_prefix(event: Event, prefix: str) -> Event:
    return replace(event, title=prefix + (event.title.strip() or NO_TITLE)) if prefix else event


def _with_title(event: Event, feed: Feed) -> Event:
    title = event.title.strip() or NO_TITLE
    if event.status is Status.CANCELLED:
        event = replace(event, alarms=())
        if feed.cancelled == "mark":
            event = replace(event, status=Status.CONFIRMED, busy=False)
            title = f"{CANCELLED_MARK}{title}"
    return replace(event, title=title)
