"""Puts the settings together: what each one is checked by, its default, and the rules between two of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bridge.config import urls, values
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.feeds import read_feeds
from bridge.config.names import SETTINGS, TABLES, suggestion, toml_keys, unknown_variables
from bridge.config.reader import Reader, shown
from bridge.config.secret import Secret
from bridge.config.settings import Settings, ZohoSettings
from bridge.domain.feed import Feed
from bridge.errors import ConfigError

_MOST_PROXIES = 16


def load(environ: Mapping[str, str], *, config_path: Path | None = None) -> Settings:
    """Read ``bridge.toml``, the environment and the files it names; raises ConfigError with every problem found.

    ``config_path`` wins over BRIDGE_CONFIG; without both ``./bridge.toml`` is read where there is one.
    """
    reader = Reader(environ, config_path)
    _refuse_unknown(reader)
    data_dir = _data_dir(reader)
    database_url = _database_url(reader, data_dir)
    public_url = reader.read("BRIDGE_PUBLIC_URL", urls.public_url, "")
    secret_key = _secret(reader, "BRIDGE_SECRET_KEY", values.secret_key)
    if (
        not secret_key
        and database_url.startswith("postgresql")
        and "BRIDGE_SECRET_KEY" not in reader.failed
    ):
        reader.problems.append(
            "BRIDGE_SECRET_KEY is not set: with PostgreSQL every process needs the same one: make it with "
            f"`{values.KEY_COMMAND}`."
        )
    zoho = _zoho(reader)
    feeds = read_feeds(reader, public_url)
    settings = Settings(
        config_path=reader.config_path,
        data_dir=data_dir,
        database_url=database_url,
        queue_url=reader.read("BRIDGE_QUEUE_URL", urls.queue_url, ""),
        secret_key=secret_key,
        public_url=public_url,
        admin_password=_secret(reader, "BRIDGE_ADMIN_PASSWORD", values.secret),
        trusted_proxies=reader.read(
            "BRIDGE_TRUSTED_PROXIES",
            values.whole(0, _MOST_PROXIES),
            0,
            from_text=values.whole_text(0, _MOST_PROXIES),
        ),
        zoho=zoho,
        feeds=feeds,
        warnings=(*unknown_variables(environ), *_doubts(public_url, zoho, feeds)),
        origins=reader.origins,
    )
    if reader.problems:
        raise ConfigError(*reader.problems)
    return settings


def _refuse_unknown(reader: Reader) -> None:
    for name in reader.document:
        if name not in (*TABLES, "feed"):
            hint = suggestion(name, (*TABLES, "feed"))
            reader.problems.append(f"{shown(name)}: bridge.toml has no such table: {hint}")
    known = toml_keys()
    hidden = {(one.table, one.key): one.name for one in SETTINGS.values() if one.secret}
    for table in TABLES:
        for key in reader.table(table):
            if (table, key) in hidden:
                name = hidden[table, key]
                reader.problems.append(
                    f"[{table}] {key}: put it into {name} or {name}_FILE: bridge.toml is often committed."
                )
            elif key not in known[table]:
                reader.problems.append(
                    f"[{table}] {shown(key)}: there is no such key: {suggestion(key, known[table])}"
                )


def _data_dir(reader: Reader) -> Path:
    """Take a path in ``bridge.toml`` from that file's folder: a data directory must not move with the caller's."""
    folder = reader.read("BRIDGE_DATA_DIR", values.folder, Path("bridge-data"))
    if reader.config_path and reader.origins.get("BRIDGE_DATA_DIR") == reader.config_name:
        return reader.config_path.parent / folder
    return folder.absolute()


def _database_url(reader: Reader, data_dir: Path) -> str:
    own = reader.read("BRIDGE_DATABASE_URL", urls.database_url, "")
    if own or "BRIDGE_DATABASE_URL" in reader.failed:
        return own
    shared = reader.read("DATABASE_URL", urls.database_url, "")
    return shared or f"sqlite:///{data_dir / 'bridge.sqlite3'}"


def _secret(reader: Reader, name: str, check: Callable[[object], str]) -> Secret:
    return Secret(reader.read(name, check, ""))


def _zoho(reader: Reader) -> ZohoSettings:
    code = reader.read("ZOHO_DATA_CENTER", values.data_center, "us")
    center = DATA_CENTERS[code]
    return ZohoSettings(
        client_id=reader.read("ZOHO_CLIENT_ID", values.credential, ""),
        client_secret=_secret(reader, "ZOHO_CLIENT_SECRET", values.credential),
        refresh_token=_secret(reader, "ZOHO_REFRESH_TOKEN", values.credential),
        data_center=code,
        accounts_url=reader.read("ZOHO_ACCOUNTS_URL", urls.service_url, center.accounts_url),
        backstage_url=reader.read("ZOHO_BACKSTAGE_URL", urls.service_url, center.backstage_url),
        connect_url=reader.read("ZOHO_CONNECT_URL", urls.service_url, center.connect_url),
        calendar_url=reader.read("ZOHO_CALENDAR_URL", urls.service_url, center.calendar_url),
        connect_timezone=reader.read("ZOHO_CONNECT_TIMEZONE", values.zone, None),
    )


def _doubts(public_url: str, zoho: ZohoSettings, feeds: tuple[Feed, ...]) -> tuple[str, ...]:
    """Warn of what is allowed and rarely meant."""
    doubts = []
    if public_url.startswith("http:") and not urls.is_loopback(urlsplit(public_url).hostname or ""):
        doubts.append(
            "BRIDGE_PUBLIC_URL begins with http: the secret addresses of feeds travel in clear; use https."
        )
    center = DATA_CENTERS[zoho.data_center]
    for name in ("backstage_url", "connect_url", "calendar_url"):
        path = urlsplit(getattr(center, name)).path
        if not getattr(zoho, name).endswith(path):
            doubts.append(
                f"ZOHO_{name.upper()} does not end with {path}, as the address of that API does."
            )
    doubts.extend(
        f'feed "{feed.slug}" is public and has show_private = true: private events are shown to everyone.'
        for feed in feeds
        if feed.public and feed.show_private
    )
    return tuple(doubts)
