"""Zoho Backstage: what is asked for, and what an answer becomes.

Expected values are worked out by hand from the documents (cited in each case), never from the code:

- "S1": Zoho Backstage, "Get a specific event", the field list, whose examples make ``data/backstage/event.json``;
- "api 2.2" etc.: the sections of docs/zoho-apis.md; "rulebook N": those of docs/feed-rules.md.

``data/backstage/agenda.json`` has the shapes of api 2.4 with values made up. Local times: New York is UTC-4 in May,
India UTC+5:30 all year.
"""

from copy import deepcopy
from datetime import date, timedelta
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Person, Place, Status
from bridge.domain.feed import Window
from bridge.domain.rejection import reasons
from bridge.domain.source import BackstageSource
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, NotFoundError, ScopeError, UnavailableError
from bridge.sources import backstage

DATA = Path(__file__).parents[1] / "data" / "backstage"
EVENT = json.loads((DATA / "event.json").read_text())
AGENDA = json.loads((DATA / "agenda.json").read_text())
PORTAL = BackstageSource(portal="19593237")
ONE = BackstageSource(portal="19593237", event="2000000000022")
WINDOW = Window(start=date(2024, 1, 1), end=date(2025, 1, 1))
ABSENT = object()


class FakeApi:
    """Answers by path (and page or day), remembers every call; an exception as an answer is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, str]]] = []

    def get(
        self, product: str, path: Any, params: Any = None, *, accept: str = "application/json"
    ) -> Any:
        assert product == "backstage"
        assert accept == "application/json"
        params = dict(params or {})
        self.calls.append((path, params))
        step = params.get("page") or params.get("day")
        answer = self.answers[f"{path}#{step}" if step else path]
        if isinstance(answer, Exception):
            raise answer
        return answer


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = deepcopy(base) | changes
    return {key: value for key, value in data.items() if value is not ABSENT}


def parse(*items: Any, source: BackstageSource = PORTAL) -> Any:
    return backstage.parse({"pages": [{"events": list(items)}]}, source)


def only(**changes: Any) -> Any:
    parsed = parse(changed(EVENT, **changes))
    assert len(parsed.events) == 1, parsed
    return parsed.events[0]


# --- one event -------------------------------------------------------------------------------------------------------


def test_documented_event() -> None:
    """The event of Zoho's own examples comes across field by field, without a trace of the people who made it."""
    parsed = parse(EVENT)
    (event,) = parsed.events
    assert (parsed.rejections, parsed.notes) == ((), ())
    assert event.uid == event_uid("backstage", "19593237", "27000000000023")
    assert event.upstream_id == "27000000000023"
    assert event.title == "Marketing Event"
    assert (
        event.start.isoformat() == "2024-05-22T22:30:00-04:00"
    )  # 02:30Z in New York, the evening before
    assert event.end.isoformat() == "2024-05-27T07:30:59-04:00"  # S1: an end at :59 is kept
    assert event.start.tzinfo.key == "America/New_York"
    assert event.description == "Summary added\n\nDescription added"
    assert event.place == Place(
        name="Tech Convention Center",
        street="123 Tech Lane",
        city="San Francisco",
        state="CA",
        country="USA",
    )
    assert event.url == "https://restapi.zohobackstage.com/marketingEvent"
    assert (
        event.image_url
        == "https://zbc.zohobackstage.com/public/portals/12345678/siteResources/27000000000023"
    )
    assert event.status is Status.CONFIRMED  # status 3: completed
    assert event.busy is False  # five days
    assert event.categories == ("sales", "marketing")  # category OTHERS says nothing
    assert event.language == "en"
    assert event.people == ()
    assert event.join_url == ""
    assert "sam" not in repr(event).lower()


