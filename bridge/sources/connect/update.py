"""The way back: one event of Connect with other contents, as ``updateEvent`` takes it (Zoho Connect: update event).

Title and times are required there, so they always go along, and with them whether they are whole days; what the
document calls optional is sent only where it is to change. Times are the wall clock of the account's profile, to the
minute, and an all-day event's end is its last day. There is no way to take a reminder away, nor to change an event
that repeats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bridge.domain.event import Event, Moment
from bridge.domain.source import ConnectSource
from bridge.errors import BadDataError, ScopeError, UnavailableError, ZohoError
from bridge.sources.connect.clock import Times, clock_notes, read_span
from bridge.sources.connect.fetch import listed
from bridge.sources.connect.parse import parse_update
from bridge.sources.fields import read
from bridge.sources.protocols import Product, Raw

SCOPE = "zohopulse.events.UPDATE"

_LONGEST = {"title": 250, "description": 1000, "location": 250}
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

# "intervalHour is used with intervalDay" (Zoho Connect: add event reminder); minutes stand for themselves.
_BY_MINUTES = {minutes * _MINUTE: minutes for minutes in (5, 15, 30, 60, 120)}
_BY_DAYS = {
    days * _DAY + hours * _HOUR: (days, hours) for days in (0, 1, 2, 7) for hours in range(24)
}


class UncertainError(ZohoError):
    """A change was sent, and nobody knows whether it was made: look in Connect before it is sent again."""


class Poster(Protocol):
    """Sends one request that changes something; raises the classes of ``ZohoError``."""

    def post(self, product: Product, path: str, params: Mapping[str, str]) -> Any:
        """POST to ``path`` below the product's base address, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an event is to be. ``end`` is exclusive, as in the model; what is None stays as it is.

    ``reminder`` is how long before the start it rings.
    """

    stream: str
    title: str
    start: Moment
    end: Moment
    description: str | None = None
    location: str | None = None
    reminder: timedelta | None = None


def problems(update: Update, zone: ZoneInfo) -> tuple[str, ...]:
    """Say what of an update the document does not allow, a sentence for each; empty when it can be sent."""
    texts = {"title": update.title, "description": update.description, "location": update.location}
    found = [
        f"its {name} has {length} characters, and Connect takes {_LONGEST[name]}"
        for name, text in texts.items()
        if (length := _length(text or "")) > _LONGEST[name]
    ]
    if not update.title.strip():
        found.append("it has no title, and Connect wants one")
    for name, moment in (("start", update.start), ("end", update.end)):
        if isinstance(moment, datetime) and moment.astimezone(zone).fold:
            found.append(
                f"its {name} is in an hour that the clocks of {zone.key} show twice; Connect would take the first"
            )
    if update.reminder is not None and update.reminder not in _BY_MINUTES.keys() | _BY_DAYS.keys():
        nearest = said(nearest_reminder(update.reminder))
        found.append(
            f"its reminder is {said(update.reminder)}, which Connect can't set; the nearest that it can is {nearest}"
        )
    return tuple(found)


def nearest_reminder(before: timedelta) -> timedelta:
    """Give the reminder that Connect takes and that is nearest; of two, the one that rings first."""
    return min(
        _BY_MINUTES.keys() | _BY_DAYS.keys(), key=lambda allowed: (abs(allowed - before), -allowed)
    )


def said(before: timedelta) -> str:
    """Say in words how long before the start a reminder rings."""
    if not before:
        return "at the start"
    days, rest = divmod(abs(before), _DAY)
    hours, rest = divmod(rest, _HOUR)
    parts = ((days, "day"), (hours, "hour"), (rest // _MINUTE, "minute"))
    words = (
        " ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count)
        or "less than a minute"
    )
    return f"{words} {'before' if before > timedelta(0) else 'after'} the start"


def parameters(update: Update, source: ConnectSource, zone: ZoneInfo) -> dict[str, str]:
    """Write an update that has no ``problems`` as the parameters of ``updateEvent``."""
    all_day = not isinstance(update.start, datetime)
    last = update.end - _DAY if all_day else update.end
    sent = {"scopeID": source.network, "streamId": update.stream, "title": update.title}
    if update.description is not None:
        sent["desc"] = update.description
    if update.location is not None:
        sent["location"] = update.location
    sent |= _wall("start", update.start, zone) | _wall("end", last, zone)
    sent["allDay"] = "true" if all_day else "false"
    return sent | ({} if update.reminder is None else _interval(update.reminder))


def send(poster: Poster, source: ConnectSource, update: Update, zone: ZoneInfo) -> Event:
    """Carry an update out, and give the event as Zoho then tells it.

    Raises ScopeError with its remedy where the login may only read, UncertainError when nobody knows whether the change
    was made, and the other classes of ``ZohoError``: then it was not.
    """
    try:
        answer = poster.post("connect", "/updateEvent", parameters(update, source, zone))
    except ScopeError as error:
        raise ScopeError(
            f"The login may read Zoho Connect, but not write to it: it lacks the scope {SCOPE}, or the account may not "
            f"change this event. Make one that has it with `zoho-bridge login --push`. ({error})"
        ) from error
    except UnavailableError as error:
        raise UncertainError(
            "Zoho Connect gave no good answer, and the change may have been made or not: look there before you send it "
            f"again. ({error})"
        ) from error
    try:
        event = _answered(answer, update, source, zone)
    except BadDataError as error:
        raise UncertainError(
            "Zoho Connect seems to have made the change, but its answer is not the documented one: look there before "
            f"you send it again. ({error})"
        ) from error
    return event


def _answered(answer: Any, update: Update, source: ConnectSource, zone: ZoneInfo) -> Event:
    events = parse_update(answer if isinstance(answer, dict) else {}, source, zone).events
    if len(events) != 1 or events[0].upstream_id != update.stream:
        raise BadDataError("It is not about the event that was sent.")
    return events[0]


def clock_problem(raw: Raw, zone: ZoneInfo) -> str:
    """Say that the wall clock of a fetch is not that of ``zone``; empty when all is well.

    Written in a wrong zone, each event that is sent would move.
    """
    spans = []
    for answer in raw["pages"]:
        for data in listed(answer, "upcomingEvents", "events"):
            try:
                spans.append(read_span(read(data, Times)[0], zone))
            except ValueError:
                continue  # which event can't be read is the parser's business
    return " ".join(clock_notes(spans, zone))


def _length(text: str) -> int:
    """Count as Java does, in UTF-16 units; Zoho does not say how it counts."""
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
