"""The ``[[feed]]`` tables of ``bridge.toml``: keys, sources, and what is refused."""

from datetime import timedelta
import json
from pathlib import Path
import tomllib

import pytest

from bridge.config import load
from bridge.config.show import to_text
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.domain.source_rule import NO_RULE, Condition, SourceRule
from tests.config.loading import FEED, SOURCES, load_toml, problem, problems


def test_a_feed_with_every_key() -> None:
    text = """
[[feed]]
slug = "marketing"
title = "Marketing events 👩‍💻"
public = true
privacy = "busy"
alarms = false
reminder = "15m"
past = "2w"
future = "1825d"
exceptions = "recurrence-id"
cancelled = "drop"
show_private = true
sources = [
  { backstage = "19593237" },
  { backstage = 19593237, event = 2000000000022, brand = "7" },
  { connect = "929000000439015", network = "929000000015001" },
  { calendar = "l9WWZCf_SJWcr3uIuBOq5g==" },
]
"""
    (feed,) = load_toml(text).feeds
    assert feed == Feed(
        slug="marketing",
        title="Marketing events 👩‍💻",
        public=True,
        privacy="busy",
        alarms=False,
        reminder=timedelta(minutes=15),
        past=timedelta(days=14),
        future=timedelta(days=1825),
        exceptions="recurrence-id",
        cancelled="drop",
        show_private=True,
        sources=(
            BackstageSource(portal="19593237"),
            BackstageSource(portal="19593237", event="2000000000022", brand="7"),
            ConnectSource(group="929000000439015", network="929000000015001"),
            CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g=="),
        ),
    )


def test_a_feed_needs_only_a_slug_and_sources() -> None:
    (feed,) = load_toml(FEED + SOURCES).feeds
    assert feed == Feed(slug="a", title="a", sources=(CalendarSource(calendar="c"),))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'past = "90"',
            'past = "90": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        (
            "past = 90",
            'past = 90: write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        (
            'past = "18m"',
            'past = "18m": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        ('past = "3651d"', 'past = "3651d": write "0d" to "3650d".'),
        ('past = "522w"', 'past = "522w": write "0d" to "3650d".'),
        ('future = "0d"', 'future = "0d": write "1d" to "1825d".'),
        ('future = "1826d"', 'future = "1826d": write "1d" to "1825d".'),
        (
            'future = "٣d"',
            'future = "٣d": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        ('public = "false"', 'public = "false": write true or false, without quotes.'),
        ("alarms = 1", 'alarms = 1: write true, false or "nearest".'),
        *(
            (
                f"reminder = {value}",
                f'reminder = {value}: write minutes, hours or days in quotes, from "0m" to "28d".',
            )
            for value in ("15", '"15"', '"-15m"', '"15s"', '"29d"', '"1h30m"', "true")
        ),
        ('privacy = "none"', 'privacy = "none": write one of "full", "busy".'),
        ('exceptions = "both"', 'exceptions = "both": write one of "detached", "recurrence-id".'),
        ("cancelled = true", 'cancelled = true: write one of "mark", "status", "drop".'),
        ("title = 2026-01-01", 'title = 2026-01-01: write it as text in quotes ("…").'),
        ('title = " "', 'title = " ": it is empty: write a value or leave the setting out.'),
        (
            'title = "a\\nb"',
            'title = "a?b": it holds a line break or control character: write it in one line.',
        ),
        ('titel = "x"', '"titel": a feed has no such key: did you mean title?'),
    ],
)
def test_a_wrong_key_of_a_feed_gets_a_sentence(line: str, message: str) -> None:
    assert problem({}, f"{FEED}{line}\n{SOURCES}") == f'feed "a": {message}'


@pytest.mark.parametrize("slug", ["", "A", "a_b", "ä", "a/b", "x" * 65, "a\n"])
def test_a_slug_is_of_small_letters_digits_and_hyphens(slug: str) -> None:
    message = problem({}, f"[[feed]]\nslug = {json.dumps(slug)}\n{SOURCES}")
    assert "1 to 64 small letters (a-z), digits and hyphens" in message
    assert len(load_toml(f'[[feed]]\nslug = "{"x" * 64}"\n{SOURCES}').feeds) == 1


