"""The commands as a person sees them: what they print, what they write, how they end.

What is expected comes from the README's table of commands, the settings' documentation, and what the sandbox holds.
"""

import json
import re
import tomllib

import click
from click.testing import CliRunner
import pytest

from bridge.cli import main
from bridge.sources import dispatch
from bridge.store import Store
from bridge.vault import Vault
from tests.command_line import CALENDAR, GROUP, NETWORK, PORTAL, SOURCES, command_line


@pytest.fixture
def line(tmp_path, monkeypatch):
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def sources_in(toml_lines):
    """Read lines as the sources of one feed, which is what they are to be pasted as."""
    return tomllib.loads(f"sources = [\n{toml_lines}\n]")["sources"]


# discover


def test_discover_lists_everything_the_account_sees_in_the_form_of_bridge_toml(line):
    result = line("discover")
    held = line.sandbox.data
    expected = [{"backstage": portal} for portal in held.portals]
    expected += [{"connect": g, "network": n} for n, network in held.networks.items() for g in network.groups]
    expected += [{"calendar": uid} for uid in held.calendars]
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(map(str, sources_in(result.stdout))) == sorted(map(str, expected))
    assert re.search(r'"931000000330017".*# Leadership$', result.stdout, re.MULTILINE)
    assert "# Zoho Connect: Northwind\n" in result.stdout


def test_names_from_zoho_cannot_break_the_list_or_the_terminal(line):
    line.sandbox.calendar(CALENDAR).info["name"] = 'x\n{ calendar = "forged" },\x1b[2J\r\u202e'
    result = line("discover")
    assert {"calendar": "forged"} not in sources_in(result.stdout)
    assert not {"\x1b", "\r", "\u202e"} & set(result.stdout)


def test_discover_tells_what_it_could_and_what_it_could_not(line):
    """README: exit code 1 when something failed; the other products are listed all the same."""
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("discover")
    assert result.exit_code == 1
    assert {"backstage": PORTAL} in sources_in(result.stdout)
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("zoho-bridge: Zoho Connect ")


def test_an_account_with_nothing_says_so(line):
    for kind in (line.sandbox.data.portals, line.sandbox.data.networks, line.sandbox.data.calendars):
        kind.clear()
    result = line("discover")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no portal, no group and no calendar" in result.stderr


# refresh


def test_refresh_reads_each_source_and_tells_what_came(line):
    result = line("refresh")
    assert (result.exit_code, result.stderr) == (0, "")
    assert tuple(row.split()[0] for row in result.stdout.splitlines()) == SOURCES
    assert re.search(r"^connect:\S+ +2 events, 2 changed, 0 gone  \(1 request, ", result.stdout, re.MULTILINE)
    assert all(line.export(slug).count(b"BEGIN:VEVENT") > 0 for slug in ("portal", "group", "calendar"))


def test_two_refreshes_and_a_restart_give_the_same_bytes(line):
    """Each command opens the database anew, so the second one is a restart too."""
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    result = line("refresh")
    assert result.stdout.count(" 0 changed, 0 gone") == len(SOURCES)
    assert {slug: line.export(slug) for slug in line.feeds()} == before


def test_a_rebuilt_database_gives_the_same_feeds_and_addresses_apart_from_the_stamps(line):
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


def test_refresh_of_named_feeds_reads_only_their_sources(line):
    line.sandbox.forget_requests()
    result = line("refresh", "group", "portal")
    assert result.exit_code == 0
    assert {request.route.split(".")[0] for request in line.sandbox.requests} == {"oauth", "connect", "backstage"}
    assert line.feeds()["calendar"]["state"] == "new"


def test_refresh_without_bridge_toml_makes_a_feed_of_all_that_is_found(line):
    data = line.sandbox.data
    data.calendars.clear()
    del data.networks["929000000015001"]  # Connect is asked slowly
    line.toml.write_text("")
    result = line("refresh")
    groups = [group for network in data.networks.values() for group in network.groups]
    assert result.exit_code == 0
    assert len(line.feeds()) == len(data.portals) + len(groups)
    assert line.feeds()["leadership"]["events"] == 2


