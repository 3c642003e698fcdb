"""The settings as ``zoho-bridge config`` prints them: each with where it came from, no secret in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
import json
from zoneinfo import ZoneInfo

from bridge.config.names import FEED_KEYS, SETTINGS, TABLES
from bridge.config.secret import Secret
from bridge.config.settings import Settings
from bridge.config.urls import masked
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, ConnectSource, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One setting: ``value`` is fit to be shown, and for a secret only whether it is set."""

    key: str
    value: str | int | bool
    origin: str
    secret: bool = False


def redacted(settings: Settings) -> str:
    """Write all settings as TOML, with secrets and passwords hidden and, in a comment, each one's origin."""
    lines = [f"# configuration file: {settings.config_path or 'none'}"]
    for table in TABLES:
        lines += ["", f"[{table}]"]
        for one in _settings(settings, table):
            value = (
                (f"set (from {one.origin})" if one.value else "not set")
                if one.secret
                else one.value
            )
            lines.append(f"{one.key} = {_toml(value)}  # {one.origin}")
    if not settings.feeds:
        lines += [
            "",
            "# no [[feed]]: each portal, group and calendar that the account can see becomes a feed",
        ]
    for feed in settings.feeds:
        lines += [
            "",
            "[[feed]]",
            *(f"{one.key} = {_toml(one.value)}  # {one.origin}" for one in _feed(settings, feed)),
        ]
        lines += ["sources = [", *(f"  {inline(source)}," for source in feed.sources), "]"]
    return "\n".join(lines) + "\n"


def described(settings: Settings) -> dict[str, object]:
    """Give the same for programs: each setting with ``value`` and ``origin``, a secret with ``set`` and ``origin``."""
    tables = {
        table: {
            one.key: {"set" if one.secret else "value": one.value, "origin": one.origin}
            for one in _settings(settings, table)
        }
        for table in TABLES
    }
    feeds = [
        {one.key: {"value": one.value, "origin": one.origin} for one in _feed(settings, feed)}
        | {
            "sources": {
                "value": [ids(source) for source in feed.sources],
                "origin": _feed_origin(settings, feed),
            }
        }
        for feed in settings.feeds
    ]
    return {
        "config_path": str(settings.config_path) if settings.config_path else None,
        **tables,
        "feed": feeds,
    }


def inline(source: Source) -> str:
    """Write a source as the inline table that it is in bridge.toml."""
    return f"{{ {', '.join(f'{key} = {_toml(value)}' for key, value in ids(source).items())} }}"


def ids(source: Source) -> dict[str, str | list[str]]:
    """Give a source by the keys that it has in bridge.toml."""
    if isinstance(source, BackstageSource):
        every = {"backstage": source.portal, "event": source.event, "brand": source.brand}
        return {key: text for key, text in every.items() if text}
    if isinstance(source, ConnectSource):
        several = len(source.groups) > 1
        return {
            "connect": list(source.groups) if several else source.group,
            "network": source.network,
        }
    return {"calendar": source.calendar}


def plain_value(value: object) -> str | int | bool:
    """Give a setting's value in the type that it has in bridge.toml; nothing is an empty text."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, timedelta):
        return f"{value.days}d"
    if isinstance(value, ZoneInfo):
        return value.key
    return "" if value is None else str(value)


def _settings(settings: Settings, table: str) -> Iterator[_Line]:
    for setting in SETTINGS.values():
        if setting.table != table or setting.name == "BRIDGE_CONFIG":
            continue
        value = getattr(settings.zoho if table == "zoho" else settings, setting.key)
        origin = _origin(settings, setting.name)
        if isinstance(value, Secret):
            yield _Line(key=setting.key, value=bool(value), origin=origin, secret=True)
        else:
            text = masked(value) if setting.secret else plain_value(value)
            yield _Line(key=setting.key, value=text, origin=origin)


def _feed(settings: Settings, feed: Feed) -> Iterator[_Line]:
    for key in FEED_KEYS:
        if key != "sources":
            yield _Line(
                key=key,
                value=plain_value(getattr(feed, key)),
                origin=_origin(settings, f"feed.{feed.slug}.{key}"),
            )


def _feed_origin(settings: Settings, feed: Feed) -> str:
    return _origin(settings, f"feed.{feed.slug}.sources")


def _origin(settings: Settings, name: str) -> str:
    if (
        name == "BRIDGE_DATABASE_URL"
        and "DATABASE_URL" in settings.origins
        and name not in settings.origins
    ):
        return f"{settings.origins['DATABASE_URL']}, DATABASE_URL"
    return settings.origins.get(name, "default")


def _toml(value: str | int | bool | list[str]) -> str:
    return json.dumps(
        value, ensure_ascii=False
    )  # which TOML writes alike, as far as these types go
