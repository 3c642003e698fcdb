"""Time zones: upstream names and offsets as ``ZoneInfo``, and a ``ZoneInfo`` as VTIMEZONE text.

It must not guess. An unknown name is None, and the caller uses the numeric offset or UTC instead.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from io import BytesIO
import re
import struct
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

from bridge.domain.data_file import read_toml
from bridge.domain.timezones import tzif

# Zones come from the package tzdata only. The system's copy can be a year old, and it can differ
# between two machines that serve the same feed. The cache can hold zones from that copy.
reset_tzpath(to=())
ZoneInfo.clear_cache()

# "Factory" stands for a machine whose zone is not configured.
_KEYS = frozenset(available_timezones()) - {"Factory"}
_MINUTE = timedelta(minutes=1)
_FIXED_KEY = re.compile(r"UTC([+-])([0-9]{2}):([0-5][0-9])")
_OFFSET = re.compile(
    r"(?:GMT|UTC|UT)? ?([+\-\N{MINUS SIGN}])([0-9]{1,2})(?::?([0-5][0-9]))?", re.IGNORECASE
)
_WIDEST = timedelta(hours=18)  # as in java.time.ZoneOffset: Zoho runs on Java
_NAME_AFTER_LABEL = re.compile(r"\( ?(?:GMT|UTC)[^()]*\) ?(.+)", re.IGNORECASE)
_NAME_AT_END = re.compile(r".*\( ?([a-z_]+/[a-z0-9_/+-]+) ?\)", re.IGNORECASE)

UTC_ZONE = ZoneInfo("UTC")


class _FixedZone(ZoneInfo):
    """A constant offset under a key of the bridge. It can be copied and pickled by its key."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return zone_by_key, (self.key,)


def zone(name: str) -> ZoneInfo | None:
    """Return the zone that an upstream name or offset means, under its current IANA key.

    Accepts IANA names old and new, Java's short ids, Windows names, ``(GMT+05:30) Asia/Kolkata``
    and offsets like ``+0530`` or ``GMT+5:30``. Case is ignored. Every spelling of UTC is
    ``UTC_ZONE``. None if the name is unknown. Rulebook 25.
    """
    text = " ".join(name.split())
    if known := _zone_by_alias(text):
        return known
    if match := _OFFSET.fullmatch(text):
        offset = _signed_offset(match)
        return None if abs(offset) > _WIDEST else fixed_zone(offset)
    # The offset in a label is the offset of winter at best, so only the name beside it counts.
    for pattern in (_NAME_AFTER_LABEL, _NAME_AT_END):
        if (match := pattern.fullmatch(text)) and (known := _zone_by_alias(match[1])):
            return known
    return None


@cache
def fixed_zone(offset: timedelta) -> ZoneInfo:
    """Return the zone with a constant UTC offset, under the key ``UTC+05:30``.

    The same offset returns the same object, and no offset returns ``UTC_ZONE``. Raises ValueError
    unless the offset is in whole minutes and less than a day, as a ``datetime`` needs.
    """
    if offset % _MINUTE or abs(offset) >= timedelta(days=1):
        raise ValueError(f"a UTC offset is in whole minutes and less than a day, not {offset}")
    if not offset:
        return UTC_ZONE
    key = f"UTC{tzif.offset_text(offset, ':')}"
    return _FixedZone.from_file(BytesIO(_fixed_tz_file(offset)), key=key)


def is_fixed(zone: ZoneInfo) -> bool:
    """Return whether ``fixed_zone`` made the zone, so that only its offset is known."""
    return isinstance(zone, _FixedZone)


def zone_by_key(key: str) -> ZoneInfo:
    """Return the zone whose ``key`` this is. Raises ValueError if there is none."""
    if offset := _offset_of_key(key):
        return fixed_zone(offset)
    if key not in _KEYS:
        raise ValueError(f"there is no time zone with the key {key!r}")
    return ZoneInfo(key)


@cache
def exact_since(zone: ZoneInfo) -> datetime | None:
    """Return the time in UTC from which the zone's VTIMEZONE has every change of its clocks.

    It is in the year 1 if the clocks never changed, and can lie ahead if the rules are about to
    change. None if a pair of yearly rules cannot express the zone, as in Chile (the Sunday after
    the first Saturday). Rulebook 26, 28.
    """
    return tzif.exact_since(_tz_file(zone.key))


@cache
def vtimezone(key: str) -> bytes:
    """Render the VTIMEZONE of a zone in UTF-8 with CRLF. Its TZID is the key.

    Raises ValueError for an unknown key, and if ``exact_since`` is None. Rulebook 24-27.
    """
    zone_by_key(key)
    return tzif.vtimezone(key, _tz_file(key))


def _zone_by_alias(name: str) -> ZoneInfo | None:
    key = _ALIASES.get(name.lower()) or _ALIASES.get(name.replace(" ", "_").lower())
    return ZoneInfo(key) if key else None


def _offset_of_key(key: str) -> timedelta | None:
    match = _FIXED_KEY.fullmatch(key)
    return _signed_offset(match) if match else None


def _signed_offset(match: re.Match[str]) -> timedelta:
    sign, hours, minutes = match.groups(default="0")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return size if sign == "+" else -size


def _tz_file(key: str) -> bytes:
    offset = _offset_of_key(key)
    return _fixed_tz_file(offset) if offset else _tzdata(key)


def _fixed_tz_file(offset: timedelta) -> bytes:
    """Write the smallest TZif file (RFC 9636 3): no change, one local time, in both blocks."""
    name = tzif.offset_text(offset)
    chars = f"{name}\0".encode()
    block = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, len(chars))
    block += struct.pack(">lbb", offset // timedelta(seconds=1), 0, 0) + chars
    # POSIX counts offsets westwards.
    return block + block + f"\n<{name}>{tzif.offset_text(-offset, ':')}\n".encode()


def _tzdata(name: str) -> bytes:
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def _load_aliases() -> Mapping[str, str]:
    """Return the current key of every name, the names in lower case.

    A link of the tz database is an old spelling, unless zone.tab lists it. Then it is a country's
    own zone that shares its clocks since 1970 with another (Europe/Stockholm with Europe/Berlin).
    """
    tables = read_toml(__name__, "names.toml")
    old_names = tables.pop("old")
    lines = [line.split() for line in _tzdata("tzdata.zi").decode().splitlines()]
    links = {words[2]: words[1] for words in lines if words[0] == "L"}
    rows = [row.split("\t") for row in _tzdata("zone.tab").decode().splitlines()]
    keys_of_countries = {row[2] for row in rows if not row[0].startswith("#")}

    def current(key: str) -> str:
        while key not in keys_of_countries and key not in old_names and key in links:
            key = links[key]
        return str(old_names.get(key, key))

    aliases = {key: current(key) for key in _KEYS}
    for table in ("windows", "removed", "java"):
        aliases |= tables[table]
    return {name.lower(): key for name, key in aliases.items()}


_ALIASES = _load_aliases()
