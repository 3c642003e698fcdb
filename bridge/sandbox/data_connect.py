"""A lively Connect network: groups with events around a day, in the form of the documents' sample.

Every scalar is text, a flag that is false is left out, and ``googleCalendarUrl`` is as wrong as Zoho's (Zoho Connect:
clock analysis). Everything is made up. It must not read a clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote_plus

from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sandbox.state import Group, Json, Network, Shelf

NETWORK = "931000000021003"
ALL_HANDS, LEADERSHIP, CLUB = "931000000330001", "931000000330017", "931000000330042"
CONNECT_ZONE = "Europe/Berlin"
"""The zone of the account's Connect profile, which no answer names: the wall clock of the lively events."""

_HERE = zone(CONNECT_ZONE) or UTC_ZONE
EPOCH_ZONE = (
    zone("America/Los_Angeles") or UTC_ZONE
)  # whose midnight is the epoch of an all-day event
_PORTAL = "https://connect.zoho.com/portal/northwind"
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CREATOR = {"zuid": "3071411", "id": "3071411", "name": "Ada Lindqvist", "canFollow": "true"}
_GUEST = {
    "zuid": "3071490",
    "id": "3071490",
    "name": "Tomás Ibáñez",
    "canFollow": "true",
    "type": "C",
}


def networks(today: date) -> dict[str, Network]:
    """Give the network "Northwind" with its three groups as they are on ``today``."""
    groups = [
        _group(ALL_HANDS, "All hands", "all-hands"),
        _group(LEADERSHIP, "Leadership", "leadership", isPrivate="true"),
        _group(CLUB, "Social club 🎲", "social-club"),
    ]
    for group, rows in zip(
        groups, (_all_hands(today), _leadership(today), _club(today)), strict=True
    ):
        group.events.add(*(_event(today, group.info, **row) for row in rows))
    shared = groups[0].events.find("931000000712010")[0]
    groups[2].events.add(shared)  # two groups are invited: it is in the answer of each
    info = {"name": "Northwind", "id": NETWORK, "soid": "30271150", "url": _PORTAL}
    held = {group.info["id"]: group for group in groups}
    return {NETWORK: Network(info=info, groups=held, zone=CONNECT_ZONE)}


def _all_hands(today: date) -> list[dict[str, Any]]:
    def on(days: int) -> date:
        return today + timedelta(days=days)

    monday = on(-today.weekday())
    weekly = [
        {
            "number": 712020,
            "title": "Coffee with the founders",
            "day": monday + timedelta(weeks=week),
            "at": "15:00",
        }
        for week in range(-3, 9)
    ]
    return [
        {"number": 712001, "title": "Town hall", "day": on(-30), "at": "16:00", "minutes": 90},
        {
            "number": 712005,
            "title": "Town hall",
            "day": on(7),
            "at": "16:00",
            "minutes": 90,
            "intervalMinute": "15",
        },
        {"number": 712008, "title": "Company holiday", "day": on(3), "days": 1},
        {
            "number": 712009,
            "title": "Office move 📦",
            "day": on(12),
            "days": 3,
            "desc": "Pack on Wednesday,\nlabel all.",
        },
        {
            "number": 712010,
            "title": "Summer party ☀️ & barbecue",
            "day": on(20),
            "at": "17:30",
            "minutes": 390,  # past midnight
            "desc": "Families are welcome.\n\nBring: good mood; a blanket, perhaps.",
            "location": "Roof terrace, Speicherstraße 4",
            "intervalDay": "1",
            "intervalHour": "2",
            "intervalMinute": "0",
            "guests": True,
        },
        {
            "number": 712012,
            "title": "Fire drill",
            "day": on(2),
            "at": "11:00",
            "minutes": 0,
            "intervalMinute": "0",
        },
        {"number": 712015, "title": "Late call with Pago Pago", "day": on(5), "at": "00:45"},
        {
            "number": 712016,
            "title": "New year countdown ✨",
            "day": date(today.year, 12, 31),
            "at": "23:00",
        },
        *weekly,
    ]


def _leadership(today: date) -> list[dict[str, Any]]:
    day = today + timedelta(days=4)
    return [
        {
            "number": 713001,
            "title": "Reorganisation (confidential)",
            "day": day,
            "at": "09:00",
            "intervalHour": "1",
        },
        {
            "number": 713002,
            "title": "Offsite",
            "day": day + timedelta(days=10),
            "days": 2,
            "location": "Rügen",
        },
    ]


