"""``zoho-bridge login``: from a one-time code to a login beside which no setting is needed.

The sandbox answers as Zoho documents it. What is asked for and what wins is docs/settings.md.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
import json
from pathlib import Path

from click.testing import CliRunner, Result
import pytest

from bridge.cli import login as command, main
from bridge.config import Login, Secret
from bridge.sandbox.oauth import ALL_SCOPES
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.scopes import scopes_for_login
from tests.canned_server import canned_server
from tests.cli.terminal import run_on_terminal
from tests.command_line import NETWORK, CommandLine, command_line

# The scopes of each call that the bridge makes (Zoho: OAuth scopes).
READING = (
    "zohobackstage.portal.READ,zohobackstage.event.READ,zohobackstage.agenda.READ,"
    "zohobackstage.speaker.READ,zohopulse.networklist.READ,zohopulse.userDetail.READ,"
    "zohopulse.events.READ,ZohoCalendar.calendar.READ,ZohoCalendar.event.READ"
)
SECRET, CODE = "s3cret-of-the-client", "1000.c0de.0f-a-test"


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A command line without a login, on an account with one network: Connect is read slowly."""
    with command_line(tmp_path, monkeypatch) as line:
        for name in ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
            del line.environ[name]
        networks = line.sandbox.data.networks
        for network in set(networks) - {NETWORK}:
            del networks[network]
        yield line


def log_in(line: CommandLine, *arguments: str, code: str = "", **environ: str) -> Result:
    """Log in without a terminal, as a script does."""
    tokens = line.sandbox.tokens
    client = {"ZOHO_CLIENT_ID": tokens.client_id, "ZOHO_CLIENT_SECRET": tokens.client_secret}
    code = code or tokens.issue_code()
    return line("login", "--code", code, *arguments, **client | environ)


def remove_connect(line: CommandLine) -> None:
    """Leave nothing of Connect to read: the bridge waits between its requests."""
    line.sandbox.data.networks.clear()
    line.toml.write_text("")


def stored_login(line: CommandLine, client_id: str = "") -> Login | None:
    """Return the login in the database."""
    if not (line.data_dir / "bridge.sqlite3").exists():
        return None
    keys = SecretKeys((line.data_dir / "secret.key").read_text())
    store = Store.open(f"sqlite:///{line.data_dir}/bridge.sqlite3", keys)
    try:
        return store.logins.of(client_id)
    finally:
        store.close()


def the_login(line: CommandLine, client_id: str = "") -> Login:
    login = stored_login(line, client_id)
    assert login is not None
    return login


# A login that works


def test_after_a_login_no_setting_is_needed(line: CommandLine) -> None:
    """The token that came with the code is used: each token counts (OAuth: token limits)."""
    result = log_in(line)
    assert (result.exit_code, result.stderr) == (0, "")
    assert line("refresh", "group").exit_code == 0
    assert b"SUMMARY:" in line.export("group")
    assert [request.route for request in line.sandbox.requests].count("oauth.token") == 1


def test_login_lists_what_the_account_can_see_by_the_names_of_zoho(line: CommandLine) -> None:
    data = line.sandbox.data
    (network,) = data.networks.values()
    stdout = log_in(line).stdout
    groups = [group.info["name"] for group in network.groups.values()]
    names = [f"{network.info['name']}: {group}" for group in groups]
    names += [portal.info["name"] for portal in data.portals.values()]
    names += [calendar.info["name"] for calendar in data.calendars.values()]
    assert [name for name in names if f"\n  {name}\n" not in stdout] == []
    assert f"Zoho Backstage: {len(data.portals)} portals\n" in stdout
    assert f"Zoho Connect: {len(network.groups)} groups\n" in stdout
    assert f"Zoho Calendar: {len(data.calendars)} calendars\n" in stdout


def test_the_secrets_are_stored_encrypted_and_shown_nowhere(line: CommandLine) -> None:
    """Not by login, ``config`` or ``doctor``, and not by the login's repr."""
    remove_connect(line)
    result = log_in(line)
    login, tokens = the_login(line), line.sandbox.tokens
    assert (login.client_id, login.data_center) == (tokens.client_id, "us")
    assert login.client_secret == Secret(tokens.client_secret)
    assert login.scopes == tuple(READING.split(","))
    outputs = [line(*command).output for command in (["config"], ["config", "--json"], ["doctor"])]
    shown = "".join([result.output, *outputs, repr(login)])
    stored = b"".join(file.read_bytes() for file in line.data_dir.glob("bridge.sqlite3*"))
    for secret in (login.client_secret.reveal(), login.refresh_token.reveal()):
        assert secret
        assert secret not in shown
        assert secret.encode() not in stored


