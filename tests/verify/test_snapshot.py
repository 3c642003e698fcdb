"""A published feed, expanded by an engine that shares nothing with the code that renders feeds."""

from datetime import UTC, date, datetime

from bridge.domain.feed import Window
from bridge.domain.uid import event_uid
from bridge.verify.snapshot import expand

WINDOW = Window(start=date(2026, 3, 1), end=date(2026, 4, 1))


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def document(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


SERIES = (
    "UID:s\nDTSTART;TZID=Europe/Berlin:20260309T100000\nDTEND;TZID=Europe/Berlin:20260309T110000\n"
    "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260316T100000\nSUMMARY:Weekly"
)
MOVED = (
    "UID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20260323T100000\n"
    "DTSTART;TZID=Europe/Berlin:20260324T120000\n"
    "DTEND;TZID=Europe/Berlin:20260324T130000\nSUMMARY:Weekly, moved"
)


def test_a_series_is_expanded_with_its_exceptions_by_original_start() -> None:
    """RFC 5545 3.8.5: EXDATE removes an instance, RECURRENCE-ID replaces one.

    30 March is in summer time.
    """
    published = expand(document(SERIES, MOVED), WINDOW)
    assert {
        (instance.key, instance.start, instance.end, instance.title) for instance in published
    } == {
        (("s", "20260309T090000Z"), at(9, 9), at(9, 10), "Weekly"),
        (("s", "20260323T090000Z"), at(24, 11), at(24, 12), "Weekly, moved"),
        (("s", "20260330T080000Z"), at(30, 8), at(30, 9), "Weekly"),
    }


def test_single_events_are_found_at_any_time_and_the_placeholder_is_skipped() -> None:
    """An event may have moved out of the window. A feed without events has none (rulebook 17)."""
    far = "UID:f\nDTSTART:20270101T100000Z\nDTEND:20270101T110000Z\nSUMMARY:Far"
    day = "UID:d\nDTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260312\nSUMMARY:Two days"
    placeholder = (
        f"UID:{event_uid('placeholder')}\nDTSTART;VALUE=DATE:20000101\n"
        "DTEND;VALUE=DATE:20000102\nSUMMARY:None yet"
    )
    published = expand(document(far, day, placeholder), WINDOW)
    assert [(instance.key, instance.start) for instance in published] == [
        (("f", ""), datetime(2027, 1, 1, 10, tzinfo=UTC)),
        (("d", ""), date(2026, 3, 10)),
    ]
