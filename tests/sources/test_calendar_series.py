"""Series of Zoho Calendar, their instances, and the same objects in several answers.

Expected values come from the documents, by hand: "events list" and "event details" are the pages of
Zoho Calendar's API, "rulebook" is docs/feed-rules.md. None comes from the code's own output.
"""

from datetime import date
from operator import itemgetter
from typing import Any

import pytest

from bridge.domain.problems import problem
from bridge.domain.rejection import reasons
from bridge.domain.uid import event_uid
from bridge.sources.calendar.parse import parse
from tests.sources.calendar_json import SERIES, SOURCE, day_wire, instance, one, read, utc, wire
from tests.sources.parsed import recurrence_of, timed


def test_an_edited_instance_changes_its_slot() -> None:
    """Zoho APIs 4.4: it has the uid of its series and, in recurrenceid, its original start."""
    moved = instance(
        "20260309T100000Z",
        title="Moved",
        dateandtime={
            "timezone": "Asia/Calcutta",
            "start": "20260310T090000+0530",
            "end": "20260310T100000+0530",
        },
    )
    event, reasons = one(SERIES, moved)
    (override,) = event.overrides
    assert (override.title, override.start, override.uid) == (
        "Moved",
        utc("2026-03-10 03:30"),
        event.uid,
    )
    assert override.recurrence_id == utc("2026-03-09 10:00")
    assert (
        timed(override.recurrence_id).tzinfo is timed(event.start).tzinfo
    )  # rulebook 40: in the form of DTSTART
    assert (recurrence_of(event).excluded, reasons) == ((), [])


def test_an_edited_instance_takes_nothing_from_its_series() -> None:
    """Each object is complete: what it does not carry, it does not have."""
    series = SERIES | {"location": "Room 1", "reminders": [{"minutes": "-10"}], "isprivate": True}
    event, _ = one(series, instance("20260309T100000Z"))
    (override,) = event.overrides
    assert (override.place, override.alarms, override.private, override.recurrence) == (
        None,
        (),
        False,
        None,
    )


def test_an_instance_may_come_before_its_series_and_alone_in_a_page() -> None:
    parsed = parse(
        {
            "calendar": {},
            "pages": [[instance("20260309T100000Z")], [SERIES]],
        },
        SOURCE,
    )
    (event,) = parsed.events
    assert len(event.overrides) == 1


SLOTS = [
    # cite, objects beside the series, the empty slots in UTC
    ("deleted instance", [instance("20260309T100000Z", estatus="deleted")], ["2026-03-09 10:00"]),
    (
        "deleted instance without times",
        [{"uid": "u1@zoho.com", "recurrenceid": "20260309T100000Z", "estatus": "DELETED"}],
        ["2026-03-09 10:00"],
    ),
    (
        "cancelled instance: one slot emptied (rulebook 50)",
        [instance("20260309T100000Z", estatus="cancelled")],
        ["2026-03-09 10:00"],
    ),
    (
        "in any order, sorted",
        [
            instance("20260316T100000Z", estatus="deleted"),
            instance("20260309T100000Z", estatus="deleted"),
        ],
        ["2026-03-09 10:00", "2026-03-16 10:00"],
    ),
    ("an instance by its day", [instance("20260309", estatus="deleted")], ["2026-03-09 10:00"]),
    (
        "an instance in the series' clock",
        [instance("20260309T153000", estatus="deleted")],
        ["2026-03-09 10:00"],
    ),
    (
        "the newer of two answers about one slot",
        [
            instance("20260309T100000Z", etag=1),
            instance("20260309T153000+0530", estatus="deleted", etag=2),
        ],
        ["2026-03-09 10:00"],
    ),
    (
        "the same in another form of the slot",
        [instance("20260309T100000Z", etag=1), instance("20260309", estatus="deleted", etag=2)],
        ["2026-03-09 10:00"],
    ),
    (
        "the same, the newer first",
        [instance("20260309", estatus="deleted", etag=2), instance("20260309T100000Z", etag=1)],
        ["2026-03-09 10:00"],
    ),
]


@pytest.mark.parametrize("case", SLOTS, ids=itemgetter(0))
def test_deleted_instances_empty_their_slots(case: tuple[Any, ...]) -> None:
    _, others, slots = case
    event, reasons = one(SERIES, *others)
    assert recurrence_of(event).excluded == tuple(utc(text) for text in slots)
    assert {timed(slot).tzinfo for slot in recurrence_of(event).excluded} == {
        timed(event.start).tzinfo
    }  # rulebook 39
    assert (event.overrides, reasons) == ((), [])


