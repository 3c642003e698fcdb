"""The grammar of a VEVENT of a feed (RFC 5545 3.1, 3.3, 3.6.1), to prove that bytes can be read.

It is stricter than any client, and shares nothing with the renderer.
"""

import re

_LONGEST_LINE = 75  # octets
_TEXT = r"(?:[^\\;,\x00-\x1f\x7f]|\\[\\;,n])++"
_URI = r"https?://[!-~]++"
_DAY = r"\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_CLOCK = rf"{_DAY}T(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
_WHEN = rf"(?:;VALUE=DATE:{_DAY}|:{_CLOCK}Z|;TZID=[\w/+-]++:{_CLOCK})"
_TIME = r"T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_DURATION = rf"-?P(?:\d+D(?:{_TIME})?|{_TIME})"
_ALARM = (
    rf"BEGIN:VALARM\r\nUID:{_TEXT}\r\nACTION:DISPLAY\r\nTRIGGER:{_DURATION}\r\n"
    rf"DESCRIPTION:{_TEXT}\r\nEND:VALARM"
)
# The lines in their order, each with its number as in an expression.
_LINES = (
    ("BEGIN:VEVENT", ""),
    (f"UID:(?P<uid>{_TEXT})", ""),
    (f"DTSTAMP:{_CLOCK}Z", ""),
    (f"LAST-MODIFIED:{_CLOCK}Z", ""),
    (r"SEQUENCE:\d{1,10}", ""),
    (f"RECURRENCE-ID{_WHEN}", "?"),
    (f"DTSTART{_WHEN}", ""),
    (f"DTEND{_WHEN}", "?"),
    ("RRULE:FREQ=[A-Z]+[A-Z0-9=;,+-]*", "?"),
    (f"EXDATE{_WHEN}", "*"),
    (f"SUMMARY:{_TEXT}", ""),
    (f"DESCRIPTION:{_TEXT}", "?"),
    (f"LOCATION:{_TEXT}", "?"),
    (f"URL:{_URI}", "?"),
    (f"X-ALT-DESC;FMTTYPE=text/html:{_TEXT}", "?"),
    (f"CATEGORIES:{_TEXT}(?:,{_TEXT})*+", "?"),
    ("STATUS:(?:CONFIRMED|TENTATIVE|CANCELLED)", ""),
    ("TRANSP:(?:OPAQUE|TRANSPARENT)", ""),
    ("X-MICROSOFT-CDO-BUSYSTATUS:(?:BUSY|FREE|TENTATIVE)", ""),
    (f"IMAGE;VALUE=URI;DISPLAY=BADGE:{_URI}", "?"),
    (f"RELATED-TO:{_TEXT}", "?"),
    (_ALARM, "*"),
    ("END:VEVENT", ""),
)
_VEVENT = re.compile("".join(rf"(?:{line}\r\n){number}" for line, number in _LINES), re.ASCII)


def read_uids(blob: bytes) -> tuple[str, ...]:
    """Return the UIDs of VEVENTs, still escaped; raises ValueError unless all bytes are lawful."""
    if any(len(line) > _LONGEST_LINE for line in blob.split(b"\r\n")):
        raise ValueError("a line is not folded")
    text = blob.decode().replace("\r\n ", "")
    uids: list[str] = []
    end = 0
    while end < len(text):
        vevent = _VEVENT.match(text, end)
        if vevent is None:
            raise ValueError(f"it is no VEVENT of a feed after {len(uids)} others")
        uids.append(vevent["uid"])
        end = vevent.end()
    return tuple(uids)
