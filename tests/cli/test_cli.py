"""The commands as a person sees them: what they print, what they write, how they end.

What is expected comes from the README's table of commands, the settings' documentation, and what the sandbox holds.
"""

from collections.abc import Iterator
import contextlib
from datetime import datetime, timedelta
import json
import os
from pathlib import Path
import pty
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from typing import Any

import click
from click.testing import CliRunner
import pytest

from bridge.cli import main
from bridge.cli.output import ago
from bridge.sources import registry as dispatch
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.command_line import CALENDAR, GROUP, NETWORK, PORTAL, SOURCES, CommandLine, command_line

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def sources_in(toml_lines: Any) -> Any:
    """Read lines as the sources of one feed, which is what they are to be pasted as."""
    return tomllib.loads(f"sources = [\n{toml_lines}\n]")["sources"]


# discover


def test_discover_lists_everything_the_account_sees_in_the_form_of_bridge_toml(
    line: CommandLine,
) -> None:
    result = line("discover")
    held = line.sandbox.data
    expected = [{"backstage": portal} for portal in held.portals]
    expected += [
        {"connect": g, "network": n} for n, network in held.networks.items() for g in network.groups
    ]
    expected += [{"calendar": uid} for uid in held.calendars]
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(map(str, sources_in(result.stdout))) == sorted(map(str, expected))
    assert re.search(r'"931000000330017".*# Leadership$', result.stdout, re.MULTILINE)
    assert "# Zoho Connect: Northwind\n" in result.stdout


def test_names_from_zoho_cannot_break_the_list_or_the_terminal(line: CommandLine) -> None:
    line.sandbox.calendar(CALENDAR).info["name"] = 'x\n{ calendar = "forged" },\x1b[2J\r\u202e'
    result = line("discover")
    assert {"calendar": "forged"} not in sources_in(result.stdout)
    assert not {"\x1b", "\r", "\u202e"} & set(result.stdout)


def test_discover_tells_what_it_could_and_what_it_could_not(line: CommandLine) -> None:
    """README: exit code 1 when something failed; the other products are listed all the same."""
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("discover")
    assert result.exit_code == 1
    assert {"backstage": PORTAL} in sources_in(result.stdout)
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("zoho-bridge: Zoho Connect ")


def test_an_account_with_nothing_says_so(line: CommandLine) -> None:
    for kind in (
        line.sandbox.data.portals,
        line.sandbox.data.networks,
        line.sandbox.data.calendars,
    ):
        kind.clear()
    result = line("discover")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no portal, no group and no calendar" in result.stderr


# refresh


def test_refresh_reads_each_source_and_tells_what_came(line: CommandLine) -> None:
    result = line("refresh")
    assert (result.exit_code, result.stderr) == (0, "")
    assert tuple(row.split()[0] for row in result.stdout.splitlines()) == SOURCES
    assert re.search(
        r"^connect:\S+ +2 events, 2 changed, 0 gone  \(1 request, ", result.stdout, re.MULTILINE
    )
    assert all(
        line.export(slug).count(b"BEGIN:VEVENT") > 0 for slug in ("portal", "group", "calendar")
    )


def test_two_refreshes_and_a_restart_give_the_same_bytes(line: CommandLine) -> None:
    """Each command opens the database anew, so the second one is a restart too."""
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    result = line("refresh")
    assert result.stdout.count(" 0 changed, 0 gone") == len(SOURCES)
    assert {slug: line.export(slug) for slug in line.feeds()} == before


def test_a_rebuilt_database_gives_the_same_feeds_and_addresses_apart_from_the_stamps(
    line: CommandLine,
) -> None:
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    addresses = {slug: row["url"] for slug, row in line.feeds().items()}
    for file in line.data_dir.glob("bridge.sqlite3*"):
        file.unlink()
    line("refresh")
    stamps = re.compile(rb"^(DTSTAMP|LAST-MODIFIED|SEQUENCE):.*\r\n", re.MULTILINE)
    after = {slug: line.export(slug) for slug in line.feeds()}
    assert {slug: stamps.sub(b"", body) for slug, body in after.items()} == {
        slug: stamps.sub(b"", body) for slug, body in before.items()
    }
    assert {slug: row["url"] for slug, row in line.feeds().items()} == addresses


def test_refresh_of_named_feeds_reads_only_their_sources(line: CommandLine) -> None:
    line.sandbox.forget_requests()
    result = line("refresh", "group", "portal")
    assert result.exit_code == 0
    assert {request.route.split(".")[0] for request in line.sandbox.requests} == {
        "oauth",
        "connect",
        "backstage",
    }
    assert line.feeds()["calendar"]["state"] == "new"


