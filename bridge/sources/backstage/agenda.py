"""The agenda of one Backstage event: each session a calendar event of its own.

Sessions come day by day, with ids of halls, tracks and speakers that are lists of their own. Those lists only add
words: where one can't be read or is empty of a sudden, the names of the last good one are used, or the sessions come
without. A missing day is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Event, Person, Place, Status, to_utc
from bridge.domain.rejection import Rejection
from bridge.domain.source import BackstageSource
from bridge.domain.text import clean, clean_html
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, NotFoundError, ScopeError
from bridge.problems import text_problem
from bridge.sources.backstage.event import (
    BackstageEvent,
    distinct,
    listed,
    read_language,
    read_place,
    read_status,
    read_url,
    read_zone,
    spoken,
)
from bridge.sources.dates import iso_utc
from bridge.sources.fields import flag, identity, number, read, refuse_nameless, told
from bridge.sources.protocols import AnswerCache, Api, CachedAnswer, ParseResult, Raw

_MOST_DAYS = 60
_LONGEST = timedelta(days=60)
_LISTS = {"halls": "id", "tracks": "track_id", "speakers": "id"}


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session (Zoho Backstage: sessions); ``venue`` is the id of a hall, unlike an event's."""

    id: str | int | None = None
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
class _Around:
    """What a session takes from its event and the lists; an id that a list lacks is said, once the list was read."""

    source: BackstageSource
    status: Status
    here: ZoneInfo
    place: Place | None
    url: str
    language: str
    names: Mapping[str, Mapping[str, str] | None]

    def name(self, kind: str, value: Any, mended: list[str]) -> str:
        """Give the name behind an id of ``halls``, ``tracks`` or ``speakers``, or the one that came in its place."""
        if isinstance(value, dict):
            own = _name(value)
            if own:
                return own
            value = value.get("id", value.get(_LISTS[kind]))
        key, names = identity(value), self.names[kind]
        if not key:
            return ""
        if names is not None and key in names:
            return names[key]
        one = kind.removesuffix("s")
        if "@" in key:
            mended.append(f"a {one} is told by an address, which is not shown")
        elif kind == "speakers" and " " in key:
            return clean(key).strip()
        elif names is not None:
            mended.append(f"its {one} {key[:40]} is not among the event's {kind}")
        return ""


@dataclass(slots=True)
class _Result:
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


def fetch(api: Api, source: BackstageSource, details: AnswerCache) -> Raw:
    """Read the event, its days, and what its sessions refer to; every value is the answer as received.

    ``{"event": …, "agendas": … or None, "sessions": [one answer a day], "halls": …, "tracks": …, "speakers": …,
    "notes": [what could not be read, and is not needed]}``.
    """
    path = f"/portals/{quote(source.portal, safe='')}/events/{quote(source.event, safe='')}"
    notes: list[str] = []
    event = api.get("backstage", path)
    agendas = _agendas(api, path, notes)
    days = len(listed(agendas, "agendas")) if agendas is not None else 0
    if days > _MOST_DAYS:
        raise _too_long(source)
    if days:
        sessions = [_day(api, path, day) for day in range(1, days + 1)]
    else:
        sessions = _probe(
            api, path, source, _own_days(_event(event)), may_be_none=agendas is not None
        )
    known = details.all()
    lists = {name: _list(api, path, name, known, notes) for name in _LISTS}
    new = {
        name: answer for name, answer in lists.items() if answer and ("", answer) != known.get(name)
    }
    if new:
        details.keep({name: ("", answer) for name, answer in new.items()})
    return {"event": event, "agendas": agendas, "sessions": sessions, **lists, "notes": notes}


def parse(raw: Raw, source: BackstageSource) -> ParseResult:
    """Tell the sessions of the event, each once, in the order of the days.

    Not shown and not reported: hidden sessions, the sessions of a draft, and a session that comes again as it was.
    """
    result = _Result()
    notes = [note for note in raw.get("notes", ()) if isinstance(note, str)]
    around = _around(raw, source, notes, result)
    starts: dict[str, str | None] = {}
    if around is not None:
        for answer in raw["sessions"]:
            for data in listed(answer, "sessions"):
                _tell(data, around, starts, result)
    return ParseResult(
        events=tuple(result.events),
        rejections=tuple(result.rejections),
        notes=tuple(map(text_problem, notes)),
    )


