"""Fetch, parse and discovery for every kind of source; the only module that knows all three."""

from collections.abc import Callable, Iterable, Mapping
import hashlib
from importlib.metadata import version
from urllib.parse import quote

import msgspec

from bridge.config import ZohoSettings
from bridge.domain import codec, source as kinds
from bridge.domain.feed import Window
from bridge.errors import BadDataError, NotFoundError, ZohoError
from bridge.sources.backstage import agenda, portal, sessions
from bridge.sources.calendar import fetch as calendar, parse as calendar_parser
from bridge.sources.connect import fetch as connect, parse as connect_parser
from bridge.sources.protocols import AnswerCache, Api, NoCache, ParseResult, Product, Raw

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
    except NotFoundError:
        return True
    except ZohoError:
        return False
    return False


def fingerprint(source: kinds.Source, raw: Raw, settings: ZohoSettings) -> str:
    """Return a hash of all that ``parse`` reads, apart from the stored events; "" for unusual raws.

    The zones' data are among it: with other rules, the same wall time is another instant.
    """
    inputs = (FORM, version("tzdata"), codec.encode_source(source), settings.connect_timezone, raw)
    try:
        data = msgspec.json.encode(inputs, enc_hook=str)
    except (OverflowError, TypeError, ValueError):  # numbers beyond 64 bits
        return ""
    return hashlib.sha256(data).hexdigest()


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
