"""The pages of the person who runs the bridge: what is wrong, and the addresses of each feed.

They are closed (404) unless BRIDGE_ADMIN_PASSWORD is set; in the demo they are open to this machine.
"""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, flash, redirect, request, session as cookie, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.model import Feed
from bridge.store import Link, LinkError
from bridge.web import session
from bridge.web.context import public_root, web
from bridge.web.page import admin_page
from bridge.web.pages import feed_path

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

_GRACES = {"0": timedelta(), "1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}

log = structlog.get_logger()


@blueprint.before_request
def _guard() -> BaseResponse | None:
    if not web().settings.admin_password and not session.is_open_to_all():
        abort(404)
    if request.endpoint != "admin.sign_in" and not session.is_signed_in():
        if request.method == "POST":
            abort(403)
        return redirect(url_for("admin.sign_in"), 303)
    if request.method == "POST":
        session.check_csrf()
    return None


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> BaseResponse:
    """Ask for the password."""
    if request.method == "GET":
        return admin_page("sign_in.html")
    known, wait = session.attempt(request.form.get("password", ""))
    if known:
        log.info("admin signed in", client=request.remote_addr)
        session.sign_in()
        return redirect(url_for("admin.overview"), 303)
    log.warning("admin sign-in failed", client=request.remote_addr, too_many=bool(wait))
    if not wait:
        return admin_page("sign_in.html", status=403, problem="That is not the password.")
    seconds = int(wait.total_seconds()) + 1
    problem = f"Too many attempts. Try again in {seconds} seconds."
    response = admin_page("sign_in.html", status=429, problem=problem)
    response.headers["Retry-After"] = str(seconds)
    return response


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session."""
    cookie.clear()
    return redirect(url_for("pages.start"), 303)


@blueprint.get("/")
def overview() -> Response:
    """List the feeds and their sources, with what is wrong and when it is tried again."""
    store = web().store
    states = {state.source.key: state for state in store.sources.states()}
    rows = [
        {
            "feed": feed,
            "document": store.publications.head(feed.slug, "default"),
            "sources": [states[source.key] for source in feed.sources if source.key in states],
        }
        for feed in store.feeds.active()
    ]
    rejections = {key: store.sources.rejections(key) for key, state in states.items() if state.rejections}
    return admin_page("admin.html", rows=rows, rejections=rejections, open_to_all=session.is_open_to_all())


@blueprint.get("/feeds/<slug>/")
def feed(slug: str) -> Response:
    """Show one feed: its addresses, and what can be done with them."""
    shown = _feed(slug)
    now = datetime.now(UTC)
    links = [_row(shown, link) for link in web().store.links.of(slug) if link.opens(now)]
    public = public_root() + feed_path(shown, None) if shown.public else ""
    return admin_page("admin_feed.html", feed=shown, links=links, public=public, graces=_GRACES)


@blueprint.post("/feeds/<slug>/refresh")
def refresh(slug: str) -> BaseResponse:
    """Make the feed's sources due now."""
    shown = _feed(slug)
    web().store.sources.wake([source.key for source in shown.sources], now=datetime.now(UTC))
    return _done(slug, "The feed's sources are read again within a minute.")


@blueprint.post("/feeds/<slug>/add")
def add(slug: str) -> BaseResponse:
    """Give the feed one more link."""
    try:
        link = web().store.links.add(_feed(slug).slug, request.form.get("label", ""), now=datetime.now(UTC))
    except LinkError as error:
        return _done(slug, str(error))
    log.info("link added", feed=slug, label=link.label)
    return _done(slug, f'Added the link "{link.label}".')


@blueprint.post("/feeds/<slug>/rotate")
def rotate(slug: str) -> BaseResponse:
    """Replace a link; the old address works on for the chosen time."""
    grace = _GRACES.get(request.form.get("grace", ""), timedelta())
    label = request.form.get("label", "")
    try:
        link = web().store.links.rotate(_feed(slug).slug, label, now=datetime.now(UTC), grace=grace)
    except LinkError as error:
        return _done(slug, str(error))
    log.info("link rotated", feed=slug, label=link.label, grace_days=grace.days)
    on = f"works for {grace.days} more day{'s' * (grace.days != 1)}" if grace else "works no more"
    return _done(slug, f'The link "{link.label}" has a new address; the old one {on}.')


@blueprint.post("/feeds/<slug>/revoke")
def revoke(slug: str) -> BaseResponse:
    """End a link, or all of the feed's."""
    label = None if "all" in request.form else request.form.get("label", "")
    try:
        count = web().store.links.revoke(_feed(slug).slug, label, now=datetime.now(UTC))
    except LinkError as error:
        return _done(slug, str(error))
    log.info("links revoked", feed=slug, label=label, count=count)
    return _done(slug, "All links of the feed are revoked." if label is None else f'The link "{label}" is revoked.')


def _feed(slug: str) -> Feed:
    found = next((feed for feed in web().store.feeds.active() if feed.slug == slug), None)
    if found is None:
        abort(404)
    return found


def _row(shown: Feed, link: Link) -> dict[str, object]:
    """Give a link with its address, or with the reason why that can't be shown."""
    try:
        token = web().store.links.token(link)
    except LinkError as error:
        return {"link": link, "address": "", "problem": str(error)}
    return {"link": link, "address": f"{public_root()}/f/{token}/{shown.slug}.ics", "page": f"/f/{token}/"}


def _done(slug: str, message: str) -> BaseResponse:
    flash(message)
    return redirect(url_for("admin.feed", slug=slug), 303)
