"""Addresses of a feed and its pages, and the links that add it to calendar programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from bridge.domain.event import Moment
from bridge.domain.feed import Feed
from bridge.feed.agenda import AgendaItem

_LONGEST_DETAILS = 1000  # characters: Google and Microsoft refuse long addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths of a feed and of its page on this server."""

    feed: str
    page: str

    @classmethod
    def of(cls, feed: Feed, token: str | None) -> "Paths":
        """Return the public paths of a public feed, the token's paths of any other."""
        if feed.public or token is None:
            return cls(feed=f"/feeds/{feed.slug}.ics", page=f"/feeds/{feed.slug}/")
        return cls.secret(feed, token)

    @classmethod
    def secret(cls, feed: Feed, token: str) -> "Paths":
        """Return the paths of a link's token, or of a selection's, which public feeds have too."""
        return cls(feed=f"/f/{token}/{feed.slug}.ics", page=f"/f/{token}/")


def subscribe_links(url: str, title: str) -> Mapping[str, str]:
    """Return the addresses that add a feed to calendar programs (rulebook part 3).

    Each parameter is percent-encoded once.
    """
    webcal = "webcal://" + url.split("://", 1)[1]
    parameters = f"url={quote(url, safe='')}&name={quote(title, safe='')}"
    return {
        "url": url,
        "webcal": webcal,
        "google": f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
        "outlook": f"https://outlook.live.com/calendar/0/addfromweb?{parameters}",
        "office": f"https://outlook.office.com/calendar/0/addfromweb?{parameters}",
        "download": f"{url}{'&' if '?' in url else '?'}download=1",
    }


def event_links(item: AgendaItem, start: Moment, end: Moment) -> Mapping[str, str]:
    """Return the addresses that add one occurrence to a calendar on the web, and of its place.

    They fill in the forms of Google and Microsoft, in UTC.
    """
    details = item.description[:_LONGEST_DETAILS]
    span = (basic(start), basic(end))
    google = {"action": "TEMPLATE", "text": item.name, "dates": "/".join(span)}
    google |= {"details": details, "location": item.place}
    compose = {"path": "/calendar/action/compose", "rru": "addevent", "subject": item.name}
    compose |= {"startdt": extended(start), "enddt": extended(end), "body": details}
    compose |= {"location": item.place, "allday": "true" if item.all_day else "false"}
    form = f"calendar/0/deeplink/compose?{urlencode(compose, quote_via=quote)}"
    return {
        "google": f"https://calendar.google.com/calendar/render?{urlencode(google)}",
        "outlook": f"https://outlook.live.com/{form}",
        "office": f"https://outlook.office.com/{form}",
        "map": f"https://www.google.com/maps/search/?api=1&query={quote(item.place, safe='')}",
    }


def basic(moment: Moment) -> str:
    """Return a moment in the basic form of ISO 8601, a time in UTC."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{moment:%Y%m%d}"


def extended(moment: Moment) -> str:
    """Return a moment in the extended form of ISO 8601, a time in UTC."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return moment.isoformat()