def test_a_slug_is_required_and_unique() -> None:
    assert problem({}, f"[[feed]]\n{SOURCES}").startswith("feed number 1: slug is missing")
    assert "another feed has it already" in problem({}, (FEED + SOURCES) * 2)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("[]", "sources = […]: write a list of at least one source"),
        ('{ calendar = "c" }', "sources = {…}: write a list"),
        ('"c"', 'sources = "c": write a list'),
        ('["c"]', "source number 1: write it as { key = value } with exactly one of"),
        ("[{}]", "source number 1: write it as { key = value } with exactly one of"),
        (
            '[{ calendar = "c", backstage = "1" }]',
            "source number 1: write it as { key = value } with exactly one of",
        ),
        ('[{ network = "1" }]', "source number 1: write it as { key = value } with exactly one of"),
        ('[{ connect = "1" }]', "source number 1: network is missing"),
        (
            '[{ calendar = "c", event = "1" }]',
            'source number 1: "event": a calendar source has no such key',
        ),
        ('[{ backstage = "1", evnt = "1" }]', "did you mean event?"),
        ('[{ calendar = "c" }, { calendar = "c" }]', "source number 2: it is in the list already"),
        ('[{ backstage = "1" }, { backstage = 1 }]', "source number 2: it is in the list already"),
        ("[{ backstage = 9007199254740992 }]", "write the ID in quotes"),
        ("[{ backstage = true }]", 'backstage = true: write it as text in quotes ("…").'),
        ("[{ backstage = -1 }]", "write the ID in quotes"),
        ("[{ backstage = 1.0 }]", 'write it as text in quotes ("…").'),
        ('[{ backstage = "" }]', "it is empty"),
        ('[{ backstage = ".." }]', "it is not an ID of Zoho"),
        ('[{ backstage = "1/events/2" }]', "it is not an ID of Zoho"),
        ('[{ backstage = "1?x=y" }]', "it is not an ID of Zoho"),
        (
            f"[{{ backstage = 0x{'f' * 5000} }}]",
            "backstage = (a huge number): write the ID in quotes",
        ),
    ],
)
def test_wrong_sources_get_a_sentence(sources: str, message: str) -> None:
    text = problem({}, f"{FEED}sources = {sources}\n")
    assert text.startswith('feed "a": ')
    assert message in text


RULES = """
sources = [
  { calendar = "c", prefix = "Ops: ", only = { words = ["ops", "Café"], all_day = false } },
  { backstage = "1", without = { categories = ["Lunch"], private = true, declined = true } },
  { backstage = "2" },
]
"""


def test_a_source_may_have_rules() -> None:
    (feed,) = load_toml(FEED + RULES).feeds
    assert feed.rules == (
        SourceRule(
            source="calendar:c",
            prefix="Ops: ",
            only=Condition(words=("ops", "Café"), all_day=False),
        ),
        SourceRule(
            source="backstage:1",
            without=Condition(categories=("Lunch",), private=True, declined=True),
        ),
    )
    assert feed.rule_of("backstage:2") == NO_RULE


def test_rules_are_shown_as_they_are_written() -> None:
    (shown,) = tomllib.loads(to_text(load_toml(FEED + RULES)))["feed"]
    assert shown["sources"] == tomllib.loads(RULES)["sources"]