def _agendas(api: Api, path: str, notes: list[str]) -> Any:
    try:
        return api.get("backstage", f"{path}/agendas")
    except (NotFoundError, ScopeError) as error:
        notes.append(
            f"The agendas can't be read, and the days are tried one after the other. {error}"
        )
        return None


def _list(
    api: Api, path: str, name: str, known: Mapping[str, CachedAnswer], notes: list[str]
) -> Any:
    """Read one of the lists that only add words; in place of an empty or unreadable one give the last good one."""
    try:
        answer = api.get("backstage", f"{path}/{name}")
        items = listed(answer, name)
        refuse_nameless(
            items, lambda item: _list_id(item, name), f"Zoho Backstage's list of {name}"
        )
    except (NotFoundError, ScopeError) as error:
        so = (
            "those of the last good read are used"
            if name in known
            else "the sessions come without them"
        )
        notes.append(f"The {name} can't be read; {so}. {error}")
        return known[name][1] if name in known else None
    if items or name not in known:
        return answer
    notes.append(f"The list of {name} is empty; the names that were in it are used.")
    return known[name][1]


def _day(api: Api, path: str, day: int) -> Any:
    answer = api.get("backstage", f"{path}/sessions", {"day": str(day)})
    listed(answer, "sessions")
    return answer


def _probe(
    api: Api, path: str, source: BackstageSource, own_days: int, *, may_be_none: bool
) -> list[Any]:
    """Read day after day, up to the first empty one after the event's own days; none, where there may be none."""
    answers: list[Any] = []
    for day in range(1, _MOST_DAYS + 1):
        try:
            answer = _day(api, path, day)
        except NotFoundError:
            if day == 1 and not may_be_none:
                raise
            return answers
        except BadDataError as error:
            no_such_day = "agenda day" in str(error)  # "Please enter the valid agenda day"
            if not no_such_day or (day == 1 and not may_be_none):
                raise
            return answers
        if not listed(answer, "sessions") and day > own_days:
            return answers
        answers.append(answer)
    raise _too_long(source)


def _own_days(data: dict[str, Any]) -> int:
    """Count the days that the event itself takes; 0 when it doesn't say."""
    item, _ = read(data, BackstageEvent)
    here, _ = read_zone(item.timezone)
    try:
        start, end = iso_utc(item.start_time or ""), iso_utc(item.end_time or "")
    except ValueError:
        return 0
    return (end.astimezone(here).date() - start.astimezone(here).date()).days + 1


def _event(answer: Any) -> dict[str, Any]:
    """Find the event in the answer, bare as documented or wrapped."""
    for name in ("event", "events", "data"):
        if isinstance(answer, dict) and isinstance(answer.get(name), dict | list):
            answer = answer[name]
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict) or not identity(answer.get("id")):
        raise BadDataError("Zoho Backstage's answer holds no event; the last good state is kept.")
    return answer


def _around(raw: Raw, source: BackstageSource, notes: list[str], result: _Result) -> _Around | None:
    """Read the event around the sessions; None when nobody may see it."""
    item, _ = read(_event(raw["event"]), BackstageEvent)
    try:
        status = read_status(item)
    except ValueError as error:
        result.rejections.append(
            Rejection(
                kind="dropped", upstream_id=source.event, problems=(text_problem(f"{error}."),)
            )
        )
        return None
    if status is None:
        notes.append("The event is not published: its sessions are not shown.")
        return None
    here, note = read_zone(item.timezone)
    mended: list[str] = [note.removesuffix(".")] if note else []
    place, url = read_place(item, mended), read_url(item.website_url, "website_url", mended)
    notes += [f"Of the event around the sessions: {what}." for what in mended]
    return _Around(
        source=source,
        status=status,
        here=here,
        place=place,
        url=url,
        language=read_language(item.language),
        names={name: _names(raw.get(name), name) for name in _LISTS},
    )


