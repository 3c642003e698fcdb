"""Selections of a feed: the labels of events, and the documents of a selection.

Expected documents come from the feed's own published bytes, HTTP rules from the rulebook (H6, H7,
H8, H9).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import gzip
from pathlib import Path
import re
from typing import Any, Never

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
import sqlalchemy as sa
from time_machine import TimeMachineFixture

from bridge.domain.event import Moment, Person
from bridge.domain.source import ConnectSource
from bridge.errors import StoreError
from bridge.feed.agenda import NO_INVITATION, labels_of
from bridge.feed.document import PLACEHOLDER, remove_alarms
from bridge.feed.selection import REMINDERS, Ticks, decode_ticks, encode_ticks
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.schema import documents
from bridge.web.selected_documents import SelectedDocuments
from tests.clock import Clock
from tests.factories import MINUTE, berlin, event, put, series
from tests.served import web_app
from tests.web.selected_feeds import (
    FEED,
    HALL_A,
    MEETINGS,
    OPEN,
    SUMMIT,
    TALKS,
    WORK,
    Site,
    fill,
    link_token,
    new_path,
    new_token,
    uids,
)

GROUPS = ConnectSource(group="7,8", network="1")
IN_HALL_A, IN_HALL_B = ("hall", "Hall A"), ("hall", "Hall B")


@pytest.fixture
def site(store: Store, tmp_path: Path, now: datetime, time_machine: TimeMachineFixture) -> Site:
    time_machine.move_to(now)
    fill(store, now, FEED, OPEN)
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


# --- labels and filters


def test_the_labels_of_an_event_are_what_people_know_of_it() -> None:
    shown = event("x", place=HALL_A, categories=("Data", "talk"), track="Data")
    speakers = [Person(name=name, role="speaker") for name in ("Ada\nL.", "Bob", " ")]
    shown = replace(shown, people=(*speakers, Person(name="Eve", role="organizer")))
    expected = {("category", "talk"), ("track", "Data"), IN_HALL_A, ("source", SUMMIT.key)}
    expected |= {("speaker", "Ada L."), ("speaker", "Bob")}
    assert labels_of(shown, SUMMIT.key) == expected
    groups = {("group", "Sales"), ("source", GROUPS.key)}
    assert labels_of(event("x", track="Sales"), GROUPS.key) == groups
    assert labels_of(event("x"), WORK.key) == {("answer", NO_INVITATION), ("source", WORK.key)}


def test_a_series_has_the_labels_of_all_its_instances() -> None:
    start: Moment = berlin(datetime(2026, 3, 12, 9))
    moved = event("s", recurrence_id=start, answer="declined")
    shown = replace(series("s"), answer="accepted", overrides=(moved,))
    assert {("answer", "accepted"), ("answer", "declined")} <= labels_of(shown, WORK.key)


def test_labels_do_not_change_the_published_bytes(store: Store, now: datetime) -> None:
    """Or every subscriber would see a change of an event when the account responds to it."""
    fill(store, now, FEED)
    before = store.publications.document("summit", "default")
    put(store, now + MINUTE, replace(MEETINGS[0], answer="tentative"), *MEETINGS[1:], source=WORK)
    publish(store, "summit", now=now + MINUTE)
    after = store.publications.document("summit", "default")
    assert before is not None
    assert after is not None
    assert (after.body, after.modified_at) == (before.body, before.modified_at)
    assert "tentative" in store.agenda.labels("summit")["answer"]


Labels = list[tuple[str, str]]


def test_ticks_are_read_as_they_were_written() -> None:
    ticks = Ticks(labels=(IN_HALL_A, ("track", "é\n👩‍💻")), events=("u",), reminder=0)
    assert decode_ticks(encode_ticks(ticks)) == ticks
    assert decode_ticks(encode_ticks(Ticks())) == Ticks()


# --- documents


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([IN_HALL_A], ["a1", "a2"]),
        ([("track", "Data")], ["a1", "b1"]),
        ([("track", "Data"), IN_HALL_A], ["a1"]),
        ([("speaker", "Bob")], ["a1", "b1"]),
        ([IN_HALL_A, IN_HALL_B], ["a1", "a2", "b1", "b2"]),
        ([("category", "talk")], ["a1", "b1", "m1"]),
        ([("source", WORK.key), ("category", "talk")], ["m1"]),
        ([("answer", "accepted")], ["m1", "m4"]),
        ([("answer", "accepted"), ("answer", NO_INVITATION)], ["m1", "m3", "m4"]),
    ],
)
def test_a_selection_has_the_feeds_own_bytes_in_the_feeds_own_order(
    site: Site, labels: Labels, expected: list[str]
) -> None:
    check_bytes_and_order(site, labels, expected)


def test_selections_work_on_every_database(any_store: Store, tmp_path: Path, now: datetime) -> None:
    fill(any_store, now, FEED)
    client = web_app(any_store, tmp_path).test_client()
    site = Site(store=any_store, client=client, clock=Clock())
    check_bytes_and_order(site, [("track", "Data"), IN_HALL_A], ["a1"])
    check_bytes_and_order(site, [("answer", "accepted")], ["m1", "m4"])


def check_bytes_and_order(site: Site, labels: Labels, expected: list[str]) -> None:
    whole = vevents(site.get(f"/f/{link_token(site.store)}/summit.ics"))
    body = site.get(new_path(site.store, *labels))
    shown = vevents(body)
    assert [vevent for vevent in whole if vevent in shown] == shown
    # The moved instance of the series m4 has a UID of its own.
    roots = {uid for uid in uids(body) if uid in {e.uid for e in (*TALKS, *MEETINGS)}}
    assert roots == set(expected)
    assert ("m4" in expected) or set(uids(body)) == roots
    zones = set(re.findall(rb"TZID=([^:;]+)", b"".join(shown)))
    assert set(re.findall(rb"\r\nTZID:([^\r]+)", body)) == zones


def vevents(body: bytes) -> list[bytes]:
    return re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body, re.DOTALL)


BOTH_SOURCES = [("source", SUMMIT.key), ("source", WORK.key)]


def forget_blocks(store: Store) -> None:
    """As after an update: the blocks of a document are known from its next publication on."""
    with store.database.write() as connection:
        connection.execute(sa.update(documents).values(blocks=None))


@pytest.mark.parametrize("query", ["", "?alarms=off", "?flavour=web"])
def test_a_selection_that_leaves_nothing_out_differs_from_the_feed_by_its_name(
    site: Site, query: str
) -> None:
    whole = site.get(f"/f/{link_token(site.store)}/summit.ics{query}")
    every = [one.uid for one in (*TALKS, *MEETINGS)]
    for path in (new_path(site.store, *BOTH_SOURCES), new_path(site.store, events=every)):
        body = site.get(path + query)
        assert re.sub(rb"(NAME:Summit)[^\r]*", rb"\1", body) == whole


@pytest.mark.parametrize("query", ["", "?alarms=off", "?flavour=web"])
def test_documents_without_known_blocks_have_the_same_selections(site: Site, query: str) -> None:
    ticks = (BOTH_SOURCES, [IN_HALL_A], [("hall", "Hall Z")])
    before = [site.get(new_path(site.store, *labels) + query) for labels in ticks]
    forget_blocks(site.store)
    assert [site.get(new_path(site.store, *labels) + query) for labels in ticks] == before


def test_a_publication_between_two_reads_shows_nothing_that_was_not_selected(
    site: Site, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed has as many entries as before, one of them new."""
    path = new_path(site.store, events=[one.uid for one in (*TALKS, *MEETINGS)])
    selected = site.store.agenda.selected

    def publish_after(slug: str, ticks: Ticks) -> frozenset[bytes] | None:
        found = selected(slug, ticks)
        put(site.store, now + MINUTE, *TALKS[1:], event("new"), source=SUMMIT)
        publish(site.store, "summit", now=now + MINUTE)
        return found

    monkeypatch.setattr(site.store.agenda, "selected", publish_after)
    assert not {"a1", "new"} & {*uids(site.get(path))}


