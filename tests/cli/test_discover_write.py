"""``zoho-bridge discover --write``: feeds come to ``bridge.toml``, and nothing that a person wrote there goes.

What the file means before and after is read with Python's own tomllib, which is not what writes it.
"""

from collections.abc import Iterator
import json
import os
from pathlib import Path
import stat
import tomllib
from typing import Any

import pytest

from tests.command_line import CALENDAR, GROUP, NETWORK, PORTAL, CommandLine, command_line

ALL_HANDS, CLUB = "931000000330001", "931000000330042"

# As a person writes it: comments, an order of their own, several ways to quote, no line break at the end.
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
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        del line.sandbox.data.networks["929000000015001"]  # Connect is asked slowly
        yield line


def feeds_in(path: Any) -> Any:
    return tomllib.loads(path.read_text("utf-8")).get("feed", [])


def sources_of(feeds: Any) -> Any:
    return [source for feed in feeds for source in feed["sources"]]


def everything(sandbox: Any) -> Any:
    """Give what the sandbox holds, as bridge.toml names it."""
    held = sandbox.data
    found = [{"backstage": portal} for portal in held.portals]
    found += [
        {"connect": g, "network": n} for n, network in held.networks.items() for g in network.groups
    ]
    return found + [{"calendar": uid} for uid in held.calendars]


def ordered(sources: Any) -> Any:
    return sorted(sources, key=str)


# --- what is added


def test_every_source_that_no_feed_has_gets_one_and_the_rest_stays_byte_for_byte(
    line: CommandLine,
) -> None:
    """A group of a merged feed, or a portal by its brand, is had already."""
    line.toml.write_text(TYPED)
    result = line("discover", "--write")
    assert result.exit_code == 0
    after = line.toml.read_text("utf-8")
    assert after.startswith(TYPED + "\n\n[[feed]]\n")
    had = [{"connect": group, "network": NETWORK} for group in (GROUP, ALL_HANDS, CLUB)]
    had += [{"calendar": CALENDAR}, {"backstage": PORTAL}]
    new = feeds_in(line.toml)[2:]
    assert ordered(sources_of(new)) == ordered(
        one for one in everything(line.sandbox) if one not in had
    )
    assert all(set(feed) == {"slug", "title", "sources"} for feed in new), (
        "the defaults are left to the program"
    )
    assert [feed["slug"] for feed in new if feed["title"] == "Work"] == ["work"]
    assert '\n  { calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" }, # Work\n' in after
    assert '\n  { backstage = "19593237" }, # Zylker Events\n' in after
    assert f"Added {len(new)} feeds to {line.toml}" in result.stderr
    assert all(f"  {feed['slug']}" in result.stderr for feed in new)


def test_a_second_run_adds_nothing_and_touches_nothing(line: CommandLine) -> None:
    line("discover", "--write")
    before = line.toml.read_bytes(), line.toml.stat().st_mtime_ns, line.toml.stat().st_ino
    result = line("discover", "--write")
    assert result.exit_code == 0
    assert "nothing was added" in result.stderr
    assert (line.toml.read_bytes(), line.toml.stat().st_mtime_ns, line.toml.stat().st_ino) == before


def test_a_source_that_appears_later_is_added_alone_under_a_free_slug(line: CommandLine) -> None:
    line("discover", "--write")
    before = line.toml.read_text("utf-8")
    assert '", network = "931000000021003" }, # Northwind: All hands\n' in before
    info = dict(line.sandbox.calendar(CALENDAR).info, uid="newcomer", name="Work")
    calendar = line.sandbox.data.calendars[CALENDAR]
    line.sandbox.data.calendars["newcomer"] = type(calendar)(info=info, events=calendar.events)
    line("discover", "--write")
    assert line.toml.read_text("utf-8").startswith(before)
    (new,) = feeds_in(line.toml)[len(tomllib.loads(before)["feed"]) :]
    assert new == {"slug": "work-2", "title": "Work", "sources": [{"calendar": "newcomer"}]}


