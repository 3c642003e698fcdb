"""HTTPS redirects and proxies: rulebook H15, and only trusted proxies are believed."""

from datetime import datetime
from pathlib import Path

from flask.testing import FlaskClient
import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store
from tests.served import web_app

PUBLIC = "https://calendars.example.org"


def client_of(store: Store, tmp_path: Path, **settings: str) -> FlaskClient:
    return web_app(store, tmp_path, environ=settings).test_client()


@pytest.fixture
def https(store: Store, tmp_path: Path) -> FlaskClient:
    """A bridge whose public address is https, without a proxy that it trusts."""
    return client_of(store, tmp_path, BRIDGE_PUBLIC_URL=PUBLIC)


@pytest.fixture
def behind_one(store: Store, tmp_path: Path) -> FlaskClient:
    """The same behind one trusted proxy."""
    return client_of(store, tmp_path, BRIDGE_PUBLIC_URL=PUBLIC, BRIDGE_TRUSTED_PROXIES="1")


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/", "", "/"),
        ("/f/tok-_/team.ics", "", "/f/tok-_/team.ics"),
        ("/f/tok/team.ics", "flavour=web&download=1", "/f/tok/team.ics?flavour=web&download=1"),
        ("/f/tok/Team calendar.ics", "x=%0D%0Aa%zz", "/f/tok/Team%20calendar.ics?x=%0D%0Aa%zz"),
        ("/f/\xc3\xa9\xff/100%", "", "/f/%C3%A9%FF/100%25"),
        ("/a\r\nSet-Cookie: x", "b\r\nc\xe9", "/a%0D%0ASet-Cookie:%20x?b%0D%0Ac%E9"),
        ("//evil.example/x", "", "//evil.example/x"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_http_redirects_to_the_same_path_with_one_308(
    https: FlaskClient, method: str, path: str, query: str, location: str
) -> None:
    """H15: webcal: is http in three clients, and ICSx5 stores the new address on a 308 only."""
    raw = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
    }  # as a server hands them over: bytes as latin-1
    answer = https.open(
        "/", method=method, base_url="http://whatever.example:8000", environ_overrides=raw
    )
    assert answer.status_code == 308
    assert answer.headers["Location"] == PUBLIC + location
    assert answer.data == b""


def test_https_is_remembered_by_the_client(https: FlaskClient) -> None:
    answer = https.get("/robots.txt", base_url=PUBLIC)
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" in https.get("/f/x/y.ics", base_url=PUBLIC).headers


def test_nothing_is_redirected_where_the_public_address_is_http(
    store: Store, tmp_path: Path
) -> None:
    client = client_of(store, tmp_path, BRIDGE_PUBLIC_URL="http://127.0.0.1:8000")
    for answer in (
        client.get("/robots.txt"),
        client.get("/robots.txt", base_url="https://127.0.0.1"),
    ):
        assert answer.status_code == 200
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_monitoring_from_this_machine_needs_no_https(https: FlaskClient, path: str) -> None:
    assert https.get(path).status_code == 200


@pytest.mark.parametrize(
    ("fixture", "headers", "status"),
    [
        ("https", {"X-Forwarded-Proto": "https"}, 308),  # no proxy is trusted
        ("https", {"Forwarded": "proto=https"}, 308),
        ("behind_one", {"X-Forwarded-Proto": "https"}, 200),
        ("behind_one", {"X-Forwarded-Proto": "http"}, 308),
        ("behind_one", {}, 308),
        (
            "behind_one",
            {"X-Forwarded-Proto": "https, http"},
            308,
        ),  # the last hop is the trusted one
        ("behind_one", {"X-Forwarded-Proto": "http, https"}, 200),
        ("behind_one", {"X-Forwarded-Proto": ""}, 308),
    ],
)
def test_forwarded_headers_are_believed_from_trusted_hops_alone(
    request: pytest.FixtureRequest, fixture: str, headers: dict[str, str], status: int
) -> None:
    client = request.getfixturevalue(fixture)
    headers = {"Host": "calendars.example.org", **headers}
    assert client.get("/robots.txt", headers=headers).status_code == status


def test_a_page_shows_the_public_address_of_the_trusted_proxy(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    store.feeds.replace(
        [Feed(slug="open", title="O", sources=(CalendarSource(calendar="c"),), public=True)],
        now=now,
    )
    forwarded = {"X-Forwarded-Host": "cal.example", "X-Forwarded-Proto": "https"}
    settings = {"BRIDGE_PUBLIC_URL": "https://cal.example", "BRIDGE_TRUSTED_PROXIES": "1"}
    trusting = client_of(store, tmp_path, **settings).get("/feeds/open/", headers=forwarded)
    assert "https://cal.example/feeds/open.ics" in trusting.text
    alone = client_of(store, tmp_path).get("/feeds/open/", headers=forwarded)
    assert "cal.example" not in alone.text
    assert "http://localhost/feeds/open.ics" in alone.text
