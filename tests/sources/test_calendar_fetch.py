"""Which requests a Zoho calendar is read by, and that no failed one is taken for an empty calendar.

"Zoho APIs 4.2" is the section of docs/zoho-apis.md that the expected requests come from.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
import json
import sys
import threading
from typing import Any

import pytest

from bridge.domain.feed import Window
from bridge.domain.problems import problem
from bridge.domain.source import CalendarSource
from bridge.errors import BadDataError, NotFoundError, UnavailableError
from bridge.sources.calendar.fetch import fetch
from bridge.sources.calendar.parse import parse
from bridge.sources.protocols import NoCache
from tests.sources.fake_api import FakeApi, JsonCache

SOURCE = CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g==")


def wire(uid: str, **changes: Any) -> Any:
    when = {
        "timezone": "Asia/Calcutta",
        "start": "20260302T153000+0530",
        "end": "20260302T163000+0530",
    }
    return {"uid": uid, "title": "Planning", "dateandtime": when, "etag": 1500285443390} | changes


SERIES = wire("u1@zoho.com", rrule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO")


CALENDAR = "/calendars/l9WWZCf_SJWcr3uIuBOq5g%3D%3D"
WINDOW = Window(start=date(2026, 1, 10), end=date(2026, 6, 10))


def spans(api: Any) -> Any:
    asked = [
        json.loads(params["range"]) for _, path, params, _ in api.calls if path.endswith("/events")
    ]
    return sorted(
        tuple(date.fromisoformat(span[edge]) for edge in ("start", "end")) for span in asked
    )


def plain_answers(events: Any = ()) -> Any:
    def answer(path: Any, params: Any) -> Any:
        if path == CALENDAR:
            return {"calendars": [{"uid": SOURCE.calendar}]}
        return {"events": list(events)}

    return answer


@pytest.mark.parametrize("days", [1, 27, 28, 29, 30, 31, 57, 58, 59, 630])
@pytest.mark.parametrize("start", [date(2026, 1, 10), date(2027, 12, 31)])
def test_the_ranges_cover_the_window_and_overlap(start: Any, days: Any) -> None:
    """Zoho APIs 4.2: at most 31 days in a request, and nothing lost at a border."""
    window = Window(start=start, end=start + timedelta(days=days))
    api = FakeApi(plain_answers())
    fetch(api, SOURCE, window, NoCache())
    asked = spans(api)
    assert asked[0][0] <= window.start - timedelta(days=1)
    assert asked[-1][1] >= window.end + timedelta(days=1)
    assert all(timedelta(0) < last - first <= timedelta(days=30) for first, last in asked)
    assert all(later[0] < earlier[1] for earlier, later in pairwise(asked))
    assert len(asked) <= days // 29 + 2


def test_every_request_is_made_as_documented() -> None:
    """Zoho APIs 4.2: range as JSON, the large form for descriptions, encoded uids."""
    api = FakeApi(plain_answers([SERIES]))
    fetch(api, SOURCE, Window(start=date(2026, 1, 10), end=date(2026, 1, 20)), NoCache())
    assert api.calls[0] == ("calendar", CALENDAR, {}, "application/json")
    assert sorted(api.calls[1:], key=lambda call: call[1]) == [
        (
            "calendar",
            f"{CALENDAR}/events",
            {"range": '{"start":"20260109","end":"20260121"}'},
            "application/json+large",
        ),
        ("calendar", f"{CALENDAR}/events/u1%40zoho.com", {}, "application/json+large"),
    ]


def test_pages_are_kept_as_received_in_the_order_of_the_days() -> None:
    def answer(path: Any, params: Any) -> Any:
        if path == CALENDAR:
            return {"calendars": [{"uid": SOURCE.calendar, "name": "Team"}]}
        start = json.loads(params["range"])["start"]
        when = {"timezone": "UTC", "start": f"{start}T100000Z", "end": f"{start}T110000Z"}
        return {"events": [wire("u1@zoho.com", title=start, dateandtime=when)], "other": 1}

    raw = fetch(FakeApi(answer), SOURCE, WINDOW, NoCache())
    titles = [page[0]["title"] for page in raw["pages"]]
    assert titles == sorted(titles)
    assert titles[0] == "20260109"
    assert len(titles) == 6
    assert raw["calendar"] == {"uid": SOURCE.calendar, "name": "Team"}
    assert raw["details"] == {}
    assert json.loads(json.dumps(raw)) == raw


def test_details_are_read_once_for_each_series_and_each_instance_without_one() -> None:
    """Zoho APIs 4.4: the list may omit an exception. Single events need no details."""
    listed = [
        wire("single@zoho.com"),
        SERIES,
        wire("u1@zoho.com", recurrenceid="20260309T100000Z"),
        wire("parts@zoho.com", repeat=[{"freq": "daily"}]),
        wire("orphan@zoho.com", recurrenceid="20260309T100000Z"),
    ]
    api = FakeApi(plain_answers(listed))
    raw = fetch(api, SOURCE, Window(start=date(2026, 2, 20), end=date(2026, 3, 10)), NoCache())
    assert set(raw["details"]) == {"u1@zoho.com", "parts@zoho.com", "orphan@zoho.com"}
    assert sum("/events/" in path for _, path, _, _ in api.calls) == 3


def test_an_event_that_was_deleted_meanwhile_has_no_details() -> None:
    def answer(path: Any, params: Any) -> Any:
        return (
            NotFoundError("text", text="unknown event")
            if "/events/" in path
            else plain_answers([SERIES])(path, params)
        )

    raw = fetch(FakeApi(answer), SOURCE, WINDOW, NoCache())
    assert raw["details"] == {}
    assert len(parse(raw, SOURCE).events) == 1


@pytest.mark.parametrize("where", ["calendar", "range", "details"])
@pytest.mark.parametrize(
    "failure",
    [UnavailableError("text", text="502"), BadDataError("text", text="html"), {"unexpected": 1}],
)
def test_one_failed_request_fails_the_whole_fetch(where: Any, failure: Any) -> None:
    """Half an answer must never be published as the whole."""

    def answer(path: Any, params: Any) -> Any:
        here = "calendar" if path == CALENDAR else "details" if "/events/" in path else "range"
        if here == where and (
            here != "range" or json.loads(params["range"])["start"] == "20260406"
        ):
            return failure
        return plain_answers([SERIES])(path, params)

    api = FakeApi(answer)
    if where == "calendar" and isinstance(failure, dict):
        assert (
            fetch(api, SOURCE, WINDOW, NoCache())["calendar"] == failure
        )  # of the calendar only its zone and reminders are used
        return
    with pytest.raises((UnavailableError, BadDataError)):
        fetch(api, SOURCE, WINDOW, NoCache())
    assert ("20260406" in str(api.calls)) == (where != "calendar")


def test_an_unknown_calendar_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        fetch(
            FakeApi({CALENDAR: NotFoundError("text", text="no such calendar")}),
            SOURCE,
            WINDOW,
            NoCache(),
        )


def test_four_requests_run_at_once_and_never_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zoho throttles by the account: not all ranges are requested at once."""
    asked_for = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, max_workers: Any, **more: Any) -> None:
            asked_for.append(max_workers)
            super().__init__(max_workers, **more)

    monkeypatch.setattr(sys.modules["bridge.sources.calendar.fetch"], "ThreadPoolExecutor", Pool)
    gate = threading.Barrier(4)

    def answer(path: Any, params: Any) -> Any:
        if path != CALENDAR and json.loads(params["range"])["start"] < "20260501":
            gate.wait(timeout=10)  # the first four ranges arrive only together
        return plain_answers()(path, params)

    raw = fetch(FakeApi(answer), SOURCE, WINDOW, NoCache())
    assert (len(raw["pages"]), asked_for) == (6, [4])


