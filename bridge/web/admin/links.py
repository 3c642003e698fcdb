"""What is done to a feed's links: one more, a new address in place of an old one, none any more."""

from datetime import timedelta

from flask import request
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.store.links import LinkError
from bridge.web.admin.base import blueprint, done, now, refused, row_of
from bridge.web.context import web
from bridge.web.language import _, ngettext

# For how many days an old address may go on beside the new one.
GRACES = (0, 1, 7, 30)

log = structlog.get_logger()


@blueprint.post("/feeds/<slug>/add")
def add(slug: str) -> BaseResponse:
    """Give the feed one more link."""
    try:
        link = web().store.links.add(
            row_of(slug).feed.slug, request.form.get("label", ""), now=now()
        )
    except LinkError as error:
        return refused(slug, error)
    log.info("link added", feed=slug, label=link.label)
    return done(slug, _("Added the link “%(label)s”.", label=link.label))


@blueprint.post("/feeds/<slug>/rotate")
def rotate(slug: str) -> BaseResponse:
    """Replace a link; the old address works on for the chosen time."""
    chosen = request.form.get("grace", "")
    days = next((days for days in GRACES if str(days) == chosen), 0)
    try:
        link = web().store.links.rotate(
            row_of(slug).feed.slug,
            request.form.get("label", ""),
            now=now(),
            grace=timedelta(days=days),
        )
    except LinkError as error:
        return refused(slug, error)
    log.info("link rotated", feed=slug, label=link.label, grace_days=days)
    if not days:
        return done(
            slug,
            _(
                "The link “%(label)s” has a new address; the old one works no more.",
                label=link.label,
            ),
        )
    message = ngettext(
        "The link “%(label)s” has a new address; the old one works for %(num)d more day.",
        "The link “%(label)s” has a new address; the old one works for %(num)d more days.",
        days,
        label=link.label,
    )
    return done(slug, message)


@blueprint.post("/feeds/<slug>/revoke")
def revoke(slug: str) -> BaseResponse:
    """End a link, or all of the feed's."""
    label = None if "all" in request.form else request.form.get("label", "")
    try:
        count = web().store.links.revoke(row_of(slug).feed.slug, label, now=now())
    except LinkError as error:
        return refused(slug, error)
    log.info("links revoked", feed=slug, label=label, count=count)
    if label is None:
        return done(slug, _("All links of the feed are revoked."))
    return done(slug, _("The link “%(label)s” is revoked.", label=label))
