"""The ``[[feed]]`` tables of ``bridge.toml``: their keys, and how they become feeds.

A new key is a row here, a field of ``Feed`` (which holds its default) or of a source, and a row in
``docs/settings.md``.
"""

from collections.abc import Mapping
from typing import Any

from bridge.config import values
from bridge.config.addresses import LONGEST_URL, url_length
from bridge.config.messages import collect, quote, suggest
from bridge.domain.feed import Feed
from bridge.domain.source import SOURCE_TYPES, Source
from bridge.domain.source_rule import Condition, SourceRule
from bridge.errors import ConfigError

_ID = values.upstream_id

# The keys of each kind of source: the field of the source that it sets, and its parser.
SOURCE_KEYS: Mapping[str, Mapping[str, tuple[str, values.Parser]]] = {
    "backstage": {"backstage": ("portal", _ID), "event": ("event", _ID), "brand": ("brand", _ID)},
    "connect": {
        "connect": ("group", values.group_ids),
        "connect_url": ("url", _ID),
        "partition": ("partition", values.choice("GROUP", "DEFAULT")),
        "network": ("network", _ID),
        "shared_with_me": ("shared_with_me", values.flag),
    },
    "calendar": {"calendar": ("calendar", _ID)},
}
_NAMING_KEYS = (*SOURCE_TYPES, "connect_url")
_CONDITIONS: Mapping[str, values.Parser] = {
    "words": values.words,
    "categories": values.words,
    **dict.fromkeys(("all_day", "private", "declined"), values.flag),
}


def parse_feeds(tables: object, public_url: str, problems: list[str]) -> tuple[Feed, ...]:
    """Parse all ``[[feed]]`` tables; leave out wrong ones and append what is wrong to ``problems``.

    ``public_url`` counts for the length of the feeds' URLs.
    """
    if not isinstance(tables, list):
        remedy = "write each feed under a heading [[feed]], in double brackets."
        problems.append(f"feed = {quote(tables)}: {remedy}")
        return ()
    feeds: dict[str, Feed] = {}
    for number, table in enumerate(tables, 1):
        slug = table.get("slug") if isinstance(table, dict) else None
        label = f"feed {quote(slug)}" if isinstance(slug, str) else f"feed number {number}"
        with collect(problems, f"{label}: "):
            feed = _parse_feed(table)
            if feed.slug in feeds:
                raise ConfigError("slug: another feed has it already: each feed needs its own.")
            length = url_length(feed.slug, public_url)
            if length > LONGEST_URL:
                limit = f"{length} characters long, and Google Calendar accepts {LONGEST_URL}"
                raise ConfigError(f"its address would be {limit}: shorten the slug.")
            feeds[feed.slug] = feed
    return tuple(feeds.values())


def _parse_feed(table: object) -> Feed:
    if not isinstance(table, dict):
        raise ConfigError("write it as a table under a heading [[feed]].")
    required = {
        "slug": 'write slug = "…", which becomes the last part of the feed\'s address.',
        "sources": 'write sources = [ { calendar = "…" } ] or of another kind.',
    }
    fields = _parse_table(table, FEED_KEYS, "a feed", required)
    rules = tuple(
        rule for rule in fields["sources"].values() if rule != SourceRule(source=rule.source)
    )
    sources = tuple(fields.pop("sources"))
    return Feed(**{"title": fields["slug"], **fields}, sources=sources, rules=rules)


def _parse_sources(value: object) -> Mapping[Source, SourceRule]:
    if not isinstance(value, list) or not value:
        raise ValueError('write a list of at least one source, [ { calendar = "…" } ].')
    sources: dict[Source, SourceRule] = {}
    problems: list[str] = []
    for number, table in enumerate(value, 1):
        with collect(problems, f"source number {number}: "):
            source, rule = _parse_source(table)
            if source in sources:
                raise ConfigError("it is in the list already: remove one of the two.")
            sources[source] = rule
    if problems:
        raise ConfigError(*problems)
    return sources


def _parse_source(table: object) -> tuple[Source, SourceRule]:
    names = [name for name in _NAMING_KEYS if isinstance(table, dict) and name in table]
    if not isinstance(table, dict) or len(names) != 1:
        known = "backstage, connect or connect_url (with network), calendar"
        raise ConfigError(f"write it as {{ key = value }} with exactly one of {known}.")
    kind = next(kind for kind in SOURCE_TYPES if names[0].startswith(kind))
    keys = dict(SOURCE_KEYS[kind])
    if names == ["connect"]:
        del keys["partition"]
    parsers = RULE_KEYS | {name: parse for name, (_, parse) in keys.items()}
    network = {"network": 'write { connect = "group", network = "…" }.'}
    parsed = _parse_table(table, parsers, f"a {kind} source", network if kind == "connect" else {})
    ids = {keys[name][0]: value for name, value in parsed.items() if name in keys}
    source = SOURCE_TYPES[kind](**ids)
    rule = {name: value for name, value in parsed.items() if name in RULE_KEYS}
    return source, SourceRule(source=source.key, **rule)


def _parse_condition(value: object) -> Condition:
    if not isinstance(value, dict) or not value:
        raise ValueError('write a table of conditions, such as { words = ["…"] }.')
    return Condition(**_parse_table(value, _CONDITIONS, "a rule", {}))


# The keys of a rule for the events of a source, which every kind of source can have.
RULE_KEYS: dict[str, values.Parser] = {
    "prefix": values.prefix,
    "only": _parse_condition,
    "without": _parse_condition,
}


def _parse_table(
    table: Mapping[str, object],
    parsers: Mapping[str, values.Parser],
    owner: str,
    required: Mapping[str, str],
) -> dict[str, Any]:
    """Parse a table key by key; raise ConfigError with every wrong, unknown and missing key."""
    parsed: dict[str, Any] = {}
    problems = [f"{key} is missing: {required[key]}" for key in required if key not in table]
    for key, value in table.items():
        if key not in parsers:
            hint = suggest(key, parsers)
            problems.append(f"{quote(key)}: {owner} has no such key: {hint}")
            continue
        try:
            parsed[key] = parsers[key](value)
        except ConfigError as error:  # of the tables inside
            label = f"{key}: " if key in RULE_KEYS else ""
            problems.extend(f"{label}{problem}" for problem in error.problems)
        except ValueError as error:
            problems.append(f"{key} = {quote(value)}: {error}")
    if problems:
        raise ConfigError(*problems)
    return parsed


FEED_KEYS: Mapping[str, values.Parser] = {
    "slug": values.slug,
    "title": values.title,
    "public": values.flag,
    "privacy": values.choice("full", "busy"),
    "alarms": values.alarms,
    "reminder": values.reminder,
    "past": values.days(0, 3650),
    "future": values.days(1, 1825),
    "exceptions": values.choice("detached", "recurrence-id"),
    "cancelled": values.choice("mark", "status", "drop"),
    "show_private": values.flag,
    "duplicates": values.choice("once", "keep"),
    "indexed": values.flag,
    "color": values.color,
    "sources": _parse_sources,
}
