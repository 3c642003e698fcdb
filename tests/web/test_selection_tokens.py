"""Addresses of selections: they show no more than their parent, and they end with it.

The promises are those of bridge/store/selections.py; HTTP rules are from the rulebook (H9).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from time_machine import TimeMachineFixture

from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import PLACEHOLDER
from bridge.feed.selection import Ticks
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.clock import Clock
from tests.served import web_app
from tests.web.selected_feeds import FEED, OPEN, Site, fill, link_token, new_path, new_token, uids

IN_HALL_A = ("hall", "Hall A")


@pytest.fixture
def site(store: Store, tmp_path: Path, now: datetime) -> Site:
    fill(store, now, FEED, OPEN)
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


def test_every_selection_has_a_secret_of_its_own_that_is_stored_as_a_hash(site: Site) -> None:
    ticks = Ticks(labels=(IN_HALL_A,))
    tokens = {new_token(site.store, ticks) for _ in range(3)} | {link_token(site.store)}
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {24}  # 144 bits, as of a link
    with site.store.database.read() as connection:
        stored = repr(connection.exec_driver_sql("SELECT * FROM selections").all())
    assert not any(token in stored for token in tokens)


@given(place=st.integers(0, 23), new=st.sampled_from("ABCxyz019-_=.+ é%"))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_token_opens_a_selection(site: Site, place: int, new: str) -> None:
    """The token is random, so what is drawn must not depend on it."""
    token = new_token(site.store, Ticks(labels=(IN_HALL_A,)))
    text = list(token)
    text[place] = new if new != text[place] else "!"
    for page in ("summit.ics", "", "embed"):
        assert site.status(f"/f/{''.join(text)}/{page}") == 404
    assert site.status(f"/f/{token}/summit.ics") == 200


def test_a_token_opens_no_other_feed(site: Site) -> None:
    token = new_token(site.store, Ticks(labels=(IN_HALL_A,)))
    for slug in ("open", "nothing", "summit2"):
        assert site.status(f"/f/{token}/{slug}.ics") == 404


def test_a_selection_ends_with_its_link(site: Site) -> None:
    """H9: 410 for a revoked link; the old one works in the grace period of a rotated link."""
    old = new_path(site.store, IN_HALL_A)
    site.store.links.rotate("summit", "default", now=datetime.now(UTC), grace=timedelta(hours=1))
    site.expire_caches()
    new = new_path(site.store, IN_HALL_A)
    assert [site.status(path) for path in (old, new)] == [200, 200]
    site.store.links.revoke("summit", None, now=datetime.now(UTC))
    site.expire_caches()
    page = old.removesuffix("summit.ics")
    assert [site.status(path) for path in (old, new, page, f"{page}embed")] == [410] * 4


def test_a_selection_ends_with_its_feed(site: Site, now: datetime) -> None:
    secret = new_path(site.store, IN_HALL_A)
    public = new_path(site.store, IN_HALL_A, slug="open", public=True)
    response = site.client.get(public)
    assert uids(response.data) == ["a1", "a2"]
    assert response.headers["Cache-Control"].startswith("public")
    site.store.feeds.replace([FEED, replace(OPEN, public=False)], now=now)
    site.expire_caches()
    assert [site.status(path) for path in (secret, public)] == [200, 404]
    site.store.feeds.replace([], now=now)
    site.expire_caches()
    assert [site.status(path) for path in (secret, public)] == [404, 404]


def test_only_selected_events_have_an_address_of_their_own(site: Site) -> None:
    folder = new_path(site.store, IN_HALL_A).removesuffix(".ics")
    assert uids(site.get(f"{folder}/a1.ics")) == ["a1"]
    for uid in ("b1", "m1", "nothing", "%00", "%F0%9F"):
        assert site.status(f"{folder}/{uid}.ics") == 404


def test_a_feed_of_times_only_has_no_labels(store: Store, tmp_path: Path, now: datetime) -> None:
    fill(store, now, replace(FEED, privacy="busy"))
    assert store.agenda.labels("summit") == {}
    client = web_app(store, tmp_path).test_client()
    assert 'name="hall"' not in client.get(f"/f/{link_token(store)}/").text
    assert uids(client.get(new_path(store, IN_HALL_A)).data) == uids(PLACEHOLDER)


RESPONSES = ("accepted", "tentative", "declined", "needs-action", NO_INVITATION)


@given(
    response=st.sampled_from(RESPONSES),
    others=st.lists(st.sampled_from([IN_HALL_A, ("track", "Data")]), unique=True),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_public_feed_has_no_responses_to_select_by(
    open_summit: Site, response: str, others: list[tuple[str, str]]
) -> None:
    path = new_path(open_summit.store, ("answer", response), *others, public=True)
    assert uids(open_summit.get(path)) == uids(PLACEHOLDER)
    assert open_summit.status(f"{path.removesuffix('.ics')}/m1.ics") == 404


@pytest.fixture
def open_summit(store: Store, tmp_path: Path, now: datetime) -> Site:
    """A public feed with invitations."""
    fill(store, now, replace(FEED, public=True))
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


def test_a_selection_by_response_ends_when_the_feed_shows_less(site: Site, now: datetime) -> None:
    """When it becomes public, or shows times only; it returns with the feed as it was."""
    path = new_path(site.store, ("answer", "declined"))
    assert uids(site.get(path)) == ["m2"]
    for feed in (replace(FEED, public=True), replace(FEED, privacy="busy"), FEED):
        site.store.feeds.replace([feed, OPEN], now=now)
        publish(site.store, "summit", now=now)
        site.expire_caches()
        assert uids(site.get(path)) == (["m2"] if feed == FEED else uids(PLACEHOLDER))


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("polled", "then", "status"),
    [
        (None, 6.9 * DAY, 200),
        (None, 7.1 * DAY, 404),
        (6 * DAY, 8 * DAY, 200),
        (6 * DAY, 405.9 * DAY, 200),
        (6 * DAY, 406.1 * DAY, 404),
    ],
)
def test_a_selection_is_dropped_when_it_is_not_polled(
    site: Site,
    time_machine: TimeMachineFixture,
    now: datetime,
    polled: timedelta | None,
    then: timedelta,
    status: int,
) -> None:
    """Within 7 days of being made, and for 400 days after a poll; a visit of its page is none."""
    time_machine.move_to(now, tick=False)
    path = new_path(site.store, IN_HALL_A)
    usage = site.client.application.extensions["bridge"].usage
    assert site.status(path.removesuffix("summit.ics")) == 200
    usage.flush()
    if polled is not None:
        time_machine.move_to(now + polled, tick=False)
        assert site.status(path) == 200
        usage.flush()
    time_machine.move_to(now + then, tick=False)
    site.expire_caches()
    assert site.status(path) == status
    site.store.selections.forget(now=now + then)
    assert bool(site.store.selections.count("summit", now=now)) == (status == 200)


def test_a_use_of_a_selection_is_a_use_of_its_link(
    site: Site, time_machine: TimeMachineFixture, now: datetime
) -> None:
    time_machine.move_to(now + timedelta(hours=1), tick=False)
    site.get(new_path(site.store, IN_HALL_A))
    site.client.application.extensions["bridge"].usage.flush()
    assert site.store.links.of("summit")[0].used_at == now + timedelta(hours=1)