def test_an_event_that_is_gone_does_not_count(site: Site, now: datetime, tmp_path: Path) -> None:
    """It has a row for its stamps: the page must not say that it is shown."""
    token = new_token(site.store, Ticks(events=("m1", "m3")))
    put(site.store, now + MINUTE, *MEETINGS[1:], source=WORK)
    publish(site.store, "summit", now=now + MINUTE)
    page = web_app(site.store, tmp_path).test_client().get(f"/f/{token}/").text
    assert "Calendar with 1 event." in page


def test_the_calendars_name_includes_the_labels(site: Site) -> None:
    body = site.get(new_path(site.store, IN_HALL_A, ("answer", "accepted")))
    assert b"\r\nX-WR-CALNAME:Summit: Hall A\\, accepted\r\n" in body


def test_a_selection_has_all_variants(site: Site) -> None:
    path = new_path(site.store, IN_HALL_A)
    queries = ("", "?alarms=off", "?flavour=web", "?download=1")
    default, quiet, web, download = (site.client.get(path + query) for query in queries)
    assert default.data.count(b"BEGIN:VALARM") == 1
    assert quiet.data == remove_alarms(default.data)
    assert b"VALARM" not in quiet.data
    assert b"TZID" not in web.data
    assert uids(web.data) == ["a1", "a2"]
    assert web.headers["Access-Control-Allow-Origin"] == "*"
    assert download.headers["Content-Disposition"].startswith('attachment; filename="summit.ics"')
    assert download.data == default.data