def _names(answer: Any, name: str) -> dict[str, str] | None:
    if answer is None:
        return None
    return {
        upstream_id: _name(data)
        for data in listed(answer, name)
        if (upstream_id := _list_id(data, name))
    }


def _list_id(data: Any, name: str) -> str:
    return identity(data.get(_LISTS[name], data.get("id"))) if isinstance(data, dict) else ""


def _name(data: dict[str, Any]) -> str:
    """Give a name, a person's from its two parts; never an address."""
    parts = [data.get("first_name"), data.get("last_name")]
    text = " ".join(part for part in parts if isinstance(part, str)) or data.get("name")
    name = " ".join(clean(text).split()) if isinstance(text, str) else ""
    return "" if "@" in name else name


def _tell(data: Any, around: _Around, starts: dict[str, str | None], result: _Result) -> None:
    upstream_id = identity(data.get("id")) if isinstance(data, dict) else ""
    try:
        session, faults = read(data, _Session)
        if not upstream_id:
            raise ValueError("it has no id")  # noqa: TRY301 - one way to be left out
        if _is_hidden(session):
            return
        if upstream_id in starts:
            if starts[upstream_id] != session.start_time:
                raise ValueError("it came before with another start, and that one is shown")  # noqa: TRY301 - as above
            return
        event, mended = _read_session(session, faults, upstream_id, around)
    except ValueError as error:
        result.rejections.append(
            Rejection(
                kind="dropped", upstream_id=upstream_id, problems=(text_problem(f"{error}."),)
            )
        )
        return
    starts[upstream_id] = session.start_time
    result.events.append(event)
    if mended:
        repairs = tuple(text_problem(f"{reason}.") for reason in mended)
        result.rejections.append(
            Rejection(kind="repaired", upstream_id=upstream_id, problems=repairs)
        )


def _is_hidden(session: _Session) -> bool:
    try:
        return flag(session.hidden)
    except ValueError as error:
        raise ValueError(f"it may be hidden: {error}") from error


def _read_session(
    session: _Session, faults: dict[str, str], upstream_id: str, around: _Around
) -> tuple[Event, list[str]]:
    if not session.start_time:
        raise ValueError("it has no readable start_time")
    mended = told(faults)
    source = around.source
    start = iso_utc(session.start_time).astimezone(around.here)
    description, html = clean_html(session.description or "")
    speakers = (around.name("speakers", speaker, mended) for speaker in session.speakers or ())
    track = around.name("tracks", session.track, mended)
    event = Event(
        uid=event_uid("backstage", source.portal, source.event, "session", upstream_id),
        upstream_id=upstream_id,
        title=clean(session.title or "").strip(),
        start=start,
        end=_end(session, start, mended),
        description=description,
        html=html,
        place=_place(around.name("halls", session.venue, mended), around.place),
        url=around.url,
        status=around.status,
        categories=distinct(track, spoken(session.session_type or "")),
        track=track,
        people=tuple(Person(name=name, role="speaker") for name in distinct(*speakers)),
        language=read_language(session.language) or around.language,
    )
    return event, mended


def _place(hall: str, venue: Place | None) -> Place | None:
    if not hall:
        return venue
    return replace(venue or Place(), hall=hall)


def _end(session: _Session, start: datetime, mended: list[str]) -> datetime:
    """Give start + duration (minutes, a number or digits), or the start where there is no sensible one."""
    try:
        minutes = number(session.duration)
    except ValueError:
        minutes = None
    length = None if minutes is None else timedelta(minutes=minutes)
    if length is None or length > _LONGEST:
        mended.append(
            f"its duration {str(session.duration)[:40]!r} can't be, and it ends when it starts"
        )
        length = timedelta(0)
    return (to_utc(start) + length).astimezone(start.tzinfo)


def _too_long(source: BackstageSource) -> BadDataError:
    return BadDataError(
        f"The agenda of the Backstage event {source.event} has more than {_MOST_DAYS} days, which no event has; "
        "the last good state is kept."
    )
