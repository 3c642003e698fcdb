"""The password of the admin pages, and the end of a session."""

from flask import redirect, request, session as cookie, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.web import session
from bridge.web.admin.base import blueprint
from bridge.web.language import _, ngettext
from bridge.web.page import admin_page

log = structlog.get_logger()


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
        return admin_page("sign_in.html", status=403, problem=_("That is not the password."))
    seconds = int(wait.total_seconds()) + 1
    problem = ngettext(
        "Too many attempts. Try again in %(num)d second.",
        "Too many attempts. Try again in %(num)d seconds.",
        seconds,
    )
    response = admin_page("sign_in.html", status=429, problem=problem)
    response.headers["Retry-After"] = str(seconds)
    return response


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session."""
    cookie.clear()
    return redirect(url_for("pages.start"), 303)
