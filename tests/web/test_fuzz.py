"""Any request leads to a 4xx or the right response, never to a 500, a traceback or another feed.

The requests do not pass an HTTP library: like a server's, their bytes are latin-1 and unchecked.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
import json
import re
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication
from wsgiref.validate import validator

from flask import Flask
from hypothesis import example, given, strategies as st
import pytest
from structlog.testing import capture_logs

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.web import create_app
from tests.served import NOW, publish

SECRET, PUBLIC = b"the secret feed", b"the public feed"
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module", params=["open", "https"])
def fuzzed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, str]]:
    """An app with a secret and a public feed, and the token of the secret one."""
    folder = tmp_path_factory.mktemp("fuzz")
    store = Store.open(f"sqlite:///{folder}/bridge.sqlite3", SecretKeys("k" * 40))
    source = CalendarSource(calendar="c")
    feeds = [
        Feed(slug="team", title='T\r\n"é', sources=(source,)),
        Feed(slug="open", title="O", sources=(source,), public=True),
    ]
    store.feeds.replace(feeds, now=NOW)
    for slug, body in (("team", SECRET), ("open", PUBLIC)):
        store.links.ensure(slug, now=NOW)
        publish(store, slug, body)
    environ = {
        "BRIDGE_DATA_DIR": str(folder),
        "BRIDGE_SECRET_KEY": "k" * 40,
        "BRIDGE_ADMIN_PASSWORD": PASSWORD,
    }
    if request.param == "https":
        environ |= {"BRIDGE_PUBLIC_URL": "https://c.example", "BRIDGE_TRUSTED_PROXIES": "2"}
    yield create_app(config.load(environ), store), store.links.token(store.links.of("team")[0])
    store.close()


def own_host(app: Flask) -> str:
    """Return the host that the app answers for."""
    return urlsplit(app.extensions["bridge"].settings.public_url).netloc or "localhost"


TOKEN = "TOKEN"  # in place of the real token, which strategies do not know
TOKENS = st.sampled_from([TOKEN, "A" * 24, "x", "..", "", "A" * 5000, "\0", "Á" * 24, "a%2fb"])
FEEDS = st.sampled_from(["team", "open"])
NAMES = st.sampled_from(
    [
        "team",
        "open",
        "TEAM",
        "nothing",
        "..",
        ".",
        "",
        "team\0",
        "%00",
        "%zz",
        "%",
        "\xff\xfe",
        "..%2f..%2fetc%2fpasswd",
        "a" * 300,
    ]
)
ENDS = st.sampled_from(
    [
        ".ics",
        "/",
        "",
        ".ics/",
        ".ICS",
        "/x.ics",
        "/..ics",
        ".ics\r\nX: y",
        "/../open.ics",
        "//",
        ".ics;a",
    ]
)
JUNK = st.text(st.characters(max_codepoint=255), max_size=60)
PATHS = st.one_of(
    st.builds("/f/{}/{}.ics".format, st.just(TOKEN), FEEDS),
    st.builds("/feeds/{}.ics".format, FEEDS),
    st.builds("/f/{}/{}{}".format, TOKENS, NAMES, ENDS),
    st.builds("/feeds/{}{}".format, NAMES, ENDS),
    st.builds(
        "/admin/feeds/{}/{}".format,
        NAMES,
        st.sampled_from(["", "add", "rotate", "revoke", "refresh", "confirm-loss", "x"]),
    ),
    st.sampled_from(
        [
            "/",
            "//",
            "*",
            "",
            "/admin",
            "/admin/sign-in",
            "/admin/sign-out",
            "/healthz",
            "/metrics",
            "/robots.txt",
        ]
    ),
    st.builds("/static/{}".format, NAMES),
    st.builds("/{}".format, JUNK),
)
ODD_METHODS = st.sampled_from(
    [
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
        "PUT",
        "PROPFIND",
        "DELETE",
        "PATCH",
        "TRACE",
        "CONNECT",
        "get",
        "BREW",
    ]
)
METHODS = st.one_of(st.just("GET"), ODD_METHODS)
QUERIES = st.one_of(
    st.sampled_from(
        [
            "",
            "download=1",
            "flavour=web",
            "alarms=off",
            "&" * 5000,
            "=&=&=",
            "flavour=%ff%00",
            "a=b" * 20_000,
        ]
    ),
    JUNK,
)
DATES = st.sampled_from(
    [
        "Mon, 09 Mar 2026 08:00:30 GMT",
        "Mon, 09 Mar 99999 08:00:30 GMT",
        "0",
        "-1",
        "Mon, 32 Foo 0000 99:99:99 +9999",
        "1 Jan 1 0:0:0 +2359",
    ]
)
TAGS = st.sampled_from(
    ["*", '"', 'W/"', '"a", "b', "," * 5000, '"' + "x" * 50_000 + '"', "W/*", '\\"']
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "HTTP_IF_NONE_MATCH": st.one_of(TAGS, JUNK),
        "HTTP_IF_MODIFIED_SINCE": st.one_of(DATES, JUNK),
        "HTTP_IF_MATCH": JUNK,
        "HTTP_ACCEPT_ENCODING": st.one_of(
            st.sampled_from(["gzip", "gzip;q=nan", "gzip;q=1e999", "*;q=0", ";", "gzip" * 9999]),
            JUNK,
        ),
        "HTTP_ACCEPT": JUNK,
        "HTTP_RANGE": st.sampled_from(["bytes=0-9", "bytes=9-0", "bytes=-", "x" * 9999]),
        "HTTP_HOST": st.one_of(
            st.sampled_from(["", "a b", "<script>", "x" * 9999, "[::1", "h:99999", "evil.example"]),
            JUNK,
        ),
        "HTTP_COOKIE": st.one_of(
            st.sampled_from(["bridge_admin=", "bridge_admin=a.b.c", "=;=;" * 2000]), JUNK
        ),
        "HTTP_AUTHORIZATION": st.one_of(
            st.sampled_from(["Bearer", "Basic", "Basic !!!", "Basic 4Q==", "Basic OjpI"]), JUNK
        ),
        "HTTP_X_FORWARDED_FOR": st.one_of(st.sampled_from(["127.0.0.1", ",,,", "1, 2"]), JUNK),
        "HTTP_X_FORWARDED_PROTO": st.sampled_from(
            ["https", "http", "https, https", "javascript", ""]
        ),
        "HTTP_X_FORWARDED_HOST": st.one_of(st.just("a, b"), JUNK),
        "CONTENT_TYPE": st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "multipart/form-data",
                "multipart/form-data; boundary=\xff",
                "x",
            ]
        ),
        "CONTENT_LENGTH": st.sampled_from(["", "0", "-1", "5", "99999999999999999999", "x"]),
    },
)
BODIES = st.sampled_from(
    [b"", b"csrf=x&password=y", b"csrf=%ff%00&label=%00", b"--\xff\r\n", b"a" * 20_000]
)


def ask(
    app: WSGIApplication,
    *,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and body, as a server would send them."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        **headers,
    }
    start: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        start[:] = [(status, headers)]
        return lambda _: None

    response = app(environ, start_response)
    sent = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    return *start[0], sent


@given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS, body=BODIES)
@example(method="GET", path="/feeds/open/", query="", headers={"HTTP_HOST": ""}, body=b"")
@example(method="GET", path="/feeds/open/", query="", headers={"HTTP_HOST": "a_b:8000"}, body=b"")
@example(
    method="GET", path=f"/f/{TOKEN}/", query="", headers={"HTTP_X_FORWARDED_HOST": "a, b"}, body=b""
)
def test_no_request_leads_to_a_fault_or_to_another_feed(
    fuzzed: tuple[Flask, str],
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    app, token = fuzzed
    path = path.replace(TOKEN, token)
    headers = {"HTTP_X_FORWARDED_PROTO": "https, https", "HTTP_HOST": own_host(app)} | headers
    with capture_logs() as lines:
        status, sent_headers, sent = ask(
            app, method=method, path=path, query=query, headers=headers, body=body
        )
    assert 200 <= int(status[:3]) < 500, lines
    assert not [line for line in lines if "exc_info" in line or line["log_level"] == "error"]
    for name, value in sent_headers:
        assert re.fullmatch(r"[A-Za-z-]+", name)
        assert re.fullmatch(r"[\x20-\x7e\xa0-\xff]*", value), (name, value)
    assert b"Traceback" not in sent
    if SECRET in sent:
        assert path == f"/f/{token}/team.ics"
        assert method == "GET"
    if PUBLIC in sent:
        assert path == "/feeds/open.ics"
        assert method == "GET"
    names = {name.lower(): value for name, value in sent_headers}
    if path.startswith(("/f/", "/feeds/")):
        assert "set-cookie" not in names
        assert not status.startswith(("401", "412"))
        if path.endswith(".ics") and not status.startswith(("2", "3")):
            assert names["content-type"] == "text/plain; charset=utf-8"
    if status.startswith("3") and "location" in names:
        assert names["location"].startswith(("https://c.example/", "/admin/"))


def test_responses_follow_the_rules_of_wsgi(fuzzed: tuple[Flask, str]) -> None:
    """PEP 3333 as the standard library checks it: types, and no hop-by-hop header."""
    app, token = fuzzed
    checked = validator(app)
    for path in (f"/f/{token}/team.ics", "/feeds/open.ics", "/f/x/team.ics", "/robots.txt", "/"):
        for method in ("GET", "HEAD", "PUT"):
            environ = {"HTTP_X_FORWARDED_PROTO": "https, https", "HTTP_HOST": own_host(app)}
            status, _, _ = ask(
                checked, method=method, path=path, query="", headers=environ, body=b""
            )
            assert status[:3] in ("200", "404", "405")
    assert (
        json.loads(ask(app, method="GET", path="/healthz", query="", headers={}, body=b"")[2])[
            "database"
        ]
        == "ok"
    )
