"""Events from Connect to a VEVENT and back: nothing changes that a person did not edit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Alarm, Place
from bridge.domain.text import clean
from bridge.domain.timezones import zone_by_key
from bridge.push.change import compute_change
from bridge.push.vevent import RefusalError
from bridge.sources.connect.update import Update, parameters
from tests.push.connect_events import (
    ALLOWED_REMINDERS,
    MINUTE,
    SAMOA,
    SAMPLES,
    SOURCE,
    event_of,
    published_fields,
)

ConnectItem: TypeAlias = tuple[dict[str, Any], ZoneInfo, dict[str, datetime], timedelta | None]


ZONES = [
    zone_by_key(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Pacific/Pago_Pago",
        "Pacific/Apia",
    )
]
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60).map(str.strip)
WORDS = LINES.filter(lambda text: 0 < len(text.encode("utf-16-le")) <= 200)


@st.composite
def items(draw: st.DrawFn) -> ConnectItem:
    """An object of Connect, as its page on upcoming events shows, in any zone.

    With the zone, the wall times of start and end, and its reminder.
    """
    here = draw(st.sampled_from(ZONES))
    start = draw(st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1))).replace(
        second=0, microsecond=0, tzinfo=UTC
    )
    length = draw(st.integers(0, 5000))
    item = dict(SAMPLES[1]) | {
        "title": draw(WORDS),
        "location": draw(LINES),
        "desc": "\n".join(draw(st.lists(LINES))),
    }
    if draw(st.booleans()):
        first, last = start.date(), start.date() + timedelta(days=length // 100)
        item |= {"isAllDay": "true", "startTime": "1501225200618", "endTime": "1501225200618"}
        walls = {
            "start": datetime(first.year, first.month, first.day),
            "end": datetime(last.year, last.month, last.day),
        }
    else:
        end = start + length * MINUTE
        item |= {
            "startTime": f"{int(start.timestamp())}618",
            "endTime": f"{int(end.timestamp())}618",
        }
        walls = {"start": start.astimezone(here), "end": end.astimezone(here)}
    for side, wall in walls.items():
        names = ("Year", "Month", "Date", "Hour", "Min")
        values = (wall.year, wall.month, wall.day, wall.hour, wall.minute)
        item |= {f"{side}{name}": str(value) for name, value in zip(names, values, strict=True)}
    reminder = draw(st.none() | st.sampled_from(ALLOWED_REMINDERS))
    if reminder is not None:
        minutes = reminder // MINUTE
        item |= {
            "hasReminder": "true",
            "intervalDay": str(minutes // 1440),
            "intervalHour": str(minutes % 1440 // 60),
        }
        item |= {"intervalMinute": str(minutes % 60)}
    return item, here, walls, reminder


def collapse(text: str) -> str:
    return " ".join(text.split())


@given(items())
def test_a_published_event_goes_back_as_it_came(connect_item: ConnectItem) -> None:
    """Title, times, place and reminder of the VEVENT alone make the parameters that Connect has.

    Everything counts as edited: the VEVENT is compared with other contents, so that nothing comes
    from the stored event. A feed's texts have no runs of blanks. Of an hour that clocks show
    twice, Connect takes the first.
    """
    item, here, walls, reminder = connect_item
    event = event_of(item, here)
    day = timedelta(days=1)
    other = replace(
        event,
        title=f"not {event.title}",
        start=event.start + day,
        end=event.end + day,
        place=Place(name="elsewhere, really"),
        alarms=(Alarm(trigger=-777 * MINUTE),),
    )
    try:
        change = compute_change(published_fields(event), published_fields(other), event, here)
    except RefusalError as error:
        assert "show twice" in str(error)  # noqa: PT017
        assert any(wall.fold for wall in walls.values())
        return
    sent = parameters(replace(change.update, title=change.update.title), SOURCE, here)
    assert collapse(sent["title"]) == collapse(event.title) == collapse(clean(item["title"]))
    assert collapse(sent["location"]) == collapse(clean(item["location"]))
    for name in (
        f"{side}{part}"
        for side in ("start", "end")
        for part in ("Year", "Month", "Date", "Hour", "Min")
    ):
        assert sent[name] == item[name], name
    assert sent["allDay"] == item.get("isAllDay", "false")
    interval = {name: int(sent[name]) for name in sent if name.startswith("interval")}
    if reminder is None:
        assert interval == {}
    else:
        total = timedelta(
            days=interval.get("intervalDay", 0),
            hours=interval.get("intervalHour", 0),
            minutes=interval.get("intervalMinute", 0),
        )
        assert total == reminder


@given(items())
def test_an_unedited_event_has_no_change(connect_item: ConnectItem) -> None:
    item, here, _, _ = connect_item
    event = event_of(item, here)
    fields = published_fields(event)
    change = compute_change(fields, fields, event, here)
    assert change.fields == ()
    assert change.update == Update(
        stream=event.upstream_id, title=event.title, start=event.start, end=event.end
    )


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_the_documents_events_go_back_as_printed(number: int) -> None:
    """Each of the page's events makes parameters with the same numbers when its title is edited."""
    item = SAMPLES[number]
    event = event_of(item, SAMOA)
    fields = published_fields(event)
    change = compute_change(replace(fields, title="Other"), fields, event, SAMOA)
    sent = parameters(change.update, SOURCE, SAMOA)
    assert [field.name for field in change.fields] == ["title"]
    assert sent["title"] == "Other"
    for name in (
        f"{side}{part}"
        for side in ("start", "end")
        for part in ("Year", "Month", "Date", "Hour", "Min")
    ):
        assert sent[name] == item[name], name
