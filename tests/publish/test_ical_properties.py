"""Any event gives lawful bytes, and the same event the same bytes: promises of the renderer."""

from dataclasses import replace
from datetime import date, datetime, timedelta
import re
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st
import icalendar
import pytest

from bridge.domain.event import Alarm, Person, Place, Status
from bridge.domain.feed import Window
from bridge.domain.text import clean, one_line
from bridge.domain.timezones import fixed_zone
from bridge.feed.document import remove_alarms
from bridge.publish.ical import values, vevent
from bridge.publish.view.event import occurrences_in
from tests.publish.vevents import (
    NEW_YORK,
    STAMP,
    UTC_ZONE,
    at,
    check_bytes,
    event,
    instance,
    modest,
    read,
    series,
    text_of,
    uid,
    unescape,
    unfold,
)

PIECE = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from(
        [
            *"\r\n\t\x00\u2028\ufeff\ud83d \\,;:\"^Nn'",
            "\\n",
            "\\N",
            "BEGIN:VALARM\r\n",
            "\r\nEND:VEVENT\r\n",
            "😀",
            " " * 90,
        ]
    ),
)
WORDS = st.lists(PIECE, max_size=120).map("".join)
ALARMS = st.lists(
    st.integers(-20000, 20000).map(lambda m: Alarm(trigger=timedelta(minutes=m))), max_size=3
).map(tuple)
EVENTS = st.builds(
    event,
    title=WORDS,
    description=WORDS,
    html=WORDS,
    place=st.one_of(st.none(), st.builds(Place, name=WORDS, hall=WORDS)),
    url=WORDS.map("https://x.example/".__add__) | WORDS,
    join_url=WORDS,
    image_url=WORDS,
    categories=st.lists(WORDS, max_size=3).map(tuple),
    people=st.lists(
        st.builds(Person, name=WORDS, role=st.sampled_from(["organizer", "speaker"])), max_size=3
    ).map(tuple),
    status=st.sampled_from(Status),
    busy=st.booleans(),
    alarms=ALARMS,
    start=st.sampled_from([at(9), at(9, tz=UTC_ZONE), date(2026, 5, 4), at(2, 30, 25, 10)]),
)
FAMILIES = st.one_of(
    EVENTS,
    st.builds(
        lambda e, o: replace(
            series(at(9, day=18)),
            title=e.title,
            alarms=e.alarms,
            overrides=(replace(o, recurrence_id=at(9, day=11)),),
        ),
        EVENTS,
        EVENTS,
    ),
)


@modest
@given(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=4))
@example("C:\\New\\nothing", "\\N \\\\n \\", "a\\,b", ["\\", "a,b", "\\,"])
def test_text_comes_back_as_it_went(
    title: str, description: str, place: Any, categories: Any
) -> None:
    """RFC 5545 3.1 and 3.3.11, by the independent reader.

    Whatever is typed in Zoho is what a client shows.
    """
    where = Place(name=place)
    given_event = event(
        title=title, description=description, place=where, categories=tuple(categories)
    )
    blob = vevent.render(given_event, STAMP)
    assert text_of(blob, "SUMMARY") == (one_line(title) or "(No title)")
    assert text_of(blob, "DESCRIPTION") == (clean(description) or None)
    assert text_of(blob, "LOCATION") == (one_line(where.line, 1000) or None)
    raw = next((value for name, _, value in read(blob)[0][1] if name == "CATEGORIES"), "")
    found = [unescape(part) for part in re.findall(r"(?:^|,)((?:\\.|[^\\,])+)", raw)]
    assert found == [
        name for name in dict.fromkeys(one_line(category) for category in categories) if name
    ]


@modest
@given(WORDS, WORDS)
def test_icalendar_reads_the_same_text(title: str, description: str) -> None:
    """The library's own reader agrees with the independent one."""
    parsed = icalendar.Event.from_ical(
        vevent.render(event(title=title, description=description), STAMP)
    )
    assert str(parsed["SUMMARY"]) == (one_line(title) or "(No title)")
    assert str(parsed.get("DESCRIPTION", "")) == clean(description)


@modest
@given(FAMILIES)
def test_any_event_gives_lawful_bytes(family: Any) -> None:
    """Rulebook 1-5, 10.

    Whatever upstream wrote, the bytes are lawful, hold the family and nothing else.
    """
    blob = vevent.render(family, STAMP)
    check_bytes(blob)
    vevent.check(blob, family)
    engine = icalendar.Event.from_ical(blob, multiple=True)
    assert [(e.name, str(e["UID"]), e.errors) for e in engine] == [
        ("VEVENT", family.uid, []) for _ in (family, *family.overrides)
    ]
    components = [name for name, _ in read(blob)]
    assert components.count("VEVENT") == 1 + len(family.overrides)
    assert set(components) <= {"VEVENT", "VALARM"}
    assert components.count("VALARM") == sum(
        len(set(e.alarms)) for e in (family, *family.overrides) if e.status is not Status.CANCELLED
    )


