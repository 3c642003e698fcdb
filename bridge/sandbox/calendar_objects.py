"""Builders of Zoho Calendar's JSON objects: calendars, events, series and their changed instances.

It must not hold any data of its own; the fields are those of the documents' samples and of public clients.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
import uuid

from bridge.domain.timezones import UTC_ZONE, zone as zone_of
from bridge.sandbox.state import Json

_UIDS = uuid.UUID("0c6f1c52-8f0c-5d3e-9f25-7a8f5f7a5f11")
_OWNER = "ada@northwind.example"
_DAY_MS = 86_400_000
_NUMBERS = frozenset({"interval", "count", "bysetpos"})


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The fields that say when an event is, and ``slot``, the form its start has in a ``recurrenceid``."""

    fields: Json
    slot: str


def info(
    uid: str,
    name: str,
    *,
    zone: str,
    category: str = "own",
    privilege: str = "owner",
    default: bool = False,
    calid: str = "",
    reminders: list[Json] | None = None,
) -> Json:
    """Give a calendar of the list (Zoho Calendar: calendars)."""
    secret = uuid.uuid5(_UIDS, uid).hex
    one: Json = {
        "uid": uid,
        "name": name,
        "description": "",
        "color": "#8cbf40",
        "textcolor": "#000000",
        "timezone": zone,
        "isdefault": default,
        "status": True,
        "visibility": True,
        "include_infreebusy": True,
        "privilege": privilege,
        "category": category,
        "lastmodifiedtime": "20250102T081500Z",
        "reminders": reminders or [],
        "private": {
            "status": True,
            "icalurl": f"https://calendar.zoho.example/ical/{secret}/pvt_{secret[::-1]}",
        },
        "public": {
            "icalurl": f"https://calendar.zoho.example/ical/{secret}",
            "privilege": "freebusy",
        },
    }
    return one | ({"id": calid} if calid else {})


def timed(zone: str, day: date, at: str, minutes: int) -> When:
    """Give a time by the clock of ``zone``; one that the clocks skip there is an hour later."""
    here = zone_of(zone) or UTC_ZONE
    start = datetime.combine(day, time.fromisoformat(at), here).astimezone(UTC)
    end = start + timedelta(minutes=minutes)
    first, last = start.astimezone(here), end.astimezone(here)
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
    """Give whole days. No document says whether the end counts: here it does, but for ``exclusive``."""
    end = day + timedelta(days=days if exclusive else days - 1)
    first, last = f"{day:%Y%m%d}", f"{end:%Y%m%d}"
    fields = {
        "start": first,
        "end": last,
        "isallday": True,
        "multiday": days > 1,
        "duration": days * _DAY_MS,
        "dateandtime": {"timezone": "Europe/Berlin", "start": first, "end": last},
    }
    return When(fields=fields, slot=first)


class Builder:
    """Makes the objects of one calendar, numbered in the order in which they are made."""

    def __init__(self, caluid: str, calid: str, today: date) -> None:
        self._caluid = caluid
        self._calid = calid
        self._changed = datetime.combine(today - timedelta(days=30), time(6, 17, 13), UTC)
        self._made = 0

    def __call__(
        self,
        title: str,
        when: When,
        *,
        rule: str = "",
        reminders: list[str | int] | None = None,
        **fields: Any,
    ) -> Json:
        """Give an event, with ``rule`` a series; ``reminders`` are minutes and come in both of Zoho's lists."""
        self._made += 1
        changed = self._changed + timedelta(hours=self._made)
        item: Json = {
            "isprivate": False,
            "enable_eventmanagement": False,
            "role": "organizer",
            "calid": self._calid,
            "caluid": self._caluid,
            "title": title,
            "uid": f"{uuid.uuid5(_UIDS, f'{self._caluid}/{self._made}').hex}@zoho.com",
            "createdtime": f"{changed - timedelta(days=3):%Y%m%dT%HZ}",  # to the hour, as Zoho has it
            "createdby": _OWNER,
            "organizer": _OWNER,
            "modifiedby": _OWNER,
            "etag": str(int(changed.timestamp() * 1000)),
            "lastmodifiedtime": f"{changed:%Y%m%dT%H%M%SZ}",
            "calendar_alarm": False,
        }
        if rule:
            item |= {"rrule": rule, "repeat": [_parts(rule)]}
        if reminders:
            item["reminders"] = [{"minutes": minutes, "action": "popup"} for minutes in reminders]
            item["alarm"] = [
                {"action": "popup", "trigger": int(minutes) * 60_000} for minutes in reminders
            ]
        return item | when.fields | fields

    def instance(self, master: Json, slot: str, when: When, **fields: Any) -> Json:
        """Give a changed instance of a series: the same uid, the slot it replaces, no rule."""
        kept = {
            key: value for key, value in master.items() if key not in {"rrule", "repeat", "exdate"}
        }
        return kept | when.fields | {"recurrenceid": slot} | fields

    def deleted(self, master: Json, slot: str) -> Json:
        """Give what is left of a deleted instance of a series."""
        kept = {key: master[key] for key in ("uid", "caluid", "calid", "title", "etag")}
        return kept | {"recurrenceid": slot, "estatus": "deleted"}


def _parts(rule: str) -> Json:
    """Give a rule the second way in which Zoho tells it."""
    pairs = (part.split("=") for part in rule.split(";"))
    parts: Json = {key.lower(): value for key, value in pairs}
    parts["freq"] = parts["freq"].lower()
    return {key: int(value) if key in _NUMBERS else value for key, value in parts.items()}
