"""Upstream zone names and offsets as IANA zones, and zones as VTIMEZONE text.

It must not guess: a name that it does not know is None, and the caller falls back to the numeric offset or to UTC.
"""

from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from io import BytesIO
import re
import struct
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

from bridge.domain.timezones import tzif as _vtimezone
from bridge.domain.timezones.names import JAVA_SHORT_IDS, OLD_NAMES, REMOVED_NAMES, WINDOWS_NAMES

# Zones come from PyPI's tzdata alone: the system's copy may be a year old, and differs between two machines that
# serve the same feed. Zones that someone made before this line are not to be handed out again.
reset_tzpath(to=())
ZoneInfo.clear_cache()

_KEYS = frozenset(available_timezones()) - {
    "Factory"
}  # "Factory" says that nobody has set the zone
_MINUTE = timedelta(minutes=1)
_FIXED_KEY = re.compile(r"UTC([+-])([0-9]{2}):([0-5][0-9])")
_OFFSET = re.compile(
    r"(?:GMT|UTC|UT)? ?([+\-\N{MINUS SIGN}])([0-9]{1,2})(?::?([0-5][0-9]))?", re.IGNORECASE
)
_WIDEST = timedelta(hours=18)  # as in java.time.ZoneOffset, which is upstream's measure
_LABELLED = re.compile(r"\( ?(?:GMT|UTC)[^()]*\) ?(.+)", re.IGNORECASE)
_NAMED_LAST = re.compile(r".*\( ?([a-z_]+/[a-z0-9_/+-]+) ?\)", re.IGNORECASE)

UTC_ZONE = ZoneInfo("UTC")


class _FixedZone(ZoneInfo):
    """A constant offset under a key of ours; unlike other zones made from bytes it can be copied and pickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return zone_by_key, (self.key,)


def zone(name: str) -> ZoneInfo | None:
    """Give the zone that an upstream name or offset means, under its current IANA key; None when unknown.

    Takes IANA names old and new, Java's short ids, Windows names, ``(GMT+05:30) Asia/Kolkata`` and plain offsets like
    ``+0530`` or ``GMT+5:30``. Upper and lower case are one; every spelling of UTC is ``UTC_ZONE``. Rulebook 25.
    """
    text = " ".join(name.split())
    if found := _named(text):
        return found
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups(default="0")
        size = timedelta(hours=int(hours), minutes=int(minutes))
        return None if size > _WIDEST else fixed_zone(size if sign == "+" else -size)
    # The label's offset is that of winter at best: without a name beside it, it is not a zone.
    if (match := _LABELLED.fullmatch(text)) and (found := _named(match[1])):
        return found
    if match := _NAMED_LAST.fullmatch(text):
        return _named(match[1])
    return None


@cache
def fixed_zone(offset: timedelta) -> ZoneInfo:
    """Give the zone whose clocks are always ``offset`` from UTC: key ``UTC+05:30``, one object for each offset.

    ``UTC_ZONE`` for no offset. ValueError unless whole minutes and less than a day, as a ``datetime`` needs.
    """
    if offset % _MINUTE or abs(offset) >= timedelta(days=1):
        raise ValueError(f"a UTC offset is in whole minutes and less than a day, not {offset}")
    if not offset:
        return UTC_ZONE
    return _FixedZone.from_file(
        BytesIO(_fixed_tzif(offset)), key=f"UTC{_vtimezone.offset_text(offset, ':')}"
    )


def is_fixed(zone: ZoneInfo) -> bool:
    """Tell whether ``fixed`` made the zone: an offset is all that is known of it."""
    return isinstance(zone, _FixedZone)


def zone_by_key(key: str) -> ZoneInfo:
    """Give the zone back whose ``.key`` this is; ValueError when there is none."""
    if offset := _fixed_offset(key):
        return fixed_zone(offset)
    if key not in _KEYS:
        raise ValueError(f"there is no time zone with the key {key!r}")
    return ZoneInfo(key)


@cache
def exact_since(zone: ZoneInfo) -> datetime | None:
    """Tell the instant (UTC) from which ``vtimezone`` of the zone tells every change of its clocks, for ever.

    Year 1 for clocks that never changed; it may lie ahead when the rules are about to change. None when one pair of
    yearly rules never can tell them, as in Chile (the Sunday after the first Saturday). Rulebook 26, 28.
    """
    return _vtimezone.exact_since(_tzif(zone.key))


@cache
def vtimezone(key: str) -> bytes:
    """Write the VTIMEZONE of the zone with this key, which is its TZID: UTF-8, CRLF, the same bytes every time.

    ValueError for an unknown key and where ``exact_since`` is None. Rulebook 24-27.
    """
    zone_by_key(key)
    return _vtimezone.vtimezone(key, _tzif(key))


def _named(name: str) -> ZoneInfo | None:
    key = _NAMES.get(name.lower()) or _NAMES.get(name.replace(" ", "_").lower())
    return ZoneInfo(key) if key else None


def _fixed_offset(key: str) -> timedelta | None:
    match = _FIXED_KEY.fullmatch(key)
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return size if match[1] == "+" else -size


def _tzif(key: str) -> bytes:
    if offset := _fixed_offset(key):
        return _fixed_tzif(offset)
    return _resource(key)


def _fixed_tzif(offset: timedelta) -> bytes:
    """Write the smallest TZif file (RFC 9636 3): no change, one type of local time, in both of its blocks."""
    name = _vtimezone.offset_text(offset)
    chars = f"{name}\0".encode()
    block = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, len(chars))
    block += struct.pack(">lbb", offset // timedelta(seconds=1), 0, 0) + chars
    # POSIX counts offsets westwards.
    return block + block + f"\n<{name}>{_vtimezone.offset_text(-offset, ':')}\n".encode()


def _resource(name: str) -> bytes:
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def _lines(name: str) -> list[str]:
    return _resource(name).decode().splitlines()


def _names() -> dict[str, str]:
    """Give the current key for every name, in lower case.

    A link of the tz database is an old spelling, unless zone.tab has it: then it is a country's own zone, which merely
    shares its clocks since 1970 with another (Europe/Stockholm with Europe/Berlin).
    """
    links = {
        old: new
        for _, new, old in (line.split() for line in _lines("tzdata.zi") if line.startswith("L "))
    }
    of_countries = {line.split("\t")[2] for line in _lines("zone.tab") if not line.startswith("#")}

    def current(key: str) -> str:
        while key not in of_countries and key not in OLD_NAMES and key in links:
            key = links[key]
        return OLD_NAMES.get(key, key)

    names = {key: current(key) for key in _KEYS} | WINDOWS_NAMES | REMOVED_NAMES | JAVA_SHORT_IDS
    return {name.lower(): key for name, key in names.items()}


_NAMES = _names()
