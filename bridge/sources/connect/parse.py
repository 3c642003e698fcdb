"""The parser of one fetch of a Connect group, or of several groups. Pure.

- Connect names an event by its ``streamId``, and no document says how a repeating event comes back.
  Each occurrence may be an object of its own with one ``streamId`` (Zoho APIs 3.4). A ``streamId``
  with one start has a UID of the ``streamId``. With several starts, each has a UID of ``streamId``
  and start. The caller passes the ``streamId``s that repeated before (``repeating_streams``), so
  that a series keeps its UIDs when only one occurrence is left in the window. UIDs change only on
  the day on which an event begins to repeat.
- ``isPrivate`` is the group's, not the event's: the feed is for that group.
- The invited people and their answers are not shown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Alarm, Event, Person
from bridge.domain.problems import BadValueError, Problem, problem, reason
from bridge.domain.source import ConnectSource
from bridge.domain.uid import event_uid, slot_text
from bridge.errors import BadDataError
from bridge.sources import fields
from bridge.sources.connect.times import Digits, Span, Times, clock_note, read_span
from bridge.sources.protocols import Collector, ParseResult, Raw
from bridge.sources.shapes import listed

_FARTHEST_REMINDER = timedelta(days=366)


class _Item(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields of an event apart from its times (Zoho APIs 3.4, 3.6)."""

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
class _Occurrence:
    """One object that can become an event."""

    item: _Item
    faults: fields.Faults
    stream: str
    span: Span


def parse(
    raw: Raw, source: ConnectSource, zone: ZoneInfo | None, repeating: frozenset[str] = frozenset()
) -> ParseResult:
    """Parse the events of one fetch, timed ones in ``zone`` or else in UTC.

    ``repeating`` are ``streamId``s. The same ``streamId`` with the same start counts once. Raises
    BadDataError if the answer does not have the documented shape.
    """
    result = Collector()
    occurrences: dict[tuple[str, str], _Occurrence] = {}
    items = [
        data for answer in raw["pages"] for data in listed(answer, "connect", "upcomingEvents")
    ]
    for data in items:
        try:
            occurrence = _read(data, zone)
        except ValueError as error:
            url = fields.title_of(data, "url")
            result.drop(fields.id_of(data, "streamId"), fields.title_of(data), error, url)
        else:
            key = occurrence.stream, slot_text(occurrence.span.start)
            occurrences.setdefault(key, occurrence)
    starts = Counter(stream for stream, _ in occurrences)
    several = repeating | {stream for stream, count in starts.items() if count > 1}
    for occurrence in occurrences.values():
        event, repairs = _event(occurrence, source, several=occurrence.stream in several)
        result.events.append(event)
        result.repair(occurrence.stream, event.title, repairs, event.url)
    spans = [occurrence.span for occurrence in occurrences.values()]
    notes = clock_note(spans, zone), _groups_note(items, source)
    result.notes += filter(None, notes)
    return result.result()


def parse_update(raw: Raw, source: ConnectSource, zone: ZoneInfo | None) -> ParseResult:
    """Parse the event of an answer to ``updateEvent``, which wraps it in a stream."""
    wrapper = raw.get("updateEvent")
    stream = wrapper.get("stream") if isinstance(wrapper, dict) else None
    if not isinstance(stream, dict) or not isinstance(stream.get("event"), dict):
        raise BadDataError("update-without-event")
    data = stream["event"]
    if not data.get("desc") and not data.get("description"):
        data = data | {"desc": "\n".join(_contents(stream.get("content")))}
    return parse({"pages": [{"upcomingEvents": {"events": [data]}}]}, source, zone)


def repeating_streams(source: ConnectSource, known: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the ``streamId``s that repeat, of pairs (UID, upstream id) from earlier parses."""
    return frozenset(
        stream for uid, stream in known if uid != event_uid("connect", source.network, stream)
    )


def _read(data: Any, zone: ZoneInfo | None) -> _Occurrence:
    item, faults = fields.read(data, _Item)
    stream = fields.identity(item.stream_id)
    if not stream:
        raise BadValueError("no-id")
    times, _ = fields.read(data, Times)  # an unreadable time counts as none
    return _Occurrence(item=item, faults=faults, stream=stream, span=read_span(times, zone))


def _event(
    occurrence: _Occurrence, source: ConnectSource, *, several: bool
) -> tuple[Event, list[Problem]]:
    item, span, stream = occurrence.item, occurrence.span, occurrence.stream
    repairs = [*span.repairs, *fields.left_out(occurrence.faults)]
    url = fields.read_address(item.url, "url", repairs)
    if url.endswith(f"/{stream}{stream}"):  # after an update Zoho writes the id twice
        url = url.removesuffix(stream)
    event = Event(
        uid=event_uid("connect", source.network, stream, slot=span.start if several else None),
        upstream_id=stream,
        **fields.texts(item.title, item.desc or item.description, repairs),
        start=span.start,
        end=span.end,
        place=fields.place_by_name(item.location),
        url=url,
        track=fields.title_of(item.partition, "name") if "," in source.group else "",
        people=_organizer(item.user_details),
        alarms=_alarms(item, repairs),
    )
    return event, repairs


def _organizer(details: Any) -> tuple[Person, ...]:
    text = fields.title_of(details, "name")
    return (Person(name=text, role="organizer"),) if text and "@" not in text else ()


def _alarms(item: _Item, repairs: list[Problem]) -> tuple[Alarm, ...]:
    """Read the account's own reminder: days, hours and minutes before the start, zeros at it."""
    try:
        if not fields.flag(item.has_reminder):
            return ()
        before = timedelta(
            days=fields.number(item.interval_day) or 0,
            hours=fields.number(item.interval_hour) or 0,
            minutes=fields.number(item.interval_minute) or 0,
        )
    except OverflowError:
        before = timedelta.max
    except ValueError as error:
        repairs.append(problem("field-left-out", field="hasReminder", why=reason(error)))
        return ()
    if before > _FARTHEST_REMINDER:
        repairs.append(problem("reminder-too-early"))
        return ()
    return (Alarm(trigger=-before),)


def _contents(content: Any) -> Iterator[str]:
    # No document describes the parts of a stream's content; obvious text is taken.
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            yield text


def _groups_note(items: list[Any], source: ConnectSource) -> Problem | None:
    """Return a remark if Zoho sent events that neither belong to a group nor invite it.

    Raises BadDataError if all events do: this feed must not show events of other groups.
    """
    if source.partition == "DEFAULT" or source.shared_with_me:
        return None  # what they hold is not named by a group
    groups = frozenset(source.groups or (source.url,))
    name = "id" if source.group else "partitionUrl"
    count = sum(isinstance(data, dict) and _is_elsewhere(data, groups, name) for data in items)
    if not count:
        return None
    group, network = source.group or source.url, source.network
    if count == len(items):
        raise BadDataError("other-groups", count=count, groups=group, network=network)
    return problem(
        "some-other-groups", count=count, total=len(items), groups=group, network=network
    )


def _is_elsewhere(data: dict[str, Any], groups: frozenset[str], name: str) -> bool:
    partition, people = data.get("partition"), data.get("participants")
    invited = people.get("invitedGroups") if isinstance(people, dict) else None
    owners = [partition, *(invited if isinstance(invited, list) else ())]
    ids = {fields.id_of(owner, name) for owner in owners} - {""}
    return bool(ids) and ids.isdisjoint(groups)
