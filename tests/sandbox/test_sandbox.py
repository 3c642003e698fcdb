"""The stand-in for Zoho does what Zoho's documents say, over real HTTP, and goes wrong only to order.

Expected values come from Zoho's documents (their samples lie, unchanged, in ``bridge/sandbox/data``) and from the
notes on its APIs, cited by heading; dates were counted by hand.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib import resources
import json
import socket
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bridge.sandbox import (
    ALL_SCOPES,
    CONNECT_ZONE,
    Calendar,
    Data,
    Portal,
    Sandbox,
    Shelf,
    documents,
    lively,
)
from bridge.sandbox.data_backstage import CONFERENCE, PORTAL
from bridge.sandbox.data_calendar import HOLIDAYS, TEAM, US, WORK
from bridge.sandbox.data_connect import ALL_HANDS, CLUB, LEADERSHIP, NETWORK

NOW = datetime(2025, 6, 11, 9, 30, tzinfo=UTC)  # a Wednesday
SAMPLE_CALENDAR = "l9WWZCf_SJWcr3uIuBOq5g=="
ZILLUM, ENGINEERING, CREATIVE = "929000000015001", "929000000295001", "929000000439015"
LARGE = "application/json+large"
TODAYS = [
    date(2024, 2, 29),
    date(2025, 3, 30),
    date(2025, 10, 26),
    date(2025, 11, 2),
    date(2025, 12, 31),
    date(2026, 1, 1),
]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Zoho:
    """A sandbox with a client that speaks to it as the bridge would."""

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
        return answer.json()["events"]


@contextmanager
def serving(data: Data | None = None) -> Iterator[Zoho]:
    clock = Clock()
    with Sandbox(clock, data) as box, httpx.Client(timeout=5, verify=False) as http:
        zoho = Zoho(box, clock, http)
        zoho.login()
        yield zoho


@pytest.fixture
def zoho() -> Iterator[Zoho]:
    with serving() as zoho:
        yield zoho


def sample(name: str) -> Any:
    return json.loads((resources.files("bridge.sandbox") / "data" / name).read_text("utf-8"))


def one(**fields: Any) -> dict[str, Any]:
    """A timed calendar event on 2025-06-11 at 09:00 UTC, changed by ``fields``."""
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
    info = {"uid": "cal", "name": "Test", "category": "own"}
    return Data(calendars={"cal": Calendar(info=info, events=Shelf("uid", items))})


class TestServer:
    def test_a_taken_port_is_an_oserror(self) -> None:
        """A port in use is told as an OSError that a command can report, and ends no program."""
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(OSError, match="in use"),
        ):
            Sandbox().start(taken.getsockname()[1])

    def test_stop_refuses_connections_and_start_serves_what_was_kept(self) -> None:
        """An outage is a stop: nobody is answered, and what Zoho holds is there again afterwards."""
        box = Sandbox(Clock())
        box.start()
        url, port = box.url, int(box.url.rpartition(":")[2])
        box.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
        with pytest.raises(RuntimeError, match="not started"):
            box.environment()
        box.start(port)
        assert box.url == url
        assert httpx.get(url + "/backstage/v3/portals").status_code == 401
        box.stop()

    def test_stop_does_not_wait_for_slow_answers(self, zoho: Zoho) -> None:
        """A stop ends answers that are being delayed."""
        zoho.box.faults.add("calendar.calendars", "drip", pieces=4, pause=3600)
        headers = {"Authorization": f"Zoho-oauthtoken {zoho.access_token}"}
        with zoho.http.stream(
            "GET", zoho.settings["ZOHO_CALENDAR_URL"] + "/calendars", headers=headers
        ) as answer:
            pieces = answer.iter_raw()
            assert next(pieces).startswith(b'{"calendars"')
            zoho.box.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)

    def test_the_settings_are_those_of_the_bridge(self, zoho: Zoho) -> None:
        """The settings name this server with the paths that the bridge's settings end in."""
        url = zoho.box.url
        addresses = {key: value for key, value in zoho.settings.items() if key.endswith("_URL")}
        assert addresses == {
            "ZOHO_ACCOUNTS_URL": url,
            "ZOHO_BACKSTAGE_URL": f"{url}/backstage/v3",
            "ZOHO_CONNECT_URL": f"{url}/pulse/api",
            "ZOHO_CALENDAR_URL": f"{url}/api/v1",
        }
        assert url.startswith("http://127.0.0.1:")
        assert set(zoho.settings) - set(addresses) == {
            "ZOHO_CLIENT_ID",
            "ZOHO_CLIENT_SECRET",
            "ZOHO_REFRESH_TOKEN",
        }

    def test_requests_are_recorded(self, zoho: Zoho) -> None:
        """Each request is kept with its route, parameters, and the status it was answered with; no body is."""
        zoho.ask("calendar", "/calendars/nowhere", accept=LARGE)
        zoho.ask("connect", "/upcomingEvents", scopeID=ZILLUM)
        login, calendar, connect = zoho.box.requests
        assert (login.method, login.path, login.query, login.route) == (
            "POST",
            "/oauth/v2/token",
            {},
            "oauth.token",
        )
        assert (calendar.route, calendar.status, calendar.accept) == (
            "calendar.calendar",
            404,
            LARGE,
        )
        assert (connect.path, connect.query) == ("/pulse/api/upcomingEvents", {"scopeID": ZILLUM})
        zoho.box.forget_requests()
        assert zoho.box.requests == []

    def test_upstream_data_changes_while_it_is_read(self, zoho: Zoho) -> None:
        """Events are added, changed and deleted at run time, from many threads at once."""
        shelf = zoho.box.calendar(SAMPLE_CALENDAR).events
        shelf.add(one(uid="new@zoho.com"))
        path = f"/calendars/{SAMPLE_CALENDAR}/events/new%40zoho.com"

        def rename(number: int) -> int:
            shelf.change("new@zoho.com", title=f"Title {number}", drop=["isallday"])
            return zoho.ask("calendar", path).status_code

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(rename, range(20))) == {200}
        (event,) = zoho.calendar(path)["events"]
        assert event["title"].startswith("Title ")
        assert "isallday" not in event
        shelf.delete("new@zoho.com")
        assert zoho.ask("calendar", path).status_code == 404
        with pytest.raises(LookupError, match=r"new@zoho\.com"):
            shelf.change("new@zoho.com", title="gone")
        with pytest.raises(LookupError, match=r"new@zoho\.com"):
            shelf.delete("new@zoho.com")

    def test_reading_a_shelf_gives_copies(self) -> None:
        """What a test reads, it can't change by accident."""
        shelf = Shelf("id", [{"id": "1", "tags": []}])
        shelf.all()[0]["tags"].append("x")
        shelf.find("1")[0]["tags"].append("x")
        assert shelf.all() == [{"id": "1", "tags": []}]

    def test_portals_groups_and_calendars_are_reached_by_id(self, zoho: Zoho) -> None:
        """Tests reach upstream data by the ids of the documents."""
        zoho.box.portal("19593237").events.change("27000000000023", name="Renamed")
        zoho.box.group(ENGINEERING).events.delete("929000000825001")
        assert zoho.backstage("/portals/19593237/events/27000000000023")["name"] == "Renamed"
        events = zoho.connect("/upcomingEvents", scopeID=ZILLUM, partitionId=ENGINEERING)[
            "upcomingEvents"
        ]["events"]
        assert [event["title"] for event in events] == ["Innovation meetup"]


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
        """The token dies by the sandbox's clock, 3600 seconds after it was given."""
        zoho.clock.forward(seconds=3599)
        assert zoho.ask("backstage", "/portals").status_code == 200
        zoho.clock.forward(seconds=1)
        assert zoho.ask("backstage", "/portals").status_code == 401


