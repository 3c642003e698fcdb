"""The sandbox grants tokens as Zoho OAuth does, and each product refuses in its own form.

Expected values come from Zoho's documents, cited by heading.
"""

import pytest

from bridge.sandbox.oauth import ALL_SCOPES
from tests.sandbox.client import FIRST_PATH, REFUSAL, Zoho
from tests.zoho_sandbox import CLUB, CONFERENCE, NETWORK, PORTAL, WORK


class TestOAuth:
    """Zoho OAuth: self client flow, limits, error bodies of the token endpoint."""

    def test_a_refresh_gives_an_hour(self, zoho: Zoho) -> None:
        """The answer has the documented members, and no refresh token."""
        answer = zoho.token().json()
        assert set(answer) == {"access_token", "api_domain", "token_type", "expires_in"}
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)

    def test_parameters_may_stand_in_the_address(self, zoho: Zoho) -> None:
        """Zoho's own pages send them as a query."""
        form = {"grant_type": "refresh_token", "client_id": zoho.settings["ZOHO_CLIENT_ID"]}
        form |= {
            "client_secret": zoho.settings["ZOHO_CLIENT_SECRET"],
            "refresh_token": zoho.settings["ZOHO_REFRESH_TOKEN"],
        }
        answer = zoho.http.post(f"{zoho.box.url}/oauth/v2/token", params=form)
        assert answer.json()["access_token"]

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({"client_id": "1000.OTHER"}, "invalid_client"),
            ({"client_secret": "wrong"}, "invalid_client_secret"),
            ({"refresh_token": "1000.other"}, "invalid_code"),
            ({"grant_type": "authorization_code", "code": "1000.none"}, "invalid_code"),
        ],
    )
    def test_refusals_come_with_status_200(
        self, zoho: Zoho, form: dict[str, str], error: str
    ) -> None:
        """A wrong credential is answered 200 with an error in the body."""
        answer = zoho.token(**form)
        assert (answer.status_code, answer.json()) == (200, {"error": error})

    def test_a_revoked_refresh_token_is_an_invalid_code(self, zoho: Zoho) -> None:
        """Revoking ends the refresh token; the access tokens live on."""
        zoho.box.tokens.revoke()
        assert zoho.token().json() == {"error": "invalid_code"}
        assert zoho.ask("calendar", "/calendars").status_code == 200

    def test_a_code_gives_a_refresh_token_once_and_for_three_minutes(self, zoho: Zoho) -> None:
        """The self client's code is good for one exchange, within its expiry."""
        code = zoho.box.tokens.issue_code()
        answer = zoho.token(grant_type="authorization_code", code=code).json()
        assert zoho.token(refresh_token=answer["refresh_token"]).json()["access_token"]
        assert zoho.token(grant_type="authorization_code", code=code).json() == {
            "error": "invalid_code"
        }
        late = zoho.box.tokens.issue_code()
        zoho.clock.forward(minutes=3)
        assert zoho.token(grant_type="authorization_code", code=late).json() == {
            "error": "invalid_code"
        }

    def test_the_eleventh_request_in_ten_minutes_is_throttled(self, zoho: Zoho) -> None:
        """Ten token requests in ten minutes, then none until the window is over."""
        zoho.clock.forward(minutes=10)
        assert all("access_token" in zoho.token().json() for _ in range(10))
        answer = zoho.token()
        assert answer.status_code == 400
        assert answer.json()["error"] == "Access Denied"
        assert answer.json()["error_description"].startswith("You have made too many requests")
        zoho.clock.forward(minutes=9, seconds=59)
        assert "error" in zoho.token().json()
        zoho.clock.forward(seconds=1)
        assert "access_token" in zoho.token().json()

    def test_the_oldest_of_more_than_ten_access_tokens_dies(self, zoho: Zoho) -> None:
        """Ten access tokens live at once; the eleventh silently ends the first."""
        zoho.clock.forward(minutes=10)
        assert all("access_token" in zoho.token().json() for _ in range(9))
        assert zoho.ask("calendar", "/calendars").status_code == 200
        zoho.token()
        assert zoho.ask("calendar", "/calendars").status_code == 401

    def test_an_access_token_lives_an_hour(self, zoho: Zoho) -> None:
        """The token dies by the sandbox's clock, 3600 seconds after its grant."""
        zoho.clock.forward(seconds=3599)
        assert zoho.ask("backstage", "/portals").status_code == 200
        zoho.clock.forward(seconds=1)
        assert zoho.ask("backstage", "/portals").status_code == 401


