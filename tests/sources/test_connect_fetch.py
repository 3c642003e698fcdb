"""Zoho Connect: the requests of a fetch and of discovery.

``data/connect/*.json`` are the answers in Zoho's documents. Expected instants are worked out from
their milliseconds with GNU date, and agree with Zoho APIs 3.5. Days come from wall clocks.
"S2" and "S3" are Zoho's pages on upcomingEvents and updateEvent.
"""

from copy import deepcopy
from datetime import date
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.feed import Window
from bridge.domain.source import ConnectSource
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, NotFoundError, ScopeError, UnavailableError
from bridge.sources.connect import fetch as connect_fetch, parse as connect_parse
from tests.command_line import command_line
from tests.sources.connect_json import (
    ABSENT,
    CREATIVE,
    ITEMS,
    NETWORK,
    SAMOA,
    UPCOMING,
    changed,
    parse,
)
from tests.sources.fake_api import FakeApi
from tests.zoho_sandbox import ALL_HANDS, CLUB, NETWORK as NORTHWIND

WINDOW = Window(start=date(2018, 1, 1), end=date(2018, 4, 1))


def test_events_request() -> None:
    """S2: 2017-12-31T00:00Z and 2018-04-02T00:00Z, a day more on both sides."""
    api = FakeApi({"/upcomingEvents": UPCOMING})
    assert connect_fetch.fetch(api, CREATIVE, WINDOW) == {"pages": [UPCOMING]}
    asked = {
        "scopeID": NETWORK,
        "selectedPartIds": "929000000439015",
        "startTime": "1514678400000",
        "endTime": "1522627200000",
    }
    assert api.requests == [("/upcomingEvents", asked)]


BY_URL = ConnectSource(url="creative-team", network=NETWORK)


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        (BY_URL, {"partitionType": "GROUP", "partitionUrl": "creative-team"}),
        (
            ConnectSource(url="wall", partition="DEFAULT", network=NETWORK),
            {"partitionType": "DEFAULT", "partitionUrl": "wall"},
        ),
        (
            ConnectSource(group="1,2", network=NETWORK, shared_with_me=True),
            {"selectedPartIds": "1,2", "sharedWithMe": "true"},
        ),
    ],
)
def test_a_partition_and_invitations_are_requested_as_documented(
    source: ConnectSource, parameters: dict[str, str]
) -> None:
    """S2: partitionType and partitionUrl in place of ids; sharedWithMe is optional."""
    api = FakeApi({"/upcomingEvents": UPCOMING})
    connect_fetch.fetch(api, source, WINDOW)
    ((_, asked),) = api.requests
    assert {name: asked[name] for name in parameters} == parameters
    assert asked.keys() - parameters.keys() == {"scopeID", "startTime", "endTime"}


def test_a_group_by_its_url_has_the_events_and_uids_of_the_group() -> None:
    raw = {"pages": [UPCOMING]}
    by_id, by_url = (connect_parse.parse(raw, source, None) for source in (CREATIVE, BY_URL))
    assert by_id.events == by_url.events
    notes = [str(note).replace("929000000439015", "creative-team") for note in by_id.notes]
    assert notes == [str(note) for note in by_url.notes]
    with pytest.raises(BadDataError):
        connect_parse.parse(raw, ConnectSource(url="other-team", network=NETWORK), None)


def test_sources_of_earlier_releases_keep_their_keys() -> None:
    assert CREATIVE.key == f"connect:{NETWORK}/929000000439015"
    keys = {
        source.key
        for source in (
            CREATIVE,
            ConnectSource(group=CREATIVE.group, network=NETWORK, shared_with_me=True),
            BY_URL,
            ConnectSource(url="creative-team", partition="DEFAULT", network=NETWORK),
        )
    }
    assert len(keys) == 4


