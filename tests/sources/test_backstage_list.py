"""Zoho Backstage: what is asked for, and what an answer becomes.

Expected values are worked out by hand from the documents (cited in each case), never from the code:

- "S1": Zoho Backstage, "Get a specific event"; ``data/backstage/event.json`` has its examples.
- "Zoho APIs 2.2": docs/zoho-apis.md; "rulebook 35": docs/feed-rules.md.

``data/backstage/agenda.json`` has the shapes of Zoho APIs 2.4. New York is UTC-4 in May, India
UTC+5:30 all year.
"""

from typing import Any

import pytest

from bridge.domain.source import BackstageSource
from bridge.errors import BadDataError, UnavailableError
from bridge.sources.backstage import portal
from tests.sources.backstage_json import ABSENT, PORTAL
from tests.sources.fake_api import FakeApi

EVENTS = "/portals/19593237/events"


def page(*ids: str, **paging: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"events": [{"id": key} for key in ids]}
    return answer | paging


def pagination(
    number: int, total: int, *, more: Any = ABSENT, count: Any = ABSENT
) -> dict[str, Any]:
    paging = {
        "total_count": count,
        "page": number,
        "per_page": 200,
        "total_pages": total,
        "has_more_items": more,
    }
    return {key: value for key, value in paging.items() if value is not ABSENT}


def fetch(*pages: Any, source: BackstageSource = PORTAL) -> tuple[FakeApi, list[Any]]:
    api = FakeApi({f"{EVENTS}#{number}": answer for number, answer in enumerate(pages, 1)})
    return api, portal.fetch(api, source)["pages"]


def test_the_list_is_requested_as_documented() -> None:
    """Zoho APIs 2.2: all events by start, pages of 200; the answers are kept as they came."""
    pages = [
        page("1", pagination=pagination(1, 2, more=True)),
        page("2", pagination=pagination(2, 2, more=False)),
    ]
    api, raw = fetch(*pages)
    asked = {"status": "all", "sort_by": "start_date", "sort_order": "asc", "per_page": "200"}
    assert api.requests == [(EVENTS, asked | {"page": "1"}), (EVENTS, asked | {"page": "2"})]
    assert raw == pages


def test_the_brand_is_a_parameter() -> None:
    api, _ = fetch(
        page("1", pagination=pagination(1, 1)),
        source=BackstageSource(portal="19593237", brand="77"),
    )
    assert [params["brand_id"] for _, params in api.requests] == ["77"]


def test_portal_is_encoded() -> None:
    api = FakeApi({"/portals/a%2Fb/events#1": {"events": []}})
    portal.fetch(api, BackstageSource(portal="a/b"))
    assert [path for path, _ in api.requests] == ["/portals/a%2Fb/events"]


WHOLE = [
    ("has_more_items false", [page("1", pagination={"has_more_items": False})], 1),
    ("as text", [page("1", pagination={"has_more_items": "false", "total_pages": "1"})], 1),
    (
        "page_context",
        [
            page("1", page_context=pagination(1, 2, more=True)),
            page("2", page_context=pagination(2, 2)),
        ],
        2,
    ),
    ("total_pages wins over more", [page("1", pagination=pagination(1, 1, more=True))], 1),
    (
        "more, without a total",
        [
            page("1", pagination={"has_more_items": True}),
            page("2", pagination={"has_more_items": False}),
        ],
        2,
    ),
    ("no paging: empty page", [page("1"), page("2"), page()], 3),
    ("no paging: page ignored", [page("1", "2"), page("1", "2")], 1),
    ("no events", [page(pagination=pagination(1, 0, more=False))], 1),
    ("no events, no paging", [page()], 1),
    ("data", [{"pagination": {"has_more_items": False}, "data": [{"id": "1"}]}], 1),
    ("no events, counted", [page(pagination=pagination(1, 0, more=False, count=0))], 1),
    ("no events, data", [{"pagination": pagination(1, 0, more=False), "data": []}], 1),
    (
        "counted",
        [
            page("1", "2", pagination=pagination(1, 2, count=3)),
            page("3", pagination=pagination(2, 2, count="3")),
        ],
        2,
    ),
    # It may have been deleted while the pages were read.
    ("more than counted", [page("1", "2", pagination=pagination(1, 1, count=1))], 1),
]


@pytest.mark.parametrize(("name", "pages", "kept"), WHOLE)
def test_list_ends(name: str, pages: Any, kept: Any) -> None:
    """Zoho APIs 2.2: each way a list can end, and no request after it."""
    api, raw = fetch(*pages)
    assert len(api.requests) == len(pages), name
    assert raw == pages[:kept]


