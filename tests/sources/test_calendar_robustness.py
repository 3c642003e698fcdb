"""Bad and odd objects of Zoho Calendar: each costs itself alone.

Expected values come from the documents, by hand: "events list" and "event details" are the pages of
Zoho Calendar's API, "rulebook" is docs/feed-rules.md. None comes from the code's own output.
"""

from collections.abc import Iterator
import json
from operator import itemgetter
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain.rejection import reasons
from bridge.sources.calendar.parse import parse
from tests.sources.calendar_json import (
    DOCUMENTED,
    SOURCE,
    at,
    day_wire,
    instance,
    one,
    read,
    utc,
    wire,
)
from tests.sources.parsed import recurrence_of

BAD = [
    ("no start", wire(dateandtime=None)),
    ("a start that is no date", wire(dateandtime={"start": "tomorrow"})),
    (
        "a day that does not exist",
        wire(dateandtime={"start": "20260230", "end": "20260230"}, isallday=True),
    ),
    ("a recurrenceid that is no date", instance("yesterday")),
    ("a recurrenceid of another type", instance({"at": 1})),
    ("an estatus of another type", wire(estatus=["deleted"])),
]


@pytest.mark.parametrize("case", BAD, ids=itemgetter(0))
def test_one_bad_object_is_one_rejection_and_the_others_go_on(case: tuple[Any, ...]) -> None:
    page = "https://calendar.zoho.eu/eventreqaction/1"
    bad = case[1] | {"viewEventURL": page}
    parsed = read(wire("before@zoho.com"), bad, wire("after@zoho.com"))
    assert [event.upstream_id for event in parsed.events] == ["before@zoho.com", "after@zoho.com"]
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == ("u1@zoho.com", "dropped")
    assert rejection.url == page
    assert reasons(rejection).endswith(".")


@pytest.mark.parametrize(
    "bad", [None, 5, "x", [], {}, {"title": "no uid"}, {"uid": 7}, {"uid": ""}]
)
def test_an_object_without_a_uid_is_reported_too(bad: Any) -> None:
    parsed = read(bad, wire())
    assert (len(parsed.events), [r.upstream_id for r in parsed.rejections]) == (1, [""])


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 5},
        {"description": []},
        {"location": {}},
        {"reminders": {"minutes": 5}},
        {"alarm": "x"},
        {"exdate": 7},
        {"rrule": 7},
        {"repeat": "daily"},
        {"transparency": "no"},
        {"duration": "long"},
        {"multiday": 9},
        {"isallday": "?"},
        {"lastmodifiedtime": 7},
        {"etag": []},
        {"calendar_alarm": "?"},
        {"url": 5},
        {"role": 3},
    ],
)
def test_a_field_of_another_type_is_left_out_and_reported_and_the_event_kept(
    changes: dict[str, Any],
) -> None:
    parsed = read(wire(**changes))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (event.start, rejection.kind) == (utc("2026-03-02 10:00"), "repaired")
    assert next(iter(changes)) in reasons(rejection)


@pytest.mark.parametrize(
    "changes",
    [
        {"attendees": 5},
        {"attendees": {"a": []}},
        {"organizer": {"email": "x"}},
        {"color": 7},
        {"group_list": None},
        {"duration": 6900000.0},
        {"etag": "abc"},
        {"etag": "9" * 5000},
        {"title": None},
        {"new_field": {"deep": [1]}},
    ],
)
def test_variants_of_what_is_not_used_never_matter(changes: dict[str, Any]) -> None:
    event, reasons = one(wire(**changes))
    assert (event.start, reasons) == (utc("2026-03-02 10:00"), [])


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        "",
        "null",
        "true",
        "-1",
        "0",
        "20260101",
        "20260101T000000Z",
        "20260329T023000",
        "45001231",
        "45001231T235959Z",
        "16010101T000000Z",
        "deleted",
        "cancelled",
        "RRULE:FREQ=DAILY",
        "FREQ=WEEKLY;UNTIL=20170830",
        "FREQ=YEARLY;BYDAY=54MO",
        "Asia/Kolkata",
        "EST",
        "Nowhere/Nowhere",
        "\u2028",
        "\ud800",
        0,
        -1,
        2**31,
        2**63,
        10**400,
        1e308,
        0.5,
        float("inf"),
        float("nan"),
        True,
        None,
        [],
        {},
        "<p>x",
    ]
)
JSON = st.recursive(
    ODD | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uid", "start", "end", "freq", "minutes", "message", "events"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
KEYS = sorted(
    {key for data in DOCUMENTED for key in data}
    | {
        "recurrenceid",
        "estatus",
        "exdate",
        "description",
        "location",
        "url",
        "rsvpStatus",
        "transparency",
    }
)


def paths(value: Any, at: Any = ()) -> Iterator[Any]:
    yield at
    for key, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from paths(inner, (*at, key))


PATHS = [path for path in paths(DOCUMENTED) if path] + [(n, key) for n in (0, 1) for key in KEYS]


def put(root: Any, path: Any, value: Any) -> None:
    for key in path[:-1]:
        root = root[key]
    root[path[-1]] = value


@given(
    changes=st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=4),
    extra=st.lists(JSON, max_size=2),
)
def test_whatever_zoho_sends_is_either_an_event_or_a_rejection(
    changes: list[tuple[tuple[Any, ...], Any]], extra: list[Any]
) -> None:
    """No value in any field raises, and no object is lost without a word."""
    events = json.loads(json.dumps(DOCUMENTED))
    for path, value in changes:
        try:
            put(events, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    events += extra
    parsed = parse({"calendar": {"timezone": "Asia/Kolkata"}, "pages": [events]}, SOURCE)
    reported = {event.upstream_id for event in parsed.events} | {
        rejection.upstream_id for rejection in parsed.rejections
    }
    for data in events:
        if isinstance(data, dict) and (
            data.keys() == {"message"} or data.get("estatus") in ("deleted", "cancelled")
        ):
            continue
        uid = data.get("uid") if isinstance(data, dict) else None
        assert (uid if isinstance(uid, str) else "") in reported


def test_an_all_day_until_at_the_end_of_all_years_is_none() -> None:
    """How programs write "without end"."""
    event, reasons = one(day_wire("20260302", "20260302", rrule="FREQ=DAILY;UNTIL=99991231"))
    assert (recurrence_of(event).rule.until, reasons) == (None, [])


def test_an_id_that_no_key_of_the_database_holds_costs_its_event_alone() -> None:
    parsed = read(wire("a" * 256), wire("b" * 255))
    assert [event.upstream_id for event in parsed.events] == ["b" * 255]
    assert [rejection.upstream_id for rejection in parsed.rejections] == [""]


def test_endless_texts_are_cut_before_they_are_stored_in_many_places() -> None:
    title, zone = "t" * 10_000, "z" * 10_000
    parsed = read(wire(title=title, rrule="x" * 10_000, **at(zone, "20260302T153000+0530")))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (len(event.title), len(rejection.title)) == (1000, 255)
    assert len(reasons(rejection)) < 3000