FIELDS = [
    # (changes, attribute, expected, cite)
    ({"id": 27000000000023}, "upstream_id", "27000000000023", "S1: Long Integer"),
    (
        {"id": 27000000000023},
        "uid",
        event_uid("backstage", "19593237", "27000000000023"),
        "S1: Long Integer",
    ),
    ({"status": 1, "status_string": "published"}, "status", Status.CONFIRMED, "S1: 1 Published"),
    ({"status": 2, "status_string": "running"}, "status", Status.CONFIRMED, "S1: 2 Running"),
    ({"status": "3"}, "status", Status.CONFIRMED, "api 6.1: numbers come as text"),
    ({"status": 4, "status_string": "canceled"}, "status", Status.CANCELLED, "S1: 4 Canceled"),
    ({"status": "4", "status_string": ABSENT}, "status", Status.CANCELLED, "S1: 4 Canceled"),
    ({"canceled_on": "2024-05-20T10:00:00Z"}, "status", Status.CANCELLED, "api 2.3: canceled_on"),
    ({"canceled_on": None}, "status", Status.CONFIRMED, "api 2.3: canceled_on"),
    ({"canceled_on": ""}, "status", Status.CONFIRMED, "api 2.3: canceled_on"),
    (
        {"status": ABSENT, "status_string": "live"},
        "status",
        Status.CONFIRMED,
        "api 2.2: status=live",
    ),
    (
        {"status": 9, "status_string": "published"},
        "status",
        Status.CONFIRMED,
        "api 2.3: strings seen",
    ),
    (
        {"timezone": "Asia/Calcutta"},
        "start",
        "2024-05-23T08:00:00+05:30",
        "api 6.3: alias in a real answer",
    ),
    (
        {"timezone": "Mars/Base"},
        "start",
        "2024-05-23T02:30:00+00:00",
        "api 6.3: unknown -> UTC instant",
    ),
    ({"timezone": ""}, "start", "2024-05-23T02:30:00+00:00", "api 6.3: unknown -> UTC instant"),
    (
        {"start_time": "2024-05-23T02:30:00.500Z"},
        "start",
        "2024-05-22T22:30:00-04:00",
        "seconds are the finest unit",
    ),
    ({"end_time": "2024-05-24T02:29:59Z"}, "busy", True, "api 6.4: one night may pass"),
    (
        {"end_time": "2024-05-24T02:30:00Z"},
        "busy",
        False,
        "api 6.4: a day or longer must not block",
    ),
    ({"event_type": 2}, "categories", ("sales", "marketing"), "S1: venue"),
    (
        {"event_type": 3, "event_type_string": "online"},
        "categories",
        ("sales", "marketing", "Online"),
        "api 2.3",
    ),
    (
        {"event_type": 4, "event_type_string": "hybrid"},
        "categories",
        ("sales", "marketing", "Hybrid"),
        "api 2.3",
    ),
    ({"event_type": 1}, "categories", ("sales", "marketing"), "api 2.3: 1 is undefined"),
    ({"tags": ["Sales", "sales", " ", 7]}, "categories", ("Sales",), "same word in any case once"),
    (
        {"category": "CONFERENCE"},
        "categories",
        ("sales", "marketing", "Conference"),
        "S1: category",
    ),
    ({"category": "Others", "tags": None}, "categories", (), "S1: OTHERS"),
    ({"venue": None}, "place", None, "S1: if applicable"),
    ({"venue": {"name": "", "city": None}}, "place", None, "rulebook 9: no empty LOCATION"),
    (
        {"venue": ABSENT, "venues": [{"name": "Old Hall"}]},
        "place",
        Place(name="Old Hall"),
        "api 2.3: venues[]",
    ),
    (
        {"venue": {"name": "A"}, "venues": [{"name": "B"}]},
        "place",
        Place(name="A"),
        "api 2.3: replaced by venue",
    ),
    (
        {"description": "", "summary": "In short"},
        "description",
        "In short",
        "api 2.3: empty description",
    ),
    ({"description": "Same", "summary": "Same"}, "description", "Same", "nothing twice"),
    ({"summary": None}, "description", "Description added", "api 2.3"),
    ({"description": "Plain", "summary": ""}, "html", "", "rulebook 55: html only where it is"),
    (
        {"description": "<p>Long</p>", "summary": "a < b"},
        "html",
        "<p>a &lt; b</p>\n<p>Long</p>",
        "rulebook 55",
    ),
    (
        {"description": "<p>Long</p>", "summary": "Short"},
        "description",
        "Short\n\nLong",
        "rulebook 55",
    ),
    ({"website_url": "javascript:alert(1)"}, "url", "", "only http(s)"),
    ({"website_url": None}, "url", "", "S1"),
    ({"thumbnail_url": "data:image/png;base64,AA"}, "image_url", "", "only http(s); rulebook 15"),
    ({"language": "pt_BR"}, "language", "pt-BR", "RFC 5646 2.1"),
    ({"language": "English!"}, "language", "", "RFC 5646 2.1"),
    ({"name": "  Cafe\u0301 \u2028night"}, "title", "Café\nnight", "rulebook 4, 58; NFC"),
    ({"name": None}, "title", "", "a nameless event is still an event"),
    ({"event_type": 3}, "join_url", "", "api 2.3: no online-join URL"),
]


@pytest.mark.parametrize(("changes", "attribute", "expected", "cite"), FIELDS)
def test_field(changes: Any, attribute: Any, expected: Any, cite: Any) -> None:
    value = getattr(only(**changes), attribute)
    assert (value.isoformat() if attribute == "start" else value) == expected, cite


