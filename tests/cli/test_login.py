"""``zoho-bridge login``: from a one-time code to a login that nothing else has to be set beside.

What the token endpoint takes and gives is Zoho's (OAuth: self client; error bodies of the token endpoint; token
limits). The sandbox answers as documented, small servers of the tests as was seen. What is asked for and what wins is
docs/settings.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import pty
import select
import signal
from threading import Thread
from typing import Any

from click.testing import CliRunner
import httpx
import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bridge.cli import login as command, main
from bridge.config import Login, Secret
from bridge.config.data_centers import DATA_CENTERS
from bridge.sandbox.oauth import ALL_SCOPES
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.scopes import scopes_for_login
from bridge.zoho.self_client import GrantError, SelfClient, exchange
from tests.command_line import CommandLine, command_line
from tests.zoho_sandbox import Sandbox

# The scopes of each call that the bridge makes (Zoho: OAuth scopes).
READING = (
    "zohobackstage.portal.READ,zohobackstage.event.READ,zohobackstage.agenda.READ,zohobackstage.speaker.READ,"
    "zohopulse.networklist.READ,zohopulse.userDetail.READ,zohopulse.events.READ,"
    "ZohoCalendar.calendar.READ,ZohoCalendar.event.READ,ZohoCalendar.group.READ"
)
CREDENTIALS = ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN")
NOBODY = "http://127.0.0.1:9"  # the discard port, where nobody listens
SECRET, CODE = "s3cret-of-the-client", "1000.c0de.0f-a-test"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A command line that has no login yet."""
    with command_line(tmp_path, monkeypatch) as line:
        for name in CREDENTIALS:
            del line.environ[name]
        yield line


def log_in(line: CommandLine, *arguments: Any, code: Any = None, **environ: Any) -> Any:
    """Log in without a terminal, as a script does."""
    tokens = line.sandbox.tokens
    given = {"ZOHO_CLIENT_ID": tokens.client_id, "ZOHO_CLIENT_SECRET": tokens.client_secret}
    return line("login", "--code", code or tokens.issue_code(), *arguments, **given | environ)


def kept(line: CommandLine, client_id: str = "") -> Any:
    """Give what the database holds."""
    if not (line.data_dir / "bridge.sqlite3").exists():
        return None
    store = Store.open(
        f"sqlite:///{line.data_dir}/bridge.sqlite3",
        SecretKeys((line.data_dir / "secret.key").read_text()),
    )
    try:
        return store.logins.of(client_id)
    finally:
        store.close()


def token_requests(sandbox: Any) -> Any:
    return [request for request in sandbox.requests if request.route == "oauth.token"]


