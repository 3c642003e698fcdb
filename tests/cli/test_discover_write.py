"""``zoho-bridge discover``: ``--write`` adds feeds to ``bridge.toml`` and keeps what is there.

What the file means before and after is read with Python's own tomllib.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
import json
import os
from pathlib import Path
import stat
import tomllib
from typing import Any, TypeAlias

import pytest

from tests.command_line import CALENDAR, GROUP, NETWORK, PORTAL, CommandLine, command_line
from tests.zoho_sandbox import Sandbox

Table: TypeAlias = dict[str, Any]

ALL_HANDS, CLUB = "931000000330001", "931000000330042"
WORK = "q3Xv8Tn_Rk2mWz0yLb7cAg=="

# As a person writes it: comments, an own order, several ways to quote, no line break at the end.
TYPED = f"""\
# Calendars of Northwind

[[feed]]   # the first one
sources = [{{connect='{GROUP}',network="{NETWORK}"}}] # the board
slug    = 'board'
title   = \"\"\"The board's \\
  days\"\"\"

[zoho]
connect_timezone = 'Europe/Berlin'

  [[feed]]
  slug = "merged"
  past = "7d"
  future = "30d"
  sources = [
    {{ calendar = "{CALENDAR}" }},   # keep
    {{ backstage = "{PORTAL}", brand = "7" }},
    {{ connect = ["{ALL_HANDS}", "{CLUB}"], network = "{NETWORK}" }},
  ]
# the end"""


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """A command line on a sandbox with one Connect network, since Connect limits requests most."""
    with command_line(tmp_path, monkeypatch) as line:
        del line.sandbox.data.networks["929000000015001"]
        yield line


@pytest.fixture
def small(line: CommandLine) -> CommandLine:
    """A command line on a sandbox with one portal and one calendar."""
    data = line.sandbox.data
    data.networks.clear()
    for sources, keep in ((data.portals, PORTAL), (data.calendars, CALENDAR)):
        for key in [key for key in sources if key != keep]:
            del sources[key]
    line.toml.write_text("")
    return line


def feeds_in(path: Path) -> list[Table]:
    """Return the ``[[feed]]`` tables of a file."""
    feeds: list[Table] = tomllib.loads(path.read_text("utf-8")).get("feed", [])
    return feeds


def sources_of(feeds: Iterable[Table]) -> list[Table]:
    return [source for feed in feeds for source in feed["sources"]]


def all_sources(sandbox: Sandbox) -> list[Table]:
    """Return every source of the sandbox as bridge.toml names it."""
    data = sandbox.data
    groups = [(group, key) for key, network in data.networks.items() for group in network.groups]
    return [
        *({"backstage": portal} for portal in data.portals),
        *({"connect": group, "network": network} for group, network in groups),
        *({"calendar": uid} for uid in data.calendars),
    ]


def ordered(sources: Iterable[object]) -> list[object]:
    return sorted(sources, key=str)


def urls(line: CommandLine) -> dict[str, str]:
    return {slug: row["url"] for slug, row in line.feeds().items()}


# --- what is added


def test_each_source_without_a_feed_gets_one_and_the_rest_stays_byte_for_byte(
    line: CommandLine,
) -> None:
    """A group of a merged feed, or a portal by its brand, has a feed already."""
    line.toml.write_text(TYPED)
    result = line("discover", "--write")
    assert result.exit_code == 0
    after = line.toml.read_text("utf-8")
    assert after.startswith(TYPED + "\n\n[[feed]]\n")
    present: list[Table] = [{"connect": g, "network": NETWORK} for g in (GROUP, ALL_HANDS, CLUB)]
    present += [{"calendar": CALENDAR}, {"backstage": PORTAL}]
    new = feeds_in(line.toml)[2:]
    assert ordered([*sources_of(new), *present]) == ordered(all_sources(line.sandbox))
    assert all(set(feed) == {"slug", "title", "sources"} for feed in new), "defaults are left out"
    assert [feed["slug"] for feed in new if feed["title"] == "Work"] == ["work"]
    assert f'\n  {{ calendar = "{WORK}" }}, # Work\n' in after
    assert '\n  { backstage = "19593237" }, # Zylker Events\n' in after
    assert f"Added {len(new)} feeds to {line.toml}" in result.stderr
    assert all(f"  {feed['slug']}" in result.stderr for feed in new)


def test_a_second_run_adds_nothing_and_leaves_the_file_alone(line: CommandLine) -> None:
    line("discover", "--write")
    before = line.toml.read_bytes(), line.toml.stat().st_mtime_ns, line.toml.stat().st_ino
    result = line("discover", "--write")
    assert result.exit_code == 0
    assert "nothing was added" in result.stderr
    assert (line.toml.read_bytes(), line.toml.stat().st_mtime_ns, line.toml.stat().st_ino) == before


