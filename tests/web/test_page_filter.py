"""The filter on a feed's page: its options, and the address behind every button.

The length of addresses is from the rulebook (H14).
"""

from dataclasses import replace
from datetime import datetime
import html
from pathlib import Path
import re

from flask.testing import FlaskClient
import pytest
from werkzeug.test import TestResponse

from bridge.domain.event import Place
from bridge.feed.agenda import NO_INVITATION
from bridge.feed.filter import label_digest
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.factories import event, put
from tests.served import web_app
from tests.web.filtered_feeds import (
    FEED,
    OPEN,
    SUMMIT,
    WORK,
    fill,
    filter_path,
    filter_token,
    link_token,
    uids,
)


@pytest.fixture
def filled(store: Store, now: datetime) -> Store:
    fill(store, now, FEED, OPEN)
    return store


@pytest.fixture
def client(filled: Store, tmp_path: Path) -> FlaskClient:
    return web_app(filled, tmp_path).test_client()


@pytest.fixture
def page_url(filled: Store) -> str:
    return f"/f/{link_token(filled)}/"


def options(page: TestResponse) -> dict[tuple[str, str], bool]:
    """Return the options of a page by kind and value, and whether they are ticked."""
    pattern = r'<input type="checkbox" name="(\w+)" value="([^"]*)"( checked)?>'
    found = re.findall(pattern, page.text)
    return {(kind, html.unescape(value)): bool(ticked) for kind, value, ticked in found}


def test_the_page_offers_the_labels_of_the_feeds_events(client: FlaskClient, page_url: str) -> None:
    page = client.get(page_url)
    values = {
        "track": ["Data", "Web"],
        "hall": ["Hall A", "Hall B"],
        "category": ["talk", "workshop"],
        "answer": ["accepted", "declined", NO_INVITATION],
        "source": [label_digest("source", source.key).hex() for source in FEED.sources],
    }
    assert set(options(page)) == {(kind, v) for kind, labels in values.items() for v in labels}
    assert not any(options(page).values())
    assert WORK.key not in page.text  # ids in Zoho are secret
    assert "Zoho Calendar" in page.text
    assert "Open" in page.text  # the feed that shows the other source alone


def test_ticked_options_have_an_address_behind_every_button(
    client: FlaskClient, filled: Store, page_url: str
) -> None:
    labels = [("hall", "Hall A"), ("track", "Data"), ("track", "Web")]
    page = client.get(page_url + "?hall=Hall+A&track=Data&track=Web&lang=en")
    path = filter_path(filled, *labels)
    assert {label for label, ticked in options(page).items() if ticked} == set(labels)
    assert f"http://localhost{path}" in page.text
    assert page_url + "summit.ics" not in page.text
    google = re.findall(r"calendar\.google\.com[^\"]*", page.text)[0]
    assert google.count(filter_token(filled, *labels)) == 1
    assert uids(client.get(path).data) == ["a1", "a2"]


def test_labels_that_no_longer_exist_are_ignored(client: FlaskClient, page_url: str) -> None:
    page = client.get(page_url + "?hall=Nowhere&color=red")
    assert page_url + "summit.ics" in page.text


def test_the_page_of_a_filtered_feed_shows_that_alone_and_no_way_to_the_rest(
    client: FlaskClient, filled: Store, page_url: str
) -> None:
    path = filter_path(filled, ("hall", "Hall A"))
    url = path.removesuffix("summit.ics")
    for query in ("", "&hall=Hall+B&source=x&category=talk"):
        for address in (f"{url}?from=2026-03-01{query}", f"{url}embed?month=2026-03{query}"):
            page = client.get(address)
            assert (page.status_code, options(page)) == (200, {})
            assert page_url.strip("/") not in page.text
            words = set(re.split(r"\W+", page.text))
            assert words & {"a1", "a2", "b1", "m1"} == {"a1", "a2"}
    page = client.get(url)
    assert f"http://localhost{path}" in page.text
    assert "Hall A" in page.text
    assert "Hall B" not in page.text
    assert re.search(r"\b2 events\b", page.text)


def test_a_filter_on_a_public_feeds_page_has_an_address_too(
    client: FlaskClient, filled: Store
) -> None:
    path = filter_path(filled, ("hall", "Hall B"), slug="open", public=True)
    assert f"http://localhost{path}" in client.get("/feeds/open/?hall=Hall+B").text


@pytest.mark.parametrize("query", ["", "answer=declined", "answer=declined&hall=Hall+A"])
def test_a_public_feed_does_not_show_its_owners_responses(
    store: Store, now: datetime, tmp_path: Path, query: str
) -> None:
    """Neither by its public address nor by a link: filters made there depend on no link."""
    fill(store, now, replace(FEED, public=True))
    client = web_app(store, tmp_path).test_client()
    for path in ("/feeds/summit/", f"/f/{link_token(store)}/"):
        for page in ("", "embed"):
            answer = client.get(f"{path}{page}?from=2026-03-01&{query}")
            assert answer.status_code == 200
            assert "answer" not in {kind for kind, _value in options(answer)}
            assert "Declined" not in answer.text
            assert filter_token(store, ("answer", "declined"), public=True) not in answer.text
    whole = client.get(f"/feeds/summit/?{query}").text
    expected = "/feeds/summit.ics"
    if "hall" in query:
        expected = filter_path(store, ("hall", "Hall A"), public=True)
    assert expected in whole


def test_an_address_that_would_be_too_long_is_not_offered(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    """H14: at most 256 characters in all."""
    root = f"https://{'calendars.' * 6}example.org"
    store.feeds.replace([FEED], now=now)
    halls = [f"Hall {number}" for number in range(30)]
    put(store, now, *(event(hall, place=Place(hall=hall)) for hall in halls), source=SUMMIT)
    put(store, now, source=WORK)
    store.links.ensure("summit", now=now)
    publish(store, "summit", now=now)
    client = web_app(store, tmp_path, BRIDGE_PUBLIC_URL=root).test_client()
    page = f"{root}/f/{link_token(store)}/"
    offered = []
    for count in (1, 5, *range(8, 24, 3), 30):
        query = "&".join(f"hall={hall.replace(' ', '+')}" for hall in halls[:count])
        text = client.get(f"{page}?{query}", base_url=root).text
        addresses = re.findall(r"webcal://[^\"<&]*?\.ics", text)
        assert all(len(address + "?flavour=web") <= 256 for address in addresses)
        is_whole = page.replace("https", "webcal") + "summit.ics" in addresses
        assert is_whole == ("too long for Google" in text)
        if not is_whole:
            offered.append(count)
    assert 1 in offered
    assert 5 in offered
    assert 30 not in offered
