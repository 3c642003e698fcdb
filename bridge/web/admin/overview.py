"""The list of all feeds: how it stands with each, in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import Response

from bridge.domain.feed import Feed
from bridge.domain.records import SourceState
from bridge.store.feeds import FeedRow
from bridge.store.health import SourceHealth, feed_state, source_health
from bridge.store.publications import Head
from bridge.web import session
from bridge.web.admin.base import blueprint, now
from bridge.web.admin.rejections import rejections_of
from bridge.web.context import web
from bridge.web.page import admin_page

_MOST_REJECTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShown:
    """A source of a feed: its state, and what that means; ``title`` is its name, empty where none is known."""

    state: SourceState
    standing: SourceHealth
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedShown:
    """A feed as the pages show it. ``read_at``: when the source that was read least lately was; None: not all were.

    ``being_made``: the worker has not published it yet, or not as it is now.
    """

    feed: Feed
    by_admin: bool
    being_made: bool
    head: Head | None
    sources: tuple[SourceShown, ...]
    word: Literal["new", "fresh", "late", "failing"]
    read_at: datetime | None
    links: int

    @property
    def events(self) -> int:
        """How many entries it shows."""
        return self.head.events if self.head else 0

    @property
    def troubled(self) -> tuple[SourceShown, ...]:
        """The sources that something is to be said about."""
        return tuple(source for source in self.sources if source.standing.kind != "fresh")


def shown(row: FeedRow, titles: Mapping[str, str], *, at: datetime) -> FeedShown:
    """Gather what is known of a feed that is served."""
    store, feed = web().store, row.feed
    states = [store.sources.state(source.key) for source in feed.sources]
    head = store.publications.head(feed.slug, "default")
    read = [state.last_success for state in states if state.last_success]
    return FeedShown(
        feed=feed,
        by_admin=row.by_admin,
        being_made=row.pending or head is None,
        head=head,
        sources=tuple(
            SourceShown(
                state=state,
                standing=source_health(state, now=at),
                title=titles.get(state.source.key, ""),
            )
            for state in states
        ),
        word=feed_state(states, now=at),
        read_at=min(read) if len(read) == len(states) else None,
        links=sum(link.opens(at) for link in store.links.of(feed.slug)),
    )


def titles_of_sources() -> dict[str, str]:
    """Give the names of sources, as far as they are known, by key."""
    return {known.source.key: known.title for known in web().store.feeds.known_sources()}


@blueprint.get("/")
def overview() -> Response:
    """List the feeds, with what is wrong and when it is tried again."""
    at, rows = now(), web().store.feeds.all()
    titles = titles_of_sources()
    rejected = rejections_of(
        state.source.key for state in web().store.sources.states() if state.rejections
    )
    return admin_page(
        "admin.html",
        feeds=[shown(row, titles, at=at) for row in rows if row.active],
        removed=[row.feed for row in rows if row.by_admin and not row.active],
        rejected=rejected[:_MOST_REJECTED],
        more_rejected=max(len(rejected) - _MOST_REJECTED, 0),
        titles=titles,
        now=at,
        open_to_all=session.is_open_to_all(),
    )
