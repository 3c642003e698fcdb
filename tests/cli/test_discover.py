"""``zoho-bridge discover``: the sources of the account, in the form of ``bridge.toml``."""

import json
import re
import tomllib
from typing import Any

from tests.command_line import CALENDAR, PORTAL, CommandLine
from tests.zoho_sandbox import TEAM


def sources_in(toml_lines: str) -> list[dict[str, Any]]:
    """Parse lines as the sources of a feed, into which they can be pasted."""
    sources: list[dict[str, Any]] = tomllib.loads(f"sources = [\n{toml_lines}\n]")["sources"]
    return sources


def test_everything_the_account_can_see_is_listed_in_the_form_of_bridge_toml(
    line: CommandLine,
) -> None:
    result = line("discover")
    data = line.sandbox.data
    expected: list[dict[str, Any]] = [{"backstage": portal} for portal in data.portals]
    expected += [
        {"connect": group, "network": key}
        for key, network in data.networks.items()
        for group in network.groups
    ]
    expected += [{"calendar": uid} for uid in data.calendars]
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(map(str, sources_in(result.stdout))) == sorted(map(str, expected))
    assert re.search(r'"931000000330017".*# Leadership$', result.stdout, re.MULTILINE)
    assert "# Zoho Connect: Northwind\n" in result.stdout


def test_names_from_zoho_cannot_break_the_list_or_the_terminal(line: CommandLine) -> None:
    line.sandbox.calendar(CALENDAR).info["name"] = 'x\n{ calendar = "forged" },\x1b[2J\r\u202e'
    result = line("discover")
    assert {"calendar": "forged"} not in sources_in(result.stdout)
    assert not {"\x1b", "\r", "\u202e"} & set(result.stdout)


def test_a_product_that_cannot_be_asked_is_named_and_the_others_are_listed(
    line: CommandLine,
) -> None:
    """README: exit code 1 when something failed."""
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("discover")
    assert result.exit_code == 1
    assert {"backstage": PORTAL} in sources_in(result.stdout)
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("zoho-bridge: Zoho Connect ")


def test_an_account_without_sources_is_reported(line: CommandLine) -> None:
    data = line.sandbox.data
    data.portals.clear()
    data.networks.clear()
    data.calendars.clear()
    result = line("discover")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no portal, no group and no calendar" in result.stderr


def test_the_kind_of_each_calendar_is_listed(line: CommandLine) -> None:
    """Group, app and shared calendars come only when they are asked for (Zoho APIs 4.1)."""
    line.sandbox.calendar(TEAM).info["status"] = False
    result = line("discover")
    assert "# US launch (own, owner)\n" in result.stdout
    assert "# Team India (group, view, hidden in Zoho, which may return no events)\n" in (
        result.stdout
    )
    assert "# Holidays (shared, view)\n" in result.stdout
    rows = {row["title"]: row for row in json.loads(line("discover", "--json").stdout)}
    assert (rows["Team India"]["category"], rows["Team India"]["hidden"]) == ("group", True)
    assert (rows["Holidays"]["category"], rows["Holidays"]["privilege"]) == ("shared", "view")