class Accounts:
    """An accounts server that gives one answer to everybody, and keeps what it was sent."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.forms = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.forms.append(dict(request.form))
        body, status, *headers = self.answer
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return Response(text, status, headers=dict(*headers))(environ, start_response)


@contextmanager
def accounts(body: Any, status: Any = 200, **headers: Any) -> Iterator[Any]:
    app = Accounts((body, status, headers))
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        app.url = f"http://127.0.0.1:{server.port}"
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- a login that works


def test_after_a_login_nothing_else_has_to_be_set(line: CommandLine) -> None:
    """The token that came with the code is used as well: each one counts (OAuth: token limits)."""
    result = log_in(line)
    assert (result.exit_code, result.stderr) == (0, "")
    assert line("refresh", "group").exit_code == 0
    assert b"SUMMARY:" in line.export("group")
    assert len(token_requests(line.sandbox)) == 1


def test_it_says_what_the_account_can_see_by_the_names_of_zoho(line: CommandLine) -> None:
    data = line.sandbox.data
    said = log_in(line).stdout
    for network in data.networks.values():
        names = ", ".join(group.info["name"] for group in network.groups.values())
        assert f"\n  {network.info['name']}: {names}\n" in said
    for found in (*data.portals.values(), *data.calendars.values()):
        assert f"\n  {found.info['name']}\n" in said
    counts = (
        len(data.portals),
        sum(len(network.groups) for network in data.networks.values()),
        len(data.calendars),
    )
    assert "Zoho Backstage: {} portals\n".format(*counts) in said
    assert f"Zoho Connect: {counts[1]} groups in {len(data.networks)} networks\n" in said
    assert f"Zoho Calendar: {counts[2]} calendars\n" in said


def test_what_is_kept_can_be_read_with_the_key_alone(line: CommandLine) -> None:
    """And is shown nowhere: not by the command, not by ``config``, ``doctor`` or a repr."""
    result = log_in(line)
    login = kept(line)
    tokens = line.sandbox.tokens
    assert (login.client_id, login.data_center, login.client_secret) == (
        tokens.client_id, "us", Secret(tokens.client_secret),
    )  # fmt: skip
    assert login.scopes == tuple(READING.split(","))
    secrets = [login.client_secret.reveal(), login.refresh_token.reveal()]
    shown = (
        result.output
        + line("config").output
        + line("config", "--json").output
        + line("doctor").output
        + repr(login)
    )
    stored = b"".join(file.read_bytes() for file in line.data_dir.glob("bridge.sqlite3*"))
    assert all(secrets)
    assert not [one for one in secrets if one in shown or one.encode() in stored]


def test_config_and_doctor_say_where_the_login_comes_from(line: CommandLine) -> None:
    log_in(line)
    today = f"zoho-bridge login, {kept(line).created_at:%Y-%m-%d}"
    assert f'refresh_token = "set (from {today})"' in line("config").stdout
    zoho = json.loads(line("config", "--json").stdout)["zoho"]
    assert zoho["refresh_token"] == {"set": True, "origin": today}
    assert zoho["client_id"] == {"value": line.sandbox.tokens.client_id, "origin": today}
    assert f"(from: {today})" in line("doctor").stdout


def test_config_makes_no_database_to_look_for_a_login(line: CommandLine) -> None:
    assert line("config").exit_code == 0
    assert not line.data_dir.exists()


def test_a_second_login_needs_the_code_alone_and_takes_the_place_of_the_first(
    line: CommandLine,
) -> None:
    log_in(line)
    before = kept(line)
    result = CliRunner().invoke(
        main,
        ["login", "--code", "-"],
        env=line.environ,
        input=line.sandbox.tokens.issue_code() + "\n",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "takes the place of the former login" in result.stdout
    after = kept(line)
    assert after.refresh_token != before.refresh_token
    assert (after.client_id, after.client_secret) == (before.client_id, before.client_secret)


def test_the_scopes_are_one_line_and_push_adds_the_one_to_write(line: CommandLine) -> None:
    assert line("login", "--scopes").stdout == READING + "\n"
    assert set(scopes_for_login(push=True)) == ALL_SCOPES
    more = line("login", "--scopes", "--push").stdout.strip().split(",")
    assert set(more) - set(READING.split(",")) == {"zohopulse.events.UPDATE"}
    assert not line.data_dir.exists()


def test_a_product_without_its_scope_is_named_and_the_others_are_read(line: CommandLine) -> None:
    """Seeing groups and seeing events are two scopes: one source of each product is read."""
    scopes = ALL_SCOPES - {"zohopulse.events.READ", "ZohoCalendar.calendar.READ"}
    result = log_in(line, code=line.sandbox.tokens.issue_code(scopes))
    assert result.exit_code == 0
    assert "Zoho Connect: can't be read\n" in result.stdout
    assert "zohopulse.events.READ" in result.stdout
    assert "ZohoCalendar.calendar.READ" in result.stdout
    assert "zoho-bridge login --scopes" in result.stdout
    assert "Zoho Backstage: 2 portals\n" in result.stdout
    assert kept(line) is not None


def test_a_login_that_can_read_nothing_ends_with_1_and_is_kept(line: CommandLine) -> None:
    result = log_in(line, code=line.sandbox.tokens.issue_code(()))
    assert result.exit_code == 1
    assert result.stdout.count("can't be read") == 3
    assert kept(line) is not None


def test_a_product_with_nothing_in_it_is_said_to_be_empty(line: CommandLine) -> None:
    line.sandbox.data.portals.clear()
    result = log_in(line)
    assert result.exit_code == 0
    assert "Zoho Backstage: no portal found\n" in result.stdout


def test_scopes_that_zoho_left_out_are_named(line: CommandLine) -> None:
    granted = {
        "access_token": "1000.a",
        "refresh_token": "1000.r",
        "scope": READING.replace(",", " ").rpartition(" ")[0],
    }
    with accounts(granted) as zoho:
        result = log_in(line, ZOHO_ACCOUNTS_URL=zoho.url)
    assert "without ZohoCalendar.group.READ" in result.stderr
    assert "ZohoCalendar.group.READ" not in kept(line).scopes


# --- what Zoho refuses


def client_at(url: str) -> Any:
    return SelfClient(
        client_id="1000.CLIENT", client_secret=Secret(SECRET), data_center="eu", accounts_url=url
    )


def refusal(url: str) -> Any:
    with httpx.Client() as http, pytest.raises(GrantError) as caught:
        exchange(client_at(url), Secret(CODE), http=http, now=NOW)
    return caught.value


THROTTLED = {
    "error": "Access Denied",
    "error_description": "You have made too many requests continuously.",
}
CHINESE = {"error": "拒绝访问", "error_description": "您连续发出的请求过多。", "status": "failure"}
ANSWERS = [
    (
        {"error": "invalid_code"},
        200,
        "code",
        ["3 to 10 minutes", "used", "another data centre", "new code"],
    ),
    ({"error": "invalid_code"}, 400, "code", ["3 to 10 minutes"]),
    ({"error": "invalid_grant"}, 400, "code", ["3 to 10 minutes"]),
    ({"error": "invalid_client"}, 200, "client", ["client id", "data centre"]),
    (
        {"error": "invalid_client_secret"},
        200,
        "secret",
        ["refuses its secret", "Client Secret", "new one"],
    ),
    (
        THROTTLED,
        400,
        "throttled",
        ["10 requests in 10 minutes", "Wait 15 to 30 minutes", "too many requests"],
    ),
    (THROTTLED, 200, "throttled", ["10 requests in 10 minutes"]),
    (CHINESE, 400, "throttled", ["10 requests in 10 minutes", "请求过多"]),
    ("<html>busy</html>", 502, "unreachable", ["502", "HTML page", "try again"]),
    ("<html>log in to this network</html>", 200, "unreachable", ["HTML page", "proxy"]),
    ("", 200, "unreachable", ["the body is empty"]),
    ([], 200, "unreachable", ["no JSON object"]),
    ({"error": "invalid_redirect_uri"}, 400, "unusable", ["Self Client", "invalid_redirect_uri"]),
    (
        {"access_token": "1000.a"},
        200,
        "unusable",
        ["no refresh token", "Self Client", "Generate Code"],
    ),
    ({"access_token": "1000.a", "refresh_token": ""}, 200, "unusable", ["no refresh token"]),
    ({"access_token": "two words", "refresh_token": "1000.r"}, 200, "unusable", ["can't be used"]),
    ({"access_token": "1000.a", "refresh_token": "two\nlines"}, 200, "unusable", ["can't be used"]),
    ("x" * 1_100_000, 200, "unusable", ["ZOHO_ACCOUNTS_URL"]),
]


@pytest.mark.parametrize(("body", "status", "reason", "words"), ANSWERS)
def test_each_refusal_is_explained_with_its_remedy(
    body: Any, status: Any, reason: Any, words: str
) -> None:
    with accounts(body, status) as zoho:
        error = refusal(zoho.url)
    assert error.reason == reason
    assert str(error).startswith("127.0.0.1 (data centre eu)")
    assert [word for word in words if word not in str(error)] == []
    assert len(zoho.forms) == 1, "a code is good once: nothing is repeated"


def test_a_redirect_and_a_server_that_is_not_there_are_told() -> None:
    with accounts("", 302, Location="https://accounts.zoho.com/signin") as zoho:
        assert "redirects elsewhere (302)" in str(refusal(zoho.url))
    gone = refusal(NOBODY)
    assert gone.reason == "unreachable"
    assert "ConnectError" in str(gone)
    assert "refresh" not in str(gone)


@pytest.mark.parametrize("status", [200, 201, 400, 500])
def test_an_answer_with_both_tokens_is_good_whatever_its_status(status: Any) -> None:
    """OAuth: never trust the status. The form is the documented one, without a redirect_uri."""
    body = {"access_token": "1000.a", "refresh_token": "1000.r", "expires_in": 3600}
    with accounts(body, status) as zoho, httpx.Client() as http:
        grant = exchange(client_at(zoho.url), Secret(CODE), http=http, now=NOW)
    assert (grant.refresh_token, grant.access_token.value) == (Secret("1000.r"), "1000.a")
    assert timedelta(minutes=50) < grant.access_token.expires_at - NOW < timedelta(hours=1)
    assert "1000." not in repr(grant)
    assert zoho.forms == [
        {
            "grant_type": "authorization_code",
            "client_id": "1000.CLIENT",
            "client_secret": SECRET,
            "code": CODE,
        }
    ]


def test_words_of_zoho_never_carry_a_secret(line: CommandLine) -> None:
    with accounts(
        {"error": f"no {SECRET}", "error_description": f"{CODE} is no good"}, 400
    ) as zoho:
        result = log_in(line, code=CODE, ZOHO_CLIENT_SECRET=SECRET, ZOHO_ACCOUNTS_URL=zoho.url)
    assert result.exit_code == 1
    assert "is no good" in result.stderr
    assert SECRET not in result.output
    assert CODE not in result.output


def used(line: CommandLine) -> Any:
    code = line.sandbox.tokens.issue_code()
    assert log_in(line, code=code).exit_code == 0
    return {"code": code}


REFUSED = [
    (used, "does not take the code"),
    (
        lambda line: {"code": line.sandbox.tokens.issue_code(life=timedelta())},
        "does not take the code",
    ),
    (lambda _: {"code": "1000.made.up"}, "does not take the code"),
    (lambda _: {"ZOHO_CLIENT_ID": "1000.OTHER"}, "does not know the client id"),
    (lambda _: {"ZOHO_CLIENT_SECRET": "wrong"}, "refuses its secret"),
    (lambda line: {"code": line.sandbox.tokens.issue_code(offline=False)}, "no refresh token"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_a_refused_login_is_one_sentence_and_changes_nothing(
    line: CommandLine, given: Any, said: Any
) -> None:
    given = given(line)
    before = kept(line)
    result = log_in(line, **given)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("zoho-bridge: 127.0.0.1 (data centre us) ")
    assert said in result.stderr
    assert kept(line) == before


# --- the wrong data centre


@pytest.fixture
def world(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two data centres: ``us``, which knows another client, and ``eu``, where this one lives; the others are away."""
    for name in (
        "ZOHO_ACCOUNTS_URL",
        "ZOHO_BACKSTAGE_URL",
        "ZOHO_CONNECT_URL",
        "ZOHO_CALENDAR_URL",
    ):
        del line.environ[name]
    with Sandbox() as us:
        us.tokens.client_id = "1000.AMERICAN"
        for code, center in list(DATA_CENTERS.items()):
            box = {"us": us, "eu": line.sandbox}.get(code)
            at = box.environment() if box else {}
            monkeypatch.setitem(
                DATA_CENTERS,
                code,
                replace(
                    center, **{name: at.get(f"ZOHO_{name.upper()}", NOBODY) for name in ADDRESSES}
                ),
            )
        yield us


