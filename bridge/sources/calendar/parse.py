"""One complete fetch of a Zoho calendar as events: which objects belong together, and what a series is made of.

Zoho sends a series, its changed instances and its deleted ones as separate objects with one uid, some of them in many
answers at once. Pure: no clock, no network. One bad object costs itself, never its neighbours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.domain.event import Alarm, Event, Moment, Recurrence, Rule
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.domain.uid import event_uid, slot_text
from bridge.problems import text_problem
from bridge.sources.calendar.event import is_deleted, is_gone, read_alarms, read_event
from bridge.sources.calendar.rule import read_rule, repeats
from bridge.sources.calendar.times import Span, read_span, slot
from bridge.sources.calendar.wire import Item, objects, read_calendar, read_item
from bridge.sources.dates import compact
from bridge.sources.protocols import ParseResult, Raw

_DECISIVE = ("recurrenceid", "estatus")  # without them nobody can say what the object is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    """What the calendar itself gives to its events."""

    calendar: str
    zone: ZoneInfo | None
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One object, the original start that it is about (None: the event itself), and how new it is."""

    item: Item
    faults: dict[str, str]
    original: date | None
    version: tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """An event by itself, before its rule and its instances; ``mended`` grows with what can't be read of them."""

    item: Item
    span: Span
    event: Event
    mended: list[str]

    def rule(self) -> Rule | None:
        """Read how it repeats; None when it does not, or not in a way that can be told."""
        if not repeats(self.item):
            return None
        try:
            return read_rule(self.item, self.span)
        except ValueError as error:
            self.mended.append(
                f"only its first occurrence is shown, for its rule can't be used: {error}"
            )
            return None

    def exdates(self) -> dict[str, Moment]:
        """Read the slots that ``exdate`` empties, by their text."""
        texts = (
            self.item.exdate.split(",")
            if isinstance(self.item.exdate, str)
            else self.item.exdate or []
        )
        excluded: dict[str, Moment] = {}
        for text in filter(str.strip, texts):
            try:
                original = slot(text, self.span)
            except ValueError as error:
                self.mended.append(f"one of its left out dates can't be read: {error}")
            else:
                excluded[slot_text(original)] = original
        return excluded


def parse(raw: Raw, source: CalendarSource) -> ParseResult:
    """Tell the events of one fetch, in the order in which Zoho first names them.

    BadDataError when an answer as a whole is not of the documented shape.
    """
    home, notes = _home(raw, source)
    notes += tuple(note for note in raw.get("notes", ()) if isinstance(note, str))
    newest, unread = _newest(raw)
    families: dict[str, list[_Seen]] = {}
    for seen in newest:
        families.setdefault(seen.item.uid, []).append(seen)
    teller = _Teller(home=home, rejections=unread)
    for family in families.values():
        teller.tell(family)
    return ParseResult(
        events=tuple(teller.events),
        rejections=tuple(teller.rejections),
        notes=tuple(map(text_problem, notes)),
    )


def _home(raw: Raw, source: CalendarSource) -> tuple[_Home, tuple[str, ...]]:
    answer = raw["calendar"]
    found = (
        objects(answer, "calendars")
        if isinstance(answer, dict) and "calendars" in answer
        else [answer]
    )
    info, faults = read_calendar(found[0] if found else {})
    alarms, unread = read_alarms(info.reminders or ())
    own_zone = zone(info.timezone) if info.timezone else None
    notes = [f"The calendar's {name} can't be read ({why})." for name, why in faults.items()]
    notes += [f"In the calendar's default reminders {reason}." for reason in unread]
    if info.timezone and own_zone is None:
        notes.append(f"The calendar's time zone {info.timezone!r} is unknown.")
    return _Home(calendar=source.calendar, zone=own_zone, alarms=alarms), tuple(notes)


def _newest(raw: Raw) -> tuple[Iterable[_Seen], list[Rejection]]:
    """Give each event and each instance once, in its newest version; of equal ones the last, from the details."""
    newest: dict[tuple[str, date | None], _Seen] = {}
    unread: list[Rejection] = []
    for data in _everything(raw):
        try:
            seen = _seen(data)
        except ValueError as error:
            upstream_id = (
                data["uid"] if isinstance(data, dict) and isinstance(data.get("uid"), str) else ""
            )
            unread.append(_dropped(upstream_id, "The event", error))
            continue
        key = seen.item.uid, seen.original
        if key not in newest or newest[key].version <= seen.version:
            newest[key] = seen
    return newest.values(), unread


def _everything(raw: Raw) -> Iterator[Any]:
    for answer in (*raw["pages"], *raw.get("details", {}).values()):
        yield from objects(answer, "events")


