"""The client after a product refused its access token.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

from typing import Any

import pytest

from bridge.domain.source import Product
from bridge.errors import ScopeError, SlowDownError
from bridge.store import Store
from bridge.zoho.client import ZohoClient
from bridge.zoho.oauth import account_of
from tests.zoho.conftest import MakeClient
from tests.zoho.loopback import (
    BACKSTAGE,
    CALENDAR,
    CONNECT,
    Answer,
    LoopbackZoho,
    all_of,
    secrets_in,
    settings_for,
)

DEAD = [
    pytest.param(
        *BACKSTAGE,
        401,
        {"status_code": "401", "message": "Please provide a valid OAuthScope"},
        id="Zoho APIs 2.5",
    ),
    pytest.param(
        *BACKSTAGE,
        200,
        {"status_code": "401", "message": "Please provide a valid OAuthScope"},
        id="in a 200",
    ),
    pytest.param(*BACKSTAGE, 400, {"status_code": 401, "message": "x"}, id="a status as number"),
    pytest.param(*BACKSTAGE, 401, b"", id="401 with nothing"),
    pytest.param(*BACKSTAGE, 401, b"<html>login</html>", id="401 with a page"),
    pytest.param(
        *CALENDAR, 401, {"error": [{"error_code": "INVALID_OAUTHTOKEN"}]}, id="Zoho APIs 4.7 dead"
    ),
    pytest.param(
        *CALENDAR,
        400,
        {"error": [{"error_code": "INVALID_TICKET", "message": "m"}]},
        id="Zoho APIs 4.7 missing",
    ),
    pytest.param(
        *CALENDAR, 200, {"error": {"error_code": "INVALID_OAUTHTOKEN"}}, id="an object in a 200"
    ),
    pytest.param(
        *CALENDAR, 400, [{"message": "INVALID_TICKET"}], id="Zoho APIs 4.7 array at the top"
    ),
    pytest.param(*CALENDAR, 400, {"data": [{"message": "INVALID_TICKET"}]}, id="under data"),
    pytest.param(
        *CONNECT,
        200,
        {"upcomingEvents": {"result": "failure", "reason": "INVALID_OAUTHTOKEN"}},
        id="Zoho APIs 3.8",
    ),
    pytest.param(
        *CONNECT,
        200,
        {"upcomingEvents": {"result": "failure", "reason": "Invalid OAuth token"}},
        id="in words",
    ),
    pytest.param(
        *CONNECT,
        401,
        {"code": "OAUTH_SCOPE_MISMATCH", "message": "invalid oauth scope"},
        id="Zoho-wide",
    ),
    pytest.param(*CONNECT, 400, {"code": "INVALID_TOKEN", "status": "error"}, id="Zoho-wide dead"),
]


@pytest.mark.parametrize(("product", "path", "status", "body"), DEAD)
def test_a_refused_token_is_replaced_once_and_the_request_repeated(
    zoho: LoopbackZoho, client: ZohoClient, product: Product, path: str, status: int, body: Any
) -> None:
    zoho.script(Answer(body, status=status), Answer({"events": [1]}))
    assert client.get(product, path) == {"events": [1]}
    assert [call.token for call in zoho.calls] == ["token-1", "token-2"]
    assert len({call.target for call in zoho.calls}) == 1


@pytest.mark.parametrize(("product", "path", "status", "body"), DEAD)
def test_a_second_refusal_is_a_missing_scope(
    zoho: LoopbackZoho, client: ZohoClient, product: Product, path: str, status: int, body: Any
) -> None:
    """Zoho APIs 2.5: 401 once is "refresh and retry", the second time a missing scope."""
    zoho.script(*[Answer(body, status=status)] * 2)
    with pytest.raises(ScopeError, match=r"ZOHO_REFRESH_TOKEN") as caught:
        client.get(product, path)
    assert isinstance(caught.value, ScopeError)
    assert len(zoho.calls) == len(zoho.token_calls) == 2
    assert secrets_in(all_of(caught.value)) == []


@pytest.mark.parametrize(
    ("product", "path", "scope"),
    [
        ("backstage", "/portals", "zohobackstage.portal.READ"),
        ("backstage", "/portals/1", "zohobackstage.portal.READ"),
        ("backstage", "/portals/1/events", "zohobackstage.event.READ"),
        ("backstage", "/portals/1/events/2", "zohobackstage.event.READ"),
        ("backstage", "/portals/1/events/2/agendas", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/sessions", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/halls", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/tracks", "zohobackstage.agenda.READ"),
        ("backstage", "/portals/1/events/2/speakers", "zohobackstage.speaker.READ"),
        ("connect", "/allScopes", "zohopulse.networklist.READ"),
        ("connect", "/allGroups", "zohopulse.userDetail.READ"),
        ("connect", "/userGroups", "zohopulse.userDetail.READ"),
        ("connect", "/upcomingEvents", "zohopulse.events.READ"),
        ("calendar", "/calendars", "ZohoCalendar.calendar.READ"),
        ("calendar", "/calendars/a%3D", "ZohoCalendar.calendar.READ"),
        ("calendar", "/calendars/a%3D/events", "ZohoCalendar.event.READ"),
        ("calendar", "/calendars/a%3D/events/b%40zoho.com", "ZohoCalendar.event.READ"),
        ("connect", "/v1/singleStream", "for /v1/singleStream"),
    ],
)
def test_a_missing_scope_is_named(
    zoho: LoopbackZoho, client: ZohoClient, product: Product, path: str, scope: str
) -> None:
    """Zoho APIs 1.5: the scope of each path."""
    zoho.script(*[Answer(status=401)] * 2)
    with pytest.raises(ScopeError, match=f"lacks the scope {scope},"):
        client.get(product, path)


def test_a_missing_scope_costs_one_token_not_one_for_each_request(
    zoho: LoopbackZoho, client: ZohoClient
) -> None:
    """Zoho APIs 1.3: otherwise it would use up the tokens of the other products."""
    refusal = Answer(
        {"status_code": "401", "message": "Please provide a valid OAuthScope"}, status=401
    )
    zoho.script(*[refusal] * 4)
    for _ in range(3):
        with pytest.raises(ScopeError):
            client.get(*BACKSTAGE)
    assert len(zoho.token_calls) == 2
    assert client.get(*CALENDAR) == {"events": []}
    assert zoho.calls[-1].token == "token-2"


def test_a_refused_token_stays_for_the_other_products_until_there_is_another(
    zoho: LoopbackZoho, make: MakeClient, store: Store
) -> None:
    """It may only lack this product's scope, and be valid for the others."""
    client = make()
    client.get(*CALENDAR)
    zoho.script(Answer(status=401))
    zoho.script_token(Answer({"error": "Access Denied"}, status=400))
    with pytest.raises(SlowDownError):
        client.get(*BACKSTAGE)
    assert client.get(*CALENDAR) == {"events": []}
    assert zoho.calls[-1].token == "token-1"


def test_a_dead_token_is_forgotten_for_all(
    zoho: LoopbackZoho, client: ZohoClient, store: Store
) -> None:
    """Zoho APIs 1.3: an invalidated token fails with INVALID_OAUTHTOKEN, for every product."""
    client.get(*CALENDAR)
    zoho.good = set()
    zoho.script_token(Answer({"error": "Access Denied"}, status=400))
    with pytest.raises(SlowDownError):
        client.get(*CALENDAR)
    assert store.tokens.access_token(account_of(settings_for(zoho.url))) is None
