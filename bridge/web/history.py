"""What changed in a feed lately, for the admin: a section of the feed's page, and an Atom feed (RFC 4287).

A feed reader has no cookie: the Atom feed's address carries a secret of its own, which ends with the password.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from babel import dates
from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.feed.changelog import RETENTION
from bridge.store.changes import ChangeRow
from bridge.web import language
from bridge.web.context import public_root, web
from bridge.web.language import _

blueprint = Blueprint("history", __name__)

_MOST_SHOWN = 100
_MOST_IN_ATOM = 200
_ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that differs, in words; an empty text: nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change in the reader's language; ``kind`` is the plain one, for colours."""

    at: datetime
    kind: str
    word: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the admin's page shows: the latest changes, whether there were more, and the Atom feed's address."""

    changes: tuple[Told, ...]
    more: bool
    atom: str


def of(feed: Feed) -> History:
    """Give what the admin's page of a feed shows."""
    rows = web().store.changes.of(
        feed.slug, since=datetime.now(UTC) - RETENTION, most=_MOST_SHOWN + 1
    )
    token = web().store.changes.token(feed.slug, password=_password())
    return History(
        changes=tuple(_told(row) for row in rows[:_MOST_SHOWN]),
        more=len(rows) > _MOST_SHOWN,
        atom=f"{public_root()}/admin/feeds/{feed.slug}/history.atom?token={token}",
    )


@blueprint.get("/admin/feeds/<slug>/history.atom")
def atom(slug: str) -> BaseResponse:
    """Give the last month's changes to whoever has the address; 404 for anyone else."""
    closed = not web().settings.admin_password and not web().open_admin
    if closed or not web().store.changes.opens(
        request.args.get("token", ""), slug, password=_password()
    ):
        abort(404)
    feed = web().store.feeds.get(slug)
    if feed is None:
        abort(404)
    rows = web().store.changes.of(slug, since=datetime.now(UTC) - RETENTION, most=_MOST_IN_ATOM)
    response = Response(_document(feed, rows), content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _password() -> str:
    return web().settings.admin_password.reveal()


def _document(feed: Feed, rows: tuple[ChangeRow, ...]) -> bytes:
    """Write the feed: RFC 4287 4.1.1 and 4.1.2. It holds no address with a secret, not even its own."""
    head = web().store.publications.head(feed.slug, "default")
    updated = rows[0].at if rows else head.modified_at if head else datetime.fromtimestamp(0, UTC)
    page = f"{public_root()}/admin/feeds/{feed.slug}/"
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", _tag(f"history/{feed.slug}"))
    _add(root, "title", _("%(title)s: what changed", title=feed.title))
    _add(root, "updated", updated.isoformat(timespec="microseconds"))
    _add(root, "link", rel="alternate", href=page, type="text/html")
    _add(_add(root, "author"), "name", _("Calendar bridge"))
    for row in rows:
        told = _told(row)
        entry = _add(root, "entry")
        _add(entry, "id", _tag(f"history/{feed.slug}/{row.at:%Y%m%dT%H%M%S}/{_digest(row)}"))
        _add(entry, "title", f"{told.word}: {told.title}")
        _add(entry, "updated", row.at.isoformat(timespec="microseconds"))
        _add(entry, "category", term=row.kind)
        _add(entry, "link", rel="alternate", href=page, type="text/html")
        text = "\n".join(_sentence(line) for line in told.lines)
        _add(entry, "content", text or f"{told.word}: {told.title}", type="text")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = _NOT_XML.sub("", text) or None
    return element


def _tag(specific: str) -> str:
    """Make a tag URI (RFC 4151) that no later request can change: not from the host that was asked for."""
    host = urlsplit(web().settings.public_url).hostname or "localhost"
    return f"tag:{host},2026:{specific}"


def _digest(row: ChangeRow) -> str:
    """Name a change by what it says: numbers of rows begin anew when all of them are forgotten."""
    text = json.dumps([row.uid, row.kind, row.title, row.details], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _told(row: ChangeRow) -> Told:
    words = {
        "added": _("Added"),
        "moved": _("Moved"),
        "renamed": _("Renamed"),
        "cancelled": _("Cancelled"),
        "gone": _("Gone"),
        "changed": _("Changed"),
    }
    lines = tuple(_lines(row.details))
    return Told(
        at=row.at, kind=row.kind, word=words.get(row.kind, row.kind), title=row.title, lines=lines
    )


def _lines(details: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    names = {
        "title": _("Title"),
        "start": _("Start"),
        "end": _("End"),
        "occurrences": _("Occurrences"),
        "place": _("Place"),
        "url": _("Link"),
        "join_url": _("Link to join"),
        "description": _("Description"),
        "cancelled": _("Cancelled"),
        "busy": _("Takes time"),
    }
    for name, label in names.items():
        if name in details:
            before, after = (_text(name, details[name][side]) for side in ("before", "after"))
            yield Line(name=label, before=before, after=after)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if name in ("start", "end"):
        return _moment(str(value), is_end=name == "end")
    return str(value)


def _moment(text: str, *, is_end: bool) -> str:
    """Write a time by the clocks of the event's own zone, and the last day of an all-day event."""
    if "T" not in text:
        return language.day(date.fromisoformat(text) - timedelta(days=is_end))
    moment = datetime.fromisoformat(text)
    clock = dates.format_time(moment.time(), "short", locale=language.locale())
    return f"{language.day(moment.date())}, {clock}"


def _sentence(line: Line) -> str:
    if line.before and line.after:
        told = _(
            "%(what)s: %(before)s, now %(after)s",
            what=line.name,
            before=line.before,
            after=line.after,
        )
    elif line.before:
        told = _("%(what)s: was %(before)s", what=line.name, before=line.before)
    else:
        told = f"{line.name}: {line.after}"
    return str(told)
