"""Loading of all settings from the environment, files of secrets and ``bridge.toml``.

The environment wins over ``bridge.toml``. An empty value counts as not set. Every problem is
collected, so that all are reported at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
import tomllib
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bridge.config import urls, values
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.feeds import parse_feeds
from bridge.config.messages import shown, suggestion
from bridge.config.settings import Secret, Settings, ZohoSettings
from bridge.config.table import CONFIG, SETTINGS, TABLES, Setting, environment_names
from bridge.errors import ConfigError


def load(environ: Mapping[str, str], *, config_path: Path | None = None) -> Settings:
    """Return the settings; raise ConfigError with every problem in them.

    Reads ``config_path``, or else the file that BRIDGE_CONFIG names, or ``./bridge.toml`` if it
    exists, and the files that ``*_FILE`` variables name.
    """
    loader = _Loader(environ, config_path)
    bridge, zoho = loader.settings("bridge"), loader.settings("zoho")
    path, problems, origins = loader.config_path, loader.problems, loader.origins
    is_toml = path is not None and origins.get("BRIDGE_DATA_DIR") == path.name
    folder = (path.parent if path and is_toml else Path.cwd()) / bridge["data_dir"]
    bridge["data_dir"] = folder
    bridge["database_url"] = bridge["database_url"] or f"sqlite:///{folder / 'bridge.sqlite3'}"
    is_postgres = bridge["database_url"].startswith("postgresql")
    if is_postgres and not bridge["secret_key"] and "secret_key" not in loader.failed:
        remedy = f"with PostgreSQL all processes need the same key: run `{values.KEY_COMMAND}`."
        problems.append(f"BRIDGE_SECRET_KEY is not set: {remedy}")
    center = DATA_CENTERS[zoho["data_center"]]
    zoho |= {key: url for key, url in center.urls().items() if not zoho[key]}
    tables = loader.document.get("feed", [])
    feeds = parse_feeds(tables, bridge["public_url"], problems)
    if problems:
        raise ConfigError(*problems)
    if path:
        origins |= {f"feed.{table['slug']}.{key}": path.name for table in tables for key in table}
    account = ZohoSettings(**zoho)
    settings = Settings(config_path=path, **bridge, zoho=account, feeds=feeds, origins=origins)
    return replace(settings, warnings=(*_unknown_variables(environ), *_warnings(settings)))


class _Entry(NamedTuple):
    """A value that a person wrote."""

    value: object  # as it was written
    label: str  # its place, for messages
    origin: str


class _Loader:
    """A look-up of settings by table; ``problems``, ``failed`` (keys) and ``origins`` fill up."""

    def __init__(self, environ: Mapping[str, str], config_path: Path | None) -> None:
        self._environ = environ
        self.problems: list[str] = []
        self.failed: set[str] = set()
        self.origins: dict[str, str] = {}
        self.document: dict[str, Any] = {}
        name = environ.get(CONFIG, "").strip()
        path = (config_path or Path(name or "bridge.toml")).absolute()
        self.config_path = path if config_path or name or path.exists() else None
        try:
            self.document = _parse_toml(self.config_path) if self.config_path else {}
        except ValueError as error:
            self.problems.append(str(error))
        for key in self.document:
            if key not in (*TABLES, "feed"):
                hint = suggestion(key, (*TABLES, "feed"))
                self.problems.append(f"{shown(key)}: bridge.toml has no such table: {hint}")

    def settings(self, table: str) -> dict[str, Any]:
        """Return the settings of one table by key; absent and wrong ones have their default."""
        document = self.document.get(table, {})
        if not isinstance(document, dict):
            remedy = f"write it as a table, [{table}], with its keys below."
            self.problems.append(f"{table} = {shown(document)}: {remedy}")
            document = {}
        rows = {row.key: row for row in SETTINGS if row.table == table}
        self.problems += _misplaced(table, document, rows)
        settings = {key: row.default for key, row in rows.items()}
        for key, row in rows.items():
            try:
                entry = self._find(row, document.get(key, "") if row.toml else "")
                if entry:
                    settings[key] = _parse(row, entry)
                    self.origins[row.name] = entry.origin
            except ValueError as error:
                self.problems.append(str(error))
                self.failed.add(key)
        return settings

    def _find(self, row: Setting, in_toml: object) -> _Entry | None:
        """Return the entry that holds, None without one; raise ValueError if it can't be read."""
        for name in row.names:
            alias = f", {name}" * (name != row.name)
            text = self._environ.get(name, "")
            path = self._environ.get(f"{name}_FILE", "") if row.file else ""
            if text and path:
                raise ValueError(f"{name} and {name}_FILE are both set: remove one of them.")
            if path:
                text = _read_secret(Path(path), f"{name}_FILE = {shown(path)}")
                return _Entry(text, f"{name} (from the file {shown(path)})", f"file {path}{alias}")
            if text.strip():
                return _Entry(text, name, f"environment{alias}")
        if in_toml == "" or self.config_path is None:
            return None
        return _Entry(in_toml, f"[{row.table}] {row.key}", self.config_path.name)


def _misplaced(table: str, keys: Iterable[str], rows: Mapping[str, Setting]) -> Iterator[str]:
    """Yield a problem for each key of a table that is unknown or belongs into the environment."""
    for key in keys:
        if key not in rows:
            hint = suggestion(key, [row.key for row in rows.values() if row.toml])
            yield f"[{table}] {shown(key)}: there is no such key: {hint}"
        elif not rows[key].toml:
            remedy = f"put it into {rows[key].name} or {rows[key].name}_FILE"
            yield f"[{table}] {key}: {remedy}: bridge.toml is often committed."


def _parse(row: Setting, entry: _Entry) -> object:
    value = entry.value
    if isinstance(value, str) and not row.secret:
        value = value.strip()
    try:
        value = row.parse(value)
    except ValueError as error:
        quoted = "" if row.secret else f" = {shown(value)}"
        raise ValueError(f"{entry.label}{quoted}: {error}") from None
    return Secret(str(value)) if isinstance(row.default, Secret) else value


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
            hint = suggestion(name, known, otherwise="docs/settings.md lists the settings.")
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