def test_no_events() -> None:
    answer: Any = {"upcomingEvents": {"events": []}}
    raw = connect_fetch.fetch(FakeApi({"/upcomingEvents": answer}), CREATIVE, WINDOW)
    parsed = connect_parse.parse(raw, CREATIVE, None)
    assert (parsed.events, parsed.rejections, parsed.notes) == ((), (), ())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"upcomingEvents": None},
        {"upcomingEvents": []},
        {"upcomingEvents": {}},
        {"upcomingEvents": {}, "data": [], "message": "ok"},
        {"upcomingEvents": {"events": []}, "message": "ok"},
        {"events": []},
        {"upcomingEvents": {"result": "failure"}},
        {"upcomingEvents": {"events": "x"}},
    ],
)
def test_other_answers_are_errors(answer: Any) -> None:
    """Zoho APIs 3.8: an answer without upcomingEvents is no empty group."""
    with pytest.raises(BadDataError, match="no list “events”"):
        connect_fetch.fetch(FakeApi({"/upcomingEvents": answer}), CREATIVE, WINDOW)


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("text", text="down"),
        NotFoundError("text", text="404"),
        ScopeError("text", text="401"),
    ],
)
def test_failures_pass_through(error: Any) -> None:
    with pytest.raises(type(error)):
        connect_fetch.fetch(FakeApi({"/upcomingEvents": error}), CREATIVE, WINDOW)


def test_events_of_other_groups_are_noted() -> None:
    """Two events of S2 belong to Engineering alone: they are shown, with a note."""
    (note,) = map(str, connect_parse.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA).notes)
    assert note.startswith("2 of 8 events belong to other groups")
    invited = changed(ITEMS[5], participants={"invitedGroups": [{"id": "929000000439015"}]})
    assert parse(invited, changed(ITEMS[6], partition=ABSENT, participants=ABSENT)).notes == ()


BOTH = ConnectSource(group="929000000295001,929000000439015", network=NETWORK)


def test_several_groups_are_read_with_one_request_as_documented() -> None:
    """S2's own request asks for two groups with a comma between them."""
    api = FakeApi({"/upcomingEvents": UPCOMING})
    raw = connect_fetch.fetch(api, BOTH, WINDOW)
    ((path, params),) = api.requests
    assert (path, params["selectedPartIds"]) == (
        "/upcomingEvents",
        "929000000295001,929000000439015",
    )
    parsed = connect_parse.parse(raw, BOTH, SAMOA)
    assert (len(parsed.events), parsed.notes) == (8, ())  # none is of another group


def test_an_event_of_two_groups_appears_once_with_the_same_uid_as_in_each() -> None:
    """So that a feed of both and feeds of each, merged or not, never show it twice."""
    twice = {"pages": [{"upcomingEvents": {"events": [*ITEMS, *deepcopy(ITEMS)]}}]}
    parsed = connect_parse.parse(twice, BOTH, SAMOA)
    alone = connect_parse.parse({"pages": [UPCOMING]}, CREATIVE, SAMOA)
    assert [event.uid for event in parsed.events] == [event.uid for event in alone.events]
    assert (
        connect_parse.repeating_streams(
            BOTH, [(event.uid, event.upstream_id) for event in parsed.events]
        )
        == frozenset()
    )


def test_a_list_of_groups_is_read_with_one_request_and_shows_a_shared_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox's two groups share one event, whose UID is the same in each feed."""
    with command_line(tmp_path, monkeypatch) as line:
        hands, club = ALL_HANDS, CLUB
        (shared,) = line.sandbox.group(club).events.find("931000000712010")
        assert line.sandbox.group(hands).events.find("931000000712010") == [shared]
        feeds = {"both": [hands, club], "same": [club, hands], "club": club}
        line.toml.write_text(
            "\n".join(
                f'[[feed]]\nslug = "{slug}"\n'
                f'sources = [{{ connect = {json.dumps(ids)}, network = "{NORTHWIND}" }}]'
                for slug, ids in feeds.items()
            )
        )
        assert line("refresh").exit_code == 0
        asked = [
            request.query for request in line.sandbox.requests if request.route == "connect.events"
        ]
        both = ",".join(sorted([hands, club]))
        assert sorted(query["selectedPartIds"] for query in asked) == sorted([both, club])
        assert {query["scopeID"] for query in asked} == {NORTHWIND}
        uid = f"\r\nUID:{event_uid('connect', NORTHWIND, '931000000712010')}\r\n".encode()
        for slug in feeds:
            body = line.export(slug)
            assert body.count(uid) == 1
            assert body.count(f"SUMMARY:{shared['title']}".encode()) == 1
        assert b"SUMMARY:Fire drill\r\n" in line.export("both")  # which is of the other group alone
        assert b"SUMMARY:Fire drill\r\n" not in line.export("club")


