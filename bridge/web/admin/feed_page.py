"""The admin page of one feed: sources, addresses, readers, changes and events with problems."""

from datetime import datetime, timedelta

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.links import Link
from bridge.store.readers import Reader
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.admin.feed_status import (
    feed_status,
    known_sources,
    link_paths,
    problem_events,
    product_roots,
)
from bridge.web.context import public_root, web
from bridge.web.history import latest_changes
from bridge.web.html_response import admin_response
from bridge.web.language import _
from bridge.web.urls import Paths

# Programs that run at all times, and the longest time between two polls of them (rulebook part 3).
# The names are those of user_agents.toml; admin_parts.html has a sentence about each.
ALWAYS_RUNNING = ("Google Calendar", "Outlook (new, web, 365)", "Home Assistant", "Nextcloud")
_LONGEST_INTERVAL = timedelta(days=1)


@blueprint.get("/feeds/<slug>/")
def feed(slug: str) -> Response:
    """Show one feed and its actions."""
    row, at = active_feed(slug), now()
    status = feed_status(row, at=at)
    return admin_response(
        "admin_feed.html",
        shown=status,
        feed=row.feed,
        links=[(link, link_paths(row.feed, link)) for link in status.links],
        root=public_root(),
        public=public_root() + Paths.of(row.feed, None).feed if row.feed.public else "",
        selections=web().store.selections.count(slug, now=at),
        readers=_readers(slug, at),
        lost=dict.fromkeys(ALWAYS_RUNNING, at - _LONGEST_INTERVAL),
        problem_events=problem_events(source.key for source in row.feed.sources),
        known=known_sources(),
        roots=product_roots(),
        now=at,
        history=latest_changes(slug),
        hooks={source.key: web().store.hooks.token(source.key) for source in row.feed.sources},
        verifications=web().store.verifications.of(slug),
    )


@blueprint.post("/feeds/<slug>/refresh")
def refresh(slug: str) -> BaseResponse:
    """Mark the feed's sources as due now, or one of them."""
    keys = [source.key for source in active_feed(slug).feed.sources]
    only = request.form.get("source")
    web().store.sources.wake([key for key in keys if only in (None, key)], now=now())
    return redirect_to_feed(slug, _("Zoho will be read again within a minute."))


@blueprint.post("/feeds/<slug>/confirm-loss")
def confirm_loss(slug: str) -> BaseResponse:
    """Confirm the sudden losses of the feed's held sources, and mark these as due now."""
    at = now()
    for source in feed_status(active_feed(slug), at=at).sources:
        if source.health.kind == "held":
            web().store.sources.confirm_loss(source.state.source.key, now=at)
    message = _("Within a minute, a new read removes the events that it doesn't find either.")
    return redirect_to_feed(slug, message)


def _readers(slug: str, at: datetime) -> list[tuple[Link | None, list[Reader]]]:
    """Return the programs that read each address; the link of the public address is None."""
    by_link: dict[str, list[Reader]] = {}
    for reader in web().store.readers.of(slug, now=at):
        by_link.setdefault(reader.link, []).append(reader)
    known = {"": None, **{link.token_hash: link for link in web().store.links.of(slug)}}
    return [(link, by_link[key]) for key, link in known.items() if key in by_link]