@modest
@given(FAMILIES)
def test_the_same_event_gives_the_same_bytes(family: Any) -> None:
    """Rulebook 23."""
    assert vevent.render(family, STAMP) == vevent.render(replace(family), replace(STAMP))


@modest
@given(FAMILIES)
def test_cutting_alarms_is_rendering_without(family: Any) -> None:
    """``?alarms=off`` is cut from kept bytes; it must be what would have been rendered."""
    assert remove_alarms(vevent.render(family, STAMP)) == vevent.render(family, STAMP, alarms=False)


@modest
@given(EVENTS)
def test_other_times_are_as_if_rendered(single: Any) -> None:
    """The flavour ``web`` of a single event is cut from its bytes (rulebook 31)."""
    (occurrence,) = occurrences_in(single, Window(start=date(2000, 1, 1), end=date(2100, 1, 1)))
    blob = vevent.render(single, STAMP)
    assert vevent.at_other_times(blob, occurrence) == vevent.render(occurrence, STAMP)


def test_only_alarms_are_cut_wherever_the_folds_come() -> None:
    """A text may spell an alarm's first or last line just before or after a fold."""
    alarm = (Alarm(trigger=timedelta()),)
    for lead in range(75):
        for spelt in ("BEGIN:VALARM", "END:VALARM"):
            told = event(title="x" * lead + spelt + "y" * 80, alarms=alarm)
            assert remove_alarms(vevent.render(told, STAMP)) == vevent.render(
                told, STAMP, alarms=False
            )


@modest
@given(FAMILIES)
def test_zones_are_those_that_the_bytes_name(family: Any) -> None:
    """Rulebook 24: every TZID has its VTIMEZONE, and no other is sent."""
    named = {
        m
        for _, content in read(vevent.render(family, STAMP))
        for _, p, _ in content
        for m in re.findall(r'TZID="?([^";:]+)', p)
    }
    assert vevent.zones(family) == named


@pytest.mark.parametrize(
    "minutes", [*range(-720, 841, 60), -570, 210, 270, 330, 345, 390, 525, 570]
)
def test_a_bare_offset_is_named_by_a_zone_that_has_it_all_year(minutes: Any) -> None:
    """Rulebook 25; by the standard library's reading of the IANA data."""
    named = ZoneInfo(values.tzid(fixed_zone(timedelta(minutes=minutes))))
    for month in range(1, 13 * 12):
        assert datetime(
            2024 + month // 12, month % 12 + 1, 1, tzinfo=named
        ).utcoffset() == timedelta(minutes=minutes)


@modest
@given(st.integers(0, 90), st.integers(55, 80), st.sampled_from("aä€😀"))
def test_no_fold_is_blank_or_splits_a_character(lead: Any, blanks: Any, last: Any) -> None:
    """Rulebook 3, wherever the fold comes.

    In a run of blanks, before an escape, in a wide character.
    """
    for tail in (last, "\\" + last, "^" + last, ";" + last, "\n" + last):
        check_bytes(vevent.render(event(description="x" * lead + " " * blanks + tail * 20), STAMP))


def test_alarms_of_a_family_have_uids_of_their_own() -> None:
    """RFC 9074 4: a UID names one alarm; it stays the same while the alarm does."""
    alarm = (Alarm(trigger=timedelta(minutes=-5)),)
    family = series(
        alarms=alarm,
        overrides=(instance(at(9, day=11), alarms=alarm), instance(at(9, day=18), alarms=alarm)),
    )
    uids = [
        v
        for name, content in read(vevent.render(family, STAMP))
        if name == "VALARM"
        for p, _, v in content
        if p == "UID"
    ]
    later = vevent.render(replace(family, title="Other"), vevent.Stamp(changed=at(1), sequence=99))
    assert len(set(uids)) == 3
    assert uids == [
        v for name, content in read(later) if name == "VALARM" for p, _, v in content if p == "UID"
    ]


def test_every_reminder_is_written_once_and_the_nearest_first() -> None:
    """Rulebook 61: backwards from the start, then those after it; each with a UID of its own."""
    minutes = (-1440, 5, -10, 90, -60, 0, -10)
    alarms = tuple(Alarm(trigger=timedelta(minutes=m)) for m in minutes)
    written = [
        {name: value for name, _, value in content}
        for name, content in read(vevent.render(event(alarms=alarms), STAMP))
        if name == "VALARM"
    ]
    triggers = [alarm["TRIGGER"] for alarm in written]
    assert triggers == ["P0D", "-PT10M", "-PT1H", "-P1D", "PT5M", "PT1H30M"]
    assert len({alarm["UID"] for alarm in written}) == 6
    assert {alarm["ACTION"] for alarm in written} == {"DISPLAY"}


