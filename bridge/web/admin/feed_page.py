"""The admin page of one feed: sources, addresses, readers, changes and events with problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.store.links import Link, LinkError
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.admin.feed_status import feed_status, problem_events, source_titles
from bridge.web.admin.links import GRACE_DAYS
from bridge.web.admin.polling_intervals import ProgramStatus, program_status
from bridge.web.context import public_root, web
from bridge.web.history import history_of
from bridge.web.html_response import admin_response
from bridge.web.language import _
from bridge.web.urls import Paths


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAddress:
    """A link with its addresses; both are empty if the secret key cannot read its token."""

    link: Link
    address: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReaders:
    """The programs that read one address; ``link`` is None for the public one."""

    link: Link | None
    programs: tuple[ProgramStatus, ...]


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
        links=[_link_address(row.feed, link) for link in links if link.opens(at)],
        public=public_root() + Paths.of(row.feed, None).feed if row.feed.public else "",
        grace_days=GRACE_DAYS,
        readers=_readers(slug, links, changed_at, at),
        problem_events=problem_events(source.key for source in row.feed.sources),
        titles=source_titles(),
        now=at,
        history=history_of(row.feed),
        verifications=web().store.verifications.of(slug),
    )


@blueprint.post("/feeds/<slug>/refresh")
def refresh(slug: str) -> BaseResponse:
    """Make the feed's sources due now."""
    sources = active_feed(slug).feed.sources
    web().store.sources.wake([source.key for source in sources], now=now())
    return redirect_to_feed(slug, _("The feed's sources will be read again within a minute."))


def _link_address(of: Feed, link: Link) -> LinkAddress:
    try:
        token = web().store.links.token(link)
    except LinkError:
        return LinkAddress(link=link)
    paths = Paths.secret(of, token)
    return LinkAddress(link=link, address=public_root() + paths.feed, page=paths.page)


def _readers(
    slug: str, links: Sequence[Link], changed_at: datetime | None, at: datetime
) -> list[AddressReaders]:
    by_link: dict[str, list[ProgramStatus]] = {}
    for reader in web().store.readers.of(slug, now=at):
        status = program_status(reader, changed_at=changed_at, now=at)
        by_link.setdefault(reader.link, []).append(status)
    known = {link.token_hash: link for link in links}
    order = [key for key in ("", *known) if key in by_link]
    return [AddressReaders(link=known.get(key), programs=tuple(by_link[key])) for key in order]
