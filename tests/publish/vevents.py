"""Events to render, and an independent reader of the rendered bytes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings

from bridge.domain.event import Event, Moment, Recurrence, Rule
from bridge.domain.timezones import vtimezone, zone
from bridge.publish.ical import vevent

DATA = Path(__file__).parents[1] / "data" / "ical"
BERLIN, NEW_YORK, UTC_ZONE = zone("Europe/Berlin"), zone("America/New_York"), zone("UTC")
STAMP = vevent.Stamp(changed=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), sequence=7)
modest = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def uid(number: int) -> str:
    """Return a UID for tests."""
    return f"00000000-0000-5000-8000-{number:012}"


def at(
    hour: int,
    minute: int = 0,
    day: int = 4,
    month: int = 5,
    tz: ZoneInfo | None = BERLIN,
    **more: Any,
) -> datetime:
    """Return a time on 4 May 2026, in Berlin."""
    return datetime(2026, month, day, hour, minute, tzinfo=tz, **more)


def event(**changes: Any) -> Event:
    """Return an event of one hour in Berlin, changed as a case needs."""
    given_values: dict[str, Any] = {
        "uid": uid(1),
        "upstream_id": "up-1",
        "title": "Tea",
        "start": at(9),
    } | changes
    start = given_values["start"]
    length = timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1)
    return Event(**({"end": start + length} | given_values))


def series(*excluded: Moment, overrides: Iterable[Event] = (), **changes: Any) -> Event:
    """Return a weekly series of four Mondays, the first on 4 May 2026."""
    recurrence = Recurrence(rule=Rule(freq="WEEKLY", count=4, byday=("MO",)), excluded=excluded)
    return event(recurrence=recurrence, overrides=tuple(overrides), **changes)


def instance(slot: Moment, **changes: Any) -> Event:
    """Return a changed instance."""
    return event(recurrence_id=slot, **changes)


# An independent reader, RFC 5545 3.1 and 3.3.11: nothing of the code under test or of its library.


Component: TypeAlias = tuple[str, list[tuple[str, str, str]]]


def unfold(blob: bytes) -> list[str]:
    """Return the lines of rendered bytes."""
    return re.sub("\r\n[ \t]", "", blob.decode()).split("\r\n")[:-1]


def read(blob: bytes) -> list[Component]:
    """Return the components in order as (name, [(property, parameters, raw value)])."""
    components: list[Component] = []
    stack: list[Component] = []
    for line in unfold(blob):
        content = re.fullmatch(
            r'([A-Z0-9-]+)((?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', line, re.DOTALL
        )
        assert content is not None
        name, parameters, value = content.groups()
        if name == "BEGIN":
            stack.append((value, []))
            components.append(stack[-1])
        elif name == "END":
            assert stack.pop()[0] == value
        else:
            stack[-1][1].append((name, parameters, value))
    assert not stack
    return components


def unescape(value: str) -> str:
    """Read a TEXT value."""
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value, flags=re.DOTALL)


def text_of(blob: bytes, name: str, component: str = "VEVENT") -> str | None:
    """Return the unescaped value of a property that stands once in the first such component.

    None when it is absent.
    """
    properties = next(content for found, content in read(blob) if found == component)
    found = [value for prop, _, value in properties if prop == name]
    assert len(found) <= 1
    return unescape(found[0]) if found else None


def check_bytes(blob: bytes) -> None:
    """Hold rendered bytes to rulebook 1-4.

    UTF-8, CRLF, folds of at most 75 octets at whole characters, none blank.
    """
    assert blob.endswith(b"\r\n")
    for line in blob.split(b"\r\n")[:-1]:
        assert 0 < len(line) <= 75
        assert line.strip()
        text = line.decode()
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", text)


def golden(name: str) -> bytes:
    """Return an expected document, with the zones' components filled in."""
    raw = (DATA / f"{name}.ics").read_bytes()
    return re.sub(rb"@VTIMEZONE (\S+)\r\n", lambda m: vtimezone(m[1].decode()), raw)