ADDRESSES = ("accounts_url", "backstage_url", "connect_url", "calendar_url")


def test_other_data_centres_are_asked_only_on_request(line: CommandLine, world: Any) -> None:
    result = log_in(line)
    assert result.exit_code == 1
    assert "does not know the client id" in result.stderr
    assert "--try-data-centers" in result.stderr
    assert (len(token_requests(world)), len(token_requests(line.sandbox))) == (1, 0)


def test_the_data_centre_that_takes_the_code_is_the_one_that_is_kept(
    line: CommandLine, world: Any
) -> None:
    result = log_in(line, "--try-data-centers")
    assert result.exit_code == 0
    assert "  eu: knows the client, and takes the code\n" in result.stdout
    assert kept(line).data_center == "eu"
    assert len(token_requests(line.sandbox)) == 1
    assert line("refresh", "group").exit_code == 0
    assert {request.route for request in world.requests} == {"oauth.token"}
    assert 'data_center = "eu"' in line("config").stdout


def test_a_data_centre_that_knows_the_client_alone_is_told_and_the_others_too(
    line: CommandLine, world: Any
) -> None:
    """A code is good in its own centre alone; what answers "invalid_code" knows the client."""
    result = log_in(line, "--try-data-centers", code="1000.dead")
    assert result.exit_code == 1
    assert "  eu: knows the client, and does not take this code\n" in result.stdout
    assert "  jp: can not tell now\n" in result.stdout
    assert "--data-center eu" in result.stderr
    assert DATA_CENTERS["eu"].console_url in result.stderr
    assert kept(line) is None


