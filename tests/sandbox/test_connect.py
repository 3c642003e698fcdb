"""The sandbox's Connect answers as Zoho's documents say.

Expected values come from Zoho's documents; their samples stand, unchanged, in
``bridge/sandbox/data``.
"""

import pytest

from bridge.sandbox.files import sample
from tests.sandbox.client import CREATIVE, ENGINEERING, ZILLUM, Zoho
from tests.zoho_sandbox import ALL_HANDS, CLUB, LEADERSHIP, NETWORK


class TestConnect:
    def test_the_documents_events_are_unchanged(self, zoho: Zoho) -> None:
        """The documents' request gets the documents' answer."""
        answer = zoho.connect(
            "/upcomingEvents", scopeID=ZILLUM, selectedPartIds=f"{ENGINEERING},{CREATIVE}"
        )
        assert answer == sample("connect_upcoming_events")
        assert len(answer["upcomingEvents"]["events"]) == 8

    def test_networks_and_groups(self, zoho: Zoho) -> None:
        """Networks and groups are inside the action's name; only one network has ``isDefault``."""
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

    def test_a_group_by_its_url_is_the_group(self, zoho: Zoho) -> None:
        names = {"partitionType": "GROUP", "partitionUrl": "all-hands"}
        by_url = zoho.connect("/upcomingEvents", scopeID=NETWORK, **names)
        by_id = zoho.connect("/upcomingEvents", scopeID=NETWORK, partitionId=ALL_HANDS)
        assert by_url == by_id
        wall = zoho.connect(
            "/upcomingEvents", scopeID=NETWORK, **names | {"partitionType": "DEFAULT"}
        )
        assert wall["upcomingEvents"]["result"] == "failure"

    def test_a_partition_that_is_no_group_has_events_and_is_not_listed(self, zoho: Zoho) -> None:
        """GROUP and DEFAULT are the documented kinds of a partition."""
        names = {"partitionType": "DEFAULT", "partitionUrl": "northwind"}
        answer = zoho.connect("/upcomingEvents", scopeID=NETWORK, **names)
        titles = {event["title"] for event in answer["upcomingEvents"]["events"]}
        assert titles == {"Annual results", "Office closed"}
        groups = zoho.connect("/allGroups", scopeID=NETWORK)["allGroups"]["groups"]
        assert {group["id"] for group in groups} == {ALL_HANDS, LEADERSHIP, CLUB}

    def test_events_shared_with_the_account_are_those_it_is_invited_to(self, zoho: Zoho) -> None:
        answer = zoho.connect(
            "/upcomingEvents", scopeID=NETWORK, partitionId=ALL_HANDS, sharedWithMe="true"
        )
        titles = {event["title"] for event in answer["upcomingEvents"]["events"]}
        assert titles == {"Summer party ☀️ & barbecue"}

    def test_an_event_of_two_groups_is_in_the_answer_of_each(self, zoho: Zoho) -> None:
        """Once in the answer for each group, once in the answer for both."""

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