MARCH = Window(start=date(2026, 3, 1), end=date(2026, 3, 25))


def details_asked(api: Any) -> Any:
    return [path.rpartition("/")[2] for _, path, _, _ in api.calls if "/events/" in path]


def test_details_are_requested_again_only_when_a_stamp_of_the_series_changes() -> None:
    """Zoho APIs 4.3: the etags of a series and of its listed instances."""
    kept = JsonCache()
    instance = wire("u1@zoho.com", recurrenceid="20260309T100000Z", etag=7)
    other = wire("u2@zoho.com", rrule="FREQ=DAILY", etag="1")

    def asked_with(*listed: Any, window: Any = MARCH) -> Any:
        api = FakeApi(plain_answers(listed))
        raw = fetch(api, SOURCE, window, kept)
        assert set(raw["details"]) == {item["uid"] for item in listed}
        assert json.loads(json.dumps(raw)) == raw
        return details_asked(api)

    assert asked_with(SERIES, instance, other) == ["u1%40zoho.com", "u2%40zoho.com"]
    assert asked_with(SERIES, instance, other) == []
    assert asked_with(instance, other, SERIES) == []
    assert asked_with(SERIES | {"etag": 1500285443391}, instance, other) == ["u1%40zoho.com"]
    assert asked_with(SERIES | {"etag": 1500285443391}, instance | {"etag": 8}, other) == [
        "u1%40zoho.com"
    ]
    assert asked_with(SERIES | {"etag": 1500285443391}, other) == [
        "u1%40zoho.com"
    ]  # an instance that is gone
    assert asked_with(other) == []
    assert set(kept.answers) == {
        "calendar",
        "u2@zoho.com",
    }  # nothing is kept of what is not listed any more


