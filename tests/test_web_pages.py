"""The pages: deep links to the letter of the rulebook, and no secret where it does not belong."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge import config
from bridge.model import CalendarSource, Feed, Rejection
from bridge.web import create_app
from bridge.web.pages import Subscription


@pytest.fixture
def settings(tmp_path):
    return config.load(
        {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_SECRET_KEY": "k" * 40,
            "BRIDGE_PUBLIC_URL": "https://calendars.example.org",
        }
    )


def client_of(settings, store, **options):
    """A browser at the bridge's public address."""
    app = create_app(settings, store, **options)
    app.config["PREFERRED_URL_SCHEME"] = "https"  # what Flask's test client speaks
    return app.test_client()


@pytest.fixture
def served(store, now):
    source = CalendarSource(calendar="c")
    feeds = [
        Feed(slug="team", title="Team & <Friends>", sources=(source,)),
        Feed(slug="open", title="Open", sources=(source,), public=True),
    ]
    store.feeds.replace(feeds, now=now)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
    return store


def test_the_deep_links_are_those_of_the_rulebook():
    """Part 3 of the rulebook: webcal, never webcals; Google takes webcal, Outlook takes https; encoded once."""
    url = "https://calendars.example.org/f/tok-en_/team.ics"
    links = Subscription.of(url, "Team & more")
    assert links.webcal == "webcal://calendars.example.org/f/tok-en_/team.ics"
    assert links.google == (
        "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2Fcalendars.example.org%2Ff%2Ftok-en_%2Fteam.ics"
    )
    encoded = "https%3A%2F%2Fcalendars.example.org%2Ff%2Ftok-en_%2Fteam.ics"
    assert links.outlook == f"https://outlook.live.com/calendar/0/addfromweb?url={encoded}&name=Team%20%26%20more"
    assert links.office == f"https://outlook.office.com/calendar/0/addfromweb?url={encoded}&name=Team%20%26%20more"
    assert parse_qs(urlsplit(links.outlook).query) == {"url": [url], "name": ["Team & more"]}
    assert links.download == url + "?download=1"


def test_a_secret_feeds_page_shows_its_address_and_escapes_its_title(served, settings):
    token = served.links.token(served.links.of("team")[0])
    answer = client_of(settings, served).get(f"/f/{token}/")
    assert answer.status_code == 200
    assert f"https://calendars.example.org/f/{token}/team.ics" in answer.text
    assert "Team &amp; &lt;Friends&gt;" in answer.text
    assert "<Friends>" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


def test_a_public_feeds_page_holds_no_token(served, settings):
    answer = client_of(settings, served).get("/feeds/open/")
    assert "https://calendars.example.org/feeds/open.ics" in answer.text
    assert "/f/" not in answer.text


def test_the_page_says_honestly_that_zoho_cant_be_read(served, settings, now):
    served.sources.claim("calendar:c", holder="w", now=now, term=timedelta(minutes=1))
    served.sources.fail("calendar:c", holder="w", now=now, next_check_at=now, error="internal detail")
    text = client_of(settings, served).get("/feeds/open/").text
    assert "Zoho can't be read since" in text
    assert "10 March 2026" in text
    assert "internal detail" not in text


def test_the_list_is_closed_without_a_password(served, settings):
    client = client_of(settings, served)
    assert client.get("/admin/").status_code == 404
    assert "team" not in client.get("/").text.lower()


def test_the_demos_list_shows_feeds_rejections_and_failures(served, settings, now):
    for outcome in ("succeed", "fail"):
        served.sources.claim("calendar:c", holder="w", now=now, term=timedelta(minutes=1))
        if outcome == "succeed":
            lost = [Rejection(upstream_id="up-1", reason="has no start")]
            served.sources.succeed(
                "calendar:c", holder="w", now=now, next_check_at=now, saved=[], removed=[], rejected=lost, notes=["n1"]
            )
        else:
            served.sources.fail("calendar:c", holder="w", now=now, next_check_at=now, error="Zoho is down.")
    text = client_of(settings, served, open_admin=True).get("/admin/").text
    for part in ("Team &amp; &lt;Friends&gt;", "up-1", "has no start", "Zoho is down.", "n1"):
        assert part in text