REFUSAL = {
    "backstage": {"status_code": "401", "message": "Please provide a valid OAuthScope"},
    "connect": {"allScopes": {"result": "failure", "reason": "INVALID_OAUTHTOKEN"}},
    "calendar": {
        "error": [{"error_code": "INVALID_OAUTHTOKEN", "description": "Invalid OAuth token."}]
    },
}
FIRST_PATH = {"backstage": "/portals", "connect": "/allScopes", "calendar": "/calendars"}


class TestAuthorization:
    """Each product says no in its own form (Zoho Backstage, Connect, Calendar: errors)."""

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
            ("zohobackstage.portal.READ", "backstage", f"/portals/{PORTAL}"),
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
        """A narrowed grant closes exactly the routes of the scope that it lacks (Zoho OAuth: scopes)."""
        url = zoho.settings[f"ZOHO_{product.upper()}_URL"] + path
        headers = {"Authorization": f"Zoho-oauthtoken {zoho.access_token}"}
        zoho.box.tokens.scopes = frozenset({scope})
        allowed = zoho.http.get(url, headers=headers)
        assert allowed.status_code == 200
        assert "failure" not in allowed.text
        zoho.box.tokens.scopes = ALL_SCOPES - {scope}
        assert zoho.http.get(url, headers=headers).status_code == 401


