"""What one object of Zoho Calendar says, apart from how it repeats: texts, links, privacy, availability, reminders.

Decided here: an invitation that the account declined is kept, as Zoho keeps it, but takes no time (not busy).
Reminders by e-mail are Zoho's to send and don't come across; pop-ups and notifications do. A privacy flag that can't
be read counts as private.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
import re
from typing import Any, Literal, TypeAlias

from bridge.domain.event import Alarm, Event, Place, Status
from bridge.domain.text import clean, clean_html
from bridge.sources.calendar.times import Span
from bridge.sources.calendar.wire import Item, Reminder, Trigger

_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+", re.IGNORECASE)
_MINUTES = re.compile(r"(?P<sign>[+-]?)(?P<number>[0-9]{1,7})")
_FARTHEST_REMINDER = timedelta(days=366)
_CANCELLED = {"cancelled", "canceled"}
_FREE = 1
_DECLINED = 2
_GUESTS = {"participant", "attendee"}
_Answer: TypeAlias = Literal["", "accepted", "tentative", "declined", "needs-action"]
_ANSWERS: Mapping[object, _Answer] = {
    0: "needs-action",
    1: "accepted",
    _DECLINED: "declined",
    3: "tentative",
    "NEEDS-ACTION": "needs-action",
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
}
_MEETING_PATHS = (
    ("conference_data", "meetingdata", "meeting_link"),
    ("app_data", "meetingdata", "meetinglink"),
)


def read_event(
    item: Item, faults: dict[str, str], span: Span, *, uid: str, defaults: tuple[Alarm, ...]
) -> tuple[Event, tuple[str, ...]]:
    """Make a single event of one object; the second value says what was mended or left out.

    ``defaults`` are the calendar's own reminders, for events that have none and want them.
    """
    mended = [
        *span.mended,
        *(f"{name} can't be read and was left out ({why})" for name, why in faults.items()),
    ]
    description, html = clean_html(item.description or "")
    location = clean(item.location or "").strip()
    url = _address(item.url)
    if item.url and item.url.strip() and not url:
        mended.append("its url is not a web address and was left out")
    alarms = defaults if item.calendar_alarm else ()
    if item.reminders or item.alarm:
        alarms, unread = read_alarms([*(item.reminders or ()), *(item.alarm or ())])
        mended += unread
    event = Event(
        uid=uid,
        upstream_id=item.uid,
        title=clean(item.title or "").strip(),
        start=span.start,
        end=span.end,
        description=description,
        html=html,
        place=Place(name=location) if location else None,
        url=url or _address(item.view_url),
        join_url=_join_url(item),
        status=Status.CANCELLED if _state(item) in _CANCELLED else Status.CONFIRMED,
        busy=item.transparency != _FREE and not _declined(item),
        private=bool(item.isprivate) or "isprivate" in faults,
        answer=_answer(item),
        alarms=alarms,
    )
    return event, tuple(mended)


def is_deleted(item: Item) -> bool:
    """Tell an object that is only there to say that its event or instance is no more."""
    return _state(item) == "deleted"


def is_gone(item: Item) -> bool:
    """Tell an instance that does not take place: deleted, or called off (both only empty their slot)."""
    return is_deleted(item) or _state(item) in _CANCELLED


def _state(item: Item) -> str:
    return (item.estatus or "").strip().lower()


def read_alarms(entries: Iterable[Reminder | Trigger]) -> tuple[tuple[Alarm, ...], tuple[str, ...]]:
    """Give the alarms that a list of reminders means, none twice, the earliest first, and what could not be read."""
    triggers: set[timedelta] = set()
    mended: list[str] = []
    for entry in entries:
        if (entry.action or "").strip().lower() == "email":
            continue
        trigger = _from_start(entry)
        if trigger is None or abs(trigger) > _FARTHEST_REMINDER:
            mended.append("a reminder can't be read and was left out")
        else:
            triggers.add(trigger)
    return tuple(Alarm(trigger=trigger) for trigger in sorted(triggers)), tuple(mended)


def _from_start(entry: Reminder | Trigger) -> timedelta | None:
    """Tell a reminder's distance from the start: negative before it.

    ``minutes`` count back from the start whether negative or without a sign; only an explicit ``+`` is after it, as
    Zoho's own pair of ``"+5"`` and a trigger of 300000 shows (Zoho Calendar: event details).
    """
    if isinstance(entry, Trigger):
        if abs(entry.trigger) > _FARTHEST_REMINDER // timedelta(milliseconds=1):
            return None
        return timedelta(seconds=int(entry.trigger / 1000))
    match = _MINUTES.fullmatch(str(entry.minutes).strip())
    if match is None:
        return None
    minutes = timedelta(minutes=int(match["number"]))
    return minutes if match["sign"] == "+" else -minutes


def _declined(item: Item) -> bool:
    if item.rsvp is not None:
        return item.rsvp == _DECLINED
    return _answer(item) == "declined"


def _answer(item: Item) -> _Answer:
    """Tell the account's own answer to an invitation; "" where it is no guest, and where the answer can't be told."""
    if (item.role or "").lower() not in _GUESTS:
        return ""
    if item.rsvp is not None:
        return _ANSWERS.get(item.rsvp, "")
    guests = item.attendees if isinstance(item.attendees, list) else []
    # The details say it outright; a list names to a guest only himself.
    answers = {
        _ANSWERS.get(str(guest.get("status")), "") for guest in guests if isinstance(guest, dict)
    }
    return answers.pop() if len(answers) == 1 else ""


def _address(text: Any) -> str:
    address = text.strip() if isinstance(text, str) else ""
    return address if _WEB_ADDRESS.fullmatch(address) else ""


def _join_url(item: Item) -> str:
    for field, *path in _MEETING_PATHS:
        value = getattr(item, field)
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if address := _address(value):
            return address
    return _address(item.meeting_url)
