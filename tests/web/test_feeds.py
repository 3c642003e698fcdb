"""The addresses of feeds, as calendar programs use them: the HTTP rulebook, H1-H21."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import gzip
import hashlib
from pathlib import Path
from string import ascii_letters, digits

from flask.testing import FlaskClient
import pytest

from bridge import config
from bridge.config import Settings
from bridge.domain.event import Event
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone
from bridge.feed.document import join_document
from bridge.feed.publication import Document, Entry, Publication
from bridge.publish.ical import vevent
from bridge.store import Store
from bridge.web import create_app
from tests.factories import event

CHANGED = datetime(2026, 3, 9, 8, 0, 30, 500_000, tzinfo=UTC)
BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
TAG = hashlib.sha256(BODY).hexdigest()


def document(variant: str, body: bytes) -> Document:
    etag = hashlib.sha256(body).hexdigest()
    return Document(
        variant=variant,
        gzip=gzip.compress(body),
        etag=etag,
        modified_at=CHANGED,
        events=1,
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40})


@pytest.fixture
def served(store: Store, now: datetime) -> Store:
    """A secret feed "team" and a public one "open", each with its three documents."""
    source = CalendarSource(calendar="c")
    feeds = [
        Feed(slug="team", title='Team – Größe, "A"', sources=(source,)),
        Feed(slug="open", title="Open", sources=(source,), public=True),
    ]
    store.feeds.replace(feeds, now=now)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        made = [
            document("default", BODY),
            document("quiet", BODY + b"quiet"),
            document("web", BODY + b"web"),
        ]
        store.publications.publish(feed.slug, Publication(revision=0, documents=made, now=now))
    return store


@pytest.fixture
def client(served: Store, settings: Settings) -> FlaskClient:
    return create_app(settings, served).test_client()


@pytest.fixture
def url(served: Store) -> str:
    return f"/f/{served.links.token(served.links.of('team')[0])}/team.ics"


def test_a_feed_is_its_published_bytes_with_every_validator(client: FlaskClient, url: str) -> None:
    """H1, H6, H12, H13, H21."""
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.data == BODY
    headers = answer.headers
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert headers["Content-Length"] == str(len(BODY))
    assert headers["ETag"] == f'"{TAG}"'
    assert headers["Last-Modified"] == "Mon, 09 Mar 2026 08:00:30 GMT"
    assert (
        headers["Cache-Control"]
        == "private, max-age=900, stale-while-revalidate=86400, stale-if-error=604800"
    )
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Disposition"].startswith("inline;")
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    assert "Content-Encoding" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_a_public_feed_needs_no_token_and_may_be_cached_by_all(client: FlaskClient) -> None:
    answer = client.get("/feeds/open.ics")
    assert answer.data == BODY
    assert answer.headers["Cache-Control"].startswith("public, max-age=900")


def test_head_has_the_headers_of_get(client: FlaskClient, url: str) -> None:
    """H2: Thunderbird looks with HEAD first."""
    got, head = client.get(url), client.head(url)
    assert head.status_code == 200
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


def test_a_client_with_a_current_copy_gets_304(client: FlaskClient, url: str) -> None:
    """H6, RFC 9110 13.1.2, 13.1.3: lists, weak comparison, If-None-Match wins."""
    for headers, status in [
        ({"If-None-Match": f'"{TAG}"'}, 304),
        ({"If-None-Match": f'W/"{TAG}"'}, 304),
        ({"If-None-Match": f'"zzz", "{TAG}"'}, 304),
        ({"If-None-Match": f'"zzz" ,W/"{TAG}","y"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": TAG}, 304),  # without quotes, as careless clients send it
        ({"If-None-Match": ""}, 200),
        ({"If-Modified-Since": "Mon, 09 Mar 2026 08:00:30 GMT"}, 304),
        ({"If-Modified-Since": "Mon, 09 Mar 2026 08:00:29 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        (
            {"If-Modified-Since": "Monday, 09-Mar-26 08:00:30 GMT"},
            304,
        ),  # the old forms of RFC 9110 5.6.7
        ({"If-Modified-Since": "Mon Mar  9 08:00:30 2026"}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT"}, 200),
        ({"If-None-Match": f'"{TAG}"', "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 304),
    ]:
        for method in ["get", "head"]:
            answer = getattr(client, method)(url, headers=headers)
            assert answer.status_code == status
            if status == 304:
                assert answer.data == b""
                assert answer.headers["ETag"] == f'"{TAG}"'
                assert "max-age=900" in answer.headers["Cache-Control"]
                assert answer.headers["Vary"] == "Accept-Encoding"
                assert "Content-Type" not in answer.headers
                assert "Content-Length" not in answer.headers


def test_a_304_repeats_the_tag_of_the_copy_that_the_client_holds(
    client: FlaskClient, url: str
) -> None:
    """RFC 9111 4.3.4: a cache updates only the copy with the strong validator of the 304."""
    for if_none_match, accepted, repeated in [
        (f'"{TAG}"', "", TAG),
        (f'"{TAG}-gzip"', "gzip", f"{TAG}-gzip"),
        (f'W/"{TAG}-gzip"', "gzip", f"{TAG}-gzip"),
        (
            f'"{TAG}-gzip"',
            "",
            f"{TAG}-gzip",
        ),  # a cache's copy, asked about for a client without gzip
        (f'"{TAG}"', "gzip", TAG),
        (f'"{TAG}", "{TAG}-gzip"', "gzip", f"{TAG}-gzip"),
        ("*", "gzip", f"{TAG}-gzip"),
    ]:
        answer = client.get(
            url, headers={"If-None-Match": if_none_match, "Accept-Encoding": accepted}
        )
        assert answer.status_code == 304
        assert answer.headers["ETag"] == f'"{repeated}"'


def test_gzip_is_sent_only_to_clients_that_accept_it(client: FlaskClient, url: str) -> None:
    """H11: clients have failed on compression that they did not ask for; caches must keep both."""
    for accepted, gzipped in [
        ("gzip", True),
        ("x-gzip", True),  # RFC 9110 8.4.1.3
        ("GZIP;q=0.001", True),
        ("gzip; q=0.000", False),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("br", False),
        ("*", False),
    ]:
        answer = client.get(url, headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == ("gzip" if gzipped else None)
        assert (gzip.decompress(answer.data) if gzipped else answer.data) == BODY
        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert answer.headers["ETag"] == (f'"{TAG}-gzip"' if gzipped else f'"{TAG}"')
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?alarms=off", BODY + b"quiet"),
        ("?flavour=web", BODY + b"web"),
        ("?flavour=web&alarms=off", BODY + b"web"),
        ("?alarms=on", BODY),
        ("?flavour=outlook", BODY),
        ("?nonsense=%00%ff", BODY),
    ],
)
def test_the_variants(client: FlaskClient, url: str, query: str, body: bytes) -> None:
    answer = client.get(url + query)
    assert answer.data == body
    assert answer.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'


def test_pages_of_other_origins_may_read_the_web_flavour(client: FlaskClient, url: str) -> None:
    """H19, also on 304 and HEAD."""
    etag = client.get(url + "?flavour=web").headers["ETag"]
    for answer in (
        client.get(url + "?flavour=web"),
        client.head(url + "?flavour=web"),
        client.get(url + "?flavour=web", headers={"If-None-Match": etag}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_download_names_its_file_in_every_alphabet(client: FlaskClient, url: str) -> None:
    """RFC 6266, RFC 8187; nothing of the title can end the header."""
    answer = client.get(url + "?download=1")
    assert answer.data == BODY
    title = "Team%20%E2%80%93%20Gr%C3%B6%C3%9Fe%2C%20%22A%22"
    expected = f"attachment; filename=\"team.ics\"; filename*=UTF-8''{title}.ics"
    assert answer.headers["Content-Disposition"] == expected


def test_nothing_a_client_sends_besides_changes_the_answer(client: FlaskClient, url: str) -> None:
    """H1, H4: Outlook announces a bare Bearer to every server."""
    for headers in [
        {"Accept": "text/html"},
        {"Accept": "application/calendar+json, application/calendar+xml"},
        {"Accept": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic eDp5"},
        {"Range": "bytes=0-9"},
        {"Cookie": "a=b"},
    ]:
        answer = client.get(url, headers=headers)
        assert (answer.status_code, answer.data) == (200, BODY)


def test_a_feed_is_read_only_and_never_answers_412(client: FlaskClient, url: str) -> None:
    """H3: a 412 would tell Thunderbird that it may write."""
    for method in ["PUT", "PROPFIND", "POST", "DELETE", "REPORT", "PATCH"]:
        answer = client.open(url, method=method, headers={"If-Match": "nothing"})
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_options_is_answered(client: FlaskClient, url: str) -> None:
    answer = client.options(url)
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "Content-Length" not in answer.headers  # RFC 9110 8.6


def test_an_unknown_address_is_404_in_plain_text(client: FlaskClient) -> None:
    """H9: 404 keeps a subscriber's events. A secret feed has no public address."""
    for path in [
        "/f/AAAAAAAAAAAAAAAAAAAAAAAA/team.ics",
        "/f/x/team.ics",
        "/feeds/team.ics",
        "/feeds/nothing.ics",
        "/feeds/../team.ics",
        "/f/%00/team.ics",
        "/f/AAAAAAAAAAAAAAAAAAAAAAAA/",
        "/feeds/team/",
    ]:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert b"VCALENDAR" not in answer.data


