"""A client of the sandbox that speaks to it as the bridge does, for tests of the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
import json
from typing import Any

import httpx

from bridge.sandbox.state import Calendar, Data, Shelf
from tests.clock import Clock
from tests.zoho_sandbox import Sandbox

NOW = datetime(2025, 6, 11, 9, 30, tzinfo=UTC)  # a Wednesday
SAMPLE_CALENDAR = "l9WWZCf_SJWcr3uIuBOq5g=="
ZILLUM, ENGINEERING, CREATIVE = "929000000015001", "929000000295001", "929000000439015"
LARGE = "application/json+large"
FIRST_PATH = {"backstage": "/portals", "connect": "/allScopes", "calendar": "/calendars"}
REFUSAL = {
    "backstage": {"status_code": "401", "message": "Please provide a valid OAuthScope"},
    "connect": {"allScopes": {"result": "failure", "reason": "INVALID_OAUTHTOKEN"}},
    "calendar": {
        "error": [{"error_code": "INVALID_OAUTHTOKEN", "description": "Invalid OAuth token."}]
    },
}
"""The answer of each product to a dead token (Zoho Backstage, Connect, Calendar: errors)."""


class Zoho:
    """A sandbox and an HTTP client with its credentials."""

    def __init__(self, box: Sandbox, clock: Clock, http: httpx.Client) -> None:
        self.box, self.clock, self.http = box, clock, http
        self.settings = box.environment()
        self.access_token = ""

    def token(self, **form: str) -> httpx.Response:
        known = {
            "grant_type": "refresh_token",
            "client_id": self.settings["ZOHO_CLIENT_ID"],
            "client_secret": self.settings["ZOHO_CLIENT_SECRET"],
            "refresh_token": self.settings["ZOHO_REFRESH_TOKEN"],
        }
        return self.http.post(
            f"{self.settings['ZOHO_ACCOUNTS_URL']}/oauth/v2/token", data=known | form
        )

    def login(self) -> None:
        self.access_token = self.token().json()["access_token"]

    def ask(
        self,
        product: str,
        path: str,
        *,
        accept: str = "application/json",
        scheme: str = "Zoho-oauthtoken",
        **params: str,
    ) -> httpx.Response:
        headers = (
            {"Authorization": f"{scheme} {self.access_token}", "Accept": accept}
            if scheme
            else {"Accept": accept}
        )
        return self.http.get(
            self.settings[f"ZOHO_{product.upper()}_URL"] + path, params=params, headers=headers
        )

    def backstage(self, path: str, **params: str) -> Any:
        return self.ask("backstage", path, **params).json()

    def connect(self, path: str, **params: str) -> Any:
        return self.ask("connect", path, **params).json()

    def calendar(self, path: str, **params: str) -> Any:
        return self.ask("calendar", path, **params).json()

    def between(self, uid: str, start: str, end: str, **params: str) -> list[dict[str, Any]]:
        answer = self.ask(
            "calendar",
            f"/calendars/{uid}/events",
            range=json.dumps({"start": start, "end": end}),
            **params,
        )
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


@contextmanager
def serving(data: Data | None = None) -> Iterator[Zoho]:
    """Yield a client that is logged in at a sandbox with ``data``, by default the demo's world."""
    clock = Clock(NOW)
    with Sandbox(clock, data) as box, httpx.Client(timeout=5, verify=False) as http:
        zoho = Zoho(box, clock, http)
        zoho.login()
        yield zoho


def calendar_event(**fields: Any) -> dict[str, Any]:
    """Return a timed event of Zoho Calendar on 2025-06-11 at 09:00 UTC, changed by ``fields``."""
    when = {"timezone": "UTC", "start": "20250611T090000+0000", "end": "20250611T100000+0000"}
    return {
        "uid": "a@zoho.com",
        "title": "One",
        "isallday": False,
        "duration": 3_600_000,
        "dateandtime": when,
        **fields,
    }


def calendar_data(*items: dict[str, Any]) -> Data:
    """Return data with one calendar, ``cal``."""
    info = {"uid": "cal", "name": "Test", "category": "own"}
    return Data(calendars={"cal": Calendar(info=info, events=Shelf("uid", items))})
