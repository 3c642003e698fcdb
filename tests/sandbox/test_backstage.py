"""The sandbox's Backstage answers as Zoho's documents say.

Expected values come from Zoho's documents; their samples stand, unchanged, in
``bridge/sandbox/data``.
"""

import pytest

from bridge.sandbox.files import sample
from tests.sandbox.client import Zoho
from tests.zoho_sandbox import CONFERENCE, PORTAL


class TestBackstage:
    def test_the_documents_event_is_unchanged(self, zoho: Zoho) -> None:
        """The sample comes as printed, alone and in the list."""
        expected = sample("backstage_event")
        assert expected["id"] == "27000000000023"
        assert zoho.backstage("/portals/19593237/events/27000000000023") == expected
        assert zoho.backstage("/portals/19593237/events", status="all")["events"] == [expected]

    def test_portals(self, zoho: Zoho) -> None:
        portals = zoho.backstage("/portals")["portals"]
        assert [portal["id"] for portal in portals] == ["19593237", PORTAL]

    def test_pages(self, zoho: Zoho) -> None:
        """Pages are small, say so, and hold every event once (Zoho Backstage: list events)."""
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

    def test_a_smaller_page(self, zoho: Zoho) -> None:
        """``per_page`` is honoured up to the sandbox's own size of a page."""
        path = f"/portals/{PORTAL}/events"
        answer = zoho.backstage(path, status="all", per_page="3")
        assert (len(answer["events"]), answer["pagination"]["total_pages"]) == (3, 9)
        for wrong in ({"page": "0"}, {"per_page": "0"}):
            assert zoho.ask("backstage", path, **wrong).status_code == 400

    def test_a_list_of_every_status_has_drafts(self, zoho: Zoho) -> None:
        pages = [
            zoho.backstage(f"/portals/{PORTAL}/events", status="all", page=str(page))
            for page in (1, 2, 3)
        ]
        assert {event["status"] for page in pages for event in page["events"]} == {0, 1, 2, 3, 4}

    def test_the_agenda(self, zoho: Zoho) -> None:
        """Agendas count from 0, days from 1; sessions name halls, tracks and speakers by id."""
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
        assert {item["venue"] for item in sessions} - {None} == halls
        assert None in {item["venue"] for item in sessions}
        assert {item["track"] for item in sessions} - {None} == tracks
        assert {key for item in sessions for key in item["speakers"]} == speakers
        assert [item["hidden"] for item in sessions].count(True) == 1
        assert (
            len({item["id"] for item in sessions}) == len(sessions) - 1
        )  # the exhibition is listed on both days
        assert {type(item["duration"]) for item in sessions} == {int, str}
        assert all(
            event["start_time"] <= item["start_time"] <= event["end_time"] for item in sessions
        )

    def test_an_event_without_an_agenda(self, zoho: Zoho) -> None:
        """Its lists are empty."""
        path = "/portals/19593237/events/27000000000023"
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
        """Unknown ids, paths and methods are 404, with the status as text."""
        for path in (
            "/portals/1/events",
            f"/portals/{PORTAL}/events/1",
            f"/portals/{PORTAL}/events/1/halls",
        ):
            answer = zoho.ask("backstage", path)
            assert (answer.status_code, answer.json()["status_code"]) == (404, "404")
        wrong = {"status_code": "404", "message": "Please provide valid method"}
        for answer in (
            zoho.ask("backstage", "/venues"),
            zoho.http.post(zoho.settings["ZOHO_BACKSTAGE_URL"] + "/portals"),
        ):
            assert (answer.status_code, answer.json()) == (404, wrong)
