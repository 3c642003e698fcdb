"""The parser of one Backstage event's agenda: each session a calendar event of its own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Event, Person, Place, Status, to_utc
from bridge.domain.problems import BadValueError, Problem, from_plain, problem
from bridge.domain.source import BackstageSource
from bridge.domain.text import clean
from bridge.domain.uid import event_uid
from bridge.sources import fields
from bridge.sources.backstage import agenda, event as around
from bridge.sources.dates import iso_utc
from bridge.sources.protocols import Collector, ParseResult, Raw
from bridge.sources.shapes import listed

_LONGEST = timedelta(days=60)


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session (Zoho APIs 2.4); ``venue`` is the id of a hall, unlike an event's."""

    title: str | None = None
    description: str | None = None
    start_time: str | None = None
    duration: Any = None
    track: Any = None
    venue: Any = None
    session_type: str | None = None
    hidden: Any = None
    speakers: list[Any] | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What a session takes from its event and the lists; a list that could not be read is None."""

    source: BackstageSource
    status: Status
    here: ZoneInfo
    place: Place | None
    url: str
    language: str
    names: Mapping[str, Mapping[str, str] | None]

    def name(self, kind: str, value: Any, repairs: list[Problem]) -> str:
        """Return the name of an id in a list, or the name that came instead of an id."""
        if isinstance(value, dict):
            if own := _name(value):
                return own
            value = value.get("id", value.get(agenda.LISTS[kind]))
        key, names = fields.identity(value), self.names[kind]
        if not key:
            return ""
        if names is not None and key in names:
            return names[key]
        if "@" in key:
            repairs.append(problem("name-is-address", list=kind))
        elif kind == "speakers" and " " in key:
            return clean(key).strip()
        elif names is not None:
            repairs.append(problem("name-not-listed", id=key[:40], list=kind))
        return ""


def parse(raw: Raw, source: BackstageSource) -> ParseResult:
    """Parse the sessions of the event, in the order of the days.

    Hidden sessions, the sessions of a draft, and a session that comes again unchanged are left out
    without a report.
    """
    result = Collector(notes=[from_plain(note) for note in raw.get("notes", ())])
    frame = _read_frame(raw, source, result)
    starts: dict[str, str | None] = {}
    if frame is not None:
        for answer in raw["sessions"]:
            for data in listed(answer, "backstage", "sessions"):
                _add(data, frame, starts, result)
    return result.result()


def _read_frame(raw: Raw, source: BackstageSource, result: Collector) -> _Frame | None:
    """Read the event around the sessions; None if it must not be shown."""
    data = agenda.event_object(raw["event"])
    item, _ = fields.read(data, around.BackstageEvent)
    try:
        status = around.read_status(item)
    except ValueError as error:
        result.drop(source.event, fields.title_of(data, "name"), error, item.website_url)
        return None
    if status is None:
        result.notes.append(problem("agenda-unpublished"))
        return None
    here, note = around.read_zone(item.timezone)
    repairs = [note] if note else []
    place = around.read_place(item, repairs)
    url = fields.read_address(item.website_url, "website_url", repairs)
    result.notes += [problem("of-agenda", problem=repair) for repair in repairs]
    return _Frame(
        source=source,
        status=status,
        here=here,
        place=place,
        url=url,
        language=around.read_language(item.language),
        names={name: _names(raw.get(name), name) for name in agenda.LISTS},
    )


def _names(answer: Any, name: str) -> dict[str, str] | None:
    if answer is None:
        return None
    items = listed(answer, "backstage", name)
    return {key: _name(data) for data in items if (key := agenda.list_id(data, name))}


def _name(data: dict[str, Any]) -> str:
    """Return a name, a person's from its two parts; never an address."""
    parts = [data.get("first_name"), data.get("last_name")]
    text = " ".join(part for part in parts if isinstance(part, str)) or data.get("name")
    name = " ".join(clean(text).split()) if isinstance(text, str) else ""
    return "" if "@" in name else name


def _add(data: Any, frame: _Frame, starts: dict[str, str | None], result: Collector) -> None:
    upstream_id = fields.id_of(data)
    try:
        session, faults = fields.read(data, _Session)
        if _is_repeated(session, upstream_id, starts):
            return
        event, repairs = _read(session, faults, upstream_id, frame)
    except ValueError as error:
        result.drop(upstream_id, fields.title_of(data), error, frame.url)
        return
    starts[upstream_id] = session.start_time
    result.events.append(event)
    result.repair(upstream_id, event.title, repairs, event.url)


def _is_repeated(session: _Session, upstream_id: str, starts: Mapping[str, str | None]) -> bool:
    """Return whether a session is hidden or came before; BadValueError if that is unclear."""
    if not upstream_id:
        raise BadValueError("no-id")
    try:
        if fields.flag(session.hidden):
            return True
    except BadValueError as error:
        raise BadValueError("maybe-hidden", why=error.problem) from error
    if starts.get(upstream_id, session.start_time) != session.start_time:
        raise BadValueError("session-again")
    return upstream_id in starts


def _read(
    session: _Session, faults: fields.Faults, upstream_id: str, frame: _Frame
) -> tuple[Event, list[Problem]]:
    if not session.start_time:
        raise BadValueError("no-start")
    repairs = fields.left_out(faults)
    source = frame.source
    start = iso_utc(session.start_time).astimezone(frame.here)
    persons = fields.first_parts(session.speakers or [], "speakers", repairs)
    speakers = [frame.name("speakers", person, repairs) for person in persons]
    track = frame.name("tracks", session.track, repairs)
    hall = frame.name("halls", session.venue, repairs)
    event = Event(
        uid=event_uid("backstage", source.portal, source.event, "session", upstream_id),
        upstream_id=upstream_id,
        **fields.texts(session.title, session.description, repairs),
        start=start,
        end=_end(session, start, repairs),
        place=replace(frame.place or Place(), hall=hall) if hall else frame.place,
        url=frame.url,
        status=frame.status,
        categories=around.distinct(track, around.in_words(session.session_type or "")),
        track=track,
        people=tuple(Person(name=name, role="speaker") for name in around.distinct(*speakers)),
        language=around.read_language(session.language) or frame.language,
    )
    return event, repairs


def _end(session: _Session, start: datetime, repairs: list[Problem]) -> datetime:
    """Return start + duration (minutes, a number or digits), or the start without a valid one."""
    try:
        minutes = fields.number(session.duration)
    except ValueError:
        minutes = None
    length = None if minutes is None else timedelta(minutes=minutes)
    if length is None or length > _LONGEST:
        why = problem("bad-duration", value=str(session.duration)[:40])
        repairs.append(problem("ends-at-start", why=why))
        length = timedelta(0)
    return (to_utc(start) + length).astimezone(start.tzinfo)
