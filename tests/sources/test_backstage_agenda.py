"""Zoho Backstage: what is asked for, and what an answer becomes.

Expected values are worked out by hand from the documents (cited in each case), never from the code:

- "S1": Zoho Backstage, "Get a specific event"; ``data/backstage/event.json`` has its examples.
- "Zoho APIs 2.2": docs/zoho-apis.md; "rulebook 35": docs/feed-rules.md.

``data/backstage/agenda.json`` has the shapes of Zoho APIs 2.4. New York is UTC-4 in May, India
UTC+5:30 all year.
"""

from copy import deepcopy
from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Person, Place, Status, to_utc
from bridge.domain.rejection import reasons
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, NotFoundError, ScopeError, UnavailableError
from bridge.sources.backstage import agenda, sessions
from bridge.sources.protocols import NoCache
from tests.sources.backstage_json import AGENDA, JUNK, ONE, changed
from tests.sources.fake_api import FakeApi, JsonCache
from tests.sources.rejection_codes import codes_of


def session(**changes: Any) -> Any:
    """Parse the agenda with its first session changed, and give the parse and that session."""
    raw = deepcopy(AGENDA)
    raw["sessions"] = [{"sessions": [changed(raw["sessions"][0]["sessions"][0], **changes)]}]
    parsed = sessions.parse(raw, ONE)
    return parsed, parsed.events[0] if parsed.events else None


def test_agenda() -> None:
    """Zoho APIs 2.4: each session once, with hall, track, type, speakers, and no address."""
    parsed = sessions.parse(AGENDA, ONE)
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
    assert to_utc(panel.end) - to_utc(panel.start) == timedelta(
        minutes=45
    )  # Zoho APIs 2.4: a numeric string
    assert panel.place == Place(name="Trade Centre", city="Chennai", state="TN", country="India")
    assert panel.categories == ("Technology", "Panel discussion")
    assert panel.language == "ta"
    assert "@" not in repr(parsed)


SESSION_FIELDS = [
    ({"hidden": "false"}, "title", "Opening", "Zoho APIs 6.5: the text false is false"),
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
        "Zoho APIs 2.4: or objects",
    ),
    ({"speakers": ["Ada King", "sp2"]}, "people", ("Ada King", "Li"), "Zoho APIs 2.4: or strings"),
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
    ({"duration": None}, True, "bad-duration"),
    ({"duration": -5}, True, "bad-duration"),
    ({"duration": "an hour"}, True, "bad-duration"),
    ({"duration": 99_999_999}, True, "bad-duration"),
    ({"venue": "h9"}, True, "name-not-listed"),
    ({"track": "t9"}, True, "name-not-listed"),
    ({"speakers": ["sp9"]}, True, "name-not-listed"),
    ({"speakers": ["ada king@example.org"]}, True, "name-is-address"),
    ({"title": 5}, True, "wrong-type"),
    ({"start_time": None}, False, "no-start"),
    ({"start_time": "2027-02-30T08:00:00Z"}, False, "no-such-time"),
    ({"id": None}, False, "no-id"),
    ({"hidden": "maybe"}, False, "maybe-hidden"),
]


@pytest.mark.parametrize(("changes", "shown", "code"), SESSION_FAULTS)
def test_session_fault_is_reported(changes: Any, shown: bool, code: str) -> None:
    """A repair invents nothing. A session that may be hidden or has no time is left out."""
    parsed, event = session(**changes)
    (rejection,) = parsed.rejections
    assert (event is not None, rejection.kind == "repaired") == (shown, shown)
    assert code in codes_of(rejection)
    assert "@" not in reasons(rejection)
    if "duration" in changes:
        assert event.end == event.start


def test_hidden_session_is_dropped() -> None:
    parsed, event = session(hidden="true")
    assert (event, parsed.rejections) == (None, ())


def test_one_id_with_two_starts_is_reported() -> None:
    """Zoho APIs 2.4 says only that an id may repeat; a second start is not lost in silence."""
    raw = deepcopy(AGENDA)
    raw["sessions"][1]["sessions"][1]["start_time"] = "2027-02-10T08:00:00Z"
    parsed = sessions.parse(raw, ONE)
    assert [event.upstream_id for event in parsed.events] == ["s1", "s3"]
    assert [(rejection.upstream_id, rejection.kind) for rejection in parsed.rejections] == [
        ("s1", "dropped")
    ]


