"""Instances as Zoho Calendar itself reports them, in the forms of its documents.

The sandbox computes instances by code of its own (dateutil), which shares nothing with the code
that makes feeds.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
import json
from typing import Any

import pytest

from bridge.domain.event import Moment
from bridge.domain.feed import Window
from bridge.domain.source import CalendarSource
from bridge.errors import BadDataError
from bridge.sources.calendar.instances import (
    Instance,
    Instances,
    fetch_event_instances,
    fetch_instances,
    parse_instances,
)
from bridge.zoho.client import ZohoClient
from tests import zoho_sandbox
from tests.clock import NOW
from tests.zoho_sandbox import Sandbox, contradict

TODAY = NOW.date()
US = CalendarSource(calendar=zoho_sandbox.US)
WORK = CalendarSource(calendar=zoho_sandbox.WORK)


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def instance(**fields: Any) -> dict[str, Any]:
    """Return an object of Zoho's list, on 10 March 2026 at 10:00 in Berlin, an hour long."""
    when = {
        "timezone": "Europe/Berlin",
        "start": "20260310T100000+0100",
        "end": "20260310T110000+0100",
    }
    return {"uid": "a@zoho.com", "title": "Call", "isallday": False, "dateandtime": when} | fields


def parse(*items: object, zone: str = "Europe/Berlin") -> Instances:
    return parse_instances({"uid": "c", "timezone": zone}, [items])


def parse_one(**fields: Any) -> Instance:
    parsed = parse(instance(**fields))
    assert parsed.unread == ()
    (result,) = parsed.found
    return result


@pytest.mark.parametrize(
    ("fields", "start", "ends"),
    [
        ({}, at(10), (at(10, 10),)),
        (
            {"dateandtime": {"start": "20260310T090000Z", "end": "20260310T100000Z"}},
            at(10),
            (at(10, 10),),
        ),
        # Bare times are those of their zone, else of the calendar's.
        (
            {
                "dateandtime": {
                    "timezone": "Asia/Calcutta",
                    "start": "20260310T143000",
                    "end": "20260310T153000",
                }
            },
            at(10),
            (at(10, 10),),
        ),
        (
            {"dateandtime": None, "start": "20260310T100000", "end": "20260310T110000"},
            at(10),
            (at(10, 10),),
        ),
        (
            {"dateandtime": {"start": "20260310T090000Z"}, "duration": 1_800_000},
            at(10),
            (at(10, 9, 30),),
        ),
        (
            {"isallday": True, "dateandtime": {"start": "20260310", "end": "20260311"}},
            date(2026, 3, 10),
            (date(2026, 3, 12), date(2026, 3, 11)),
        ),
        (
            {
                "isallday": True,
                "dateandtime": {"start": "20260310", "end": "20260311"},
                "duration": 172_800_000,
            },
            date(2026, 3, 10),
            (date(2026, 3, 12),),
        ),
        (
            {"isallday": True, "dateandtime": {"start": "20260310", "end": "20260310"}},
            date(2026, 3, 10),
            (date(2026, 3, 11),),
        ),
    ],
)
def test_start_and_possible_ends_of_an_instance(
    fields: dict[str, Any], start: Moment, ends: tuple[Moment, ...]
) -> None:
    """The forms of dates that Zoho Calendar writes (Zoho Calendar: events list, event object)."""
    parsed = parse_one(**fields)
    assert (parsed.start, parsed.ends) == (start, ends)


def test_an_original_start_is_parsed_in_each_possible_meaning() -> None:
    """Zoho writes UTC times for timed series and dates for all-day series, undocumented."""
    assert parse_one(recurrenceid="20260309T090000Z").slots == (at(9), date(2026, 3, 9))
    assert parse_one(recurrenceid="20260309").slots == (date(2026, 3, 9), at(9))
    assert parse_one().slots == ()


def test_deleted_instances_are_skipped_and_unreadable_objects_reported() -> None:
    """A cancelled instance of a series is skipped. A cancelled event is not: feeds mark it."""
    assert (
        parse(
            instance(estatus="deleted"),
            instance(estatus="cancelled", recurrenceid="20260309T090000Z"),
        ).found
        == ()
    )
    assert parse_one(estatus="CANCELLED").cancelled
    parsed = parse(instance(dateandtime={"start": "20261345T990000Z"}), {"title": "nameless"})
    assert parsed.found == ()
    assert [rejection.upstream_id for rejection in parsed.unread] == ["a@zoho.com", ""]


