"""``zoho-bridge doctor`` finds what is wrong, names the remedy, and fails only for real failures.

A failure keeps feeds from being read or served. Everything is real except the account: the sandbox
stands in for Zoho, a server of the test for the public address.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from click.testing import CliRunner, Result
import httpx
import pytest
import stamina
from time_machine import TimeMachineFixture
from werkzeug.serving import make_server

from bridge import config
from bridge.cli import doctor_checks
from bridge.cli.doctor import doctor
from bridge.cli.doctor_checks import check_clock, check_public_address, check_time_zones
from bridge.domain.problems import text_problem
from bridge.publish.pending import activate_feeds
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.web import create_app
from tests.zoho_sandbox import NETWORK, Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

KEY = "k" * 40
TOML = """\
[zoho]
connect_timezone = "Europe/Berlin"

[[feed]]
slug = "portal"
public = true
sources = [{ backstage = "20148871" }]

[[feed]]
slug = "group"
sources = [{ connect = "931000000330017", network = "931000000021003" }]
"""
PORTAL, GROUP = "backstage:20148871", "connect:931000000021003/931000000330017"


class Line(NamedTuple):
    level: str
    subject: str
    text: str


class Patient:
    """A bridge in a folder of its own on a sandbox, and the doctor who examines it."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.toml = folder / "bridge.toml"
        self.toml.write_text(TOML)
        self.environ = {
            "BRIDGE_DATA_DIR": str(folder / "data"),
            "BRIDGE_CONFIG": str(self.toml),
            "BRIDGE_SECRET_KEY": KEY,
            **sandbox.environment(),
        }
        (folder / "data").mkdir()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store, with the feeds of bridge.toml in it."""
        settings = config.load(self.environ)
        store = Store.open(settings.database_url, load_secret_keys(KEY, settings.data_dir))
        try:
            activate_feeds(store, settings.feeds, now=datetime.now(UTC))
            yield store
        finally:
            store.close()

    def run(self, *options: str) -> Result:
        """Run the command."""
        result = CliRunner().invoke(doctor, options, env=self.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def lines(self) -> list[Line]:
        """Return the doctor's lines; the exit code is 1 if one of them is a failure."""
        result = self.run()
        rows = result.stdout.splitlines()
        lines = [Line(row[:4].strip(), *row[6:].split(": ", 1)) for row in rows]
        assert {line.level for line in lines} <= {"ok", "warn", "fail"}
        assert (result.exit_code == 1) is any(line.level == "fail" for line in lines)
        return lines

    def lines_about(self, subject: str) -> list[Line]:
        return [line for line in self.lines() if line.subject == subject]


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """A sound bridge with two feeds, on an account with one network: Connect is read slowly."""
    for name in ("DATABASE_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    with Sandbox() as sandbox, stamina.set_testing(True):
        networks = sandbox.data.networks
        for network in set(networks) - {NETWORK}:
            del networks[network]
        yield Patient(tmp_path, sandbox)


@pytest.fixture
def serve(patient: Patient) -> Iterator[Callable[..., str]]:
    """Serve the bridge at its public address, optionally with other settings; return the URL."""
    with ExitStack() as stack:

        def start(**settings: str) -> str:
            def application(environ: dict[str, Any], start_response: "StartResponse") -> Any:
                return app(environ, start_response)

            server = make_server("127.0.0.1", 0, application, threaded=True)
            stack.callback(server.server_close)
            url = f"http://127.0.0.1:{server.port}"
            patient.environ |= {"BRIDGE_PUBLIC_URL": url}
            store = stack.enter_context(patient.store())
            app = create_app(config.load(patient.environ | settings), store)
            thread = Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return url

        yield start


def test_a_sound_bridge_gets_an_ok_for_every_check(
    patient: Patient, serve: Callable[..., str]
) -> None:
    url = serve()
    lines = patient.lines()
    assert {line.level for line in lines} == {"ok"}
    subjects = ["settings", "time zones", "database", "queue", "clock", "token"]
    products = ["Zoho Backstage", "Zoho Connect", "Zoho Calendar"]
    assert [line.subject for line in lines] == [
        *subjects, *products, PORTAL, GROUP, "public address", "admin pages",
    ]  # fmt: skip
    assert ("ok", "public address", url) in lines


def test_it_says_what_it_does_while_zoho_is_asked(patient: Patient) -> None:
    said = patient.run().stderr.splitlines()
    products = ("Zoho Backstage", "Zoho Connect", "Zoho Calendar")
    assert said == [
        *(f"zoho-bridge: Asking {name} for its sources…" for name in products),
        f"zoho-bridge: Reading source 1 of 2: {PORTAL}…",
        f"zoho-bridge: Reading source 2 of 2: {GROUP}…",
    ]


def test_sources_are_read_side_by_side(patient: Patient) -> None:
    """Each of the two is answered once both have asked."""
    both, first = Barrier(2, timeout=30), {"backstage.events", "connect.events"}

    def wait(name: str) -> None:
        if name in first:
            first.remove(name)
            both.wait()

    patient.sandbox.fault = wait
    assert {line.level for line in patient.lines() if line.subject in (PORTAL, GROUP)} == {"ok"}
    assert not first


@pytest.mark.parametrize(
    ("settings", "level", "said"),
    [
        ({}, "ok", "admin-link"),
        ({"BRIDGE_ADMIN_PASSWORD": "a long password"}, "ok", "the password opens /admin/"),
        ({"BRIDGE_PUBLIC_URL": "http://c.example.invalid"}, "warn", "BRIDGE_ADMIN_PASSWORD"),
        (
            {"BRIDGE_ADMIN_PROXY_HEADER": "X-User", "BRIDGE_TRUSTED_PROXIES": "1"},
            "ok",
            "admin-link",
        ),
    ],
)
def test_it_says_how_to_open_the_admin_pages(
    patient: Patient, settings: dict[str, str], level: str, said: str
) -> None:
    patient.environ |= settings
    patient.sandbox.stop()
    (line,) = patient.lines_about("admin pages")
    assert (line.level, said in line.text) == (level, True)


def test_json_has_the_same_findings_as_the_lines(patient: Patient) -> None:
    patient.sandbox.data.networks.clear()  # the bridge waits between requests to Connect
    patient.toml.write_text("")
    lines, result = patient.lines(), patient.run("--json")
    assert result.exit_code == 0
    rows = [Line(row["level"], row["what"], row["said"]) for row in json.loads(result.stdout)]
    seconds = re.compile(r"\b\d+ s\b")  # from Zoho's clock, at either run
    assert [line._replace(text=seconds.sub("", line.text)) for line in lines] == [
        row._replace(text=seconds.sub("", row.text)) for row in rows
    ]


def test_nothing_is_saved_and_nothing_published(patient: Patient) -> None:
    patient.lines()
    with patient.store() as store:
        states = store.sources.states()
    assert [(state.last_attempt, state.events) for state in states] == [(None, 0), (None, 0)]


def test_no_secret_is_shown(patient: Patient) -> None:
    text = str(patient.lines())
    for name in ("BRIDGE_SECRET_KEY", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
        assert patient.environ[name] not in text


def test_every_mistake_in_the_settings_is_a_line(patient: Patient) -> None:
    patient.environ |= {"BRIDGE_PUBLIC_URL": "calendars.example.org", "ZOHO_DATA_CENTER": "mars"}
    lines = patient.lines()
    assert [line[:2] for line in lines] == [("fail", "settings")] * 2
    assert "BRIDGE_PUBLIC_URL" in str(lines)
    assert "ZOHO_DATA_CENTER" in str(lines)


def test_an_unknown_variable_is_a_warning(patient: Patient) -> None:
    patient.environ["BRIDGE_PUBLIK_URL"] = "x"
    warnings = [line.text for line in patient.lines_about("settings") if line.level == "warn"]
    assert "BRIDGE_PUBLIK_URL" in str(warnings)


def test_a_database_that_cannot_be_opened_is_a_failure(patient: Patient, tmp_path: Path) -> None:
    patient.environ["BRIDGE_DATABASE_URL"] = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite3"
    (line,) = patient.lines_about("database")
    assert line.level == "fail"
    assert "can't be opened" in line.text


def test_missing_credentials_are_named(patient: Patient) -> None:
    del patient.environ["ZOHO_REFRESH_TOKEN"]
    (line,) = patient.lines_about("Zoho")
    assert (line.level, "zoho-bridge login" in line.text) == ("fail", True)


def test_a_refused_login_is_reported_once(patient: Patient) -> None:
    patient.environ["ZOHO_CLIENT_SECRET"] = "wrong"
    lines = patient.lines()
    assert [line.subject for line in lines if line.level == "fail"] == ["token"]
    assert "ZOHO_CLIENT_SECRET" in str(lines)


def test_a_missing_scope_is_a_failure_only_for_products_of_feeds(patient: Patient) -> None:
    patient.sandbox.tokens.scopes -= {"ZohoCalendar.calendar.READ", "zohopulse.networklist.READ"}
    lines = {line.subject: line for line in patient.lines()}
    assert lines["token"].level == "ok"
    assert lines["Zoho Calendar"].level == "warn"
    assert "ZohoCalendar.calendar.READ" in lines["Zoho Calendar"].text
    assert lines["Zoho Connect"].level == "fail"
    assert "zohopulse.networklist.READ" in lines["Zoho Connect"].text


def test_a_source_that_cannot_be_read_is_named(patient: Patient) -> None:
    patient.toml.write_text(TOML.replace("20148871", "20148872"))
    failures = [line.subject for line in patient.lines() if line.level == "fail"]
    assert failures == ["backstage:20148872"]


def test_a_clock_that_was_ahead_is_named(patient: Patient) -> None:
    with patient.store() as store:
        ahead = datetime.now(UTC) + timedelta(days=3)
        store.sources.claim(PORTAL, holder="w", now=ahead, term=timedelta(minutes=1))
        error = text_problem("down")
        store.sources.fail(PORTAL, holder="w", now=ahead, next_check_at=ahead, error=error)
    (line,) = (line for line in patient.lines() if line.subject == PORTAL)
    assert line.level == "warn"
    assert f"{ahead:%Y-%m-%d %H:%M} UTC, in the future: a clock was ahead" in line.text


def test_an_overdue_source_means_that_no_worker_runs(patient: Patient) -> None:
    with patient.store() as store:
        long_ago = datetime.now(UTC) - timedelta(hours=2)
        store.sources.claim(PORTAL, holder="w", now=long_ago, term=timedelta(minutes=1))
        store.sources.succeed(
            PORTAL,
            holder="w",
            now=long_ago,
            next_check_at=long_ago,
            saved=[],
            removed=[],
            rejected=[],
            notes=[],
        )
    (line,) = patient.lines_about(PORTAL)
    assert (line.level, "worker" in line.text) == ("warn", True)


def test_an_unreachable_zoho_is_a_failure(patient: Patient) -> None:
    patient.sandbox.stop()
    lines = patient.lines()
    failures = {line.subject: line.text for line in lines if line.level == "fail"}
    assert {"clock", "Zoho Backstage", PORTAL, GROUP} <= set(failures)
    assert failures["clock"].endswith(": check that this machine may connect to it")
    assert "token" not in [line.subject for line in lines]


@pytest.mark.parametrize(
    ("away", "level"),
    [
        (timedelta(seconds=10), "ok"),
        (timedelta(seconds=-45), "warn"),
        (timedelta(minutes=7), "fail"),
    ],
)
def test_a_wrong_clock_is_noticed(
    time_machine: TimeMachineFixture, away: timedelta, level: str
) -> None:
    """It is compared with the Date of an answer of Zoho's server."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Date": "Tue, 10 Mar 2026 09:30:00 GMT"})

    time_machine.move_to(datetime(2026, 3, 10, 9, 30, tzinfo=UTC) + away, tick=False)
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        finding = check_clock("https://accounts.zoho.eu", http)
    assert finding[:2] == (level, "clock")


@pytest.mark.parametrize(("release", "level"), [("2024.2", "warn"), ("2025.1", "ok")])
def test_old_time_zones_are_noticed(
    monkeypatch: pytest.MonkeyPatch, release: str, level: str
) -> None:
    monkeypatch.setattr(doctor_checks, "version", lambda _package: release)
    assert check_time_zones(datetime(2026, 3, 10, tzinfo=UTC)).level == level


def test_links_of_a_lost_key_are_noticed(patient: Patient) -> None:
    with patient.store():
        pass
    patient.environ["BRIDGE_SECRET_KEY"] = "another key that is as long as it has to be"
    lines = patient.lines_about("links")
    assert [line.level for line in lines] == ["warn", "warn"]
    assert "BRIDGE_SECRET_KEY" in lines[0].text


def test_a_missing_public_address_is_a_warning(patient: Patient) -> None:
    assert [line.level for line in patient.lines_about("public address")] == ["warn"]


def test_an_unreachable_public_address_is_a_failure(patient: Patient) -> None:
    patient.environ["BRIDGE_PUBLIC_URL"] = "http://127.0.0.1:9"  # the discard port: no listener
    (line,) = patient.lines_about("public address")
    assert (line.level, "can't be reached" in line.text) == ("fail", True)


def test_another_server_at_the_public_address_is_a_failure(patient: Patient) -> None:
    patient.environ["BRIDGE_PUBLIC_URL"] = patient.sandbox.url
    (line,) = patient.lines_about("public address")
    assert (line.level, "something else" in line.text) == ("fail", True)


def test_a_proxy_that_passes_on_another_host_is_recognised(serve: Callable[..., str]) -> None:
    public = "http://calendars.lan"
    url = serve(BRIDGE_PUBLIC_URL=public)

    def through_proxy(request: httpx.Request) -> httpx.Response:
        with httpx.Client() as http:
            reply = http.get(f"{url}{request.url.path}")
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    with httpx.Client(transport=httpx.MockTransport(through_proxy)) as http:
        (finding,) = check_public_address(public, http)
    assert finding.level == "fail"
    assert "pass on the Host" in finding.text


def test_a_proxy_that_is_not_trusted_is_recognised(serve: Callable[..., str]) -> None:
    """A proxy that ends https and is not trusted leads to a redirect to the same address."""
    public = "https://calendars.example.org"
    url = serve(BRIDGE_PUBLIC_URL=public)

    def through_proxy(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        with httpx.Client() as http:
            reply = http.get(f"{url}{path}")
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    with httpx.Client(transport=httpx.MockTransport(through_proxy)) as http:
        (finding,) = check_public_address(public, http)
    assert finding.level == "fail"
    assert "BRIDGE_TRUSTED_PROXIES" in finding.text
