"""One fetch of a Connect group, or of several, as events.

Pure: no clock, no network. Decided here:

- Connect names an event by its ``streamId``, and no document says how a repeating one comes back; each occurrence may
  be an object of its own with one ``streamId``. An event seen once has a UID of its ``streamId``; where several
  starts are seen, each has a UID of ``streamId`` and start. So that a series keeps its UIDs when only one of its
  occurrences is left in the window, the caller passes the ``streamId``s that were seen to repeat before
  (``repeating_streams`` tells them from the UIDs that are known). The one change that is left is the day on which an
  event begins to repeat.
- ``isPrivate`` is the group's, not the event's: the feed is for that group.
- The people invited, and their answers, are not shown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Alarm, Event, Person, Place
from bridge.domain.rejection import Rejection
from bridge.domain.source import ConnectSource
from bridge.domain.text import clean, clean_html
from bridge.domain.uid import event_uid, slot_text
from bridge.errors import BadDataError
from bridge.problems import text_problem
from bridge.sources.connect.clock import Digits, Span, Times, clock_notes, read_span
from bridge.sources.connect.fetch import listed
from bridge.sources.fields import flag, identity, number, read, told, web_address
from bridge.sources.protocols import ParseResult, Raw

_FARTHEST_REMINDER = timedelta(days=366)


class _Item(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an event says apart from its times (Zoho Connect: upcoming events, update event)."""

    stream_id: Digits = None
    title: str | None = None
    desc: str | None = None
    description: str | None = None
    location: str | None = None
    url: str | None = None
    has_reminder: Any = None
    interval_day: Digits = None
    interval_hour: Digits = None
    interval_minute: Digits = None
    user_details: Any = None
    partition: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One object that can become an event."""

    item: _Item
    faults: dict[str, str]
    stream: str
    span: Span


def parse(
    raw: Raw,
    source: ConnectSource,
    zone: ZoneInfo | None,
    *,
    repeating: frozenset[str] = frozenset(),
) -> ParseResult:
    """Tell the events of one fetch, timed ones in ``zone`` or else in UTC; ``repeating`` are ``streamId``s.

    Not shown twice and not reported: the same ``streamId`` with the same start.
    BadDataError when an answer as a whole is not of the documented shape.
    """
    rejections: list[Rejection] = []
    seen: dict[tuple[str, str], _Seen] = {}
    items = [data for answer in raw["pages"] for data in listed(answer, "upcomingEvents", "events")]
    for data in items:
        try:
            one = _see(data, zone)
        except ValueError as error:
            rejections.append(_left_out(data, error))
        else:
            seen.setdefault((one.stream, slot_text(one.span.start)), one)
    starts = Counter(stream for stream, _ in seen)
    several = repeating | {stream for stream, count in starts.items() if count > 1}
    events = []
    for one in seen.values():
        event, mended = _tell(one, source, several=one.stream in several)
        events.append(event)
        if mended:
            rejections.append(_mended(one.stream, mended))
    notes = (*clock_notes((one.span for one in seen.values()), zone), *_strangers(items, source))
    return ParseResult(
        events=tuple(events), rejections=tuple(rejections), notes=tuple(map(text_problem, notes))
    )


def parse_update(raw: Raw, source: ConnectSource, zone: ZoneInfo | None) -> ParseResult:
    """Tell the one event of an answer to ``updateEvent``, which has a stream around it (Zoho Connect: update event)."""
    wrapper = raw.get("updateEvent")
    stream = wrapper.get("stream") if isinstance(wrapper, dict) else None
    if not isinstance(stream, dict) or not isinstance(stream.get("event"), dict):
        raise BadDataError("Zoho Connect's answer to updateEvent has no stream with an event.")
    data = stream["event"]
    if not data.get("desc") and not data.get("description"):
        data = data | {"desc": "\n".join(_contents(stream.get("content")))}
    return parse({"pages": [{"upcomingEvents": {"events": [data]}}]}, source, zone)


def repeating_streams(source: ConnectSource, known: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Tell, of pairs (UID, upstream id) from earlier parses, the ``streamId``s that have been seen to repeat."""
    return frozenset(
        stream for uid, stream in known if uid != event_uid("connect", source.network, stream)
    )


