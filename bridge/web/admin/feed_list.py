"""The list of all feeds: search, filter by state and order, each feed with its status."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from bridge.domain.source_rule import fold
from bridge.web.admin.blueprint import blueprint, now
from bridge.web.admin.feed_status import (
    FeedStatus,
    feed_status,
    known_sources,
    problem_events,
    product_roots,
)
from bridge.web.context import public_root, web
from bridge.web.html_response import admin_response

_MOST_PROBLEMS = 50
_NEVER = datetime.min.replace(tzinfo=UTC)
_WORST_FIRST = ("failing", "late", "new", "fresh")
_ORDERS: Mapping[str, Callable[[FeedStatus], Any]] = {
    "name": lambda status: fold(status.feed.title),
    "state": lambda status: _WORST_FIRST.index(status.word),
    "read": lambda status: status.read_at or _NEVER,
    "events": lambda status: -status.head.events if status.head else 0,
}


@blueprint.get("/")
def overview() -> Response:
    """List the feeds that match a search and a state, with their failures."""
    at, store, known = now(), web().store, known_sources()
    rows = store.feeds.all()
    states = {state.source.key: state for state in store.sources.states()}
    events = problem_events(key for key, state in states.items() if state.rejections)
    dropped = {key for key, event in events if event.kind == "dropped"}
    feeds = [
        feed_status(row, at=at, state=lambda key: states.get(key) or store.sources.state(key))
        for row in rows
        if row.active
    ]
    groups = {word: [feed for feed in feeds if feed.word == word] for word in _WORST_FIRST}
    groups["attention"] = [
        feed
        for feed in feeds
        if feed.troubled or feed.is_closed or dropped & {s.state.source.key for s in feed.sources}
    ]
    search, order = fold(request.args.get("q", "")), _ORDERS.get(request.args.get("sort", ""))
    found = [
        feed
        for feed in groups.get(request.args.get("state", ""), feeds)
        if search in fold(" ".join([feed.feed.title, feed.feed.slug, *_names(feed, known)]))
    ]
    return admin_response(
        "admin.html",
        feeds=sorted(found, key=order) if order else found,
        count=len(feeds),
        attention=len(groups["attention"]),
        dropped=dropped,
        removed=[row.feed for row in rows if row.by_admin and not row.active],
        problem_events=events[:_MOST_PROBLEMS],
        more_problems=max(len(events) - _MOST_PROBLEMS, 0),
        known=known,
        root=public_root(),
        roots=product_roots(),
        now=at,
    )


def _names(feed: FeedStatus, known: Mapping[str, Any]) -> list[str]:
    return [known[source.key].name for source in feed.feed.sources]
