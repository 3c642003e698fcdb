"""The admin page of one feed: sources, addresses, readers, changes and events with problems."""

from collections.abc import Sequence
from datetime import datetime

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.links import Link
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.admin.feed_status import (
    feed_status,
    known_sources,
    link_paths,
    problem_events,
    product_roots,
)
from bridge.web.admin.polling_intervals import ProgramStatus, program_status
from bridge.web.context import public_root, web
from bridge.web.history import history_of
from bridge.web.html_response import admin_response
from bridge.web.language import _
from bridge.web.urls import Paths


@blueprint.get("/feeds/<slug>/")
def feed(slug: str) -> Response:
    """Show one feed and its actions."""
    row, at = active_feed(slug), now()
    status = feed_status(row, at=at)
    links = web().store.links.of(slug)
    changed_at = status.head.modified_at if status.head else None
    return admin_response(
        "admin_feed.html",
        shown=status,
        feed=row.feed,
        links=[(link, link_paths(row.feed, link)) for link in status.links],
        root=public_root(),
        public=public_root() + Paths.of(row.feed, None).feed if row.feed.public else "",
        selections=web().store.selections.count(slug, now=at),
        readers=_readers(slug, links, changed_at, at),
        problem_events=problem_events(source.key for source in row.feed.sources),
        known=known_sources(),
        roots=product_roots(),
        now=at,
        history=history_of(slug),
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


def _readers(
    slug: str, links: Sequence[Link], changed_at: datetime | None, at: datetime
) -> list[tuple[Link | None, list[ProgramStatus]]]:
    """Return the programs that read each address; the link of the public address is None."""
    by_link: dict[str, list[ProgramStatus]] = {}
    for reader in web().store.readers.of(slug, now=at):
        status = program_status(reader, changed_at=changed_at, now=at)
        by_link.setdefault(reader.link, []).append(status)
    known = {"": None, **{link.token_hash: link for link in links}}
    return [(link, by_link[key]) for key, link in known.items() if key in by_link]
