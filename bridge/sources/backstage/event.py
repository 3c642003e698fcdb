"""One event of Zoho Backstage: its JSON, who may see it, where it is, and what it becomes in a calendar.

People who made or changed an event are not decoded: their addresses have no business here. Decided here: an event
of which nobody can tell that it is published is not shown; one that lasts a day or longer takes no time (not busy),
for a conference of four days must not block four days of a calendar.
"""

from datetime import datetime, timedelta
from html import escape
import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bridge.domain.event import Event, Place, Status, to_utc
from bridge.domain.text import clean, clean_html
from bridge.domain.timezones import UTC_ZONE, zone
from bridge.errors import BadDataError
from bridge.sources.dates import iso_utc
from bridge.sources.fields import identity, read, told, web_address

_UNPUBLISHED, _CANCELED = 0, 4
_PUBLISHED = frozenset({1, 2, 3})
_HIDDEN_WORDS = frozenset({"unpublished", "draft", "drafts", "trash", "trashed", "deleted"})
_SHOWN_WORDS = frozenset({"published", "running", "completed", "live"})
_CANCELED_WORDS = frozenset({"canceled", "cancelled"})
_KINDS = {3: "Online", 4: "Hybrid"}
_LONG = timedelta(days=1)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class BackstageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that a calendar needs (Zoho Backstage: get a specific event)."""

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


def listed(answer: Any, name: str) -> list[Any]:
    """Give the list ``name`` of an answer, which may also stand under ``data`` or be bare.

    Anything else is no answer to the question, and must not be read as "there is nothing": BadDataError.
    """
    content = answer.get(name, answer.get("data")) if isinstance(answer, dict) else answer
    if not isinstance(content, list):
        raise BadDataError(
            f"Zoho Backstage's answer has no list of {name}; the last good state is kept."
        )
    return content


def read_event(
    item: BackstageEvent, faults: dict[str, str], *, uid: str, status: Status, here: ZoneInfo
) -> tuple[Event, tuple[str, ...]]:
    """Make a single event; the second value says what was mended or left out. ValueError without a readable start."""
    if "start_time" in faults or not item.start_time:
        raise ValueError(f"it has no readable start_time{_why(faults, 'start_time')}")
    mended = told({name: why for name, why in faults.items() if name != "end_time"})
    start = iso_utc(item.start_time).astimezone(here)
    end = _end(item, start, faults, mended)
    description, html = _description(item)
    place = read_place(item, mended)
    event = Event(
        uid=uid,
        upstream_id=identity(item.id),
        title=clean(item.name or "").strip(),
        start=start,
        end=end,
        description=description,
        html=html,
        place=place,
        url=read_url(item.website_url, "website_url", mended),
        image_url=read_url(item.thumbnail_url, "thumbnail_url", mended),
        status=status,
        busy=to_utc(end) - to_utc(start) < _LONG,
        categories=distinct(*_labels(item)),
        language=read_language(item.language),
    )
    return event, tuple(mended)


def read_status(item: BackstageEvent) -> Status | None:
    """Tell a cancelled event from one that takes place; None for drafts and rubbish, which nobody may see.

    ValueError for a status that is not documented: nobody knows whether the event may be seen.
    """
    word = (item.status_string or "").strip().lower()
    if item.status == _UNPUBLISHED or word in _HIDDEN_WORDS:
        return None
    if item.status == _CANCELED or word in _CANCELED_WORDS or item.canceled_on:
        return Status.CANCELLED
    if item.status in _PUBLISHED or word in _SHOWN_WORDS:
        return Status.CONFIRMED
    shown = item.status if item.status is not None else word
    raise ValueError(f"its status {str(shown)[:40]!r} doesn't say that it is published")


def read_zone(name: str | None) -> tuple[ZoneInfo, str]:
    """Give the zone that an event is shown in, or UTC and a remark: the instants are right in any zone."""
    found = zone(name) if name else None
    if found is not None:
        return found, ""
    what = f"the time zone {name[:60]!r}, which is unknown" if name else "no time zone"
    return UTC_ZONE, f"Events with {what} are shown in UTC."


def read_place(item: BackstageEvent, mended: list[str]) -> Place | None:
    """Give the venue, which older answers hold in a list."""
    data = item.venue
    if not data and isinstance(item.venues, list) and item.venues:
        data = item.venues[0]
    if not data:
        return None
    try:
        venue, faults = read(data, _Venue)
    except ValueError as error:
        mended.append(f"its venue was left out: {error}")
        return None
    mended += told({f"venue.{name}": why for name, why in faults.items()})
    parts = {
        name: clean(value or "").strip() for name, value in msgspec.structs.asdict(venue).items()
    }
    return Place(**parts) if any(parts.values()) else None


def read_url(value: str | None, name: str, mended: list[str]) -> str:
    """Give a web address; anything else is left out and said."""
    address = web_address(value)
    if not address and (value or "").strip():
        mended.append(f"its {name} is not a web address and was left out")
    return address


def read_language(value: str | None) -> str:
    """Give a language tag, ``en-US`` for ``en_US``; empty for what is none (RFC 5646)."""
    tag = (value or "").strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else ""


def distinct(*labels: str) -> tuple[str, ...]:
    """Give labels in one line each, none empty and none twice, in whatever case."""
    found: dict[str, str] = {}
    for label in labels:
        text = " ".join(clean(label).split())
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())


def spoken(constant: str) -> str:
    """Write a constant of the API as words: ``PANEL_DISCUSSION`` is "Panel discussion"."""
    return constant.replace("_", " ").capitalize() if constant.isupper() else constant


def _labels(item: BackstageEvent) -> list[str]:
    labels = [tag for tag in item.tags or () if isinstance(tag, str)]
    category = (item.category or "").strip()
    if category.upper() not in {"OTHERS", "OTHER"}:
        labels.append(spoken(category))
    if item.event_type in _KINDS:
        labels.append(_KINDS[item.event_type])
    return labels


def _end(
    item: BackstageEvent, start: datetime, faults: dict[str, str], mended: list[str]
) -> datetime:
    """Give the end, or the start where there is none that can be: an invented length would claim somebody's time."""
    if "end_time" in faults or not item.end_time:
        mended.append(
            f"it has no readable end_time{_why(faults, 'end_time')}, and ends when it starts"
        )
        return start
    try:
        end = iso_utc(item.end_time).astimezone(start.tzinfo)
    except ValueError as error:
        mended.append(f"it ends when it starts, for its end_time can't be read: {error}")
        return start
    if to_utc(end) < to_utc(start):
        mended.append(
            f"its end_time {item.end_time} is before its start, and it ends when it starts"
        )
        return start
    return end


def _why(faults: dict[str, str], name: str) -> str:
    return f" ({faults[name]})" if name in faults else ""


def _description(item: BackstageEvent) -> tuple[str, str]:
    """Give summary and description as one text and, where one of them is HTML, as HTML too."""
    short, short_html = clean_html(item.summary or "")
    long, long_html = clean_html(item.description or "")
    if not long:
        return short, short_html
    if not short or short == long:
        return long, long_html or (short_html if short else "")
    html = (
        "\n".join((short_html or _as_html(short), long_html or _as_html(long)))
        if short_html or long_html
        else ""
    )
    return f"{short}\n\n{long}", html


def _as_html(text: str) -> str:
    return f"<p>{escape(text, quote=False).replace(chr(10), '<br>')}</p>"
