"""Sign-in with the admin's password or a link of ``zoho-bridge admin-link``, and sign-out."""

from flask import redirect, request, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.web import session
from bridge.web.admin.blueprint import blueprint, now
from bridge.web.context import web
from bridge.web.html_response import admin_response
from bridge.web.language import _, ngettext

log = structlog.get_logger()


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> BaseResponse:
    """Show the password form, or begin a session with the right password."""
    if request.method == "GET":
        return _page()
    is_right, wait = session.try_password(request.form.get("password", ""))
    if is_right:
        log.info("admin signed in", client=request.remote_addr)
        session.sign_in()
        return redirect(url_for("admin.overview"), 303)
    log.warning("admin sign-in failed", client=request.remote_addr, too_many=bool(wait))
    if not wait:
        return _page(403, _("Wrong password."))
    seconds = int(wait.total_seconds()) + 1
    problem = ngettext(
        "Too many attempts. Try again in %(num)d second.",
        "Too many attempts. Try again in %(num)d seconds.",
        seconds,
    )
    response = _page(429, problem)
    response.headers["Retry-After"] = str(seconds)
    return response


@blueprint.route("/link/<token>", methods=["GET", "POST"])
def use_link(token: str) -> BaseResponse:
    """Show a button, for programs follow links, too; or use the link and begin a session."""
    sessions = web().store.sessions
    if request.method == "GET" and sessions.has_link(token, now=now()):
        return admin_response("use_link.html")
    if request.method == "GET" or not sessions.use_link(token, now=now()):
        return _page(410, _("This link was used, or it is older than ten minutes."))
    log.info("admin signed in with a link", client=request.remote_addr)
    session.sign_in()
    return redirect(url_for("admin.overview"), 303)


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session, or all sessions."""
    session.sign_out(everywhere="everywhere" in request.form)
    return redirect(url_for("pages.start"), 303)


def _page(status: int = 200, problem: str = "") -> BaseResponse:
    has_password = bool(web().settings.admin_password)
    return admin_response("sign_in.html", status, problem=problem, has_password=has_password)