def test_config_and_doctor_name_the_login_as_origin(line: CommandLine) -> None:
    remove_connect(line)
    log_in(line)
    today = f"zoho-bridge login, {the_login(line).created_at:%Y-%m-%d}"
    assert f'refresh_token = "set (from {today})"' in line("config").stdout
    zoho = json.loads(line("config", "--json").stdout)["zoho"]
    assert zoho["refresh_token"] == {"set": True, "origin": today}
    assert zoho["client_id"] == {"value": line.sandbox.tokens.client_id, "origin": today}
    assert f"(from: {today})" in line("doctor").stdout


def test_config_creates_no_database_to_look_for_a_login(line: CommandLine) -> None:
    assert line("config").exit_code == 0
    assert not line.data_dir.exists()


def test_a_second_login_needs_only_a_code_and_replaces_the_first(line: CommandLine) -> None:
    log_in(line)
    before = the_login(line)
    code = line.sandbox.tokens.issue_code()
    result = CliRunner().invoke(main, ["login", "--code", "-"], env=line.environ, input=f"{code}\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "replaces the former login" in result.stdout
    after = the_login(line)
    assert after.refresh_token != before.refresh_token
    assert (after.client_id, after.client_secret) == (before.client_id, before.client_secret)


def test_the_scopes_are_one_line_and_push_adds_the_scope_to_write(line: CommandLine) -> None:
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
    assert stored_login(line) is not None


def test_a_login_that_can_read_nothing_exits_with_1_and_is_stored(line: CommandLine) -> None:
    result = log_in(line, code=line.sandbox.tokens.issue_code(()))
    assert result.exit_code == 1
    assert result.stdout.count("can't be read") == 3
    assert stored_login(line) is not None


def test_a_product_without_sources_is_listed_as_empty(line: CommandLine) -> None:
    line.sandbox.data.portals.clear()
    result = log_in(line)
    assert result.exit_code == 0
    assert "Zoho Backstage: no portal found\n" in result.stdout


def test_scopes_that_zoho_did_not_grant_are_named(line: CommandLine) -> None:
    scope = READING.replace(",", " ").rpartition(" ")[0]
    granted = {"access_token": "1000.a", "refresh_token": "1000.r", "scope": scope}
    with canned_server(granted) as zoho:
        result = log_in(line, ZOHO_ACCOUNTS_URL=zoho.url)
    assert "without ZohoCalendar.event.READ" in result.stderr
    assert "ZohoCalendar.event.READ" not in the_login(line).scopes


# A login that Zoho refuses


def test_zohos_own_words_never_show_a_secret(line: CommandLine) -> None:
    body = {"error": f"no {SECRET}", "error_description": f"{CODE} is no good"}
    with canned_server(body, 400) as zoho:
        result = log_in(line, code=CODE, ZOHO_CLIENT_SECRET=SECRET, ZOHO_ACCOUNTS_URL=zoho.url)
    assert result.exit_code == 1
    assert "is no good" in result.stderr
    assert SECRET not in result.output
    assert CODE not in result.output


def used_code(line: CommandLine) -> str:
    code = line.sandbox.tokens.issue_code()
    assert log_in(line, code=code).exit_code == 0
    return code


@pytest.mark.parametrize(
    ("make_code", "message"),
    [
        (used_code, "does not accept the code"),
        (
            lambda line: line.sandbox.tokens.issue_code(life=timedelta()),
            "does not accept the code",
        ),
        (lambda _line: "1000.made.up", "does not accept the code"),
        (lambda line: line.sandbox.tokens.issue_code(offline=False), "no refresh token"),
    ],
    ids=["used", "expired", "unknown", "online"],
)
def test_a_refused_code_is_explained_in_one_sentence_and_changes_nothing(
    line: CommandLine, make_code: Callable[[CommandLine], str], message: str
) -> None:
    code = make_code(line)
    before = stored_login(line)
    assert_refused(log_in(line, code=code), message)
    assert stored_login(line) == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ZOHO_CLIENT_ID", "1000.OTHER", "does not know the client id"),
        ("ZOHO_CLIENT_SECRET", "wrong", "secret"),
    ],
)
def test_a_refused_client_is_explained_in_one_sentence_and_not_stored(
    line: CommandLine, name: str, value: str, message: str
) -> None:
    assert_refused(log_in(line, **{name: value}), message)
    assert stored_login(line) is None


