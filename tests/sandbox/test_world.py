"""The demo's world is whole on every day, and holds the quirks of Zoho's documents.

Dates were counted by hand.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sandbox.state import Data, Shelf
from bridge.sandbox.world import documents, lively
from tests.sandbox.client import NOW, serving
from tests.zoho_sandbox import (
    ALL_HANDS,
    CLUB,
    HOLIDAYS,
    LEADERSHIP,
    NETWORK,
    PORTAL,
    TEAM,
    US,
    WORK,
)

TODAYS = [
    date(2024, 2, 29),
    date(2025, 3, 30),
    date(2025, 10, 26),
    date(2025, 11, 2),
    date(2025, 12, 31),
    date(2026, 1, 1),
]


def scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


@pytest.mark.parametrize("today", TODAYS, ids=str)
class TestLively:
    """The livelier data is there, whole and the same, whatever day it is."""

    def test_the_same_day_gives_the_same(self, today: date) -> None:
        """Nothing in it is random or of the moment."""
        first, second = lively(today), lively(today)
        assert [shelf.all() for shelf in shelves(first)] == [
            shelf.all() for shelf in shelves(second)
        ]
        assert [shelf.all() for shelf in shelves(first)] != [
            shelf.all() for shelf in shelves(documents())
        ]

    def test_backstage(self, today: date) -> None:
        """The portal has past, running and coming events of every status and type."""
        events = lively(today).portals[PORTAL].events.all()
        assert {event["status"] for event in events} == {0, 1, 2, 3, 4}
        assert {event["event_type"] for event in events} == {2, 3, 4}
        assert {event["timezone"] for event in events} >= {"Asia/Calcutta"}
        assert all(event["start_time"] < event["end_time"] for event in events)
        assert any(event["end_time"].endswith(":59Z") for event in events)
        assert any("<script>" in event["description"] for event in events)
        assert len({event["id"] for event in events}) == len(events)
        coming = [event for event in events if event["start_time"] > today.isoformat()]
        assert len(coming) >= 15

    def test_connect(self, today: date) -> None:
        """Scalars are text, no flag is false, and the clocks differ as in the documents' sample."""
        network = lively(today).networks[NETWORK]
        assert "isPrivate" not in network.groups[ALL_HANDS].info
        assert network.groups[LEADERSHIP].info["isPrivate"] == "true"
        for group in network.groups.values():
            events = group.events.all()
            assert events
            assert {type(value) for value in scalars([group.info, *events])} == {str}
            for event in events:
                assert all(
                    event.get(flag, "true") == "true" for flag in ("isAllDay", "hasReminder")
                )
                self.check_clock(event)

    def check_clock(self, event: dict[str, str]) -> None:
        """Zoho Connect: clock analysis of the samples."""
        names = ("Year", "Month", "Date", "Hour", "Min")
        year, month, day, hour, minute = (int(event[f"start{name}"]) for name in names)
        wall = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(CONNECT_ZONE))
        epoch = datetime.fromtimestamp(int(event["startTime"]) // 1000, UTC)
        if "isAllDay" in event:
            assert (wall.hour, wall.minute) == (0, 0)
            assert epoch != wall  # midnight of another zone
        else:
            assert epoch == wall

    def test_connect_has_its_traps(self, today: date) -> None:
        """Repeats share a streamId, and all reminders exist."""
        events = lively(today).networks[NETWORK].groups[ALL_HANDS].events.all()
        repeats = [event for event in events if event["streamId"] == "931000000712020"]
        assert len(repeats) == len({event["startTime"] for event in repeats}) == 12
        days = [event for event in events if event["title"].startswith("Office move")]
        assert date(
            *(int(days[0][f"end{name}"]) for name in ("Year", "Month", "Date"))
        ) == today + timedelta(days=14)
        reminders = [
            {key for key in event if key.startswith("interval")}
            for event in events
            if "hasReminder" in event
        ]
        assert {"intervalMinute"} in reminders
        assert {"intervalDay", "intervalHour", "intervalMinute"} in reminders

    @pytest.mark.parametrize("uid", [WORK, US, TEAM, HOLIDAYS])
    def test_calendar(self, today: date, uid: str) -> None:
        """Each calendar has events within a year; each object is whole."""
        calendar = lively(today).calendars[uid]
        items = calendar.events.all()
        assert calendar.info["uid"] == uid
        assert {item["caluid"] for item in items} == {uid}
        masters = [item for item in items if "recurrenceid" not in item]
        assert len({item["uid"] for item in masters}) == len(masters)
        assert {item["uid"] for item in items} == {item["uid"] for item in masters}

    def test_calendar_has_its_traps(self, today: date) -> None:
        """The work calendar has changed, deleted and broken events, all times and reminders."""
        items = lively(today).calendars[WORK].events.all()
        rules = " ".join(item.get("rrule", "") for item in items)
        for part in (
            "DAILY",
            "BYMONTHDAY=31",
            "BYDAY=-1FR",
            "BYSETPOS",
            "YEARLY",
            "COUNT=",
            "INTERVAL=2",
        ):
            assert part in rules
        untils = {
            len(part.partition("=")[2])
            for part in rules.replace(" ", ";").split(";")
            if "UNTIL" in part
        }
        assert untils == {len("20250101"), len("20250101T000000"), len("20250101T000000Z")}
        assert sum("recurrenceid" in item and "estatus" not in item for item in items) == 3
        assert (
            sum("recurrenceid" in item and item.get("estatus") == "deleted" for item in items) == 2
        )
        assert (
            sum("recurrenceid" not in item and item.get("estatus") == "deleted" for item in items)
            == 1
        )
        assert (
            sum(
                item.get("dateandtime", {}).get("start", "").startswith("20251345")
                for item in items
            )
            == 1
        )
        assert any(item.get("calendar_alarm") and "reminders" not in item for item in items)
        assert {item["isprivate"] for item in items if "isprivate" in item} == {True, False}
        assert any("conference_data" in item for item in items)
        assert any("exdate" in item for item in items)
        assert {item["multiday"] for item in items if item.get("isallday")} == {True, False}

    def test_a_series_begins_on_a_day_of_its_rule(self, today: date) -> None:
        """The first start fits its rule: the day of BYDAY, BYMONTHDAY=31, the last Friday."""
        for item in lively(today).calendars[WORK].events.all():
            parts = (
                dict(part.split("=") for part in item["rrule"].split(";"))
                if "rrule" in item
                else {}
            )
            start = (
                datetime.strptime(item["dateandtime"]["start"][:8], "%Y%m%d").replace(tzinfo=UTC)
                if parts
                else NOW
            )
            if parts.get("BYDAY") == "-1FR":
                assert (start.weekday(), (start + timedelta(days=7)).month != start.month) == (
                    4,
                    True,
                )
            elif "BYSETPOS" in parts:
                assert (start.weekday(), 8 <= start.day <= 14) == (1, True)
            elif "BYDAY" in parts:
                assert ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[start.weekday()] in parts[
                    "BYDAY"
                ].split(",")
            if "BYMONTHDAY" in parts:
                assert start.day == int(parts["BYMONTHDAY"])


def shelves(data: Data) -> list[Shelf]:
    result = [portal.events for portal in data.portals.values()]
    result += [
        day
        for portal in data.portals.values()
        for agenda in portal.agendas.values()
        for day in agenda.days
    ]
    result += [
        group.events for network in data.networks.values() for group in network.groups.values()
    ]
    return result + [calendar.events for calendar in data.calendars.values()]


@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_every_lively_source_has_something_to_show_today(today: date) -> None:
    """Over HTTP, for a month around today or a year of holidays, no source is empty."""
    with serving(lively(today)) as zoho:
        month = [(today + timedelta(days=days)).strftime("%Y%m%d") for days in (-10, 20)]
        for uid in (WORK, US, TEAM):
            assert len(zoho.between(uid, *month)) >= 3
        year = [
            (today + timedelta(days=30 * n), today + timedelta(days=30 * n + 29)) for n in range(13)
        ]
        holidays = [
            zoho.between(HOLIDAYS, f"{start:%Y%m%d}", f"{end:%Y%m%d}") for start, end in year
        ]
        assert {item["title"] for page in holidays for item in page} == {
            "New Year Day",
            "Labour Day",
            "German Unity Day",
            "Christmas Day",
        }
        edges = [
            datetime.combine(today + timedelta(days=days), datetime.min.time(), UTC)
            for days in (-10, 30)
        ]
        window = {
            "startTime": f"{edges[0].timestamp():.0f}000",
            "endTime": f"{edges[1].timestamp():.0f}000",
        }
        for group in (ALL_HANDS, LEADERSHIP, CLUB):
            answer = zoho.connect("/upcomingEvents", scopeID=NETWORK, partitionId=group, **window)
            assert len(answer["upcomingEvents"]["events"]) >= 2
        assert len(zoho.backstage(f"/portals/{PORTAL}/events")["events"]) == 10
