"""Views that add, rotate and revoke the secret links of a feed."""

from datetime import timedelta
from typing import Literal

from flask import request
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.domain.feed import Feed
from bridge.store.links import LinkError
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.context import web
from bridge.web.html_response import admin_response
from bridge.web.language import _, ngettext

# The days for which a rotated address may still work, and those without a selection.
_GRACE_DAYS = (0, 1, 7, 30)
_USUAL_GRACE = 7

log = structlog.get_logger()


@blueprint.errorhandler(LinkError)
def _link_error(_error: LinkError) -> BaseResponse:
    """Show on the feed's page why the links did not change."""
    assert request.view_args is not None
    text = _("There is no active link with this label.")
    if request.endpoint == "admin.add":
        text = _("Use a label of 1 to 80 characters, in one line, that no other link has.")
    return redirect_to_feed(request.view_args["slug"], text, "problem")


@blueprint.post("/feeds/<slug>/add")
def add(slug: str) -> BaseResponse:
    """Add a link to the feed."""
    slug = active_feed(slug).feed.slug
    link = web().store.links.add(slug, request.form.get("label", ""), now=now())
    log.info("link added", feed=slug, label=link.label)
    return redirect_to_feed(slug, _("Added the link “%(label)s”.", label=link.label))


@blueprint.route("/feeds/<slug>/rotate", methods=["GET", "POST"])
def rotate(slug: str) -> BaseResponse:
    """Replace a link, after a confirmation; the old address works for some more days."""
    feed = active_feed(slug).feed
    if request.method == "GET":
        return confirmation(feed, "rotate", request.args.get("label", ""))
    slug, label = feed.slug, request.form.get("label", "")
    grace = request.form.get("grace")
    days = next((days for days in _GRACE_DAYS if str(days) == grace), _USUAL_GRACE)
    link = web().store.links.rotate(slug, label, now=now(), grace=timedelta(days=days))
    log.info("link rotated", feed=slug, label=link.label, grace_days=days)
    message = _(
        "The link “%(label)s” has a new address; the old one no longer works.", label=link.label
    )
    if days:
        message = ngettext(
            "The link “%(label)s” has a new address; the old one works for %(num)d more day.",
            "The link “%(label)s” has a new address; the old one works for %(num)d more days.",
            days,
            label=link.label,
        )
    return redirect_to_feed(slug, message)


@blueprint.route("/feeds/<slug>/revoke", methods=["GET", "POST"])
def revoke(slug: str) -> BaseResponse:
    """Revoke a link, or all links of the feed, after a confirmation."""
    feed = active_feed(slug).feed
    slug, label = feed.slug, None if "all" in request.values else request.values.get("label", "")
    if request.method == "GET":
        return confirmation(feed, "revoke", label)
    count = web().store.links.revoke(slug, label, now=now())
    log.info("links revoked", feed=slug, label=label, count=count)
    if label is None:
        return redirect_to_feed(slug, _("Revoked all links of the feed."))
    return redirect_to_feed(slug, _("Revoked the link “%(label)s”.", label=label))


def confirmation(
    feed: Feed, step: Literal["rotate", "revoke", "remove"], label: str | None = None
) -> BaseResponse:
    """Ask before addresses end: those of a link, or without a label all of the feed.

    The page names the programs that read them. Raises LinkError for an unknown label.
    """
    at, store = now(), web().store
    links = [link for link in store.links.of(feed.slug) if link.opens(at)]
    ending = [link for link in links if label in (None, link.label)]
    if not ending and step != "remove":
        raise LinkError
    read = [link.token_hash for link in ending] + [""] * (step == "remove")
    programs = {r.program for r in store.readers.of(feed.slug, now=at) if r.link in read}
    return admin_response(
        "admin_confirm.html",
        feed=feed,
        step=step,
        label=label,
        links=ending,
        programs=sorted(programs),
        grace_days=_GRACE_DAYS,
        usual_grace=_USUAL_GRACE,
    )
