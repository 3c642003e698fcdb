"""A person's own choice of a feed: its address, its documents, its page; and that nobody gets beyond it.

Expected documents come from the feed's own published bytes; what an address must not do from the promises of
bridge/store/filters.py; HTTP rules from the rulebook (H6, H9, H14, H17).
"""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import gzip
import html
from pathlib import Path
import re
from typing import Any, Never

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
import pytest

from bridge import config
from bridge.domain.event import Place
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.errors import StoreError
from bridge.feed.agenda import NO_INVITATION, labels_of, without_labels
from bridge.feed.document import PLACEHOLDER, remove_alarms
from bridge.feed.filter import LABEL_KINDS, Filter, label_digest
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.filters import FilteredFeed, is_filter
from bridge.web import create_app
from tests.conftest import KEY
from tests.factories import BERLIN, event, series
from tests.publish.feeds import ALARM, MINUTE, put

SUMMIT = BackstageSource(portal="1", event="2")
WORK = CalendarSource(calendar="work")
GROUPS = ConnectSource(group="7,8", network="1")
FEED = Feed(slug="summit", title="Summit", sources=(SUMMIT, WORK))
OPEN = Feed(slug="open", title="Open", sources=(SUMMIT,), public=True)
HALL_A, HALL_B = Place(hall="Hall A", name="Fair"), Place(hall="Hall B", name="Fair")

TALKS = (
    event("a1", place=HALL_A, categories=("Data", "talk"), track="Data", alarms=(ALARM,)),
    event("a2", place=HALL_A, categories=("Web", "workshop"), track="Web"),
    event("b1", place=HALL_B, categories=("Data", "talk"), track="Data"),
    event("b2", start=date(2026, 3, 20), place=HALL_B),
)
MEETINGS = (
    event("m1", answer="accepted", categories=("talk",)),
    event("m2", answer="declined"),
    event("m3"),
    series("m4", 11, answer="accepted"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    return config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40})


def fill(store: Store, now: datetime, *feeds: Any) -> None:
    store.feeds.replace(feeds, now=now)
    put(store, now, *TALKS, source=SUMMIT)
    put(store, now, *MEETINGS, source=WORK)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        publish(store, feed.slug, now=now)


@pytest.fixture
def filled(store: Store, now: datetime) -> Any:
    fill(store, now, FEED, OPEN)
    return store


@pytest.fixture
def client(filled: Store, settings: Any) -> Any:
    return create_app(settings, filled).test_client()


def token(store: Store, *labels: Any, slug: str = "summit", public: bool = False) -> Any:
    link = None if public else store.links.of(slug)[0]
    return store.filters.token(
        FilteredFeed(slug=slug, link=link, choice=Filter.from_labels(labels))
    )


def path(store: Store, *labels: Any, slug: str = "summit", public: bool = False) -> str:
    return f"/f/{token(store, *labels, slug=slug, public=public)}/{slug}.ics"


def uids(body: Any) -> Any:
    bare = remove_alarms(body).decode()
    return re.findall(r"^UID:(.*)\r$", bare, re.MULTILINE)


def events_of(body: Any) -> Any:
    return re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body, re.DOTALL)


# --- labels and choices


def test_an_event_can_be_chosen_by_what_people_know_of_it() -> None:
    shown = event("x", place=HALL_A, categories=("Data", "talk"), track="Data")
    expected = {("category", "talk"), ("track", "Data"), ("hall", "Hall A"), ("source", SUMMIT.key)}
    assert labels_of(shown, SUMMIT.key) == expected
    assert labels_of(event("x", track="Sales"), GROUPS.key) == {
        ("group", "Sales"),
        ("source", GROUPS.key),
    }
    assert labels_of(event("x"), WORK.key) == {("answer", NO_INVITATION), ("source", WORK.key)}


def test_a_series_can_be_chosen_by_what_any_of_its_instances_is() -> None:
    moved = event("s", recurrence_id=datetime(2026, 3, 12, 9, tzinfo=BERLIN), answer="declined")
    shown = replace(series("s"), answer="accepted", overrides=(moved,))
    assert {("answer", "accepted"), ("answer", "declined")} <= labels_of(shown, WORK.key)