def test_a_token_opens_its_own_feed_alone(client: FlaskClient, url: str) -> None:
    assert client.get(url.replace("team.ics", "open.ics")).status_code == 404


def test_a_revoked_address_is_410(client: FlaskClient, served: Store, url: str) -> None:
    """H9: 410 ends the subscription."""
    served.links.revoke("team", None, now=datetime.now(UTC) - timedelta(seconds=1))
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype) == (410, "text/plain")
    assert client.get(url.rsplit("/", 1)[0] + "/").status_code == 410
    assert client.get(url.replace(".ics", "/some-event.ics")).status_code == 410


def test_a_feed_that_is_no_longer_configured_is_404(
    client: FlaskClient, served: Store, url: str, now: datetime
) -> None:
    served.feeds.replace([], now=now)
    assert client.get(url).status_code == 404


def test_robots_may_fetch_feeds(client: FlaskClient) -> None:
    """H17."""
    answer = client.get("/robots.txt")
    assert answer.status_code == 200
    assert b"Disallow: /" not in answer.data


def test_a_title_cant_leave_its_header(served: Store, settings: Settings, now: datetime) -> None:
    """RFC 6266, RFC 8187: line breaks, quotes and all alphabets stay in the file's name."""
    title = 'a\r\nSet-Cookie: x=1\0"; filename="evil.exe\\ 会議 🎉'
    served.feeds.replace(
        [Feed(slug="team", title=title, sources=(CalendarSource(calendar="c"),))], now=now
    )
    token = served.links.token(served.links.of("team")[0])
    answer = create_app(settings, served).test_client().get(f"/f/{token}/team.ics")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    value = answer.headers["Content-Disposition"]
    assert value.isascii()
    assert value.isprintable()
    assert value.startswith(
        "inline; filename=\"team.ics\"; filename*=UTF-8''a%20Set-Cookie%3A%20x%3D1%00%22"
    )
    assert set(value.partition("''")[2]) <= set(ascii_letters + digits + "%-._~")


