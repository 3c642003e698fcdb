"""Exchange of a Self Client's code for a refresh token.

What the token endpoint takes and answers is Zoho's (OAuth: self client; error bodies of the token
endpoint; token limits). Small servers answer as Zoho was seen to.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bridge.config import Secret, ZohoSettings, load
from bridge.zoho.self_client import GrantError, exchange
from tests.canned_server import canned_server

CLOSED_URL = "http://127.0.0.1:9"  # the discard port, where nothing listens
SECRET, CODE = "s3cret-of-the-client", "1000.c0de.0f-a-test"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
THROTTLED = {
    "error": "Access Denied",
    "error_description": "You have made too many requests continuously.",
}
CHINESE = {"error": "拒绝访问", "error_description": "您连续发出的请求过多。", "status": "failure"}


def client_at(url: str) -> ZohoSettings:
    settings = {"ZOHO_CLIENT_ID": "1000.CLIENT", "ZOHO_CLIENT_SECRET": SECRET}
    return load({"ZOHO_DATA_CENTER": "eu", "ZOHO_ACCOUNTS_URL": url, **settings}).zoho


def refusal(url: str) -> GrantError:
    """Return the error of an exchange that fails."""
    with httpx.Client() as http, pytest.raises(GrantError) as caught:
        exchange(client_at(url), Secret(CODE), http=http, now=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("body", "status", "reason", "words"),
    [
        (
            {"error": "invalid_code"},
            200,
            "code",
            ["3 to 10 minutes", "used", "another data centre", "new code"],
        ),
        ({"error": "invalid_code"}, 400, "code", ["3 to 10 minutes"]),
        ({"error": "invalid_grant"}, 400, "code", ["3 to 10 minutes"]),
        ({"error": "invalid_client"}, 200, "client", ["client id", "data centre"]),
        ({"error": "invalid_client_secret"}, 200, "secret", ["secret", "Client Secret", "new one"]),
        (THROTTLED, 400, "throttled", ["10 requests in 10 minutes", "too many requests"]),
        (THROTTLED, 200, "throttled", ["10 requests in 10 minutes", "15 to 30 minutes"]),
        (CHINESE, 400, "throttled", ["10 requests in 10 minutes", "请求过多"]),
        ("<html>busy</html>", 502, "unavailable", ["502", "HTML page", "Try again"]),
        ("<html>log in to this network</html>", 200, "unavailable", ["HTML page", "proxy"]),
        ("", 200, "unavailable", ["The body is empty"]),
        ([], 200, "unavailable", ["not an object"]),
        ({"error": "invalid_redirect_uri"}, 400, "refused", ["Self Client", "redirect_uri"]),
        ({"access_token": "1000.a"}, 200, "unusable", ["no refresh token", "Generate Code"]),
        ({"access_token": "1000.a", "refresh_token": ""}, 200, "unusable", ["no refresh token"]),
        ({"access_token": "a b", "refresh_token": "1000.r"}, 200, "unusable", ["cannot be used"]),
        ({"access_token": "1000.a", "refresh_token": "a\nb"}, 200, "unusable", ["cannot be used"]),
        ("x" * 1_100_000, 200, "unusable", ["ZOHO_ACCOUNTS_URL"]),
    ],
)
def test_each_refusal_is_explained_with_its_remedy(
    body: object, status: int, reason: str, words: Sequence[str]
) -> None:
    with canned_server(body, status) as zoho:
        error = refusal(zoho.url)
    assert error.reason == reason
    assert str(error).startswith("127.0.0.1 (data centre eu)")
    assert [word for word in words if word not in str(error)] == []
    assert len(zoho.forms) == 1, "a code is good once: nothing is repeated"


def test_a_redirect_and_an_unreachable_server_are_explained() -> None:
    with canned_server("", 302, Location="https://accounts.zoho.com/signin") as zoho:
        assert "to another address (302)" in str(refusal(zoho.url))
    closed = refusal(CLOSED_URL)
    assert closed.reason == "unavailable"
    assert "ConnectError" in str(closed)
    assert "refresh" not in str(closed)


@pytest.mark.parametrize("status", [200, 201, 400, 500])
def test_an_answer_with_both_tokens_is_accepted_whatever_its_status(status: int) -> None:
    """OAuth: never trust the status. The form is the documented one, without a redirect_uri."""
    body = {"access_token": "1000.a", "refresh_token": "1000.r", "expires_in": 3600}
    with canned_server(body, status) as zoho, httpx.Client() as http:
        grant = exchange(client_at(zoho.url), Secret(CODE), http=http, now=NOW)
    assert (grant.refresh_token, grant.access_token.value) == (Secret("1000.r"), "1000.a")
    assert timedelta(minutes=50) < grant.access_token.expires_at - NOW <= timedelta(hours=1)
    assert "1000." not in repr(grant)
    form = {"grant_type": "authorization_code", "client_id": "1000.CLIENT"}
    assert zoho.forms == [form | {"client_secret": SECRET, "code": CODE}]


def test_zohos_own_words_keep_one_full_stop() -> None:
    with canned_server(THROTTLED, 400) as zoho:
        message = str(refusal(zoho.url))
    assert "made too many requests continuously”." in message
