"""Fetch, parse and discover whatever kind of source it is: the one place that knows all three products."""

from collections.abc import Callable, Iterable, Mapping

from bridge.config import ZohoSettings
from bridge.domain.feed import Window
from bridge.domain.source import (
    AvailableSource,
    BackstageSource,
    CalendarSource,
    ConnectSource,
    Source,
)
from bridge.errors import BadDataError
from bridge.sources import backstage, calendar, connect
from bridge.sources.protocols import AnswerCache, Api, NoCache, ParseResult, Product, Raw

# What the account can see of each product; raises a ZohoError.
DISCOVERERS: Mapping[Product, Callable[[Api], tuple[AvailableSource, ...]]] = {
    "backstage": backstage.discover,
    "connect": connect.discover,
    "calendar": calendar.discover,
}


def fetch(source: Source, api: Api, window: Window, details: AnswerCache | None = None) -> Raw:
    """Read all of a source that falls into the window, or raise a ZohoError: never a part of it.

    ``details`` are the source's own from earlier fetches; what it needs for the next one is kept there.
    """
    details = details or NoCache()
    match source:
        case BackstageSource():
            return backstage.fetch(api, source, window, details)
        case ConnectSource():
            return connect.fetch(api, source, window)
        case CalendarSource():
            return calendar.fetch(api, source, window, details)


def parse(
    source: Source, raw: Raw, settings: ZohoSettings, known: Iterable[tuple[str, str]]
) -> ParseResult:
    """Turn what ``fetch`` gave into events; what can't be read becomes a rejection beside them.

    ``known`` are UID and upstream id of the source's events as they were read before: Connect's repeats need them to
    keep their UIDs. BadDataError when objects came and nothing of them can be read, not even an id.
    """
    parsed = _parse(source, raw, settings, known)
    nameless = sum(
        rejection.kind == "dropped" and not rejection.upstream_id for rejection in parsed.rejections
    )
    if nameless and not parsed.events:
        raise BadDataError(
            f"Zoho's answer for {source.key} can't be read: {nameless} objects have no id. The last good state is kept."
        )
    return parsed


def _parse(
    source: Source, raw: Raw, settings: ZohoSettings, known: Iterable[tuple[str, str]]
) -> ParseResult:
    match source:
        case BackstageSource():
            return backstage.parse(raw, source)
        case ConnectSource():
            repeating = connect.repeating_streams(source, known)
            return connect.parse(raw, source, settings.connect_timezone, repeating=repeating)
        case CalendarSource():
            return calendar.parse(raw, source)
