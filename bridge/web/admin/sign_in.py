"""Sign-in with the admin's password, and sign-out."""

from flask import redirect, request, url_for
import structlog
from werkzeug.wrappers import Response as BaseResponse

from bridge.web import session
from bridge.web.admin.blueprint import blueprint
from bridge.web.html_response import admin_response
from bridge.web.language import _, ngettext

log = structlog.get_logger()


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> BaseResponse:
    """Show the password form, or begin a session with the right password."""
    if request.method == "GET":
        return admin_response("sign_in.html")
    is_right, wait = session.try_password(request.form.get("password", ""))
    if is_right:
        log.info("admin signed in", client=request.remote_addr)
        session.sign_in()
        return redirect(url_for("admin.overview"), 303)
    log.warning("admin sign-in failed", client=request.remote_addr, too_many=bool(wait))
    if not wait:
        return admin_response("sign_in.html", 403, problem=_("Wrong password."))
    seconds = int(wait.total_seconds()) + 1
    problem = ngettext(
        "Too many attempts. Try again in %(num)d second.",
        "Too many attempts. Try again in %(num)d seconds.",
        seconds,
    )
    response = admin_response("sign_in.html", 429, problem=problem)
    response.headers["Retry-After"] = str(seconds)
    return response


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session, or all sessions."""
    session.sign_out(everywhere="everywhere" in request.form)
    return redirect(url_for("pages.start"), 303)
