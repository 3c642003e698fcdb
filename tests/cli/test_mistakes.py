"""What goes wrong is told in one clear sentence, with exit code 2 for the settings and 1 for the rest, and no traceback.

And whatever it is, what was published last stays (README: a refresh that fails changes nothing).
"""

from collections.abc import Iterator
from pathlib import Path
import socket
from typing import Any

import pytest

from tests.command_line import CALENDAR, GROUP, PORTAL, SOURCES, CommandLine, command_line

SECRET = "wr0ng-secret-that-must-not-be-shown"


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def wrong_secret(line: CommandLine) -> None:
    line.environ["ZOHO_CLIENT_SECRET"] = SECRET
    line.sandbox.tokens.expire()  # it is needed once in an hour, for the next access token


def wrong_data_center(line: CommandLine) -> None:
    line.environ["ZOHO_CLIENT_ID"] = "1000.OFANOTHERDATACENTRE00000000000"


def wrong_accounts_host(line: CommandLine) -> None:
    line.environ["ZOHO_ACCOUNTS_URL"] = f"{line.sandbox.url}/elsewhere"


def revoked(line: CommandLine) -> None:
    line.sandbox.tokens.revoke()
    line.sandbox.tokens.expire()


def missing_scope(line: CommandLine) -> None:
    line.sandbox.tokens.scopes -= {"zohopulse.events.READ"}


def unreachable(line: CommandLine) -> None:
    line.sandbox.stop()


def unknown(old: Any, new: Any) -> Any:
    def unknown_id(line: CommandLine) -> None:
        line.toml.write_text(line.toml.read_text().replace(old, new))

    return unknown_id


def fault(route: Any, kind: str, **details: Any) -> Any:
    def spoil(line: CommandLine) -> None:
        line.sandbox.faults.add(route, kind, **details)

    spoil.__name__ = f"{route}-{kind}"
    return spoil


EVERY, PORTALS, GROUPS, CALENDARS = (0, 1, 2), (0,), (1,), (2,)

# What is wrong, the sources that can't be read for it, and words that say what to do about it.
FAILURES = [
    (wrong_secret, EVERY, ["ZOHO_CLIENT_SECRET", "API console"]),
    (wrong_data_center, EVERY, ["ZOHO_CLIENT_ID", "ZOHO_DATA_CENTER"]),
    (wrong_accounts_host, EVERY, ["ZOHO_ACCOUNTS_URL"]),
    (revoked, EVERY, ["ZOHO_REFRESH_TOKEN", "revoked", "zoho-bridge login"]),
    (missing_scope, GROUPS, ["zohopulse.events.READ", "zoho-bridge login"]),
    (unreachable, EVERY, ["127.0.0.1 gave no whole answer"]),
    (
        unknown(f'backstage = "{PORTAL}"', 'backstage = "99"'),
        ("backstage:99",),
        ["bridge.toml", "/portals/99/"],
    ),
    (unknown(GROUP, "98"), ("connect:931000000021003/98",), ["Zoho Connect"]),
    (unknown(CALENDAR, "97"), ("calendar:97",), ["bridge.toml", "/calendars/97"]),
    (fault("backstage.events", "html"), PORTALS, ["Zoho Backstage", "502"]),
    (fault("calendar.events", "html", status=200), CALENDARS, ["Zoho Calendar", "HTML page"]),
    (fault("connect.events", "truncated"), GROUPS, ["Zoho Connect", "the JSON ends or breaks at"]),
    (fault("backstage.events", "reset"), PORTALS, ["no whole answer"]),
    (fault("calendar.*", "throttle"), CALENDARS, ["Zoho Calendar", "slow down"]),
]