class TestBackstage:
    def test_the_documents_event_is_unchanged_under_both_ids(self, zoho: Zoho) -> None:
        """The sample comes as printed, by the id of the documents' request and by its own."""
        expected = sample("backstage_event.json")
        assert expected["id"] == "27000000000023"
        assert zoho.backstage("/portals/19593237/events/2000000000022") == expected
        assert zoho.backstage("/portals/19593237/events/27000000000023") == expected
        assert zoho.backstage("/portals/19593237/events", status="completed")["events"] == [
            expected
        ]

    def test_portals(self, zoho: Zoho) -> None:
        """The list wraps the portals; one alone comes bare."""
        portals = zoho.backstage("/portals")["portals"]
        assert [portal["id"] for portal in portals] == ["19593237", PORTAL]
        assert zoho.backstage(f"/portals/{PORTAL}") == portals[1]

    def test_pages(self, zoho: Zoho) -> None:
        """Pages are small whatever is asked, say so, and together hold every event once (Zoho Backstage: list events)."""
        pages = [
            zoho.backstage(f"/portals/{PORTAL}/events", status="all", page=str(page))
            for page in (1, 2, 3, 4)
        ]
        total = len(zoho.box.portal(PORTAL).events.all())
        assert total == 26
        assert [len(page["events"]) for page in pages] == [10, 10, 6, 0]
        assert [page["pagination"]["has_more_items"] for page in pages] == [
            True,
            True,
            False,
            False,
        ]
        assert pages[1]["pagination"] == {
            "total_count": total,
            "page": 2,
            "per_page": 10,
            "total_pages": 3,
            "has_more_items": True,
        }
        events = [event for page in pages for event in page["events"]]
        assert len({event["id"] for event in events}) == total
        assert [event["start_time"] for event in events] == sorted(
            event["start_time"] for event in events
        )

    def test_a_smaller_page_and_another_order_are_given(self, zoho: Zoho) -> None:
        """``per_page``, ``sort_by`` and ``sort_order`` are honoured."""
        path = f"/portals/{PORTAL}/events"
        answer = zoho.backstage(
            path, status="all", per_page="3", sort_by="last_modified_time", sort_order="desc"
        )
        stamps = [event["last_modified_time"] for event in answer["events"]]
        assert len(stamps) == 3
        assert stamps == sorted(stamps, reverse=True)
        newest = max(event["last_modified_time"] for event in zoho.box.portal(PORTAL).events.all())
        assert stamps[0] == newest
        for wrong in ({"status": "current"}, {"page": "0"}, {"per_page": "0"}, {"sort_by": "name"}):
            assert zoho.ask("backstage", path, **wrong).status_code == 400

    def test_status(self, zoho: Zoho) -> None:
        """Each filter gives its statuses; ``all`` has drafts, and without one there are live events only."""

        def statuses(**params: str) -> set[int]:
            pages = [
                zoho.backstage(f"/portals/{PORTAL}/events", page=str(page), **params)
                for page in (1, 2, 3)
            ]
            return {event["status"] for page in pages for event in page["events"]}

        assert statuses(status="all") == {0, 1, 2, 3, 4}
        assert statuses(status="live") == statuses() == {1, 2}
        assert statuses(status="drafts") == {0}
        assert statuses(status="completed") == {3}
        assert statuses(status="canceled") == {4}
        assert statuses(status="trash") == set()

    def test_a_multi_brand_portal_needs_the_brand(self) -> None:
        """Without ``brand_id`` such a portal shows nothing, even of all (Zoho APIs: ten facts, 9)."""
        event = sample("backstage_event.json")
        portal = Portal(info={"id": "7", "name": "Brands"}, events=Shelf("id", [event]), brand="55")
        with serving(Data(portals={"7": portal})) as zoho:
            assert zoho.backstage("/portals/7/events", status="all")["events"] == []
            assert zoho.backstage("/portals/7/events", status="all", brand_id="55")["events"] == [
                event
            ]

    def test_the_agenda(self, zoho: Zoho) -> None:
        """Agendas count from 0, days from 1; halls, tracks and speakers are found by the ids in the sessions."""
        path = f"/portals/{PORTAL}/events/{CONFERENCE}"
        event = zoho.backstage(path)
        agendas = zoho.backstage(f"{path}/agendas")["agendas"]
        assert [agenda["index"] for agenda in agendas] == [0, 1]
        days = [zoho.backstage(f"{path}/sessions", day=day)["sessions"] for day in "0123"]
        assert [len(day) for day in days] == [0, 6, 4, 0]
        halls = {hall["id"] for hall in zoho.backstage(f"{path}/halls")["halls"]}
        tracks = {track["track_id"] for track in zoho.backstage(f"{path}/tracks")["tracks"]}
        speakers = {speaker["id"] for speaker in zoho.backstage(f"{path}/speakers")["speakers"]}
        sessions = [*days[1], *days[2]]
        assert {one["venue"] for one in sessions} - {None} == halls
        assert None in {one["venue"] for one in sessions}
        assert {one["track"] for one in sessions} - {None} == tracks
        assert {key for one in sessions for key in one["speakers"]} == speakers
        assert [one["hidden"] for one in sessions].count(True) == 1
        assert (
            len({one["id"] for one in sessions}) == len(sessions) - 1
        )  # the exhibition is listed on both days
        assert {type(one["duration"]) for one in sessions} == {int, str}
        assert all(
            event["start_time"] <= one["start_time"] <= event["end_time"] for one in sessions
        )

    def test_an_event_without_an_agenda(self, zoho: Zoho) -> None:
        """Its lists are empty."""
        path = "/portals/19593237/events/2000000000022"
        for name in ("agendas", "halls", "tracks", "speakers"):
            assert zoho.backstage(f"{path}/{name}") == {name: []}
        assert zoho.backstage(f"{path}/sessions", day="1") == {"sessions": []}

    @pytest.mark.parametrize("params", [{}, {"day": "2026-02-05"}, {"day": ""}])
    def test_sessions_need_a_day(self, zoho: Zoho, params: dict[str, str]) -> None:
        """Without a day, or with a date for one, it is a 400 (Zoho Backstage: sessions)."""
        answer = zoho.ask("backstage", f"/portals/{PORTAL}/events/{CONFERENCE}/sessions", **params)
        assert answer.status_code == 400
        assert answer.json() == {
            "status_code": "400",
            "message": "Please enter the valid agenda day",
        }

    def test_unknown_ids_paths_and_verbs(self, zoho: Zoho) -> None:
        """Unknown ids are 404, unknown paths and verbs 404 "Please provide valid method"; the status is text."""
        for path in (
            "/portals/1/events",
            f"/portals/{PORTAL}/events/1",
            f"/portals/{PORTAL}/events/1/halls",
            "/portals/1",
        ):
            answer = zoho.ask("backstage", path)
            assert (answer.status_code, answer.json()["status_code"]) == (404, "404")
        wrong = {"status_code": "404", "message": "Please provide valid method"}
        for answer in (
            zoho.ask("backstage", "/venues"),
            zoho.http.post(zoho.settings["ZOHO_BACKSTAGE_URL"] + "/portals"),
        ):
            assert (answer.status_code, answer.json()) == (404, wrong)


