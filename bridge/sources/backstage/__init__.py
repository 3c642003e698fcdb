"""Zoho Backstage as a source of events: those of a portal, or the agenda of one of them.

``event`` knows one event's JSON, ``portal`` the list of events, ``agenda`` the days, halls, tracks and speakers of one.
Nothing here knows of iCalendar text or the store.
"""

from bridge.domain.feed import Window
from bridge.domain.source import BackstageSource
from bridge.sources.backstage import agenda, portal
from bridge.sources.backstage.portal import discover
from bridge.sources.protocols import AnswerCache, Api, NoCache, ParseResult, Raw

__all__ = ["discover", "fetch", "parse"]


def fetch(
    api: Api,
    source: BackstageSource,
    window: Window,  # noqa: ARG001 - the API knows no time filter; feeds cut
    details: AnswerCache | None = None,
) -> Raw:
    """Read the source whole; raises the classes of ``ZohoError``, and never gives a part for the whole."""
    return (
        agenda.fetch(api, source, details or NoCache())
        if source.event
        else portal.fetch(api, source)
    )


def parse(raw: Raw, source: BackstageSource) -> ParseResult:
    """Tell the events of one fetch; BadDataError when an answer as a whole is not of the documented shape."""
    return agenda.parse(raw, source) if source.event else portal.parse(raw, source)
