"""Foreign hosts: only the public host and loopback are answered (DNS rebinding)."""

from datetime import datetime
from pathlib import Path
import string

from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store
from tests.served import publish, web_app

BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
FEED = Feed(slug="open", title="O", sources=(CalendarSource(calendar="c"),), public=True)
LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "localhost:8000", "127.0.0.1:1", "[::1]:8000"]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "evil.example:localhost",
    "127.0.0.1.nip.io",
    "192.0.2.1",
    "[::2]",
    "::1",
    "localhost@evil.example",
    "",
]
FEEDS = ["/feeds/open.ics", "/f/{token}/open.ics", "/f/AAAAAAAAAAAAAAAAAAAAAAAA/open.ics"]
PAGES = ["/", "/admin/", "/feeds/open/", "/f/{token}/", "/robots.txt", "/static/page.css", "/none"]
MONITORING = ["/healthz", "/metrics"]


class Bridge:
    """A bridge with one feed, asked by this machine for any host."""

    def __init__(self, store: Store, folder: Path, **environ: str) -> None:
        self._client: FlaskClient = web_app(
            store, folder, open_admin=True, environ=environ
        ).test_client()
        self._token = store.links.token(store.links.of("open")[0])

    def status(self, path: str, host: str, scheme: str = "http") -> int:
        return self._client.get(
            path.format(token=self._token),
            headers={"Host": host},
            base_url=f"{scheme}://localhost",
        ).status_code


@pytest.fixture
def served(store: Store, now: datetime) -> Store:
    store.feeds.replace([FEED], now=now)
    store.links.ensure("open", now=now)
    publish(store, "open", BODY)
    return store


@pytest.fixture
def private(served: Store, tmp_path: Path) -> Bridge:
    """A bridge without a public URL."""
    return Bridge(served, tmp_path)


@pytest.fixture
def public(served: Store, tmp_path: Path) -> Bridge:
    """A bridge with a public URL."""
    return Bridge(served, tmp_path, BRIDGE_PUBLIC_URL="https://c.example")


@pytest.mark.parametrize("host", LOOPBACK)
def test_without_a_public_url_loopback_is_answered(private: Bridge, host: str) -> None:
    for path in ("/feeds/open.ics", "/f/{token}/open.ics", "/admin/", "/healthz", "/metrics"):
        assert private.status(path, host) == 200


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", [*FEEDS, *PAGES, *MONITORING])
def test_without_a_public_url_a_foreign_host_gets_421(
    private: Bridge, path: str, host: str
) -> None:
    assert private.status(path, host) == 421


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(host=st.text(st.sampled_from(string.printable.strip() + "\x85ß"), max_size=30))
@example(host="LOCALHOST:")
def test_no_other_host_is_answered(private: Bridge, public: Bridge, host: str) -> None:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host.rstrip(":")
    own = name.lower() in ("localhost", "127.0.0.1", "[::1]")
    assert (private.status("/robots.txt", host) == 200) is own
    assert (public.status("/robots.txt", host, "https") == 200) is (name.lower() == "c.example")


def test_a_foreign_host_reads_what_the_admin_must_set(served: Store, tmp_path: Path) -> None:
    client = web_app(served, tmp_path).test_client()
    answer = client.get("/feeds/open.ics", headers={"Host": "evil.example"})
    assert answer.status == "421 Misdirected Request"
    assert "BRIDGE_PUBLIC_URL" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    head = client.head("/feeds/open.ics", headers={"Host": "evil.example"})
    assert (head.status_code, head.data) == (421, b"")


@pytest.mark.parametrize("host", ["c.example", "C.Example", "c.example:443", "c.example:8000"])
def test_the_public_host_is_answered_with_any_port(public: Bridge, host: str) -> None:
    for path in ("/feeds/open.ics", "/f/{token}/open.ics", "/robots.txt", "/healthz", "/metrics"):
        assert public.status(path, host, "https") == 200


@pytest.mark.parametrize("path", [*FEEDS, *PAGES])
def test_with_a_public_url_no_other_host_opens_feeds_and_pages(public: Bridge, path: str) -> None:
    for host in (*FOREIGN, *LOOPBACK):
        assert public.status(path, host, "https") == 421


@pytest.mark.parametrize("path", MONITORING)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_and_no_foreign_host_opens_monitoring(
    public: Bridge, path: str, scheme: str
) -> None:
    assert {public.status(path, host, scheme) for host in LOOPBACK} == {200}
    assert {public.status(path, host, scheme) for host in FOREIGN} == {421}


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_public_url_of_loopback_has_all_its_names(
    served: Store, tmp_path: Path, host: str
) -> None:
    bridge = Bridge(served, tmp_path, BRIDGE_PUBLIC_URL="http://127.0.0.1:8000")
    assert bridge.status("/feeds/open.ics", host) == 200
    assert bridge.status("/feeds/open.ics", "evil.example") == 421


@pytest.mark.parametrize(
    ("hops", "host", "forwarded", "status"),
    [
        ("0", "c.example", "", 200),
        ("0", "127.0.0.1:8000", "c.example", 421),
        ("1", "127.0.0.1:8000", "c.example", 200),
        ("1", "c.example", "evil.example", 421),
        ("1", "c.example", "c.example, evil.example", 421),
        ("1", "c.example", "evil.example, c.example", 200),
        ("1", "c.example", "", 200),
    ],
)
def test_the_host_is_that_of_the_last_trusted_proxy(
    served: Store, tmp_path: Path, hops: str, host: str, forwarded: str, status: int
) -> None:
    settings = {"BRIDGE_PUBLIC_URL": "http://c.example", "BRIDGE_TRUSTED_PROXIES": hops}
    client = web_app(served, tmp_path, environ=settings).test_client()
    headers = {"Host": host, "X-Forwarded-Host": forwarded}
    assert client.get("/feeds/open.ics", headers=headers).status_code == status