def test_what_is_only_chosen_by_does_not_change_the_published_bytes(
    store: Store, now: datetime
) -> None:
    """Else every subscriber would see a change of an event whose answer is another."""
    fill(store, now, FEED)
    before = store.publications.document("summit", "default")
    put(store, now, replace(MEETINGS[0], answer="tentative"), *MEETINGS[1:], source=WORK)
    publish(store, "summit", now=now + MINUTE)
    after = store.publications.document("summit", "default")
    assert (after.body, after.modified_at) == (before.body, before.modified_at)
    assert "tentative" in store.agenda.labels("summit")["answer"]
    assert without_labels(replace(MEETINGS[0], track="x")) == replace(MEETINGS[0], answer="")


LABELS = st.tuples(st.sampled_from(list(LABEL_KINDS)), st.text(max_size=8))


@given(labels=st.lists(LABELS, min_size=1, max_size=20))
def test_a_choice_is_read_as_it_was_written(labels: Any) -> None:
    choice = Filter.from_labels(labels)
    assert Filter.decode(choice.encode()) == choice
    assert Filter.from_labels(reversed(labels)).encode() == choice.encode()


@given(data=st.binary(max_size=40))
def test_nothing_but_a_choice_is_read_as_one(data: Any) -> None:
    try:
        choice = Filter.decode(data)
    except ValueError:
        return
    assert choice.encode() == data


@given(chosen=st.lists(LABELS, min_size=1, max_size=6), has=st.lists(LABELS, max_size=6))
def test_an_event_fits_when_it_has_one_label_of_each_kind_that_was_chosen(
    chosen: Any, has: Any
) -> None:
    """Said twice: here by the labels themselves, there by their marks."""
    kinds = {kind for kind, _ in chosen}
    expected = all(any(one in has for one in chosen if one[0] == kind) for kind in kinds)
    assert Filter.from_labels(chosen).matches(has) == expected
    offered = {kind: [value for k, value in has if k == kind] for kind, _ in has}
    meant = Filter.from_labels(chosen).select(offered)
    assert set(meant) == kinds
    assert all(set(values) == {v for k, v in chosen if k == kind} & set(offered.get(kind, ())) for kind, values in meant.items())  # fmt: skip


# --- documents


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([("hall", "Hall A")], ["a1", "a2"]),
        ([("track", "Data")], ["a1", "b1"]),
        ([("track", "Data"), ("hall", "Hall A")], ["a1"]),
        ([("hall", "Hall A"), ("hall", "Hall B")], ["a1", "a2", "b1", "b2"]),
        ([("category", "talk")], ["a1", "b1", "m1"]),
        ([("source", WORK.key), ("category", "talk")], ["m1"]),
        ([("answer", "accepted")], ["m1", "m4"]),
        ([("answer", "accepted"), ("answer", NO_INVITATION)], ["m1", "m3", "m4"]),
    ],
)
def test_a_chosen_part_has_the_feeds_own_bytes_in_the_feeds_own_order(
    any_store: Store, settings: Any, now: datetime, labels: Any, expected: Any
) -> None:
    fill(any_store, now, FEED)
    client = create_app(settings, any_store).test_client()
    whole = client.get(
        f"/f/{any_store.links.token(any_store.links.of('summit')[0])}/summit.ics"
    ).data
    answer = client.get(path(any_store, *labels))
    assert answer.status_code == 200
    got = events_of(answer.data)
    assert [one for one in events_of(whole) if one in got] == got
    roots = {uids(one)[0] for one in got}
    alone = any_store.agenda.of("summit", list(roots))
    assert {uid for uid in roots if uid in expected} == set(expected)
    assert roots - set(expected) <= {one for one in alone if one not in uids_of_feed()}
    zones = set(re.findall(rb"TZID=([^:;]+)", b"".join(got)))
    assert set(re.findall(rb"\r\nTZID:([^\r]+)", answer.data)) == zones


def uids_of_feed() -> Any:
    return {one.uid for one in (*TALKS, *MEETINGS)}


def test_its_name_says_what_was_chosen(client: FlaskClient, filled: Store) -> None:
    body = client.get(path(filled, ("hall", "Hall A"), ("answer", "accepted"))).data
    assert b"\r\nX-WR-CALNAME:Summit: Hall A\\, accepted\r\n" in body