def _see(data: Any, zone: ZoneInfo | None) -> _Seen:
    item, faults = read(data, _Item)
    stream = identity(item.stream_id)
    if not stream:
        raise ValueError("it has no streamId")
    times, _ = read(data, Times)  # a time that can't be read is as good as none
    return _Seen(item=item, faults=faults, stream=stream, span=read_span(times, zone))


def _tell(one: _Seen, source: ConnectSource, *, several: bool) -> tuple[Event, list[str]]:
    item, span = one.item, one.span
    mended = [*span.mended, *told(one.faults)]
    description, html = clean_html(item.desc or item.description or "")
    location = clean(item.location or "").strip()
    url = _page(item.url, one.stream)
    if not url and (item.url or "").strip():
        mended.append("its url is not a web address and was left out")
    event = Event(
        uid=event_uid("connect", source.network, one.stream, slot=span.start if several else None),
        upstream_id=one.stream,
        title=clean(item.title or "").strip(),
        start=span.start,
        end=span.end,
        description=description,
        html=html,
        place=Place(name=location) if location else None,
        url=url,
        track=_name(item.partition) if "," in source.group else "",
        people=_organizer(item.user_details),
        alarms=_alarms(item, mended),
    )
    return event, mended


def _page(url: str | None, stream: str) -> str:
    """Give the address of the event's page; after an update Zoho writes the id twice at its end."""
    address = web_address(url)
    return address.removesuffix(stream) if address.endswith(f"/{stream}{stream}") else address


def _organizer(details: Any) -> tuple[Person, ...]:
    text = _name(details)
    return (Person(name=text, role="organizer"),) if text and "@" not in text else ()


def _name(of: Any) -> str:
    name = of.get("name") if isinstance(of, dict) else None
    return " ".join(clean(name).split()) if isinstance(name, str) else ""


def _alarms(item: _Item, mended: list[str]) -> tuple[Alarm, ...]:
    """Give the account's own reminder: days, hours and minutes before the start, which nothing but zeros is at."""
    try:
        if not flag(item.has_reminder):
            return ()
        before = timedelta(
            days=number(item.interval_day) or 0,
            hours=number(item.interval_hour) or 0,
            minutes=number(item.interval_minute) or 0,
        )
    except (ValueError, OverflowError) as error:
        mended.append(f"its reminder can't be read and was left out ({error})")
        return ()
    if before > _FARTHEST_REMINDER:
        mended.append("its reminder is more than a year before it and was left out")
        return ()
    return (Alarm(trigger=-before),)


def _contents(content: Any) -> Iterator[str]:
    # No document tells the parts of a stream's content; text is taken where it plainly is.
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            yield text


def _strangers(items: list[Any], source: ConnectSource) -> Iterator[str]:
    """Say when Zoho sends events that neither belong to one of the groups nor invite it.

    BadDataError when all do: then it is an answer about other groups, whose events this feed must not show.
    """
    groups = frozenset(source.groups)
    count = sum(isinstance(data, dict) and _is_elsewhere(data, groups) for data in items)
    if count and count == len(items):
        raise BadDataError(
            f"Zoho Connect was asked for the events of {source.group}, and answers with those of other groups of the "
            f"network {source.network} ({count} events); the last good state is kept."
        )
    if count:
        yield (
            f"Of {len(items)} events {count} belong to other groups of the network {source.network}, though Zoho was "
            f"asked for those of {source.group}; all are shown."
        )


def _is_elsewhere(data: dict[str, Any], groups: frozenset[str]) -> bool:
    partition, people = data.get("partition"), data.get("participants")
    invited = people.get("invitedGroups") if isinstance(people, dict) else None
    named = [partition, *(invited if isinstance(invited, list) else ())]
    ids = {identity(one.get("id")) for one in named if isinstance(one, dict)} - {""}
    return bool(ids) and ids.isdisjoint(groups)


def _left_out(data: Any, error: ValueError) -> Rejection:
    stream = identity(data.get("streamId")) if isinstance(data, dict) else ""
    return Rejection(kind="dropped", upstream_id=stream, problems=(text_problem(f"{error}."),))


def _mended(stream: str, reasons: list[str]) -> Rejection:
    return Rejection(
        kind="repaired",
        upstream_id=stream,
        problems=tuple(text_problem(f"{reason}.") for reason in reasons),
    )
