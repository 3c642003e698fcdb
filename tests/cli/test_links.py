"""The command ``zoho-bridge links``: addresses are added, listed, rotated and revoked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from click.testing import CliRunner, Result
import pytest

from bridge import config
from bridge.cli.links import links as command
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.store.links import LinkError

KEY = "first secret key that is as long as has to be"
SOURCE = CalendarSource(calendar="c")


@dataclass(frozen=True)
class Command:
    """Runs ``zoho-bridge links …`` on a store with the feeds "team" and "other"."""

    store: Store

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(command, list(arguments))

    def is_open(self, address: str) -> bool:
        link = self.store.links.find(address.split("/")[-2])
        assert link is not None
        return link.opens(datetime.now(UTC))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[Command]:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "BRIDGE_DATA_DIR": str(tmp_path),
        "BRIDGE_SECRET_KEY": KEY,
        "BRIDGE_PUBLIC_URL": "https://c.example",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = config.load({"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": KEY})
    store = Store.open(settings.database_url, load_secret_keys(KEY, tmp_path))
    store.feeds.replace(
        [Feed(slug=slug, title=slug, sources=(SOURCE,)) for slug in ("team", "other")], now=now
    )
    yield Command(store)
    store.close()


def test_the_command_adds_rotates_and_revokes(run: Command) -> None:
    address = run("add", "team", "Outlook of sales").output.strip()
    assert address.startswith("https://c.example/f/")
    assert address.endswith("/team.ics")
    rotated = run("rotate", "team", "Outlook of sales", "--grace", "7d").output.strip()
    assert rotated != address
    assert run.is_open(address)
    assert run.is_open(rotated)
    assert run("rotate", "team", "Outlook of sales", "--grace", "0").exit_code == 0
    assert not run.is_open(rotated)
    assert not run.is_open(address)  # its grace period is over, too: the label has one address now
    assert run("revoke", "team", "--all", "--yes").output == "2 addresses revoked.\n"


def test_the_command_lists_labels_addresses_and_last_use(run: Command, now: datetime) -> None:
    run("add", "team", "sales")
    run("revoke", "team", "default", "--yes")
    run.store.links.record_use({run.store.links.of("team")[0].token_hash: now})
    (row,) = json.loads(run("list", "team", "--json").output)
    assert row["label"] == "sales"
    assert row["used_at"] == "2026-03-10T09:30:00+00:00"
    assert (row["ends_at"], row["problem"]) == (None, None)
    assert run.is_open(row["url"])
    assert row["url"] in run("list", "team").output
    assert len(json.loads(run("list", "team", "--json", "--all").output)) == 2


def test_the_label_is_optional_if_the_feed_has_one_link(run: Command) -> None:
    first = json.loads(run("list", "team", "--json").output)[0]["url"]
    assert run("rotate", "team", "--grace", "0").output.strip() != first
    assert not run.is_open(first)
    assert run("revoke", "team", "--yes").output == "1 address revoked.\n"
    assert (
        run("list", "team").output
        == 'No link of feed "team" works: `zoho-bridge links add team` makes one.\n'
    )
    again = run("add", "team").output.strip()
    assert run.is_open(again)


def test_a_rotated_address_works_for_a_week_unless_told_otherwise(run: Command) -> None:
    before = datetime.now(UTC)
    run("rotate", "team")
    (ends,) = [link.ends_at for link in run.store.links.of("team") if link.ends_at]
    assert timedelta(days=7) <= ends - before < timedelta(days=7, minutes=5)


def test_a_label_of_two_lines_is_refused(run: Command) -> None:
    error = run("add", "team", "Outlook\nof sales").exception
    assert isinstance(error, LinkError)
    assert "one line of 1 to 80 characters" in str(error)


def test_a_label_is_required_if_the_feed_has_several_links(run: Command) -> None:
    run("add", "team", "sales")
    for act in ("rotate", "revoke"):
        error = run(act, "team").exception
        assert isinstance(error, LinkError)
        assert str(error) == 'Feed "team" has several links; name one of: default, sales.'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rotate", "team", "--grace", "soon"), "write a number of days or weeks"),
        (("rotate", "team", "--grace", "400d"), "0d to 365d"),
        (("revoke", "team", "default", "--all"), "not both"),
    ],
)
def test_a_wrong_command_line_is_explained_and_changes_nothing(
    run: Command, arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert len(run.store.links.of("team")) == 1


@pytest.mark.parametrize("act", ["list", "add", "rotate", "revoke"])
def test_an_unknown_feed_is_an_error(run: Command, act: str) -> None:
    error = run(act, "nothing").exception
    assert isinstance(error, BridgeError)
    assert 'No feed "nothing"' in str(error)


def test_nothing_is_revoked_without_a_terminal_and_yes(run: Command) -> None:
    result = run("revoke", "team")
    assert result.exit_code == 2
    assert "use --yes" in result.output
    assert "/f/" in run("list", "team").output
