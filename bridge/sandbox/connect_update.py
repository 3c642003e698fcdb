"""What becomes of an event of the sandbox's Connect when it is updated, and the answer (Zoho Connect: updateEvent).

Parameters are those of the document's table, the answer has the shape of its sample: the event inside a stream, with
the stream's id twice in the event's own address. How a refusal is worded no document tells.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sandbox.data_connect import EPOCH_ZONE, MONTHS, formatted, google, wall
from bridge.sandbox.state import Json

_MOST = {"title": 250, "desc": 1000, "location": 250}
_INTERVALS = {
    "intervalDay": {"0", "1", "2", "7"},
    "intervalHour": {str(hour) for hour in range(24)},
    "intervalMinute": {"5", "15", "30", "60", "120"},
}
_PARTS = ("Year", "Month", "Date", "Hour", "Min")
_OF_TIMED = (
    "formattedStartTime",
    "fullformattedStartTime",
    "formattedEndTime",
    "fullformattedEndTime",
)


class RefusedError(ValueError):
    """The parameters don't name what is there, or are not as documented."""


def changed(
    event: Json, asked: Mapping[str, str], profile_zone: str
) -> tuple[Json, tuple[str, ...]]:
    """Give the fields that an update sets, and those that it takes away; RefusedError for what is not documented.

    Wall clocks are those of the profile's zone; one that is shown twice is the first of the two.
    """
    if not asked.get("title"):
        raise RefusedError("title is missing")
    for name, most in _MOST.items():
        if len(asked.get(name, "").encode("utf-16-le")) // 2 > most:
            raise RefusedError(f"{name} has more than {most} characters")
    here = zone(profile_zone) or UTC_ZONE
    start, end = (_wall_clock(side, asked).replace(tzinfo=here) for side in ("start", "end"))
    all_day = asked.get("allDay") == "true"
    if all_day:
        start, end = (side.replace(hour=0, minute=0) for side in (start, end))
    if end.astimezone(UTC) < start.astimezone(UTC):
        raise RefusedError("The end is before the start")
    junk = int(event["startTime"]) % 1000
    epochs = [side.replace(tzinfo=EPOCH_ZONE) if all_day else side for side in (start, end)]
    fields: dict[str, Any] = {
        "title": asked["title"],
        "googleCalendarUrl": google(asked["title"], start, end, all_day=all_day),
        "startTime": f"{int(epochs[0].timestamp())}{junk:03d}",
        "endTime": f"{int(epochs[1].timestamp())}{junk:03d}",
        **wall("start", start),
        "dateComFormatStr": f"{start:%d}-{MONTHS[start.month - 1][:3]}-{start:%Y}",
        **wall("end", end),
        "date": f"{start:%Y%m%d}",
        **{name: asked[name] for name in ("desc", "location") if name in asked},
        **_reminder(asked),
    }
    if all_day:
        return fields | {"isAllDay": "true"}, _OF_TIMED
    return fields | formatted("Start", start) | formatted("End", end), ("isAllDay",)


def answer(event: Json, partition: Json) -> Json:
    """Give the answer of an update that was carried out."""
    stream, user = event["streamId"], event["userDetails"]
    address = event["url"].removesuffix(stream).removesuffix("/stream/")
    inner = {key: value for key, value in event.items() if key not in {"date", "partition"}}
    inner |= {"url": f"{address}/stream/{stream}{stream}", "canAddReminder": "true"}
    by, where = f"*^$@_USERNAME_*^$@_{user['id']}", "*^$@_PARTITION_*^$@"
    return {
        "updateEvent": {
            "stream": {
                "id": stream,
                "userDetails": user,
                "partition": partition,
                "allowFooter": "true",
                "isApproved": "true",
                "isSpam": "false",
                "reason": {
                    "items": {where: partition, by: user},
                    "msg": f"{by} has created an event in {where}.",
                },
                "type": "EVENT",
                "link": {
                    "linkurl": f"{address}/event/{stream}?isNative=true",
                    "title": event["title"],
                },
                "event": inner,
                "content": [],
                "time": event["startTime"],
                "streamModifiedTime": event["startTime"],
                "formatedTime": "07:36 PM",
                "lastActivityTime": "0",
                "viewCount": "1",
                "canHide": "true",
                "comments": [],
                "url": f"{address}/stream/{stream}",
                "streamMentionData": [],
            }
        }
    }


def _wall_clock(side: str, asked: Mapping[str, str]) -> datetime:
    parts = []
    for part in _PARTS:
        text = asked.get(f"{side}{part}", "")
        if not text.isdecimal():
            raise RefusedError(f"{side}{part} is {'not a number' if text else 'missing'}")
        parts.append(int(text))
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - the zone is the profile's
    except ValueError as error:
        raise RefusedError(f"{side}: {error}") from error


def _reminder(asked: Mapping[str, str]) -> Json:
    """Give a new reminder; parts that are not sent are none of it."""
    found = {name: asked[name] for name in _INTERVALS if name in asked}
    for name, text in found.items():
        if text not in _INTERVALS[name]:
            raise RefusedError(f"{name} is one of {sorted(_INTERVALS[name], key=int)}")
    if not found:
        return {}
    return {"hasReminder": "true", **dict.fromkeys(_INTERVALS, "0"), **found}