def test_an_instance_in_two_answers_is_reported_once() -> None:
    again = instance(recurrenceid="20260310T090000Z")
    parsed = parse_instances({}, [[again], [again, instance(uid="b@zoho.com")]])
    assert [result.uid for result in parsed.found] == ["a@zoho.com", "b@zoho.com"]


def test_instances_are_requested_in_ranges_of_at_most_31_days(
    zoho: Sandbox, api: ZohoClient
) -> None:
    """Zoho Calendar: events list.

    The sandbox refuses longer ranges, unknown parameters and other forms of dates.
    """
    window = Window(start=date(2026, 3, 1), end=date(2026, 6, 9))
    raw = fetch_instances(api, WORK, window)
    requests = [request for request in zoho.requests if request.route == "calendar.events"]
    assert {request.query.pop("byinstance") for request in requests} == {"true"}
    ranges = [json.loads(request.query["range"]) for request in requests]
    days = [
        [datetime.strptime(span[side], "%Y%m%d").date() for side in ("start", "end")]
        for span in ranges
    ]
    assert days[0][0] < window.start
    assert days[-1][1] >= window.end
    assert all(before[1] >= after[0] for before, after in pairwise(days))
    assert parse_instances(raw["calendar"], raw["pages"]).found


def test_the_instances_of_one_event_come_with_their_original_starts(
    zoho: Sandbox, api: ZohoClient
) -> None:
    """``/events/{uid}/byinstance``, as public clients request it, without other events."""
    contradiction = contradict(zoho.calendar(US.calendar), TODAY)
    answer = fetch_event_instances(api, US, contradiction.uid, (TODAY, TODAY + timedelta(days=30)))
    parsed = parse_instances({}, [answer]).found
    assert {instance.uid for instance in parsed} == {contradiction.uid}
    starts = {instance.slots[0]: instance.start for instance in parsed}
    assert starts[contradiction.shifted] == contradiction.shifted + timedelta(minutes=30)
    assert starts[contradiction.missing] == contradiction.missing
    assert contradiction.extra not in starts


def test_an_answer_about_another_event_is_an_error(zoho: Sandbox, api: ZohoClient) -> None:
    zoho.faults.add(
        "calendar.instances",
        "status",
        status=200,
        body={"events": [instance(uid="other@zoho.com")]},
    )
    uid = zoho.calendar(US.calendar).events.all()[0]["uid"]
    with pytest.raises(BadDataError):
        fetch_event_instances(api, US, uid, (TODAY, TODAY))


def test_the_sandboxs_list_and_instances_agree_unless_a_test_contradicts_them(
    zoho: Sandbox, api: ZohoClient
) -> None:
    """Excluded dates and deleted instances are in neither of them."""
    gym = next(item for item in zoho.calendar(WORK.calendar).events.all() if item["title"] == "Gym")
    raw = fetch_instances(api, WORK, Window(start=TODAY, end=TODAY + timedelta(days=28)))
    slots = {
        instance.slots[0]
        for instance in parse_instances({}, raw["pages"]).found
        if instance.uid == gym["uid"]
    }
    excluded = {datetime.strptime(text, "%Y%m%dT%H%M%S%z") for text in gym["exdate"].split(",")}
    assert slots
    assert not slots & excluded


@pytest.mark.parametrize("duration", [10**15, 10**17, 10**18, -(10**17), 86_400_000 * 10**7])
@pytest.mark.parametrize("all_day", [False, True])
def test_a_length_beyond_pythons_calendar_is_no_length(duration: int, all_day: bool) -> None:
    """Every command reads what ``refresh`` can read."""
    start = {"timezone": "Europe/Berlin", "start": "20260310T100000+0100"}
    result = parse_one(dateandtime=start, duration=duration, isallday=all_day)
    assert result.ends == ((date(2026, 3, 11),) if all_day else (at(10),))
