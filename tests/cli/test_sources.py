"""``zoho-bridge sources``: the contract of its JSON, its table and the webhooks that it shows."""

import json
import re

from tests.command_line import SOURCES, CommandLine

_KEYS = ("key", "kind", "title", "state", "last_success", "next_check_at", "webhook_url", "probe")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


def test_json_has_eight_keys_for_each_source(line: CommandLine) -> None:
    line("refresh", "portal", "group")
    rows = json.loads(line("sources", "--json").stdout)
    assert [tuple(row) for row in rows] == [_KEYS] * 3
    assert {row["key"] for row in rows} == set(SOURCES)
    by_key = {row["key"]: row for row in rows}
    portal, calendar = by_key[SOURCES[0]], by_key[SOURCES[2]]
    assert (portal["kind"], portal["title"], portal["state"]) == (
        "backstage",
        "Northwind events",
        "fresh",
    )
    assert re.fullmatch(_TIME, portal["last_success"])
    assert re.fullmatch(_TIME, portal["next_check_at"])
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/hooks/[\w-]{24}", portal["webhook_url"])
    assert (calendar["state"], calendar["last_success"], calendar["probe"]) == ("new", None, None)


def test_webhooks_begin_with_the_public_url_and_stay(line: CommandLine) -> None:
    line("refresh", "portal")
    url = {"BRIDGE_PUBLIC_URL": "https://calendars.example.org"}
    before, after = (json.loads(line("sources", "--json", **url).stdout) for _ in range(2))
    assert before == after
    assert before[0]["webhook_url"].startswith("https://calendars.example.org/hooks/")


def test_the_table_shows_each_source_with_its_webhook(line: CommandLine) -> None:
    line("refresh", "portal")
    lines = line("sources").stdout.splitlines()
    assert lines[0].split() == ["TITLE", "STATE", "CHANGES", "LAST", "READ", "SOURCE"]
    rows = {text.split()[-1]: text for text in lines[1:]}
    assert "Northwind events" in rows[SOURCES[0]]
    assert sum("/hooks/" in text for text in lines) == 3


def test_before_the_first_read_the_command_to_run_is_named(line: CommandLine) -> None:
    result = line("sources")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "zoho-bridge refresh" in result.stderr
