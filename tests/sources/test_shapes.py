"""Answers in forms that no document of Zoho shows fail a read, and are never an empty list.

The documented forms are written out here from Zoho's documents, apart from the bridge's table.
"""

from datetime import date
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.config import load
from bridge.domain.feed import Window
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.errors import BadDataError
from bridge.sources import registry
from bridge.sources.shapes import listed, wrap
from tests.sources.fake_api import FakeApi

SETTINGS = load({}).zoho
WINDOW = Window(start=date(2026, 5, 3), end=date(2026, 5, 20))
PORTAL = BackstageSource(portal="1")
CONNECT = ConnectSource(group="7", network="1")
CALENDAR = CalendarSource(calendar="c")

# https://www.zoho.com/backstage/api/v3/get-all-events.html, with the key that clients read.
# https://www.zoho.com/connect/api/get-upcoming-events.html
# https://www.zoho.com/calendar/help/api/get-events-list.html
EMPTY: dict[Any, list[Any]] = {
    PORTAL: [
        {"events": []},
        *(
            {key: [], node: {}}
            for key in ("events", "data")
            for node in ("pagination", "page_context")
        ),
    ],
    CONNECT: [{"upcomingEvents": {"events": []}}],
    CALENDAR: [{"events": []}, {"events": [{"message": "No events found."}]}],
}
KEYS = st.sampled_from(
    ["events", "data", "upcomingEvents", "pagination", "page_context", "message", "result", "x"]
)
ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "ok", "failure"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)

NEAR = st.builds(
    lambda answer, more: answer | more,
    st.sampled_from([answer for forms in EMPTY.values() for answer in forms]),
    st.dictionaries(KEYS, ANSWERS, max_size=1),
)


def read(source: Any, answer: Any) -> Any:
    """Fetch a source whose lists have this answer; a calendar's own object is left out."""
    return registry.fetch(
        source, FakeApi(lambda path, _: {} if path == "/calendars/c" else answer), WINDOW
    )


def items_of(source: Any, answer: Any) -> Any:
    """Return the list in an answer where the documents show it; None for no list."""
    if not isinstance(answer, dict):
        return None
    if source == CONNECT:
        answer = answer.get("upcomingEvents")
        items = answer.get("events") if isinstance(answer, dict) else None
        return items if isinstance(items, list) else None
    lists = [answer.get(key) for key in ("events", "data")[: 2 if source == PORTAL else 1]]
    return next((items for items in lists if items and isinstance(items, list)), None)


@pytest.mark.parametrize("source", [PORTAL, CONNECT, CALENDAR], ids=["portal", "group", "calendar"])
@given(answer=NEAR | ANSWERS)
def test_an_answer_outside_the_documents_fails_the_read(source: Any, answer: Any) -> None:
    # A node of paging that is empty states nothing; what it may state is not the subject here.
    plain = {
        key: {} if key in ("pagination", "page_context") and isinstance(answer, dict) else value
        for key, value in (answer.items() if isinstance(answer, dict) else ())
    }
    answer = plain if isinstance(answer, dict) else answer
    items = items_of(source, answer)
    without_remarks = [item for item in items or () if source != CALENDAR or not is_remark(item)]
    is_empty = source == CALENDAR and answer == {"events": items}
    if answer in EMPTY[source] or (is_empty and items and not without_remarks):
        assert registry.parse(source, read(source, answer), SETTINGS, []).events == ()
    elif not without_remarks:
        with pytest.raises(BadDataError):
            read(source, answer)


def is_remark(item: Any) -> bool:
    """Return whether an object holds only a message, as in Calendar's empty ranges."""
    return isinstance(item, dict) and item.keys() == {"message"}


@pytest.mark.parametrize("source", EMPTY)
def test_each_documented_form_of_an_empty_list_is_empty(source: Any) -> None:
    for answer in EMPTY[source]:
        assert registry.parse(source, read(source, answer), SETTINGS, []).events == ()


@pytest.mark.parametrize(
    ("product", "name", "beside"),
    [("backstage", "events", {"pagination": {"page": 1}}), ("connect", "allScopes", {})],
)
def test_the_sandbox_wraps_lists_as_the_client_reads_them(
    product: Any, name: str, beside: dict[str, Any]
) -> None:
    assert listed(wrap([], product, name, **beside), product, name) == []
    assert listed(wrap([{"id": "1"}], product, name, **beside), product, name) == [{"id": "1"}]
