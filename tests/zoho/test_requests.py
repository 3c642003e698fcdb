"""The Zoho client over real HTTP: the exact requests that it sends.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

import pytest

from bridge import __version__
from bridge.config import Secret
from bridge.domain.source import Product
from bridge.errors import ConfigError
from bridge.zoho.client import ZohoClient
from tests.zoho.conftest import MakeClient
from tests.zoho.loopback import (
    CALENDAR,
    CLIENT_SECRET,
    CONNECT,
    REFRESH_TOKEN,
    Answer,
    LoopbackZoho,
)


def test_a_request_is_exactly_what_zoho_documents(zoho: LoopbackZoho, client: ZohoClient) -> None:
    """Zoho APIs 1.2: the header; 4.2: range as percent-encoded JSON."""
    zoho.script(Answer({"events": [{"uid": "a"}]}))
    answer = client.get(
        *CALENDAR,
        {"range": '{"start":"20260301","end":"20260331"}'},
        accept="application/json+large",
    )
    assert answer == {"events": [{"uid": "a"}]}
    [call] = zoho.calls
    span = "%7B%22start%22%3A%2220260301%22%2C%22end%22%3A%2220260331%22%7D"
    assert (call.method, call.target) == (
        "GET",
        f"/api/v1/calendars/l9%3D%3D/events?range={span}",
    )
    assert call.headers["authorization"] == "Zoho-oauthtoken token-1"
    assert call.headers["accept"] == "application/json+large"
    assert call.headers["user-agent"] == f"zoho-calendar-bridge/{__version__}"
    assert "cookie" not in call.headers


@pytest.mark.parametrize(
    ("product", "path", "target"),
    [
        ("backstage", "/portals/1", "/backstage/v3/portals/1"),
        ("connect", "/allScopes", "/pulse/api/allScopes"),
        ("calendar", "/calendars", "/api/v1/calendars"),
    ],
)
def test_each_product_has_its_own_address(
    zoho: LoopbackZoho, client: ZohoClient, product: Product, path: str, target: str
) -> None:
    """Zoho APIs 1.1: hosts and paths differ for each product."""
    client.get(product, path)
    assert [call.target for call in zoho.calls] == [target]
    assert zoho.calls[0].headers["accept"] == "application/json"


def test_the_token_request_is_a_form_with_nothing_in_its_address(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    """Zoho APIs 1.2: a POST with grant_type=refresh_token, secrets only in the body."""
    client.get(*CONNECT)
    [call] = zoho.token_calls
    assert call.method == "POST"
    assert call.target == "/oauth/v2/token"
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert call.form == {
        "grant_type": "refresh_token",
        "client_id": "1000.CLIENT",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
    }
    assert "authorization" not in call.headers


def test_no_cookie_of_zoho_is_sent_back(zoho: LoopbackZoho, client: ZohoClient) -> None:
    """A cookie would carry a state of which the client knows nothing."""
    zoho.script(Answer({}, headers={"Set-Cookie": "JSESSIONID=1; Path=/"}), Answer({}))
    client.get(*CONNECT)
    client.get(*CONNECT)
    assert ["cookie" in call.headers for call in zoho.calls] == [False, False]


@pytest.mark.parametrize("path", ["portals", "", "/portals?status=all", "/portals#x"])
def test_a_path_that_is_none_is_a_bug_of_the_caller(
    zoho: LoopbackZoho, client: ZohoClient, path: str
) -> None:
    """httpx would silently drop the path's query in favour of the parameters."""
    with pytest.raises(ValueError, match="is not a path"):
        client.get("backstage", path, {"page": "1"})
    assert zoho.seen == []


def test_incomplete_settings_are_refused_at_once(zoho: LoopbackZoho, make: MakeClient) -> None:
    with pytest.raises(ConfigError, match="ZOHO_REFRESH_TOKEN is not set"):
        make(changes={"refresh_token": Secret("")})
