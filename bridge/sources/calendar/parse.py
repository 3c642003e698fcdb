"""The parser of one fetch of a Zoho calendar: which objects belong together, and their series.

Zoho sends a series, its changed instances and its deleted ones as separate objects with one uid,
some of them in many answers at once (Zoho APIs 4.4). Pure: no clock, no network. One bad object
costs itself, never its neighbours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Alarm, Event, Moment, Recurrence, Rule
from bridge.domain.problems import BadValueError, Problem, from_plain, problem, reason
from bridge.domain.recurrence.parse import MOST_A_DAY, without_density
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.domain.uid import event_uid, slot_text
from bridge.sources.calendar.event import is_deleted, is_gone, read_alarms, read_event
from bridge.sources.calendar.rule import read_rule, repeats
from bridge.sources.calendar.times import Span, read_span, slot
from bridge.sources.calendar.wire import Item, read_calendar, read_item, uid_of
from bridge.sources.dates import compact
from bridge.sources.fields import Faults, title_of
from bridge.sources.protocols import Collector, ParseResult, Raw

_MOST_EXCEPTIONS = 3000  # of one series; each is sought among the slots of the rule
_MOST_TEXT = 1_000_000  # characters of the descriptions of a series' instances
_DECISIVE = ("recurrenceid", "estatus")  # without them it is unclear what the object is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """One object with its age, and the original start that it changes (None: the event itself)."""

    item: Item
    faults: Faults
    original: date | None
    version: tuple[int, str]


def parse(raw: Raw, source: CalendarSource) -> ParseResult:
    """Parse the events of one fetch, in the order in which Zoho first names them."""
    parser = _Parser(calendar=source.calendar)
    parser.read_home(raw["calendar"])
    parser.collector.notes += [from_plain(note) for note in raw.get("notes", ())]
    families: dict[str, list[_Object]] = {}
    for data in _newest(raw, parser.collector):
        families.setdefault(data.item.uid, []).append(data)
    for family in families.values():
        parser.add(family)
    return parser.collector.result()


def _newest(raw: Raw, collector: Collector) -> Iterable[_Object]:
    """Return the newest version of each event and instance; of equal ones that of the details."""
    newest: dict[tuple[str, date | None], _Object] = {}
    for data in chain(*raw["pages"], *raw.get("details", {}).values()):
        try:
            value = _read(data)
        except ValueError as error:
            collector.drop(uid_of(data), title_of(data), error, title_of(data, "viewEventURL"))
            continue
        key = value.item.uid, value.original
        if key not in newest or newest[key].version <= value.version:
            newest[key] = value
    return newest.values()


def _read(data: Any) -> _Object:
    item, faults = read_item(data)
    for name in _DECISIVE:
        if name in faults:
            raise BadValueError("field-unreadable", field=name, why=faults[name])
    original = compact(item.recurrenceid.strip()) if item.recurrenceid else None
    version = _number(item.etag), item.lastmodifiedtime or ""
    return _Object(item=item, faults=faults, original=original, version=version)


def _number(etag: int | str | None) -> int:
    if isinstance(etag, str):
        return int(etag) if etag.isdecimal() and len(etag) < 20 else 0
    return etag or 0


@dataclass(slots=True, kw_only=True)
class _Parser:
    """The parser of events, uid by uid; ``zone`` and ``alarms`` are those of the calendar."""

    calendar: str
    zone: ZoneInfo | None = None
    alarms: tuple[Alarm, ...] = ()
    collector: Collector = field(default_factory=Collector)

    def read_home(self, data: Any) -> None:
        """Read what the calendar itself provides for its events."""
        info, faults = read_calendar(data)
        self.alarms, unread = read_alarms(info.reminders or ())
        self.zone = zone(info.timezone) if info.timezone else None
        self.collector.profile = info.profile
        notes = self.collector.notes
        for name, why in faults.items():
            notes.append(problem("calendar-field-unreadable", field=name, why=why))
        notes += [problem("default-reminder-unreadable")] * unread
        if info.timezone and self.zone is None:
            notes.append(problem("calendar-zone-unknown", zone=info.timezone))

    def add(self, family: list[_Object]) -> None:
        """Add the events of the objects with one uid."""
        plain = [data for data in family if data.original is None]
        master = next(iter(plain or [data for data in family if repeats(data.item)]), None)
        instances = [data for data in family if data is not master]
        instances.sort(key=lambda data: data.version)
        if master is None:
            self._add_alone(instances)
        elif not is_deleted(master.item):
            self._add_series(master, instances)

    def _event(self, data: _Object, span: Span) -> tuple[Event, list[Problem]]:
        uid = event_uid("calendar", self.calendar, data.item.uid)
        return read_event(data.item, data.faults, span, uid=uid, defaults=self.alarms)

    def _instance(self, data: _Object) -> Event | None:
        """Return a changed instance alone; reject it and return None if it can't be read."""
        uid, title, name = data.item.uid, data.item.title or "", data.item.recurrenceid or ""
        try:
            event, repairs = self._event(data, read_span(data.item, self.zone))
        except ValueError as error:
            self._drop_instance(data, error)
            return None
        problems = [problem("of-instance", slot=name, problem=repair) for repair in repairs]
        self.collector.repair(uid, title, problems, data.item.view_url)
        return event

    def _drop_instance(self, data: _Object, error: ValueError) -> None:
        why = problem("of-instance", slot=data.item.recurrenceid or "", problem=reason(error))
        self.collector.drop(data.item.uid, data.item.title or "", why, data.item.view_url)

    def _add_series(self, master: _Object, instances: Sequence[_Object]) -> None:
        """Add a series with its instances, the oldest first; instances alone if it is unreadable.

        Of two objects about one slot the newer one counts.
        """
        item = master.item
        try:
            span = read_span(item, self.zone)
            event, repairs = self._event(master, span)
        except ValueError as error:
            self.collector.drop(item.uid, item.title or "", error, item.view_url)
            self._add_alone(instances)
            return
        rule = _rule(item, span, repairs)
        excluded = _exdates(item, span, repairs)
        if len(excluded) + len(instances) > _MOST_EXCEPTIONS:
            why = problem("too-many-exceptions", most=f"{_MOST_EXCEPTIONS:,}")
            self.collector.drop(item.uid, item.title or "", why, item.view_url)
            return
        self.collector.repair(item.uid, event.title, repairs, item.view_url)
        overrides: dict[str, Event] = {}
        room = _MOST_TEXT
        for data in instances:
            room -= len(data.item.description or "")
            try:
                original = slot(data.item.recurrenceid or "", span)
            except ValueError as error:
                self._drop_instance(data, error)
                continue
            key = slot_text(original)
            if is_gone(data.item):
                excluded[key] = original
                overrides.pop(key, None)
            elif changed := self._instance(data if room >= 0 else _without_text(data)):
                excluded.pop(key, None)
                overrides[key] = replace(changed, recurrence_id=original)
        if room < 0:
            why = problem("descriptions-left-out", most=f"{_MOST_TEXT:,}")
            self.collector.repair(item.uid, event.title, [why], item.view_url)
        changes = tuple(overrides[key] for key in sorted(overrides))
        events = self.collector.events
        if rule is not None:
            slots = tuple(excluded[key] for key in sorted(excluded))
            recurrence = Recurrence(rule=rule, excluded=slots)
            events.append(replace(event, recurrence=recurrence, overrides=changes))
            return
        if slot_text(event.start) not in excluded.keys() | overrides.keys():
            events.append(event)
        events += [_detached(change, change.recurrence_id) for change in changes]

    def _add_alone(self, instances: Iterable[_Object]) -> None:
        # The series was not sent, and clients ignore an override without its series (rulebook 43).
        # By UID: two forms of one slot are one event, in its newer version (rulebook 19).
        alone: dict[str, Event] = {}
        for data in instances:
            if not is_gone(data.item) and (event := self._instance(data)):
                event = _detached(event, data.original)
                alone[event.uid] = event
        self.collector.events += alone.values()