class TestConnect:
    def test_the_documents_events_are_unchanged(self, zoho: Zoho) -> None:
        """The documents' request gets the documents' answer."""
        answer = zoho.connect(
            "/upcomingEvents", scopeID=ZILLUM, selectedPartIds=f"{ENGINEERING},{CREATIVE}"
        )
        assert answer == sample("connect_upcoming_events.json")
        assert len(answer["upcomingEvents"]["events"]) == 8

    def test_networks_and_groups(self, zoho: Zoho) -> None:
        """Networks and groups come wrapped in the name of what was asked; only one network says ``isDefault``."""
        scopes = zoho.connect("/allScopes")["allScopes"]["scopes"]
        assert scopes[0] == {
            "name": "Zillum",
            "id": "929000000015001",
            "soid": "25906346",
            "url": "https://connect.zoho.com/portal/zillum",
            "isDefault": "true",
        }
        assert [scope.get("isDefault") for scope in scopes] == ["true", None]
        groups = zoho.connect("/allGroups", scopeID=ZILLUM)["allGroups"]["groups"]
        assert {group["id"]: group["name"] for group in groups} == {
            CREATIVE: "Creative team",
            ENGINEERING: "Engineering",
        }
        assert (
            zoho.connect("/userGroups", scopeID=ZILLUM, isRecentSort="true")["userGroups"]["groups"]
            == groups
        )
        assert zoho.connect("/userGroups", scopeID=ZILLUM)["userGroups"]["result"] == "failure"

    @pytest.mark.parametrize(
        ("path", "params"),
        [
            ("/upcomingEvents", {"partitionId": CREATIVE}),
            ("/upcomingEvents", {"scopeID": "1", "partitionId": CREATIVE}),
            ("/upcomingEvents", {"scopeID": ZILLUM}),
            ("/upcomingEvents", {"scopeID": ZILLUM, "partitionType": "GROUP"}),
            ("/upcomingEvents", {"scopeID": ZILLUM, "partitionId": "1"}),
            ("/upcomingEvents", {"scopeID": ZILLUM, "selectedPartIds": f"{CREATIVE},1"}),
            ("/upcomingEvents", {"scopeID": NETWORK, "partitionId": CREATIVE}),
            (
                "/upcomingEvents",
                {"scopeID": ZILLUM, "partitionId": CREATIVE, "startTime": "2017-01-01"},
            ),
            ("/allGroups", {}),
        ],
    )
    def test_refusals_come_with_status_200(
        self, zoho: Zoho, path: str, params: dict[str, str]
    ) -> None:
        """What is missing or unknown is a failure inside a 200 (Zoho Connect: errors)."""
        answer = zoho.ask("connect", path, **params)
        assert answer.status_code == 200
        assert answer.json()[path[1:]]["result"] == "failure"

    def test_a_group_by_its_address(self, zoho: Zoho) -> None:
        """``partitionType`` and ``partitionUrl`` name a group too; DEFAULT is the user's own wall."""
        by_id = zoho.connect("/upcomingEvents", scopeID=ZILLUM, partitionId=ENGINEERING)
        slug = {"scopeID": ZILLUM, "partitionUrl": "engineering"}
        assert zoho.connect("/upcomingEvents", partitionType="GROUP", **slug) == by_id
        assert len(by_id["upcomingEvents"]["events"]) == 2
        assert (
            zoho.connect("/upcomingEvents", partitionType="DEFAULT", **slug)["upcomingEvents"][
                "events"
            ]
            == []
        )

    @pytest.mark.parametrize(
        ("start", "end", "streams"),
        [
            # 2018-01-03: 1515051000578 to 1515054600578, by the sample
            ("1515054600578", "1515054600578", ["929000000812005"]),
            ("1515054600579", "1516591799999", []),
            ("1515000000000", "1516591800000", ["929000000812005", "929000000825001"]),
            ("1521880200000", None, ["929000000856634"]),
            (None, "1501225200618", ["929000000688005"]),
            # the all-day event of 2017-07-28 is over at 07:00 UTC for this filter
            ("1501225200619", "1501300000000", []),
        ],
    )
    def test_the_window_is_of_epochs(
        self, zoho: Zoho, start: str | None, end: str | None, streams: list[str]
    ) -> None:
        """``startTime`` and ``endTime`` choose by the epochs in the events, both ends included."""
        window = {key: value for key, value in (("startTime", start), ("endTime", end)) if value}
        answer = zoho.connect(
            "/upcomingEvents", scopeID=ZILLUM, selectedPartIds=f"{ENGINEERING},{CREATIVE}", **window
        )
        assert [event["streamId"] for event in answer["upcomingEvents"]["events"]] == streams

    def test_shared_with_me(self, zoho: Zoho) -> None:
        """``sharedWithMe`` keeps the events with an invited user."""
        answer = zoho.connect(
            "/upcomingEvents", scopeID=ZILLUM, partitionId=CREATIVE, sharedWithMe="true"
        )
        assert [event["streamId"] for event in answer["upcomingEvents"]["events"]] == [
            "929000000688005"
        ]

    def test_an_event_of_two_groups_is_in_the_answer_of_each(self, zoho: Zoho) -> None:
        """Once for each group asked alone, once for both together (Zoho APIs: traps checklist, Connect)."""

        def times(groups: str) -> int:
            answer = zoho.connect("/upcomingEvents", scopeID=NETWORK, selectedPartIds=groups)
            return [event["streamId"] for event in answer["upcomingEvents"]["events"]].count(
                "931000000712010"
            )

        assert (times(ALL_HANDS), times(CLUB), times(f"{ALL_HANDS},{CLUB}"), times(LEADERSHIP)) == (
            1,
            1,
            1,
            0,
        )

    def test_an_unknown_path_is_a_page(self, zoho: Zoho) -> None:
        """Bodies that are no JSON exist."""
        answer = zoho.ask("connect", "/createEvent")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")


