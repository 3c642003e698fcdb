"""The sandbox serves over real HTTP on loopback, stops, and records its requests."""

from concurrent.futures import ThreadPoolExecutor
import socket

import httpx
import pytest

from bridge.sandbox.state import Shelf
from tests.clock import Clock
from tests.sandbox.client import (
    ENGINEERING,
    LARGE,
    NOW,
    SAMPLE_CALENDAR,
    ZILLUM,
    Zoho,
    calendar_event,
)
from tests.zoho_sandbox import Sandbox


class TestServer:
    def test_a_taken_port_is_an_oserror(self) -> None:
        """A port in use raises an OSError that a command can report, and ends no program."""
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(OSError, match="in use"),
        ):
            Sandbox().start(taken.getsockname()[1])

    def test_stop_refuses_connections_and_start_serves_what_was_kept(self) -> None:
        """An outage is a stop: connections are refused, and the data is there again afterwards."""
        box = Sandbox(Clock(NOW))
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
        """Each request is recorded with its route, parameters and status, without its body."""
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
        shelf.add(calendar_event(uid="new@zoho.com"))
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
