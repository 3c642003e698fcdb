"""Mutated objects of Zoho's documents, the same for each seed."""

from collections.abc import Callable, Iterator
from copy import deepcopy
import json
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).parents[1] / "data"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DENSE = 40  # one of so many rules repeats within a day

_ODD: tuple[Any, ...] = (
    *("", " ", "null", "true", "false", "-1", "0", "1e999", "NaN", "\x00", "a\x00b", "\x1b[31m"),
    *("\ud83d", "cut \udc4d", "\u2028", "\ufeff", "\u202e txt", "x" * 256, "word " * 1500),
    "".join(map(chr, range(0x4E00, 0x5DA0))),  # 4,000 characters that no index can compress
    *("é" * 300, "\U0001f389" * 300, "BEGIN:VEVENT\r\nUID:x", "a\r\nDTSTART:19700101", ",;\\n:"),
    *("../../x", "https://example.org/?q=\ud800", "javascript:alert(1)", "//[::1", "http://[x"),
    *("<script>alert(1)</script>", "'; DROP TABLE events;--", "%00%ff", "{{7*7}}"),
    *(0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, 0.5),
    *(float("inf"), float("nan"), True, False, None, [], {}, [[]], [{}], [None], {"": ""}),
)
_DATES = (
    *("20260230", "20260310", "20260313T100000+0100", "20260313T250000+0100", "20260329T023000"),
    *("99991231", "99991231T235959Z", "99991231T235959-1200", "00010101", "00010101T000000+1400"),
    *("2026-03-12T08:00:00Z", "2026-03-12T08:00:00+99:99", "2026-13-01T00:00:00Z", "20261345T99"),
    *("16010101T000000Z", "45001231", "tomorrow", "1773306000000", "-62135596800001", "9" * 20),
    *("253402300799999", "99999999999999999", "20260313T100060Z", "2026-W11-3", "٢٠٢٦٠٣١٢"),
)
_ZONES = (
    *("Asia/Kolkata", "EST", "IST", "Europe/Berlin", "Nowhere/Nowhere", "../etc/passwd", "UTC+25"),
    *("Africa/Cairo", "America/Santiago", "Pacific/Apia", "GMT+05:30", "Asia/Jerusalem", "\x00"),
    *("Pacific/Kiritimati", "Etc/GMT-14", "Antarctica/Troll", "Africa/Casablanca", "zone\ud800"),
)
_HTML = (
    *("<p>", "<b>", "<div>", "</p>", "<a href='https://example.org/x'>", "<a href=javascript:x>"),
    *("<!--", "<script>", "<ul><li>", "<table><tr><td>", "&#0;", "&#xD800;", "&#x110000;", "&amp"),
    *("<b id='", "<![CDATA[", "text ", "<", "</", "\n", "<pre>\n", "<br/>", "\ud83d", "\x07"),
)
_WORDS = (
    *("FREQ=DAILY", "FREQ=", "INTERVAL=0", "INTERVAL=-1", "COUNT=0", "COUNT=99999999999"),
    *("UNTIL=00010101", "UNTIL=99991231T235959Z", "UNTIL=20260320", "UNTIL=soon", "RSCALE=HEBREW"),
    *("BYDAY=54MO", "BYDAY=-1FR", "BYDAY=5MO", "BYMONTHDAY=31", "BYMONTHDAY=-32", "BYMONTH=2,13"),
    *("BYYEARDAY=366", "BYYEARDAY=-366", "BYWEEKNO=53", "BYSETPOS=-366", "BYSETPOS=0", "WKST=XX"),
    *("BYEASTER=0", "X=1", "=", "RRULE:FREQ=WEEKLY", "BYHOUR=25", "BYMINUTE=0,30", "SKIP=OMIT"),
)


