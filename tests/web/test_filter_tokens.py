"""Tokens of filtered feeds: they cannot be forged or widened, and they end with their link.

The promises are those of bridge/store/filters.py; HTTP rules are from the rulebook (H9).
"""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from bridge.feed.agenda import NO_INVITATION
from bridge.feed.document import PLACEHOLDER
from bridge.feed.filter import Filter
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.store.filters import is_filter
from tests.clock import Clock
from tests.conftest import KEY
from tests.served import web_app
from tests.web.filtered_feeds import (
    FEED,
    OPEN,
    Site,
    fill,
    filter_path,
    filter_token,
    link_token,
    uids,
)

IN_HALL_A = ("hall", "Hall A")


@pytest.fixture
def site(store: Store, tmp_path: Path, now: datetime) -> Site:
    fill(store, now, FEED, OPEN)
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


def test_the_address_of_a_filtered_feed_does_not_contain_the_links_token(site: Site) -> None:
    secret = link_token(site.store)
    token = filter_token(site.store, IN_HALL_A)
    assert secret not in token
    assert base64.urlsafe_b64decode(secret) not in base64.urlsafe_b64decode(token)
    for start in range(len(token) - 23):  # every part of it that has the form of a link's token
        part = token[start : start + 24]
        assert site.status(f"/f/{part}/summit.ics") == 404
        assert site.status(f"/f/{part}/") == 404


def test_another_filter_needs_another_signature(site: Site) -> None:
    first, second = (
        base64.urlsafe_b64decode(filter_token(site.store, ("hall", hall)))
        for hall in ("Hall A", "Hall B")
    )
    both = Filter.from_labels([("hall", "Hall A"), ("hall", "Hall B")]).encode()
    for choice in (second[12:-18], both):
        forged = base64.urlsafe_b64encode(first[:12] + choice + first[-18:]).decode()
        assert is_filter(forged)
        assert site.status(f"/f/{forged}/summit.ics") == 404
        assert site.status(f"/f/{forged}/") == 404


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_token_opens_a_filtered_feed(site: Site, data: st.DataObject) -> None:
    """Characters changed, added or removed: all but the same text is unknown."""
    token = filter_token(site.store, IN_HALL_A)
    text = list(token)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        character = data.draw(st.sampled_from("ABCxyz019-_=.+/ é\x00%"))
        match data.draw(st.sampled_from(["insert", "delete", "replace"])):
            case "insert":
                text.insert(place, character)
            case "delete" if len(text) > 1:
                text.pop(min(place, len(text) - 1))
            case _:
                text[min(place, len(text) - 1)] = character
    changed = "".join(text)
    assert (site.store.filters.find(changed) is not None) == (changed == token)


def test_a_token_has_one_form_in_base64(site: Site) -> None:
    """The alphabet of base64 has two forms."""
    tokens = (filter_token(site.store, ("hall", f"Hall {number}")) for number in range(100))
    token = next(token for token in tokens if "-" in token and "_" in token)
    assert site.store.filters.find(token) is not None
    assert site.store.filters.find(token.replace("-", "+")) is None
    assert site.store.filters.find(token.replace("_", "/")) is None


def test_a_token_opens_no_other_feed(site: Site) -> None:
    token = filter_token(site.store, IN_HALL_A)
    for slug in ("open", "nothing", "summit2"):
        assert site.status(f"/f/{token}/{slug}.ics") == 404


def test_a_filtered_feed_ends_with_its_link(site: Site) -> None:
    """H9: 410 for a revoked link; both tokens work in the grace period of a rotated link."""
    old = filter_path(site.store, IN_HALL_A)
    assert site.status(old) == 200
    site.store.links.rotate("summit", "default", now=datetime.now(UTC), grace=timedelta(hours=1))
    site.expire_caches()
    new = filter_path(site.store, IN_HALL_A)
    assert new != old
    assert [site.status(path) for path in (old, new)] == [200, 200]
    site.store.links.revoke("summit", None, now=datetime.now(UTC))
    site.expire_caches()
    page = old.removesuffix("summit.ics")
    assert [site.status(path) for path in (old, new, page)] == [410, 410, 410]