EXDATES = [
    (
        "a text with commas",
        "20260309T100000Z,20260316T100000Z",
        ["2026-03-09 10:00", "2026-03-16 10:00"],
    ),
    ("a list", ["20260309T100000Z"], ["2026-03-09 10:00"]),
    ("days", "20260309, 20260316", ["2026-03-09 10:00", "2026-03-16 10:00"]),
    ("local times", ["20260309T153000"], ["2026-03-09 10:00"]),
    ("with an offset", ["20260309T153000+0530"], ["2026-03-09 10:00"]),
    ("the same twice", "20260309T100000Z,20260309", ["2026-03-09 10:00"]),
    ("empty", "", []),
    ("empty parts", ",20260309,", ["2026-03-09 10:00"]),
]


@pytest.mark.parametrize("case", EXDATES, ids=itemgetter(0))
def test_exdate_in_any_form_empties_slots_of_the_series(case: tuple[Any, ...]) -> None:
    _, exdate, slots = case
    event, reasons = one(SERIES | {"exdate": exdate})
    assert recurrence_of(event).excluded == tuple(utc(text) for text in slots)
    assert reasons == []


def test_an_exdate_that_cannot_be_read_is_reported_and_the_others_count() -> None:
    event, (reason,) = one(SERIES | {"exdate": "20260309,sometime"})
    assert recurrence_of(event).excluded == (utc("2026-03-09 10:00"),)
    assert reason == {"excluded-date-unreadable", "not-compact-time"}


def test_an_edited_instance_wins_over_an_exdate_of_its_slot() -> None:
    """A slot is either empty or changed: both at once is read differently by each program."""
    event, _ = one(SERIES | {"exdate": "20260309T100000Z"}, instance("20260309T100000Z"))
    assert (recurrence_of(event).excluded, len(event.overrides)) == ((), 1)


@pytest.mark.parametrize("original", ["20260309", "20260308T183000Z", "20260309T000000Z"])
def test_slots_of_an_all_day_series_are_days(original: str) -> None:
    """recurrenceid is yyyyMMdd (event details). A time means the day it starts in the zone."""
    event, _ = one(
        day_wire("20260302", "20260302", rrule="FREQ=WEEKLY;BYDAY=MO"),
        day_wire("20260310", "20260310", recurrenceid=original, title="Moved"),
        day_wire("20260316", "20260316", recurrenceid="20260316", estatus="deleted"),
    )
    assert [override.recurrence_id for override in event.overrides] == [date(2026, 3, 9)]
    assert recurrence_of(event).excluded == (date(2026, 3, 16),)


def test_a_slot_across_a_change_of_the_clock_keeps_the_wall_clock() -> None:
    """09:00 in Berlin is 08:00 UTC on 23 March, and 07:00 UTC on 30 March (summer time)."""
    berlin = {
        "timezone": "Europe/Berlin",
        "start": "20260302T090000+0100",
        "end": "20260302T100000+0100",
    }
    event, _ = one(
        wire(dateandtime=berlin, rrule="FREQ=WEEKLY;BYDAY=MO"),
        instance("20260323T080000Z", estatus="deleted"),
        instance("20260330T070000Z", estatus="deleted"),
    )
    assert [slot.strftime("%d %H:%M") for slot in recurrence_of(event).excluded] == [
        "23 09:00",
        "30 09:00",
    ]


def test_a_deleted_series_is_gone_with_its_instances() -> None:
    parsed = read(SERIES | {"estatus": "deleted"}, instance("20260309T100000Z"))
    assert (parsed.events, parsed.rejections) == ((), ())


def test_a_deleted_event_is_gone_and_its_neighbour_stays() -> None:
    event, reasons = one(wire("gone@zoho.com", estatus="deleted"), wire("stays@zoho.com"))
    assert (event.upstream_id, reasons) == ("stays@zoho.com", [])


def test_an_edited_instance_without_its_series_stands_alone() -> None:
    """Rulebook 43: programs ignore an override without its series. Its UID follows its slot."""
    event, _ = one(instance("20260309T100000Z", title="Moved"))
    assert (event.title, event.recurrence_id, event.recurrence) == ("Moved", None, None)
    series = event_uid("calendar", SOURCE.calendar, "u1@zoho.com")
    assert event.uid == event_uid(series, slot=utc("2026-03-09 10:00"))
    assert event.related_to == series


def test_two_forms_of_one_slot_without_a_series_are_one_event() -> None:
    """Rulebook 19: two events must never share a UID; the newer version is kept."""
    event, _ = one(
        instance("20260309T100000Z", etag=2, title="new"),
        instance("20260309T153000+0530", etag=1, title="old"),
        instance("20260309T100000", etag=1, title="old"),
    )
    assert event.title == "new"


