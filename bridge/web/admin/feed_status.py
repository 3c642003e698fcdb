"""The status of feeds, their sources and their events with problems, as the admin pages show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.domain.rejection import Rejection
from bridge.store.feeds import FeedRow
from bridge.store.health import SourceHealth, feed_state, source_health
from bridge.store.publications import Head
from bridge.web.context import web


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source's state and health."""

    state: SourceState
    health: SourceHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed and its health.

    ``publishing``: the worker is about to publish it. ``read_at``: the oldest last read of its
    sources, None if one was never read. ``links``: the number of active links.
    """

    feed: Feed
    by_admin: bool
    publishing: bool
    head: Head | None
    sources: tuple[SourceStatus, ...]
    word: Literal["new", "fresh", "late", "failing"]
    read_at: datetime | None
    links: int

    @property
    def troubled(self) -> tuple[SourceStatus, ...]:
        """The sources that need a sentence of their own."""
        return tuple(source for source in self.sources if source.health.kind != "fresh")


def feed_status(row: FeedRow, *, at: datetime) -> FeedStatus:
    """Return the status of a feed that is served."""
    store, feed = web().store, row.feed
    states = [store.sources.state(source.key) for source in feed.sources]
    head = store.publications.head(feed.slug, "default")
    reads = [state.last_success for state in states if state.last_success]
    return FeedStatus(
        feed=feed,
        by_admin=row.by_admin,
        publishing=row.pending or head is None,
        head=head,
        sources=tuple(SourceStatus(s, source_health(s, now=at)) for s in states),
        word=feed_state(states, now=at),
        read_at=min(reads) if len(reads) == len(states) else None,
        links=sum(link.opens(at) for link in store.links.of(feed.slug)),
    )


def source_titles() -> dict[str, str]:
    """Return the known names of sources by key."""
    return {known.source.key: known.title for known in web().store.feeds.known_sources()}


def problem_events(source_keys: Iterable[str]) -> Sequence[tuple[str, Rejection]]:
    """Return the events with problems of the last complete reads, unpublished ones first.

    Each follows the key of its source.
    """
    sources = web().store.sources
    events = [(key, event) for key in source_keys for event in sources.rejections(key)]
    return sorted(events, key=lambda pair: pair[1].kind == "repaired")
