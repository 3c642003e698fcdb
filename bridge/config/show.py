"""Settings as ``zoho-bridge config`` prints them: each with its origin, without any secret."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
import json
from typing import Any

from bridge.config.feeds import FEED_KEYS, SOURCE_KEYS
from bridge.config.settings import Secret, Settings
from bridge.config.table import SETTINGS, TABLES
from bridge.config.urls import mask_url
from bridge.domain import codec
from bridge.domain.feed import Feed
from bridge.domain.source import ConnectSource, Source


def describe(settings: Settings) -> dict[str, Any]:
    """Return all settings for programs: by table and key, each with ``value`` and ``origin``.

    A secret has ``set`` instead of ``value``: whether there is one.
    """
    path = settings.config_path
    return {
        "config_path": str(path) if path else None,
        **{table: dict(_table(settings, table)) for table in TABLES},
        "feed": [_feed(feed, settings.origins) for feed in settings.feeds],
    }


def to_text(settings: Settings, *, complete: bool = False) -> str:
    """Return the same for people, as TOML with the origin of each setting in a comment.

    Only if ``complete`` is true, it has the settings that have their default.
    """
    description = describe(settings)
    lines = [f"# configuration file: {settings.config_path or 'none'}"]
    if not complete:
        lines.append("# `zoho-bridge config --all` shows the defaults, too.")
    for table in TABLES:
        lines += ["", f"[{table}]", *_lines(description[table], complete=complete)]
    if not settings.feeds:
        lines += ["", "# no [[feed]]: every portal, group and calendar of the account is a feed"]
    for feed in description["feed"]:
        lines += ["", "[[feed]]", *_lines(feed, complete=complete)]
    return "\n".join(lines) + "\n"


def toml(value: object) -> str:
    """Return a value as TOML: a table inline, a list of tables with one of them in each line."""
    match value:
        case dict():
            return f"{{ {', '.join(f'{key} = {toml(value[key])}' for key in value)} }}"
        case [dict(), *_]:
            return "\n".join(["[", *(f"  {toml(table)}," for table in value), "]"])
    return json.dumps(value, ensure_ascii=False)  # text, numbers, booleans and lists of text


def source_ids(source: Source) -> dict[str, Any]:
    """Return the fields of a source by the keys that they have in ``bridge.toml``."""
    defaults = {field.name: field.default for field in fields(source)}
    keys = SOURCE_KEYS[source.kind].items()
    ids = {
        key: value for key, (name, _) in keys if (value := getattr(source, name)) != defaults[name]
    }
    if isinstance(source, ConnectSource) and len(source.groups) > 1:
        ids["connect"] = list(source.groups)
    return ids


def feed_value(feed: Feed, key: str) -> object:
    """Return the value of a ``[[feed]]`` key. A source has its IDs and its rule."""
    if key != "sources":
        return plain_value(getattr(feed, key))
    return [source_ids(s) | codec.plain_rule(feed.rule_of(s.key)) for s in feed.sources]


def plain_value(value: object) -> object:
    """Return a value in the type that it has in ``bridge.toml``; None becomes empty text."""
    match value:
        case int():  # also a boolean
            return value
        case timedelta():
            days, minutes = value.days, value // timedelta(minutes=1)
            return f"{days}d" if value == timedelta(days=days) else f"{minutes}m"
    return str(value or "")  # of a ZoneInfo its name


def _table(settings: Settings, table: str) -> Iterator[tuple[str, dict[str, object]]]:
    owner = settings.zoho if table == "zoho" else settings
    for row in (row for row in SETTINGS if row.table == table):
        value = getattr(owner, row.key)
        if isinstance(value, timedelta):
            value = f"{value.seconds}s"
        if isinstance(value, Secret):
            shown: dict[str, object] = {"set": bool(value)}
        else:
            shown = {"value": mask_url(value) if row.secret else plain_value(value)}
        yield row.key, shown | {"origin": settings.origins.get(row.name, "default")}


def _feed(feed: Feed, origins: Mapping[str, str]) -> dict[str, dict[str, object]]:
    return {
        key: {
            "value": feed_value(feed, key),
            "origin": origins.get(f"feed.{feed.slug}.{key}", "default"),
        }
        for key in FEED_KEYS
    }


def _lines(keys: Mapping[str, Mapping[str, Any]], *, complete: bool) -> Iterator[str]:
    for key, entry in keys.items():
        origin = entry["origin"]
        if origin == "default" and not complete:
            continue
        secret = f"set (from {origin})" if entry.get("set") else "not set"
        comment = f"  # {origin}" * (key != "sources")
        yield f"{key} = {toml(entry.get('value', secret))}{comment}"
