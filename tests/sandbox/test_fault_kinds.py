"""Faults spoil the sandbox's answers on demand, so that tests of the bridge meet them."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
import json
from typing import Any

import httpx
import pytest

from bridge.sandbox.files import sample
from bridge.sandbox.state import Data
from tests.sandbox.client import CREATIVE, FIRST_PATH, REFUSAL, SAMPLE_CALENDAR, ZILLUM, Zoho
from tests.zoho_sandbox import PORTAL, Sandbox


class TestFaults:
    PATH = f"/portals/{PORTAL}/events"

    def events(self, zoho: Zoho, page: int = 1) -> httpx.Response:
        return zoho.ask("backstage", self.PATH, status="all", page=str(page))

    def test_status(self, zoho: Zoho) -> None:
        """A status comes with the product's own words, or the body that is ordered."""
        zoho.box.faults.add("backstage.events", "status", times=1)
        zoho.box.faults.add("backstage.events", "status", times=1, status=403, body={"a": 1})
        zoho.box.faults.add("backstage.events", "status", times=1, status=200, body="{")
        answers = [self.events(zoho) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [500, 403, 200, 200]
        assert answers[0].json() == {
            "status_code": "500",
            "message": "Sorry, an unexpected error has occurred. Please try again later.",
        }
        assert answers[1].json() == {"a": 1}
        assert answers[2].text == "{"
        assert len(answers[3].json()["events"]) == 10

    def test_times_and_after(self, zoho: Zoho) -> None:
        """A fault spoils so many requests, after so many that pass; other routes go on."""
        zoho.box.faults.add("backstage.events", "html", after=2, times=1)
        assert [self.events(zoho).status_code for _ in range(4)] == [200, 200, 502, 200]
        zoho.box.faults.add("calendar.*", "html", status=200)
        assert zoho.ask("calendar", "/calendars").headers["Content-Type"].startswith("text/html")
        assert zoho.ask("calendar", "/calendars").text.startswith("<!DOCTYPE html>")
        assert self.events(zoho).status_code == 200
        zoho.box.faults.clear()
        assert zoho.ask("calendar", "/calendars").json()["calendars"]

    @pytest.mark.parametrize(
        ("route", "kind", "details"),
        [
            ("calendar.event", "explode", {}),
            ("calendar.nothing", "html", {}),
            ("calendar.event", "html", {"body": ""}),
        ],
    )
    def test_a_fault_that_does_not_exist_is_refused(
        self, route: str, kind: str, details: dict[str, Any]
    ) -> None:
        """A test with a misspelt fault fails."""
        with pytest.raises(ValueError, match="no"):
            Sandbox(data=Data()).faults.add(route, kind, **details)

    def test_truncated(self, zoho: Zoho) -> None:
        """The body is cut, and HTTP does not show it."""
        zoho.box.faults.add("backstage.events", "truncated", times=1)
        cut, whole = self.events(zoho), self.events(zoho)
        assert whole.content.startswith(cut.content)
        assert len(cut.content) == len(whole.content) // 2
        with pytest.raises(json.JSONDecodeError):
            cut.json()

    def test_reset(self, zoho: Zoho) -> None:
        """The connection is closed in the middle of the body."""
        zoho.box.faults.add("backstage.events", "reset", times=1)
        with pytest.raises(httpx.TransportError):
            self.events(zoho)
        assert self.events(zoho).status_code == 200

    def test_drip(self, zoho: Zoho) -> None:
        """The body comes whole, in pieces, slowly."""
        zoho.box.faults.add("backstage.events", "drip", times=1, pieces=4, pause=0.001)
        assert self.events(zoho).content == self.events(zoho).content
        zoho.box.faults.add("backstage.events", "drip", times=1, pieces=4, pause=30)
        headers = {"Authorization": f"Zoho-oauthtoken {zoho.access_token}"}
        with (
            httpx.Client(timeout=0.1, verify=False, headers=headers) as hasty,
            pytest.raises(httpx.ReadTimeout),
        ):
            hasty.get(zoho.settings["ZOHO_BACKSTAGE_URL"] + self.PATH)

    def test_delay(self, zoho: Zoho) -> None:
        """The answer waits, so that a client's own patience ends first."""
        zoho.box.faults.add("backstage.events", "delay", times=1, seconds=30)
        with httpx.Client(timeout=0.05, verify=False) as hasty, pytest.raises(httpx.ReadTimeout):
            hasty.get(zoho.settings["ZOHO_BACKSTAGE_URL"] + self.PATH)
        zoho.box.faults.add("backstage.events", "delay", times=1, seconds=0.01)
        assert self.events(zoho).status_code == 200

    @pytest.mark.parametrize("product", FIRST_PATH)
    def test_throttle(self, zoho: Zoho, product: str) -> None:
        """429 with Retry-After, or 400 with a code in the body (Zoho Calendar: limits)."""
        zoho.box.faults.add(f"{product}.*", "throttle", times=1, retry_after=7)
        zoho.box.faults.add(f"{product}.*", "throttle", times=1, status=400)
        answer = zoho.ask(product, FIRST_PATH[product])
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        answer = zoho.ask(product, FIRST_PATH[product])
        assert answer.status_code == 400
        assert "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED" in answer.text
        assert "Retry-After" not in answer.headers

    def test_throttled_tokens(self, zoho: Zoho) -> None:
        """The token endpoint throttles with 400 or 200 (Zoho OAuth: error bodies)."""
        for status in (400, 200):
            zoho.box.faults.add("oauth.token", "throttle", times=1, status=status)
            answer = zoho.token()
            assert (answer.status_code, answer.json()["error"]) == (status, "Access Denied")

    def test_expired_token(self, zoho: Zoho) -> None:
        """Each product refuses a good token in its own form, and accepts it afterwards."""
        zoho.box.faults.add("*", "expired-token", times=4)
        assert {
            product: zoho.ask(product, path).json() for product, path in FIRST_PATH.items()
        } == REFUSAL
        assert zoho.token().json() == {"error": "invalid_code"}
        assert zoho.ask("backstage", "/portals").status_code == 200

    def test_duplicate_page(self, zoho: Zoho) -> None:
        """The second page repeats the first, which announces more pages."""
        zoho.box.faults.add("backstage.events", "duplicate-page", after=1)
        first, second, third = (self.events(zoho, page).json() for page in (1, 2, 3))
        assert first == second
        assert first["pagination"]["has_more_items"] is True
        assert third["pagination"]["page"] == 2

    def test_empty_list(self, zoho: Zoho) -> None:
        """A good answer with nothing in it, in each product's form."""
        zoho.box.faults.add("*", "empty-list")
        answer = self.events(zoho).json()
        assert answer["events"] == []
        assert (answer["pagination"]["total_count"], answer["pagination"]["has_more_items"]) == (
            0,
            False,
        )
        connect = zoho.connect("/upcomingEvents", scopeID=ZILLUM, partitionId=CREATIVE)
        assert connect == {"upcomingEvents": {"events": []}}
        assert zoho.between(SAMPLE_CALENDAR, "20170717", "20170723") == []

    def test_wrong_types(self, zoho: Zoho) -> None:
        """Every value, or one field, has another type; containers keep their shape unless named."""
        expected = sample("calendar_events")["events"]
        zoho.box.faults.add("calendar.events", "wrong-types", times=1)
        every = zoho.between(SAMPLE_CALENDAR, "20170717", "20170723")
        assert [event.keys() for event in every] == [event.keys() for event in expected]
        assert every[0]["title"] == ["Teast af"]
        assert isinstance(every[0]["duration"], str)
        zoho.box.faults.add("calendar.events", "wrong-types", times=1, field="start")
        first = zoho.between(SAMPLE_CALENDAR, "20170717", "20170723")[0]
        assert (first["start"], first["dateandtime"]["start"]) == (
            ["20170718T205000"],
            ["20170718T205000+0530"],
        )
        assert first["title"] == "Teast af"
        zoho.box.faults.add("calendar.events", "wrong-types", times=1, field="events")
        assert isinstance(zoho.between(SAMPLE_CALENDAR, "20170717", "20170723"), str)

    def test_a_skewed_clock(self, zoho: Zoho) -> None:
        """The Date header and the life of tokens follow a clock that is two hours fast or slow."""

        def answer() -> tuple[int, datetime]:
            response = zoho.ask("calendar", "/calendars")
            date = parsedate_to_datetime(response.headers["Date"])
            return response.status_code, date

        now, hours = zoho.clock(), timedelta(hours=2)
        assert answer() == (200, now)
        zoho.box.faults.add("calendar.*", "clock-skew", times=1)
        assert answer() == (401, now + hours)
        zoho.box.faults.add("calendar.*", "clock-skew", times=1, skew=-7200)
        assert answer() == (200, now - hours)
        zoho.box.faults.add("oauth.token", "clock-skew", times=1, skew=-7200)
        zoho.login()
        assert answer()[0] == 401
        zoho.login()
        assert answer()[0] == 200