def _club(today: date) -> list[dict[str, Any]]:
    rows = [
        (714001, "Board games 🎲", 1),
        (714002, "ליל משחקים", 8),
        (714003, "Marathon relay 🏃🏽‍♀️", 29),
    ]
    return [
        {
            "number": number,
            "title": title,
            "day": today + timedelta(days=days),
            "at": "19:00",
            "minutes": 180,
        }
        for number, title, days in rows
    ]


def _group(group_id: str, name: str, slug: str, **flags: str) -> Group:
    info = {
        "id": group_id,
        "name": name,
        "partitionUrl": slug,
        "url": slug,
        **flags,
        "status": "ACTIVE",
    }
    return Group(
        info=info | {"isAdmin": "true", "type": "GROUP", "typeOrd": "2", "isUserFollow": "false"},
        events=Shelf("streamId"),
    )


def _event(
    today: date,
    partition: Json,
    *,
    number: int,
    title: str,
    day: date,
    at: str = "",
    minutes: int = 60,
    days: int = 0,
    guests: bool = False,
    **extra: str,
) -> Json:
    """Give one event: at ``at`` for ``minutes``, or with ``days`` all day; ``extra`` are its reminder and texts."""
    stream = f"931000000{number}"
    if days:
        start = datetime.combine(day, time(), _HERE)
        end = datetime.combine(day + timedelta(days=days - 1), time(), _HERE)  # its last day
        epochs = [moment.replace(tzinfo=EPOCH_ZONE) for moment in (start, end)]
    else:
        start = (
            datetime.combine(day, time.fromisoformat(at), _HERE).astimezone(UTC).astimezone(_HERE)
        )
        end = (start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(_HERE)
        epochs = [start, end]
    junk = number % 1000
    event: Json = {"title": title}
    if end.date() < today:
        event["isExpired"] = "true"
    event |= {"type": "EVENT", "streamId": stream}
    if guests:
        event |= {
            "invitedUserList": [{"status": "Pending", "invitedUser": _GUEST}],
            "invitedUserCount": "1",
        }
    people = {
        "yesUsers": [],
        "maybeUsers": [],
        "noUsers": [],
        "pendingUsers": [_GUEST] if guests else [],
    }
    event |= {
        "participants": {"invitedGroups": [partition], **people},
        "eventInvitedCount": "2" if guests else "1",
        "pvtEventMemberList": f",{_GUEST['id']},{partition['id']},"
        if guests
        else f",{partition['id']},",
        "userDetails": _CREATOR,
        "url": f"{_PORTAL}/stream/{stream}",
        "googleCalendarUrl": google(title, start, end, all_day=bool(days)),
        **({} if days else formatted("Start", start)),
        "startTime": f"{int(epochs[0].timestamp())}{junk:03d}",
        "endTime": f"{int(epochs[1].timestamp())}{junk:03d}",
        **wall("start", start),
        "dateComFormatStr": f"{start:%d}-{MONTHS[start.month - 1][:3]}-{start:%Y}",
        **({} if days else formatted("End", end)),
        **wall("end", end),
        "canEdit": "true",
        "canDelete": "true",
    }
    if days:
        event["isAllDay"] = "true"
    if any(name.startswith("interval") for name in extra):
        event["hasReminder"] = "true"
    return (
        event
        | extra
        | {"canAddRepetition": "true", "date": f"{start:%Y%m%d}", "partition": partition}
    )


def wall(side: str, when: datetime) -> Json:
    """Give the fields of one side's wall clock."""
    return {
        f"{side}Day": str(when.isoweekday() % 7 + 1),  # 1 is Sunday
        f"{side}Date": str(when.day),
        f"{side}Month": str(when.month),
        f"{side}Year": str(when.year),
        f"{side}Min": str(when.minute),
        f"{side}Hour": str(when.hour),
    }


def formatted(side: str, when: datetime) -> Json:
    """Give one side's time in words, which all-day events have not."""
    clock = f"{when.hour % 12 or 12:02d}:{when:%M} {'AM' if when.hour < 12 else 'PM'}"
    return {
        f"formatted{side}Time": clock,
        f"fullformatted{side}Time": f"{MONTHS[when.month - 1]} {when:%d}, {when:%Y} {clock}",
    }


def google(title: str, start: datetime, end: datetime, *, all_day: bool) -> str:
    """Give Zoho's link to Google: the date of the wall clock joined to the time of UTC, so often a day off."""
    if all_day:
        dates = f"{start:%Y%m%d}/{end + timedelta(days=1):%Y%m%d}"
    else:
        dates = "/".join(f"{side:%Y%m%d}T{side.astimezone(UTC):%H%M%S}Z" for side in (start, end))
    address = "https://www.google.com/calendar/render?action=TEMPLATE"
    return f"{address}&text={quote_plus(title)}&dates={dates}&details=&location=&trp=false&sprop=&sprop=name:"
