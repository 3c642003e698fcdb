"""What every command works with: settings and store, opened from the environment. It knows nothing of Zoho."""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
import os

import click

from bridge import config
from bridge.cli.listening import DEFAULT_HOST, DEFAULT_PORT, root_url
from bridge.errors import BridgeError
from bridge.model import Feed
from bridge.store import Store
from bridge.vault import open_vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """An opened bridge: its settings and its store."""

    settings: config.Settings
    store: Store


@contextlib.contextmanager
def opened() -> Iterator[Bridge]:
    """Open the bridge that the environment describes; raises ConfigError and StoreError."""
    settings = config.load(os.environ)
    vault = open_vault(settings.secret_key.reveal(), settings.data_dir)
    if settings.database_url.startswith(f"sqlite:///{settings.data_dir}/"):
        with contextlib.suppress(OSError):  # the store says it better
            settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store.open(settings.database_url, vault)
    try:
        yield Bridge(settings=settings, store=store)
    finally:
        store.close()


def warn(settings: config.Settings) -> None:
    """Say on standard error what in the settings is allowed and rarely meant."""
    for warning in settings.warnings:
        click.echo(f"zoho-bridge: {warning}", err=True)


def address(bridge: Bridge, feed: Feed) -> str:
    """Give the full address of a feed, with the token of its first link unless it is public.

    Raises BridgeError when no link works, or none can be shown.
    """
    root = bridge.settings.public_url or root_url(DEFAULT_HOST, DEFAULT_PORT)
    if feed.public:
        return f"{root}/feeds/{feed.slug}.ics"
    now = datetime.now(UTC)
    bridge.store.links.ensure(feed.slug, now=now)  # a worker may have made the feed a moment ago
    link = bridge.store.links.of(feed.slug)[0]
    if not link.opens(now):
        raise BridgeError(f'All addresses of feed "{feed.slug}" are revoked: make one with `zoho-bridge links add`.')
    return f"{root}/f/{bridge.store.links.token(link)}/{feed.slug}.ics"


def no_such_feed(slug: str, known: tuple[Feed, ...]) -> BridgeError:
    """Make the error for a feed's name that is wrong."""
    names = ", ".join(sorted(feed.slug for feed in known))
    there_are = f"There are: {names}." if names else "There are none yet: run `zoho-bridge refresh`."
    return BridgeError(f'There is no feed "{slug}". {there_are}')