class TestCalendar:
    def test_the_documents_events_are_unchanged(self, zoho: Zoho) -> None:
        """The documents' request gets the documents' answer: the master with its start before the range."""
        assert (
            zoho.between(SAMPLE_CALENDAR, "20170717", "20170723")
            == sample("calendar_events.json")["events"]
        )

    @pytest.mark.parametrize(
        ("start", "end", "titles"),
        [
            ("20170718T151959Z", "20170718T152001Z", ["Teast af"]),  # 20:50+05:30 is 15:20Z
            ("20170718T171500Z", "20170718T180000Z", []),  # 22:45+05:30, its end, is 17:15Z
            ("20170714T000000Z", "20170715T100000Z", []),  # 15:30+05:30, the first, is 10:00Z
            ("20170714", "20170715", ["Test endured "]),
            ("20170830", "20170830", ["Test endured "]),  # a Wednesday, until 10:01Z
            ("20170831", "20170930", []),
        ],
    )
    def test_ranges_are_honoured(self, zoho: Zoho, start: str, end: str, titles: list[str]) -> None:
        """An event is in the ranges it touches, a series in those that one of its slots touches."""
        assert [event["title"] for event in zoho.between(SAMPLE_CALENDAR, start, end)] == titles

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"range": "20170717-20170723"},
            {"range": "[]"},
            {"range": '{"start":"20170717"}'},
            {"range": '{"start":"2017-07-17","end":"2017-07-23"}'},
            {"range": '{"start":1500249600000,"end":1500768000000}'},
            {"range": '{"start":"20170723","end":"20170717"}'},
            {"range": '{"start":"20170701","end":"20170801"}'},  # 32 days, the last one counted
            {"range": '{"start":"20170701T000000Z","end":"20170801T000001Z"}'},
            {"range": '{"start":"20170717","end":"20170723"}', "byinstance": "yes"},
            {"range": '{"start":"20170717","end":"20170723"}', "timezone": "Nowhere/Town"},
        ],
    )
    def test_a_range_is_json_of_at_most_31_days(self, zoho: Zoho, params: dict[str, str]) -> None:
        """Anything else is refused (Zoho Calendar: events list)."""
        answer = zoho.ask("calendar", f"/calendars/{SAMPLE_CALENDAR}/events", **params)
        assert answer.status_code == 400
        assert isinstance(answer.json()["error"], list)

    def test_31_days_are_allowed(self, zoho: Zoho) -> None:
        """A month of 31 days is one request."""
        assert len(zoho.between(SAMPLE_CALENDAR, "20170701", "20170731")) == 2
        assert len(zoho.between(SAMPLE_CALENDAR, "20170701T000000Z", "20170801T000000Z")) == 2

    def test_unknown_parameters_are_refused(self, zoho: Zoho) -> None:
        """A parameter too many is EXTRA_PARAM_FOUND, on every route."""
        uid = "0355da9f49884db8bef8c8f22c976dfc@zoho.com"
        for path in (
            "/calendars",
            f"/calendars/{SAMPLE_CALENDAR}",
            f"/calendars/{SAMPLE_CALENDAR}/events/{uid}",
        ):
            answer = zoho.ask("calendar", path, showdeleted="true")
            assert (answer.status_code, answer.json()["error"][0]["error_code"]) == (
                400,
                "EXTRA_PARAM_FOUND",
            )

    def test_descriptions_need_the_large_accept(self) -> None:
        """``description`` comes only with ``Accept: application/json+large``."""
        with serving(calendar_data(one(description="Words"))) as zoho:
            assert "description" not in zoho.between("cal", "20250611", "20250611")[0]
            assert (
                zoho.between("cal", "20250611", "20250611", accept=LARGE)[0]["description"]
                == "Words"
            )
            path = "/calendars/cal/events/a%40zoho.com"
            assert "description" not in zoho.calendar(path)["events"][0]
            assert zoho.calendar(path, accept=LARGE)["events"][0]["description"] == "Words"

    def test_exceptions_are_objects_of_their_own(self) -> None:
        """The same uid: the master in every range, a changed instance where it now is, a deleted one where it was."""
        moved = one(recurrenceid="20250618T090000Z")
        moved["dateandtime"] = {
            "timezone": "UTC",
            "start": "20250720T090000+0000",
            "end": "20250720T100000+0000",
        }
        gone = {"uid": "a@zoho.com", "recurrenceid": "20250625T090000Z", "estatus": "deleted"}
        with serving(calendar_data(one(rrule="FREQ=WEEKLY;BYDAY=WE"), moved, gone)) as zoho:

            def kinds(start: str, end: str) -> list[str]:
                return [
                    item.get("estatus") or item.get("recurrenceid", "master")
                    for item in zoho.between("cal", start, end)
                ]

            assert kinds("20250616", "20250622") == [
                "master"
            ]  # the moved instance leaves no trace here
            assert kinds("20250623", "20250629") == ["master", "deleted"]
            assert kinds("20250714", "20250720") == ["master", "20250618T090000Z"]
            assert kinds("20250609", "20250610") == []
            assert kinds("20250625T093000Z", "20250625T100000Z") == ["master", "deleted"]
            assert kinds("20250625T100000Z", "20250625T110000Z") == []
            master = zoho.between("cal", "20250714", "20250720")[0]
            assert master["dateandtime"]["start"] == "20250611T090000+0000"
            assert len(zoho.calendar("/calendars/cal/events/a%40zoho.com")["events"]) == 3
            single = zoho.calendar(
                "/calendars/cal/events/a%40zoho.com", recurrenceid="20250618T090000Z"
            )
            assert single["events"] == [moved]

    def test_by_instance(self) -> None:
        """Every occurrence comes by itself with its slot, little in it; exceptions in place of their slots."""
        rule = "FREQ=WEEKLY;BYDAY=WE"
        moved = one(recurrenceid="20250618T090000Z", title="Moved")
        moved["dateandtime"] = {
            "timezone": "UTC",
            "start": "20250619T090000+0000",
            "end": "20250619T100000+0000",
        }
        gone = {"uid": "a@zoho.com", "recurrenceid": "20250625T090000Z", "estatus": "deleted"}
        with serving(
            calendar_data(one(rrule=rule, attendees=[], location="Here"), moved, gone)
        ) as zoho:
            items = zoho.between("cal", "20250611", "20250702", byinstance="true")
        found = {item["recurrenceid"]: item["dateandtime"]["start"] for item in items}
        assert found == {
            "20250611T090000Z": "20250611T090000+0000",
            "20250618T090000Z": "20250619T090000+0000",
            "20250702T090000Z": "20250702T090000+0000",
        }
        assert all(item.keys().isdisjoint({"rrule", "location", "attendees"}) for item in items)

    def test_a_series_keeps_its_wall_clock(self) -> None:
        """Slots stay at 09:00 in Berlin, so at 08:00 UTC before the clocks change on 2025-03-30 and 07:00 after."""
        when = {
            "timezone": "Europe/Berlin",
            "start": "20250327T090000+0100",
            "end": "20250327T100000+0100",
        }
        with serving(calendar_data(one(rrule="FREQ=DAILY", dateandtime=when))) as zoho:
            items = zoho.between("cal", "20250329", "20250330", byinstance="true")
        assert [item["recurrenceid"] for item in items] == ["20250329T080000Z", "20250330T070000Z"]

    def test_all_day_series(self) -> None:
        """Slots of whole days are dates."""
        when = {"timezone": "Europe/Berlin", "start": "20250601", "end": "20250602"}
        item = one(
            isallday=True,
            duration=2 * 86_400_000,
            dateandtime=when,
            rrule="FREQ=WEEKLY;UNTIL=20250615T000000Z",
        )
        with serving(calendar_data(item)) as zoho:
            items = zoho.between("cal", "20250601", "20250630", byinstance="true")
            assert zoho.between("cal", "20250617", "20250630") == []
            assert (
                len(zoho.between("cal", "20250616", "20250616")) == 1
            )  # the second day of the last one
        assert [(item["recurrenceid"], item["dateandtime"]["end"]) for item in items] == [
            ("20250601", "20250602"),
            ("20250608", "20250609"),
            ("20250615", "20250616"),
        ]

    @pytest.mark.parametrize(
        "until",
        ["20250613", "20250613T070000Z", "20250613T090000"],
        ids=["a date", "UTC", "wall clock"],
    )
    def test_until_in_any_form(self, until: str) -> None:
        """The last slot of 2025-06-13, 09:00 in Berlin, is in, and none after it."""
        when = {
            "timezone": "Europe/Berlin",
            "start": "20250611T090000+0200",
            "end": "20250611T100000+0200",
        }
        with serving(
            calendar_data(one(rrule=f"FREQ=DAILY;UNTIL={until}", dateandtime=when))
        ) as zoho:
            items = zoho.between("cal", "20250601", "20250630", byinstance="true")
        assert [item["recurrenceid"][:8] for item in items] == ["20250611", "20250612", "20250613"]

    def test_times_in_another_zone(self, zoho: Zoho) -> None:
        """``timezone`` says in which clock to answer; the instants stay."""
        event = zoho.between(SAMPLE_CALENDAR, "20170718", "20170718", timezone="America/New_York")[
            0
        ]
        assert event["dateandtime"] == {
            "timezone": "America/New_York",
            "start": "20170718T112000-0400",
            "end": "20170718T131500-0400",
        }
        assert event["start"] == "20170718T112000"

    def test_what_cannot_be_read_is_always_listed(self) -> None:
        """An event with a broken date is in every range, so that the reader has to deal with it."""
        broken = one(dateandtime={"timezone": "UTC", "start": "20251345T990000+0100", "end": ""})
        with serving(calendar_data(broken, {"uid": "b@zoho.com"})) as zoho:
            assert len(zoho.between("cal", "20200101", "20200101")) == 2

    def test_calendars(self, zoho: Zoho) -> None:
        """One calendar comes as a list of one; ``category`` filters."""
        calendars = zoho.calendar("/calendars")["calendars"]
        assert [calendar["uid"] for calendar in calendars] == [
            SAMPLE_CALENDAR,
            WORK,
            US,
            TEAM,
            HOLIDAYS,
        ]
        assert zoho.calendar(f"/calendars/{US}")["calendars"] == [calendars[2]]
        assert calendars[2]["timezone"] == "PST"
        own = zoho.calendar("/calendars", category="own")["calendars"]
        assert [calendar["uid"] for calendar in own] == [SAMPLE_CALENDAR, WORK, US]

    def test_unknown_ids_are_404(self, zoho: Zoho) -> None:
        """A calendar, an event or a path that isn't there is a 404 with an array of errors."""
        span = {"range": '{"start":"20170717","end":"20170723"}'}
        for path, params in (
            ("/calendars/x", {}),
            ("/calendars/x/events", span),
            (f"/calendars/{WORK}/events/x", {}),
            ("/x", {}),
        ):
            answer = zoho.ask("calendar", path, **params)
            assert answer.status_code == 404
            assert answer.json()["error"][0]["error_code"]


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
        """A test that orders nothing is told so."""
        with pytest.raises(ValueError, match="no"):
            Sandbox(data=Data()).faults.add(route, kind, **details)

    def test_truncated(self, zoho: Zoho) -> None:
        """The body is cut and HTTP doesn't tell."""
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
        """429 with Retry-After, or a 400 whose body alone tells (Zoho Calendar: errors and limits)."""
        zoho.box.faults.add(f"{product}.*", "throttle", times=1, retry_after=7)
        zoho.box.faults.add(f"{product}.*", "throttle", times=1, status=400)
        answer = zoho.ask(product, FIRST_PATH[product])
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        answer = zoho.ask(product, FIRST_PATH[product])
        assert answer.status_code == 400
        assert "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED" in answer.text
        assert "Retry-After" not in answer.headers

    def test_throttled_tokens(self, zoho: Zoho) -> None:
        """The token endpoint's throttle came as 400 and as 200 to different clients (Zoho OAuth: error bodies)."""
        for status in (400, 200):
            zoho.box.faults.add("oauth.token", "throttle", times=1, status=status)
            answer = zoho.token()
            assert (answer.status_code, answer.json()["error"]) == (status, "Access Denied")

    def test_expired_token(self, zoho: Zoho) -> None:
        """A token that was good is refused in each product's own form; the next request finds it good again."""
        zoho.box.faults.add("*", "expired-token", times=4)
        assert {
            product: zoho.ask(product, path).json() for product, path in FIRST_PATH.items()
        } == REFUSAL
        assert zoho.token().json() == {"error": "invalid_code"}
        assert zoho.ask("backstage", "/portals").status_code == 200

    def test_duplicate_page(self, zoho: Zoho) -> None:
        """The second page is the first once more, which still says that more follows."""
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
        """Every value, or one field alone, is of another type; containers keep their shape unless they are named."""
        expected = sample("calendar_events.json")["events"]
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


def scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


@pytest.mark.parametrize("today", TODAYS, ids=str)
class TestLively:
    """The livelier data is there, whole and the same, whatever day it is."""

    def test_the_same_day_gives_the_same(self, today: date) -> None:
        """Nothing in it is random or of the moment."""
        first, second = lively(today), lively(today)
        assert [shelf.all() for shelf in shelves(first)] == [
            shelf.all() for shelf in shelves(second)
        ]
        assert [shelf.all() for shelf in shelves(first)] != [
            shelf.all() for shelf in shelves(documents())
        ]

    def test_backstage(self, today: date) -> None:
        """The portal has past, running and coming events of every status and type, with and without a venue."""
        events = lively(today).portals[PORTAL].events.all()
        assert {event["status"] for event in events} == {0, 1, 2, 3, 4}
        assert all(("canceled_on" in event) == (event["status"] == 4) for event in events)
        assert {event["event_type_string"] for event in events} == {"venue", "online", "hybrid"}
        assert {event["timezone"] for event in events} >= {"Asia/Calcutta"}
        assert all(event["start_time"] < event["end_time"] for event in events)
        assert any(event["end_time"].endswith(":59Z") for event in events)
        assert any("<script>" in event["description"] for event in events)
        assert len({event["id"] for event in events}) == len(events)
        coming = [event for event in events if event["start_time"] > today.isoformat()]
        assert len(coming) >= 15

    def test_connect(self, today: date) -> None:
        """Scalars are text, no flag says false, and the clocks agree or disagree as in the documents' sample."""
        network = lively(today).networks[NETWORK]
        assert "isPrivate" not in network.groups[ALL_HANDS].info
        assert network.groups[LEADERSHIP].info["isPrivate"] == "true"
        for group in network.groups.values():
            events = group.events.all()
            assert events
            assert {type(value) for value in scalars([group.info, *events])} == {str}
            for event in events:
                assert all(
                    event.get(flag, "true") == "true"
                    for flag in ("isAllDay", "isExpired", "hasReminder")
                )
                self.check_clock(event)

    def check_clock(self, event: dict[str, str]) -> None:
        """Zoho Connect: clock analysis of the samples."""
        fields = [int(event[f"start{name}"]) for name in ("Year", "Month", "Date", "Hour", "Min")]
        wall = datetime(*fields, tzinfo=ZoneInfo(CONNECT_ZONE))
        epoch = datetime.fromtimestamp(int(event["startTime"]) // 1000, UTC)
        assert event["startDay"] == str((wall.weekday() + 1) % 7 + 1)
        if "isAllDay" in event:
            assert (wall.hour, wall.minute) == (0, 0)
            assert epoch != wall  # midnight of another zone
            assert "formattedStartTime" not in event
        else:
            assert epoch == wall
            assert f"{wall:%Y%m%d}T{epoch:%H%M%S}Z/" in event["googleCalendarUrl"]

    def test_connect_has_its_traps(self, today: date) -> None:
        """Repeats share a streamId, one event's Google link is a day off, reminders of each kind, all-day of days."""
        events = lively(today).networks[NETWORK].groups[ALL_HANDS].events.all()
        repeats = [event for event in events if event["streamId"] == "931000000712020"]
        assert len(repeats) == len({event["startTime"] for event in repeats}) == 12
        late = next(event for event in events if event["title"] == "Late call with Pago Pago")
        true_date = datetime.fromtimestamp(int(late["startTime"]) // 1000, UTC).strftime("%Y%m%d")
        assert f"dates={true_date}" not in late["googleCalendarUrl"]
        days = [event for event in events if event["title"].startswith("Office move")]
        assert date(
            *(int(days[0][f"end{name}"]) for name in ("Year", "Month", "Date"))
        ) == today + timedelta(days=14)
        reminders = [
            {key for key in event if key.startswith("interval")}
            for event in events
            if "hasReminder" in event
        ]
        assert {"intervalMinute"} in reminders
        assert {"intervalDay", "intervalHour", "intervalMinute"} in reminders

    @pytest.mark.parametrize("uid", [WORK, US, TEAM, HOLIDAYS])
    def test_calendar(self, today: date, uid: str) -> None:
        """Each calendar has events within a year; each object is whole."""
        calendar = lively(today).calendars[uid]
        items = calendar.events.all()
        assert calendar.info["uid"] == uid
        assert {item["caluid"] for item in items} == {uid}
        masters = [item for item in items if "recurrenceid" not in item]
        assert len({item["uid"] for item in masters}) == len(masters)
        assert {item["uid"] for item in items} == {item["uid"] for item in masters}
        assert all(("rrule" in item) == ("repeat" in item) for item in items)

    def test_calendar_has_its_traps(self, today: date) -> None:
        """Changed, deleted and broken events, every kind of time and reminder are in the work calendar."""
        items = lively(today).calendars[WORK].events.all()
        rules = " ".join(item.get("rrule", "") for item in items)
        for part in (
            "DAILY",
            "BYMONTHDAY=31",
            "BYDAY=-1FR",
            "BYSETPOS",
            "YEARLY",
            "COUNT=",
            "INTERVAL=2",
        ):
            assert part in rules
        untils = {
            len(part.partition("=")[2])
            for part in rules.replace(" ", ";").split(";")
            if "UNTIL" in part
        }
        assert untils == {len("20250101"), len("20250101T000000"), len("20250101T000000Z")}
        assert sum("recurrenceid" in item and "estatus" not in item for item in items) == 3
        assert (
            sum("recurrenceid" in item and item.get("estatus") == "deleted" for item in items) == 2
        )
        assert (
            sum("recurrenceid" not in item and item.get("estatus") == "deleted" for item in items)
            == 1
        )
        assert (
            sum(
                item.get("dateandtime", {}).get("start", "").startswith("20251345")
                for item in items
            )
            == 1
        )
        assert all(("alarm" in item) == ("reminders" in item) for item in items)
        assert any(item.get("calendar_alarm") and "reminders" not in item for item in items)
        assert {item["isprivate"] for item in items if "isprivate" in item} == {True, False}
        assert any("conference_data" in item for item in items)
        assert any("exdate" in item for item in items)
        assert {item["multiday"] for item in items if item.get("isallday")} == {True, False}

    def test_a_series_begins_on_a_day_of_its_rule(self, today: date) -> None:
        """DTSTART matches the rule in upstream's data: the day of BYDAY, BYMONTHDAY=31, the last Friday."""
        for item in lively(today).calendars[WORK].events.all():
            parts = (
                dict(part.split("=") for part in item["rrule"].split(";"))
                if "rrule" in item
                else {}
            )
            start = (
                datetime.strptime(item["dateandtime"]["start"][:8], "%Y%m%d").replace(tzinfo=UTC)
                if parts
                else NOW
            )
            if parts.get("BYDAY") == "-1FR":
                assert (start.weekday(), (start + timedelta(days=7)).month != start.month) == (
                    4,
                    True,
                )
            elif "BYSETPOS" in parts:
                assert (start.weekday(), 8 <= start.day <= 14) == (1, True)
            elif "BYDAY" in parts:
                assert ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[start.weekday()] in parts[
                    "BYDAY"
                ].split(",")
            if "BYMONTHDAY" in parts:
                assert start.day == int(parts["BYMONTHDAY"])


def shelves(data: Data) -> list[Shelf]:
    found = [portal.events for portal in data.portals.values()]
    found += [
        day
        for portal in data.portals.values()
        for agenda in portal.agendas.values()
        for day in agenda.days
    ]
    found += [
        group.events for network in data.networks.values() for group in network.groups.values()
    ]
    return found + [calendar.events for calendar in data.calendars.values()]


@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_every_lively_source_has_something_to_show_today(today: date) -> None:
    """Asked over HTTP for a month around today, or a year for the holidays, no source is empty."""
    with serving(lively(today)) as zoho:
        month = [(today + timedelta(days=days)).strftime("%Y%m%d") for days in (-10, 20)]
        for uid in (WORK, US, TEAM):
            assert len(zoho.between(uid, *month)) >= 3
        year = [
            (today + timedelta(days=30 * n), today + timedelta(days=30 * n + 29)) for n in range(13)
        ]
        holidays = [
            zoho.between(HOLIDAYS, f"{start:%Y%m%d}", f"{end:%Y%m%d}") for start, end in year
        ]
        assert {item["title"] for page in holidays for item in page} == {
            "New Year Day",
            "Labour Day",
            "German Unity Day",
            "Christmas Day",
        }
        edges = [
            datetime.combine(today + timedelta(days=days), datetime.min.time(), UTC)
            for days in (-10, 30)
        ]
        window = {
            "startTime": f"{edges[0].timestamp():.0f}000",
            "endTime": f"{edges[1].timestamp():.0f}000",
        }
        for group in (ALL_HANDS, LEADERSHIP, CLUB):
            answer = zoho.connect("/upcomingEvents", scopeID=NETWORK, partitionId=group, **window)
            assert len(answer["upcomingEvents"]["events"]) >= 2
        assert len(zoho.backstage(f"/portals/{PORTAL}/events")["events"]) == 10
