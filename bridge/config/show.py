"""The settings as ``zoho-bridge config`` prints them: as TOML, each with where it came from, no secret in it."""

from datetime import timedelta
import json
from zoneinfo import ZoneInfo

from bridge.config.names import FEED_KEYS, SETTINGS, TABLES
from bridge.config.secret import Secret
from bridge.config.settings import Settings
from bridge.config.urls import masked
from bridge.model import BackstageSource, ConnectSource, Feed, Source


def redacted(settings: Settings) -> str:
    """Write all settings as TOML, with secrets and passwords hidden and, in a comment, each one's origin."""
    lines = [f"# configuration file: {settings.config_path or 'none'}"]
    for table in TABLES:
        lines += ["", f"[{table}]"]
        for setting in SETTINGS.values():
            holder = settings.zoho if table == "zoho" else settings
            if setting.table != table or setting.name == "BRIDGE_CONFIG":
                continue
            value = getattr(holder, setting.key)
            origin = _origin(settings, setting.name)
            if isinstance(value, Secret):
                text = _quoted(f"set (from {origin})" if value else "not set")
            elif setting.secret:
                text = _quoted(masked(value))
            else:
                text = _value(value)
            lines.append(f"{setting.key} = {text}  # {origin}")
    if not settings.feeds:
        lines += ["", "# no [[feed]]: each portal, group and calendar that the account can see becomes a feed"]
    for feed in settings.feeds:
        lines += ["", "[[feed]]"]
        lines += _feed(settings, feed)
    return "\n".join(lines) + "\n"


def _feed(settings: Settings, feed: Feed) -> list[str]:
    lines = []
    for key in FEED_KEYS:
        if key == "sources":
            lines += ["sources = [", *(f"  {_source(source)}," for source in feed.sources), "]"]
        else:
            origin = _origin(settings, f"feed.{feed.slug}.{key}")
            lines.append(f"{key} = {_value(getattr(feed, key))}  # {origin}")
    return lines


def _origin(settings: Settings, name: str) -> str:
    if name == "BRIDGE_DATABASE_URL" and "DATABASE_URL" in settings.origins and name not in settings.origins:
        return f"{settings.origins['DATABASE_URL']}, DATABASE_URL"
    return settings.origins.get(name, "default")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, timedelta):
        return f'"{value.days}d"'
    if isinstance(value, ZoneInfo):
        return _quoted(value.key)
    return _quoted("" if value is None else str(value))


def _source(source: Source) -> str:
    if isinstance(source, BackstageSource):
        ids = {"backstage": source.portal, "event": source.event, "brand": source.brand}
    elif isinstance(source, ConnectSource):
        ids = {"connect": source.group, "network": source.network}
    else:
        ids = {"calendar": source.calendar}
    return f"{{ {', '.join(f'{key} = {_quoted(text)}' for key, text in ids.items() if text)} }}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