HIDDEN = [
    ({"status": 0, "status_string": "unpublished"}, "S1: 0 Unpublished"),
    ({"status": "0"}, "S1: 0 Unpublished, as text"),
    ({"status": 0, "canceled_on": "2024-05-20T10:00:00Z"}, "a draft stays one"),
    ({"status_string": "drafts"}, "api 2.2: status=drafts"),
    ({"status_string": "Trash"}, "api 2.2: status=trash"),
    ({"status": ABSENT, "status_string": "trash"}, "api 2.2: status=trash"),
]


@pytest.mark.parametrize(("changes", "cite"), HIDDEN)
def test_drafts_never_appear(changes: Any, cite: Any) -> None:
    """A draft or a trashed event is neither shown nor reported: it is as it should be."""
    parsed = parse(changed(EVENT, **changes))
    assert (parsed.events, parsed.rejections, parsed.notes) == ((), (), ()), cite


LEFT_OUT = [
    ({"id": ABSENT}, "", "it has no id"),
    ({"id": True}, "", "it has no id"),
    ({"id": "\ud800"}, "", "it has no id"),
    ({"start_time": ABSENT}, "27000000000023", "no readable start_time"),
    ({"start_time": 1716431400}, "27000000000023", "no readable start_time"),
    ({"start_time": "23 May 2024"}, "27000000000023", "'23 May 2024'"),
    (
        {"start_time": "2024-05-23T02:30:00"},
        "27000000000023",
        "'2024-05-23T02:30:00'",
    ),  # no zone: never guessed
    ({"status": 9, "status_string": ABSENT}, "27000000000023", "'9'"),
    ({"status": ABSENT, "status_string": ABSENT}, "27000000000023", "published"),
    ({"status": {"id": 1}, "status_string": "new"}, "27000000000023", "'new'"),
]


@pytest.mark.parametrize(("changes", "upstream_id", "words"), LEFT_OUT)
def test_bad_event_is_reported_and_costs_only_itself(
    changes: Any, upstream_id: str, words: str
) -> None:
    """What can't be shown is one rejection with its id and the reason; the neighbours come across."""
    good = changed(EVENT, id="1")
    parsed = parse(good, changed(EVENT, **changes), changed(EVENT, id="2"))
    assert [event.upstream_id for event in parsed.events] == ["1", "2"]
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == (upstream_id, "dropped")
    assert words in reasons(rejection)


MENDED = [
    ({"end_time": "2024-05-23T02:29:59Z"}, "end_time 2024-05-23T02:29:59Z is before its start"),
    ({"end_time": ABSENT}, "no readable end_time"),
    ({"end_time": 5}, "no readable end_time"),
    ({"end_time": "soon"}, "'soon'"),
    ({"website_url": "www.example.org"}, "website_url is not a web address"),
    ({"tags": "sales"}, "tags can't be read"),
    ({"venue": "Town hall"}, "venue was left out"),
    ({"venue": {"name": 7, "city": "Rome"}}, "venue.name can't be read"),
]


@pytest.mark.parametrize(("changes", "words"), MENDED)
def test_mended_event_is_shown_and_reported(changes: Any, words: str) -> None:
    parsed = parse(changed(EVENT, **changes))
    (rejection,) = parsed.rejections
    assert len(parsed.events) == 1
    assert (rejection.upstream_id, rejection.kind) == ("27000000000023", "repaired")
    assert words in reasons(rejection)
    if (
        "end_time" in changes
    ):  # rulebook 35: an end before the start is repaired; no length is invented
        assert parsed.events[0].end == parsed.events[0].start


def test_unknown_zone_is_noted_once() -> None:
    parsed = parse(*(changed(EVENT, id=str(n), timezone="Mars/Base") for n in range(3)))
    assert len(parsed.events) == 3
    assert len(parsed.notes) == 1
    assert "'Mars/Base'" in str(parsed.notes[0])


def test_same_event_on_two_pages_is_one() -> None:
    """A list that shifts while it is read gives an event twice; the first is taken."""
    raw = {"pages": [{"events": [EVENT]}, {"data": [EVENT, changed(EVENT, id="2")]}]}
    assert [event.upstream_id for event in backstage.parse(raw, PORTAL).events] == [
        "27000000000023",
        "2",
    ]


def test_uid_depends_on_the_portal_and_the_event_alone() -> None:
    branded = BackstageSource(portal="19593237", brand="7")
    other = BackstageSource(portal="1")
    assert parse(EVENT, source=branded).events[0].uid == parse(EVENT).events[0].uid
    assert parse(EVENT, source=other).events[0].uid != parse(EVENT).events[0].uid


