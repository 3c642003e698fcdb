"""The doctor finds what is wrong, says what to do, and fails only for what keeps feeds from being served or read.

Everything is real but the account: the sandbox stands in for Zoho, a server of the test for the public address.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from click.testing import CliRunner
import pytest
import stamina
from time_machine import TimeMachineFixture
from werkzeug.serving import make_server

from bridge import config
from bridge.cli import doctor_checks as checks
from bridge.cli.doctor import doctor
from bridge.publish.pending import activate_feeds
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.web import create_app
from tests.zoho_sandbox import Sandbox

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


class Patient:
    """A bridge in a folder of its own on a sandbox, and the doctor who looks at it."""

    def __init__(self, folder: Any, sandbox: Any) -> None:
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

    def store(self) -> Any:
        settings = config.load(self.environ)
        store = Store.open(settings.database_url, load_secret_keys(KEY, settings.data_dir))
        activate_feeds(store, settings.feeds, now=datetime.now(UTC))
        return store

    def examined(self) -> Any:
        """Give the exit code, and the lines as level, thing, sentence."""
        result = CliRunner().invoke(doctor, env=self.environ)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        lines = [
            (line[:4].strip(), *line[6:].split(": ", 1)) for line in result.stdout.splitlines()
        ]
        assert {level for level, _, _ in lines} <= {"ok", "warn", "fail"}
        assert (result.exit_code == 1) is any(level == "fail" for level, _, _ in lines)
        return result.exit_code, lines

    def about(self, what: Any) -> Any:
        _, lines = self.examined()
        return [(level, said) for level, about, said in lines if about == what]


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("DATABASE_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    with Sandbox() as sandbox, stamina.set_testing(True):
        yield Patient(tmp_path, sandbox)


@pytest.fixture
def public(patient: Any) -> Iterator[Any]:
    """Serve the bridge at its public address."""
    servers = []

    def serve(**settings: Any) -> Any:
        server = make_server("127.0.0.1", 0, app=None, threaded=True)
        url = f"http://127.0.0.1:{server.port}"
        patient.environ |= {"BRIDGE_PUBLIC_URL": url}
        store = patient.store()
        server.app = create_app(config.load(patient.environ | settings), store)
        thread = Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread, store))
        return url

    yield serve
    for server, thread, store in servers:
        server.shutdown()
        thread.join()
        server.server_close()
        store.close()


def test_a_sound_bridge_gets_an_ok_for_everything(patient: Any, public: Any) -> None:
    url = public()
    code, lines = patient.examined()
    assert code == 0
    assert {level for level, _, _ in lines} == {"ok"}
    assert [what for _, what, _ in lines] == [
        "settings", "time zones", "database", "queue", "clock", "token",
        "Zoho Backstage", "Zoho Connect", "Zoho Calendar", PORTAL, GROUP, "public address",
    ]  # fmt: skip
    assert ("ok", "public address", url) in lines


def test_nothing_is_saved_and_nothing_published(patient: Any) -> None:
    patient.store().close()
    patient.examined()
    store = patient.store()
    assert [state.last_attempt for state in store.sources.states()] == [None, None]
    assert [state.events for state in store.sources.states()] == [0, 0]
    store.close()


def test_no_secret_is_shown(patient: Any) -> None:
    text = str(patient.examined())
    for name in ("BRIDGE_SECRET_KEY", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
        assert patient.environ[name] not in text


def test_every_mistake_in_the_settings_is_a_line(patient: Any) -> None:
    patient.environ |= {"BRIDGE_PUBLIC_URL": "calendars.example.org", "ZOHO_DATA_CENTER": "mars"}
    code, lines = patient.examined()
    assert code == 1
    assert [(level, what) for level, what, _ in lines] == [("fail", "settings")] * 2
    assert "BRIDGE_PUBLIC_URL" in str(lines)
    assert "ZOHO_DATA_CENTER" in str(lines)


def test_what_is_rarely_meant_is_a_warning(patient: Any) -> None:
    patient.environ["BRIDGE_PUBLIK_URL"] = "x"
    assert any(
        "BRIDGE_PUBLIK_URL" in said for level, said in patient.about("settings") if level == "warn"
    )


def test_a_database_that_cant_be_used_is_a_failure(patient: Any, tmp_path: Path) -> None:
    patient.environ["BRIDGE_DATABASE_URL"] = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite3"
    ((level, said),) = patient.about("database")
    assert level == "fail"
    assert "can't be opened" in said


def test_missing_credentials_are_named(patient: Any) -> None:
    del patient.environ["ZOHO_REFRESH_TOKEN"]
    ((level, said),) = patient.about("Zoho")
    assert (level, "zoho-bridge login" in said) == ("fail", True)


def test_a_refused_login_is_told_once(patient: Any) -> None:
    patient.environ["ZOHO_CLIENT_SECRET"] = "wrong"
    code, lines = patient.examined()
    assert code == 1
    assert [what for level, what, _ in lines if level == "fail"] == ["token"]
    assert "ZOHO_CLIENT_SECRET" in str(lines)


def test_a_missing_scope_fails_where_a_feed_needs_it_and_warns_elsewhere(patient: Any) -> None:
    patient.sandbox.tokens.scopes -= {"ZohoCalendar.calendar.READ", "zohopulse.networklist.READ"}
    _, lines = patient.examined()
    found = {what: (level, said) for level, what, said in lines}
    assert found["token"][0] == "ok"
    assert found["Zoho Calendar"][0] == "warn"
    assert "ZohoCalendar.calendar.READ" in found["Zoho Calendar"][1]
    assert found["Zoho Connect"][0] == "fail"
    assert "zohopulse.networklist.READ" in found["Zoho Connect"][1]


def test_a_source_that_cant_be_read_is_named(patient: Any) -> None:
    patient.toml.write_text(TOML.replace("20148871", "20148872"))
    _, lines = patient.examined()
    assert [what for level, what, _ in lines if level == "fail"] == ["backstage:20148872"]


def test_a_source_that_is_not_read_in_time_means_that_no_worker_runs(patient: Any) -> None:
    store = patient.store()
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
    store.close()
    ((level, said),) = patient.about(PORTAL)
    assert (level, "worker" in said) == ("warn", True)


def test_zoho_out_of_reach_is_a_failure(patient: Any) -> None:
    patient.sandbox.stop()
    _, lines = patient.examined()
    failed = {what for level, what, _ in lines if level == "fail"}
    assert {"clock", "Zoho Backstage", PORTAL, GROUP} <= failed
    assert "token" not in [what for _, what, _ in lines]


@pytest.mark.parametrize(
    ("away", "level"),
    [
        (timedelta(seconds=10), "ok"),
        (timedelta(seconds=-45), "warn"),
        (timedelta(minutes=7), "fail"),
    ],
)
def test_a_clock_that_is_wrong_is_noticed(
    patient: Any, time_machine: TimeMachineFixture, away: Any, level: Any
) -> None:
    """The other clock is that of Zoho's server, as the Date of its answer tells."""

    class Answer:
        headers = {"Date": "Tue, 10 Mar 2026 09:30:00 GMT"}  # noqa: RUF012 - never changed

    class Http:
        def head(self, _url: Any) -> Any:
            return Answer()

    time_machine.move_to(datetime(2026, 3, 10, 9, 30, tzinfo=UTC) + away, tick=False)
    finding = checks._clock("https://accounts.zoho.eu", Http())
    assert (finding.level, finding.what) == (level, "clock")