def test_a_selection_without_matches_is_a_placeholder_and_never_empty(site: Site) -> None:
    """Rulebook 17, H7."""
    body = site.get(new_path(site.store, ("hall", "Hall Z")))
    assert body.count(b"BEGIN:VEVENT") == 1
    assert PLACEHOLDER in body


def test_a_selection_answers_conditional_requests_and_gzip(site: Site) -> None:
    path, client = new_path(site.store, IN_HALL_A), site.client
    plain = client.get(path)
    assert plain.headers["Cache-Control"].startswith("private, max-age=900")
    assert plain.headers["Content-Length"] == str(len(plain.data))
    for name, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        response = client.get(path, headers={name: plain.headers[validator]})
        assert response.status_code == 304
    gzipped = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(gzipped.data) == plain.data
    assert gzipped.headers["ETag"] != plain.headers["ETag"]
    assert client.head(path).headers["ETag"] == plain.headers["ETag"]
    assert client.post(path).status_code == 405


def test_a_new_publication_is_noticed_even_by_the_old_time_of_change(
    site: Site, now: datetime
) -> None:
    path = new_path(site.store, IN_HALL_A)
    first = site.client.get(path)
    put(site.store, now + MINUTE, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()
    second = site.client.get(path)
    assert b"SUMMARY:New" in second.data
    assert second.headers["ETag"] != first.headers["ETag"]
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert site.client.get(path, headers=since).status_code == 200


def test_an_event_that_leaves_a_selection_by_its_labels_alone_is_noticed(
    site: Site, now: datetime, tmp_path: Path
) -> None:
    """The feed's own document stays the same, so If-Modified-Since could miss the change."""
    path = new_path(site.store, ("answer", "accepted"))
    first = site.client.get(path)
    put(
        site.store,
        now + MINUTE,
        replace(MEETINGS[0], answer="tentative"),
        *MEETINGS[1:],
        source=WORK,
    )
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()
    second = site.client.get(path)
    assert ("m1" in uids(first.data), "m1" in uids(second.data)) == (True, False)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert site.client.get(path, headers=since).status_code == 200
    restarted = web_app(site.store, tmp_path).test_client()
    assert restarted.get(path).headers["Last-Modified"] == second.headers["Last-Modified"]


# --- caching


def count_joins(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that gets an item whenever a selected document is joined."""
    calls: list[Any] = []
    selected = site.store.agenda.selected

    def count(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return selected(*arguments, **options)

    monkeypatch.setattr(site.store.agenda, "selected", count)
    return calls


def test_a_document_is_joined_once_for_a_state_of_the_feed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_joins(site, monkeypatch)
    path = new_path(site.store, IN_HALL_A)
    assert len({site.get(path) for _ in range(3)}) == 1
    assert len(calls) == 1


def test_the_last_document_is_served_while_the_database_cannot_be_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Rulebook H8."""
    path = new_path(site.store, IN_HALL_A)
    first = site.get(path)
    put(site.store, now + MINUTE, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()

    def broken(*_arguments: object, **_options: object) -> Never:
        raise StoreError("gone")

    monkeypatch.setattr(site.store.agenda, "selected", broken)
    assert site.get(path) == first
    assert site.status(new_path(site.store, IN_HALL_B)) == 503


def test_the_cached_bytes_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store, calls = site.store, count_joins(site, monkeypatch)
    cache = SelectedDocuments(store, most_bytes=1500)
    head = store.publications.head("summit", "default")
    assert head is not None
    halls = ("Hall A", "Hall B", "Hall C", "Hall D")
    tokens = {h: new_token(store, Ticks(labels=(("hall", h),))) for h in halls}

    def get(hall: str) -> bytes:
        selection = store.selections.find(tokens[hall], now=datetime.now(UTC))
        assert selection is not None
        return cache.get(selection, head, "default").gzip

    sizes = [len(get(hall)) for hall in halls]
    assert max(sizes) < 1500 < sum(sizes)
    assert len(calls) == 4
    get("Hall D")
    assert len(calls) == 4
    get("Hall A")
    assert len(calls) == 5


# --- single events and reminders


def test_ticked_events_are_shown_besides_the_labels(site: Site) -> None:
    assert uids(site.get(new_path(site.store, events=["b1", "m3", "gone"]))) == ["b1", "m3"]
    body = site.get(new_path(site.store, IN_HALL_A, events=["b1"]))
    assert set(uids(body)) == {"a1", "a2", "b1"}


def test_a_ticked_series_has_its_instances_that_stand_apart(site: Site, now: datetime) -> None:
    """An instance that moves after the tick has a new UID, which no tick names."""
    path = new_path(site.store, events=["m4"])
    before = uids(site.get(path))
    start: Moment = berlin(datetime(2026, 3, 12, 9))
    moved = event("m4", start=datetime(2026, 3, 13, 17), recurrence_id=start)
    old = MEETINGS[3]
    changed = replace(old, overrides=(*old.overrides, moved))
    put(site.store, now + MINUTE, *MEETINGS[:3], changed, source=WORK)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()
    assert len(uids(site.get(path))) == len(before) + 1


def test_ticks_outlive_what_they_select(site: Site, now: datetime) -> None:
    """A lost track comes back, an event is renamed: the selection shows both again."""
    path = new_path(site.store, ("track", "Web"), events=["b1"])
    assert uids(site.get(path)) == ["a2", "b1"]
    put(site.store, now + MINUTE, TALKS[0], TALKS[3], source=SUMMIT)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()
    assert uids(site.get(path)) == uids(PLACEHOLDER)
    put(site.store, now + 2 * MINUTE, *TALKS[:2], replace(TALKS[2], title="New"), source=SUMMIT)
    publish(site.store, "summit", now=now + 2 * MINUTE)
    site.expire_caches()
    assert uids(site.get(path)) == ["a2", "b1"]


def test_a_reminder_is_for_timed_events_without_one(site: Site) -> None:
    whole = vevents(site.get(f"/f/{link_token(site.store)}/summit.ics"))
    path = new_path(site.store, reminder=90)
    body = site.get(path)
    for before, after in zip(whole, vevents(body), strict=True):
        if b"VALARM" in before or b"VALUE=DATE:" in before:
            assert after == before
        else:
            assert remove_alarms(after) == before
            assert b"TRIGGER:-PT1H30M\r\n" in after
    assert site.get(f"{path}?alarms=off") == remove_alarms(body)
    assert b"VALARM" not in site.get(f"{path}?flavour=web")


@pytest.mark.parametrize("minutes", REMINDERS)
def test_a_reminder_is_the_same_as_one_that_is_published(
    site: Site, now: datetime, minutes: int
) -> None:
    """The renderer of feeds and icalendar write it, too."""
    titles = ("Plain", "Ünïcode, with; escapes\\ " * 6, "👩‍💻" * 30, "x" * 200)
    talks = [event(f"t{n}", title=title) for n, title in enumerate(titles)]
    put(site.store, now + MINUTE, *talks, source=SUMMIT)
    publish(site.store, "open", now=now + MINUTE)
    path = new_path(site.store, slug="open", public=True, reminder=minutes)
    joined = vevents(site.get(path))
    feed = replace(OPEN, reminder=timedelta(minutes=minutes))
    site.store.feeds.replace([FEED, feed], now=now)
    publish(site.store, "open", now=now + 2 * MINUTE)
    site.expire_caches()
    published = vevents(site.get("/feeds/open.ics"))
    stamps = re.compile(rb"(DTSTAMP|LAST-MODIFIED|SEQUENCE):[^\r]*\r\n")
    assert [stamps.sub(b"", v) for v in joined] == [stamps.sub(b"", v) for v in published]
    assert all(len(line) <= 75 for v in joined for line in v.split(b"\r\n"))


LABELS = st.sampled_from(
    [
        *(IN_HALL_A, IN_HALL_B, ("track", "Data"), ("track", "Web"), ("speaker", "Bob")),
        *(("category", "talk"), ("answer", "accepted"), ("source", WORK.key), ("hall", "Gone")),
    ]
)
UIDS = st.sampled_from([*(e.uid for e in (*TALKS, *MEETINGS)), "gone", "é\n"])


@given(
    labels=st.lists(LABELS, unique=True),
    events=st.lists(UIDS, unique=True),
    reminder=st.sampled_from([None, *REMINDERS]),
    privacy=st.sampled_from(["full", "busy"]),
    public=st.booleans(),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_selection_never_shows_an_event_that_its_parent_does_not(
    site: Site,
    now: datetime,
    labels: Labels,
    events: list[str],
    reminder: int | None,
    privacy: Any,
    public: bool,
) -> None:
    feed = replace(FEED, privacy=privacy, public=public)
    site.store.feeds.replace([feed], now=now)
    publish(site.store, "summit", now=now)
    site.expire_caches()
    path = new_path(site.store, *labels, events=events, reminder=reminder)
    for query in ("?alarms=off", "?flavour=web"):
        whole = vevents(site.get(f"/f/{link_token(site.store)}/summit.ics{query}"))
        shown = [v for v in vevents(site.get(path + query)) if v != PLACEHOLDER]
        assert [vevent for vevent in whole if vevent in shown] == shown
    assert remove_alarms(site.get(path)) == site.get(f"{path}?alarms=off")
