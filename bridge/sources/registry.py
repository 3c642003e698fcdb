"""Fetch, parse and discovery for every kind of source; the only module that knows all three."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
import hashlib
from importlib.metadata import version
from itertools import chain
from typing import Any
from urllib.parse import quote

import msgspec

from bridge.config import ZohoSettings
from bridge.domain import codec, source as kinds
from bridge.domain.feed import Window
from bridge.domain.source import Product
from bridge.errors import BadDataError, NotFoundError, ZohoError
from bridge.sources.backstage import agenda, portal, sessions
from bridge.sources.calendar import fetch as calendar, parse as calendar_parser
from bridge.sources.calendar.wire import uid_of
from bridge.sources.connect import fetch as connect, parse as connect_parser
from bridge.sources.fields import id_of
from bridge.sources.protocols import AnswerCache, Api, NoCache, ParseResult, Raw
from bridge.sources.shapes import listed, wrap

# The form of parsed events. Raise it when a parser changes: equal answers are then parsed again.
FORM = "2"

# The sources of each product that the account can see; raises a ZohoError.
DISCOVERERS: Mapping[Product, Callable[[Api], tuple[kinds.AvailableSource, ...]]] = {
    "backstage": portal.discover,
    "connect": connect.discover,
    "calendar": calendar.discover,
}


def fetch(source: kinds.Source, api: Api, window: Window, cache: AnswerCache | None = None) -> Raw:
    """Fetch all of a source within the window, or raise a ZohoError: never a part of it.

    ``cache`` holds the source's answers of earlier fetches, and keeps those for the next one.
    Backstage has no time filter: its sources are fetched whole, and feeds cut them.
    """
    cache = cache or NoCache()
    match source:
        case kinds.BackstageSource(event=""):
            return portal.fetch(api, source)
        case kinds.BackstageSource():
            return agenda.fetch(api, source, cache)
        case kinds.ConnectSource():
            return connect.fetch(api, source, window)
        case kinds.CalendarSource():
            return calendar.fetch(api, source, window, cache)


def is_deleted(source: kinds.Source, api: Api, upstream_id: str) -> bool:
    """Ask Zoho for one event, and return whether Zoho answers that it does not exist.

    Connect has no documented address of a single event, and the agenda none of a session.
    """
    name = quote(upstream_id, safe="")
    match source:
        case kinds.BackstageSource(event=""):
            path = f"/portals/{quote(source.portal, safe='')}/events/{name}"
        case kinds.CalendarSource():
            path = f"{calendar.path_of(source)}/events/{name}"
        case _:
            return False
    try:
        api.get(source.kind, path)
    except ZohoError as error:
        return isinstance(error, NotFoundError)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of ``fetch``, with fingerprints of all that ``parse`` reads but stored events.

    ``objects`` are those of the raw in order, each with its upstream id. ``fingerprint`` is of the
    whole, empty for an unusual one. ``parts`` are by upstream id: each is of the objects with that
    id, and of all that surrounds objects.
    """

    source: kinds.Source
    raw: Raw
    objects: Sequence[tuple[str, Any]]
    fingerprint: str
    parts: Mapping[str, str]

    def without(self, ids: Container[str]) -> Raw:
        """Return the raw without the objects of some upstream ids."""
        where, name, _ = _layout(self.source)
        page: Any = [data for upstream_id, data in self.objects if upstream_id not in ids]
        if self.source.kind != "calendar":
            page = wrap(page, self.source.kind, name)
        return self.raw | {where: [page], "details": {}}


def read(source: kinds.Source, raw: Raw, settings: ZohoSettings, days: int) -> Answer:
    """Return the result of ``fetch`` for a window of so many days, with its fingerprints.

    The zones' data are among them: with other rules, the same wall time is another instant.
    """
    where, name, identify = _layout(source)
    is_bare = source.kind == "calendar"
    pages = (page if is_bare else listed(page, source.kind, name) for page in raw[where])
    details = raw.get("details", {}).values()
    objects = [(identify(data), data) for data in chain(*pages, *details)]
    around = {key: value for key, value in raw.items() if key not in (where, "details")}
    inputs = (FORM, version("tzdata"), codec.encode_source(source), settings.connect_timezone)
    encoder, buffer = msgspec.json.Encoder(enc_hook=str), bytearray()
    parts: dict[str, str] = {}
    try:
        base = hashlib.sha256(encoder.encode((*inputs, days, around)))
        for upstream_id, data in objects:
            encoder.encode_into(data, buffer)
            part = base.copy()
            part.update(buffer)
            parts[upstream_id] = parts.get(upstream_id, "") + part.hexdigest()[:32]
        base.update(encoder.encode(parts))
        fingerprint = base.hexdigest()
    except (OverflowError, TypeError, ValueError):  # numbers beyond 64 bits
        parts, fingerprint = {}, ""
    return Answer(source=source, raw=raw, objects=objects, fingerprint=fingerprint, parts=parts)


def parse(
    source: kinds.Source, raw: Raw, settings: ZohoSettings, known: Iterable[tuple[str, str]]
) -> ParseResult:
    """Parse the result of ``fetch`` into events, and rejections of what can't be read.

    ``known`` are UID and upstream id of the source's events in the store: Connect's repeats need
    them to keep their UIDs. Raises BadDataError if nothing can be read, not even an id.
    """
    match source:
        case kinds.BackstageSource(event=""):
            result = portal.parse(raw, source)
        case kinds.BackstageSource():
            result = sessions.parse(raw, source)
        case kinds.ConnectSource():
            repeating = connect_parser.repeating_streams(source, known)
            result = connect_parser.parse(raw, source, settings.connect_timezone, repeating)
        case kinds.CalendarSource():
            result = calendar_parser.parse(raw, source)
    nameless = sum(not rejection.upstream_id for rejection in result.rejections)
    if nameless and not result.events:
        raise BadDataError("source-unreadable", source=source.key, count=nameless)
    return result


def _layout(source: kinds.Source) -> tuple[str, str, Callable[[Any], str]]:
    """Return where a raw has its objects, the name of their list, and the reader of their ids."""
    match source:
        case kinds.BackstageSource(event=""):
            return "pages", "events", id_of
        case kinds.BackstageSource():
            return "sessions", "sessions", id_of
        case kinds.ConnectSource():
            return "pages", "upcomingEvents", lambda data: id_of(data, "streamId")
        case kinds.CalendarSource():
            return "pages", "events", uid_of
