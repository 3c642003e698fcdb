"""Discovery of calendars: the list of the account, and what Zoho states about each calendar."""

from operator import itemgetter
from typing import Any

import pytest

from bridge.domain.source import CalendarProfile, CalendarSource
from bridge.errors import BadDataError, NotFoundError, ScopeError, UnavailableError
from bridge.sources.calendar.fetch import discover
from tests.sources.fake_api import FakeApi

LISTS = [
    (
        "calendars list",
        {
            "calendars": [
                {"uid": "a==", "name": "Work"},
                {"uid": "b", "name": "Home", "category": "other"},
            ]
        },
        [("a==", "Work"), ("b", "Home")],
    ),
    (
        "a group's calendar",
        {"calendars": [{"uid": "g", "name": "Marketing", "category": "group"}]},
        [("g", "Marketing")],
    ),
    ("no calendars", {"calendars": []}, []),
    ("no name", {"calendars": [{"uid": "a"}, {"uid": "b", "name": " "}]}, [("a", "a"), ("b", "b")]),
    (
        "odd fields and entries",
        {
            "calendars": [
                {"uid": "a", "name": "Work", "reminders": "x", "timezone": 5},
                {"name": "no uid"},
                None,
                {"uid": 5},
            ]
        },
        [("a", "Work")],
    ),
]


@pytest.mark.parametrize("case", LISTS, ids=itemgetter(0))
def test_discovery_lists_every_calendar_with_its_name(case: Any) -> None:
    _, answer, found = case
    api = FakeApi({"/calendars": answer})
    assert [(entry.source, entry.title) for entry in discover(api)] == [
        (CalendarSource(calendar=uid), title) for uid, title in found
    ]
    params = {"category": "all", "showhiddencal": "true"}
    assert api.calls == [("calendar", "/calendars", params, "application/json")]


def test_discovery_leaves_out_groups_without_contents() -> None:
    """Zoho APIs 4.1: their uids are ``group_`` and digits."""
    names = ("group_4411000", "group_", "group_4411a", "xgroup_1")
    api = FakeApi({"/calendars": {"calendars": [{"uid": uid} for uid in names]}})
    assert [entry.title for entry in discover(api)] == ["group_", "group_4411a", "xgroup_1"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"category": "own", "privilege": "owner"}, {"category": "own", "privilege": "owner"}),
        ({"category": "group", "status": True}, {"category": "group"}),
        ({"category": "app", "color": "#8CBF40"}, {"category": "app", "color": "#8cbf40"}),
        ({"category": "other"}, {"category": "shared"}),
        ({"category": "OTHERS", "status": False}, {"category": "shared", "hidden": True}),
        ({"category": "x", "color": "red", "privilege": "a b", "status": None}, {}),
        ({"category": 5, "color": ["#8cbf40"], "privilege": {}, "status": [False]}, {}),
        ({}, {}),
    ],
)
def test_discovery_keeps_what_zoho_states_about_a_calendar(fields: Any, expected: Any) -> None:
    api = FakeApi({"/calendars": {"calendars": [{"uid": "a", **fields}]}})
    assert [entry.profile for entry in discover(api)] == [CalendarProfile(**expected)]


@pytest.mark.parametrize("refused", [{"showhiddencal"}, {"showhiddencal", "category"}])
@pytest.mark.parametrize(
    "error",
    [
        BadDataError("refused", status=400),
        NotFoundError("not-found", status=404),
        ScopeError("forbidden", status=403),
    ],
)
def test_discovery_asks_with_fewer_parameters_where_an_account_refuses_them(
    refused: set[str], error: Exception
) -> None:
    def answer(_: str, params: Any) -> Any:
        return error if refused & params.keys() else {"calendars": [{"uid": "a"}]}

    api = FakeApi(answer)
    assert [entry.title for entry in discover(api)] == ["a"]
    assert api.requests[-1][1] == ({} if "category" in refused else {"category": "all"})


@pytest.mark.parametrize(
    "error", [UnavailableError("server-error", status=500), BadDataError("no-list", status=0)]
)
def test_another_error_of_discovery_is_not_answered_with_fewer_calendars(error: Exception) -> None:
    api = FakeApi({"/calendars": error})
    with pytest.raises(type(error)):
        discover(api)
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    "answer", [{}, [], {"calendars": None}, None, "x", {"calendars": [{"uid": ["a"]}, {"uid": 5}]}]
)
def test_discovery_of_no_list_is_bad_data(answer: Any) -> None:
    with pytest.raises(BadDataError):
        discover(FakeApi({"/calendars": answer}))