@pytest.mark.parametrize(
    ("breaks", "which", "words"), FAILURES, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_source_that_cannot_be_read_is_named_with_the_remedy(
    line: CommandLine, breaks: Any, which: Any, words: str
) -> None:
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    breaks(line)
    result = line("refresh")
    assert result.exit_code == 1
    said = result.stderr.splitlines()
    assert len(said) == 1
    assert said[0].startswith("zoho-bridge: ")
    assert all(word in said[0] for word in words)
    assert all((SOURCES[one] if isinstance(one, int) else one) in said[0] for one in which)
    assert SECRET not in result.output
    assert len(result.stdout.splitlines()) == len(SOURCES) - len(which)
    rows = line.feeds()
    assert sum(row["state"] == "failing" for row in rows.values()) == len(which)
    read = [
        slug for slug, row in rows.items() if row["last_success"]
    ]  # a source under a new id never was
    assert {slug: line.export(slug) for slug in read} == {slug: before[slug] for slug in read}


def test_a_feed_keeps_what_it_shows_when_its_source_gets_a_wrong_id(line: CommandLine) -> None:
    """A typing error in bridge.toml takes the old source away; putting it right brings everything back as it was."""
    line("refresh")
    before = line.export("group")
    unknown(GROUP, "98")(line)
    line("refresh")
    unknown('"98"', f'"{GROUP}"')(line)
    assert line("refresh").exit_code == 0
    assert b"SUMMARY:Reorganisation" in before
    assert line.export("group").count(b"BEGIN:VEVENT") == before.count(b"BEGIN:VEVENT")


@pytest.mark.parametrize("name", ["refresh", "export"])
def test_an_unknown_feed_is_told_together_with_the_known_ones(line: CommandLine, name: str) -> None:
    line("refresh", "group")
    result = line(name, "marketing")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert (
        result.stderr == 'zoho-bridge: No feed "marketing". Known feeds: calendar, group, portal.\n'
    )


# Settings: exit code 2


def test_five_mistakes_in_bridge_toml_are_told_at_once(line: CommandLine) -> None:
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
        said = result.stderr.splitlines()
        assert result.exit_code == 2
        assert len(said) == 5
        assert all(problem.startswith("zoho-bridge: ") for problem in said)
        for word in ("trusted_proxies", "connect_timezone", "slug", "privacy", "network"):
            assert sum(word in problem for problem in said) == 1


@pytest.mark.parametrize("name", ["discover", "refresh", "serve", "worker"])
def test_what_is_needed_to_log_in_is_asked_for_at_once(line: CommandLine, name: str) -> None:
    half = {"ZOHO_CLIENT_SECRET": "", "ZOHO_REFRESH_TOKEN": ""}
    result = line(name, **half)
    assert result.exit_code == 2
    assert [problem.split()[1] for problem in result.stderr.splitlines()] == list(half)
    assert result.stderr.count("`zoho-bridge login`") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["refersh"],
        ["refresh", "--all"],
        ["export"],
        ["serve", "--port", "99999"],
        ["web", "--port", "http"],
    ],
)
def test_a_wrong_command_line_ends_with_2(line: CommandLine, arguments: Any) -> None:
    result = line(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


# The machine: exit code 1


@pytest.mark.parametrize("name", ["demo", "serve", "web"])
def test_a_port_in_use_is_told_before_anything_is_started(line: CommandLine, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = line(name, "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == (
        f"zoho-bridge: Port {port} on 127.0.0.1 is in use: stop the program that uses it, "
        "or choose another port with --port.\n"
    )
    assert not line.data_dir.exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "", "no.such.host.invalid", "x" * 70])
def test_a_host_that_is_not_here_is_told(
    line: CommandLine, host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: Any, *_rest: Any, **_more: Any) -> Any:  # no question to a name server
        if host == "192.0.2.1":  # RFC 5737: an address of documentation, so of no machine
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 8000))]
        if len(host) > 63:
            raise UnicodeError("label too long")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    result = line("serve", "--host", host)
    assert result.exit_code == 1
    assert result.stderr.startswith(f'zoho-bridge: Can\'t listen on "{host}" (')
    assert result.stderr.count("\n") == 1


def a_folder(tmp_path: Path) -> Any:
    return f"sqlite:///{tmp_path}", str(tmp_path)


def another_file(tmp_path: Path) -> Any:
    file = tmp_path / "notes.txt"
    file.write_text("no database at all, " * 100)
    return f"sqlite:///{file}", str(file)


def no_folder(tmp_path: Path) -> Any:
    return f"sqlite:///{tmp_path}/nowhere/bridge.sqlite3", "nowhere"


def no_server(_tmp_path: Any) -> Any:
    return f"postgresql://bridge:{SECRET}@127.0.0.1:1/bridge", "127.0.0.1"


@pytest.mark.parametrize("place", [a_folder, another_file, no_folder, no_server])
@pytest.mark.parametrize("name", ["feeds", "refresh", "web"])
def test_a_database_that_cannot_be_opened_is_named(
    line: CommandLine, tmp_path: Path, place: Any, name: str
) -> None:
    url, told = place(tmp_path)
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    result = line(name, BRIDGE_DATABASE_URL=url, BRIDGE_SECRET_KEY="k" * 40)
    assert result.exit_code == 1
    assert result.stderr.startswith("zoho-bridge: The database ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.stderr


def test_a_data_folder_that_cannot_be_made_is_named(line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = line("refresh", BRIDGE_DATA_DIR=str(tmp_path / "file" / "data"))
    assert result.exit_code in (1, 2)
    assert "BRIDGE_DATA_DIR" in result.stderr
    assert result.stderr.count("\n") == 1