@pytest.mark.parametrize(
    ("source", "words"),
    [(PORTAL, "set brand"), (BackstageSource(portal="1", brand="77"), "77 is the id of a brand")],
)
def test_no_events_ask_about_the_brand(source: Any, words: str) -> None:
    """api 2.2: a portal of several brands answers 0 events without brand_id; drafts alone are no such sign."""
    (note,) = map(str, parse(source=source).notes)
    assert note.startswith("0 events")
    assert words in note
    assert parse(changed(EVENT, status=0), source=source).notes == ()


# --- the portal's list -----------------------------------------------------------------------------------------------

EVENTS = "/portals/19593237/events"


def page(*ids: str, **paging: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"events": [{"id": one} for one in ids]}
    return answer | paging


def pagination(number: int, total: int, *, more: Any = ABSENT) -> dict[str, Any]:
    paging = {
        "total_count": 3,
        "page": number,
        "per_page": 200,
        "total_pages": total,
        "has_more_items": more,
    }
    return {key: value for key, value in paging.items() if value is not ABSENT}


def fetch(*pages: Any, source: BackstageSource = PORTAL) -> tuple[FakeApi, list[Any]]:
    api = FakeApi({f"{EVENTS}#{number}": answer for number, answer in enumerate(pages, 1)})
    return api, backstage.fetch(api, source, WINDOW)["pages"]


def test_list_asks_for_exactly_what_is_documented() -> None:
    """api 2.2: all events by start, pages of 200; the answers are kept as they came."""
    pages = [
        page("1", pagination=pagination(1, 2, more=True)),
        page("2", pagination=pagination(2, 2, more=False)),
    ]
    api, raw = fetch(*pages)
    asked = {"status": "all", "sort_by": "start_date", "sort_order": "asc", "per_page": "200"}
    assert api.calls == [(EVENTS, asked | {"page": "1"}), (EVENTS, asked | {"page": "2"})]
    assert raw == pages


def test_brand_is_asked_for() -> None:
    api, _ = fetch(
        page("1", pagination=pagination(1, 1)),
        source=BackstageSource(portal="19593237", brand="77"),
    )
    assert [params["brand_id"] for _, params in api.calls] == ["77"]


def test_portal_is_encoded() -> None:
    api = FakeApi({"/portals/a%2Fb/events#1": {"events": []}})
    backstage.fetch(api, BackstageSource(portal="a/b"), WINDOW)
    assert [path for path, _ in api.calls] == ["/portals/a%2Fb/events"]


WHOLE = [
    ("has_more_items false", [page("1", pagination={"has_more_items": False})], 1),
    ("as text", [page("1", pagination={"has_more_items": "false", "total_pages": "1"})], 1),
    ("page_context", [page("1", page_context=pagination(1, 2, more=True)), page("2", page_context=pagination(2, 2))], 2),
    ("has_more_items false wins", [page("1", pagination=pagination(1, 9, more=False))], 1),
    ("total_pages wins over more", [page("1", pagination=pagination(1, 1, more=True))], 1),
    ("more, without a total", [page("1", pagination={"has_more_items": True}), page("2", pagination={"has_more_items": False})], 2),
    ("no paging: empty page", [page("1"), page("2"), page()], 3),
    ("no paging: page ignored", [page("1", "2"), page("1", "2")], 1),
    ("no events", [page(pagination=pagination(1, 0, more=False))], 1),
    ("no events, no paging", [page()], 1),
    ("data", [{"pagination": {"has_more_items": False}, "data": [{"id": "1"}]}], 1),
    ("bare list", [[{"id": "1"}], []], 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "pages", "kept"), WHOLE)
def test_list_ends(name: str, pages: Any, kept: Any) -> None:
    """api 2.2: each way a list can end, and no request after it."""
    api, raw = fetch(*pages)
    assert len(api.calls) == len(pages), name
    assert raw == pages[:kept]


BROKEN_OFF = [
    (
        "repeats",
        [
            page("1", pagination=pagination(1, 3, more=True)),
            page("1", pagination=pagination(1, 3, more=True)),
        ],
    ),
    (
        "repeats",
        [
            page("1", pagination=pagination(1, 2)),
            page("1", pagination=pagination(2, 2, more=False)),
        ],
    ),
    (
        "empty",
        [
            page("1", pagination=pagination(1, 3, more=True)),
            page(pagination=pagination(2, 3, more=True)),
        ],
    ),
    ("empty", [page(pagination=pagination(1, 3))]),
    ("100 pages", [page(str(n), pagination=pagination(n, 200, more=True)) for n in range(1, 102)]),
    ("100 pages", [page(str(n)) for n in range(1, 102)]),
    ("no list of events", [{"status": "fine"}]),
    ("no list of events", [{"events": None}]),
    ("no list of events", [page("1", pagination=pagination(1, 2)), {}]),
    ("pagination", [page("1", pagination={"has_more_items": "perhaps"})]),
    ("page 3 came in place of page 1", [page("9", pagination=pagination(3, 3, more=False))]),
    (
        "page 3 came in place of page 2",
        [page("1", pagination=pagination(1, 3)), page("9", pagination=pagination(3, 3))],
    ),
]