def test_refresh_without_bridge_toml_tells_of_a_product_that_was_not_asked(line):
    """Else the calendars of a product whose scope is missing would be missed by nobody but their readers."""
    line.sandbox.data.calendars.clear()
    line.toml.write_text("")
    line.sandbox.tokens.scopes -= {"zohopulse.networklist.READ"}
    result = line("refresh")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "zohopulse.networklist.READ" in result.stderr
    assert line.feeds()["northwind-events"]["events"] > 0


def test_refresh_tells_what_did_not_come_across(line):
    """An event that can't be read is named by Zoho's own id; the others come, and nothing failed."""
    event = line.sandbox.portal(PORTAL).events.all()[5]["id"]
    line.sandbox.portal(PORTAL).events.change(event, start_time="some day")
    result = line("refresh", "portal")
    assert result.exit_code == 0
    assert re.search(rf"^  {event}: .*some day.* \(left out\)$", result.stdout, re.MULTILINE)


def test_a_bug_in_one_source_does_not_cost_the_others(line, monkeypatch):
    """Its traceback goes to the log, without the program's variables; its name is said, and the command ends with 1."""
    parse = dispatch.parse

    def breaks(source, *rest):
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


def test_the_data_folder_is_made_also_when_no_key_has_to_be_kept_there(line):
    """docs/settings.md: the folder of the SQLite databases; nothing says that somebody has to make it."""
    assert line("refresh", "group", BRIDGE_SECRET_KEY="k" * 40).exit_code == 0
    assert sorted(file.name for file in line.data_dir.glob("*.sqlite3")) == ["bridge.sqlite3"]


# feeds


def test_feeds_json_is_an_array_of_objects_of_eight_keys(line):
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


def test_addresses_are_those_of_the_public_url_and_stay(line):
    line("refresh", "group")
    first = line.feeds()["group"]["url"]
    public = line("feeds", "--json", BRIDGE_PUBLIC_URL="https://calendars.example.org").stdout
    assert json.loads(public)[1]["url"] == first.replace("http://127.0.0.1:8000", "https://calendars.example.org")


def test_feeds_for_people_names_what_is_wrong(line):
    line("refresh")
    line.sandbox.faults.add("connect.events", "status", status=503)
    line("refresh", "group")
    shown = line("feeds").stdout
    assert "Northwind events  (portal)\n  24 events, fresh, last read 20" in shown
    assert "Leadership  (group)\n  2 events, failing, last read 20" in shown
    assert f"\n  {SOURCES[1]}: Zoho Connect " in shown
    assert "\x1b" not in shown


def test_feeds_before_the_first_refresh_are_none(line):
    assert json.loads(line("feeds", "--json").stdout) == []
    assert "zoho-bridge refresh" in line("feeds").stderr


# export, config, help


def test_export_writes_the_published_bytes_and_nothing_else(line):
    line("refresh", "group")
    store = Store.open(f"sqlite:///{line.data_dir}/bridge.sqlite3", Vault((line.data_dir / "secret.key").read_text()))
    published = store.publications.document("group", "default").body
    store.close()
    result = line("export", "group")
    assert result.stdout_bytes == published
    assert published.startswith(b"BEGIN:VCALENDAR\r\n")
    assert (result.exit_code, result.stderr) == (0, "")


def test_config_shows_the_settings_without_secrets(line):
    result = line("config", BRIDGE_ADMIN_PASSWORD="open sesame, please", ZOHO_DATACENTER="eu")
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["feed"][1]["sources"] == [{"connect": GROUP, "network": NETWORK}]
    tokens = line.sandbox.tokens
    for secret in (tokens.client_secret, tokens.refresh_token, "open sesame"):
        assert secret not in result.output
    assert "ZOHO_DATACENTER" in result.stderr


@pytest.mark.parametrize("name", [None, *main.list_commands(click.Context(main))])
def test_every_command_explains_itself(line, name):
    result = line(*filter(None, [name, "--help"]))
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: zoho-bridge ")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "..." not in line("--help").stdout.split("Commands:")[1], "a short help is cut off"