def test_a_source_that_appears_later_is_added_alone_with_a_free_slug(line: CommandLine) -> None:
    line("discover", "--write")
    before = line.toml.read_text("utf-8")
    assert '", network = "931000000021003" }, # Northwind: All hands\n' in before
    calendar = line.sandbox.data.calendars[CALENDAR]
    info = dict(calendar.info, uid="newcomer", name="Work")
    line.sandbox.data.calendars["newcomer"] = replace(calendar, info=info)
    line("discover", "--write")
    assert line.toml.read_text("utf-8").startswith(before)
    (new,) = feeds_in(line.toml)[len(tomllib.loads(before)["feed"]) :]
    assert new == {"slug": "work-2", "title": "Work", "sources": [{"calendar": "newcomer"}]}


def test_the_feeds_that_were_written_are_served(line: CommandLine) -> None:
    line.toml.write_text("")
    line("discover", "--write")
    text = line.toml.read_text("utf-8")
    line.toml.write_text(text.replace("[[feed]]", '[[feed]]\npast = "7d"\nfuture = "30d"'))
    assert line("refresh", "leadership", "northwind-events").exit_code == 0
    rows = line.feeds()
    assert rows["northwind-events"]["events"] > 0
    assert rows["leadership"]["title"] == "Leadership"
    assert ordered(rows) == ordered(feed["slug"] for feed in feeds_in(line.toml))


# --- addresses stay


def test_automatic_feeds_keep_addresses_titles_and_settings(small: CommandLine) -> None:
    """Without a ``[[feed]]`` each source is a feed, maybe with settings of an earlier file."""
    small.toml.write_text(
        '[[feed]]\nslug = "private-one"\nprivacy = "busy"\npast = "7d"\nfuture = "5w"\n'
        f'alarms = false\nsources = [{{ calendar = "{CALENDAR}" }}]\n'
    )
    small("refresh")
    small.toml.write_text("")
    small("refresh")
    before = small.feeds()
    result = small("discover", "--write")
    assert result.exit_code == 0
    assert "only the feeds in this file are served" in result.stderr
    small("refresh")
    after = small.feeds()
    for row in (*before.values(), *after.values()):
        del row["last_success"]
    assert len(after) == 2
    assert after == before
    (feed,) = (feed for feed in feeds_in(small.toml) if feed["slug"] == "private-one")
    expected = {"privacy": "busy", "past": "7d", "future": "35d", "alarms": False}
    assert {key: feed[key] for key in expected} == expected


def test_feeds_of_a_product_that_can_not_be_read_are_written_as_well(small: CommandLine) -> None:
    """From then on only the feeds of the file are served, so they must not end."""
    small("refresh")
    before = urls(small)
    small.sandbox.faults.add("calendar.*", "status", status=500)
    result = small("discover", "--write")
    assert result.exit_code == 1
    assert "Zoho Calendar" in result.stderr
    small.sandbox.faults.clear()
    small("refresh", "northwind-events")
    assert len(before) == 2
    assert urls(small) == before


def test_a_source_whose_feed_was_removed_gets_its_address_back(line: CommandLine) -> None:
    line("refresh", "group")
    before = urls(line)
    line.toml.write_text(
        f'[[feed]]\nslug = "calendar"\nsources = [{{ calendar = "{CALENDAR}" }}]\n'
    )
    line("refresh", "calendar")
    line("discover", "--write")
    sources = {feed["slug"]: feed["sources"] for feed in feeds_in(line.toml)}
    assert sources["group"] == [{"connect": GROUP, "network": NETWORK}]
    assert sources["portal"] == [{"backstage": PORTAL}]
    line("refresh", "group")
    assert {slug: urls(line)[slug] for slug in before} == before


def test_a_slug_that_another_source_once_had_is_not_used_again(line: CommandLine) -> None:
    line("refresh", "portal")  # "calendar" is the slug of CALENDAR
    line.toml.write_text(f'[[feed]]\nslug = "x"\nsources = [{{ calendar = "{WORK}" }}]\n')
    line("refresh", "x")
    line.sandbox.calendar("Zk9Pq1m_TtW4xv6JsD2hYw==").info["name"] = "Calendar"
    line("discover", "--write")
    slugs = {str(feed["sources"]): feed["slug"] for feed in feeds_in(line.toml)}
    assert slugs[str([{"calendar": CALENDAR}])] == "calendar"
    assert slugs[str([{"calendar": "Zk9Pq1m_TtW4xv6JsD2hYw=="}])] == "calendar-2"


