"""Filtered feeds: the labels of events, and the documents of a filter.

Expected documents come from the feed's own published bytes, HTTP rules from the rulebook (H6, H7,
H8, H9).
"""

from dataclasses import replace
from datetime import datetime, timedelta
import gzip
from pathlib import Path
import re
import time
from typing import Any, Never

from hypothesis import given, strategies as st
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.event import Moment
from bridge.domain.source import ConnectSource
from bridge.errors import StoreError
from bridge.feed.agenda import NO_INVITATION, labels_of
from bridge.feed.document import PLACEHOLDER, remove_alarms
from bridge.feed.filter import LABEL_KINDS, Filter
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.filters import FilteredFeed
from bridge.web.filtered_documents import FilteredDocuments
from bridge.web.read_cache import ReadCache
from tests.clock import Clock
from tests.factories import MINUTE, berlin, event, put, series
from tests.served import web_app
from tests.web.filtered_feeds import (
    FEED,
    HALL_A,
    MEETINGS,
    OPEN,
    SUMMIT,
    TALKS,
    WORK,
    Site,
    fill,
    filter_path,
    link_token,
    uids,
)

GROUPS = ConnectSource(group="7,8", network="1")
IN_HALL_A, IN_HALL_B = ("hall", "Hall A"), ("hall", "Hall B")


@pytest.fixture
def site(store: Store, tmp_path: Path, now: datetime) -> Site:
    fill(store, now, FEED, OPEN)
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


# --- labels and filters


def test_the_labels_of_an_event_are_what_people_know_of_it() -> None:
    shown = event("x", place=HALL_A, categories=("Data", "talk"), track="Data")
    expected = {("category", "talk"), ("track", "Data"), IN_HALL_A, ("source", SUMMIT.key)}
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
    put(store, now, replace(MEETINGS[0], answer="tentative"), *MEETINGS[1:], source=WORK)
    publish(store, "summit", now=now + MINUTE)
    after = store.publications.document("summit", "default")
    assert before is not None
    assert after is not None
    assert (after.body, after.modified_at) == (before.body, before.modified_at)
    assert "tentative" in store.agenda.labels("summit")["answer"]


LABEL = st.tuples(st.sampled_from(list(LABEL_KINDS)), st.text(max_size=8))
Labels = list[tuple[str, str]]


@given(labels=st.lists(LABEL, min_size=1, max_size=20))
def test_a_filter_decodes_to_itself(labels: Labels) -> None:
    choice = Filter.from_labels(labels)
    assert Filter.decode(choice.encode()) == choice
    assert Filter.from_labels(reversed(labels)).encode() == choice.encode()


@given(data=st.binary(max_size=40))
def test_only_the_bytes_of_a_filter_decode_to_one(data: bytes) -> None:
    try:
        choice = Filter.decode(data)
    except ValueError:
        return
    assert choice.encode() == data


@given(selected=st.lists(LABEL, min_size=1, max_size=4), labels=st.lists(LABEL, max_size=4))
def test_an_event_matches_if_it_has_a_selected_label_of_every_selected_kind(
    selected: Labels, labels: Labels
) -> None:
    """The filter compares digests, this test the labels themselves."""
    by_kind: dict[str, set[str]] = {}
    for kind, value in selected:
        by_kind.setdefault(kind, set()).add(value)
    expected = all(any((k, v) in labels for v in values) for k, values in by_kind.items())
    choice = Filter.from_labels(selected)
    assert choice.matches(labels) == expected
    known = {kind: [value for k, value in labels if k == kind] for kind, _ in labels}
    names = {kind: set(values) for kind, values in choice.select(known).items()}
    assert names == {kind: values & set(known.get(kind, ())) for kind, values in by_kind.items()}


# --- documents


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([IN_HALL_A], ["a1", "a2"]),
        ([("track", "Data")], ["a1", "b1"]),
        ([("track", "Data"), IN_HALL_A], ["a1"]),
        ([IN_HALL_A, IN_HALL_B], ["a1", "a2", "b1", "b2"]),
        ([("category", "talk")], ["a1", "b1", "m1"]),
        ([("source", WORK.key), ("category", "talk")], ["m1"]),
        ([("answer", "accepted")], ["m1", "m4"]),
        ([("answer", "accepted"), ("answer", NO_INVITATION)], ["m1", "m3", "m4"]),
    ],
)
def test_a_filtered_feed_has_the_feeds_own_bytes_in_the_feeds_own_order(
    site: Site, labels: Labels, expected: list[str]
) -> None:
    check_bytes_and_order(site, labels, expected)


