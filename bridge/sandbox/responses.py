"""Responses in the forms of Zoho's products: JSON, and each product's own form of an error.

Where no document shows a form, it is the nearest one that is documented.
"""

import json
from typing import Any

from flask import Response

from bridge.domain.source import Product
from bridge.sources.shapes import wrap

_PAGE = "<!DOCTYPE html>\n<title>Zoho</title><h1>Sorry, something went wrong</h1>"


def reply(body: Any, status: int = 200) -> Response:
    """Return JSON, with every letter unescaped."""
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, content_type="application/json;charset=UTF-8")


def listing(items: list[Any], product: Product, name: str, **beside: Any) -> Response:
    """Return a list in its documented form."""
    return reply(wrap(items, product, name, **beside))


def html(status: int) -> Response:
    """Return a page for people."""
    return Response(_PAGE, status, content_type="text/html;charset=UTF-8")


def backstage_error(status: int, message: str) -> Response:
    """Return an error of Backstage: the status is text in the body (Zoho APIs 2.5)."""
    return reply({"status_code": str(status), "message": message}, status)


def connect_error(action: str, reason: str, status: int = 200) -> Response:
    """Return an error of Connect, named by the action, mostly with 200 (Zoho APIs 3.8)."""
    return reply({action: {"result": "failure", "reason": reason}}, status)


def calendar_error(status: int, code: str, description: str = "") -> Response:
    """Return an error of Calendar: an array of errors (Zoho APIs 4.7)."""
    return reply({"error": [{"error_code": code, "description": description or code}]}, status)
