"""Limits of one object of Zoho, the same for each product: what is cut is reported with its event.

The numbers are those of docs/settings.md.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain.event import Event
from bridge.domain.rejection import Rejection
from bridge.sources.backstage import portal, sessions
from bridge.sources.protocols import ParseResult
from tests.sources import backstage_json, calendar_json, connect_json
from tests.sources.rejection_codes import codes_of


def portal_event(**changes: Any) -> ParseResult:
    data = backstage_json.changed(backstage_json.EVENT, **changes)
    return portal.parse({"pages": [{"events": [data]}]}, backstage_json.PORTAL)


def session(**changes: Any) -> ParseResult:
    agenda = backstage_json.changed(backstage_json.AGENDA)
    first = agenda["sessions"][0]["sessions"][0] | changes
    agenda["sessions"] = [{"sessions": [first]}]
    return sessions.parse(agenda, backstage_json.ONE)


def connect_event(**changes: Any) -> ParseResult:
    names = {"description": "desc"}
    renamed = {names.get(name, name): value for name, value in changes.items()}
    return connect_json.parse(connect_json.changed(connect_json.TIMED, **renamed))


def calendar_event(**changes: Any) -> ParseResult:
    return calendar_json.read(calendar_json.wire(**changes))


def only(parsed: ParseResult) -> tuple[Event, Rejection]:
    (event,), (rejection,) = parsed.events, parsed.rejections
    assert (rejection.kind, rejection.title) == ("repaired", event.title)
    return event, rejection


@pytest.mark.parametrize("parse", [portal_event, session, connect_event, calendar_event])
@pytest.mark.parametrize("text", ["word " * 20_000, "<p>word</p>" * 20_000, "<p>" + "<b>" * 90_000])
def test_a_cut_description_is_a_correction(parse: Callable[..., ParseResult], text: str) -> None:
    event, rejection = only(parse(description=text))
    assert "description-cut" in codes_of(rejection)
    assert len(event.description) <= 64 * 1024 + 1000  # Backstage's summary stands above it


@pytest.mark.parametrize("parse", [portal_event, session, connect_event, calendar_event])
def test_a_whole_description_is_none(parse: Callable[..., ParseResult]) -> None:
    result = parse(description="word " * 10_000)
    assert all("description-cut" not in codes_of(rejection) for rejection in result.rejections)


@pytest.mark.parametrize(
    ("parse", "field", "entries", "shown"),
    [
        (portal_event, "tags", [f"tag {n}" for n in range(30_000)], "categories"),
        (session, "speakers", [{"name": f"Name {n}"} for n in range(30_000)], "people"),
        (
            calendar_event,
            "reminders",
            [{"minutes": -n, "action": "popup"} for n in range(1, 30_000)],
            "alarms",
        ),
    ],
)
def test_of_many_entries_the_first_hundred_are_shown(
    parse: Callable[..., ParseResult], field: str, entries: list[Any], shown: str
) -> None:
    event, rejection = only(parse(**{field: entries}))
    assert 100 <= len(getattr(event, shown)) <= 102  # a label of kind and category come beside tags
    assert "too-many-parts" in codes_of(rejection)


def test_a_series_of_too_many_exceptions_is_not_shown() -> None:
    """Nobody can tell which occurrences would be left."""
    weekly = {"rrule": "FREQ=HOURLY"}
    few = [
        f"2026{m:02}{d:02}T{h:02}3000"
        for m in range(4, 12)
        for d in range(1, 29)
        for h in range(13)
    ]
    many = [f"2027{slot[4:]}" for slot in few]
    assert calendar_event(exdate=few, **weekly).events
    result = calendar_event(exdate=[*few, *many], **weekly)
    assert result.events == ()
    assert codes_of(result.rejections[0]) == {"too-many-exceptions"}


def instances(number: int, **changes: Any) -> list[Any]:
    """Return a daily series, and its first instances 30 minutes later."""
    wire, start = calendar_json.wire, datetime(2026, 3, 9, 9)
    slots = [f"{start + timedelta(days=day):%Y%m%dT%H%M%SZ}" for day in range(number)]
    times = calendar_json.at("Europe/Berlin", "20260309T100000+0100", "20260309T110000+0100")
    series = wire(**times, rrule="FREQ=DAILY")
    return [series, *(wire(**times, recurrenceid=slot, **changes) for slot in slots)]


@pytest.mark.parametrize(("number", "shown"), [(3_000, 1), (3_001, 0)])
def test_changed_instances_are_exceptions_too(number: int, shown: int) -> None:
    result = calendar_json.read(*instances(number))
    assert len(result.events) == shown
    dropped = [r for r in result.rejections if r.kind == "dropped"]
    assert [codes_of(rejection) for rejection in dropped] == [{"too-many-exceptions"}] * (1 - shown)


def test_of_the_descriptions_of_instances_one_million_characters_are_read() -> None:
    """Twenty of 50,000 characters are read, the last one is left out and reported."""
    series, rejection = only(calendar_json.read(*instances(21, description="word " * 10_000)))
    assert [len(override.description) for override in series.overrides] == [49_999] * 20 + [0]
    assert codes_of(rejection) == {"descriptions-left-out"}


def test_thousands_of_bad_values_are_few_problems() -> None:
    _, rejection = only(calendar_event(rrule="FREQ=DAILY", exdate=[f"x{n}" for n in range(30_000)]))
    assert len(rejection.problems) == 20


def test_a_long_place_is_cut() -> None:
    (event,) = calendar_event(location="hall " * 100_000).events
    assert event.place is not None
    assert len(event.place.name) <= 2000