def test_filtered_feeds_work_on_every_database(
    any_store: Store, tmp_path: Path, now: datetime
) -> None:
    fill(any_store, now, FEED)
    client = web_app(any_store, tmp_path).test_client()
    site = Site(store=any_store, client=client, clock=Clock())
    check_bytes_and_order(site, [("track", "Data"), IN_HALL_A], ["a1"])
    check_bytes_and_order(site, [("answer", "accepted")], ["m1", "m4"])


def check_bytes_and_order(site: Site, labels: Labels, expected: list[str]) -> None:
    whole = vevents(site.get(f"/f/{link_token(site.store)}/summit.ics"))
    body = site.get(filter_path(site.store, *labels))
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


def test_the_calendars_name_includes_the_labels(site: Site) -> None:
    body = site.get(filter_path(site.store, IN_HALL_A, ("answer", "accepted")))
    assert b"\r\nX-WR-CALNAME:Summit: Hall A\\, accepted\r\n" in body


def test_a_filtered_feed_has_all_variants(site: Site) -> None:
    path = filter_path(site.store, IN_HALL_A)
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


def test_a_filter_without_matches_is_a_placeholder_and_never_empty(site: Site) -> None:
    """Rulebook 17, H7."""
    body = site.get(filter_path(site.store, ("hall", "Hall Z")))
    assert body.count(b"BEGIN:VEVENT") == 1
    assert PLACEHOLDER in body


def test_a_filtered_feed_answers_conditional_requests_and_gzip(site: Site) -> None:
    path, client = filter_path(site.store, IN_HALL_A), site.client
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
    path = filter_path(site.store, IN_HALL_A)
    first = site.client.get(path)
    put(site.store, now, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()
    second = site.client.get(path)
    assert b"SUMMARY:New" in second.data
    assert second.headers["ETag"] != first.headers["ETag"]
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert site.client.get(path, headers=since).status_code == 200


def test_an_event_that_leaves_a_filter_by_its_labels_alone_is_noticed(
    site: Site, now: datetime, tmp_path: Path
) -> None:
    """The feed's own document stays the same, so If-Modified-Since could miss the change."""
    path = filter_path(site.store, ("answer", "accepted"))
    first = site.client.get(path)
    put(site.store, now, replace(MEETINGS[0], answer="tentative"), *MEETINGS[1:], source=WORK)
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
    """Return a list that gets an item whenever a filtered document is joined."""
    calls: list[Any] = []
    filtered = site.store.agenda.filtered

    def count(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return filtered(*arguments, **options)

    monkeypatch.setattr(site.store.agenda, "filtered", count)
    return calls


def test_a_document_is_joined_once_for_a_state_of_the_feed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_joins(site, monkeypatch)
    path = filter_path(site.store, IN_HALL_A)
    assert len({site.get(path) for _ in range(3)}) == 1
    assert len(calls) == 1


def test_the_last_document_is_served_while_the_database_cannot_be_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Rulebook H8."""
    path = filter_path(site.store, IN_HALL_A)
    first = site.get(path)
    put(site.store, now, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(site.store, "summit", now=now + MINUTE)
    site.expire_caches()

    def broken(*_arguments: object, **_options: object) -> Never:
        raise StoreError("gone")

    monkeypatch.setattr(site.store.agenda, "filtered", broken)
    assert site.get(path) == first
    assert site.status(filter_path(site.store, IN_HALL_B)) == 503


def test_the_cached_bytes_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store, calls = site.store, count_joins(site, monkeypatch)
    heads = ReadCache(store.publications.head, time.monotonic)
    documents = FilteredDocuments(store, heads, most_bytes=3000)

    def get(hall: str) -> bytes:
        choice = Filter.from_labels([("hall", hall)])
        filtered = FilteredFeed(slug="summit", link=None, choice=choice)
        return documents.get(filtered, "default").body

    sizes = [len(get(hall)) for hall in ("Hall A", "Hall B", "Hall C", "Hall D")]
    assert max(sizes) < 3000 < sum(sizes)
    assert len(calls) == 4
    get("Hall D")
    assert len(calls) == 4
    get("Hall A")
    assert len(calls) == 5


def test_a_use_of_a_filtered_feed_is_a_use_of_its_link(
    site: Site, time_machine: TimeMachineFixture, now: datetime
) -> None:
    time_machine.move_to(now + timedelta(hours=1), tick=False)
    site.get(filter_path(site.store, IN_HALL_A))
    site.client.application.extensions["bridge"].usage.flush()
    assert site.store.links.of("summit")[0].used_at == now + timedelta(hours=1)