def test_all_mistakes_in_rules_are_reported_at_once() -> None:
    text = """sources = [
  { calendar = "c", prefx = "x", only = { wrds = ["x"], all_day = "yes" } },
  { backstage = "1", prefix = "", without = { words = [], categories = "x", private = 1 } },
  { backstage = "2", prefix = "a\\nb", without = {}, only = [] },
  { backstage = "3", without = { words = ["*", 7] } },
]
"""
    found = problems({}, FEED + text)
    assert [line.removeprefix('feed "a": source number ') for line in found] == [
        '1: "prefx": a calendar source has no such key: did you mean prefix?',
        '1: only: "wrds": a rule has no such key: did you mean words?',
        '1: only: all_day = "yes": write true or false, without quotes.',
        '2: prefix = "": it is empty: write a value or leave the setting out.',
        '2: without: words = […]: write a list of at least one text, ["…", "…"].',
        '2: without: categories = "x": write a list of at least one text, ["…", "…"].',
        "2: without: private = 1: write true or false, without quotes.",
        '3: prefix = "a?b": it holds a line break or control character: write it in one line.',
        '3: without = {…}: write a table of conditions, such as { words = ["…"] }.',
        '3: only = […]: write a table of conditions, such as { words = ["…"] }.',
        '4: without: words = […]: write it as text in quotes ("…").',
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (f'prefix = "{"x" * 61}"', "it is too long: write at most 60 characters."),
        ('only = { words = ["**"] }', "a word has no letters or digits"),
        (f'only = {{ words = ["{"x" * 256}"] }}', "write at most 255."),
    ],
)
def test_values_of_rules_have_limits(rule: str, message: str) -> None:
    assert message in problem({}, f'{FEED}sources = [{{ calendar = "c", {rule} }}]')


PARTITIONS = """
sources = [
  { connect_url = "creative-team", network = "9" },
  { connect_url = "wall", partition = "DEFAULT", network = "9" },
  { connect = ["1", "2"], network = "9", shared_with_me = true },
]
"""


def test_a_group_may_be_named_by_its_url_and_only_invitations_read() -> None:
    settings = load_toml(FEED + PARTITIONS)
    (feed,) = settings.feeds
    assert feed.sources == (
        ConnectSource(url="creative-team", network="9"),
        ConnectSource(url="wall", partition="DEFAULT", network="9"),
        ConnectSource(group="1,2", network="9", shared_with_me=True),
    )
    (shown,) = tomllib.loads(to_text(settings))["feed"]
    assert shown["sources"] == tomllib.loads(PARTITIONS)["sources"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('connect_url = "a", connect = "1", network = "9"', "with exactly one of backstage"),
        ('connect_url = "a"', 'network is missing: write { connect = "group", network = "…" }.'),
        ('connect_url = "a/b", network = "9"', "it is not an ID of Zoho"),
        (
            'connect_url = "a", partition = "ALL", network = "9"',
            'partition = "ALL": write one of "GROUP", "DEFAULT".',
        ),
        (
            'connect = "1", partition = "DEFAULT", network = "9"',
            '"partition": a connect source has no such key',
        ),
        ('calendar = "c", shared_with_me = true', "a calendar source has no such key"),
        ('connect = "1", network = "9", shared_with_me = 1', "write true or false"),
    ],
)
def test_wrong_partitions_get_a_sentence(source: str, message: str) -> None:
    assert message in problem({}, f"{FEED}sources = [{{ {source} }}]\n")


@pytest.mark.parametrize("color", ['"#8cbf4"', '"8cbf40"', '"green"', '"#8cbf4g"', "7", '""'])
def test_a_colour_is_written_as_six_digits(color: str) -> None:
    assert problem({}, f"{FEED}color = {color}\n{SOURCES}") == (
        f'feed "a": color = {color}: write "#" and six hexadecimal digits in quotes, '
        'such as "#8cbf40".'
    )


def connect_source(value: str) -> ConnectSource:
    """Return the source whose key ``connect`` has a value."""
    (feed,) = load_toml(f'{FEED}sources = [{{ connect = {value}, network = "7" }}]\n').feeds
    (source,) = feed.sources
    assert isinstance(source, ConnectSource)
    return source