@pytest.mark.parametrize(("words", "pages"), BROKEN_OFF)
def test_list_that_breaks_off_is_an_error(words: str, pages: Any) -> None:
    """An incomplete list must not look complete: events missing from it would vanish from calendars."""
    with pytest.raises(BadDataError, match=words):
        fetch(*pages)


def test_failed_page_fails_the_fetch() -> None:
    with pytest.raises(UnavailableError):
        fetch(page("1", pagination=pagination(1, 2)), UnavailableError("down"))


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
    "wrap", [lambda one: one, lambda one: {"portals": one}, lambda one: {"data": one}]
)
@pytest.mark.parametrize("portals", PORTALS)
def test_discover(wrap: Any, portals: Any) -> None:
    """api 2.1: the wrapper of the list isn't documented; all three forms are read."""
    api = FakeApi({"/portals": wrap(portals)})
    found = [(one.source, one.title) for one in backstage.discover(api)]
    assert found == [
        (BackstageSource(portal="1"), "Summit"),
        (BackstageSource(portal="2"), "2"),
        (BackstageSource(portal="3"), "3"),
    ]
    assert api.calls == [("/portals", {})]


def test_discover_refuses_another_shape() -> None:
    with pytest.raises(BadDataError, match="not one with an id"):
        backstage.discover(FakeApi({"/portals": {"portals": [{"id": ["1"]}, {"name": "x"}]}}))
    with pytest.raises(BadDataError, match="portals"):
        backstage.discover(FakeApi({"/portals": {"ok": True}}))


# --- the agenda ------------------------------------------------------------------------------------------------------


def session(**changes: Any) -> Any:
    """Parse the agenda with its first session changed, and give the parse and that session."""
    raw = deepcopy(AGENDA)
    raw["sessions"] = [{"sessions": [changed(raw["sessions"][0]["sessions"][0], **changes)]}]
    parsed = backstage.parse(raw, ONE)
    return parsed, parsed.events[0] if parsed.events else None


def test_agenda() -> None:
    """api 2.4: each visible session once, with hall, track, type and speakers by name and no address of anyone."""
    parsed = backstage.parse(AGENDA, ONE)
    opening, panel = parsed.events
    assert (parsed.rejections, parsed.notes) == ((), ())
    assert opening.uid == event_uid("backstage", "19593237", "2000000000022", "session", "s1")
    assert opening.start.isoformat() == "2027-02-09T13:30:00+05:30"  # 08:00Z
    assert opening.end.isoformat() == "2027-02-09T14:30:00+05:30"  # + 60 minutes
    assert opening.title == "Opening"
    assert opening.description == "Coffee first."
    assert opening.html == "<p>Coffee <b>first</b>.</p>"
    assert opening.place == Place(
        hall="Hall 1", name="Trade Centre", city="Chennai", state="TN", country="India"
    )
    assert opening.categories == ("Business", "Presentation")
    assert opening.people == (
        Person(name="Asha Rao", role="speaker"),
        Person(name="Li", role="speaker"),
    )
    assert opening.url == "https://partners.example.org/days"
    assert panel.start.isoformat() == "2027-02-10T13:30:00+05:30"
    assert panel.end - panel.start == timedelta(minutes=45)  # api 2.4: a numeric string
    assert panel.place == Place(name="Trade Centre", city="Chennai", state="TN", country="India")
    assert panel.categories == ("Technology", "Panel discussion")
    assert panel.language == "ta"
    assert "@" not in repr(parsed)


SESSION_FIELDS = [
    ({"hidden": "false"}, "title", "Opening", "api 6.5: the text false is false"),
    ({"hidden": None}, "title", "Opening", "absent is false"),
    ({"language": None}, "language", "en", "the event's language"),
    (
        {"venue": {"id": "h1"}},
        "place",
        "Hall 1, Trade Centre, Chennai, TN, India",
        "a hall as an object",
    ),
    (
        {"venue": {"name": "Roof"}},
        "place",
        "Roof, Trade Centre, Chennai, TN, India",
        "a hall as an object",
    ),
    (
        {"track": {"track_id": "t2"}},
        "categories",
        ("Technology", "Presentation"),
        "a track as an object",
    ),
    ({"session_type": None, "track": None}, "categories", (), "nothing known"),
    (
        {"speakers": [{"first_name": "Ada", "last_name": "King"}]},
        "people",
        ("Ada King",),
        "api 2.4: or objects",
    ),
    ({"speakers": ["Ada King", "sp2"]}, "people", ("Ada King", "Li"), "api 2.4: or strings"),
    ({"speakers": [{"name": "ada@example.org"}]}, "people", (), "rulebook 60: no address"),
    ({"speakers": ["sp2", "sp2"]}, "people", ("Li",), "nobody twice"),
    ({"speakers": None}, "people", (), "none"),
]


