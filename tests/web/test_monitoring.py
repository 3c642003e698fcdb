"""Health, metrics, last uses of links, and bugs in the log: for monitoring, without secrets."""

import base64
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any, Never, TypeAlias

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings, strategies as st
from prometheus_client.parser import text_string_to_metric_families
import pytest
from structlog.testing import capture_logs
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge import __version__
from bridge.domain.feed import Feed
from bridge.domain.problems import text_problem
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.readers import Polls
from bridge.zoho.rate_limit import Rate
from tests.served import NOW as CHANGED, publish, web_app

DEPLOY = Path(__file__).parents[2] / "deploy"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def served(store: Store) -> Store:
    """Two sources: "c" was read and is due in an hour, "d" failed and has waited for 90 seconds."""
    sources = (CalendarSource(calendar="c"), CalendarSource(calendar='d"\\'))
    store.feeds.replace([Feed(slug="team", title="Team", sources=sources)], now=NOW)
    store.links.ensure("team", now=NOW)
    read_at = NOW - timedelta(hours=1)
    for source in sources:
        store.sources.claim(source.key, holder="w", now=read_at, term=timedelta(minutes=1))
    dropped = [Rejection(kind="dropped", upstream_id="u", problems=(text_problem("r"),))]
    store.sources.succeed(
        sources[0].key,
        next_check_at=NOW + timedelta(hours=1),
        saved=[],
        removed=[],
        rejected=dropped,
        notes=[],
        holder="w",
        now=read_at,
    )
    store.sources.fail(
        sources[1].key,
        next_check_at=NOW - timedelta(seconds=90),
        error=text_problem("secret detail"),
        holder="w",
        now=read_at,
    )
    return store


@pytest.fixture
def app(served: Store, tmp_path: Path) -> Flask:
    return web_app(served, tmp_path)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def guarded(served: Store, tmp_path: Path) -> FlaskClient:
    return web_app(served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD).test_client()


