"""One event of Zoho Backstage: its JSON, whether it is published, its place, its calendar event.

The people who made or changed an event are not decoded: a feed must not show their addresses. An
event that is not clearly published is not shown. An event of a day or longer takes no time (not
busy): a conference of four days must not block four days of a calendar (Zoho APIs 6.4).
"""

from datetime import datetime, timedelta
from html import escape
import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Event, Place, Status, to_utc
from bridge.domain.problems import BadValueError, Problem, problem
from bridge.domain.text import clean, clean_html
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sources import fields
from bridge.sources.dates import iso_utc
from bridge.sources.fields import (
    Faults,
    end_or_start,
    identity,
    left_out,
    read,
    read_address,
    read_title,
)

_UNPUBLISHED, _CANCELED = 0, 4
_PUBLISHED = frozenset({1, 2, 3})
_HIDDEN_WORDS = frozenset({"unpublished", "draft", "drafts", "trash", "trashed", "deleted"})
_SHOWN_WORDS = frozenset({"published", "running", "completed", "live"})
_CANCELED_WORDS = frozenset({"canceled", "cancelled"})
_KINDS = {3: "Online", 4: "Hybrid"}
_LONG = timedelta(days=1)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class BackstageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that a calendar needs (Zoho APIs 2.3)."""

    id: str | int | None = None
    timezone: str | None = None
    status: int | None = None
    status_string: str | None = None
    canceled_on: Any = None
    category: str | None = None
    tags: list[Any] | None = None
    language: str | None = None
    name: str | None = None
    description: str | None = None
    summary: str | None = None
    event_type: int | None = None
    start_time: str | None = None
    end_time: str | None = None
    website_url: str | None = None
    thumbnail_url: str | None = None
    venue: Any = None
    venues: Any = None


class _Venue(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


def read_event(
    item: BackstageEvent, faults: Faults, *, uid: str, status: Status, here: ZoneInfo
) -> tuple[Event, list[Problem]]:
    """Return a single event, and what was repaired or left out.

    Raises BadValueError without a readable start.
    """
    if "start_time" in faults or not item.start_time:
        raise _unread(faults, "start_time", "no-start")
    repairs = left_out({name: why for name, why in faults.items() if name != "end_time"})
    start = iso_utc(item.start_time).astimezone(here)
    end = _end(item, start, faults, repairs)
    description, html = _description(item, repairs)
    event = Event(
        uid=uid,
        upstream_id=identity(item.id),
        title=read_title(item.name),
        start=start,
        end=end,
        description=description,
        html=html,
        place=read_place(item, repairs),
        url=read_address(item.website_url, "website_url", repairs),
        image_url=read_address(item.thumbnail_url, "thumbnail_url", repairs),
        status=status,
        busy=to_utc(end) - to_utc(start) < _LONG,
        categories=distinct(*_labels(item, repairs)),
        language=read_language(item.language),
    )
    return event, repairs


def read_status(item: BackstageEvent) -> Status | None:
    """Return the status; None for drafts and rubbish, which must not be shown (Zoho APIs 2.3).

    Raises BadValueError for an undocumented status: it may be one that must not be shown.
    """
    word = (item.status_string or "").strip().lower()
    if item.status == _UNPUBLISHED or word in _HIDDEN_WORDS:
        return None
    if item.status == _CANCELED or word in _CANCELED_WORDS or item.canceled_on:
        return Status.CANCELLED
    if item.status in _PUBLISHED or word in _SHOWN_WORDS:
        return Status.CONFIRMED
    shown = item.status if item.status is not None else word
    raise BadValueError("unknown-status", status=str(shown)[:40])


def read_zone(name: str | None) -> tuple[ZoneInfo, Problem | None]:
    """Return the zone of an event, or UTC and a remark: the instants are right in any zone."""
    known = zone(name) if name else None
    if known is not None:
        return known, None
    if name:
        return UTC_ZONE, problem("events-in-unknown-zone", zone=name[:60])
    return UTC_ZONE, problem("events-without-zone")


def read_place(item: BackstageEvent, repairs: list[Problem]) -> Place | None:
    """Return the venue, which older answers have in a list."""
    data = item.venue
    if not data and isinstance(item.venues, list) and item.venues:
        data = item.venues[0]
    if not data:
        return None
    try:
        venue, faults = read(data, _Venue)
    except BadValueError as error:
        repairs.append(problem("field-left-out", field="venue", why=error.problem))
        return None
    repairs += left_out({f"venue.{name}": why for name, why in faults.items()})
    parts = {
        name: clean(value or "").strip() for name, value in msgspec.structs.asdict(venue).items()
    }
    return Place(**parts) if any(parts.values()) else None


def read_language(value: str | None) -> str:
    """Return a language tag, ``en-US`` for ``en_US``; empty for other values (RFC 5646)."""
    tag = (value or "").strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def distinct(*labels: str) -> tuple[str, ...]:
    """Return labels in one line each, without empty ones and repetitions in another case."""
    texts: dict[str, str] = {}
    for label in labels:
        if text := " ".join(clean(label).split()):
            texts.setdefault(text.casefold(), text)
    return tuple(texts.values())


def in_words(constant: str) -> str:
    """Return a constant of the API as words: ``PANEL_DISCUSSION`` is "Panel discussion"."""
    return constant.replace("_", " ").capitalize() if constant.isupper() else constant


def _labels(item: BackstageEvent, repairs: list[Problem]) -> list[str]:
    tags = fields.first_parts(item.tags or [], "tags", repairs)
    labels = [tag for tag in tags if isinstance(tag, str)]
    category = (item.category or "").strip()
    if category.upper() not in {"OTHERS", "OTHER"}:
        labels.append(in_words(category))
    if item.event_type in _KINDS:
        labels.append(_KINDS[item.event_type])
    return labels


def _end(item: BackstageEvent, start: datetime, faults: Faults, repairs: list[Problem]) -> datetime:

    def read_end() -> datetime:
        if "end_time" in faults or not item.end_time:
            raise _unread(faults, "end_time", "no-end")
        return iso_utc(item.end_time).astimezone(start.tzinfo)

    return end_or_start(start, read_end, "ends-at-start", repairs)


def _unread(faults: Faults, name: str, absent: str) -> BadValueError:
    if name not in faults:
        return BadValueError(absent)
    return BadValueError("field-unreadable", field=name, why=faults[name])


def _description(item: BackstageEvent, repairs: list[Problem]) -> tuple[str, str]:
    """Return summary and description as one text, and as HTML if one of them is HTML."""
    short, short_html = clean_html(item.summary or "", repairs)
    long, long_html = clean_html(item.description or "", repairs)
    if not long:
        return short, short_html
    if not short or short == long:
        return long, long_html or (short_html if short else "")
    html = ""
    if short_html or long_html:
        html = f"{short_html or _as_html(short)}\n{long_html or _as_html(long)}"
    return f"{short}\n\n{long}", html


def _as_html(text: str) -> str:
    return f"<p>{escape(text, quote=False).replace(chr(10), '<br>')}</p>"