@pytest.mark.parametrize(
    ("changes", "shown", "words"),
    [
        ({"status": 4}, [Status.CANCELLED] * 2, ""),
        ({"canceled_on": "2027-01-01T00:00:00Z"}, [Status.CANCELLED] * 2, ""),
        ({"status": 0, "status_string": "unpublished"}, [], "not published"),
        ({"status": 8, "status_string": None}, [], "“8”"),
        ({"timezone": "Mars/Base"}, [Status.CONFIRMED] * 2, "Mars/Base"),
        ({"website_url": "ftp://example.org"}, [Status.CONFIRMED] * 2, "website_url"),
    ],
)
def test_sessions_follow_their_event(changes: Any, shown: list[Status], words: str) -> None:
    """A cancelled event cancels its sessions. A draft or an unknown status shows none."""
    raw = deepcopy(AGENDA) | {"event": changed(AGENDA["event"], **changes)}
    parsed = sessions.parse(raw, ONE)
    assert [event.status for event in parsed.events] == shown
    texts = [*map(str, parsed.notes), *(reasons(rejection) for rejection in parsed.rejections)]
    assert len(texts) == bool(words)
    assert words in "".join(texts)


@pytest.mark.parametrize(
    "wrap",
    [lambda data: {"event": data}, lambda data: {"events": [data]}, lambda data: {"data": data}],
)
def test_wrapped_event_is_read(wrap: Any) -> None:
    raw = deepcopy(AGENDA) | {"event": wrap(AGENDA["event"])}
    assert len(sessions.parse(raw, ONE).events) == 2


BASE = "/portals/19593237/events/2000000000022"


def agenda_api(event: Any = AGENDA["event"], **changes: Any) -> FakeApi:
    """Return the API of the agenda, with other answers by the end of their path."""
    answers = {BASE: event, f"{BASE}/agendas": AGENDA["agendas"]}
    answers |= {
        f"{BASE}/sessions#{day}": answer for day, answer in enumerate(AGENDA["sessions"], 1)
    }
    answers |= {f"{BASE}/{name}": AGENDA[name] for name in ("halls", "tracks", "speakers")}
    answers |= {f"{BASE}/{name}": answer for name, answer in changes.items()}
    return FakeApi(answers)


def test_agenda_requests() -> None:
    """Zoho APIs 2.1, 2.4: days are 1 to the number of agendas, whose own index begins at 0."""
    api = agenda_api()
    assert agenda.fetch(api, ONE, NoCache()) == AGENDA
    assert api.requests == [
        (BASE, {}),
        (f"{BASE}/agendas", {}),
        (f"{BASE}/sessions", {"day": "1"}),
        (f"{BASE}/sessions", {"day": "2"}),
        (f"{BASE}/halls", {}),
        (f"{BASE}/tracks", {}),
        (f"{BASE}/speakers", {}),
    ]


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
@pytest.mark.parametrize(
    "error", [NotFoundError("text", text="404"), ScopeError("text", text="401")]
)
def test_agenda_without_a_list(name: str, error: Any) -> None:
    """Halls, tracks and speakers only add names: without a list, a note states why."""
    raw = agenda.fetch(agenda_api(**{name: error}), ONE, NoCache())
    parsed = sessions.parse(raw, ONE)
    assert len(parsed.events) == 2
    assert parsed.rejections == ()
    assert [note for note in parsed.notes if name in str(note) and str(error) in str(note)] == list(
        parsed.notes
    )
    assert len(parsed.notes) == 1


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
@pytest.mark.parametrize(
    "answer", [NotFoundError("text", text="404"), ScopeError("text", text="401"), "empty"]
)
def test_names_that_were_read_once_stay_while_their_list_is_away(name: str, answer: Any) -> None:
    """Otherwise a fault of one list would change every session, and change it back."""
    kept = JsonCache()
    before = agenda.fetch(agenda_api(), ONE, kept)
    away = {name: []} if answer == "empty" else answer
    raw = agenda.fetch(agenda_api(**{name: away}), ONE, kept)
    assert raw[name] == before[name]
    assert sessions.parse(raw, ONE).events == sessions.parse(before, ONE).events
    (note,) = map(str, sessions.parse(raw, ONE).notes)
    assert name in note
    assert agenda.fetch(agenda_api(), ONE, kept) == before


@pytest.mark.parametrize("name", ["halls", "tracks", "speakers"])
def test_a_list_of_nameless_things_fails(name: str) -> None:
    with pytest.raises(
        BadDataError, match=f"list “{name}” has 1 objects, and none of them has an id"
    ):
        agenda.fetch(agenda_api(**{name: {name: [{"id": ["x"], "name": ["y"]}]}}), ONE, NoCache())


EMPTY: dict[str, list[Any]] = {"sessions": []}
NO_SUCH_DAY = BadDataError(
    "refused", product="Zoho Backstage", said="Please enter the valid agenda day"
)
PROBES = [
    ("up to the first empty day", {"sessions#3": EMPTY}, 2, 3),
    ("a refused day ends it", {"sessions#3": NO_SUCH_DAY}, 2, 3),
    ("an unknown day ends it", {"sessions#3": NotFoundError("text", text="404")}, 2, 3),
    (
        "an empty day within the event's own two days doesn't",
        {"sessions#1": EMPTY, "sessions#3": EMPTY},
        2,
        3,
    ),
]


