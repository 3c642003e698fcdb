"""Builders of Zoho Connect's JSON objects: events of a group, and the fields that hold their times.

Every scalar is text, and a flag that is false is absent (Zoho APIs 3.5). Fields that only repeat
the times or guests are left out. No builder reads a clock.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bridge.domain.timezones import zone
from bridge.sandbox.dates import day_of, wall_time
from bridge.sandbox.files import template
from bridge.sandbox.state import Json

CONNECT_ZONE = "Europe/Berlin"
"""Zone of the account's Connect profile, which no answer names: the wall clock of the events."""

_EPOCH_ZONE = ZoneInfo("America/Los_Angeles")  # the epoch of an all-day event is its midnight


def event(
    today: date,
    partition: Json,
    *,
    number: int,
    title: str,
    day: str | int,
    at: str = "",
    minutes: int = 60,
    days: int = 0,
    guests: bool = False,
    **fields: str,
) -> Json:
    """Return an event of the group ``partition``; ``fields`` are its texts and its reminder.

    It lasts ``minutes`` from ``at`` ("18:00"), or ``days`` whole days.
    """
    stream = f"931000000{number}"
    start = wall_time(day_of(day, today), at or "00:00", CONNECT_ZONE).astimezone(UTC)
    start = start.astimezone(zone(CONNECT_ZONE))  # a time that the clocks skip is an hour later
    if days:
        end = start + timedelta(days=days - 1)  # its last day
    else:
        end = (start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(start.tzinfo)
    invited = [template("connect_guest")] if guests else []
    people = {"yesUsers": [], "maybeUsers": [], "noUsers": [], "pendingUsers": invited}
    item = template("connect_event") | {
        "title": title,
        "streamId": stream,
        "participants": {"invitedGroups": [partition], **people},
        "url": f"https://connect.zoho.com/portal/northwind/stream/{stream}",
        "partition": partition,
        **times(start, end, all_day=bool(days), junk=number % 1000),
        **fields,
    }
    if guests:
        item["invitedUserList"] = [{"status": "Pending", "invitedUser": invited[0]}]
    if any(name.startswith("interval") for name in fields):
        item["hasReminder"] = "true"
    return item


def times(start: datetime, end: datetime, *, all_day: bool, junk: int) -> Json:
    """Return the times of an event as fields; ``junk`` are the milliseconds of its epochs."""
    fields = {"isAllDay": "true"} if all_day else {}
    for side, when in (("start", start), ("end", end)):
        epoch = when.replace(tzinfo=_EPOCH_ZONE) if all_day else when
        fields |= {
            f"{side}Time": f"{int(epoch.timestamp())}{junk:03d}",
            f"{side}Date": str(when.day),
            f"{side}Month": str(when.month),
            f"{side}Year": str(when.year),
            f"{side}Min": str(when.minute),
            f"{side}Hour": str(when.hour),
        }
    return fields