def test_a_series_without_a_stamp_is_requested_each_time() -> None:
    kept, series = JsonCache(), {key: value for key, value in SERIES.items() if key != "etag"}
    for _ in range(2):
        api = FakeApi(plain_answers([series]))
        fetch(api, SOURCE, MARCH, kept)
        assert details_asked(api) == ["u1%40zoho.com"]


def test_every_series_is_requested_again_within_a_week_but_not_all_on_one_day() -> None:
    """No document says that an etag changes with an instance that the list does not show."""
    kept = JsonCache()
    listed = [wire(f"u{n}@zoho.com", rrule="FREQ=DAILY") for n in range(40)]
    asked = []
    for day in range(8):
        api = FakeApi(plain_answers(listed))
        fetch(api, SOURCE, Window(start=MARCH.start + timedelta(days=day), end=MARCH.end), kept)
        asked.append(details_asked(api))
    assert len(asked[0]) == 40
    assert sorted(uid for some in asked[1:] for uid in some) == sorted(asked[0])
    assert all(len(some) < 20 for some in asked[1:])


def test_details_that_were_read_are_kept_though_a_later_one_fails() -> None:
    """A large calendar is read in several attempts, however small the rate limit."""
    kept, listed = JsonCache(), [wire(f"u{n}@zoho.com", rrule="FREQ=DAILY") for n in range(9)]

    def answer(path: Any, params: Any) -> Any:
        return (
            UnavailableError("text", text="502")
            if path.endswith("u5%40zoho.com")
            else plain_answers(listed)(path, params)
        )

    with pytest.raises(UnavailableError):
        fetch(FakeApi(answer), SOURCE, MARCH, kept)
    api = FakeApi(plain_answers(listed))
    fetch(api, SOURCE, MARCH, kept)
    assert set(details_asked(api)) <= {f"u{n}%40zoho.com" for n in range(5, 9)}


def test_withheld_details_keep_their_last_version_and_are_requested_again() -> None:
    kept = JsonCache()
    moved = wire("u1@zoho.com", recurrenceid="20260309T100000Z", title="Moved")

    def answers(details: Any) -> Any:
        return lambda path, params: (
            {"events": details} if "/events/" in path else plain_answers([SERIES])(path, params)
        )

    before = fetch(FakeApi(answers([SERIES, moved])), SOURCE, MARCH, kept)
    later = Window(start=MARCH.start + timedelta(days=7), end=MARCH.end + timedelta(days=7))
    for _ in range(2):
        api = FakeApi(answers([]))
        raw = fetch(api, SOURCE, later, kept)
        assert raw["details"] == before["details"]
        assert details_asked(api) == ["u1%40zoho.com"]
        assert parse(raw, SOURCE).notes == (problem("details-kept", count=1),)
    with pytest.raises(BadDataError, match=r"not those of event u1@zoho\.com"):
        fetch(FakeApi(answers([wire("u9@zoho.com")])), SOURCE, later, kept)


@pytest.mark.parametrize(
    "answer", [{"calendars": []}, {"calendars": [{"uid": ["x"]}]}, {}, {"x": 1}, "x"]
)
def test_a_calendar_that_cant_be_read_keeps_its_zone_and_reminders(answer: Any) -> None:
    kept = JsonCache()
    good = {
        "calendars": [
            {"uid": SOURCE.calendar, "reminders": [{"minutes": -5}], "timezone": "Asia/Tokyo"}
        ]
    }

    def answers(calendar: Any) -> Any:
        return lambda path, _: calendar if path == CALENDAR else {"events": []}

    assert fetch(FakeApi(answers(good)), SOURCE, MARCH, kept)["notes"] == []
    raw = fetch(FakeApi(answers(answer)), SOURCE, MARCH, kept)
    assert raw["calendar"] == good["calendars"][0]
    assert len(parse(raw, SOURCE).notes) == 1