def assert_refused(result: Result, message: str) -> None:
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("zoho-bridge: 127.0.0.1 (data centre us) ")
    assert message in result.stderr


# Settings beside the login


def test_the_data_centre_of_the_option_and_of_the_setting_is_stored(line: CommandLine) -> None:
    assert log_in(line, "--data-center", "EU").exit_code == 0
    assert the_login(line).data_center == "eu"
    assert log_in(line, ZOHO_DATA_CENTER="in").exit_code == 0
    assert the_login(line).data_center == "in"


def test_a_refresh_token_that_is_set_wins_and_login_warns_of_it(line: CommandLine) -> None:
    tokens = line.sandbox.tokens
    result = log_in(line, ZOHO_REFRESH_TOKEN=tokens.refresh_token)
    assert result.exit_code == 0
    assert "ZOHO_REFRESH_TOKEN is set (environment) to another value" in result.stderr
    assert "wins over this login" in result.stderr
    assert tokens.refresh_token not in result.output


def test_a_data_centre_that_differs_from_the_login_is_a_warning(line: CommandLine) -> None:
    remove_connect(line)
    log_in(line, "--data-center", "eu")
    for name in ("doctor", "config", "feeds"):
        output = line(name, ZOHO_DATA_CENTER="us").output
        assert "ZOHO_DATA_CENTER is us" in output
        assert "was made at eu" in output


def test_the_login_of_the_configured_client_is_used(line: CommandLine) -> None:
    """Not the latest: two accounts may share a database."""
    log_in(line)
    with canned_server({"access_token": "1000.a", "refresh_token": "1000.r"}) as zoho:
        log_in(line, "--client-id", "1000.SECOND", ZOHO_ACCOUNTS_URL=zoho.url)
    first = line.sandbox.tokens.client_id
    assert [the_login(line).client_id, the_login(line, first).client_id] == ["1000.SECOND", first]
    assert line("refresh", "group", ZOHO_CLIENT_ID=first).exit_code == 0
    assert line("refresh", "group", ZOHO_CLIENT_ID="1000.THIRD").exit_code == 2


def test_a_login_under_a_lost_key_is_explained_and_feeds_stay(line: CommandLine) -> None:
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
def test_without_a_login_every_command_names_the_command_to_log_in(
    line: CommandLine, command: str
) -> None:
    result = line(command)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "run `zoho-bridge login`" in result.stderr


# With and without a terminal


def test_without_a_terminal_all_missing_values_are_named_at_once(line: CommandLine) -> None:
    result = line("login")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for name in ("--client-id", "ZOHO_CLIENT_SECRET_FILE", "--code -"):
        assert name in result.stderr
    assert "ZOHO_CLIENT_SECRET" not in line("login", ZOHO_CLIENT_SECRET="x").stderr


