"""The JSON form of events, sources and feeds in the store, and the hash of an event's content.

The bytes are deterministic and leave out defaults, so that a new field of the model changes no
stored hash.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache, partial
import hashlib
from typing import Any, TypeVar

import msgspec

from bridge.domain.event import Alarm, Event, Moment, Person, Place, Recurrence, Rule, Status
from bridge.domain.feed import Feed
from bridge.domain.records import Reading
from bridge.domain.source import SOURCE_TYPES, CalendarProfile, Source
from bridge.domain.source_rule import Condition, SourceRule
from bridge.domain.timezones import zone_by_key

# Fields that filters use and no feed shows.
LABEL_FIELDS = ("track", "answer")

_Value = TypeVar("_Value")


def encode(event: Event) -> bytes:
    """Return an event as JSON. Equal events return equal bytes."""
    return _json(_plain(event))


def decode(data: bytes) -> Event:
    """Return the event that ``encode`` wrote."""
    return _read(Event, msgspec.json.decode(data))


def content_hash(event: Event) -> str:
    """Return a hash of all the fields that a feed can show, so not of labels (rulebook 20)."""
    plain = _plain(event)
    for part in (plain, *plain.get("overrides", ())):
        for name in LABEL_FIELDS:
            part.pop(name, None)
    return payload_hash(_json(plain))


def payload_hash(payload: bytes) -> str:
    """Return the hash of an event as stored, labels included."""
    return hashlib.sha256(payload).hexdigest()


def encode_source(source: Source) -> str:
    """Return a source as JSON, with its kind."""
    return _json({"kind": source.kind, **_plain(source)}).decode()


def decode_source(text: str) -> Source:
    """Return the source that ``encode_source`` wrote."""
    data = msgspec.json.decode(text)
    return SOURCE_TYPES[data.pop("kind")](**data)


def encode_profile(profile: CalendarProfile) -> str:
    """Return a calendar's profile as JSON."""
    return _json(_plain(profile)).decode()


def decode_profile(text: str | None) -> CalendarProfile | None:
    """Return the profile that ``encode_profile`` wrote, None for none."""
    return msgspec.json.decode(text, type=CalendarProfile) if text else None


def encode_reading(reading: Reading | None) -> str | None:
    """Return the fingerprint of a read as JSON."""
    return _json(reading).decode() if reading else None


def decode_reading(text: str | None) -> Reading | None:
    """Return the fingerprint that ``encode_reading`` wrote, None for none."""
    return msgspec.json.decode(text, type=Reading) if text else None


def encode_feed(feed: Feed) -> str:
    """Return a feed's definition as JSON. Equal definitions return equal text."""
    return _json(_plain(feed) | {"sources": [*map(encode_source, feed.sources)]}).decode()


def decode_feed(text: str) -> Feed:
    """Return the feed that ``encode_feed`` wrote."""
    data = msgspec.json.decode(text)
    data["sources"] = tuple(map(decode_source, data["sources"]))
    data["rules"] = tuple(_read(SourceRule, rule) for rule in data.get("rules", ()))
    spans = {name: _seconds(data[name]) for name in ("past", "future", "reminder") if name in data}
    return Feed(**data | spans)


def plain_rule(rule: SourceRule) -> dict[str, Any]:
    """Return the parts of a rule that differ from their defaults, apart from its source."""
    return {name: value for name, value in _plain(rule).items() if name != "source"}


def _json(plain: Any) -> bytes:
    return msgspec.json.encode(plain, order="deterministic")


def _plain(value: Any) -> Any:
    """Return a value of the model as JSON types. Times keep their zone by its key."""
    if isinstance(value, str | int) or value is None:  # first, because most values are
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        zone: Any = value.tzinfo
        return f"{value:%Y%m%dT%H%M%S}{'+' * value.fold}[{zone.key}]"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    return {
        name: _plain(field)
        for name, default in _defaults(type(value))  # type: ignore[arg-type]
        if (field := getattr(value, name)) is not default and field != default
    }


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Return the names and defaults of a dataclass's fields. MISSING equals no value."""
    return tuple((field.name, field.default) for field in fields(kind))


def _read(kind: type[_Value], data: Mapping[str, Any]) -> _Value:
    return kind(**{name: _field(name, value) for name, value in data.items()})


def _moment(text: str) -> Moment:
    if "[" not in text:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a DATE has no zone
    digits, key = text[:-1].split("[")
    wall = datetime.strptime(digits.rstrip("+"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the zone follows
    return wall.replace(tzinfo=zone_by_key(key), fold=int(digits.endswith("+")))


def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


# The parsers of the fields that are no plain text, number or boolean. Of a list, of its items.
_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("start", "end", "recurrence_id", "until", "excluded"), _moment),
    "trigger": _seconds,
    **dict.fromkeys(("only", "without"), partial(_read, Condition)),
    "status": Status,
    "place": partial(_read, Place),
    "recurrence": partial(_read, Recurrence),
    "rule": partial(_read, Rule),
    "people": partial(_read, Person),
    "alarms": partial(_read, Alarm),
    "overrides": partial(_read, Event),
}


def _field(name: str, value: Any) -> Any:
    """Return a field of an event, or of a part of it, from its JSON."""
    parse = _PARSERS.get(name)
    if isinstance(value, list):
        return tuple(map(parse, value) if parse else value)
    return parse(value) if parse else value