def test_a_code_of_another_centre_of_the_same_client_is_found_there(
    line: CommandLine, world: Any
) -> None:
    world.tokens.client_id = line.sandbox.tokens.client_id  # a client of several data centres
    assert "another data centre" in log_in(line).stderr
    assert log_in(line, "--try-data-centers").exit_code == 0
    assert kept(line).data_center == "eu"


def test_the_right_data_centre_is_asked_at_once_when_it_is_given(
    line: CommandLine, world: Any
) -> None:
    assert log_in(line, "--data-center", "EU").exit_code == 0
    assert log_in(line, ZOHO_DATA_CENTER="eu").exit_code == 0
    assert token_requests(world) == []


def test_an_accounts_address_that_is_set_is_the_one_place_to_ask(
    line: CommandLine, world: Any
) -> None:
    result = log_in(line, "--try-data-centers", ZOHO_ACCOUNTS_URL=world.url)
    assert result.exit_code == 1
    assert "--try-data-centers" not in result.stderr
    assert token_requests(line.sandbox) == []


# --- settings beside the login


def test_a_refresh_token_that_is_set_wins_and_the_login_says_so(line: CommandLine) -> None:
    tokens = line.sandbox.tokens
    result = log_in(line, ZOHO_REFRESH_TOKEN=tokens.refresh_token)
    assert result.exit_code == 0
    assert (
        "ZOHO_REFRESH_TOKEN is set (environment) to something else, and wins over this login"
        in result.stderr
    )
    assert tokens.refresh_token not in result.output


