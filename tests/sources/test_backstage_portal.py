"""Zoho Backstage: what is asked for, and what an answer becomes.

Expected values are worked out by hand from the documents (cited in each case), never from the code:

- "S1": Zoho Backstage, "Get a specific event"; ``data/backstage/event.json`` has its examples.
- "Zoho APIs 2.2": docs/zoho-apis.md; "rulebook 35": docs/feed-rules.md.

``data/backstage/agenda.json`` has the shapes of Zoho APIs 2.4. New York is UTC-4 in May, India
UTC+5:30 all year.
"""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Place, Status
from bridge.domain.problems import problem
from bridge.domain.source import BackstageSource
from bridge.domain.uid import event_uid
from bridge.sources.backstage import portal
from tests.sources.backstage_json import ABSENT, EVENT, JUNK, PORTAL, changed
from tests.sources.rejection_codes import codes_of


def parse(*items: Any, source: BackstageSource = PORTAL) -> Any:
    return portal.parse({"pages": [{"events": list(items)}]}, source)


def only(**changes: Any) -> Any:
    parsed = parse(changed(EVENT, **changes))
    assert len(parsed.events) == 1, parsed
    return parsed.events[0]


def test_documented_event() -> None:
    """Every field of Zoho's own example, without the people who made the event."""
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
    ({"status": "3"}, "status", Status.CONFIRMED, "Zoho APIs 6.1: numbers come as text"),
    ({"status": 4, "status_string": "canceled"}, "status", Status.CANCELLED, "S1: 4 Canceled"),
    ({"status": "4", "status_string": ABSENT}, "status", Status.CANCELLED, "S1: 4 Canceled"),
    (
        {"canceled_on": "2024-05-20T10:00:00Z"},
        "status",
        Status.CANCELLED,
        "Zoho APIs 2.3: canceled_on",
    ),
    ({"canceled_on": None}, "status", Status.CONFIRMED, "Zoho APIs 2.3: canceled_on"),
    ({"canceled_on": ""}, "status", Status.CONFIRMED, "Zoho APIs 2.3: canceled_on"),
    (
        {"status": ABSENT, "status_string": "live"},
        "status",
        Status.CONFIRMED,
        "Zoho APIs 2.2: status=live",
    ),
    (
        {"status": 9, "status_string": "published"},
        "status",
        Status.CONFIRMED,
        "Zoho APIs 2.3: strings seen",
    ),
    (
        {"timezone": "Asia/Calcutta"},
        "start",
        "2024-05-23T08:00:00+05:30",
        "Zoho APIs 6.3: alias in a real answer",
    ),
    (
        {"timezone": "Mars/Base"},
        "start",
        "2024-05-23T02:30:00+00:00",
        "Zoho APIs 6.3: unknown -> UTC instant",
    ),
    (
        {"timezone": ""},
        "start",
        "2024-05-23T02:30:00+00:00",
        "Zoho APIs 6.3: unknown -> UTC instant",
    ),
    (
        {"start_time": "2024-05-23T02:30:00.500Z"},
        "start",
        "2024-05-22T22:30:00-04:00",
        "seconds are the finest unit",
    ),
    ({"end_time": "2024-05-24T02:29:59Z"}, "busy", True, "Zoho APIs 6.4: one night may pass"),
    (
        {"end_time": "2024-05-24T02:30:00Z"},
        "busy",
        False,
        "Zoho APIs 6.4: a day or longer must not block",
    ),
    ({"event_type": 2}, "categories", ("sales", "marketing"), "S1: venue"),
    (
        {"event_type": 3, "event_type_string": "online"},
        "categories",
        ("sales", "marketing", "Online"),
        "Zoho APIs 2.3",
    ),
    (
        {"event_type": 4, "event_type_string": "hybrid"},
        "categories",
        ("sales", "marketing", "Hybrid"),
        "Zoho APIs 2.3",
    ),
    ({"event_type": 1}, "categories", ("sales", "marketing"), "Zoho APIs 2.3: 1 is undefined"),
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
        "Zoho APIs 2.3: venues[]",
    ),
    (
        {"venue": {"name": "A"}, "venues": [{"name": "B"}]},
        "place",
        Place(name="A"),
        "Zoho APIs 2.3: replaced by venue",
    ),
    (
        {"description": "", "summary": "In short"},
        "description",
        "In short",
        "Zoho APIs 2.3: empty description",
    ),
    ({"description": "Same", "summary": "Same"}, "description", "Same", "nothing twice"),
    ({"summary": None}, "description", "Description added", "Zoho APIs 2.3"),
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
    ({"event_type": 3}, "join_url", "", "Zoho APIs 2.3: no online-join URL"),
]


@pytest.mark.parametrize(("changes", "attribute", "expected", "cite"), FIELDS)
def test_field(changes: Any, attribute: Any, expected: Any, cite: Any) -> None:
    value = getattr(only(**changes), attribute)
    assert (value.isoformat() if attribute == "start" else value) == expected, cite


HIDDEN = [
    ({"status": 0, "status_string": "unpublished"}, "S1: 0 Unpublished"),
    ({"status": "0"}, "S1: 0 Unpublished, as text"),
    ({"status": 0, "canceled_on": "2024-05-20T10:00:00Z"}, "a draft stays one"),
    ({"status_string": "drafts"}, "Zoho APIs 2.2: status=drafts"),
    ({"status_string": "Trash"}, "Zoho APIs 2.2: status=trash"),
    ({"status": ABSENT, "status_string": "trash"}, "Zoho APIs 2.2: status=trash"),
]