@pytest.mark.parametrize(
    ("group", "count"), [("929000000439015", 2), ("1,2", None), ("1,929000000295001", 6)]
)
def test_events_of_other_groups_alone_are_no_answer(group: Any, count: Any) -> None:
    """If all events are of other groups, the answer may hold what these must not see."""
    source = ConnectSource(group=group, network=NETWORK)
    if count is None:
        with pytest.raises(
            BadDataError,
            match=r"asked for the events of groups 1,2 .* sent only events of other groups",
        ):
            connect_parse.parse({"pages": [UPCOMING]}, source, SAMOA)
    else:
        (note,) = map(str, connect_parse.parse({"pages": [UPCOMING]}, source, SAMOA).notes)
        assert f"{count} of 8 events belong to other groups" in note


@pytest.mark.parametrize("path", ["/allScopes", "/userGroups"])
def test_discovery_of_nothing_but_nameless_things_is_bad_data(path: Any) -> None:
    """Else the feeds of a whole product would be taken for gone."""
    nameless = [{"id": ["1"], "name": ["x"]}, {"name": "y"}]
    answers = {
        "/allScopes": {
            "allScopes": {
                "scopes": nameless if path == "/allScopes" else [{"id": "1", "name": "n"}]
            }
        },
        "/userGroups": {"userGroups": {"groups": nameless}},
    }
    with pytest.raises(BadDataError, match="none of them has an id"):
        connect_fetch.discover(FakeApi(answers))


NETWORKS = {
    "allScopes": {
        "scopes": [{"name": "Zillum", "id": "1", "isDefault": "true"}, {"id": 2}, {"name": "x"}, 0]
    }
}
GROUPS = [
    {"id": "10", "name": " Design ", "status": "ACTIVE", "isPrivate": "true"},
    {"id": "11", "name": "Old", "status": "INACTIVE"},
    {"id": "12"},
    {"name": "no id"},
    None,
]


def test_discover() -> None:
    """Zoho APIs 3.1, 3.2: the account's groups of each network, without closed ones."""
    answers = {
        "/allScopes": NETWORKS,
        "/userGroups#1": {"userGroups": {"groups": GROUPS}},
        "/userGroups#2": {"userGroups": {"groups": []}},
    }
    api = FakeApi(answers)
    assert [(entry.source, entry.title, entry.within) for entry in connect_fetch.discover(api)] == [
        (ConnectSource(group="10", network="1"), "Design", "Zillum"),
        (ConnectSource(group="12", network="1"), "12", "Zillum"),
    ]
    assert api.requests == [
        ("/allScopes", {}),
        ("/userGroups", {"scopeID": "1", "isRecentSort": "true"}),
        ("/userGroups", {"scopeID": "2", "isRecentSort": "true"}),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        NotFoundError("text", text="404"),
        BadDataError("text", text="odd"),
        {"userGroups": {"result": "failure"}},
    ],
)
def test_discover_falls_back_to_all_groups(answer: Any) -> None:
    answers = {
        "/allScopes": {"allScopes": {"scopes": [{"name": "Zillum", "id": "1"}]}},
        "/userGroups": answer,
        "/allGroups": {"allGroups": {"groups": GROUPS}},
    }
    assert [entry.title for entry in connect_fetch.discover(FakeApi(answers))] == ["Design", "12"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"/allScopes": {"scopes": []}}, BadDataError),
        ({"/allScopes": NETWORKS, "/userGroups": ScopeError("text", text="401")}, ScopeError),
        (
            {
                "/allScopes": NETWORKS,
                "/userGroups": NotFoundError("text", text="a"),
                "/allGroups": NotFoundError("text", text="b"),
            },
            NotFoundError,
        ),
    ],
)
def test_discover_fails_clearly(answers: Any, error: Any) -> None:
    with pytest.raises(error):
        connect_fetch.discover(FakeApi(answers))
