"""An event as the store keeps it: JSON bytes that give the same Event back, and the hash that tells a change.

The bytes are deterministic and leave defaults out, so that a field added to the model later changes no old hash.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
import functools
import hashlib
from typing import Any

import msgspec

from bridge.domain import timezones
from bridge.domain.event import Alarm, Event, Moment, Person, Place, Recurrence, Rule, Status
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource, Source

_SOURCES: Mapping[str, type[Source]] = {
    "backstage": BackstageSource,
    "connect": ConnectSource,
    "calendar": CalendarSource,
}


def encode(event: Event) -> bytes:
    """Write an event as JSON; equal events give equal bytes."""
    return _json(event)


def decode(data: bytes) -> Event:
    """Read what ``encode`` wrote."""
    return _event(msgspec.json.decode(data))


def content_hash(event: Event) -> str:
    """Name an event's content: two events of one hash are the same in everything a feed could show (rulebook 20)."""
    return hashlib.sha256(encode(event)).hexdigest()


def encode_source(source: Source) -> str:
    """Write a source as JSON, its kind included."""
    return msgspec.json.encode(
        {"kind": source.kind, **_plain(source)}, order="deterministic"
    ).decode()


def decode_source(text: str) -> Source:
    """Read what ``encode_source`` wrote."""
    data = msgspec.json.decode(text)
    return _SOURCES[data.pop("kind")](**data)


def encode_feed(feed: Feed) -> str:
    """Write a feed's definition as JSON; equal definitions give equal text."""
    data = _plain(feed) | {"sources": [encode_source(source) for source in feed.sources]}
    return msgspec.json.encode(data, order="deterministic").decode()


def decode_feed(text: str) -> Feed:
    """Read what ``encode_feed`` wrote."""
    data = msgspec.json.decode(text)
    data["sources"] = tuple(decode_source(source) for source in data["sources"])
    for name in ("past", "future"):
        if name in data:
            data[name] = timedelta(seconds=data[name])
    return Feed(**data)


def _json(value: object) -> bytes:
    return msgspec.json.encode(_plain(value), order="deterministic")


def _plain(value: Any) -> Any:
    """Turn a value of the model into what JSON knows; times keep their zone by name."""
    if isinstance(value, str | int) or value is None:  # first, for most are
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return f"{value:%Y%m%dT%H%M%S}{'+' * value.fold}[{value.tzinfo.key}]"  # type: ignore[union-attr]
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    plain = {}
    kind: Any = type(value)  # mypy finds no type hashable
    for name, default in _fields(kind):
        one = getattr(value, name)
        if one is not default and one != default:
            plain[name] = _plain(one)
    return plain


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Give the names and defaults of a dataclass's fields; MISSING, which equals no value, where there is none."""
    return tuple((field.name, field.default) for field in fields(kind))


def _moment(text: str) -> Moment:
    if "[" not in text:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a DATE has no zone
    digits, key = text[:-1].split("[")
    wall = datetime.strptime(digits.rstrip("+"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the zone follows
    return wall.replace(tzinfo=timezones.zone_by_key(key), fold=int(digits.endswith("+")))


def _rule(data: dict[str, Any]) -> Rule:
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    until = {"until": _moment(data["until"])} if "until" in data else {}
    return Rule(**data | lists | until)


def _event(data: dict[str, Any]) -> Event:
    for name in ("start", "end", "recurrence_id"):
        if name in data:
            data[name] = _moment(data[name])
    if "place" in data:
        data["place"] = Place(**data["place"])
    if "status" in data:
        data["status"] = Status(data["status"])
    if "recurrence" in data:
        excluded = tuple(_moment(slot) for slot in data["recurrence"].get("excluded", ()))
        data["recurrence"] = Recurrence(rule=_rule(data["recurrence"]["rule"]), excluded=excluded)
    data["categories"] = tuple(data.get("categories", ()))
    data["people"] = tuple(Person(**person) for person in data.get("people", ()))
    data["alarms"] = tuple(
        Alarm(trigger=timedelta(seconds=alarm["trigger"])) for alarm in data.get("alarms", ())
    )
    data["overrides"] = tuple(_event(override) for override in data.get("overrides", ()))
    return Event(**data)