@modest
@given(st.integers(-400 * 86400, 400 * 86400))
def test_icalendar_reads_the_same_duration(seconds: int) -> None:
    """RFC 5545 3.3.6, to the second, by the library's reader."""
    length = timedelta(seconds=seconds)
    alarm = event(alarms=(Alarm(trigger=length),))
    blob = vevent.render(alarm, STAMP)
    vevent.check(blob, alarm)
    parsed: Any = icalendar.Event.from_ical(blob).walk("VALARM")[0]
    assert parsed["TRIGGER"].dt == length


def test_the_whole_family_carries_the_stamp_and_the_master_is_first() -> None:
    """Rulebook 20, 21: Evolution looks at the first component of a UID, ICSx5 at each."""
    family = series(overrides=(instance(at(9, day=11)), instance(at(9, day=18))))
    found = [
        {name: value for name, _, value in content}
        for _, content in read(vevent.render(family, STAMP))
    ]
    assert ["RECURRENCE-ID" in member for member in found] == [False, True, True]
    assert {(m["UID"], m["DTSTAMP"], m["LAST-MODIFIED"], m["SEQUENCE"]) for m in found} == {
        (uid(1), "20260102T030405Z", "20260102T030405Z", "7")
    }


@pytest.mark.parametrize(
    ("sequence", "written"), [(0, "0"), (2**31 - 1, "2147483647"), (2**31, "2147483647"), (-1, "0")]
)
def test_sequence_stays_in_its_range(sequence: Any, written: Any) -> None:
    """Rulebook 9, 22: out of range, the event is lost."""
    assert text_of(vevent.render(event(), replace(STAMP, sequence=sequence)), "SEQUENCE") == written


def test_excluded_slots_are_sorted_one_by_one() -> None:
    """Rulebook 23, 39."""
    blob = vevent.render(series(at(9, day=25), at(9, day=11), at(9, day=18)), STAMP)
    assert [line for line in unfold(blob) if line.startswith("EXDATE")] == [
        f"EXDATE;TZID=Europe/Berlin:202605{day}T090000" for day in (11, 18, 25)
    ]


@pytest.mark.parametrize(
    "broken",
    [
        series(date(2026, 5, 11)),
        series(at(9, day=11), start=date(2026, 5, 4)),
        series(datetime(9999, 12, 31, 23, tzinfo=NEW_YORK)),
        series(start=at(9, tz=fixed_zone(timedelta(hours=-3, minutes=-30)))),
    ],
    ids=[
        "a day left out of a timed series",
        "a time left out of an all-day series",
        "a slot past the last year",
        "an offset nobody has",
    ],
)
def test_what_cannot_be_written_says_so(broken: Any) -> None:
    """An event that iCalendar can't hold is named, so that it alone is left out (rulebook 10)."""
    with pytest.raises(vevent.RenderError, match='"Tea" can\'t be written'):
        vevent.render(broken, STAMP)


DAMAGE = [
    ("another event", lambda blob: blob.replace(uid(1).encode(), uid(2).encode())),
    ("two of them", lambda blob: blob * 2),
    ("nothing", lambda _: b""),
    ("cut short", lambda blob: blob[:120]),
    ("a broken line", lambda blob: blob.replace(b"STATUS:", b"STATUS")),
    ("a time that is none", lambda blob: blob.replace(b":20260504T090000", b":2026")),
    ("no summary", lambda blob: blob.replace(b"SUMMARY:Tea\r\n", b"")),
    ("a to-do", lambda blob: blob.replace(b"VEVENT", b"VTODO")),
    ("a line too long", lambda blob: blob.replace(b":Tea", b":" + b"Tea" * 30)),
    ("a bare comma", lambda blob: blob.replace(b":Tea", b":Tea, milk")),
    ("a line feed", lambda blob: blob.replace(b":Tea", b":Tea\nX-OTHER:1")),
    ("a property more", lambda blob: blob.replace(b"STATUS:", b"CLASS:PRIVATE\r\nSTATUS:")),
    ("no month", lambda blob: blob.replace(b":20260504T", b":20261304T")),
    ("no UTF-8", lambda blob: blob.replace(b":Tea", b":\xff")),
]


@pytest.mark.parametrize("damage", [case[1] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damaged_bytes_are_found_out(damage: Any) -> None:
    """Rulebook 10: read again, then publish."""
    blob = vevent.render(event(), STAMP)
    vevent.check(blob, event())
    with pytest.raises(ValueError, match='"Tea"'):
        vevent.check(damage(blob), event())


def test_occurrences_are_single_events_without_alarms() -> None:
    """Rulebook 31: the flavour for web pages."""
    alarm = (Alarm(trigger=timedelta()),)
    events = [event(uid=uid(n), start=at(9, day=n, tz=UTC_ZONE), alarms=alarm) for n in (4, 11)]
    blob = vevent.render_occurrences(events, STAMP)
    assert [line for line in unfold(blob) if line.startswith("DTSTART")] == [
        "DTSTART:20260504T090000Z",
        "DTSTART:20260511T090000Z",
    ]
    assert b"VALARM" not in blob
