"""``zoho-bridge refresh``: what is read, what is printed, and what stays the same."""

import json
import re

from click.testing import CliRunner
import pytest

from bridge.cli import main
from bridge.config import ZohoSettings
from bridge.domain.source import Source
from bridge.sources import registry
from bridge.sources.protocols import ParseResult, Raw
from tests.command_line import PORTAL, SOURCES, CommandLine

SLUGS = ("portal", "group", "calendar")


def test_each_source_is_read_and_reported_on_a_line(line: CommandLine) -> None:
    result = line("refresh")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [row.split() for row in result.stdout.splitlines()]
    assert tuple(row[0] for row in rows) == SOURCES
    report = r"^connect:\S+ +2 events, 2 changed, 0 removed  \(1 request, "
    assert re.search(report, result.stdout, re.MULTILINE)
    assert [slug for slug in SLUGS if b"BEGIN:VEVENT" not in line.export(slug)] == []


def test_two_refreshes_and_a_restart_give_the_same_bytes(line: CommandLine) -> None:
    """Each command opens the database again, so the second one is a restart too."""
    line("refresh")
    before = {slug: line.export(slug) for slug in line.feeds()}
    result = line("refresh")
    assert result.stdout.count(" 0 changed, 0 removed") == len(SOURCES)
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


def test_only_the_sources_of_named_feeds_are_read(line: CommandLine) -> None:
    line.sandbox.forget_requests()
    result = line("refresh", "group", "portal")
    assert result.exit_code == 0
    products = {request.route.split(".")[0] for request in line.sandbox.requests}
    assert products == {"oauth", "connect", "backstage"}
    assert line.feeds()["calendar"]["state"] == "new"


def test_without_bridge_toml_every_source_becomes_a_feed(line: CommandLine) -> None:
    data = line.sandbox.data
    data.calendars.clear()
    del data.networks["929000000015001"]  # Connect is asked slowly
    line.toml.write_text("")
    result = line("refresh")
    groups = [group for network in data.networks.values() for group in network.groups]
    assert result.exit_code == 0
    assert len(line.feeds()) == len(data.portals) + len(groups)
    assert line.feeds()["leadership"]["events"] == 2


def test_without_bridge_toml_a_product_that_cannot_be_asked_is_named(line: CommandLine) -> None:
    """Otherwise only subscribers would notice that the feeds of a product are missing."""
    line.sandbox.data.calendars.clear()
    line.toml.write_text("")
    line.sandbox.tokens.scopes -= {"zohopulse.networklist.READ"}
    result = line("refresh")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "zohopulse.networklist.READ" in result.stderr
    assert line.feeds()["northwind-events"]["events"] > 0


def test_skipped_events_are_listed_with_title_and_id(line: CommandLine) -> None:
    """Events that can't be parsed do not fail the source: the others are published."""
    events = line.sandbox.portal(PORTAL).events
    broken = events.all()[5:7]
    for event in broken:
        events.change(event["id"], start_time="some day")
    result = line("refresh", "portal")
    assert result.exit_code == 0
    assert "\n  2 events were skipped:\n" in result.stdout
    for event in broken:
        name = rf'({event["id"]}|"{re.escape(event["name"])}" \({event["id"]}\))'
        row = f"^    {name}: .*some day"
        assert re.search(row, result.stdout, re.MULTILINE)


def test_a_bug_in_one_source_does_not_cost_the_others(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the traceback, without variables; the message names the bug; it exits with 1."""
    parse = registry.parse

    def break_connect(
        source: Source, raw: Raw, zoho: ZohoSettings, known: list[tuple[str, str]]
    ) -> ParseResult:
        if source.kind == "connect":
            private = "a title nobody may read"
            raise ZeroDivisionError(len(private))
        return parse(source, raw, zoho, known)

    monkeypatch.setattr(registry, "parse", break_connect)
    result = CliRunner().invoke(main, ["refresh"], env=line.environ)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    assert f"zoho-bridge: {SOURCES[1]}: A bug in the bridge (ZeroDivisionError)" in result.stderr
    log = json.loads(next(row for row in result.stderr.splitlines() if row.startswith("{")))
    assert (log["event"], log["source"], log["level"]) == ("refresh", SOURCES[1], "error")
    assert "ZeroDivisionError: 23" in log["exception"]
    assert "nobody may read" not in result.stderr


def test_the_data_folder_is_created_even_if_no_key_is_stored_there(line: CommandLine) -> None:
    """docs/settings.md: the folder of the SQLite databases; it need not exist beforehand."""
    assert line("refresh", "group", BRIDGE_SECRET_KEY="k" * 40).exit_code == 0
    assert sorted(file.name for file in line.data_dir.glob("*.sqlite3")) == ["bridge.sqlite3"]


def test_json_reports_each_source_with_its_skipped_events(line: CommandLine) -> None:
    event = line.sandbox.portal(PORTAL).events.all()[5]["id"]
    line.sandbox.portal(PORTAL).events.change(event, start_time="some day")
    line.sandbox.faults.add("connect.events", "status", status=503)
    result = line("refresh", "portal", "group", "--json")
    portal, group = json.loads(result.stdout)
    assert result.exit_code == 1
    keys = "source outcome events changed removed rejections requests seconds error"
    assert list(portal) == list(group) == keys.split()
    assert (portal["source"], portal["outcome"], portal["error"]) == (SOURCES[0], "refreshed", None)
    (rejection,) = (row for row in portal["rejections"] if row["id"] == event)
    assert "some day" in rejection["reason"]
    assert (rejection["kept"], portal["changed"]) == (False, portal["events"])
    assert (group["outcome"], group["events"]) == ("failed", 0)
    assert group["error"] in result.stderr
