"""Views that add, rotate and revoke the secret links of a feed."""

from datetime import timedelta

from flask import request
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.links import LinkError
from bridge.web.admin.blueprint import active_feed, blueprint, now, redirect_to_feed
from bridge.web.context import web
from bridge.web.language import _, ngettext

# The days for which a rotated address may still work.
GRACE_DAYS = (0, 1, 7, 30)

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


@blueprint.post("/feeds/<slug>/rotate")
def rotate(slug: str) -> BaseResponse:
    """Replace a link; the old address works for the selected number of days."""
    slug, label = active_feed(slug).feed.slug, request.form.get("label", "")
    days = next((d for d in GRACE_DAYS if str(d) == request.form.get("grace")), 0)
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


@blueprint.post("/feeds/<slug>/revoke")
def revoke(slug: str) -> BaseResponse:
    """Revoke a link, or all links of the feed."""
    slug = active_feed(slug).feed.slug
    label = None if "all" in request.form else request.form.get("label", "")
    count = web().store.links.revoke(slug, label, now=now())
    log.info("links revoked", feed=slug, label=label, count=count)
    if label is None:
        return redirect_to_feed(slug, _("Revoked all links of the feed."))
    return redirect_to_feed(slug, _("Revoked the link “%(label)s”.", label=label))
