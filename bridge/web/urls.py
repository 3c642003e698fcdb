"""Addresses of a feed and its pages, and the links that add it to calendar programs."""

from dataclasses import dataclass
from urllib.parse import quote

from bridge.domain.feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths of a feed and its pages on this server; ``events`` precedes those of events."""

    feed: str
    page: str
    embed: str
    events: str

    @classmethod
    def of(cls, feed: Feed, token: str | None) -> "Paths":
        """Return the public paths of a public feed, the token's paths of any other."""
        if feed.public or token is None:
            page = f"/feeds/{feed.slug}/"
            return cls(feed=f"/feeds/{feed.slug}.ics", page=page, embed=f"{page}embed", events=page)
        return cls.secret(feed, token)

    @classmethod
    def secret(cls, feed: Feed, token: str) -> "Paths":
        """Return the paths of a link's token, or of a filter's, which public feeds have too."""
        page = f"/f/{token}/"
        document = f"{page}{feed.slug}"
        return cls(feed=f"{document}.ics", page=page, embed=f"{page}embed", events=f"{document}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The addresses that add a feed to a calendar program (rulebook part 3)."""

    url: str
    webcal: str
    google: str
    outlook: str
    office: str
    download: str

    @classmethod
    def of(cls, url: str, title: str) -> "Subscription":
        """Derive all addresses from the feed's own, each parameter percent-encoded once."""
        webcal = "webcal://" + url.split("://", 1)[1]
        parameters = f"url={quote(url, safe='')}&name={quote(title, safe='')}"
        return cls(
            url=url,
            webcal=webcal,
            google=f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
            outlook=f"https://outlook.live.com/calendar/0/addfromweb?{parameters}",
            office=f"https://outlook.office.com/calendar/0/addfromweb?{parameters}",
            download=f"{url}{'&' if '?' in url else '?'}download=1",
        )