def test_health_reports_the_most_overdue_source(client: FlaskClient) -> None:
    """A source that Zoho does not serve is no reason to restart a web server: it is still 200."""
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json == {
        "service": "zoho-bridge",
        "database": "ok",
        "oldest_overdue": {"since": "2026-03-10T11:58:30+00:00", "seconds": 90},
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert "calendar:" not in response.text


def test_health_with_nothing_overdue(client: FlaskClient, clock: TimeMachineFixture) -> None:
    clock.move_to(NOW - timedelta(minutes=2), tick=False)
    assert (client.get("/healthz").json or {})["oldest_overdue"] is None


def test_health_is_503_when_the_database_cant_be_read_and_only_then(
    client: FlaskClient, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> Never:
        raise StoreError("The database /path is locked.")

    monkeypatch.setattr(served.database, "connect", broken)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json == {
        "service": "zoho-bridge",
        "database": "unreadable",
        "oldest_overdue": None,
    }


def metrics(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Parse Prometheus' text format with Prometheus' own parser: values by name and labels."""
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_report_the_state_of_sources_feeds_and_links(
    client: FlaskClient, served: Store
) -> None:
    publish(served, "team", b"bytes")
    served.links.record_use({served.links.of("team")[0].token_hash: NOW})
    until = NOW + timedelta(seconds=30)
    rate = Rate(burst=80, every=timedelta(seconds=1))
    served.rate_limits.close("account", "calendar", rate, until=until, now=NOW)
    polls: Any = {"slug": "team", "link": "", "program": "Thunderbird", "last_at": NOW}
    today, before = (
        Polls(**polls, day=NOW.date() - timedelta(days=days), polls=7, unchanged=4)
        for days in (0, 1)
    )
    served.readers.count([today, before])
    response = client.get("/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = metrics(response.text)
    read, failing = {("source", "calendar:c")}, {("source", 'calendar:d"\\')}
    link = {("feed", "team"), ("link", "default"), ("generation", "1")}
    expected = {
        ("info", frozenset({("version", __version__)})): 1,
        ("source_failing", frozenset(read)): 0,
        ("source_failing", frozenset(failing)): 1,
        ("source_failures", frozenset(read)): 0,
        ("source_failures", frozenset(failing)): 1,
        ("source_events", frozenset(read)): 0,
        ("source_events", frozenset(failing)): 0,
        ("source_rejections", frozenset(read)): 1,
        ("source_rejections", frozenset(failing)): 0,
        ("source_overdue_seconds", frozenset(read)): 0,
        ("source_overdue_seconds", frozenset(failing)): 90,
        ("source_last_success_timestamp_seconds", frozenset(read)): NOW.timestamp() - 3600,
        ("feed_state", frozenset({("feed", "team"), ("state", "failing")})): 1,
        ("sources_due", frozenset()): 1,
        ("budget_busy_seconds", frozenset({("product", "calendar")})): 30,
        ("polls", frozenset({("program", "Thunderbird"), ("status", "200")})): 3,
        ("polls", frozenset({("program", "Thunderbird"), ("status", "304")})): 4,
        ("feed_events", frozenset({("feed", "team")})): 1,
        ("feed_changed_timestamp_seconds", frozenset({("feed", "team")})): CHANGED.timestamp(),
        ("link_used_timestamp_seconds", frozenset(link)): NOW.timestamp(),
    }
    assert values == {(f"zoho_bridge_{name}", labels): v for (name, labels), v in expected.items()}


def test_alerts_and_dashboard_name_metrics_that_exist(client: FlaskClient) -> None:
    text = client.get("/metrics").text
    for name in ("prometheus-rules.yaml", "grafana-dashboard.json"):
        used = set(re.findall(r"\bzoho_bridge_\w+", (DEPLOY / name).read_text()))
        assert len(used) >= 5
        assert [metric for metric in sorted(used) if f"# HELP {metric} " not in text] == []


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_reads_the_alerts() -> None:
    command = ["promtool", "check", "rules", str(DEPLOY / "prometheus-rules.yaml")]
    subprocess.run(command, check=True, capture_output=True)


def test_metrics_hold_no_secret(client: FlaskClient, served: Store) -> None:
    text = client.get("/metrics").text
    assert served.links.token(served.links.of("team")[0]) not in text
    assert "secret detail" not in text


Request: TypeAlias = dict[str, dict[str, str]]

STRANGERS: list[Request] = [
    {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}},
    {"headers": {"X-Forwarded-For": "192.0.2.1"}},  # a proxy that the settings do not know
    {"headers": {"X-Real-IP": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
    {"environ_overrides": {"REMOTE_ADDR": ""}},
]


def get_metrics(client: FlaskClient, stranger: Request, password: str = "") -> TestResponse:
    basic = base64.b64encode(f"prometheus:{password}".encode()).decode()
    authorization = {"Authorization": f"Basic {basic}"} if password else {}
    return client.get(
        "/metrics",
        headers={**stranger.get("headers", {}), **authorization},
        environ_overrides=stranger.get("environ_overrides", {}),
    )


@pytest.mark.parametrize("stranger", STRANGERS)
def test_without_a_password_metrics_are_closed_to_strangers(
    client: FlaskClient, stranger: Request
) -> None:
    assert get_metrics(client, stranger).status_code == 404


@pytest.mark.parametrize("stranger", STRANGERS)
def test_the_password_opens_metrics_to_strangers(
    served: Store, tmp_path: Path, stranger: Request
) -> None:
    client = web_app(served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD).test_client()
    response = get_metrics(client, stranger)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Basic")
    assert "zoho_bridge" not in response.text
    assert get_metrics(client, stranger, PASSWORD).status_code == 200
    wrong = [get_metrics(client, stranger, "wrong").status_code for _ in range(6)]
    assert wrong == [401] * 5 + [429]
    assert get_metrics(client, stranger, PASSWORD).status_code == 429


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=40), encoded=st.booleans())
@example(sent=b"\xff\xfe", encoded=False)
@example(sent=b"admin:\xff", encoded=True)
def test_any_wrong_authorization_is_refused_and_never_an_error(
    guarded: FlaskClient, sent: bytes, encoded: bool
) -> None:
    """A header holds bytes beyond ASCII as Latin-1 (WSGI, PEP 3333)."""
    value = (base64.b64encode(sent) if encoded else sent).decode("latin-1")
    stranger = {"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": f"Basic {value}"}
    response = guarded.get("/metrics", environ_overrides=stranger)
    assert response.status_code in (401, 429)  # 429: too many well-formed passwords


@pytest.mark.parametrize("value", ["Basic \xff\xfe", "Basic \xe9", "Basic", "Bearer \xff", "\xff"])
def test_an_unreadable_authorization_is_401_and_no_attempt(
    guarded: FlaskClient, value: str
) -> None:
    stranger = {"REMOTE_ADDR": "192.0.2.1", "HTTP_AUTHORIZATION": value}
    for _ in range(6):
        response = guarded.get("/metrics", environ_overrides=stranger)
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Basic")


def test_requests_do_not_write_the_last_use_of_a_link(
    app: Flask, served: Store, clock: TimeMachineFixture
) -> None:
    """A poll writes nothing: its use is written by the next flush, once."""
    client, usage = app.test_client(), app.extensions["bridge"].usage
    link = served.links.of("team")[0]
    for _ in range(3):
        client.get(f"/f/{served.links.token(link)}/team.ics")
    assert served.links.of("team")[0].used_at is None
    usage.flush()
    assert served.links.of("team")[0].used_at == NOW
    clock.move_to(NOW + timedelta(hours=1), tick=False)
    usage.flush()
    assert served.links.of("team")[0].used_at == NOW


def test_a_read_only_database_stops_no_poll(
    app: Flask, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> Never:
        raise StoreError("It is read-only.")

    monkeypatch.setattr(served.database, "write", broken)
    app.test_client().get(f"/f/{served.links.token(served.links.of('team')[0])}/team.ics")
    with capture_logs() as lines:
        app.extensions["bridge"].usage.flush()
    assert [line["event"] for line in lines] == ["last uses of links could not be written"]


def test_a_bug_is_500_in_plain_text_and_its_log_line_holds_no_path(
    client: FlaskClient, served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path may be a secret address; the log names the view."""
    token = served.links.token(served.links.of("team")[0])
    monkeypatch.setattr(served.feeds, "get", lambda _: 1 / 0)
    with capture_logs() as lines:
        response = client.get(f"/f/{token}/")
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" not in response.text
    assert [(line["event"], line["view"]) for line in lines] == [
        ("a request failed", "pages.feed_page")
    ]
    assert token not in json.dumps(lines, default=str)
