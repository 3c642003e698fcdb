"""The answers that Zoho's products have in common forms for: JSON, and each product's own way to say no.

It must not decide anything; where no document tells a form, the form is the nearest one that was seen.
"""

import json
from typing import Any

from flask import Response

THROTTLE_CODE = "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"
_TOO_MANY = "You have made too many requests continuously. Please try again after some time."
_PAGE = "<!DOCTYPE html>\n<html><head><title>Zoho</title></head><body><h1>Sorry, something went wrong</h1></body></html>"


def reply(body: Any, status: int = 200) -> Response:
    """Answer with JSON, letters as they are."""
    return Response(
        json.dumps(body, ensure_ascii=False), status, content_type="application/json;charset=UTF-8"
    )


def html(status: int) -> Response:
    """Answer with a page for people."""
    return Response(_PAGE, status, content_type="text/html;charset=UTF-8")


def backstage_error(status: int, message: str) -> Response:
    """Say no as Backstage does: the status is text in the body (Zoho Backstage: errors)."""
    return reply({"status_code": str(status), "message": message}, status)


def connect_error(action: str, reason: str, status: int = 200) -> Response:
    """Say no as Connect does: wrapped in the action's name, mostly with status 200 (Zoho Connect: errors)."""
    return reply({action: {"result": "failure", "reason": reason}}, status)


def calendar_error(status: int, code: str, description: str = "") -> Response:
    """Say no as Calendar does: an array of errors (Zoho Calendar: errors)."""
    return reply({"error": [{"error_code": code, "description": description or code}]}, status)


def oauth_throttle(status: int = 400) -> Response:
    """Refuse an eleventh token within ten minutes (Zoho OAuth: token limits)."""
    return reply(
        {"error": "Access Denied", "error_description": _TOO_MANY, "status": "failure"}, status
    )


def error(route: str, status: int, code: str, message: str) -> Response:
    """Say no in the form of the product that ``route`` belongs to."""
    product = route.partition(".")[0]
    if product == "backstage":
        return backstage_error(status, message)
    if product == "connect":
        return connect_error("error", f"{code}: {message}", status)
    if product == "calendar":
        return calendar_error(status, code, message)
    return reply({"error": code}, status)


def throttle(route: str, status: int, retry_after: str | int | None) -> Response:
    """Ask to slow down: 429 with Retry-After, or with another status a body with Zoho's code for it."""
    if route.startswith("oauth."):
        response = oauth_throttle(status)
    else:
        response = error(route, status, THROTTLE_CODE, f"{THROTTLE_CODE}: {_TOO_MANY}")
    if status == 429 and retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