def test_another_data_centre_that_is_set_is_doubted(line: CommandLine, world: Any) -> None:
    log_in(line, "--data-center", "eu")
    for name in ("doctor", "config"):
        said = line(name, ZOHO_DATA_CENTER="us").output
        assert "ZOHO_DATA_CENTER is us" in said
        assert "was made at eu" in said


def test_the_login_of_the_client_that_is_set_is_used(line: CommandLine) -> None:
    """Not the latest: two accounts may share a database."""
    log_in(line)
    with accounts({"access_token": "1000.a", "refresh_token": "1000.r"}) as zoho:
        log_in(line, "--client-id", "1000.SECOND", ZOHO_ACCOUNTS_URL=zoho.url)
    first = line.sandbox.tokens.client_id
    assert [kept(line).client_id, kept(line, first).client_id] == ["1000.SECOND", first]
    assert line("refresh", "group", ZOHO_CLIENT_ID=first).exit_code == 0
    assert line("refresh", "group", ZOHO_CLIENT_ID="1000.THIRD").exit_code == 2


def test_a_login_under_a_lost_key_is_told_and_feeds_go_on(line: CommandLine) -> None:
    log_in(line)
    line("refresh", "group")
    lost = {"BRIDGE_SECRET_KEY": "another key that is as long as it has to be"}
    result = line("refresh", **lost)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "encrypted with another BRIDGE_SECRET_KEY" in result.stderr
    assert "zoho-bridge login" in result.stderr
    assert "BRIDGE_SECRET_KEY" in line("config", **lost).stderr
    assert line("export", "group", **lost).exit_code == 0
    assert log_in(line, **lost).exit_code == 0
    assert line("refresh", "group", **lost).exit_code == 0


