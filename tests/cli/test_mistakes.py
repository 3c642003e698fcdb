"""Mistakes and failures: one clear sentence, exit code 2 for the settings, 1 for the rest.

No failure shows a traceback, and what was published last stays (README: a refresh that fails
changes nothing).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
import socket
from typing import Any

import pytest

from tests.command_line import CALENDAR, GROUP, PORTAL, SOURCES, CommandLine

SECRET = "wr0ng-secret-that-must-not-be-shown"


Damage = Callable[[CommandLine], None]
EVERY = SOURCES
PORTALS, GROUPS, CALENDARS = ([source] for source in SOURCES)


def wrong_secret(line: CommandLine) -> None:
    line.environ["ZOHO_CLIENT_SECRET"] = SECRET
    line.sandbox.tokens.expire()  # the secret is needed once an hour, for the next access token


def wrong_data_center(line: CommandLine) -> None:
    line.environ["ZOHO_CLIENT_ID"] = "1000.OFANOTHERDATACENTRE00000000000"


def wrong_accounts_host(line: CommandLine) -> None:
    line.environ["ZOHO_ACCOUNTS_URL"] = f"{line.sandbox.url}/elsewhere"


def revoked_login(line: CommandLine) -> None:
    line.sandbox.tokens.revoke()
    line.sandbox.tokens.expire()


def missing_scope(line: CommandLine) -> None:
    line.sandbox.tokens.scopes -= {"zohopulse.events.READ"}


def unreachable(line: CommandLine) -> None:
    line.sandbox.stop()


def replaced(old: str, new: str) -> Damage:
    """Return the replacement of a text in bridge.toml."""

    def replace_id(line: CommandLine) -> None:
        line.toml.write_text(line.toml.read_text().replace(old, new))

    return replace_id


def fault(route: str, kind: str, **details: Any) -> Damage:
    """Return a fault of the sandbox."""

    def add_fault(line: CommandLine) -> None:
        line.sandbox.faults.add(route, kind, **details)

    return add_fault


# The damage, the sources that it stops, and words of the message that say what to do about it.
FAILURES: dict[str, tuple[Damage, Sequence[str], Sequence[str]]] = {
    "wrong secret": (wrong_secret, EVERY, ["ZOHO_CLIENT_SECRET", "API console"]),
    "wrong data centre": (wrong_data_center, EVERY, ["ZOHO_CLIENT_ID", "ZOHO_DATA_CENTER"]),
    "wrong accounts host": (wrong_accounts_host, EVERY, ["ZOHO_ACCOUNTS_URL"]),
    "revoked": (revoked_login, EVERY, ["ZOHO_REFRESH_TOKEN", "revoked", "zoho-bridge login"]),
    "missing scope": (missing_scope, GROUPS, ["zohopulse.events.READ", "zoho-bridge login"]),
    "unreachable": (unreachable, EVERY, ["127.0.0.1"]),
    "unknown portal": (
        replaced(f'backstage = "{PORTAL}"', 'backstage = "99"'),
        ["backstage:99"],
        ["bridge.toml", "/portals/99/"],
    ),
    "unknown group": (replaced(GROUP, "98"), ["connect:931000000021003/98"], ["Zoho Connect"]),
    "unknown calendar": (
        replaced(CALENDAR, "97"),
        ["calendar:97"],
        ["bridge.toml", "/calendars/97"],
    ),
    "502 with HTML": (fault("backstage.events", "html"), PORTALS, ["Zoho Backstage", "502"]),
    "200 with HTML": (
        fault("calendar.events", "html", status=200),
        CALENDARS,
        ["Zoho Calendar", "HTML page"],
    ),
    "truncated": (fault("connect.events", "truncated"), GROUPS, ["Zoho Connect", "The JSON ends"]),
    "reset": (fault("backstage.events", "reset"), PORTALS, ["127.0.0.1"]),
    "throttled": (fault("calendar.*", "throttle"), CALENDARS, ["Zoho Calendar", "limits the rate"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_source_that_cannot_be_read_is_named_with_the_remedy(
    line: CommandLine, name: str
) -> None:
    damage, sources, words = FAILURES[name]
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    damage(line)
    result = line("refresh")
    assert result.exit_code == 1
    (message,) = result.stderr.splitlines()
    assert message.startswith("zoho-bridge: ")
    assert [word for word in (*words, *sources) if word not in message] == []
    assert SECRET not in result.output
    assert len(result.stdout.splitlines()) == len(SOURCES) - len(sources)
    rows = line.feeds()
    assert sum(row["state"] == "failing" for row in rows.values()) == len(sources)
    read = [slug for slug, row in rows.items() if row["last_success"]]  # not one with a new id
    assert {slug: line.export(slug) for slug in read} == {slug: before[slug] for slug in read}


def test_a_feed_keeps_its_events_while_its_source_has_a_wrong_id(line: CommandLine) -> None:
    """A typing error in bridge.toml retires the old source; its correction restores the feed."""
    line("refresh")
    before = line.export("group")
    replaced(GROUP, "98")(line)
    line("refresh")
    replaced('"98"', f'"{GROUP}"')(line)
    assert line("refresh").exit_code == 0
    assert b"SUMMARY:Reorganisation" in before
    assert line.export("group").count(b"BEGIN:VEVENT") == before.count(b"BEGIN:VEVENT")


@pytest.mark.parametrize("name", ["refresh", "export"])
def test_an_unknown_feed_is_reported_with_the_known_feeds(line: CommandLine, name: str) -> None:
    line("refresh", "group")
    result = line(name, "marketing")
    message = 'zoho-bridge: No feed "marketing". Known feeds: calendar, group, portal.\n'
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", message)


# Settings and command line: exit code 2


def test_five_mistakes_in_bridge_toml_are_reported_at_once(line: CommandLine) -> None:
    line.toml.write_text(
        """
        [bridge]
        trusted_proxies = "perhaps"
        [zoho]
        connect_timezone = "Europe/Berln"
        [[feed]]
        slug = "Marketing Events"
        privacy = "secret"
        sources = [{ connect = "929000000439015" }]
        """
    )
    for name in ("refresh", "config", "feeds", "serve", "web", "worker", "discover"):
        result = line(name)
        problems = result.stderr.splitlines()
        assert (result.exit_code, len(problems)) == (2, 5)
        assert all(problem.startswith("zoho-bridge: ") for problem in problems)
        for word in ("trusted_proxies", "connect_timezone", "slug", "privacy", "network"):
            assert sum(word in problem for problem in problems) == 1


@pytest.mark.parametrize("name", ["discover", "refresh", "serve", "worker"])
def test_all_missing_credentials_are_named_at_once(line: CommandLine, name: str) -> None:
    missing = {"ZOHO_CLIENT_SECRET": "", "ZOHO_REFRESH_TOKEN": ""}
    result = line(name, **missing)
    assert result.exit_code == 2
    assert [problem.split()[1] for problem in result.stderr.splitlines()] == list(missing)
    assert result.stderr.count("`zoho-bridge login`") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["refersh"], "No such command"),
        (["refresh", "--all"], "No such option"),
        (["export"], "Missing argument 'SLUG'"),
        (["serve", "--port", "99999"], "99999 is not in the range 1<=x<=65535"),
        (["web", "--port", "http"], "'http' is not a valid whole number"),
        (["history", "group", "--days", "abc"], "'abc' is not a valid whole number"),
        (
            ["links", "rotate", "group", "--grace", "99999999d"],
            "write a number of days or weeks from 0d to 365d, such as 7d",
        ),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    line: CommandLine, arguments: list[str], message: str
) -> None:
    result = line(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert message in result.stderr


def test_a_push_without_a_terminal_needs_yes(line: CommandLine, tmp_path: Path) -> None:
    line("refresh", "group")
    edited = tmp_path / "edited.ics"
    edited.write_bytes(line.export("group").replace(b"SUMMARY:Offsite", b"SUMMARY:Retreat"))
    result = line("push", str(edited))
    assert result.exit_code == 2
    assert "+ Retreat" in result.stdout
    assert "Nothing was done: without a terminal to ask at, use --yes." in result.stderr


# The machine: exit code 1


@pytest.mark.parametrize("name", ["demo", "serve", "web"])
def test_a_port_in_use_is_reported_before_anything_starts(line: CommandLine, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = line(name, "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == (
        f"zoho-bridge: Port {port} on 127.0.0.1 is in use: stop the program that uses it, "
        "or choose another port with --port.\n"
    )
    assert not line.data_dir.exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "", "no.such.host.invalid", "x" * 70])
def test_a_host_of_another_machine_is_refused(
    line: CommandLine, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(name: str, *_rest: object, **_more: object) -> list[tuple[Any, ...]]:
        """Answer like a name server, without asking one."""
        if name == "192.0.2.1":  # RFC 5737: an address of documentation, so of no machine
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, 8000))]
        if len(name) > 63:
            raise UnicodeError("label too long")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    result = line("serve", "--host", host)
    assert result.exit_code == 1
    assert result.stderr.startswith(f'zoho-bridge: Can\'t listen on "{host}" (')
    assert result.stderr.count("\n") == 1


Place = Callable[[Path], tuple[str, str]]


def folder_as_database(tmp_path: Path) -> tuple[str, str]:
    return f"sqlite:///{tmp_path}", str(tmp_path)


def text_as_database(tmp_path: Path) -> tuple[str, str]:
    file = tmp_path / "notes.txt"
    file.write_text("no database at all, " * 100)
    return f"sqlite:///{file}", str(file)


def missing_folder(tmp_path: Path) -> tuple[str, str]:
    return f"sqlite:///{tmp_path}/nowhere/bridge.sqlite3", "nowhere"


def missing_server(_tmp_path: Path) -> tuple[str, str]:
    return f"postgresql://bridge:{SECRET}@127.0.0.1:1/bridge", "127.0.0.1"


@pytest.mark.parametrize(
    "place", [folder_as_database, text_as_database, missing_folder, missing_server]
)
@pytest.mark.parametrize("name", ["feeds", "refresh", "web"])
def test_a_database_that_cannot_be_opened_is_named(
    line: CommandLine, tmp_path: Path, place: Place, name: str
) -> None:
    """The message holds no password of the database's address."""
    url, shown = place(tmp_path)
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    result = line(name, BRIDGE_DATABASE_URL=url, BRIDGE_SECRET_KEY="k" * 40)
    assert result.exit_code == 1
    assert result.stderr.startswith("zoho-bridge: The database ")
    assert shown in result.stderr
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.stderr


def test_a_data_folder_that_cannot_be_created_is_named(line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = line("refresh", BRIDGE_DATA_DIR=str(tmp_path / "file" / "data"))
    assert result.exit_code in (1, 2)
    assert "BRIDGE_DATA_DIR" in result.stderr
    assert result.stderr.count("\n") == 1
