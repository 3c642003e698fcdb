"""Builders of Zoho Calendar's JSON objects: calendars, events, series and their changed instances.

The fields are those of the documents' samples and of public clients. No builder reads a clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
import uuid

from bridge.sandbox.dates import wall_time
from bridge.sandbox.files import template
from bridge.sandbox.state import Json

_UIDS = uuid.UUID("0c6f1c52-8f0c-5d3e-9f25-7a8f5f7a5f11")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The times of an event as fields; ``slot`` is its start as a ``recurrenceid``."""

    fields: Json
    slot: str


def info(uid: str, name: str, **fields: Any) -> Json:
    """Return a calendar of the list (Zoho APIs 4.1)."""
    return template("calendar") | {"uid": uid, "name": name, **fields}


def timed(zone: str, day: date, at: str, minutes: int) -> When:
    """Return a time by the clock of ``zone``; a time that the clocks skip is an hour later."""
    here = wall_time(day, at, zone).tzinfo
    start = wall_time(day, at, zone).astimezone(UTC)
    first, last = start.astimezone(here), (start + timedelta(minutes=minutes)).astimezone(here)
    fields = {
        "start": f"{first:%Y%m%dT%H%M%S}",
        "end": f"{last:%Y%m%dT%H%M%S}",
        "isallday": False,
        "multiday": first.date() != last.date(),
        "duration": minutes * 60_000,
        "dateandtime": {
            "timezone": zone,
            "start": f"{first:%Y%m%dT%H%M%S%z}",
            "end": f"{last:%Y%m%dT%H%M%S%z}",
        },
    }
    return When(fields=fields, slot=f"{start:%Y%m%dT%H%M%SZ}")


def all_day(day: date, days: int, *, exclusive: bool = False) -> When:
    """Return whole days; the end counts unless ``exclusive`` (Zoho documents neither)."""
    end = day + timedelta(days=days if exclusive else days - 1)
    ends = {"start": f"{day:%Y%m%d}", "end": f"{end:%Y%m%d}"}
    fields = {
        **ends,
        "isallday": True,
        "multiday": days > 1,
        "duration": days * 86_400_000,
        "dateandtime": {"timezone": "Europe/Berlin", **ends},
    }
    return When(fields=fields, slot=ends["start"])


class Builder:
    """The builder of one calendar's objects; a number fixes an event's UID and time of change."""

    def __init__(self, caluid: str, calid: str, today: date) -> None:
        self._caluid = caluid
        self._calid = calid
        self._changed = datetime.combine(today - timedelta(days=30), time(6, 17, 13), UTC)
        self._number = 0

    def __call__(
        self,
        title: str,
        when: When,
        *,
        number: int = 0,
        rule: str = "",
        reminders: list[str | int] | None = None,
        **fields: Any,
    ) -> Json:
        """Return an event, or a series with ``rule``; its ``reminders`` are minutes.

        Without ``number`` events are numbered as they are built.
        """
        self._number = number or self._number + 1
        changed = self._changed + timedelta(hours=self._number)
        item = template("calendar_event") | {
            "calid": self._calid,
            "caluid": self._caluid,
            "title": title,
            "uid": f"{uuid.uuid5(_UIDS, f'{self._caluid}/{self._number}').hex}@zoho.com",
            "etag": str(int(changed.timestamp() * 1000)),
            "lastmodifiedtime": f"{changed:%Y%m%dT%H%M%SZ}",
        }
        if rule:
            item["rrule"] = rule
        if reminders:
            item["reminders"] = [{"minutes": minutes, "action": "popup"} for minutes in reminders]
        return item | when.fields | fields

    def instance(self, master: Json, slot: str, when: When, **fields: Any) -> Json:
        """Return a changed instance of a series: its uid, the slot that it replaces, no rule."""
        own = {key: master[key] for key in master.keys() - {"rrule", "exdate"}}
        return own | when.fields | {"recurrenceid": slot} | fields

    def deleted(self, master: Json, slot: str) -> Json:
        """Return what remains of a deleted instance of a series."""
        kept = {key: master[key] for key in ("uid", "caluid", "calid", "title", "etag")}
        return kept | {"recurrenceid": slot, "estatus": "deleted"}