class TestAuthorization:
    """Each product refuses in its own form (Zoho Backstage, Connect, Calendar: errors)."""

    @pytest.mark.parametrize("product", FIRST_PATH)
    def test_a_dead_token(self, zoho: Zoho, product: str) -> None:
        """A token that is dead is a 401 in the product's form."""
        zoho.box.tokens.expire()
        answer = zoho.ask(product, FIRST_PATH[product])
        assert (answer.status_code, answer.json()) == (401, REFUSAL[product])

    def test_no_header(self, zoho: Zoho) -> None:
        """Without a header Calendar answers 400, the others 401."""
        answers = {
            product: zoho.ask(product, path, scheme="") for product, path in FIRST_PATH.items()
        }
        assert {product: answer.status_code for product, answer in answers.items()} == {
            "backstage": 401,
            "connect": 401,
            "calendar": 400,
        }
        assert answers["calendar"].json()["error"][0]["error_code"] == "INVALID_TICKET"

    def test_bearer_is_calendars_alone(self, zoho: Zoho) -> None:
        """Calendar takes Bearer as well (Zoho OAuth: self client flow)."""
        answers = {
            product: zoho.ask(product, path, scheme="Bearer")
            for product, path in FIRST_PATH.items()
        }
        assert {product: answer.status_code for product, answer in answers.items()} == {
            "backstage": 401,
            "connect": 401,
            "calendar": 200,
        }

    @pytest.mark.parametrize(
        ("scope", "product", "path"),
        [
            ("zohobackstage.portal.READ", "backstage", "/portals"),
            ("zohobackstage.event.READ", "backstage", f"/portals/{PORTAL}/events"),
            ("zohobackstage.event.READ", "backstage", f"/portals/{PORTAL}/events/{CONFERENCE}"),
            (
                "zohobackstage.agenda.READ",
                "backstage",
                f"/portals/{PORTAL}/events/{CONFERENCE}/agendas",
            ),
            (
                "zohobackstage.agenda.READ",
                "backstage",
                f"/portals/{PORTAL}/events/{CONFERENCE}/sessions?day=1",
            ),
            (
                "zohobackstage.agenda.READ",
                "backstage",
                f"/portals/{PORTAL}/events/{CONFERENCE}/halls",
            ),
            (
                "zohobackstage.agenda.READ",
                "backstage",
                f"/portals/{PORTAL}/events/{CONFERENCE}/tracks",
            ),
            (
                "zohobackstage.speaker.READ",
                "backstage",
                f"/portals/{PORTAL}/events/{CONFERENCE}/speakers",
            ),
            ("zohopulse.networklist.READ", "connect", "/allScopes"),
            ("zohopulse.userDetail.READ", "connect", f"/allGroups?scopeID={NETWORK}"),
            (
                "zohopulse.events.READ",
                "connect",
                f"/upcomingEvents?scopeID={NETWORK}&partitionId={CLUB}",
            ),
            ("ZohoCalendar.calendar.READ", "calendar", "/calendars"),
            ("ZohoCalendar.calendar.READ", "calendar", f"/calendars/{WORK}"),
            (
                "ZohoCalendar.event.READ",
                "calendar",
                f'/calendars/{WORK}/events?range={{"start":"20250601","end":"20250602"}}',
            ),
        ],
    )
    def test_a_route_needs_its_scope_and_no_other(
        self, zoho: Zoho, scope: str, product: str, path: str
    ) -> None:
        """A missing scope closes exactly the routes that need it (Zoho OAuth: scopes)."""
        url = zoho.settings[f"ZOHO_{product.upper()}_URL"] + path
        headers = {"Authorization": f"Zoho-oauthtoken {zoho.access_token}"}
        zoho.box.tokens.scopes = frozenset({scope})
        allowed = zoho.http.get(url, headers=headers)
        assert allowed.status_code == 200
        assert "failure" not in allowed.text
        zoho.box.tokens.scopes = ALL_SCOPES - {scope}
        assert zoho.http.get(url, headers=headers).status_code == 401