def _seen(data: Any) -> _Seen:
    item, faults = read_item(data)
    for name in _DECISIVE:
        if name in faults:
            raise ValueError(f"{name} can't be read ({faults[name]})")
    return _Seen(
        item=item,
        faults=faults,
        original=compact(item.recurrenceid.strip()) if item.recurrenceid else None,
        version=(_number(item.etag), item.lastmodifiedtime or ""),
    )


def _number(etag: int | str | None) -> int:
    if isinstance(etag, str):
        return int(etag) if etag.isdecimal() and len(etag) < 20 else 0
    return etag or 0


@dataclass(slots=True, kw_only=True)
class _Teller:
    """Tells events family by family, and keeps what went wrong beside them."""

    home: _Home
    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def tell(self, family: list[_Seen]) -> None:
        """Tell the events that the objects with one uid make."""
        plain = [seen for seen in family if seen.original is None]
        master = next(iter(plain or [seen for seen in family if repeats(seen.item)]), None)
        instances = sorted(
            (seen for seen in family if seen is not master), key=lambda seen: seen.version
        )
        if master is None:
            self._alone(instances)
            return
        if is_deleted(master.item):
            return
        try:
            span = read_span(master.item, self.home.zone)
            event, mended = self._read(master, span)
        except ValueError as error:
            self.rejections.append(_dropped(master.item.uid, "The event", error))
            self._alone(instances)
        else:
            self._series(
                _Series(item=master.item, span=span, event=event, mended=list(mended)), instances
            )

    def _read(self, seen: _Seen, span: Span) -> tuple[Event, tuple[str, ...]]:
        uid = event_uid("calendar", self.home.calendar, seen.item.uid)
        return read_event(seen.item, seen.faults, span, uid=uid, defaults=self.home.alarms)

    def _series(self, series: _Series, instances: list[_Seen]) -> None:
        rule = series.rule()
        excluded = series.exdates()
        self._mended(series.item.uid, "The event", series.mended)
        overrides: dict[str, Event] = {}
        for (
            seen
        ) in instances:  # the oldest first: of two objects about one slot the newer one counts
            try:
                original = slot(seen.item.recurrenceid or "", series.span)
                key = slot_text(original)
                if is_gone(seen.item):
                    excluded[key] = original
                    overrides.pop(key, None)
                    continue
                event, mended = self._read(seen, read_span(seen.item, self.home.zone))
            except ValueError as error:
                self.rejections.append(_dropped(seen.item.uid, _instance(seen), error))
            else:
                excluded.pop(key, None)
                overrides[key] = replace(event, recurrence_id=original)
                self._mended(seen.item.uid, _instance(seen), mended)
        changed = [overrides[key] for key in sorted(overrides)]
        if rule is not None:
            recurrence = Recurrence(
                rule=rule, excluded=tuple(excluded[key] for key in sorted(excluded))
            )
            self.events.append(
                replace(series.event, recurrence=recurrence, overrides=tuple(changed))
            )
            return
        if slot_text(series.event.start) not in excluded.keys() | overrides.keys():
            self.events.append(series.event)
        self.events += [self._detached(event, event.recurrence_id) for event in changed]

    def _alone(self, instances: Iterable[_Seen]) -> None:
        # The series was not sent, and clients ignore an override without its series (rulebook 43).
        alone: dict[
            str, Event
        ] = {}  # by UID: two forms of one slot are one event, in its newer version (rulebook 19)
        for seen in instances:
            if is_gone(seen.item):
                continue
            try:
                event, mended = self._read(seen, read_span(seen.item, self.home.zone))
            except ValueError as error:
                self.rejections.append(_dropped(seen.item.uid, _instance(seen), error))
            else:
                event = self._detached(event, seen.original)
                alone[event.uid] = event
                self._mended(seen.item.uid, _instance(seen), mended)
        self.events += alone.values()

    def _detached(self, event: Event, original: date | None) -> Event:
        if isinstance(original, datetime) and original.tzinfo is None:
            original = original.replace(tzinfo=UTC_ZONE)  # for the name alone
        # The UID that shaping gives an instance of a series that was sent: a series that comes or goes changes nothing.
        return replace(
            event, uid=event_uid(event.uid, slot=original), recurrence_id=None, related_to=event.uid
        )

    def _mended(self, upstream_id: str, what: str, reasons: Iterable[str]) -> None:
        if repairs := tuple(text_problem(f"{what}: {reason}.") for reason in reasons):
            self.rejections.append(
                Rejection(kind="repaired", upstream_id=upstream_id, problems=repairs)
            )


def _dropped(upstream_id: str, what: str, error: ValueError) -> Rejection:
    return Rejection(
        kind="dropped", upstream_id=upstream_id, problems=(text_problem(f"{what}: {error}."),)
    )


def _instance(seen: _Seen) -> str:
    return f"The instance of {seen.item.recurrenceid}"