OUTSIDE = [wire(f"o{n}@zoho.com") for n in range(3)]  # 2 March
INSIDE = [
    wire(
        f"i{n}@zoho.com",
        dateandtime={"timezone": "UTC", "start": "20260512T100000Z", "end": "20260512T110000Z"},
    )
    for n in range(2)
]


@pytest.mark.parametrize(
    ("listed", "good"),
    [
        ([], True),
        (OUTSIDE, False),
        (OUTSIDE[:2] + INSIDE, True),
        (OUTSIDE + INSIDE, False),  # most of them
        (
            [item | {"rrule": "FREQ=DAILY"} for item in OUTSIDE],
            True,
        ),  # a series comes with its first start
        ([item | {"isrep": True} for item in OUTSIDE], True),
        ([item | {"recurrenceid": "20260509T100000Z"} for item in OUTSIDE], True),
        ([item | {"dateandtime": None} for item in OUTSIDE], True),  # who knows
        (
            [wire("x", dateandtime={"start": "20260429", "end": "20260430"})],
            True,
        ),  # a day and a bit before
        ([wire("x", dateandtime={"start": "20260301", "end": "20261224"})], True),
    ],
)
def test_a_list_of_events_of_other_days_is_refused(listed: Any, good: Any) -> None:
    """An answer with another range's list must not make this one's events vanish."""
    api = FakeApi(plain_answers(listed))
    may = Window(start=date(2026, 5, 3), end=date(2026, 5, 20))
    if good:
        assert len(fetch(api, SOURCE, may, NoCache())["pages"]) == 1
    else:
        with pytest.raises(
            BadDataError, match=r"2026-05-02 to 2026-05-21, and sent events of other days \(3 of "
        ):
            fetch(api, SOURCE, may, NoCache())


@pytest.mark.parametrize(
    "page",
    [
        *(None, {}, {"events": None}, {"events": "x"}, "x", 5, {"error": []}),
        # Empty, but in a form that no document shows:
        *([], [{"message": "No events found."}], {"events": [], "message": "ok"}),
        {"upcomingEvents": {}, "data": [], "message": "ok"},
    ],
)
def test_an_answer_without_a_list_fails_the_whole_fetch(page: Any) -> None:
    """A broken answer read as an empty calendar would delete every subscriber's events."""
    api = FakeApi(lambda path, _: {} if path == CALENDAR else page)
    with pytest.raises(BadDataError, match="no list “events”"):
        fetch(api, SOURCE, WINDOW, NoCache())


@pytest.mark.parametrize("page", [{"events": []}, {"events": [{"message": "No events found."}]}])
def test_an_empty_range_is_empty_in_both_of_its_forms(page: Any) -> None:
    """Zoho APIs 4.2: an empty range may be answered with one object that holds only a message."""
    api = FakeApi(lambda path, _: {} if path == CALENDAR else page)
    raw = fetch(api, SOURCE, WINDOW, NoCache())
    assert raw["pages"] == [[]] * 6
    assert parse(raw, SOURCE).events == ()


@pytest.mark.parametrize("answer", [{"calendars": []}, {"calendars": [None]}, {}, [], None, "x"])
def test_a_calendar_is_read_without_the_calendar_object(answer: Any) -> None:
    api = FakeApi(lambda path, _: answer if path == CALENDAR else {"events": [SERIES]})
    assert len(parse(fetch(api, SOURCE, WINDOW, NoCache()), SOURCE).events) == 1


def test_answers_that_an_older_release_kept_are_still_used() -> None:
    """Zoho's whole answer was kept before; a new release must not request every series again."""
    kept = JsonCache()
    fetch(FakeApi(plain_answers([SERIES])), SOURCE, MARCH, kept)
    calendar = {"uid": SOURCE.calendar, "timezone": "Asia/Tokyo"}
    kept.keep(
        {
            "calendar": ("", {"calendars": [calendar]}),
            "u1@zoho.com": (kept.answers["u1@zoho.com"][0], {"events": [SERIES]}),
        }
    )
    api = FakeApi(lambda path, _: {} if path == CALENDAR else {"events": [SERIES]})
    raw = fetch(api, SOURCE, MARCH, kept)
    assert (raw["calendar"], raw["details"]) == (calendar, {"u1@zoho.com": [SERIES]})
    assert details_asked(api) == []
