"""The change of a Connect event, as ``updateEvent`` takes it (Zoho APIs 3.6).

Title and times are required, so they are always sent, with the flag for whole days. The optional
fields are sent only to change. Times are the wall clock of the account's profile, to the minute,
and an all-day event's end is its last day. No request removes a reminder or changes an event that
repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment
from bridge.domain.problems import Problem, problem
from bridge.domain.source import ConnectSource, Product
from bridge.errors import BadDataError, ScopeError, UnavailableError, ZohoError
from bridge.sources.connect.parse import parse_update
from bridge.sources.connect.times import Times, clock_note, read_span
from bridge.sources.fields import read
from bridge.sources.protocols import Raw
from bridge.sources.shapes import listed

SCOPE = "zohopulse.events.UPDATE"

_LONGEST = {"title": 250, "description": 1000, "location": 250}
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

# "intervalHour is used with intervalDay"; minutes stand alone (Zoho APIs 3.6).
_BY_MINUTES = {minutes * _MINUTE: minutes for minutes in (5, 15, 30, 60, 120)}
_BY_DAYS = {
    days * _DAY + hours * _HOUR: (days, hours) for days in (0, 1, 2, 7) for hours in range(24)
}
_REMINDERS = _BY_MINUTES.keys() | _BY_DAYS.keys()


class UncertainError(ZohoError):
    """A change was sent with an unknown result: look in Connect before it is sent again."""


class Poster(Protocol):
    """The sender of a request that changes something; raises the classes of ``ZohoError``."""

    def post(self, product: Product, path: str, params: Mapping[str, str]) -> Any:
        """POST to ``path`` below the product's address, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The new contents of an event; ``end`` is exclusive, and None leaves a field as it is.

    ``reminder`` is the time between the reminder and the start.
    """

    stream: str
    title: str
    start: Moment
    end: Moment
    description: str | None = None
    location: str | None = None
    reminder: timedelta | None = None


def problems(update: Update, zone: ZoneInfo) -> tuple[Problem, ...]:
    """Return what the document does not allow of an update; empty if it can be sent."""
    texts = {"title": update.title, "description": update.description, "location": update.location}
    result = [
        problem("field-too-long", field=name, length=length, longest=_LONGEST[name])
        for name, text in texts.items()
        if (length := _length(text or "")) > _LONGEST[name]
    ]
    if not update.title.strip():
        result.append(problem("no-title"))
    for side, moment in (("start", update.start), ("end", update.end)):
        if isinstance(moment, datetime) and moment.astimezone(zone).fold:
            result.append(problem("ambiguous-time", side=side, zone=zone.key))
    before = update.reminder
    if before is not None and before not in _REMINDERS:
        nearest = reminder_text(nearest_reminder(before))
        wish = reminder_text(before)
        result.append(problem("reminder-unsupported", reminder=wish, nearest=nearest))
    return tuple(result)


def nearest_reminder(before: timedelta) -> timedelta:
    """Return the nearest reminder that Connect accepts, of two the earlier one."""
    return min(_REMINDERS, key=lambda allowed: (abs(allowed - before), -allowed))


def reminder_text(before: timedelta) -> str:
    """Return the time of a reminder in words, as "5 minutes before the start"."""
    if not before:
        return "at the start"
    days, rest = divmod(abs(before), _DAY)
    hours, rest = divmod(rest, _HOUR)
    parts = ((days, "day"), (hours, "hour"), (rest // _MINUTE, "minute"))
    words = " ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count)
    side = "before" if before > timedelta(0) else "after"
    return f"{words or 'less than a minute'} {side} the start"


def parameters(update: Update, source: ConnectSource, zone: ZoneInfo) -> dict[str, str]:
    """Return an update without ``problems`` as the parameters of ``updateEvent``."""
    all_day = not isinstance(update.start, datetime)
    last = update.end - _DAY if all_day else update.end
    params = {"scopeID": source.network, "streamId": update.stream, "title": update.title}
    if update.description is not None:
        params["desc"] = update.description
    if update.location is not None:
        params["location"] = update.location
    params |= _wall("start", update.start, zone) | _wall("end", last, zone)
    params["allDay"] = "true" if all_day else "false"
    return params | ({} if update.reminder is None else _interval(update.reminder))


def send(poster: Poster, source: ConnectSource, update: Update, zone: ZoneInfo) -> Event:
    """Send an update, and return the event as Zoho then describes it.

    Raises ScopeError with its remedy if the login may only read, and UncertainError if the result
    is unknown. After any other class of ``ZohoError`` the change was not made.
    """
    try:
        answer = poster.post("connect", "/updateEvent", parameters(update, source, zone))
    except ScopeError as error:
        raise ScopeError("update-scope", scope=SCOPE, why=error.problem) from error
    except UnavailableError as error:
        raise UncertainError("update-uncertain", why=error.problem) from error
    try:
        events = parse_update(answer if isinstance(answer, dict) else {}, source, zone).events
    except BadDataError as error:
        raise UncertainError("update-unconfirmed", why=error.problem) from error
    if len(events) != 1 or events[0].upstream_id != update.stream:
        raise UncertainError("update-unconfirmed", why=problem("update-of-other-event"))
    return events[0]


def clock_problem(raw: Raw, zone: ZoneInfo) -> Problem | None:
    """Return a problem if the wall clock of a fetch is not that of ``zone``.

    With a wrong zone, each event that is sent would move.
    """
    spans = []
    for answer in raw["pages"]:
        for data in listed(answer, "connect", "upcomingEvents"):
            try:
                spans.append(read_span(read(data, Times)[0], zone))
            except ValueError:
                continue  # the parser reports events that can't be read
    return clock_note(spans, zone)


def _length(text: str) -> int:
    """Return the length in UTF-16 units, as Java counts; Zoho names no unit."""
    return len(text.encode("utf-16-le")) // 2


def _wall(side: str, moment: Moment, zone: ZoneInfo) -> dict[str, str]:
    at = moment.astimezone(zone) if isinstance(moment, datetime) else None
    day: date = moment if at is None else at
    parts = {"Year": day.year, "Month": day.month, "Date": day.day}
    parts |= {"Hour": at.hour if at else 0, "Min": at.minute if at else 0}
    return {f"{side}{name}": str(number) for name, number in parts.items()}


def _interval(before: timedelta) -> dict[str, str]:
    if before in _BY_MINUTES:
        return {"intervalMinute": str(_BY_MINUTES[before])}
    days, hours = _BY_DAYS[before]
    return {"intervalDay": str(days), "intervalHour": str(hours)}