def test_the_name_of_a_file_is_short(served: Store, settings: Settings, now: datetime) -> None:
    feed = Feed(slug="team", title="é" * 5000, sources=(CalendarSource(calendar="c"),))
    served.feeds.replace([feed], now=now)
    token = served.links.token(served.links.of("team")[0])
    answer = create_app(settings, served).test_client().get(f"/f/{token}/team.ics")
    assert answer.headers["Content-Disposition"].endswith("''" + "%C3%A9" * 100 + ".ics")


def published(event: Event) -> Entry:
    """Return an event as an entry of a publication."""
    stamp = vevent.Stamp(changed=CHANGED.replace(microsecond=0), sequence=1)
    return Entry(
        uid=event.uid,
        event_uid=event.uid,
        content_hash="h",
        changed_at=stamp.changed,
        sequence=1,
        sort_key="s",
        zones=" ".join(sorted(vevent.zones(event))),
        blob=vevent.render(event, stamp),
        web_blob=b"BEGIN:VEVENT\r\nUID:web\r\nEND:VEVENT\r\n",
    )


@pytest.fixture
def events(served: Store) -> dict[str, Entry]:
    """Three entries in both feeds: a series with a zone, an event in UTC, and a removed event."""
    series = event("series-1", rule={"freq": "WEEKLY"})
    utc = datetime(2026, 3, 12, 9, tzinfo=zone("UTC"))
    single = event("single-1", start=utc)
    entries = [
        published(series),
        published(single),
        replace(published(event("gone-1")), gone=True, blob=None),
    ]
    for slug in ("team", "open"):
        served.publications.publish(slug, Publication(revision=1, entries=entries, now=CHANGED))
    return {entry.uid: entry for entry in entries}