def _rule(rng: Random) -> str:
    """Return a repeat rule, often a senseless one."""
    frequencies = ["YEARLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "NEVER"]
    if not rng.randrange(_DENSE):
        frequencies = ["HOURLY", "MINUTELY", "SECONDLY"]
    parts = [f"FREQ={rng.choice(frequencies)}"]
    parts += rng.sample(_WORDS, rng.randrange(3))
    makers: list[Callable[[], str]] = [
        lambda: f"INTERVAL={rng.choice((1, 2, 5, 168, 10**9))}",
        lambda: f"COUNT={rng.choice((1, 3, 40, 10**7))}",
        lambda: f"BYDAY={','.join(rng.choices(_DAYS, k=rng.randrange(1, 5)))}",
        lambda: f"BYMONTHDAY={rng.randrange(-33, 33)}",
        lambda: f"BYMONTH={rng.randrange(14)}",
        lambda: f"BYSETPOS={rng.randrange(-5, 6)}",
        lambda: f"UNTIL={rng.choice(_DATES)}",
    ]
    parts += [make() for make in rng.sample(makers, rng.randrange(4))]
    rng.shuffle(parts)
    return ";".join(parts)


def _html(rng: Random) -> str:
    """Return nested, unclosed and cut HTML, seldom a long one."""
    part = "".join(rng.choices(_HTML, k=rng.randrange(1, 12)))
    return part * (rng.randrange(2, 400) if not rng.randrange(20) else 1)


def _text(rng: Random, value: Any) -> str:
    """Return a value as text with a few bytes changed, cut, doubled or lengthened."""
    text = value if isinstance(value, str) else json.dumps(value)
    place = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + chr(rng.randrange(0x11_0000)) + text[place + 1 :]
        case 2:
            return text * rng.randrange(2, 6)
    return text[:place] + rng.choice("0-+,;:ZT\x00\ud83d\x7f\u0085") + text[place:]


def _list(rng: Random, make: Callable[[Random], Any]) -> list[Any]:
    return [make(rng) for _ in range(rng.choice((0, 1, 2, 5, 150)))]


def _value(rng: Random, key: Any, old: Any) -> Any:
    """Return what Zoho would not send there, of the kind that the field has or of another."""
    name = str(key).lower()
    if rng.random() < 0.5:
        if "rrule" in name:
            return _rule(rng)
        if "exdate" in name:
            dates = [rng.choice(_DATES) for _ in range(rng.choice((1, 3, 300)))]
            return rng.choice((dates, ",".join(dates)))
        if "zone" in name:
            return rng.choice(_ZONES)
        if name in {"desc", "description", "title", "name", "summary"}:
            return _html(rng)
        if any(part in name for part in ("start", "end", "until", "date", "time", "recurrence")):
            return rng.choice(_DATES)
    match rng.randrange(6):
        case 0 | 1:
            return rng.choice(_ODD)
        case 2:
            return _text(rng, old)
        case 3:
            return [old, old] if rng.random() < 0.5 else {"value": old}
        case 4:
            return _list(rng, lambda rng: rng.choice((*_ODD, old)))
    return rng.choice((*_DATES, *_ZONES, _rule(rng), _html(rng)))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each of its keys."""
    names = value if isinstance(value, dict) else ()
    for key in range(len(value)) if isinstance(value, list) else names:
        inner = value[key]
        yield value, key
        yield from _places(inner)


def mutate(rng: Random, document: Any, new_keys: tuple[str, ...] = ()) -> Any:
    """Change up to four values of a document in place; ``new_keys`` may be added to it."""
    for _ in range(rng.randrange(1, 5)):
        places = list(_places(document))
        if new_keys and isinstance(document, dict) and not rng.randrange(3):
            key = rng.choice(new_keys)
            document[key] = deepcopy(_value(rng, key, document.get(key)))
        elif places:
            container, key = rng.choice(places)
            if rng.random() < 0.1:
                del container[key]
            else:
                container[key] = deepcopy(_value(rng, key, container[key]))
    return document


def recorded(name: str, *moves: tuple[str, str]) -> Any:
    """Return the raw fetch of a recorded read, with texts replaced to bring its dates near."""
    text = (DATA / "recorded" / f"{name}.json").read_text("utf-8")
    for old, new in moves:
        text = text.replace(old, new)
    return json.loads(text)["raw"]