def test_refresh_without_bridge_toml_makes_a_feed_of_all_that_is_found(line: CommandLine) -> None:
    data = line.sandbox.data
    data.calendars.clear()
    del data.networks["929000000015001"]  # Connect is asked slowly
    line.toml.write_text("")
    result = line("refresh")
    groups = [group for network in data.networks.values() for group in network.groups]
    assert result.exit_code == 0
    assert len(line.feeds()) == len(data.portals) + len(groups)
    assert line.feeds()["leadership"]["events"] == 2


def test_refresh_without_bridge_toml_tells_of_a_product_that_was_not_asked(
    line: CommandLine,
) -> None:
    """Else the calendars of a product whose scope is missing would be missed by nobody but their readers."""
    line.sandbox.data.calendars.clear()
    line.toml.write_text("")
    line.sandbox.tokens.scopes -= {"zohopulse.networklist.READ"}
    result = line("refresh")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "zohopulse.networklist.READ" in result.stderr
    assert line.feeds()["northwind-events"]["events"] > 0


def test_refresh_tells_what_did_not_come_across(line: CommandLine) -> None:
    """An event that can't be read is named by Zoho's own id; the others come, and nothing failed."""
    event = line.sandbox.portal(PORTAL).events.all()[5]["id"]
    line.sandbox.portal(PORTAL).events.change(event, start_time="some day")
    result = line("refresh", "portal")
    assert result.exit_code == 0
    assert re.search(rf"^  {event}: .*some day.* \(not published\)$", result.stdout, re.MULTILINE)


