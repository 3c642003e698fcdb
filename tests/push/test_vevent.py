"""The fields of a VEVENT from any calendar program.

Its forms are those of RFC 5545, and of Outlook, Apple Calendar and Thunderbird.
"""

from datetime import date, timedelta

import pytest

from bridge.domain.event import Moment
from bridge.errors import BridgeError
from bridge.push.equality import are_equal
from bridge.push.vevent import RefusalError, Vevent, VeventFields, parse_fields, read_vevents
from tests.clock import NOW

MINUTE = timedelta(minutes=1)


def parse(lines: str, alarm: str = "") -> VeventFields:
    """Return the fields of a VEVENT with these lines."""
    text = f"BEGIN:VEVENT\nUID:u\nSUMMARY:Call\n{lines}{alarm}\nEND:VEVENT"
    document = "\r\n".join(["BEGIN:VCALENDAR", *text.split("\n"), "END:VCALENDAR", ""])
    (vevent,) = read_vevents(document.encode(), "test.ics")
    return parse_fields(vevent.component)


TIMED = "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z"


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        (TIMED, NOW.replace(minute=0), NOW.replace(hour=10, minute=0)),
        ("DTSTART:20260310T090000Z\nDURATION:PT90M", NOW.replace(minute=0), NOW.replace(hour=10)),
        ("DTSTART:20260310T090000Z", NOW.replace(minute=0), NOW.replace(minute=0)),
        ("DTSTART;VALUE=DATE:20260310", date(2026, 3, 10), date(2026, 3, 11)),
        (
            "DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260313",
            date(2026, 3, 10),
            date(2026, 3, 13),
        ),
        (
            (
                "DTSTART;TZID=Europe/Berlin:20260310T100000\n"
                "DTEND;TZID=America/New_York:20260310T060000"
            ),
            NOW.replace(minute=0),
            NOW.replace(hour=10, minute=0),
        ),
        # Outlook's name of the zone, without a VTIMEZONE beside it.
        (
            (
                "DTSTART;TZID=W. Europe Standard Time:20260310T100000\n"
                "DTEND;TZID=W. Europe Standard Time:20260310T110000"
            ),
            NOW.replace(minute=0),
            NOW.replace(hour=10, minute=0),
        ),
    ],
)
def test_start_and_end_of_a_vevent(lines: str, start: Moment, end: Moment) -> None:
    """RFC 5545 3.6.1: DTEND or DURATION. Without them a date lasts a day and a time no time."""
    fields = parse(lines)
    assert (fields.start, fields.end) == (start, end)


@pytest.mark.parametrize(
    ("alarms", "before"),
    [
        (["TRIGGER:-PT15M"], [15]),
        (["TRIGGER:PT0S"], [0]),
        (["TRIGGER:PT5M"], [-5]),
        (["TRIGGER;RELATED=END:-PT75M"], [15]),
        (["TRIGGER;VALUE=DATE-TIME:20260310T083000Z"], [30]),
        (["TRIGGER:-PT15M", "TRIGGER;RELATED=START:-PT15M"], [15]),
        (["TRIGGER:-PT15M", "TRIGGER:-P1D"], [15, 1440]),
        (
            ["ACTION:NONE\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z"],
            [],
        ),  # Apple's mark for no alarm
        (["ACTION:EMAIL\nTRIGGER:-PT15M"], []),
        ([], []),
    ],
)
def test_the_reminders_of_a_vevent(alarms: list[str], before: list[int]) -> None:
    """RFC 5545 3.8.6.3: a trigger is relative to the start or the end, or an instant.

    The event is one hour long.
    """
    texts = [alarm if "ACTION" in alarm else f"ACTION:DISPLAY\n{alarm}" for alarm in alarms]
    lines = "".join(f"\nBEGIN:VALARM\n{text}\nEND:VALARM" for text in texts)
    assert parse(TIMED, lines).reminders == tuple(minutes * MINUTE for minutes in before)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (f"{TIMED}\nRRULE:FREQ=DAILY", "repeats"),
        (f"{TIMED}\nRECURRENCE-ID:20260310T090000Z", "repeats"),
        (f"{TIMED}\nRDATE:20260311T090000Z", "repeats"),
        (f"{TIMED}\nSTATUS:CANCELLED", "is cancelled in the file"),
        ("DTSTART:20260310T090000\nDTEND:20260310T100000", "without a time zone"),
        ("DTSTART;TZID=Nowhere/City:20260310T090000", "without a time zone"),
        ("DTSTART:20260310T090000Z\nDTEND:20260310T080000Z", "ends before it starts"),
        ("DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260310", "ends before it starts"),
        (
            "DTSTART;VALUE=DATE:20260310\nDTEND:20260310T080000Z",
            "starts on a day and ends at a time",
        ),
        ("DTEND:20260310T080000Z", "has no start"),
    ],
)
def test_a_vevent_that_cannot_be_sent_is_refused_with_the_reason(lines: str, message: str) -> None:
    with pytest.raises(RefusalError, match=message):
        parse(lines)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"BEGIN:VEVENT"]
)
def test_a_file_without_events_is_an_error_with_its_name(data: bytes) -> None:
    with pytest.raises(BridgeError, match=r"^e\.ics "):
        read_vevents(data, "e.ics")


@pytest.mark.parametrize(
    "change",
    [
        ("RRULE:FREQ=WEEKLY;COUNT=20", "RRULE:FREQ=WEEKLY;COUNT=19"),
        ("RRULE:FREQ=WEEKLY;COUNT=20", "RRULE:COUNT=20;FREQ=WEEKLY;INTERVAL=2"),
        ("END:VEVENT", "EXDATE:20260317T090000Z\r\nEND:VEVENT"),
        ("DTEND:20260310T100000Z", "DTEND:20260310T103000Z"),
        ("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT"),
        (
            "END:VEVENT",
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT",
        ),
        ("SUMMARY:Call", "SUMMARY:Talk"),
        ("DESCRIPTION:One\\nTwo", "DESCRIPTION:One Two"),
        ("LOCATION:Here", "LOCATION:There"),
    ],
)
def test_every_edit_of_a_person_makes_vevents_unequal(change: tuple[str, str]) -> None:
    lines = [
        "BEGIN:VEVENT", "UID:u", "SUMMARY:Call",
        "DTSTART:20260310T090000Z", "DTEND:20260310T100000Z",
        "RRULE:FREQ=WEEKLY;COUNT=20", "EXDATE:20260324T090000Z",
        "DESCRIPTION:One\\nTwo", "LOCATION:Here", "END:VEVENT", "",
    ]  # fmt: skip
    before = "\r\n".join(lines)
    assert change[0] in before

    def read(text: str) -> tuple[Vevent, ...]:
        return read_vevents(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n".encode(), "e.ics")

    same = before.replace("FREQ=WEEKLY;COUNT=20", "COUNT=20;FREQ=WEEKLY").replace(
        "One\\n", "One \\n\\n"
    )
    same = same.replace("DTSTART:20260310T090000Z", "DTSTART;TZID=Europe/Berlin:20260310T100000")
    same = same.replace("EXDATE:20260324T090000Z", "EXDATE;TZID=Europe/Berlin:20260324T100000")
    assert "Berlin:20260324" in same
    assert are_equal(read(same), read(before))
    assert not are_equal(read(before.replace(*change)), read(before))
    assert not are_equal(read(before + before), read(before))