@pytest.mark.parametrize(("changes", "cite"), HIDDEN)
def test_drafts_never_appear(changes: Any, cite: Any) -> None:
    """A draft or a trashed event is neither shown nor reported: it is as it should be."""
    parsed = parse(changed(EVENT, **changes))
    assert (parsed.events, parsed.rejections, parsed.notes) == ((), (), ()), cite


LEFT_OUT = [
    ({"id": ABSENT}, "", "no-id"),
    ({"id": True}, "", "no-id"),
    ({"id": "\ud800"}, "", "no-id"),
    ({"start_time": ABSENT}, "27000000000023", "no-start"),
    ({"start_time": 1716431400}, "27000000000023", "wrong-type"),
    ({"start_time": "23 May 2024"}, "27000000000023", "not-iso-time"),
    (
        {"start_time": "2024-05-23T02:30:00"},
        "27000000000023",
        "not-iso-time",
    ),  # no zone: never guessed
    ({"status": 9, "status_string": ABSENT}, "27000000000023", "unknown-status"),
    ({"status": ABSENT, "status_string": ABSENT}, "27000000000023", "unknown-status"),
    ({"status": {"id": 1}, "status_string": "new"}, "27000000000023", "unknown-status"),
]


@pytest.mark.parametrize(("changes", "upstream_id", "code"), LEFT_OUT)
def test_bad_event_is_reported_and_costs_only_itself(
    changes: Any, upstream_id: str, code: str
) -> None:
    """A rejection has the id and the reason, and the neighbours are shown."""
    good = changed(EVENT, id="1")
    parsed = parse(good, changed(EVENT, **changes), changed(EVENT, id="2"))
    assert [event.upstream_id for event in parsed.events] == ["1", "2"]
    (rejection,) = parsed.rejections
    assert (rejection.upstream_id, rejection.kind) == (upstream_id, "dropped")
    assert rejection.url == EVENT["website_url"]
    assert code in codes_of(rejection)


MENDED = [
    ({"end_time": "2024-05-23T02:29:59Z"}, "end-before-start"),
    ({"end_time": ABSENT}, "no-end"),
    ({"end_time": 5}, "wrong-type"),
    ({"end_time": "soon"}, "not-iso-time"),
    ({"website_url": "www.example.org"}, "not-a-web-address"),
    ({"tags": "sales"}, "wrong-type"),
    ({"venue": "Town hall"}, "not-an-object"),
    ({"venue": {"name": 7, "city": "Rome"}}, "wrong-type"),
]


@pytest.mark.parametrize(("changes", "code"), MENDED)
def test_a_repaired_event_is_shown_and_reported(changes: dict[str, Any], code: str) -> None:
    parsed = parse(changed(EVENT, **changes))
    (rejection,) = parsed.rejections
    assert len(parsed.events) == 1
    assert (rejection.upstream_id, rejection.kind) == ("27000000000023", "repaired")
    assert rejection.url == parsed.events[0].url
    assert code in codes_of(rejection)
    if (
        "end_time" in changes
    ):  # rulebook 35: an end before the start is repaired; no length is invented
        assert parsed.events[0].end == parsed.events[0].start


def test_unknown_zone_is_noted_once() -> None:
    parsed = parse(*(changed(EVENT, id=str(n), timezone="Mars/Base") for n in range(3)))
    assert len(parsed.events) == 3
    assert parsed.notes == (problem("events-in-unknown-zone", zone="Mars/Base"),)


def test_same_event_on_two_pages_is_one() -> None:
    """A list that shifts while it is read gives an event twice; the first is taken."""
    raw = {"pages": [{"events": [EVENT]}, {"data": [EVENT, changed(EVENT, id="2")]}]}
    assert [event.upstream_id for event in portal.parse(raw, PORTAL).events] == [
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
def test_an_empty_portal_gets_a_remark_about_the_brand(source: Any, words: str) -> None:
    """Zoho APIs 2.2: without brand_id, a portal with several brands sends 0 events."""
    (note,) = map(str, parse(source=source).notes)
    assert note.startswith("No events.")
    assert words in note
    assert parse(changed(EVENT, status=0), source=source).notes == ()


@given(
    st.lists(
        st.one_of(JUNK, st.dictionaries(st.sampled_from(sorted(EVENT)), JUNK, max_size=4)),
        max_size=4,
    )
)
def test_every_object_is_shown_or_reported(mutations: Any) -> None:
    """Whatever a field holds, the parse goes on, and each object is shown, reported, or a draft."""
    items = [
        changed(EVENT, id=f"e{n}") | change if isinstance(change, dict) else change
        for n, change in enumerate(mutations)
    ]
    for item in items:
        parsed = parse(item)
        shown, left_out = (
            len(parsed.events),
            sum(rejection.kind == "dropped" for rejection in parsed.rejections),
        )
        draft = isinstance(item, dict) and (
            str(item.get("status")) in {"0", "0.0", "-0.0"}
            or str(item.get("status_string")).strip().lower()
            in {"trash", "draft", "drafts", "unpublished", "deleted"}
        )
        assert shown + left_out == (0 if draft and not left_out else 1)
