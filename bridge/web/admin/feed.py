"""One feed: its sources, its addresses, who reads it, what changed and what did not come across."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.store.links import Link, LinkError
from bridge.web import history, session
from bridge.web.admin.base import blueprint, done, now, row_of
from bridge.web.admin.links import GRACES
from bridge.web.admin.overview import shown, titles_of_sources
from bridge.web.admin.polling import Reading, reading_of
from bridge.web.admin.rejections import rejections_of
from bridge.web.context import public_root, web
from bridge.web.language import _
from bridge.web.page import admin_page
from bridge.web.urls import Paths


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShown:
    """A link with its addresses, or with the reason why they can't be shown."""

    link: Link
    address: str = ""
    page: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readership:
    """Who reads at one address; ``link`` None: the public one."""

    link: Link | None
    readings: tuple[Reading, ...]


@blueprint.get("/feeds/<slug>/")
def feed(slug: str) -> Response:
    """Show one feed, and what can be done with it."""
    row, at = row_of(slug), now()
    titles = titles_of_sources()
    of_feed = shown(row, titles, at=at)
    links = web().store.links.of(slug)
    return admin_page(
        "admin_feed.html",
        shown=of_feed,
        feed=row.feed,
        links=[_with_address(row.feed, link) for link in links if link.opens(at)],
        public=public_root() + Paths.of(row.feed, None).feed if row.feed.public else "",
        graces=GRACES,
        readerships=_readerships(
            slug, links, changed_at=of_feed.head.modified_at if of_feed.head else None, at=at
        ),
        rejected=rejections_of(source.key for source in row.feed.sources),
        titles=titles,
        now=at,
        history=history.of(row.feed),
        verifications=web().store.verifications.of(slug),
        open_to_all=session.is_open_to_all(),
    )


@blueprint.post("/feeds/<slug>/refresh")
def refresh(slug: str) -> BaseResponse:
    """Make the feed's sources due now."""
    sources = row_of(slug).feed.sources
    web().store.sources.wake([source.key for source in sources], now=now())
    return done(slug, _("The feed's sources are read again within a minute."))


def _with_address(of: Feed, link: Link) -> LinkShown:
    try:
        token = web().store.links.token(link)
    except LinkError as error:
        return LinkShown(link=link, problem=str(error))
    paths = Paths.secret(of, token)
    return LinkShown(link=link, address=public_root() + paths.feed, page=paths.page)


def _readerships(
    slug: str, links: Sequence[Link], *, changed_at: datetime | None, at: datetime
) -> list[Readership]:
    by_link: dict[str, list[Reading]] = {}
    for reader in web().store.readers.of(slug, now=at):
        by_link.setdefault(reader.link, []).append(
            reading_of(reader, changed_at=changed_at, now=at)
        )
    known = {link.token_hash: link for link in links}
    order = [key for key in ("", *known) if key in by_link]
    return [Readership(link=known.get(key), readings=tuple(by_link[key])) for key in order]