def test_a_deleted_instance_without_its_series_is_nothing() -> None:
    parsed = read(instance("20260309T100000Z", estatus="deleted"))
    assert (parsed.events, parsed.rejections) == ((), ())


def test_instances_of_a_series_whose_rule_is_unreadable_stand_alone() -> None:
    """The first occurrence is shown unless an instance replaces it or it was deleted."""
    broken = wire(rrule="FREQ=OFTEN")
    parsed = read(
        broken,
        instance("20260302T100000Z", title="First, edited"),
        instance("20260309T100000Z", title="Second"),
    )
    assert [event.title for event in parsed.events] == ["First, edited", "Second"]
    assert len({event.uid for event in parsed.events}) == 2
    assert all(event.recurrence_id is None for event in parsed.events)
    assert read(broken, instance("20260302T100000Z", estatus="deleted")).events == ()


def test_an_unreadable_instance_costs_only_itself() -> None:
    parsed = read(
        SERIES,
        instance("20260309T100000Z", dateandtime={"start": "never"}),
        instance("20260316T100000Z"),
    )
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert [override.recurrence_id for override in event.overrides] == [utc("2026-03-16 10:00")]
    assert (rejection.kind, rejection.upstream_id) == ("dropped", "u1@zoho.com")
    assert reasons(rejection).startswith("The instance of 20260309T100000Z: ")
    assert recurrence_of(event).excluded == ()


def test_the_same_event_in_two_ranges_is_one_event() -> None:
    """Repeating events: a series comes with every range that it touches."""
    raw = {"calendar": {}, "pages": [[SERIES, instance("20260309T100000Z")]] * 3}
    parsed = parse(raw, SOURCE)
    assert (len(parsed.events), len(parsed.events[0].overrides)) == (1, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"etag": 2, "title": "new"}, {"etag": 1, "title": "old"}),
        ({"etag": "2", "title": "new"}, {"etag": 1, "title": "old"}),
        ({"etag": "10", "title": "new"}, {"etag": "9", "title": "old"}),
        (
            {"etag": None, "lastmodifiedtime": "20260102T000000Z", "title": "new"},
            {"etag": None, "lastmodifiedtime": "20260101T235959Z", "title": "old"},
        ),
    ],
)
def test_the_newest_version_counts_wherever_it_stands(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """etag is a stamp in milliseconds, as a number or as text."""
    for pair in ((first, second), (second, first)):
        event, _ = one(*(wire(**changes) for changes in pair))
        assert event.title == "new"


def test_details_win_over_the_list_in_the_same_version_only() -> None:
    """Event details: the list trims; but details read before an edit must not undo it."""
    event, _ = one(SERIES, details={"u1@zoho.com": [SERIES | {"description": "all of it"}]})
    assert event.description == "all of it"
    event, _ = one(
        SERIES | {"etag": 2, "title": "new"},
        details={"u1@zoho.com": [SERIES | {"etag": 1}]},
    )
    assert event.title == "new"


def test_details_bring_instances_that_the_list_left_out() -> None:
    """Repeating events: an instance moved out of the window still empties its slot inside it."""
    away = instance(
        "20260309T100000Z",
        dateandtime={
            "timezone": "Asia/Calcutta",
            "start": "20290310T090000+0530",
            "end": "20290310T100000+0530",
        },
    )
    event, _ = one(SERIES, details={"u1@zoho.com": [SERIES, away]})
    assert [override.start for override in event.overrides] == [utc("2029-03-10 03:30")]


@pytest.mark.parametrize(
    "calendar",
    [
        {},
        {"reminders": 7},
        {"uid": "x"},
        [],
        None,
    ],
)
def test_the_events_can_do_without_the_calendar_object(calendar: Any) -> None:
    parsed = parse({"calendar": calendar, "pages": [[wire()]]}, SOURCE)
    assert len(parsed.events) == 1


def test_an_unknown_zone_of_the_calendar_is_noted_once() -> None:
    parsed = read(wire(), wire("u2@zoho.com"), calendar={"timezone": "Mars/Phobos"})
    assert (len(parsed.events), parsed.rejections) == (2, ())
    assert parsed.notes == (problem("calendar-zone-unknown", zone="Mars/Phobos"),)


def test_a_series_of_every_minute_is_shown_for_24_of_them_and_reported_by_title() -> None:
    minutes = ",".join(map(str, range(60)))
    parsed = read(wire(rrule=f"FREQ=HOURLY;BYMINUTE={minutes}"))
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert recurrence_of(event).rule.count == 24
    assert (rejection.kind, rejection.title) == ("repaired", "Planning")
    assert [problem.code for problem in rejection.problems] == ["rule-too-dense"]