def test_a_token_is_unknown_with_another_key_and_known_if_the_old_key_is_kept(site: Site) -> None:
    token, store = filter_token(site.store, IN_HALL_A), site.store
    filters = type(store.filters)
    other, both = SecretKeys("another key"), SecretKeys("another key", KEY)
    assert filters(store.database, store.links, other).find(token) is None
    assert filters(store.database, store.links, both).find(token) is not None


def test_a_filtered_feed_is_unknown_while_its_feed_is_not_configured(
    site: Site, now: datetime
) -> None:
    secret = filter_path(site.store, IN_HALL_A)
    public = filter_path(site.store, IN_HALL_A, slug="open", public=True)
    assert site.status(public) == 200
    site.store.feeds.replace([], now=now)
    site.expire_caches()
    assert [site.status(path) for path in (secret, public)] == [404, 404]


def test_a_filtered_public_feed_ends_when_the_feed_becomes_secret(
    site: Site, now: datetime
) -> None:
    path = filter_path(site.store, IN_HALL_A, slug="open", public=True)
    response = site.client.get(path)
    assert uids(response.data) == ["a1", "a2"]
    assert response.headers["Cache-Control"].startswith("public")
    site.store.feeds.replace([FEED, replace(OPEN, public=False)], now=now)
    site.expire_caches()
    assert site.status(path) == 404


def test_only_matching_events_have_an_address_of_their_own(site: Site) -> None:
    folder = filter_path(site.store, IN_HALL_A).removesuffix(".ics")
    assert uids(site.get(f"{folder}/a1.ics")) == ["a1"]
    for uid in ("b1", "m1", "nothing", "%00", "%F0%9F"):
        assert site.status(f"{folder}/{uid}.ics") == 404


def test_a_feed_of_times_only_has_no_filter(store: Store, tmp_path: Path, now: datetime) -> None:
    fill(store, now, replace(FEED, privacy="busy"))
    assert store.agenda.labels("summit") == {}
    client = web_app(store, tmp_path).test_client()
    page = client.get(f"/f/{link_token(store)}/?hall=Hall+A")
    assert (page.status_code, "checkbox" in page.text) == (200, False)
    assert uids(client.get(filter_path(store, IN_HALL_A)).data) == uids(PLACEHOLDER)


RESPONSES = ("accepted", "tentative", "declined", "needs-action", NO_INVITATION)


@given(
    response=st.sampled_from(RESPONSES),
    others=st.lists(st.sampled_from([IN_HALL_A, ("track", "Data"), ("answer", "accepted")])),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_public_feeds_filter_selects_by_no_response(
    open_summit: Site, response: str, others: list[tuple[str, str]]
) -> None:
    path = filter_path(open_summit.store, ("answer", response), *others, public=True)
    folder = path.removesuffix("summit.ics")
    for address in (path, folder, f"{folder}embed", f"{folder}summit/m1.ics"):
        assert open_summit.status(address) == 404


@pytest.fixture
def open_summit(store: Store, tmp_path: Path, now: datetime) -> Site:
    """A public feed with invitations."""
    fill(store, now, replace(FEED, public=True))
    clock = Clock()
    client = web_app(store, tmp_path, clock=clock.monotonic).test_client()
    return Site(store=store, client=client, clock=clock)


def test_a_secret_links_filter_selects_by_response(site: Site, now: datetime) -> None:
    path = filter_path(site.store, ("answer", "declined"))
    assert uids(site.get(path)) == ["m2"]
    assert site.status(path.removesuffix("summit.ics")) == 200
    site.store.links.revoke("summit", None, now=datetime.now(UTC))
    site.expire_caches()
    assert site.status(path) == 410


def test_a_filter_by_response_ends_when_the_feed_shows_times_only(
    site: Site, now: datetime
) -> None:
    """It ends at once, as all of the feed is withheld, and does not return with the feed."""
    by_response = filter_path(site.store, IN_HALL_A, ("answer", "declined"))
    by_hall = filter_path(site.store, IN_HALL_A)
    assert site.status(by_response) == 200
    site.store.feeds.replace([replace(FEED, privacy="busy"), OPEN], now=now)
    site.expire_caches()
    assert [site.status(path) for path in (by_response, by_hall)] == [404, 404]
    publish(site.store, "summit", now=now)
    site.expire_caches()
    assert [site.status(path) for path in (by_response, by_hall)] == [404, 200]
