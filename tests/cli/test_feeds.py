"""``zoho-bridge feeds`` and ``export``: the table, the JSON array, the addresses and the bytes."""

from datetime import datetime, timedelta
import json
import re

import pytest

from bridge.cli.output import ago, counted
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.cli.terminal import run_on_terminal
from tests.command_line import GROUP, NETWORK, CommandLine


def test_json_is_an_array_of_objects_with_eight_keys(line: CommandLine) -> None:
    line("refresh", "portal", "group")
    rows = json.loads(line("feeds", "--json").stdout)
    keys = ["slug", "title", "kind", "url", "public", "events", "state", "last_success"]
    assert [list(row) for row in rows] == [keys] * 3
    portal, group, calendar = rows
    last_success = portal.pop("last_success")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", last_success)
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


def test_addresses_begin_with_the_public_url_and_stay(line: CommandLine) -> None:
    line("refresh", "group")
    first = line.feeds()["group"]["url"]
    rows = line("feeds", "--json", BRIDGE_PUBLIC_URL="https://calendars.example.org").stdout
    public = first.replace("http://127.0.0.1:8000", "https://calendars.example.org")
    assert json.loads(rows)[1]["url"] == public


def test_the_table_shows_states_problems_and_addresses(line: CommandLine) -> None:
    line("refresh")
    line.sandbox.faults.add("connect.events", "status", status=503)
    line("refresh", "group")
    shown = line("feeds").stdout
    assert "FEED      TITLE             EVENTS  STATE    LAST READ\n" in shown
    portal = "portal    Northwind events      24  fresh    just now"
    assert f"\n{portal}\n  http://127.0.0.1:8000/feeds/portal.ics\n" in shown
    group = "group     Leadership             2  failing  just now"
    address = line.feeds()["group"]["url"]
    assert f"\n{group}\n  {address}\n  Zoho Connect returned an error" in shown
    assert "\x1b" not in shown


def test_a_long_or_wide_title_keeps_the_columns(line: CommandLine) -> None:
    """A wide character takes two columns, a joining mark none (Unicode: East Asian Width)."""
    titles = ["Größe", "カレンダー", "Zoe\u0301", "x" * 80]
    line.toml.write_text(
        "".join(
            f'[[feed]]\nslug = "f{number}"\ntitle = "{title}"\n'
            f'sources = [{{ calendar = "c{number}" }}]\n'
            for number, title in enumerate(titles)
        )
    )
    line("refresh")
    rows = [row for row in line("feeds").stdout.splitlines() if row[:2] in {"f0", "f1", "f2", "f3"}]
    extra = (0, 5, -1, 0)  # the columns of each title minus its characters
    ends = {row.index("0  failing") + more for row, more in zip(rows, extra, strict=True)}
    assert ends == {4 + 2 + 36 + 2 + 5}
    assert "x" * 35 + "…" in rows[3]


def test_a_long_slug_widens_its_own_row_only(line: CommandLine) -> None:
    line.toml.write_text(
        "".join(
            f'[[feed]]\nslug = "{slug}"\ntitle = "T"\nsources = [{{ calendar = "{slug}" }}]\n'
            for slug in ("short", "s" * 60)
        )
    )
    heading, short, _, long, _ = line("feeds").stdout.splitlines()
    assert heading.startswith("FEED   TITLE  ")
    assert short.startswith("short  T ")
    assert long.startswith(f"{'s' * 60}  T ")


def test_a_problem_of_a_merged_feed_names_the_feed_of_its_source(line: CommandLine) -> None:
    """A source that no other feed shows is named by the sentence, which names the product."""
    text = line.toml.read_text()
    line.toml.write_text(
        f'{text}\n[[feed]]\nslug = "both"\nsources = [{{ backstage = "20148871" }}, '
        f'{{ connect = "{GROUP}", network = "{NETWORK}" }}]\n'
    )
    line.sandbox.faults.add("connect.events", "status", status=503)
    line("refresh", "both")
    after = line("feeds").stdout.split("\nboth ")[1].splitlines()
    assert after[1].endswith("/both.ics")
    assert after[2].startswith("  Leadership: Zoho Connect returned an error")


@pytest.mark.parametrize(
    ("passed", "text"),
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
def test_the_last_read_is_shown_in_the_largest_unit(
    now: datetime, passed: timedelta, text: str
) -> None:
    assert ago(now - passed, now=now) == text


def test_a_number_agrees_with_its_noun() -> None:
    assert [counted(count, "event") for count in (0, 1, 2)] == ["0 events", "1 event", "2 events"]
    assert counted(2, "address", "addresses") == "2 addresses"


def test_before_the_first_read_the_feeds_of_the_file_are_new(line: CommandLine) -> None:
    rows = line.feeds()
    assert {slug: row["state"] for slug, row in rows.items()} == dict.fromkeys(rows, "new")
    assert [row["url"] for row in rows.values()] == [None] * 3
    shown = line("feeds").stdout
    assert shown.count("Not read yet: `zoho-bridge serve`") == 3
    line.toml.write_text("")
    assert "There are no feeds yet: run `zoho-bridge refresh`" in line("feeds").stderr


def test_an_unknown_variable_is_a_warning(line: CommandLine) -> None:
    """docs/settings.md: a variable that begins with BRIDGE_ and is not listed is a warning."""
    for command in ("feeds", "config"):
        assert "BRIDGE_PUBLIK_URL" in line(command, BRIDGE_PUBLIK_URL="x").stderr


def test_export_writes_exactly_the_published_bytes(line: CommandLine) -> None:
    line("refresh", "group")
    keys = SecretKeys((line.data_dir / "secret.key").read_text())
    store = Store.open(f"sqlite:///{line.data_dir}/bridge.sqlite3", keys)
    document = store.publications.document("group", "default")
    store.close()
    result = line("export", "group")
    assert document is not None
    assert result.stdout_bytes == document.body
    assert document.body.startswith(b"BEGIN:VCALENDAR\r\n")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.slow
def test_colours_are_for_terminals_without_no_color(line: CommandLine) -> None:
    """no-color.org: any value that is not empty."""
    line("refresh", "group")

    def screen(no_color: str, term: str = "xterm") -> str:
        return run_on_terminal(line, "feeds", NO_COLOR=no_color, TERM=term)[1]

    assert "\x1b[32mfresh\x1b[0m" in screen("")
    assert "\x1b" not in screen("1")
    assert "\x1b" not in screen("", "dumb")
    assert "\x1b" not in line("feeds").stdout