@pytest.mark.parametrize("command", ["refresh", "discover", "serve", "worker"])
def test_without_a_login_every_command_names_the_way_to_one(
    line: CommandLine, command: Any
) -> None:
    result = line(command)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "run `zoho-bridge login`" in result.stderr


# --- with and without a terminal


def test_without_a_terminal_all_that_is_missing_is_named_at_once(line: CommandLine) -> None:
    result = line("login")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for name in ("--client-id", "ZOHO_CLIENT_SECRET_FILE", "--code -"):
        assert name in result.stderr
    assert "ZOHO_CLIENT_SECRET" not in line("login", ZOHO_CLIENT_SECRET="x").stderr


@pytest.mark.parametrize(
    "arguments", [["--code", "two words"], ["--client-id", "Zürich"], ["--data-center", "mars"]]
)
def test_what_can_not_be_right_is_refused_before_anybody_is_asked(
    line: CommandLine, arguments: Any
) -> None:
    result = line("login", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert line.sandbox.requests == []


def asked(
    line: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    *answers: Any,
    arguments: Any = (),
    **environ: Any,
) -> Any:
    """Log in as a person at a terminal, who types the answers."""
    monkeypatch.setattr(command, "at_terminal", lambda: True)
    typed = "".join(f"{answer}\n" for answer in answers)
    return CliRunner().invoke(main, ["login", *arguments], env=line.environ | environ, input=typed)


def test_a_person_is_led_through_and_asked_for_what_is_missing_alone(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    result = asked(
        line, monkeypatch, "in", tokens.client_id, tokens.client_secret, f"  {tokens.issue_code()} "
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "https://api-console.zoho.in" in result.stdout
    assert f"\n{READING}\n" in result.stdout
    assert tokens.client_secret not in result.stdout
    assert kept(line).data_center == "in"
    again = asked(line, monkeypatch, tokens.issue_code(), ZOHO_DATA_CENTER="in", ZOHO_CLIENT_ID=tokens.client_id,
                  ZOHO_CLIENT_SECRET=tokens.client_secret)  # fmt: skip
    assert again.exit_code == 0
    assert "Client" not in again.stdout.replace("Self Client", "")
    enter = asked(
        line, monkeypatch, "", "", "", tokens.issue_code()
    )  # what the first login holds is offered
    assert enter.exit_code == 0
    assert kept(line).data_center == "in"


def test_a_person_with_a_dead_code_may_paste_another(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    result = asked(line, monkeypatch, "us", tokens.client_id, "not a secret", tokens.client_secret, "1000.dead",
                   tokens.issue_code())  # fmt: skip
    assert result.exit_code == 0
    assert result.stderr.count("does not take the code") == 1
    assert result.stdout.count(READING) == 1


@pytest.mark.parametrize(("answer", "asks"), [("n", 0), ("y", 1)])
def test_a_person_is_asked_before_other_data_centres_are(
    line: CommandLine, world: Any, monkeypatch: pytest.MonkeyPatch, answer: Any, asks: Any
) -> None:
    tokens = line.sandbox.tokens
    result = asked(line, monkeypatch, "us", tokens.client_id, tokens.client_secret, "1000.dead", answer,
                   tokens.issue_code())  # fmt: skip
    assert "Ask the other data centres" in result.stdout
    assert result.exit_code == 1 - asks  # an unknown client can't be mended by another code
    assert len(token_requests(line.sandbox)) == 2 * asks
    if asks:
        assert f"2. At {DATA_CENTERS['eu'].console_url}" in result.stdout
        assert kept(line).data_center == "eu"


def on_terminal(line: CommandLine, *arguments: Any, answers: Any = (), **environ: Any) -> Any:
    """Run a command on a real terminal and type each answer once its question is there; give exit code and screen."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        python = os.environ.get("PYTHON", command.sys.executable)
        names = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "NO_COLOR", "TERM")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(names)
        }
        os.execve(
            python,
            [python, "-m", "bridge", *arguments],
            {**inherited, "TERM": "xterm", **line.environ, **environ},
        )
    screen, waiting, typed, patience = b"", list(answers), b"", 60
    while patience:
        if not select.select([terminal], [], [], 1)[0]:
            patience -= 1
            if typed in {
                b"\x03",
                b"\x04",
            }:  # typed before the line editor was ready, it is lost: a person types again
                os.write(terminal, typed)
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not part:
            break
        screen += part
        if waiting and screen.rstrip().endswith(waiting[0][0].encode()):
            typed = waiting.pop(0)[1].encode()
            os.write(terminal, typed)
    if not patience:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.decode()


def test_on_a_real_terminal_the_secret_is_not_shown(line: CommandLine) -> None:
    tokens = line.sandbox.tokens
    answers = [("[us]:", "\n"), ("Client id:", f"{tokens.client_id}\n"), ("not shown):", f"{tokens.client_secret}\n"),
               ("Code:", f"{tokens.issue_code()}\n")]  # fmt: skip
    code, screen = on_terminal(line, "login", answers=answers)
    assert code == 0
    assert tokens.client_id in screen
    assert tokens.client_secret not in screen
    assert "\x1b[32m\x1b[1mZoho Backstage: 2 portals" in screen


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_at_a_question_ends_quietly(line: CommandLine, key: Any) -> None:
    """README: exit code 130."""
    code, screen = on_terminal(line, "login", answers=[("[us]:", key)])
    assert code == 128 + signal.SIGINT
    assert "Aborted" not in screen
    assert "Traceback" not in screen


# --- the table of logins


def a_login(client_id: str = "1000.A", made: Any = NOW, **changes: Any) -> Any:
    values = {
        "client_secret": Secret(SECRET),
        "refresh_token": Secret("1000.r"),
        "data_center": "eu",
    }
    values |= {"scopes": ("a.READ", "b.READ"), "created_at": made}
    return Login(client_id=client_id, **values | changes)


def test_a_login_comes_back_as_it_was_kept(any_store: Store) -> None:
    assert any_store.logins.of("") is None
    any_store.logins.keep(a_login())
    assert any_store.logins.of("1000.A") == any_store.logins.of("") == a_login()
    assert any_store.logins.of("1000.B") is None


def test_each_client_has_one_login_and_the_latest_is_the_one_without_a_name(
    any_store: Store,
) -> None:
    any_store.logins.keep(a_login("1000.B", NOW + timedelta(hours=1)))
    any_store.logins.keep(a_login("1000.A", NOW))
    assert any_store.logins.of("").client_id == "1000.B"
    newer = a_login("1000.A", NOW + timedelta(days=1), refresh_token=Secret("1000.new"))
    any_store.logins.keep(newer)
    assert any_store.logins.of("") == any_store.logins.of("1000.A") == newer


def test_under_another_key_a_login_is_there_and_can_not_be_read(
    any_store: Store, database_url: str
) -> None:
    any_store.logins.keep(a_login())
    other = Store.open(database_url, SecretKeys("another key, which is as long as it has to be"))
    found = other.logins.of("1000.A")
    other.close()
    assert (found.client_id, found.readable, found.refresh_token) == ("1000.A", False, Secret())


def test_a_login_hides_its_secrets() -> None:
    assert SECRET not in repr(a_login())
    assert "1000.r" not in repr(a_login())