BROKEN_OFF = [
    (
        "repeats an earlier page",
        [
            page("1", pagination=pagination(1, 3, more=True)),
            page("1", pagination=pagination(1, 3, more=True)),
        ],
    ),
    (
        "repeats an earlier page",
        [
            page("1", pagination=pagination(1, 2)),
            page("1", pagination=pagination(2, 2, more=False)),
        ],
    ),
    (
        "is empty",
        [
            page("1", pagination=pagination(1, 3, more=True)),
            page(pagination=pagination(2, 3, more=True)),
        ],
    ),
    ("is empty", [page(pagination=pagination(1, 3))]),
    (
        "more than 100 pages",
        [page(str(n), pagination=pagination(n, 200, more=True)) for n in range(1, 102)],
    ),
    ("more than 100 pages", [page(str(n)) for n in range(1, 102)]),
    ("no list “events”", [{"status": "fine"}]),
    ("no list “events”", [[]]),
    ("no list “events”", [[{"id": "1"}]]),
    (
        "Page 1 of 9 is stated to be the last one",
        [page("1", pagination=pagination(1, 9, more=False))],
    ),
    ("Page 1 of 3 is stated to be the last one", [page(pagination=pagination(1, 3, more=False))]),
    ("no list “events”", [{"data": []}]),
    ("no list “events”", [{"events": [], "message": "ok"}]),
    ("no list “events”", [{"upcomingEvents": {}, "data": [], "message": "ok"}]),
    ("no list “events”", [page("1"), []]),
    (
        "Page 2 does not state whether it is the last one",
        [page("1", pagination=pagination(1, 2)), page("2")],
    ),
    (
        "Page 2 does not state whether it is the last one",
        [page("1", page_context=pagination(1, 2)), page()],
    ),
    (r"fewer events \(0\) than Zoho states \(5\)", [page(pagination=pagination(1, 1, count=5))]),
    (
        r"fewer events \(2\) than Zoho states \(3\)",
        [
            page("1", pagination=pagination(1, 2, count=3)),
            page("2", pagination=pagination(2, 2, count=3)),
        ],
    ),
    ("no list “events”", [{"events": None}]),
    ("no list “events”", [page("1", pagination=pagination(1, 2)), {}]),
    ("pagination", [page("1", pagination={"has_more_items": "perhaps"})]),
    ("page 3 instead of page 1", [page("9", pagination=pagination(3, 3, more=False))]),
    (
        "page 3 instead of page 2",
        [page("1", pagination=pagination(1, 3)), page("9", pagination=pagination(3, 3))],
    ),
]


@pytest.mark.parametrize(("words", "pages"), BROKEN_OFF)
def test_an_incomplete_list_is_an_error(words: str, pages: Any) -> None:
    """Events missing from an incomplete list would vanish from calendars."""
    with pytest.raises(BadDataError, match=words):
        fetch(*pages)


def test_failed_page_fails_the_fetch() -> None:
    with pytest.raises(UnavailableError):
        fetch(page("1", pagination=pagination(1, 2)), UnavailableError("text", text="down"))


PORTALS = [
    [
        {"id": "1", "name": "Summit"},
        {"id": 2, "name": " ", "domain": "two.example.org"},
        {"id": "3"},
        "junk",
        {},
    ]
]


@pytest.mark.parametrize(
    "wrap", [lambda data: data, lambda data: {"portals": data}, lambda data: {"data": data}]
)
@pytest.mark.parametrize("portals", PORTALS)
def test_discover(wrap: Any, portals: Any) -> None:
    """Zoho APIs 2.1: the wrapper of the list isn't documented; all three forms are read."""
    api = FakeApi({"/portals": wrap(portals)})
    found = [(entry.source, entry.title) for entry in portal.discover(api)]
    assert found == [
        (BackstageSource(portal="1"), "Summit"),
        (BackstageSource(portal="2"), "2"),
        (BackstageSource(portal="3"), "3"),
    ]
    assert api.requests == [("/portals", {})]


def test_discover_refuses_another_shape() -> None:
    with pytest.raises(BadDataError, match="none of them has an id"):
        portal.discover(FakeApi({"/portals": {"portals": [{"id": ["1"]}, {"name": "x"}]}}))
    with pytest.raises(BadDataError, match="portals"):
        portal.discover(FakeApi({"/portals": {"ok": True}}))