@pytest.mark.parametrize(("changes", "attribute", "expected", "cite"), SESSION_FIELDS)
def test_session_field(changes: Any, attribute: Any, expected: Any, cite: Any) -> None:
    parsed, event = session(**changes)
    value = getattr(event, attribute)
    if attribute == "place":
        value = value.line
    if attribute == "people":
        value = tuple(person.name for person in value)
    assert value == expected, cite
    assert parsed.rejections == ()


SESSION_FAULTS = [
    # (changes, shown, words)
    ({"duration": None}, True, "duration"),
    ({"duration": -5}, True, "duration"),
    ({"duration": "an hour"}, True, "duration"),
    ({"duration": 99_999_999}, True, "duration"),
    ({"venue": "h9"}, True, "hall h9"),
    ({"track": "t9"}, True, "track t9"),
    ({"speakers": ["sp9"]}, True, "speaker sp9"),
    ({"speakers": ["ada king@example.org"]}, True, "a speaker is told by an address"),
    ({"title": 5}, True, "title can't be read"),
    ({"start_time": None}, False, "start_time"),
    ({"start_time": "2027-02-30T08:00:00Z"}, False, "2027-02-30"),
    ({"id": None}, False, "no id"),
    ({"hidden": "maybe"}, False, "may be hidden"),
]


@pytest.mark.parametrize(("changes", "shown", "words"), SESSION_FAULTS)
def test_session_fault_is_reported(changes: Any, shown: Any, words: str) -> None:
    """A session is mended where that invents nothing, and left out where it might be hidden or nobody knows when."""
    parsed, event = session(**changes)
    (rejection,) = parsed.rejections
    assert (event is not None, rejection.kind == "repaired") == (shown, shown)
    assert words in reasons(rejection)
    assert "@" not in reasons(rejection)
    if "duration" in changes:
        assert event.end == event.start


def test_hidden_session_is_dropped() -> None:
    parsed, event = session(hidden="true")
    assert (event, parsed.rejections) == (None, ())


def test_one_id_with_two_starts_is_reported() -> None:
    """api 2.4 says only that an id may repeat; a second start is not lost in silence."""
    raw = deepcopy(AGENDA)
    raw["sessions"][1]["sessions"][1]["start_time"] = "2027-02-10T08:00:00Z"
    parsed = backstage.parse(raw, ONE)
    assert [event.upstream_id for event in parsed.events] == ["s1", "s3"]
    assert [(one.upstream_id, one.kind) for one in parsed.rejections] == [("s1", "dropped")]


@pytest.mark.parametrize(
    ("changes", "shown", "said"),
    [
        ({"status": 4}, [Status.CANCELLED] * 2, ""),
        ({"canceled_on": "2027-01-01T00:00:00Z"}, [Status.CANCELLED] * 2, ""),
        ({"status": 0, "status_string": "unpublished"}, [], "not published"),
        ({"status": 8, "status_string": None}, [], "'8'"),
        ({"timezone": "Mars/Base"}, [Status.CONFIRMED] * 2, "Mars/Base"),
        ({"website_url": "ftp://example.org"}, [Status.CONFIRMED] * 2, "website_url"),
    ],
)
def test_sessions_follow_their_event(changes: Any, shown: Any, said: Any) -> None:
    """A cancelled event cancels its sessions; a draft, or an event of unknown status, shows none."""
    raw = deepcopy(AGENDA) | {"event": changed(AGENDA["event"], **changes)}
    parsed = backstage.parse(raw, ONE)
    assert [event.status for event in parsed.events] == shown
    texts = [*map(str, parsed.notes), *(reasons(one) for one in parsed.rejections)]
    assert len(texts) == bool(said)
    assert said in "".join(texts)


@pytest.mark.parametrize(
    "wrap", [lambda one: {"event": one}, lambda one: {"events": [one]}, lambda one: {"data": one}]
)
def test_wrapped_event_is_read(wrap: Any) -> None:
    raw = deepcopy(AGENDA) | {"event": wrap(AGENDA["event"])}
    assert len(backstage.parse(raw, ONE).events) == 2


