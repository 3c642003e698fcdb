"""What every command works with: settings and store, opened from the environment. It asks nobody.

The settings it gives are whole: what is not set for the way to Zoho comes from the login in the store.
"""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from bridge import config
from bridge.cli.address import DEFAULT_HOST, DEFAULT_PORT, root_url
from bridge.domain.feed import Feed
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.store.crypto import load_secret_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """An opened bridge: its settings and its store."""

    settings: config.Settings
    store: Store


@contextlib.contextmanager
def open_bridge(settings: config.Settings | None = None) -> Iterator[Bridge]:
    """Open the bridge that the environment, or ``settings``, describes; raises ConfigError and StoreError."""
    settings = config.load(os.environ) if settings is None else settings
    keys = load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    store = Store.configured(settings, keys)
    try:
        yield Bridge(settings=apply_login(settings, store), store=store)
    finally:
        store.close()


def apply_login(settings: config.Settings, store: Store) -> config.Settings:
    """Fill in what is not set for the way to Zoho from the stored login of that client, or else the latest."""
    login = store.logins.of(settings.zoho.client_id) if config.needs_login(settings) else None
    if login is None:
        return settings
    return config.add_login(settings, login)


def database_exists(settings: config.Settings) -> bool:
    """Tell whether there is a database to open, where opening would otherwise make one."""
    scheme, _, path = settings.database_url.partition(":///")
    return scheme != "sqlite" or Path(path).exists()


def print_warnings(settings: config.Settings) -> None:
    """Say on standard error what in the settings is allowed and rarely meant."""
    for warning in settings.warnings:
        click.echo(f"zoho-bridge: {warning}", err=True)


def feed_url(bridge: Bridge, feed: Feed) -> str:
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
        raise BridgeError(
            f'All addresses of feed "{feed.slug}" are revoked: make one with `zoho-bridge links add`.'
        )
    return f"{root}/f/{bridge.store.links.token(link)}/{feed.slug}.ics"


def feed_named(store: Store, slug: str) -> Feed:
    """Return the active feed of a slug; raises BridgeError with the slugs there are."""
    feed = store.feeds.get(slug)
    if feed is None:
        raise unknown_feed(slug, store.feeds.active())
    return feed


def unknown_feed(slug: str, known: tuple[Feed, ...]) -> BridgeError:
    """Return the error for an unknown slug."""
    names = ", ".join(sorted(feed.slug for feed in known))
    there_are = (
        f"There are: {names}." if names else "There are none yet: run `zoho-bridge refresh`."
    )
    return BridgeError(f'There is no feed "{slug}". {there_are}')


class FeedName(click.ParamType):  # type: ignore[type-arg]  # a parameter from click 8.4 on only
    """The slug of a feed, which a shell completes; whether there is such a feed, the command tells."""

    name = "slug"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Give the feeds whose name begins so; none where no bridge is set up, for nobody could read an error."""
        with contextlib.suppress(BridgeError):
            settings = config.load(os.environ)
            if database_exists(settings):
                with open_bridge(settings) as bridge:
                    feeds = bridge.store.feeds.active()
                return [
                    CompletionItem(one.slug, help=one.title)
                    for one in feeds
                    if one.slug.startswith(incomplete)
                ]
        return []