def _without_text(data: _Object) -> _Object:
    return replace(data, item=msgspec.structs.replace(data.item, description=None))


def _rule(item: Item, span: Span, repairs: list[Problem]) -> Rule | None:
    """Return the repeat rule; None if there is none, or none that can be used."""
    if not repeats(item):
        return None
    try:
        rule = read_rule(item, span)
    except ValueError as error:
        repairs.append(problem("rule-unusable", why=reason(error)))
        return None
    sparse = without_density(rule, span.start)
    if sparse != rule:
        repairs.append(problem("rule-too-dense", most=MOST_A_DAY))
    return sparse


def _exdates(item: Item, span: Span, repairs: list[Problem]) -> dict[str, Moment]:
    """Return the slots that ``exdate`` empties, by their text."""
    texts = item.exdate.split(",") if isinstance(item.exdate, str) else item.exdate or []
    excluded: dict[str, Moment] = {}
    for text in filter(str.strip, texts):
        try:
            original = slot(text, span)
        except BadValueError as error:
            repairs.append(problem("excluded-date-unreadable", why=error.problem))
        else:
            excluded[slot_text(original)] = original
    return excluded


def _detached(event: Event, original: date | None) -> Event:
    """Return an instance that stands alone, with the UID that it has beside its series."""
    if isinstance(original, datetime) and original.tzinfo is None:
        original = original.replace(tzinfo=UTC_ZONE)  # for the name alone
    uid = event_uid(event.uid, slot=original)
    return replace(event, uid=uid, recurrence_id=None, related_to=event.uid)