@pytest.mark.parametrize(("name", "changes", "kept", "asked"), PROBES)
def test_days_are_probed_without_agendas(name: str, changes: Any, kept: Any, asked: Any) -> None:
    """Zoho APIs 2.4: if the agendas can't be read, day after day is asked for."""
    api = agenda_api(agendas=ScopeError("text", text="401"), **changes)
    raw = agenda.fetch(api, ONE, NoCache())
    assert len(raw["sessions"]) == kept, name
    assert [params["day"] for _, params in api.requests if "day" in params] == [
        str(n) for n in range(1, asked + 1)
    ]
    assert [note["code"] for note in raw["notes"]] == ["days-unreadable"]


def test_sessions_are_read_even_if_the_list_of_days_is_empty() -> None:
    """An empty list may be a fault: sessions that are there all the same are shown."""
    raw = agenda.fetch(agenda_api(agendas={"agendas": []}, **{"sessions#3": EMPTY}), ONE, NoCache())
    assert raw["sessions"] == AGENDA["sessions"]
    assert raw["notes"] == []


@pytest.mark.parametrize("answer", [EMPTY, NO_SUCH_DAY, NotFoundError("text", text="404")])
def test_an_event_without_an_agenda_has_no_sessions(answer: Any) -> None:
    """It is not an error: the programme of a conference comes months after its date."""
    nothing = {f"sessions#{day}": answer for day in (1, 2, 3)}
    raw = agenda.fetch(agenda_api(agendas={"agendas": []}, **nothing), ONE, NoCache())
    assert sessions.parse(raw, ONE).events == ()


def test_days_are_probed_for_an_event_without_times() -> None:
    timeless = changed(AGENDA["event"], start_time=None)
    closed = ScopeError("text", text="401")
    api = agenda_api(timeless, agendas=closed, **{"sessions#1": EMPTY})
    assert agenda.fetch(api, ONE, NoCache())["sessions"] == []


FAILURES = [
    ({"agendas": NotFoundError("text", text="404"), "sessions#1": NO_SUCH_DAY}, BadDataError),
    (
        {
            "agendas": NotFoundError("text", text="404"),
            "sessions#1": NotFoundError("text", text="404"),
        },
        NotFoundError,
    ),
    (
        {
            "agendas": NotFoundError("text", text="404"),
            "sessions#3": BadDataError("text", text="another complaint"),
        },
        BadDataError,
    ),
    ({"sessions#2": NO_SUCH_DAY}, BadDataError),
    ({"sessions#2": {"message": "no"}}, BadDataError),
    ({"sessions#2": UnavailableError("text", text="down")}, UnavailableError),
    ({"halls": UnavailableError("text", text="down")}, UnavailableError),
    ({"sessions#2": []}, BadDataError),
    ({"sessions#2": {"data": []}}, BadDataError),
    ({"sessions#2": EMPTY | {"message": "ok"}}, BadDataError),
    ({"halls": {"hall": []}}, BadDataError),
    ({"agendas": UnavailableError("text", text="down")}, UnavailableError),
    ({"agendas": {"agendas": [{}] * 61}}, BadDataError),
]


@pytest.mark.parametrize(("changes", "error"), FAILURES)
def test_an_incomplete_agenda_is_an_error(changes: Any, error: Any) -> None:
    """A missing day is an error, and so is a list that fails for a reason that passes."""
    with pytest.raises(error):
        agenda.fetch(agenda_api(**changes), ONE, NoCache())


def test_endless_agenda_fails() -> None:
    endless = {f"sessions#{day}": AGENDA["sessions"][0] for day in range(1, 62)}
    with pytest.raises(BadDataError, match="60 days"):
        agenda.fetch(
            agenda_api(agendas=NotFoundError("text", text="404"), **endless), ONE, NoCache()
        )


def test_unknown_event_fails() -> None:
    api = agenda_api(NotFoundError("text", text="404"))
    with pytest.raises(NotFoundError):
        agenda.fetch(api, ONE, NoCache())
    with pytest.raises(BadDataError, match="no event"):
        sessions.parse(AGENDA | {"event": {"ok": 1}}, ONE)


@given(
    st.dictionaries(st.sampled_from(sorted(AGENDA["sessions"][0]["sessions"][0])), JUNK, max_size=4)
)
def test_every_session_is_shown_or_reported(change: Any) -> None:
    parsed, _ = session(**change)
    left_out = sum(rejection.kind == "dropped" for rejection in parsed.rejections)
    hidden = str(change.get("hidden")).strip().lower() in {"true", "1"}
    assert len(parsed.events) + left_out == (0 if hidden and not left_out else 1)
    assert all("@" not in person.name for event in parsed.events for person in event.people)