# --- the file


def test_a_file_that_does_not_exist_is_created(
    small: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BRIDGE_CONFIG or --config names it, else it is ./bridge.toml."""
    monkeypatch.chdir(tmp_path)
    small.toml.unlink()
    small("discover", "--write")
    assert ordered(sources_of(feeds_in(small.toml))) == ordered(all_sources(small.sandbox))
    small("discover", "--write", "--config", "other.toml")
    assert feeds_in(tmp_path / "other.toml") == feeds_in(small.toml)
    small.toml.unlink()
    small("discover", "--write", BRIDGE_CONFIG="")
    assert (tmp_path / "bridge.toml").exists()


def test_the_option_names_the_file_that_is_read_and_written(
    small: CommandLine, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f'[[feed]]\nslug = "a"\nsources = [{{ calendar = "{CALENDAR}" }}]\n')
    small("discover", "--write", "--config", str(other))
    assert sources_of(feeds_in(other)) == [{"calendar": CALENDAR}, {"backstage": PORTAL}]
    assert small.toml.read_bytes() == b""
    assert small("discover", "--config", str(other)).exit_code == 0


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_file_keeps_its_mode_link_line_breaks_and_byte_order_mark(
    small: CommandLine, tmp_path: Path, mode: int
) -> None:
    """A symbolic link stays one, and so do the marks that Windows editors write."""
    real = tmp_path / "etc" / "real.toml"
    real.parent.mkdir()
    real.write_bytes(b"\xef\xbb\xbf# Calendars\r\n")
    real.chmod(mode)
    small.toml.unlink()
    small.toml.symlink_to(real)
    assert small("discover", "--write").exit_code == 0
    assert small.toml.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == mode
    written = real.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf# Calendars\r\n\r\n[[feed]]\r\n")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert [file.name for file in real.parent.iterdir()] == ["real.toml"]
    assert small("config").exit_code == 0


def test_a_broken_file_is_refused_with_the_line_and_left_alone(line: CommandLine) -> None:
    line.toml.write_text('[zoho]\n\n[[feed]]\nslug = "a\n')
    before = line.toml.read_bytes()
    result = line("discover", "--write")
    assert result.exit_code == 2
    assert "line 4" in result.stderr
    assert line.toml.read_bytes() == before
    assert line.sandbox.requests == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_to_write_gets_a_sentence(small: CommandLine) -> None:
    small.toml.parent.chmod(0o500)
    result = small("discover", "--write")
    small.toml.parent.chmod(0o700)
    assert (result.exit_code, "can't be written" in result.stderr) == (1, True)
    assert "[[feed]]" in result.stdout


def test_names_from_zoho_can_not_break_the_file(small: CommandLine) -> None:
    nasty = 'x"]\n[[feed]]\nslug = "forged" # \x1b[2J\r\u202e\u2028 \\'
    small.sandbox.calendar(CALENDAR).info["name"] = nasty
    result = small("discover", "--write")
    assert result.exit_code == 0
    assert ordered(sources_of(feeds_in(small.toml))) == ordered(all_sources(small.sandbox))
    assert "forged" not in [feed["slug"] for feed in feeds_in(small.toml)]
    assert not {"\x1b", "\u202e"} & set(result.stderr)
    assert small("config").exit_code == 0


def test_a_file_with_feeds_in_an_array_is_left_alone_and_the_blocks_are_printed(
    small: CommandLine,
) -> None:
    """TOML allows no ``[[feed]]`` after ``feed = [ … ]``."""
    text = f"feed = [{{ slug = 'a', sources = [{{ calendar = '{CALENDAR}' }}] }}]\n"
    small.toml.write_text(text)
    result = small("discover", "--write")
    assert result.exit_code == 1
    assert small.toml.read_text() == text
    assert "rewrite them so, and add the blocks above" in result.stderr
    assert sources_of(tomllib.loads(result.stdout)["feed"]) == [{"backstage": PORTAL}]
    result = small("discover", "--write", "--json")
    assert len(json.loads(result.stdout)) == 2
    assert "[[feed]]" in result.stderr


def test_json_lists_the_sources_and_nothing_else(line: CommandLine) -> None:
    rows = json.loads(line("discover", "--json").stdout)
    assert ordered(row["source"] for row in rows) == ordered(all_sources(line.sandbox))
    (group,) = (row for row in rows if row["source"].get("connect") == GROUP)
    source = {"connect": GROUP, "network": NETWORK}
    assert group == {
        "kind": "connect", "title": "Leadership", "within": "Northwind", "source": source,
    }  # fmt: skip
    assert json.loads(line("discover", "--write", "--json").stdout) == rows