BASE = "/portals/19593237/events/2000000000022"


def agenda_api(**changes: Any) -> FakeApi:
    answers = {BASE: AGENDA["event"], f"{BASE}/agendas": AGENDA["agendas"]}
    answers |= {
        f"{BASE}/sessions#{day}": answer for day, answer in enumerate(AGENDA["sessions"], 1)
    }
    answers |= {f"{BASE}/{name}": AGENDA[name] for name in ("halls", "tracks", "speakers")}
    answers |= {f"{BASE}/{name}": answer for name, answer in changes.items()}
    return FakeApi(answers)


def test_agenda_requests() -> None:
    """api 2.1, 2.4: days are 1 to the number of agendas, whose own index begins at 0."""
    api = agenda_api()
    assert backstage.fetch(api, ONE, WINDOW) == AGENDA
    assert api.calls == [
        (BASE, {}),
        (f"{BASE}/agendas", {}),
        (f"{BASE}/sessions", {"day": "1"}),
        (f"{BASE}/sessions", {"day": "2"}),
        (f"{BASE}/halls", {}),
        (f"{BASE}/tracks", {}),
        (f"{BASE}/speakers", {}),
    ]


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
@pytest.mark.parametrize("error", [NotFoundError("404"), ScopeError("401")])
def test_agenda_without_a_list(name: str, error: Any) -> None:
    """Halls, tracks and speakers only add words: without them the sessions come, and a note says why."""
    raw = backstage.fetch(agenda_api(**{name: error}), ONE, WINDOW)
    parsed = backstage.parse(raw, ONE)
    assert len(parsed.events) == 2
    assert parsed.rejections == ()
    assert [note for note in parsed.notes if name in str(note) and str(error) in str(note)] == list(
        parsed.notes
    )
    assert len(parsed.notes) == 1


class Kept:
    """Details as the store keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, Any]] = {}

    def all(self) -> Any:
        return dict(self.kept)

    def keep(self, new: Any, *, gone: Any = ()) -> None:
        self.kept |= new


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
@pytest.mark.parametrize("answer", [NotFoundError("404"), ScopeError("401"), "empty"])
def test_names_that_were_read_once_stay_while_their_list_is_away(name: str, answer: Any) -> None:
    """Else a fault of a list that only adds words would change every session of the feed, and change it back."""
    kept = Kept()
    before = backstage.fetch(agenda_api(), ONE, WINDOW, kept)
    away = {name: []} if answer == "empty" else answer
    raw = backstage.fetch(agenda_api(**{name: away}), ONE, WINDOW, kept)
    assert raw[name] == before[name]
    assert backstage.parse(raw, ONE).events == backstage.parse(before, ONE).events
    (note,) = map(str, backstage.parse(raw, ONE).notes)
    assert name in note
    assert backstage.fetch(agenda_api(), ONE, WINDOW, kept) == before


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
def test_a_list_of_nameless_things_fails(name: str) -> None:
    with pytest.raises(BadDataError, match=f"list of {name} has 1 objects and not one with an id"):
        backstage.fetch(agenda_api(**{name: {name: [{"id": ["x"], "name": ["y"]}]}}), ONE, WINDOW)


EMPTY = {"sessions": []}
NO_SUCH_DAY = BadDataError(
    'refuses the request (400). Zoho says: "Please enter the valid agenda day".'
)
PROBES = [
    ("up to the first empty day", {"sessions#3": EMPTY}, 2, 3),
    ("a refused day ends it", {"sessions#3": NO_SUCH_DAY}, 2, 3),
    ("an unknown day ends it", {"sessions#3": NotFoundError("404")}, 2, 3),
    (
        "an empty day within the event's own two days doesn't",
        {"sessions#1": EMPTY, "sessions#3": EMPTY},
        2,
        3,
    ),
]


@pytest.mark.parametrize(("name", "changes", "kept", "asked"), PROBES)
def test_days_are_probed_without_agendas(name: str, changes: Any, kept: Any, asked: Any) -> None:
    """api 2.4: if the agendas can't be read, day after day is asked for."""
    api = agenda_api(agendas=ScopeError("401"), **changes)
    raw = backstage.fetch(api, ONE, WINDOW)
    assert len(raw["sessions"]) == kept, name
    assert [params["day"] for _, params in api.calls if "day" in params] == [
        str(n) for n in range(1, asked + 1)
    ]
    assert any("agendas" in note for note in raw["notes"])


