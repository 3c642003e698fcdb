"""Feeds that the admin makes of known sources, changes, removes and brings back.

They are written to the store, where ``bridge.toml`` does not end them; the worker publishes them.
"""

from collections.abc import Mapping

from flask import abort, flash, redirect, request, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.store.feeds import FeedError, FeedRow
from bridge.web import session
from bridge.web.admin.base import blueprint, done, now, row_of
from bridge.web.admin.form import Draft
from bridge.web.context import public_root, web
from bridge.web.language import _
from bridge.web.page import admin_page

log = structlog.get_logger()


# Strict, for /feeds/new/ is the page of a feed that is called so.
@blueprint.route("/feeds/new", methods=["GET", "POST"], strict_slashes=True)
def new() -> BaseResponse:
    """Make a feed."""
    if request.method == "GET":
        return _form(Draft(sources=tuple(request.args.getlist("source"))))
    store, draft = web().store, Draft.typed(request.form)
    taken = {row.feed.slug for row in store.feeds.all()}
    feed, problems = draft.new_feed(store.feeds.known_sources(), taken=taken, root=public_root())
    if feed is None:
        return _form(draft, problems)
    try:
        store.feeds.add(feed, now=now())
    except FeedError:  # another took the address a moment ago
        return _form(
            draft,
            {
                "slug": _(
                    "There is, or once was, another feed with this address: choose another one."
                )
            },
        )
    log.info("feed made", feed=feed.slug, sources=len(feed.sources))
    return _woken(
        feed,
        _("The feed is made. It can be subscribed to within a minute, as soon as it is published."),
    )


@blueprint.route("/feeds/<slug>/edit", methods=["GET", "POST"])
def edit(slug: str) -> BaseResponse:
    """Change a feed that was made here."""
    row = _made_here(slug)
    if request.method == "GET":
        return _form(Draft.of(row.feed), of=row.feed)
    draft = Draft.typed(request.form)
    feed, problems = draft.changed(row.feed, web().store.feeds.known_sources())
    if feed is None:
        return _form(draft, problems, of=row.feed)
    web().store.feeds.change(feed, now=now())
    log.info("feed changed", feed=feed.slug, sources=len(feed.sources))
    return _woken(
        feed, _("The feed is changed. Subscribers get it as it is now as soon as it is published.")
    )


@blueprint.route("/feeds/<slug>/remove", methods=["GET", "POST"])
def remove(slug: str) -> BaseResponse:
    """Ask whether a feed that was made here is to be removed, and do it."""
    row = _made_here(slug)
    if request.method == "GET":
        links = sum(link.opens(now()) for link in web().store.links.of(slug))
        return admin_page(
            "admin_remove.html", feed=row.feed, links=links, open_to_all=session.is_open_to_all()
        )
    web().store.feeds.remove(slug, now=now())
    log.info("feed removed", feed=slug)
    flash(
        _(
            "The feed “%(title)s” is removed. It can be brought back at the end of this page.",
            title=row.feed.title,
        )
    )
    return redirect(url_for("admin.overview"), 303)


@blueprint.post("/feeds/<slug>/restore")
def restore(slug: str) -> BaseResponse:
    """Bring a removed feed back, at its old addresses."""
    rows = web().store.feeds.all()
    row = next(
        (row for row in rows if row.feed.slug == slug and row.by_admin and not row.active), None
    )
    if row is None:
        abort(404)
    web().store.feeds.change(row.feed, now=now())
    log.info("feed brought back", feed=slug)
    return _woken(row.feed, _("The feed is back, at its old addresses."))


@blueprint.errorhandler(FeedError)
def _taken_over(error: FeedError) -> BaseResponse:
    """Say that the settings took the feed over while its form was open."""
    flash(str(error), "problem")
    return redirect(url_for("admin.overview"), 303)


def _made_here(slug: str) -> FeedRow:
    row = row_of(slug)
    if not row.by_admin:
        abort(404)
    return row


def _woken(feed: Feed, message: str) -> BaseResponse:
    """Have the feed's sources read soon, and show the feed."""
    web().store.sources.wake([source.key for source in feed.sources], now=now())
    return done(feed.slug, message)


def _form(
    draft: Draft, problems: Mapping[str, str] | None = None, *, of: Feed | None = None
) -> BaseResponse:
    known = web().store.feeds.known_sources()
    return admin_page(
        "admin_form.html",
        draft=draft,
        problems=problems or {},
        of=of,
        known=[one for one in known if one.active or one.source.key in draft.sources],
        retired=[one for one in known if not one.active and one.source.key not in draft.sources],
        root=public_root(),
        open_to_all=session.is_open_to_all(),
    )
