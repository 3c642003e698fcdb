"""For whoever watches: health, metrics, last uses; and a bug that tells nobody a secret."""

import base64
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any, Never

from flask.testing import FlaskClient
import pytest
from structlog.testing import capture_logs
from time_machine import TimeMachineFixture

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.problems import text_problem
from bridge.store import Store
from bridge.web import create_app

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> Any:
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def served(store: Store) -> Any:
    """Two sources: "c" was read and is due in an hour, "d" failed and has waited for 90 seconds."""
    sources = (CalendarSource(calendar="c"), CalendarSource(calendar='d"\\'))
    store.feeds.replace([Feed(slug="team", title="Team", sources=sources)], now=NOW)
    store.links.ensure("team", now=NOW)
    holding = {"holder": "w", "now": NOW - timedelta(hours=1)}
    for source in sources:
        store.sources.claim(source.key, term=timedelta(minutes=1), **holding)
    lost = [Rejection(kind="dropped", upstream_id="u", problems=(text_problem("r"),))]
    store.sources.succeed(
        sources[0].key,
        next_check_at=NOW + timedelta(hours=1),
        saved=[],
        removed=[],
        rejected=lost,
        notes=[],
        **holding,
    )
    store.sources.fail(
        sources[1].key,
        next_check_at=NOW - timedelta(seconds=90),
        error=text_problem("secret detail"),
        **holding,
    )
    return store


def client_of(served: Store, tmp_path: Path, **settings: Any) -> Any:
    environ = {"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40, **settings}
    return create_app(config.load(environ), served).test_client()


@pytest.fixture
def client(served: Store, tmp_path: Path) -> Any:
    return client_of(served, tmp_path)


def test_health_says_since_when_the_most_overdue_source_waits(client: FlaskClient) -> None:
    """A source that Zoho does not give is no reason to restart a web server: it is still 200."""
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {
        "service": "zoho-bridge",
        "database": "ok",
        "oldest_overdue": {"since": "2026-03-10T11:58:30+00:00", "seconds": 90},
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert "calendar:" not in answer.text


def test_health_with_nothing_overdue(client: FlaskClient, clock: Any) -> None:
    clock.move_to(NOW - timedelta(minutes=2), tick=False)
    assert client.get("/healthz").json["oldest_overdue"] is None


def test_health_is_503_when_the_database_cant_be_read_and_only_then(
    client: FlaskClient, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> Never:
        raise StoreError("The database /path is locked.")

    monkeypatch.setattr(served.database, "connect", broken)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json == {
        "service": "zoho-bridge",
        "database": "unreadable",
        "oldest_overdue": None,
    }


def metrics(text: str) -> Any:
    """Read Prometheus' text format: ``name{labels} value``; whatever is no such line fails."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ gauge)", line)
            continue
        name, labels, value = re.fullmatch(
            r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (\S+)', line
        ).groups()
        found[name, labels] = float(value)
    return found


def test_metrics_tell_the_state_of_sources_and_links(client: FlaskClient, served: Store) -> None:
    served.links.record_use({served.links.of("team")[0].token_hash: NOW})
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = metrics(answer.text)
    good, bad = 'source="calendar:c"', r'source="calendar:d\"\\"'
    assert found["zoho_bridge_source_failing", good] == 0
    assert found["zoho_bridge_source_failing", bad] == 1
    assert found["zoho_bridge_source_failures", bad] == 1
    assert found["zoho_bridge_source_rejections", good] == 1
    assert found["zoho_bridge_source_overdue_seconds", good] == 0
    assert found["zoho_bridge_source_overdue_seconds", bad] == 90
    assert (
        found["zoho_bridge_source_last_success_timestamp_seconds", good]
        == (NOW - timedelta(hours=1)).timestamp()
    )
    assert ("zoho_bridge_source_last_success_timestamp_seconds", bad) not in found
    link = 'feed="team",link="default",generation="1"'
    assert found["zoho_bridge_link_used_timestamp_seconds", link] == NOW.timestamp()


def test_metrics_hold_no_secret(client: FlaskClient, served: Store) -> None:
    text = client.get("/metrics").text
    assert served.links.token(served.links.of("team")[0]) not in text
    assert "secret detail" not in text


STRANGERS = [
    {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}},
    {
        "headers": {"X-Forwarded-For": "192.0.2.1"}
    },  # through a proxy on this machine that nobody told of
    {"headers": {"X-Real-IP": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
    {"environ_overrides": {"REMOTE_ADDR": ""}},
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_metrics_are_closed_to_strangers_where_there_is_no_password(
    client: FlaskClient, stranger: Any
) -> None:
    assert client.get("/metrics", **stranger).status_code == 404


@pytest.mark.parametrize("stranger", STRANGERS)
def test_metrics_are_open_to_strangers_who_know_the_password(
    served: Store, tmp_path: Path, stranger: Any
) -> None:
    client = client_of(served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD)
    answer = client.get("/metrics", **stranger)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Basic")
    assert "zoho_bridge" not in answer.text

    def with_password(password: str) -> Any:
        basic = base64.b64encode(f"prometheus:{password}".encode()).decode()
        headers = {**stranger.get("headers", {}), "Authorization": f"Basic {basic}"}
        return client.get("/metrics", **{**stranger, "headers": headers}).status_code

    assert with_password(PASSWORD) == 200
    assert [with_password("wrong") for _ in range(6)] == [401] * 5 + [429]
    assert with_password(PASSWORD) == 429


def test_the_last_use_of_a_link_is_written_beside_the_requests(
    client: FlaskClient, served: Store, clock: Any
) -> None:
    """A poll leaves a note; nothing is written before the notes are flushed, and then once."""
    link = served.links.of("team")[0]
    uses = client.application.extensions["bridge"].usage
    for _ in range(3):
        client.get(f"/f/{served.links.token(link)}/team.ics")
    assert served.links.of("team")[0].used_at is None
    uses.flush()
    assert served.links.of("team")[0].used_at == NOW
    clock.move_to(NOW + timedelta(hours=1), tick=False)
    uses.flush()
    assert served.links.of("team")[0].used_at == NOW


def test_a_database_that_cant_be_written_stops_no_poll(
    client: FlaskClient, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Never:
        raise StoreError("It is read-only.")

    monkeypatch.setattr(served.database, "write", broken)
    client.get(f"/f/{served.links.token(served.links.of('team')[0])}/team.ics")
    with capture_logs() as lines:
        client.application.extensions["bridge"].usage.flush()
    assert [line["event"] for line in lines] == ["last uses of links could not be written"]


def test_a_bug_is_500_in_plain_text_and_its_log_line_holds_no_path(
    client: FlaskClient, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path may be a secret address; the log names the view."""
    token = served.links.token(served.links.of("team")[0])
    monkeypatch.setattr(served.feeds, "get", lambda _: 1 / 0)
    with capture_logs() as lines:
        answer = client.get(f"/f/{token}/")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" not in answer.text
    assert [(line["event"], line["view"]) for line in lines] == [
        ("a request failed", "pages.secret_page")
    ]
    assert token not in json.dumps(lines, default=str)
