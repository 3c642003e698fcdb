"""The errors of the APIs: each is the class of its remedy.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

from typing import Any

import pytest

from bridge.domain.source import Product
from bridge.errors import (
    BadDataError,
    NotFoundError,
    ScopeError,
    SlowDownError,
    UnavailableError,
    ZohoError,
)
from bridge.zoho.client import ZohoClient
from tests.zoho.loopback import (
    BACKSTAGE,
    CALENDAR,
    CONNECT,
    Answer,
    LoopbackZoho,
    all_of,
    secrets_in,
)


@pytest.mark.parametrize(
    ("product", "path", "status", "body", "kind", "words"),
    [
        # Not found: a 404, and Backstage's for an unknown path (Zoho APIs 2.5, 4.5).
        (
            *BACKSTAGE,
            404,
            {"status_code": "404", "message": "Please provide valid method"},
            NotFoundError,
            "valid method",
        ),
        (
            *BACKSTAGE,
            200,
            {"status_code": "404", "message": "m"},
            NotFoundError,
            "/portals/1/events \\(at 127.0.0.1",
        ),
        (*CALENDAR, 404, b"", NotFoundError, "Correct the id"),
        (*CALENDAR, 404, b"<html></html>", NotFoundError, "Correct the id"),
        (
            *CALENDAR,
            400,
            {"error": [{"error_code": "RESOURCE_NOT_FOUND"}]},
            NotFoundError,
            "RESOURCE_NOT_FOUND",
        ),
        (
            *CONNECT,
            200,
            {"upcomingEvents": {"result": "failure", "reason": "Invalid scopeID"}},
            NotFoundError,
            "scopeID",
        ),
        # A sentence of Calendar's is no 404, which would remove an event from the feed.
        (
            *CALENDAR,
            400,
            {"error": [{"error_code": "INVALID_DATA", "message": "zone not found"}]},
            BadDataError,
            "zone",
        ),
        # Not allowed (Zoho APIs 4.7).
        (
            *CALENDAR,
            403,
            {"error": [{"error_code": "OPERATION_NOT_PERMITTED"}]},
            ScopeError,
            "ZohoCalendar.event.READ",
        ),
        (
            *CALENDAR,
            200,
            {"error": {"error_code": "OPERATION_NOT_PERMITTED"}},
            ScopeError,
            "Share it with the account",
        ),
        (*BACKSTAGE, 403, b"", ScopeError, "zohobackstage.event.READ"),
        # A fault of Zoho's own (Zoho APIs 2.5).
        (
            *BACKSTAGE,
            500,
            {"status_code": "500", "message": "Sorry, an unexpected error"},
            UnavailableError,
            "Sorry",
        ),
        (
            *BACKSTAGE,
            200,
            {"status_code": "500", "message": "Sorry, an unexpected error"},
            UnavailableError,
            "Sorry",
        ),
        (*CALENDAR, 503, b"<html></html>", UnavailableError, "503"),
        (*CALENDAR, 403, b"<html>blocked</html>", UnavailableError, "HTML"),
        (*CALENDAR, 408, b"", UnavailableError, "408"),
        # Not JSON, or not all of it (Zoho APIs 3.8, 6.1).
        (*CONNECT, 200, b"<!DOCTYPE html><html>sign in</html>", UnavailableError, "HTML page"),
        (*CONNECT, 200, b"\n <html>", UnavailableError, "HTML page"),
        (
            *CONNECT,
            200,
            b'{"upcomingEvents":{"events":[{"title":"Te',
            UnavailableError,
            "character .. of 41",
        ),
        (*CONNECT, 200, b"", UnavailableError, "is empty"),
        (*CONNECT, 200, b" \n", UnavailableError, "is empty"),
        (*CONNECT, 204, b"", UnavailableError, "is empty"),
        (*CONNECT, 200, b"[" * 100_000, UnavailableError, "cannot be read"),
        # JSON, but no answer.
        (*CONNECT, 200, b"null", BadDataError, "of type NoneType"),
        (*CONNECT, 200, b'"ok"', BadDataError, "of type str"),
        (*CONNECT, 200, b"12", BadDataError, "of type int"),
        # What only a change of the request mends: in Zoho's own words (Zoho APIs 2.4, 3.8, 4.7).
        (
            *BACKSTAGE,
            400,
            {"status_code": "400", "message": "Please enter the valid agenda day"},
            BadDataError,
            r"status 400\)\. Zoho says: “Please enter the valid agenda day”",
        ),
        (
            *CALENDAR,
            400,
            {"error": [{"error_code": "EXTRA_PARAM_FOUND", "message": "x y"}]},
            BadDataError,
            "EXTRA_PARAM_FOUND x y",
        ),
        (
            *CALENDAR,
            200,
            {"error": [{"error_code": "INVALID_DATA", "description": "d"}]},
            BadDataError,
            "INVALID_DATA d",
        ),
        (*CALENDAR, 200, {"error": "INVALID_DATA", "events": []}, BadDataError, "INVALID_DATA"),
        (*CALENDAR, 400, [{"message": "something else"}], BadDataError, "something else"),
        (
            *CONNECT,
            200,
            {"upcomingEvents": {"result": "failure", "reason": "Whatever"}},
            BadDataError,
            "Whatever",
        ),
        (
            *CONNECT,
            200,
            {"upcomingEvents": {"result": "failure"}},
            BadDataError,
            "refuses the request",
        ),
        (*CALENDAR, 418, b"a teapot", BadDataError, r"status 418\)\. Zoho says: “a teapot”"),
        (*CALENDAR, 400, b"", BadDataError, r"status 400\)\.$"),
    ],
)
def test_each_error_is_the_class_of_its_remedy(
    zoho: LoopbackZoho,
    client: ZohoClient,
    product: Product,
    path: str,
    status: int,
    body: Any,
    kind: type[ZohoError],
    words: str,
) -> None:
    zoho.script(*[Answer(body, status=status)] * 3)
    with pytest.raises(ZohoError, match=words) as caught:
        client.get(product, path)
    assert type(caught.value) is kind
    assert len(zoho.calls) == (
        3 if kind is UnavailableError else 1
    )  # only what may pass is tried again
    assert secrets_in(all_of(caught.value)) == []


def test_a_redirect_is_not_followed_with_the_token(zoho: LoopbackZoho, client: ZohoClient) -> None:
    zoho.script(Answer(status=301, headers={"Location": f"{zoho.url}/elsewhere"}))
    with pytest.raises(BadDataError, match=r"301.*ZOHO_CALENDAR_URL"):
        client.get(*CALENDAR)
    assert [call.target for call in zoho.calls] == ["/api/v1/calendars/l9%3D%3D/events"]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(status=429), 120),
        (Answer(b"<html>", status=429), 120),
        (Answer(status=429, headers={"Retry-After": "300"}), 300),
        (Answer(status=429, headers={"Retry-After": "Sun, 01 Mar 2026 12:05:00 GMT"}), 300),
        (Answer(status=429, headers={"Retry-After": "Sun, 01 Mar 2026 12:05:00 -0000"}), 300),
        (Answer(status=429, headers={"Retry-After": "9999999999"}), 86400),
        (Answer(status=429, headers={"Retry-After": "soon"}), 120),
        (Answer(status=429, headers={"Retry-After": "-5"}), 120),
        (Answer({"error": {"code": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"}}, status=400), 120),
        (Answer({"error": [{"error_code": "URL_FIXED_THROTTLES_LIMIT_EXCEEDED"}]}), 120),
        (Answer(b"URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", status=400), 120),
        (Answer(b"<p>URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", status=403), 120),
        (
            Answer(
                {
                    "upcomingEvents": {
                        "result": "failure",
                        "reason": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED",
                    }
                }
            ),
            120,
        ),
        (Answer({"x": 1, "deep": {"why": "URL_FIXED_THROTTLES_LIMIT_EXCEEDED"}}, status=400), 120),
    ],
)
def test_a_throttle_is_recognised_in_any_form_with_its_duration(
    zoho: LoopbackZoho, client: ZohoClient, answer: Answer, seconds: float
) -> None:
    """Zoho APIs 4.7: 429 or THROTTLES_LIMIT_EXCEEDED; RFC 9110 10.2.3: Retry-After."""
    zoho.script(answer)
    with pytest.raises(SlowDownError) as caught:
        client.get(*CALENDAR)
    assert caught.value.retry_after == pytest.approx(seconds, abs=0.001)
    assert len(zoho.calls) == 1