def test_what_was_written_is_what_is_served(line: CommandLine) -> None:
    line.toml.write_text("")
    line("discover", "--write")
    line.toml.write_text(
        line.toml.read_text("utf-8").replace("[[feed]]", '[[feed]]\npast = "7d"\nfuture = "30d"')
    )
    assert line("refresh", "leadership", "northwind-events").exit_code == 0
    rows = line.feeds()
    assert rows["northwind-events"]["events"] > 0
    assert rows["leadership"]["title"] == "Leadership"
    assert ordered(rows) == ordered(feed["slug"] for feed in feeds_in(line.toml))


# --- addresses stay


def addresses(line: CommandLine) -> Any:
    return {slug: row["url"] for slug, row in line.feeds().items()}


def test_feeds_that_came_by_themselves_keep_addresses_titles_and_settings(
    line: CommandLine,
) -> None:
    """Without a ``[[feed]]`` every source is a feed already, some with the settings of an earlier bridge.toml."""
    data = line.sandbox.data
    line.toml.write_text(
        f'[[feed]]\nslug = "private-one"\nprivacy = "busy"\npast = "7d"\nfuture = "5w"\nalarms = false\n'
        f'sources = [{{ calendar = "{CALENDAR}" }}]\n'
    )
    for uid in list(data.calendars):
        if uid != CALENDAR:
            del data.calendars[uid]
    line("refresh")
    line.toml.write_text("")
    line("refresh")
    before = line.feeds()
    result = line("discover", "--write")
    assert result.exit_code == 0
    assert "only the feeds in this file are served" in result.stderr
    line("refresh")
    after = line.feeds()
    for row in (*before.values(), *after.values()):
        del row["last_success"]
    assert {slug: after[slug] for slug in sorted(after)} == {
        slug: before[slug] for slug in sorted(before)
    }
    (kept,) = (feed for feed in feeds_in(line.toml) if feed["slug"] == "private-one")
    assert {key: kept[key] for key in ("privacy", "past", "future", "alarms")} == {
        "privacy": "busy", "past": "7d", "future": "35d", "alarms": False,
    }  # fmt: skip


def test_feeds_of_a_product_that_can_not_be_asked_are_written_as_well(line: CommandLine) -> None:
    """From then on only the feeds of the file are served: theirs must not end."""
    line.sandbox.data.calendars.clear()
    line.toml.write_text("")
    line("refresh")
    before = addresses(line)
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("discover", "--write")
    assert result.exit_code == 1
    assert "Zoho Connect" in result.stderr
    line.sandbox.faults.clear()
    line("refresh", "leadership")
    assert addresses(line) == before


def test_a_source_whose_feed_was_taken_out_gets_its_address_back(line: CommandLine) -> None:
    line("refresh", "group")
    before = addresses(line)
    line.toml.write_text(
        f'[[feed]]\nslug = "calendar"\nsources = [{{ calendar = "{CALENDAR}" }}]\n'
    )
    line("refresh", "calendar")
    line("discover", "--write")
    again = {feed["slug"]: feed["sources"] for feed in feeds_in(line.toml)}
    assert again["group"] == [{"connect": GROUP, "network": NETWORK}]
    assert again["portal"] == [{"backstage": PORTAL}]
    line("refresh", "group")
    assert {slug: addresses(line)[slug] for slug in before} == before


def test_a_slug_that_another_source_once_had_is_not_given_out_again(line: CommandLine) -> None:
    line("refresh", "portal")  # "calendar" is the address of CALENDAR
    line.toml.write_text(
        '[[feed]]\nslug = "x"\nsources = [{ calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" }]\n'
    )
    line("refresh", "x")
    line.sandbox.calendar("Zk9Pq1m_TtW4xv6JsD2hYw==").info["name"] = "Calendar"
    line("discover", "--write")
    slugs = {str(feed["sources"]): feed["slug"] for feed in feeds_in(line.toml)}
    assert slugs[str([{"calendar": CALENDAR}])] == "calendar"
    assert slugs[str([{"calendar": "Zk9Pq1m_TtW4xv6JsD2hYw=="}])] == "calendar-2"


# --- the file


