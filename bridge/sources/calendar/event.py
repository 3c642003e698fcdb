"""One object of Zoho Calendar apart from its repetition: texts, links, privacy, busy, reminders.

An invitation that the account declined stays, as in Zoho, but takes no time (not busy). Reminders
by e-mail are Zoho's to send and are left out. Pop-ups and notifications stay. An unreadable privacy
flag counts as private.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
import re
from typing import Literal, TypeAlias

from bridge.domain.event import Alarm, Event, Status
from bridge.domain.problems import Problem, problem
from bridge.sources import fields
from bridge.sources.calendar.times import Span
from bridge.sources.calendar.wire import Item, Reminder, Trigger
from bridge.sources.fields import Faults, left_out, place_by_name, read_address, texts, web_address

_MINUTES = re.compile(r"(?P<sign>[+-]?)(?P<number>[0-9]{1,7})")
_FARTHEST_REMINDER = timedelta(days=366)
_CANCELLED = {"cancelled", "canceled"}
_FREE = 1
_DECLINED = 2
_GUESTS = {"participant", "attendee"}
_Answer: TypeAlias = Literal["", "accepted", "tentative", "declined", "needs-action"]
_ANSWERS: tuple[_Answer, ...] = ("needs-action", "accepted", "declined", "tentative")
_BY_CODE: Mapping[object, _Answer] = dict(enumerate(_ANSWERS))
_BY_STATUS: Mapping[str, _Answer] = {answer.upper(): answer for answer in _ANSWERS}
_MEETING_PATHS = (
    ("conference_data", "meetingdata", "meeting_link"),
    ("app_data", "meetingdata", "meetinglink"),
)


def read_event(
    item: Item, faults: Faults, span: Span, *, uid: str, defaults: tuple[Alarm, ...]
) -> tuple[Event, list[Problem]]:
    """Return a single event of one object, and what was repaired or left out.

    ``defaults`` are the calendar's own reminders, for events that have none and want them.
    """
    repairs = [*span.repairs, *left_out(faults)]
    url = read_address(item.url, "url", repairs)
    alarms = defaults if item.calendar_alarm else ()
    if item.reminders or item.alarm:
        entries: list[Reminder | Trigger] = [*(item.reminders or ()), *(item.alarm or ())]
        alarms, unread = read_alarms(fields.first_parts(entries, "reminders", repairs))
        repairs += [problem("reminder-unreadable")] * unread
    event = Event(
        uid=uid,
        upstream_id=item.uid,
        **texts(item.title, item.description, repairs),
        start=span.start,
        end=span.end,
        place=place_by_name(item.location),
        url=url or web_address(item.view_url),
        join_url=_join_url(item),
        status=Status.CANCELLED if _state(item) in _CANCELLED else Status.CONFIRMED,
        busy=item.transparency != _FREE and not _declined(item),
        private=bool(item.isprivate) or "isprivate" in faults,
        answer=_answer(item),
        alarms=alarms,
    )
    return event, repairs


def is_deleted(item: Item) -> bool:
    """Return whether the object only states that its event or instance was deleted."""
    return _state(item) == "deleted"


def is_gone(item: Item) -> bool:
    """Return whether an instance was deleted or called off; both only empty its slot."""
    return is_deleted(item) or _state(item) in _CANCELLED


def _state(item: Item) -> str:
    return (item.estatus or "").strip().lower()


def read_alarms(entries: Iterable[Reminder | Trigger]) -> tuple[tuple[Alarm, ...], int]:
    """Return the different alarms of reminders in order, and the number of unreadable ones."""
    triggers: set[timedelta] = set()
    unread = 0
    for entry in entries:
        if (entry.action or "").strip().lower() == "email":
            continue
        trigger = _from_start(entry)
        if trigger is None or abs(trigger) > _FARTHEST_REMINDER:
            unread += 1
        else:
            triggers.add(trigger)
    return tuple(Alarm(trigger=trigger) for trigger in sorted(triggers)), unread


def _from_start(entry: Reminder | Trigger) -> timedelta | None:
    """Return a reminder's distance from the start, negative before it; None if it is unreadable.

    ``minutes`` count back from the start, negative or without a sign. Only an explicit ``+`` is
    after it, as Zoho's own pair of ``"+5"`` and a trigger of 300000 shows (Zoho APIs 4.3).
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
    """Return the account's own answer to an invitation; empty if it is no guest or unknown."""
    if (item.role or "").lower() not in _GUESTS:
        return ""
    if item.rsvp is not None:
        return _BY_CODE.get(item.rsvp, "")
    guests = item.attendees if isinstance(item.attendees, list) else []
    # The details have ``rsvpStatus``; a list names only the guest's own entry.
    answers = {
        _BY_STATUS.get(str(guest.get("status")), "") for guest in guests if isinstance(guest, dict)
    }
    return answers.pop() if len(answers) == 1 else ""


def _join_url(item: Item) -> str:
    for field, *path in _MEETING_PATHS:
        value = getattr(item, field)
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if address := web_address(value):
            return address
    return web_address(item.meeting_url)
