"""Writing of ``[[feed]]`` blocks: the file means what it meant before, plus the new feeds.

What the file means is read with Python's own tomllib, and by the loader of settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import tomllib
from typing import Never

from hypothesis import given, strategies as st
import pytest

from bridge.config import load
from bridge.config.write import append_feeds, replace_file
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.domain.source_rule import Condition, SourceRule
from bridge.domain.text import one_line
from bridge.errors import BridgeError
from tests.config.toml_text import toml

# As a person writes it: comments, an own order, several ways to quote, no line break at the end.
TYPED = """\
# Calendars of Northwind

[[feed]]   # the first one
sources = [{connect='7',network="8"}] # the board
slug    = 'board'
title   = \"\"\"The board's \\
  days\"\"\"

[zoho]
connect_timezone = 'Europe/Berlin'

  [[feed]]
  slug = "merged"
  past = "7d"
  sources = [
    { calendar = "c" },   # keep
    { backstage = "1", brand = "7" },
  ]
# the end"""

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.floats(allow_nan=False)
    | st.datetimes()
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS.filter(lambda key: key != "feed"), VALUES, max_size=5)
IDS = st.text(st.sampled_from("abcXYZ019_-=.@"), min_size=1, max_size=12).map("x".__add__)
EMPTY_OR_7 = st.sampled_from(["", "7"])
SOURCES = st.one_of(
    st.builds(BackstageSource, portal=IDS, event=EMPTY_OR_7, brand=EMPTY_OR_7),
    st.builds(ConnectSource, group=IDS, network=IDS),
    st.builds(ConnectSource, group=st.just("1,2"), network=IDS),
    st.builds(CalendarSource, calendar=IDS),
)
SOURCE_LISTS = st.lists(SOURCES, min_size=1, max_size=3, unique_by=lambda source: source.key)
CONDITIONS = st.builds(
    Condition,
    words=st.sampled_from([(), ("ops", 'a "b"')]),
    private=st.sampled_from([None, True, False]),
)
FEEDS = st.builds(
    Feed,
    slug=st.from_regex("new-[a-z0-9-]{1,20}", fullmatch=True),
    title=st.text(max_size=300).map(one_line).filter(bool),
    sources=SOURCE_LISTS.map(tuple),
    public=st.booleans(),
    privacy=st.sampled_from(["full", "busy"]),
    past=st.integers(0, 3650).map(lambda days: timedelta(days=days)),
)


def with_rule(feed: Feed, rule: SourceRule) -> Feed:
    """Return a feed with a rule for its first source, if the rule changes anything."""
    rules = (replace(rule, source=feed.sources[0].key),) if rule != SourceRule() else ()
    return replace(feed, rules=rules)


RULES = st.builds(
    SourceRule, prefix=st.sampled_from(["", "Ops: "]), only=CONDITIONS, without=CONDITIONS
)
NEW_FEEDS = st.lists(
    st.builds(with_rule, FEEDS, RULES), min_size=1, max_size=3, unique_by=lambda feed: feed.slug
)
ENDS = st.sampled_from(["", "\n", "\n\n", "\n# the end", "\n\t# the end\n\n"])


@given(document=DOCUMENTS, feeds=NEW_FEEDS, end=ENDS, newline=st.sampled_from(["\n", "\r\n"]))
def test_a_document_keeps_its_meaning_and_gains_the_new_feeds(
    document: Mapping[str, object], feeds: Sequence[Feed], end: str, newline: str
) -> None:
    lines = [f"{toml(key)} = {toml(value)}" for key, value in document.items()]
    text = ("\n".join(lines) + end).replace("\n", newline)
    names = {source.key: feed.title for feed in feeds for source in feed.sources}
    extended = append_feeds(text, feeds, names)
    after = tomllib.loads(extended)
    blocks = after.pop("feed")
    assert after == tomllib.loads(text)
    assert extended.startswith(text)
    assert [(block["slug"], block["title"]) for block in blocks] == [
        (feed.slug, feed.title) for feed in feeds
    ]


@given(feeds=NEW_FEEDS, text=st.sampled_from([TYPED, TYPED.replace("\n", "\r\n"), "", "# none\n"]))
def test_settings_load_the_feeds_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, feeds: Sequence[Feed], text: str
) -> None:
    """The loader knows the defaults that the writer leaves out."""
    path = tmp_path_factory.mktemp("toml") / "bridge.toml"
    path.write_bytes(text.encode())
    before = load({}, config_path=path).feeds
    path.write_bytes(append_feeds(text, feeds, {}).encode())
    assert load({}, config_path=path).feeds == (*before, *feeds)


def test_a_block_has_the_keys_that_differ_from_the_defaults_and_names_in_comments() -> None:
    sources = (CalendarSource(calendar="c="), ConnectSource(group="1,2", network="7"))
    feed = Feed(slug="a", title='A "b"', sources=sources, past=timedelta(weeks=1), alarms=False)
    feed = replace(feed, reminder=timedelta(minutes=90))
    assert append_feeds("# mine", [feed], {"calendar:c=": "Work\n[zoho]"}) == (
        "# mine\n\n"
        '[[feed]]\nslug = "a"\ntitle = "A \\"b\\""\nalarms = false\nreminder = "90m"\npast = "7d"\n'
        'sources = [\n  { calendar = "c=" }, # Work [zoho]\n'
        '  { connect = ["1", "2"], network = "7" },\n]\n'
    )


@pytest.mark.parametrize("text", ["feed = []\n", "feed = [{ slug = 'a' }]"])
def test_text_that_can_not_be_extended_by_blocks_is_refused(text: str) -> None:
    """TOML allows no ``[[feed]]`` after ``feed = [ … ]``."""
    feed = Feed(slug="a", title="A", sources=(CalendarSource(calendar="c"),))
    with pytest.raises(BridgeError, match="rewrite them"):
        append_feeds(text, [feed], {})


def test_a_file_that_can_not_be_replaced_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is a file that is mounted alone into a container."""
    path = tmp_path / "bridge.toml"
    path.write_text("old")

    def refuse(*_: object) -> Never:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(type(path), "replace", refuse)
    with pytest.raises(BridgeError, match="busy"):
        replace_file(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["bridge.toml"]
    assert path.read_text() == "old"
