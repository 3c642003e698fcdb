"""``zoho-bridge logout``: the login ends at Zoho and here, or stays at both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_login import log_in, stored_login, the_login
from tests.command_line import CommandLine, command_line


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A command line without a login in its environment."""
    with command_line(tmp_path, monkeypatch) as line:
        for name in ("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
            del line.environ[name]
        yield line


@pytest.mark.slow  # discovery after login waits for the rate limit of Connect
def test_logout_revokes_the_login_at_zoho_and_forgets_it(line: CommandLine) -> None:
    log_in(line)
    login = the_login(line)
    token = login.refresh_token.reveal()
    settings = {
        "ZOHO_CLIENT_ID": login.client_id,
        "ZOHO_CLIENT_SECRET": login.client_secret.reveal(),
        "ZOHO_REFRESH_TOKEN": token,
    }
    assert line("discover", **settings).exit_code == 0
    result = line("logout", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert token not in result.output
    assert stored_login(line) is None
    assert line("discover", **settings).exit_code == 1


def test_without_yes_and_without_a_terminal_nothing_ends(line: CommandLine) -> None:
    log_in(line)
    before = the_login(line)
    result = line("logout")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert the_login(line) == before


def test_when_zoho_cannot_be_reached_the_login_stays_and_the_remedy_is_named(
    line: CommandLine,
) -> None:
    log_in(line)
    before = the_login(line)
    unreachable = {"ZOHO_ACCOUNTS_URL": "http://127.0.0.1:9"}
    result = line("logout", "--yes", **unreachable)
    assert result.exit_code == 1
    assert "The login was kept" in result.stderr
    assert "https://api-console.zoho." in result.stderr
    assert before.refresh_token.reveal() not in result.output
    assert the_login(line) == before
    assert line("logout", "--yes", "--forget", **unreachable).exit_code == 0
    assert stored_login(line) is None


def test_a_login_that_zoho_no_longer_knows_is_forgotten(line: CommandLine) -> None:
    log_in(line)
    line.sandbox.tokens.revoke()
    assert line("logout", "--yes").exit_code == 0
    assert stored_login(line) is None


def test_without_a_login_there_is_nothing_to_end(line: CommandLine) -> None:
    result = line("logout", "--yes")
    assert result.exit_code == 1
    assert "zoho-bridge login" in result.stderr