def test_several_groups_of_connect_are_one_source_in_any_order() -> None:
    """They are read with one request (Zoho Connect: upcomingEvents, selectedPartIds)."""
    both = connect_source('["929000000439015", "929000000295001"]')
    assert both == ConnectSource(group="929000000295001,929000000439015", network="7")
    assert both == connect_source('[929000000295001, " 929000000439015"]')
    assert both.key == "connect:7/929000000295001,929000000439015"
    assert both.groups == ("929000000295001", "929000000439015")
    alone = connect_source('["1"]')
    assert alone == ConnectSource(group="1", network="7")
    assert alone == connect_source('"1"') == connect_source("1")
    assert alone.key == "connect:7/1"
    assert len(connect_source(str([str(10**18 + n) for n in range(50)])).groups) == 50


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", 'connect = […]: the list is empty: write the ID of at least one group, ["…"].'),
        ('["1", true]', 'connect = […]: write it as text in quotes ("…").'),
        ('["1", ["2"]]', 'connect = […]: write it as text in quotes ("…").'),
        ('["1", ""]', "it is empty: write a value or leave the setting out."),
        ('["1/2"]', "it is not an ID of Zoho"),
        ('["1", "2", 1]', "it holds a group twice: remove one of the two."),
        (
            '["1,2"]',
            'it holds a comma: write several groups as a list, ["…", "…"].',
        ),
        ('"1,2"', 'connect = "1,2": it holds a comma: write several groups as a list, ["…", "…"].'),
        ('{ group = "1" }', 'connect = {…}: write it as text in quotes ("…").'),
        (
            str([str(10**18 + n) for n in range(51)]),
            "the IDs are longer than 1000 characters: make two sources",
        ),
    ],
)
def test_wrong_groups_of_connect_get_a_sentence(value: str, message: str) -> None:
    text = problem({}, f'{FEED}sources = [{{ connect = {value}, network = "7" }}]\n')
    assert text.startswith('feed "a": source number 1: connect = ')
    assert message in text


def test_only_groups_may_be_a_list() -> None:
    for source in ('backstage = ["1", "2"]', 'connect = "1", network = ["2"]', 'calendar = ["c"]'):
        message = problem({}, f"{FEED}sources = [{{ {source} }}]\n")
        assert message.endswith(' = […]: write it as text in quotes ("…").')


def test_the_same_groups_in_another_order_are_the_same_source() -> None:
    sources = '{ connect = ["1", "2"], network = "7" }, { connect = ["2", "1"], network = "7" }'
    message = problem({}, f"{FEED}sources = [{sources}]\n")
    assert message == 'feed "a": source number 2: it is in the list already: remove one of the two.'


def test_several_groups_are_shown_as_a_list() -> None:
    """What ``zoho-bridge config`` prints is TOML that gives the same feeds."""
    sources = '{ connect = ["2", "1"], network = "7" }, { connect = "3", network = "7" }'
    text = f"{FEED}sources = [{sources}]\n"
    shown = to_text(load_toml(text))
    assert '{ connect = ["1", "2"], network = "7" },' in shown
    assert '{ connect = "3", network = "7" },' in shown


def test_an_id_may_be_an_integer_up_to_the_largest_that_no_tool_rounds() -> None:
    (feed,) = load_toml(f"{FEED}sources = [{{ backstage = {2**53 - 1} }}]\n").feeds
    assert feed.sources == (BackstageSource(portal="9007199254740991"),)


def test_a_feed_url_that_is_too_long_for_google_is_refused(
    tmp_path: Path,
) -> None:
    """Rulebook H14: 256 characters in all. /f/ + 24 of the token + / + slug + .ics."""
    fits = "https://" + "x" * (256 - len("https:///f//a.ics") - 24)
    assert len(load_toml(FEED + SOURCES, BRIDGE_PUBLIC_URL=fits).feeds) == 1
    message = problem({"BRIDGE_PUBLIC_URL": f"{fits}x"}, FEED + SOURCES)
    assert message.startswith('feed "a": its address would be 257 characters long')
    (tmp_path / "bridge.toml").unlink()
    assert load({"BRIDGE_PUBLIC_URL": f"{fits}x"}).feeds == ()


def test_private_events_in_a_public_feed_are_a_warning() -> None:
    (warning,) = load_toml(f"{FEED}public = true\nshow_private = true\n{SOURCES}").warnings
    assert 'feed "a"' in warning
