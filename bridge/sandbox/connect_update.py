"""Update of an event of the sandbox's Connect, and its answer (Zoho APIs 3.6).

Parameters are those of the document's table. The answer has the event inside a stream, with the
stream's id twice in the event's own address, as in the sample. No document shows the words of a
refusal.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.domain.timezones import UTC_ZONE, zone
from bridge.sandbox.connect_objects import times
from bridge.sandbox.state import Json

_LONGEST = {"title": 250, "desc": 1000, "location": 250}
_INTERVALS = {
    "intervalDay": {"0", "1", "2", "7"},
    "intervalHour": {str(hour) for hour in range(24)},
    "intervalMinute": {"5", "15", "30", "60", "120"},
}


def update_fields(
    event: Json, form: Mapping[str, str], profile_zone: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields that an update sets, and those that it removes.

    Raise ValueError for parameters that are not as documented. Wall clocks are those of the
    profile's zone; a time that is shown twice is the first of the two.
    """
    if not form.get("title"):
        raise ValueError("title is missing")
    for name, most in _LONGEST.items():
        if len(form.get(name, "").encode("utf-16-le")) // 2 > most:
            raise ValueError(f"{name} has more than {most} characters")
    here = zone(profile_zone) or UTC_ZONE
    start, end = (_wall_clock(side, form).replace(tzinfo=here) for side in ("start", "end"))
    all_day = form.get("allDay") == "true"
    if all_day:
        start, end = (side.replace(hour=0, minute=0) for side in (start, end))
    if end.astimezone(UTC) < start.astimezone(UTC):
        raise ValueError("The end is before the start")
    junk = int(event["startTime"]) % 1000
    fields = {
        **{name: form[name] for name in _LONGEST if name in form},
        **times(start, end, all_day=all_day, junk=junk),
        **_reminder(form),
    }
    return fields, () if all_day else ("isAllDay",)


def answer(event: Json, partition: Json) -> Json:
    """Return the answer of an update that was carried out."""
    stream = event["streamId"]
    inner = {key: value for key, value in event.items() if key != "partition"}
    inner |= {"url": f"{event['url']}{stream}", "canAddReminder": "true"}
    fields = {"id": stream, "partition": partition, "event": inner, "url": event["url"]}
    return {"updateEvent": {"stream": fields}}


def _wall_clock(side: str, form: Mapping[str, str]) -> datetime:
    names = [f"{side}{part}" for part in ("Year", "Month", "Date", "Hour", "Min")]
    for name in names:
        if not form.get(name, "").isdecimal():
            raise ValueError(f"{name} is {'not a number' if form.get(name) else 'missing'}")
    year, month, day, hour, minute = (int(form[name]) for name in names)
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the zone is the profile's


def _reminder(form: Mapping[str, str]) -> Json:
    """Return the fields of a new reminder; parts that are not sent are 0."""
    parts = {name: form[name] for name in _INTERVALS if name in form}
    for name, text in parts.items():
        if text not in _INTERVALS[name]:
            raise ValueError(f"{name} is one of {sorted(_INTERVALS[name], key=int)}")
    return {"hasReminder": "true", **dict.fromkeys(_INTERVALS, "0"), **parts} if parts else {}
