r"""The values of properties: texts, addresses and times in the one form that clients read alike.

icalendar 7.3 is not used: it reads the two characters ``\N`` in a text as a line break ("C:\New
folder"), writes Etc/UTC as ``Z``, which the start of a series must not have (rulebook 41), reorders
rules, and takes most of the time of a publication.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
import re
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bridge.domain.event import Moment
from bridge.domain.text import clean
from bridge.domain.timezones import is_fixed

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_HTTP = re.compile(r"(https?)://([^/?#\s]+)([^#]*)(?:#(.*))?", re.IGNORECASE)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# RFC 3986: the characters of a path or query, with "%" of what is encoded already.
_PATH = "%!$&'()*+,;=:@/?~"

_MIDWINTER = datetime(2000, 1, 1)  # noqa: DTZ001 - the offset is the same all year
_ODD_ZONES = (
    *("Pacific/Marquesas", "Asia/Tehran", "Asia/Kabul", "Asia/Kolkata", "Asia/Kathmandu"),
    *("Asia/Yangon", "Australia/Eucla", "Australia/Darwin"),
)
_ODD_OFFSETS = {ZoneInfo(key).utcoffset(_MIDWINTER): key for key in _ODD_ZONES}


def text(value: str) -> str:
    """Return a TEXT value: cleaned, and escaped (RFC 5545 3.3.11; rulebook 4, 5)."""
    return clean(value).translate(_ESCAPES)


def texts(values: Iterable[str]) -> str:
    """Return a list of TEXT values in one property (RFC 5545 3.8.1.2)."""
    return ",".join(text(value) for value in values)


def http_uri(value: str) -> str:
    """Return an http(s) address as a URI (RFC 3986), percent-encoded; "" for anything else."""
    match = _HTTP.fullmatch(clean(value).replace("\n", "").strip())
    if match is None:
        return ""
    scheme, authority, path, fragment = match.groups()
    uri = f"{scheme.lower()}://{_quoted(authority, '%!$&()*+,;=:@[]~')}{_quoted(path, _PATH)}"
    return uri if fragment is None else f"{uri}#{_quoted(fragment, _PATH)}"


def _quoted(part: str, safe: str) -> str:
    return _LONE_PERCENT.sub("%25", quote(part, safe=safe))


def moment(value: Moment, zone: ZoneInfo | None) -> str:
    """Return what follows a property's name: parameters, a colon and a DATE or DATE-TIME.

    A DATE-TIME is in ``zone`` (None: UTC) (rulebook 29, 33).
    """
    if not isinstance(value, datetime):
        return f";VALUE=DATE:{_day(value)}"
    if zone is None:
        return f":{utc(value)}"
    return f";TZID={tzid(zone)}:{_clock(value.astimezone(zone))}"


def utc(value: datetime) -> str:
    """Return a DATE-TIME in UTC, in whole seconds."""
    return f"{_clock(value.astimezone(UTC))}Z"


def tzid(zone: ZoneInfo) -> str:
    """Return the IANA name of a zone, as a TZID.

    UTC has a VTIMEZONE like any other when a series is written in it (rulebook 41). A bare offset
    gets the name of a zone that has it all year: Home Assistant reads any other name without
    daylight saving as UTC, and node-ical fails on a colon. Raises ValueError if there is no such
    zone.
    """
    if zone.key == "UTC":
        return "Etc/UTC"
    if not is_fixed(zone):
        return zone.key
    offset = zone.utcoffset(_MIDWINTER) or timedelta()
    hours, rest = divmod(offset, timedelta(hours=1))
    if not rest and -12 <= hours <= 14:
        return f"Etc/GMT{-hours:+d}"  # the sign is POSIX's: west is positive
    if offset in _ODD_OFFSETS:
        return _ODD_OFFSETS[offset]
    raise ValueError(
        f"it repeats in {zone.key}, and no time zone that calendars know has that offset all year"
    )


def _clock(value: datetime) -> str:
    return f"{_day(value)}T{value.hour:02}{value.minute:02}{value.second:02}"


def _day(value: date) -> str:
    # strftime("%Y") does not fill years before 1000 on every platform.
    return f"{value.year:04}{value.month:02}{value.day:02}"