def test_a_file_that_is_not_there_is_made(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the name that BRIDGE_CONFIG, --config or nothing gives; the settings are read without it."""
    monkeypatch.chdir(tmp_path)
    line.toml.unlink()
    line("discover", "--write")
    assert ordered(sources_of(feeds_in(line.toml))) == ordered(everything(line.sandbox))
    line("discover", "--write", "--config", "other.toml")
    assert feeds_in(tmp_path / "other.toml") == feeds_in(line.toml)
    line.toml.unlink()
    line("discover", "--write", BRIDGE_CONFIG="")
    assert (tmp_path / "bridge.toml").exists()


def test_config_names_the_file_that_is_read_and_written(line: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(TYPED)
    before = line.toml.read_bytes()
    line("discover", "--write", "--config", str(other))
    assert other.read_text("utf-8").startswith(TYPED)
    assert line.toml.read_bytes() == before
    assert "--write" in line("discover", "--config", str(other)).stderr


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_file_keeps_its_mode_its_link_and_its_mark(
    line: CommandLine, tmp_path: Path, mode: Any
) -> None:
    """A link into another folder stays one, and so does what Windows editors put before the first line."""
    real = tmp_path / "etc" / "real.toml"
    real.parent.mkdir()
    real.write_bytes(b"\xef\xbb\xbf" + TYPED.replace("\n", "\r\n").encode())
    real.chmod(mode)
    line.toml.unlink()
    line.toml.symlink_to(real)
    assert line("discover", "--write").exit_code == 0
    assert line.toml.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == mode
    written = real.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf# Calendars")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert [file.name for file in real.parent.iterdir()] == ["real.toml"]
    assert line("config").exit_code == 0


def test_a_broken_file_is_refused_with_the_line_and_left_alone(line: CommandLine) -> None:
    line.toml.write_text('[zoho]\n\n[[feed]]\nslug = "a\n')
    before = line.toml.read_bytes()
    result = line("discover", "--write")
    assert result.exit_code == 2
    assert "line 4" in result.stderr
    assert line.toml.read_bytes() == before
    assert line.sandbox.requests == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_told(line: CommandLine, tmp_path: Path) -> None:
    line.toml.parent.chmod(0o500)
    result = line("discover", "--write")
    line.toml.parent.chmod(0o700)
    assert (result.exit_code, "can't be written" in result.stderr) == (1, True)


def test_names_from_zoho_can_not_break_the_file(line: CommandLine) -> None:
    nasty = 'x"]\n[[feed]]\nslug = "forged" # \x1b[2J\r\u202e\u2028 \\'
    line.sandbox.calendar(CALENDAR).info["name"] = nasty
    line.toml.write_text("")
    result = line("discover", "--write")
    assert result.exit_code == 0
    assert ordered(sources_of(feeds_in(line.toml))) == ordered(everything(line.sandbox))
    assert "forged" not in [feed["slug"] for feed in feeds_in(line.toml)]
    assert not {"\x1b", "\u202e"} & set(result.stderr)
    assert line("config").exit_code == 0


def test_json_gives_what_was_found_and_nothing_else(line: CommandLine) -> None:
    rows = json.loads(line("discover", "--json").stdout)
    assert ordered(row["source"] for row in rows) == ordered(everything(line.sandbox))
    group = next(row for row in rows if row["source"].get("connect") == GROUP)
    assert group == {
        "kind": "connect", "title": "Leadership", "within": "Northwind", "source": {"connect": GROUP, "network": NETWORK},
    }  # fmt: skip
    assert json.loads(line("discover", "--write", "--json").stdout) == rows


def test_a_file_with_feeds_in_an_array_is_left_alone_and_the_blocks_are_printed(
    line: CommandLine,
) -> None:
    """TOML allows no ``[[feed]]`` after ``feed = [ … ]``."""
    text = f"feed = [{{ slug = 'a', sources = [{{ calendar = '{CALENDAR}' }}] }}]\n"
    line.toml.write_text(text)
    result = line("discover", "--write")
    assert result.exit_code == 1
    assert line.toml.read_text() == text
    assert "rewrite them so, and add the blocks above" in result.stderr
    added = tomllib.loads(result.stdout)["feed"]
    assert ordered([{"calendar": CALENDAR}, *sources_of(added)]) == ordered(
        everything(line.sandbox)
    )
    result = line("discover", "--write", "--json")
    assert len(json.loads(result.stdout)) == len(added) + 1
    assert "[[feed]]" in result.stderr
