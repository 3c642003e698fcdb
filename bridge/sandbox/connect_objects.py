"""Builders of Zoho Connect's JSON objects: events of a group, and the fields that hold their times.

Every scalar is text, and a flag that is false is absent. ``googleCalendarUrl`` is as wrong as
Zoho's (Zoho APIs 3.5). No builder reads a clock.
"""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from bridge.domain.timezones import zone
from bridge.sandbox.dates import day_of, wall_time
from bridge.sandbox.files import template
from bridge.sandbox.state import Json

CONNECT_ZONE = "Europe/Berlin"
"""Zone of the account's Connect profile, which no answer names: the wall clock of the events."""

_EPOCH_ZONE = ZoneInfo("America/Los_Angeles")  # the epoch of an all-day event is its midnight
_GOOGLE = "https://www.google.com/calendar/render?action=TEMPLATE"


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
    members = [guest["id"] for guest in invited] + [partition["id"]]
    people = {"yesUsers": [], "maybeUsers": [], "noUsers": [], "pendingUsers": invited}
    item = template("connect_event") | {
        "title": title,
        "streamId": stream,
        "participants": {"invitedGroups": [partition], **people},
        "eventInvitedCount": str(len(members)),
        "pvtEventMemberList": f",{','.join(members)},",
        "url": f"https://connect.zoho.com/portal/northwind/stream/{stream}",
        "partition": partition,
        **times(title, start, end, all_day=bool(days), junk=number % 1000),
        **fields,
    }
    if guests:
        item["invitedUserList"] = [{"status": "Pending", "invitedUser": invited[0]}]
        item["invitedUserCount"] = "1"
    if end.date() < today:
        item["isExpired"] = "true"
    if any(name.startswith("interval") for name in fields):
        item["hasReminder"] = "true"
    return item


def times(title: str, start: datetime, end: datetime, *, all_day: bool, junk: int) -> Json:
    """Return the times of an event as fields; ``junk`` are the milliseconds of its epochs."""
    fields = {"googleCalendarUrl": _google(title, start, end, all_day=all_day)}
    fields |= {"date": f"{start:%Y%m%d}", "dateComFormatStr": f"{start:%d-%b-%Y}"}
    for side, when in (("start", start), ("end", end)):
        epoch = when.replace(tzinfo=_EPOCH_ZONE) if all_day else when
        fields |= {
            f"{side}Time": f"{int(epoch.timestamp())}{junk:03d}",
            f"{side}Day": str(when.isoweekday() % 7 + 1),  # 1 is Sunday
            f"{side}Date": str(when.day),
            f"{side}Month": str(when.month),
            f"{side}Year": str(when.year),
            f"{side}Min": str(when.minute),
            f"{side}Hour": str(when.hour),
        }
        if not all_day:
            fields[f"formatted{side.title()}Time"] = f"{when:%I:%M %p}"
            fields[f"fullformatted{side.title()}Time"] = f"{when:%B %d, %Y %I:%M %p}"
    return fields | ({"isAllDay": "true"} if all_day else {})


def _google(title: str, start: datetime, end: datetime, *, all_day: bool) -> str:
    """Return Zoho's link to Google: the local date with the time of UTC, often a day off."""
    if all_day:
        dates = f"{start:%Y%m%d}/{end + timedelta(days=1):%Y%m%d}"
    else:
        dates = "/".join(f"{side:%Y%m%d}T{side.astimezone(UTC):%H%M%S}Z" for side in (start, end))
    text = f"&text={quote_plus(title)}&dates={dates}"
    return f"{_GOOGLE}{text}&details=&location=&trp=false&sprop=&sprop=name:"