@pytest.mark.parametrize("uid", ["series-1", "single-1"])
def test_one_event_is_a_document_of_its_own(
    client: FlaskClient, url: str, events: dict[str, Entry], uid: str
) -> None:
    """Its own zones, and no calendar name (rulebook 11, 13)."""
    entry = events[uid]
    assert entry.blob is not None
    expected = join_document(title="x", blobs=[entry.blob], zones=entry.zones.split(), single=True)
    for address in (url.replace(".ics", f"/{uid}.ics"), f"/feeds/open/{uid}.ics"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.data == expected
        assert b"X-WR-CALNAME" not in answer.data
        assert (b"BEGIN:VTIMEZONE" in answer.data) is (uid == "series-1")
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Content-Length"] == str(len(expected))
        assert answer.headers["Last-Modified"] == "Mon, 09 Mar 2026 08:00:30 GMT"
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert (
            client.get(address + "?download=1")
            .headers["Content-Disposition"]
            .startswith("attachment;")
        )
        tag = answer.headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
        coded = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(coded.data) == expected
        assert coded.headers["ETag"] == tag[:-1] + '-gzip"'
        assert client.head(address).headers == answer.headers
        assert client.put(address).status_code == 405


def test_one_event_for_the_web_is_its_occurrences(
    client: FlaskClient, url: str, events: dict[str, Entry]
) -> None:
    answer = client.get(url.replace(".ics", "/series-1.ics?flavour=web"))
    assert events["series-1"].web_blob in answer.data
    assert b"VTIMEZONE" not in answer.data
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "uid", ["gone-1", "nothing", "%00", "..", "SERIES-1", "series-1%0d%0a", "x" * 300]
)
def test_an_event_that_is_not_shown_is_404(
    client: FlaskClient, url: str, events: dict[str, Entry], uid: str
) -> None:
    answer = client.get(url.replace(".ics", f"/{uid}.ics"))
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


def test_an_event_of_a_secret_feed_has_no_public_address(
    client: FlaskClient, events: dict[str, Entry]
) -> None:
    assert client.get("/feeds/team/series-1.ics").status_code == 404
    assert client.get("/f/AAAAAAAAAAAAAAAAAAAAAAAA/team/series-1.ics").status_code == 404