def test_old_time_zones_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    monkeypatch.setattr(checks, "version", lambda _: "2024.2")
    assert checks._zones(now).level == "warn"
    monkeypatch.setattr(checks, "version", lambda _: "2025.1")
    assert checks._zones(now).level == "ok"


def test_addresses_of_a_lost_key_are_noticed(patient: Any) -> None:
    patient.store().close()
    patient.environ["BRIDGE_SECRET_KEY"] = "another key that is as long as it has to be"
    findings = patient.about("links")
    assert [level for level, _ in findings] == ["warn", "warn"]
    assert "BRIDGE_SECRET_KEY" in findings[0][1]


def test_without_a_public_address_there_is_a_warning(patient: Any) -> None:
    assert [level for level, _ in patient.about("public address")] == ["warn"]


def test_a_public_address_that_nobody_answers_is_a_failure(patient: Any) -> None:
    patient.environ["BRIDGE_PUBLIC_URL"] = "http://127.0.0.1:9"
    ((level, said),) = patient.about("public address")
    assert (level, "can't be reached" in said) == ("fail", True)


def test_a_public_address_where_something_else_answers_is_a_failure(patient: Any) -> None:
    patient.environ["BRIDGE_PUBLIC_URL"] = patient.sandbox.url
    ((level, said),) = patient.about("public address")
    assert (level, "something else" in said) == ("fail", True)


def test_a_proxy_that_is_not_believed_is_recognised(patient: Any, public: Any) -> None:
    """What a proxy that ends https and is not trusted leads to: a 308 to where one comes from."""
    url = public(BRIDGE_PUBLIC_URL="https://calendars.example.org")
    looped = list(checks._public_address(url, Looping(url)))
    assert [finding.level for finding in looped] == ["fail"]
    assert "BRIDGE_TRUSTED_PROXIES" in looped[0].said


class Looping:
    """An HTTP client that reaches the bridge through such a proxy."""

    def __init__(self, url: str) -> None:
        self._client = checks.httpx.Client()
        self._url = url

    def get(self, url: str) -> Any:
        answer = self._client.get(url)
        if "Location" in answer.headers:
            answer.headers["Location"] = answer.headers["Location"].replace(
                "https://calendars.example.org", self._url
            )
        return answer