def test_a_bug_in_one_source_does_not_cost_the_others(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its traceback goes to the log, without the program's variables; its name is said, and the command ends with 1."""
    parse = dispatch.parse

    def breaks(source: Any, *rest: Any) -> Any:
        if source.kind == "connect":
            private = "a title nobody may read"
            raise ZeroDivisionError(len(private))
        return parse(source, *rest)

    monkeypatch.setattr(dispatch, "parse", breaks)
    result = CliRunner().invoke(main, ["refresh"], env=line.environ)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert f"zoho-bridge: {SOURCES[1]}: A bug in the bridge (ZeroDivisionError)" in result.stderr
    logged = json.loads(next(row for row in result.stderr.splitlines() if row.startswith("{")))
    assert (logged["event"], logged["source"], logged["level"]) == ("refresh", SOURCES[1], "error")
    assert "ZeroDivisionError: 23" in logged["exception"]
    assert "nobody may read" not in result.stderr


def test_the_data_folder_is_made_also_when_no_key_has_to_be_kept_there(line: CommandLine) -> None:
    """docs/settings.md: the folder of the SQLite databases; nothing says that somebody has to make it."""
    assert line("refresh", "group", BRIDGE_SECRET_KEY="k" * 40).exit_code == 0
    assert sorted(file.name for file in line.data_dir.glob("*.sqlite3")) == ["bridge.sqlite3"]


# feeds


def test_feeds_json_is_an_array_of_objects_of_eight_keys(line: CommandLine) -> None:
    line("refresh", "portal", "group")
    rows = json.loads(line("feeds", "--json").stdout)
    assert [list(row) for row in rows] == [
        ["slug", "title", "kind", "url", "public", "events", "state", "last_success"]
    ] * 3
    portal, group, calendar = rows
    read = portal.pop("last_success")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", read)
    assert portal == {
        "slug": "portal",
        "title": "Northwind events",
        "kind": "backstage",
        "url": "http://127.0.0.1:8000/feeds/portal.ics",
        "public": True,
        "events": line.export("portal").count(b"BEGIN:VEVENT"),
        "state": "fresh",
    }
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/f/[\w-]{24}/group\.ics", group["url"])
    assert (group["kind"], group["events"], group["public"]) == ("connect", 2, False)
    assert (calendar["state"], calendar["events"], calendar["last_success"]) == ("new", 0, None)


def test_addresses_are_those_of_the_public_url_and_stay(line: CommandLine) -> None:
    line("refresh", "group")
    first = line.feeds()["group"]["url"]
    public = line("feeds", "--json", BRIDGE_PUBLIC_URL="https://calendars.example.org").stdout
    assert json.loads(public)[1]["url"] == first.replace(
        "http://127.0.0.1:8000", "https://calendars.example.org"
    )


def test_feeds_for_people_is_a_table_that_names_what_is_wrong(line: CommandLine) -> None:
    line("refresh")
    line.sandbox.faults.add("connect.events", "status", status=503)
    line("refresh", "group")
    shown = line("feeds").stdout
    assert "FEED      TITLE             EVENTS  STATE    LAST READ\n" in shown
    assert (
        "\nportal    Northwind events      24  fresh    just now\n  http://127.0.0.1:8000/feeds/portal.ics\n"
        in shown
    )
    assert (
        f"\ngroup     Leadership             2  failing  just now\n  {SOURCES[1]}: Zoho Connect "
        in shown
    )
    assert "\x1b" not in shown


def test_a_long_or_wide_title_keeps_the_columns(line: CommandLine) -> None:
    """A wide sign takes two columns, a joining mark none (Unicode: East Asian Width)."""
    titles = ["Größe", "カレンダー", "Zoe\u0301", "x" * 80]
    line.toml.write_text(
        "".join(
            f'[[feed]]\nslug = "f{number}"\ntitle = "{title}"\nsources = [{{ calendar = "c{number}" }}]\n'
            for number, title in enumerate(titles)
        )
    )
    line("refresh")
    rows = [row for row in line("feeds").stdout.splitlines() if row[:2] in {"f0", "f1", "f2", "f3"}]
    extra = (0, 5, -1, 0)  # columns more than signs, of each title
    assert {row.index("0  failing") + more for row, more in zip(rows, extra, strict=True)} == {
        4 + 2 + 36 + 2 + 5
    }
    assert "x" * 35 + "…" in rows[3]


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit(now: datetime, passed: Any, said: Any) -> None:
    assert ago(now - passed, now=now) == said


def test_feeds_before_the_first_refresh_are_none(line: CommandLine) -> None:
    assert json.loads(line("feeds", "--json").stdout) == []
    assert "zoho-bridge refresh" in line("feeds").stderr


# programs


def test_refresh_json_tells_of_each_source_what_came_of_it(line: CommandLine) -> None:
    event = line.sandbox.portal(PORTAL).events.all()[5]["id"]
    line.sandbox.portal(PORTAL).events.change(event, start_time="some day")
    line.sandbox.faults.add("connect.events", "status", status=503)
    result = line("refresh", "portal", "group", "--json")
    portal, group = json.loads(result.stdout)
    assert result.exit_code == 1
    assert list(portal) == list(group) == [
        "source", "outcome", "events", "changed", "removed", "rejections", "requests", "seconds", "error",
    ]  # fmt: skip
    assert (portal["source"], portal["outcome"], portal["error"]) == (SOURCES[0], "refreshed", None)
    (rejection,) = (one for one in portal["rejections"] if one["id"] == event)
    assert "some day" in rejection["reason"]
    assert (rejection["kept"], portal["changed"]) == (False, portal["events"])
    assert (group["outcome"], group["events"]) == ("failed", 0)
    assert group["error"] in result.stderr


def test_doctor_json_is_what_it_tells_people(line: CommandLine) -> None:
    """Line by line: level, thing and sentence; the exit code is the same."""
    people, programs = line("doctor"), line("doctor", "--json")
    assert people.exit_code == programs.exit_code == 0
    told = [
        f"{one['level']:<5} {one['what']}: {one['said']}" for one in json.loads(programs.stdout)
    ]
    without_time = re.compile(r"\b\d+ s\b")  # of the one call, and of the other
    assert [without_time.sub("", one) for one in told] == [
        without_time.sub("", one) for one in people.stdout.splitlines()
    ]


def test_links_json_is_an_array_of_objects(line: CommandLine) -> None:
    line("refresh", "group")
    (row,) = json.loads(line("links", "list", "group", "--json").stdout)
    assert list(row) == ["label", "url", "problem", "created_at", "used_at", "ends_at"]
    assert row["url"] == line.feeds()["group"]["url"]


@pytest.mark.parametrize(
    "arguments", [["feeds"], ["discover"], ["refresh", "group"], ["doctor"], ["config"]]
)
def test_json_alone_is_on_standard_output_and_holds_no_secret(
    line: CommandLine, arguments: Any
) -> None:
    line("refresh", "group")
    tokens = line.sandbox.tokens
    result = line(*arguments, "--json", ZOHO_DATACENTER="eu")
    json.loads(result.stdout)
    assert "\x1b" not in result.stdout
    assert not [
        secret for secret in (tokens.client_secret, tokens.refresh_token) if secret in result.output
    ]


# export, config, help


def test_export_writes_the_published_bytes_and_nothing_else(line: CommandLine) -> None:
    line("refresh", "group")
    store = Store.open(
        f"sqlite:///{line.data_dir}/bridge.sqlite3",
        SecretKeys((line.data_dir / "secret.key").read_text()),
    )
    published = store.publications.document("group", "default").body
    store.close()
    result = line("export", "group")
    assert result.stdout_bytes == published
    assert published.startswith(b"BEGIN:VCALENDAR\r\n")
    assert (result.exit_code, result.stderr) == (0, "")


def test_config_shows_the_settings_without_secrets(line: CommandLine) -> None:
    result = line("config", BRIDGE_ADMIN_PASSWORD="open sesame, please", ZOHO_DATACENTER="eu")
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["feed"][1]["sources"] == [
        {"connect": GROUP, "network": NETWORK}
    ]
    tokens = line.sandbox.tokens
    for secret in (tokens.client_secret, tokens.refresh_token, "open sesame"):
        assert secret not in result.output
    assert "ZOHO_DATACENTER" in result.stderr


def options_of(command: Any) -> Any:
    """Give the options of a command, and of those below it."""
    context = click.Context(command)
    names = command.list_commands(context) if isinstance(command, click.Group) else ()
    own = {option for one in command.params for option in one.opts}
    return own.union(*(options_of(command.get_command(context, name)) for name in names))


def commands() -> Iterator[Any]:
    """Give every command, those below a group among them, as typed."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        yield (name,)
        yield from ((name, inner) for inner in getattr(command, "commands", ()))


@pytest.mark.parametrize("name", [(), *commands()], ids=" ".join)
def test_every_command_explains_itself_with_examples(line: CommandLine, name: str) -> None:
    """An example is a command line that the command itself would take."""
    result = line(*name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: zoho-bridge ")
    assert max(map(len, result.stdout.splitlines())) <= 90
    _, _, examples = result.stdout.partition("  Examples:\n")
    lines = [line.strip() for line in re.split(r"\n\s*\n", examples)[0].splitlines()]
    assert lines
    assert all(f"zoho-bridge {' '.join(name)}".strip() in line for line in lines)
    command = main
    for word in name:
        command = command.get_command(click.Context(command), word)
    assert set(re.findall(r"(?<= )--[a-z-]+", " ".join(lines))) <= options_of(command)


def test_the_help_of_all_tells_the_exit_codes_and_no_short_help_is_cut_off(
    line: CommandLine,
) -> None:
    shown = line("--help").stdout
    assert re.findall(r"^ +(\d+)  +\w", shown, re.MULTILINE) == ["0", "1", "2", "130"]
    assert "..." not in shown.split("Commands:")[1]


def test_the_readme_tells_the_same_exit_codes() -> None:
    table = README.split("## Exit codes")[1].split("##")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == ["0", "1", "2", "130"]


# the shell


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_can_load(line: CommandLine, shell: Any) -> None:
    result = line("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "_ZOHO_BRIDGE_COMPLETE" in result.stdout
    program = shutil.which(shell)
    if program:
        assert (
            subprocess.run([program, "-n"], input=result.stdout, text=True, check=False).returncode
            == 0
        )


def completed(line: CommandLine, words: str) -> Any:
    """Ask as bash does."""
    environ = {
        "_ZOHO_BRIDGE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner().invoke(main, [], env=line.environ | environ, prog_name="zoho-bridge")
    return [row.partition(",")[2] for row in result.stdout.splitlines() if row]


def test_names_of_commands_options_and_feeds_are_completed(line: CommandLine) -> None:
    line("refresh", "group")
    assert completed(line, "zoho-bridge dis") == ["discover"]
    assert completed(line, "zoho-bridge discover --wr") == ["--write"]
    assert completed(line, "zoho-bridge export g") == ["group"]
    assert completed(line, "zoho-bridge refresh p") == ["portal"]
    assert completed(line, "zoho-bridge links list c") == ["calendar"]


def test_completing_makes_nothing_and_tells_no_errors(line: CommandLine) -> None:
    assert completed(line, "zoho-bridge export g") == []
    assert not line.data_dir.exists()
    line.toml.write_text("broken")
    assert completed(line, "zoho-bridge export g") == []


# colours


def on_terminal(line: CommandLine, *arguments: Any, **environ: Any) -> Any:
    """Run a command with a terminal as its standard output."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", *arguments],
        env={**os.environ, **line.environ, "TERM": "xterm", **environ},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # Linux: the other end is closed
            while part := os.read(leader, 4096):
                shown += part
        process.wait()
    os.close(leader)
    return shown.decode()


def test_colours_are_for_terminals_and_not_where_no_color_is_set(line: CommandLine) -> None:
    """no-color.org: any value that is not empty."""
    line("refresh", "group")
    assert "\x1b[32mfresh\x1b[0m" in on_terminal(line, "feeds", NO_COLOR="")
    assert "\x1b" not in on_terminal(line, "feeds", NO_COLOR="1")
    assert "\x1b" not in on_terminal(line, "feeds", TERM="dumb", NO_COLOR="")
    assert "\x1b" not in line("feeds").stdout


def test_ctrl_c_ends_a_read_with_130(line: CommandLine) -> None:
    """README: exit codes. What is being read ends, the rest is left."""
    line.sandbox.faults.add("calendar.events", "delay", seconds=1)
    process = line.process("refresh")
    while not any(request.route == "connect.events" for request in line.sandbox.requests):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "Aborted" not in said
