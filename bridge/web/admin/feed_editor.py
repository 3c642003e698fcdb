"""Views that create, edit, remove and restore feeds of the admin's own.

They write to the store, where ``bridge.toml`` does not remove these feeds; the worker publishes.
"""

from collections.abc import Mapping, Sequence

from flask import abort, flash, redirect, request, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.store.feeds import FeedError, FeedRow
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.admin.feed_form import FACTS, FeedForm
from bridge.web.admin.feed_status import known_sources
from bridge.web.admin.links import confirmation
from bridge.web.context import public_root, web
from bridge.web.html_response import admin_response
from bridge.web.language import _

log = structlog.get_logger()


# Strict, because /feeds/new/ is the page of a feed with this name.
@blueprint.route("/feeds/new", methods=["GET", "POST"], strict_slashes=True)
def new() -> BaseResponse:
    """Create a feed."""
    return _edit(None)


@blueprint.route("/feeds/<slug>/edit", methods=["GET", "POST"])
def edit(slug: str) -> BaseResponse:
    """Edit a feed of the admin's own."""
    return _edit(_own_feed(slug).feed)


def _edit(old: Feed | None) -> BaseResponse:
    """Show the form of a feed, or save it; without ``old`` the feed is new."""
    if request.method == "GET":
        form = FeedForm.from_feed(old or Feed(slug="", title="", sources=()))
        if old is None:
            form.typed.setlist("source", request.args.getlist("source"))
        return _form_page(form, feed=old)
    feeds, form = web().store.feeds, FeedForm(request.form)
    taken = {row.feed.slug for row in feeds.all()}
    feed, problems = form.to_feed(feeds.known_sources(), old, taken=taken, root=public_root())
    if feed is None or "preview" in request.form:
        return _form_page(form, problems, feed=old, preview=_preview(feed))
    if old is not None:
        feeds.change(feed, now=now())
        message = _("Feed saved. Subscribers see the changes once it is published.")
    else:
        try:
            feeds.add(feed, now=now())
        except FeedError:  # the address was taken a moment ago
            return _form_page(form, {"slug": "slug-taken"})
        message = _("Feed created. You can subscribe to it within a minute.")
    log.info("feed saved", feed=feed.slug, sources=len(feed.sources), new=old is None)
    return _publish_soon(feed, message)


@blueprint.route("/feeds/<slug>/remove", methods=["GET", "POST"])
def remove(slug: str) -> BaseResponse:
    """Remove a feed of the admin's own, after a confirmation."""
    row = _own_feed(slug)
    if request.method == "GET":
        return confirmation(row.feed, "remove")
    web().store.feeds.remove(slug, now=now())
    log.info("feed removed", feed=slug)
    title = row.feed.title
    flash(_("Removed “%(title)s”. You can restore it at the end of this page.", title=title))
    return redirect(url_for("admin.overview"), 303)


@blueprint.post("/feeds/<slug>/restore")
def restore(slug: str) -> BaseResponse:
    """Restore a removed feed, at its old addresses."""
    removed = {row.feed.slug: row for row in web().store.feeds.all() if not row.active}
    row = removed.get(slug)
    if row is None or not row.by_admin:
        abort(404)
    web().store.feeds.change(row.feed, now=now())
    log.info("feed brought back", feed=slug)
    return _publish_soon(row.feed, _("Feed restored at its old addresses."))


@blueprint.errorhandler(FeedError)
def _feed_error(_error: FeedError) -> BaseResponse:
    """Report that bridge.toml took over the feed while its form was open."""
    flash(_("This feed is now configured in bridge.toml. Edit it there."), "problem")
    return redirect(url_for("admin.overview"), 303)


def _own_feed(slug: str) -> FeedRow:
    row = active_feed(slug)
    if not row.by_admin:
        abort(404)
    return row


def _publish_soon(feed: Feed, message: str) -> BaseResponse:
    """Mark the feed's sources as due, and redirect to the feed."""
    web().store.sources.wake([source.key for source in feed.sources], now=now())
    return redirect_to_feed(feed.slug, message)


def _preview(feed: Feed | None) -> Mapping[str, Sequence[str]]:
    """Return the titles of the events that the rules of a feed leave out, by source."""
    sources, left_out = web().store.sources, {}
    for rule in feed.rules if feed else ():
        events = sources.payloads(rule.source, [*sources.index(rule.source)])
        left_out[rule.source] = sorted(rule.left_out(map(codec.decode, events.values())))
    return left_out


def _form_page(
    form: FeedForm,
    problems: Mapping[str, str] | None = None,
    *,
    feed: Feed | None = None,
    preview: Mapping[str, Sequence[str]] | None = None,
) -> BaseResponse:
    known = known_sources()
    unused = [s for s in known.values() if not s.active and s.source.key not in form.sources]
    return admin_response(
        "admin_form.html",
        form=form,
        typed=form.typed,
        problems=problems or {},
        feed=feed,
        preview=preview or {},
        is_preview="preview" in request.form,
        known=known,
        facts=FACTS,
        sources=[source for source in known.values() if source not in unused],
        unused=unused,
    )