@pytest.mark.parametrize(
    "arguments", [["--code", "two words"], ["--client-id", "Zürich"], ["--data-center", "mars"]]
)
def test_an_impossible_value_is_refused_before_zoho_is_asked(
    line: CommandLine, arguments: list[str]
) -> None:
    result = line("login", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert line.sandbox.requests == []


def answer_questions(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, *answers: str, **environ: str
) -> Result:
    """Log in as a person at a terminal who types the answers."""
    monkeypatch.setattr(command, "at_terminal", lambda: True)
    typed = "".join(f"{answer}\n" for answer in answers)
    return CliRunner().invoke(main, ["login"], env=line.environ | environ, input=typed)


def test_a_person_is_guided_and_asked_only_for_missing_values(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    answers = ["in", tokens.client_id, tokens.client_secret, f"  {tokens.issue_code()} "]
    result = answer_questions(line, monkeypatch, *answers)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "https://api-console.zoho.in" in result.stdout
    assert f"\n{READING}\n" in result.stdout
    assert tokens.client_secret not in result.stdout
    assert the_login(line).data_center == "in"
    again = answer_questions(
        line,
        monkeypatch,
        tokens.issue_code(),
        ZOHO_DATA_CENTER="in",
        ZOHO_CLIENT_ID=tokens.client_id,
        ZOHO_CLIENT_SECRET=tokens.client_secret,
    )
    assert again.exit_code == 0
    assert "Client" not in again.stdout.replace("Self Client", "")


def test_enter_takes_the_values_of_the_former_login(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(line, "--data-center", "in")
    before = the_login(line)
    result = answer_questions(line, monkeypatch, "", "", "", line.sandbox.tokens.issue_code())
    assert result.exit_code == 0
    assert before.client_secret.reveal() not in result.stdout
    after = the_login(line)
    assert (after.data_center, after.client_id) == ("in", before.client_id)
    assert after.client_secret == before.client_secret


def test_a_person_with_a_refused_code_may_paste_another(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    client = ["us", tokens.client_id, "not a secret", tokens.client_secret]
    result = answer_questions(line, monkeypatch, *client, "1000.dead", tokens.issue_code())
    assert result.exit_code == 0
    assert result.stderr.count("does not accept the code") == 1
    assert result.stdout.count(READING) == 1


def test_a_refused_client_is_asked_for_again_with_what_was_typed(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the data centre as a possible reason."""
    tokens = line.sandbox.tokens
    wrong = ["us", "1000.UNKNOWN", tokens.client_secret, tokens.issue_code()]
    result = answer_questions(line, monkeypatch, *wrong, tokens.client_id, tokens.client_secret, "")
    assert result.exit_code == 0
    assert "Client id [1000.UNKNOWN]:" in result.stdout
    assert "choose the data centre that the account lives in" in " ".join(result.stderr.split())
    assert the_login(line).client_id == tokens.client_id


def test_a_refused_secret_is_asked_for_again_alone(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    answers = ["us", tokens.client_id, "wrong", tokens.issue_code(), tokens.client_secret, ""]
    result = answer_questions(line, monkeypatch, *answers)
    assert result.exit_code == 0
    assert result.stdout.count("Client id:") == 1
    assert result.stdout.count("Client secret (not shown):") == 2
    assert tokens.client_secret not in result.stdout


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("zoho.eu", "eu"),
        ("https://connect.zoho.eu/portal/x", "eu"),
        ("connect.zoho.com.au", "au"),
        (".com.au", "au"),
        (".JP", "jp"),
        ("Calendar.Zoho.com", "us"),
        ("zohocloud.ca", "ca"),
        ("IN", "in"),
    ],
)
def test_an_address_at_zoho_names_the_data_centre(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, typed: str, code: str
) -> None:
    tokens = line.sandbox.tokens
    answers = [typed, tokens.client_id, tokens.client_secret, tokens.issue_code()]
    assert answer_questions(line, monkeypatch, *answers).exit_code == 0
    assert the_login(line).data_center == code


def test_an_address_elsewhere_is_asked_for_again(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = line.sandbox.tokens
    answers = ["zoho.mars", "notzoho.eu", "eu", tokens.client_id, tokens.client_secret]
    result = answer_questions(line, monkeypatch, *answers, tokens.issue_code())
    assert result.exit_code == 0
    assert the_login(line).data_center == "eu"
    assert result.stdout.count('write one of "us", "eu"') == 2


@pytest.mark.slow
def test_on_a_real_terminal_the_secret_is_not_shown(line: CommandLine) -> None:
    tokens = line.sandbox.tokens
    answers = [
        ("[us]:", "\n"),
        ("Client id:", f"{tokens.client_id}\n"),
        ("not shown):", f"{tokens.client_secret}\n"),
        ("Code:", f"{tokens.issue_code()}\n"),
    ]
    code, screen = run_on_terminal(line, "login", answers=answers)
    assert code == 0
    assert tokens.client_id in screen
    assert tokens.client_secret not in screen
    assert "\x1b[32m\x1b[1mZoho Backstage: 2 portals" in screen


@pytest.mark.slow
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl+C", "Ctrl+D"])
def test_ctrl_c_at_a_question_ends_quietly_with_130(line: CommandLine, key: str) -> None:
    """README: exit code 130."""
    code, screen = run_on_terminal(line, "login", answers=[("[us]:", key)])
    assert code == 130
    assert "Aborted" not in screen
    assert "Traceback" not in screen
