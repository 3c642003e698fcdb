"""Parsers of the date forms that Zoho writes (Zoho APIs 6.2); none guesses a form or a zone.

Everything else raises BadValueError. Seconds are the finest unit: fractions and the junk
milliseconds of Connect's epochs are cut off. Years outside 1601 to 4500 are refused: Outlook's
calendar can't hold them, and arithmetic near the ends of Python's calendar overflows.
"""

from datetime import date, datetime, time, timedelta, timezone
import re

from bridge.domain.problems import BadValueError
from bridge.domain.timezones import UTC_ZONE

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = re.compile(r"-?[0-9]{1,15}")
_COMPACT = re.compile(
    r"(?P<day>[0-9]{8})"
    r"(?:T(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?P<zone>Z|[+-][0-9]{4})?"
    r"|T(?P<only_hour>[0-9]{2})Z|T?Z?)"
)
_FIRST_YEAR, _LAST_YEAR = 1601, 4500
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC_ZONE)


def iso_utc(text: str) -> datetime:
    """Parse ``2024-05-23T02:30:00Z`` (or with a numeric offset) as an aware time in UTC."""
    if _ISO.fullmatch(text) is None:
        raise _bad("not-iso-time", text)
    try:
        moment = datetime.fromisoformat(text).replace(microsecond=0).astimezone(UTC_ZONE)
    except (ValueError, OverflowError) as error:
        raise _bad("no-such-time", text) from error
    return _usual(moment, text)


def epoch_ms(text: str) -> datetime:
    """Parse milliseconds since 1970, written as text, as a time in UTC, cut to the second."""
    if _EPOCH.fullmatch(text) is None:
        raise _bad("not-epoch", text)
    try:
        moment = _EPOCH_START + timedelta(seconds=int(text) // 1000)
    except OverflowError as error:
        raise _bad("no-such-time", text) from error
    return _usual(moment, text)


def compact(text: str) -> datetime | date:
    """Parse Zoho Calendar's forms without separators (Zoho APIs 4.2, 6.2).

    ``20170718T205000+0530`` is aware with that offset. ``20170718T061713Z`` and ``20170713T10Z``
    are aware in UTC. ``20170718T205000`` is naive: its zone stands in a field beside it.
    ``20170728``, ``20170728Z`` and ``20170728T`` are a ``date``.
    """
    match = _COMPACT.fullmatch(text)
    if match is None:
        raise _bad("not-compact-time", text)
    day, zone = match["day"], match["zone"]
    hour = int(match["hour"] or match["only_hour"] or 0)
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    try:
        wall = time(hour, minute, second)
        moment = datetime.combine(date(int(day[:4]), int(day[4:6]), int(day[6:])), wall)
    except ValueError as error:
        raise _bad("no-such-time", text) from error
    _usual(moment, text)
    if match["only_hour"] or zone == "Z":
        return moment.replace(tzinfo=UTC_ZONE)
    if zone:
        return moment.replace(tzinfo=_offset(zone, text))
    return moment if match["hour"] else moment.date()


def _offset(sign_hhmm: str, text: str) -> timezone:
    offset = timedelta(hours=int(sign_hhmm[1:3]), minutes=int(sign_hhmm[3:]))
    if offset >= timedelta(hours=24) or int(sign_hhmm[3:]) > 59:
        raise _bad("no-such-offset", text)
    return timezone(-offset if sign_hhmm[0] == "-" else offset)


def _usual(moment: datetime, text: str) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _bad("year-out-of-range", text, year=moment.year)
    return moment


def _bad(code: str, text: str, **fields: int) -> BadValueError:
    return BadValueError(code, value=text if len(text) <= 40 else f"{text[:40]}…", **fields)