def test_all_variants_work_on_it(client: FlaskClient, filled: Store) -> None:
    chosen = path(filled, ("hall", "Hall A"))
    default, quiet, web = (
        client.get(chosen + query) for query in ("", "?alarms=off", "?flavour=web")
    )
    assert default.data.count(b"BEGIN:VALARM") == 1
    assert quiet.data == remove_alarms(default.data)
    assert (b"VALARM" in quiet.data, b"TZID" in web.data, uids(web.data)) == (
        False,
        False,
        ["a1", "a2"],
    )
    assert web.headers["Access-Control-Allow-Origin"] == "*"
    download = client.get(chosen + "?download=1")
    assert download.headers["Content-Disposition"].startswith('attachment; filename="summit.ics"')
    assert download.data == default.data


def test_a_choice_of_nothing_is_a_placeholder_and_never_empty(
    client: FlaskClient, filled: Store
) -> None:
    """Rulebook 17, H7."""
    body = client.get(path(filled, ("hall", "Hall Z"))).data
    assert body.count(b"BEGIN:VEVENT") == 1
    assert PLACEHOLDER in body


def test_it_is_answered_conditionally_and_compressed(client: FlaskClient, filled: Store) -> None:
    chosen = path(filled, ("hall", "Hall A"))
    plain = client.get(chosen)
    assert plain.headers["Cache-Control"].startswith("private, max-age=900")
    assert plain.headers["Content-Length"] == str(len(plain.data))
    assert client.get(chosen, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304
    assert (
        client.get(
            chosen, headers={"If-Modified-Since": plain.headers["Last-Modified"]}
        ).status_code
        == 304
    )
    coded = client.get(chosen, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(coded.data) == plain.data
    assert coded.headers["ETag"] != plain.headers["ETag"]
    assert client.head(chosen).headers["ETag"] == plain.headers["ETag"]
    assert client.post(chosen).status_code == 405


def served_later(client: FlaskClient, url: str, since: Any) -> Any:
    """Ask again after what is remembered has gone out of date, with what the first answer said."""
    headers = {"If-Modified-Since": since.headers["Last-Modified"]}
    return client.get(url), client.get(url, headers=headers)


def forget(client: FlaskClient) -> None:
    """Let the half second pass that answers of the store are remembered for."""
    shared = client.application.extensions["bridge"]
    for remembered in (shared._head, shared._link, shared.chosen._filtered):
        remembered._clock = lambda: float("inf")


def test_a_new_publication_is_noticed_and_the_old_time_of_change_is_not_enough(
    client: FlaskClient, filled: Store, now: datetime
) -> None:
    chosen = path(filled, ("hall", "Hall A"))
    first = client.get(chosen)
    put(filled, now, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(filled, "summit", now=now + MINUTE)
    forget(client)
    again, since = served_later(client, chosen, first)
    assert b"SUMMARY:New" in again.data
    assert (again.headers["ETag"] != first.headers["ETag"], since.status_code) == (True, 200)


def test_an_event_that_leaves_a_choice_by_its_labels_alone_is_noticed_too(
    client: FlaskClient, filled: Store, now: datetime
) -> None:
    """The feed's own document stays the same: only If-Modified-Since could be fooled."""
    chosen = path(filled, ("answer", "accepted"))
    first = client.get(chosen)
    put(filled, now, replace(MEETINGS[0], answer="tentative"), *MEETINGS[1:], source=WORK)
    publish(filled, "summit", now=now + MINUTE)
    forget(client)
    again, since = served_later(client, chosen, first)
    assert ("m1" in uids(first.data), "m1" in uids(again.data)) == (True, False)
    assert since.status_code == 200
    restarted = create_app(client.application.extensions["bridge"].settings, filled).test_client()
    assert restarted.get(chosen).headers["Last-Modified"] == again.headers["Last-Modified"]


def test_a_document_is_joined_once_for_a_state_of_the_feed(
    client: FlaskClient, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = []
    real = filled.agenda.filtered
    monkeypatch.setattr(
        filled.agenda, "filtered", lambda *args, **kw: joined.append(1) or real(*args, **kw)
    )
    chosen = path(filled, ("hall", "Hall A"))
    first = [client.get(chosen).data for _ in range(3)]
    assert (len(joined), len(set(first))) == (1, 1)


def test_what_is_known_is_served_while_the_database_cant_be_read(
    client: FlaskClient, filled: Store, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """Rulebook H8."""
    chosen = path(filled, ("hall", "Hall A"))
    first = client.get(chosen)
    put(filled, now, replace(TALKS[0], title="New"), *TALKS[1:], source=SUMMIT)
    publish(filled, "summit", now=now + MINUTE)
    forget(client)

    def broken(*_args: Any, **_options: Any) -> Never:
        raise StoreError("gone")

    monkeypatch.setattr(filled.agenda, "filtered", broken)
    assert client.get(chosen).data == first.data
    assert client.get(path(filled, ("hall", "Hall B"))).status_code == 503


def test_memory_is_bounded(filled: Store, settings: Any) -> None:
    from bridge.web.filtered_documents import ChosenDocuments

    held = ChosenDocuments(
        filled, lambda key: filled.publications.head(*key), lambda _hash: None, most_bytes=3000
    )
    for hall in ("Hall A", "Hall B", "Hall C", "Hall D"):
        filtered = held.opened("summit", token(filled, ("hall", hall)))
        assert held.get(filtered, "default").body.startswith(b"BEGIN:VCALENDAR")
    assert held._bytes <= 3000
    assert held._bytes == sum(made.size for made in held._held.values())


# --- nobody gets beyond it


def test_the_address_of_a_choice_does_not_hold_the_links_token(
    client: FlaskClient, filled: Store
) -> None:
    secret = filled.links.token(filled.links.of("summit")[0])
    derived = token(filled, ("hall", "Hall A"))
    assert secret not in derived
    raw = base64.urlsafe_b64decode(derived)
    assert base64.urlsafe_b64decode(secret) not in raw
    for start in range(len(derived) - 23):  # any part of it that has the form of a link's token
        assert client.get(f"/f/{derived[start : start + 24]}/summit.ics").status_code == 404
        assert client.get(f"/f/{derived[start : start + 24]}/").status_code == 404


def test_another_choice_needs_another_signature(client: FlaskClient, filled: Store) -> None:
    one, other = (
        base64.urlsafe_b64decode(token(filled, ("hall", hall))) for hall in ("Hall A", "Hall B")
    )
    swapped = base64.urlsafe_b64encode(one[:12] + other[12:-18] + one[-18:]).decode()
    both = Filter.from_labels([("hall", "Hall A"), ("hall", "Hall B")]).encode()
    widened = base64.urlsafe_b64encode(one[:12] + both + one[-18:]).decode()
    assert [is_filter(forged) for forged in (swapped, widened)] == [True, True]
    for forged in (swapped, widened):
        assert client.get(f"/f/{forged}/summit.ics").status_code == 404
        assert client.get(f"/f/{forged}/").status_code == 404


@given(data=st.data())
@hypothesis_settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_no_other_address_opens_anything(filled: Store, settings: Any, data: Any) -> None:
    """Bytes changed, put in, taken out, or of another link: all but the very same text is unknown."""
    good = token(filled, ("hall", "Hall A"))
    text = list(good)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        character = data.draw(st.sampled_from("ABCxyz019-_=.+/ é\x00%"))
        match data.draw(st.sampled_from(["put", "cut", "set"])):
            case "put":
                text.insert(place, character)
            case "cut" if len(text) > 1:
                text.pop(min(place, len(text) - 1))
            case _:
                text[min(place, len(text) - 1)] = character
    forged = "".join(text)
    found = filled.filters.find(forged)
    assert (found is not None) == (forged == good)


def test_an_address_is_written_in_one_way_only(filled: Store) -> None:
    """The alphabet of base64 has two forms."""
    tokens = (token(filled, ("hall", f"Hall {number}")) for number in range(100))
    ours = next(one for one in tokens if "-" in one and "_" in one)
    assert filled.filters.find(ours) is not None
    assert filled.filters.find(ours.replace("-", "+")) is None
    assert filled.filters.find(ours.replace("_", "/")) is None


def test_it_opens_no_other_feed(client: FlaskClient, filled: Store) -> None:
    derived = token(filled, ("hall", "Hall A"))
    for slug in ("open", "nothing", "summit2"):
        assert client.get(f"/f/{derived}/{slug}.ics").status_code == 404


def test_it_ends_with_its_link(client: FlaskClient, filled: Store, now: datetime) -> None:
    """H9: 410 for what was revoked on purpose; a rotated link has new ones, and its old ones work in the grace."""
    chosen = path(filled, ("hall", "Hall A"))
    assert client.get(chosen).status_code == 200
    filled.links.rotate("summit", "default", now=datetime.now(UTC), grace=timedelta(hours=1))
    forget(client)
    renewed = path(filled, ("hall", "Hall A"))
    assert renewed != chosen
    assert [client.get(one).status_code for one in (chosen, renewed)] == [200, 200]
    filled.links.revoke("summit", None, now=datetime.now(UTC))
    forget(client)
    page = chosen.removesuffix("summit.ics")
    assert [client.get(one).status_code for one in (chosen, renewed, page)] == [410, 410, 410]


def test_it_is_unknown_with_another_key_and_known_with_the_old_one_kept(filled: Store) -> None:
    derived = token(filled, ("hall", "Hall A"))
    find = type(filled.filters)
    for keys, known in ((SecretKeys("another key"), False), (SecretKeys("another key", KEY), True)):
        filters = find(filled.database, filled.links, keys)
        assert (filters.find(derived) is not None) == known


def test_it_is_unknown_while_its_feed_is_not_configured(
    client: FlaskClient, filled: Store, now: datetime
) -> None:
    chosen, public = (
        path(filled, ("hall", "Hall A")),
        path(filled, ("hall", "Hall A"), slug="open", public=True),
    )
    assert client.get(public).status_code == 200
    filled.feeds.replace([], now=now)
    forget(client)
    assert [client.get(one).status_code for one in (chosen, public)] == [404, 404]


def test_a_choice_of_a_public_feed_ends_when_it_is_public_no_more(
    client: FlaskClient, filled: Store, now: datetime
) -> None:
    public = path(filled, ("hall", "Hall A"), slug="open", public=True)
    answer = client.get(public)
    assert uids(answer.data) == ["a1", "a2"]
    assert answer.headers["Cache-Control"].startswith("public")
    filled.feeds.replace([FEED, replace(OPEN, public=False)], now=now)
    forget(client)
    assert client.get(public).status_code == 404


def test_only_chosen_events_have_an_address_of_their_own(
    client: FlaskClient, filled: Store
) -> None:
    folder = path(filled, ("hall", "Hall A")).removesuffix(".ics")
    assert uids(client.get(f"{folder}/a1.ics").data) == ["a1"]
    for uid in ("b1", "m1", "nothing", "%00", "%F0%9F"):
        assert client.get(f"{folder}/{uid}.ics").status_code == 404


def test_a_feed_of_times_has_nothing_to_choose_by(
    store: Store, settings: Any, now: datetime
) -> None:
    fill(store, now, replace(FEED, privacy="busy"))
    assert store.agenda.labels("summit") == {}
    client = create_app(settings, store).test_client()
    page = client.get(f"/f/{store.links.token(store.links.of('summit')[0])}/?hall=Hall+A")
    assert (page.status_code, "checkbox" in page.text) == (200, False)
    assert uids(client.get(path(store, ("hall", "Hall A"))).data) == uids(PLACEHOLDER)


# --- the page


def boxes(page: Any) -> Any:
    """Give the boxes of a page: kind, value, and whether it is ticked."""
    found = re.findall(
        r'<input type="checkbox" name="(\w+)" value="([^"]*)"( checked)?>', page.text
    )
    return {(kind, html.unescape(value)): bool(ticked) for kind, value, ticked in found}


@pytest.fixture
def page_url(filled: Store) -> str:
    return f"/f/{filled.links.token(filled.links.of('summit')[0])}/"


def test_the_page_offers_what_events_can_be_chosen_by(
    client: FlaskClient, filled: Store, page_url: str
) -> None:
    shown = client.get(page_url)
    expected = {
        ("track", "Data"),
        ("track", "Web"),
        ("hall", "Hall A"),
        ("hall", "Hall B"),
        ("category", "talk"),
    }
    expected |= {
        ("category", "workshop"),
        ("answer", "accepted"),
        ("answer", "declined"),
        ("answer", NO_INVITATION),
    }
    expected |= {("source", label_digest("source", source.key).hex()) for source in FEED.sources}
    assert set(boxes(shown)) == expected
    assert not any(boxes(shown).values())
    assert WORK.key not in shown.text  # ids in Zoho are nobody's business
    assert "Zoho Calendar" in shown.text
    assert "Open" in shown.text  # the feed that shows the other source alone


def test_what_is_ticked_has_an_address_of_its_own_behind_every_button(
    client: FlaskClient, filled: Store, page_url: str
) -> None:
    shown = client.get(page_url + "?hall=Hall+A&track=Data&track=Web&lang=en")
    chosen = path(filled, ("hall", "Hall A"), ("track", "Data"), ("track", "Web"))
    assert {label for label, ticked in boxes(shown).items() if ticked} == {("hall", "Hall A"), ("track", "Data"), ("track", "Web")}  # fmt: skip
    assert f"http://localhost{chosen}" in shown.text
    whole = page_url + "summit.ics"
    assert whole not in shown.text
    assert re.findall(r"calendar\.google\.com[^\"]*", shown.text)[0].count(token(filled, ("hall", "Hall A"), ("track", "Data"), ("track", "Web"))) == 1  # fmt: skip
    assert uids(client.get(chosen).data) == ["a1", "a2"]


def test_a_label_that_is_not_there_is_as_good_as_not_ticked(
    client: FlaskClient, page_url: str
) -> None:
    shown = client.get(page_url + "?hall=Nowhere&color=red")
    assert page_url + "summit.ics" in shown.text


def test_the_page_of_a_choice_shows_that_alone_and_no_way_to_the_rest(
    client: FlaskClient, filled: Store, page_url: str
) -> None:
    chosen = path(filled, ("hall", "Hall A"))
    page = chosen.removesuffix("summit.ics")
    for query in ("", "&hall=Hall+B&source=x&category=talk"):
        for address in (f"{page}?from=2026-03-01{query}", f"{page}embed?month=2026-03{query}"):
            shown = client.get(address)
            assert (shown.status_code, boxes(shown)) == (200, {})
            assert page_url.strip("/") not in shown.text
            assert [uid in re.split(r"\W+", shown.text) for uid in ("a1", "a2", "b1", "m1")] == [
                True,
                True,
                False,
                False,
            ]
    shown = client.get(page)
    assert f"http://localhost{chosen}" in shown.text
    assert "Hall A" in shown.text
    assert "Hall B" not in shown.text
    assert re.search(r"\b2 events\b", shown.text)


def test_a_choice_of_a_public_feeds_page_has_an_address_too(
    client: FlaskClient, filled: Store
) -> None:
    shown = client.get("/feeds/open/?hall=Hall+B")
    assert (
        f"http://localhost{path(filled, ('hall', 'Hall B'), slug='open', public=True)}"
        in shown.text
    )


def test_an_address_that_would_be_too_long_is_not_offered(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    """H14: at most 256 characters in all."""
    root = f"https://{'calendars.' * 6}example.org"
    settings = config.load(
        {"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40, "BRIDGE_PUBLIC_URL": root}
    )
    store.feeds.replace([FEED], now=now)
    halls = [f"Hall {number}" for number in range(30)]
    put(store, now, *(event(hall, place=Place(hall=hall)) for hall in halls), source=SUMMIT)
    put(store, now, source=WORK)
    store.links.ensure("summit", now=now)
    publish(store, "summit", now=now)
    client = create_app(settings, store).test_client()
    page = f"{root}/f/{store.links.token(store.links.of('summit')[0])}/"
    offered = 0
    for count in range(1, 31):
        query = "&".join(f"hall={hall.replace(' ', '+')}" for hall in halls[:count])
        shown = client.get(f"{page}?{query}", base_url=root).text
        addresses = re.findall(r"webcal://[^\"<&]*?\.ics", shown)
        assert all(len(address + "?flavour=web") <= 256 for address in addresses)
        whole = page.replace("https", "webcal") + "summit.ics"
        assert (whole in addresses) == ("longer than" in shown)
        offered += whole not in addresses
    assert 5 <= offered < 30
