"""The status of feeds, their sources and their events with problems, as the admin pages show it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.rejection import Rejection
from bridge.store.feeds import FeedRow, KnownSource
from bridge.store.health import SourceHealth, feed_state, source_health
from bridge.store.links import Link, LinkError
from bridge.store.publications import Head
from bridge.web.context import web
from bridge.web.urls import Paths


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source's state and health."""

    state: SourceState
    health: SourceHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed and its health.

    ``publishing``: the worker is about to publish it. ``read_at``: the oldest last read of its
    sources, None if one was never read. ``links``: the active links, of which ``paths`` are those
    of the public address or of the first that can be shown.
    """

    feed: Feed
    by_admin: bool
    publishing: bool
    head: Head | None
    sources: tuple[SourceStatus, ...]
    word: Literal["new", "fresh", "late", "failing"]
    read_at: datetime | None
    links: tuple[Link, ...]
    paths: Paths | None

    @property
    def troubled(self) -> tuple[SourceStatus, ...]:
        """The sources that need a sentence of their own."""
        return tuple(source for source in self.sources if source.health.kind != "fresh")

    @property
    def is_closed(self) -> bool:
        """Whether it has no address."""
        return not (self.feed.public or self.links)


def feed_status(
    row: FeedRow, *, at: datetime, state: Callable[[str], SourceState] | None = None
) -> FeedStatus:
    """Return the status of a feed that is served; ``state`` returns that of a source."""
    store, feed = web().store, row.feed
    states = [*map(state or store.sources.state, (source.key for source in feed.sources))]
    head = store.publications.head(feed.slug, "default")
    reads = [state.last_success for state in states if state.last_success]
    links = tuple(link for link in store.links.of(feed.slug) if link.opens(at))
    paths = [Paths.of(feed, None)] if feed.public else map(link_paths, [feed] * len(links), links)
    return FeedStatus(
        feed=feed,
        by_admin=row.by_admin,
        publishing=row.pending or head is None,
        head=head,
        sources=tuple(SourceStatus(s, source_health(s, now=at)) for s in states),
        word=feed_state(states, now=at),
        read_at=min(reads) if len(reads) == len(states) else None,
        links=links,
        paths=next(filter(None, paths), None),
    )


def link_paths(feed: Feed, link: Link) -> Paths | None:
    """Return the paths of a link, None if no secret key can read its token."""
    try:
        return Paths.secret(feed, web().store.links.token(link))
    except LinkError:
        return None


def known_sources() -> Mapping[str, KnownSource]:
    """Return all sources by key."""
    return {known.source.key: known for known in web().store.feeds.known_sources()}


def product_roots() -> Mapping[str, str]:
    """Return the address of each product on the web, where a person edits events."""
    zoho = web().settings.zoho
    apis = {"connect": zoho.connect_url, "calendar": zoho.calendar_url}
    roots = {kind: "://".join(urlsplit(url)[:2]) for kind, url in apis.items()}
    return roots | {"backstage": roots["calendar"].replace("calendar.", "backstage.", 1)}


def problem_events(source_keys: Iterable[str]) -> Sequence[tuple[str, Rejection]]:
    """Return the events with problems of the last complete reads, unpublished ones first.

    Each follows the key of its source.
    """
    sources = web().store.sources
    events = [(key, event) for key in source_keys for event in sources.rejections(key)]
    return sorted(events, key=lambda pair: pair[1].kind == "repaired")