def test_no_agendas_are_not_taken_at_their_word() -> None:
    """An empty list may be a fault: sessions that are there all the same are shown."""
    raw = backstage.fetch(agenda_api(agendas={"agendas": []}, **{"sessions#3": EMPTY}), ONE, WINDOW)
    assert raw["sessions"] == AGENDA["sessions"]
    assert raw["notes"] == []


@pytest.mark.parametrize("answer", [EMPTY, NO_SUCH_DAY, NotFoundError("404")])
def test_an_event_without_an_agenda_has_no_sessions(answer: Any) -> None:
    """It is not an error: the programme of a conference comes months after its date."""
    nothing = {f"sessions#{day}": answer for day in (1, 2, 3)}
    raw = backstage.fetch(agenda_api(agendas={"agendas": []}, **nothing), ONE, WINDOW)
    assert backstage.parse(raw, ONE).events == ()


def test_days_are_probed_for_an_event_without_times() -> None:
    api = agenda_api(agendas=ScopeError("401"), **{"sessions#1": EMPTY})
    api.answers[BASE] = changed(AGENDA["event"], start_time=None)
    assert backstage.fetch(api, ONE, WINDOW)["sessions"] == []


FAILURES = [
    ({"agendas": NotFoundError("404"), "sessions#1": NO_SUCH_DAY}, BadDataError),
    ({"agendas": NotFoundError("404"), "sessions#1": NotFoundError("404")}, NotFoundError),
    (
        {"agendas": NotFoundError("404"), "sessions#3": BadDataError("another complaint")},
        BadDataError,
    ),
    ({"sessions#2": NO_SUCH_DAY}, BadDataError),
    ({"sessions#2": {"message": "no"}}, BadDataError),
    ({"sessions#2": UnavailableError("down")}, UnavailableError),
    ({"halls": UnavailableError("down")}, UnavailableError),
    ({"halls": {"hall": []}}, BadDataError),
    ({"agendas": UnavailableError("down")}, UnavailableError),
    ({"agendas": {"agendas": [{}] * 61}}, BadDataError),
]


@pytest.mark.parametrize(("changes", "error"), FAILURES)
def test_agenda_is_whole_or_fails(changes: Any, error: Any) -> None:
    """A missing day is an error, and so is a list that fails for a reason that passes."""
    with pytest.raises(error):
        backstage.fetch(agenda_api(**changes), ONE, WINDOW)


def test_endless_agenda_fails() -> None:
    endless = {f"sessions#{day}": AGENDA["sessions"][0] for day in range(1, 62)}
    with pytest.raises(BadDataError, match="60 days"):
        backstage.fetch(agenda_api(agendas=NotFoundError("404"), **endless), ONE, WINDOW)


def test_unknown_event_fails() -> None:
    api = agenda_api()
    api.answers[BASE] = NotFoundError("404")
    with pytest.raises(NotFoundError):
        backstage.fetch(api, ONE, WINDOW)
    with pytest.raises(BadDataError, match="no event"):
        backstage.parse(AGENDA | {"event": {"ok": 1}}, ONE)


# --- anything --------------------------------------------------------------------------------------------------------

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "null",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "<p>x</p>",
            "\ud800",
            "trash",
            "true",
        ]
    ),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none()), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "name", "x"]),
        st.one_of(st.text(max_size=3), st.integers()),
        max_size=2,
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(JUNK, st.dictionaries(st.sampled_from(sorted(EVENT)), JUNK, max_size=4)),
        max_size=4,
    )
)
def test_no_event_is_lost_in_silence(mutations: Any) -> None:
    """Whatever a field holds, the parse goes on, and each object is shown, reported, or a draft."""
    items = [
        changed(EVENT, id=f"e{n}") | change if isinstance(change, dict) else change
        for n, change in enumerate(mutations)
    ]
    for item in items:
        parsed = parse(item)
        shown, left_out = (
            len(parsed.events),
            sum(one.kind == "dropped" for one in parsed.rejections),
        )
        draft = isinstance(item, dict) and (
            str(item.get("status")) in {"0", "0.0", "-0.0"}
            or str(item.get("status_string")).strip().lower()
            in {"trash", "draft", "drafts", "unpublished", "deleted"}
        )
        assert shown + left_out == (0 if draft and not left_out else 1)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(AGENDA["sessions"][0]["sessions"][0])), JUNK, max_size=4)
)
def test_no_session_is_lost_in_silence(change: Any) -> None:
    parsed, _ = session(**change)
    left_out = sum(one.kind == "dropped" for one in parsed.rejections)
    hidden = str(change.get("hidden")).strip().lower() in {"true", "1"}
    assert len(parsed.events) + left_out == (0 if hidden and not left_out else 1)
    assert all("@" not in person.name for event in parsed.events for person in event.people)
