"""Loading of all settings from the environment, files of secrets and ``bridge.toml``.

The environment wins over ``bridge.toml``. An empty value counts as not set. Every problem is
collected, so that all are reported at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
import tomllib
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from bridge.config import urls, values
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.feeds import parse_feeds
from bridge.config.messages import collect, quote, suggest
from bridge.config.settings import Secret, Settings, ZohoSettings
from bridge.config.table import CONFIG, SETTINGS, TABLES, environment_names
from bridge.errors import ConfigError


def load(environ: Mapping[str, str], *, config_path: Path | None = None) -> Settings:
    """Return the settings; raise ConfigError with every problem in them.

    Reads ``config_path``, or else the file that BRIDGE_CONFIG names, or ``./bridge.toml`` if it
    exists, and the files that ``*_FILE`` variables name.
    """
    problems: list[str] = []
    name = environ.get(CONFIG, "").strip()
    file = (config_path or Path(name or "bridge.toml")).absolute()
    path = file if config_path or name or file.exists() else None
    document: dict[str, Any] = {}
    with collect(problems):
        document = _parse_toml(path) if path else {}
    entries = _entries_in_toml(document, file.name, problems)
    entries |= _entries_in_environment(environ, problems)
    bridge, zoho = (_parse_entries(table, entries, problems) for table in TABLES)
    in_toml = "BRIDGE_DATA_DIR" in entries and entries["BRIDGE_DATA_DIR"].origin == file.name
    folder = (file.parent if in_toml else Path.cwd()) / bridge["data_dir"]
    bridge["data_dir"] = folder
    bridge["database_url"] = bridge["database_url"] or f"sqlite:///{folder / 'bridge.sqlite3'}"
    is_reported = any(problem.startswith("BRIDGE_SECRET_KEY") for problem in problems)
    is_postgres = bridge["database_url"].startswith("postgresql")
    if is_postgres and not bridge["secret_key"] and not is_reported:
        remedy = f"with PostgreSQL all processes need the same key: run `{values.KEY_COMMAND}`."
        problems.append(f"BRIDGE_SECRET_KEY is not set: {remedy}")
    if bridge["admin_proxy_header"] and not bridge["trusted_proxies"]:
        remedy = "set BRIDGE_TRUSTED_PROXIES to the number of proxies, or remove it"
        problems.append(f"BRIDGE_ADMIN_PROXY_HEADER needs a proxy that sets it: {remedy}.")
    center = DATA_CENTERS[zoho["data_center"]]
    zoho |= {key: url for key, url in center.urls().items() if not zoho[key]}
    tables = document.get("feed", [])
    feeds = parse_feeds(tables, bridge["public_url"], problems)
    if problems:
        raise ConfigError(*problems)
    origins = {name: entry.origin for name, entry in entries.items()}
    origins |= {f"feed.{table['slug']}.{key}": file.name for table in tables for key in table}
    account = ZohoSettings(**zoho)
    settings = Settings(config_path=path, **bridge, zoho=account, feeds=feeds, origins=origins)
    return replace(settings, warnings=(*_unknown_variables(environ), *_warnings(settings)))


class _Entry(NamedTuple):
    """A value that a person wrote."""

    value: object
    label: str  # its place, for messages
    origin: str


_Entries: TypeAlias = dict[str, _Entry]
_Table: TypeAlias = Mapping[str, object]


def _entries_in_toml(document: _Table, origin: str, problems: list[str]) -> _Entries:
    """Return the settings of a parsed ``bridge.toml`` by name."""
    entries: _Entries = {}
    for table, keys in document.items():
        rows = {row.key: row for row in SETTINGS if row.table == table}
        if table == "feed":
            continue
        if table not in TABLES:
            hint = suggest(table, (*TABLES, "feed"))
            problems.append(f"{quote(table)}: bridge.toml has no such table: {hint}")
        elif not isinstance(keys, dict):
            remedy = f"write it as a table, [{table}], with its keys below."
            problems.append(f"{table} = {quote(keys)}: {remedy}")
        else:
            for key, value in keys.items():
                row = rows.get(key)
                if row is None:
                    hint = suggest(key, [row.key for row in rows.values() if row.toml])
                    problems.append(f"[{table}] {quote(key)}: there is no such key: {hint}")
                elif not row.toml:
                    remedy = f"put it into {row.name} or {row.name}_FILE"
                    problems.append(f"[{table}] {key}: {remedy}: bridge.toml is often committed.")
                elif value != "":
                    entries[row.name] = _Entry(value, f"[{table}] {key}", origin)
    return entries


def _entries_in_environment(environ: Mapping[str, str], problems: list[str]) -> _Entries:
    """Return the settings of the environment, and of the files that it names, by name."""
    entries: _Entries = {}
    for row in SETTINGS:
        for name in row.names:
            alias = f", {name}" * (name != row.name)
            text = environ.get(name, "")
            path = environ.get(f"{name}_FILE", "") if row.file else ""
            with collect(problems):
                if text and path:
                    raise ValueError(f"{name} and {name}_FILE are both set: remove one of them.")
                if path:
                    label = f"{name} (from the file {quote(path)})"
                    text = _read_secret(Path(path), f"{name}_FILE = {quote(path)}")
                    entries[row.name] = _Entry(text, label, f"file {path}{alias}")
                elif text.strip():
                    entries[row.name] = _Entry(text, name, f"environment{alias}")
            if row.name in entries:
                break
    return entries


def _parse_entries(table: str, entries: _Entries, problems: list[str]) -> dict[str, Any]:
    """Return the settings of one table by key; absent and wrong ones have their default."""
    settings: dict[str, Any] = {}
    for row in (row for row in SETTINGS if row.table == table):
        settings[row.key] = row.default
        if row.name in entries:
            value, label, _ = entries[row.name]
            value = value.strip() if isinstance(value, str) and not row.secret else value
            quoted = "" if row.secret else f" = {quote(value)}"
            with collect(problems, f"{label}{quoted}: "):
                parsed = row.parse(value)
                is_hidden = isinstance(row.default, Secret)
                settings[row.key] = Secret(str(parsed)) if is_hidden else parsed
    return settings


def _read_text(path: Path, label: str, encoding: str) -> str:
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError:
        problem = "the file is not UTF-8 text: save it in that encoding."
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        reason = getattr(error, "strerror", None) or "not a path"
        problem = f"the file can't be read ({reason}): correct the path or its permissions."
    raise ValueError(f"{label}: {problem}")


def _read_secret(path: Path, label: str) -> str:
    """Return the text of a file without one line break at its end."""
    text = _read_text(path, label, "utf-8").removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise ValueError(f"{label}: the file is empty: write the value into it.")
    return text


def _parse_toml(path: Path) -> dict[str, Any]:
    # Windows editors write a byte order mark.
    text = _read_text(path, f'{CONFIG}: the configuration file "{path}"', "utf-8-sig")
    try:
        return tomllib.loads(text)
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:  # also for a number of too many digits
        last = text.count("\n") + 1
        reason = str(error).replace("at end of document", f"at the end, line {last}")
    raise ValueError(f"{path} is not valid TOML: {reason}; correct it there.")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each variable that looks like a setting of the bridge but is none."""
    known = environment_names()
    for name in sorted(environ.keys() - known):
        if name.startswith(("BRIDGE_", "ZOHO_")) and not name.startswith("BRIDGE_TEST_"):
            hint = suggest(name, known, otherwise="docs/settings.md lists the settings.")
            yield f"The environment variable {name} is not a setting and is ignored: {hint}"


def _warnings(settings: Settings) -> Iterator[str]:
    """Yield a warning for each setting that is allowed but rarely intended."""
    host = urlsplit(settings.public_url).hostname or ""
    if settings.public_url.startswith("http:") and not urls.is_loopback(host):
        yield "BRIDGE_PUBLIC_URL: over http others can read the secret addresses; use https."
    for name, url in DATA_CENTERS[settings.zoho.data_center].urls().items():
        path = urlsplit(url).path
        if not getattr(settings.zoho, name).endswith(path):
            yield f"ZOHO_{name.upper()} does not end with {path}, as the URL of that API does."
    for feed in settings.feeds:
        if feed.public and feed.show_private:
            yield f'feed "{feed.slug}" is public and shows private events (show_private) to all.'
