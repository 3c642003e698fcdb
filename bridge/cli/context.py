"""Settings and store of a command, opened from the environment.

The settings are complete: credentials that are not set come from the login in the store.
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
from bridge.cli.output import print_problem
from bridge.domain.feed import Feed
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.store.links import Link, LinkError
from bridge.store.listener import Listener, noted_listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """An open bridge: its settings and its store."""

    settings: config.Settings
    store: Store


@contextlib.contextmanager
def open_bridge(settings: config.Settings | None = None) -> Iterator[Bridge]:
    """Open the bridge of ``settings``, by default those of the environment.

    Raises ConfigError and StoreError.
    """
    settings = config.load(os.environ) if settings is None else settings
    keys = load_secret_keys(settings.secret_key.reveal(), settings.data_dir)
    store = Store.configured(settings, keys)
    try:
        yield Bridge(settings=apply_login(settings, store), store=store)
    finally:
        store.close()


def apply_login(settings: config.Settings, store: Store) -> config.Settings:
    """Return the settings, completed by the stored login of their client, or else the latest."""
    login = store.logins.of(settings.zoho.client_id) if config.needs_login(settings) else None
    return config.add_login(settings, login) if login else settings


def database_exists(settings: config.Settings) -> bool:
    """Return whether opening the bridge would not create a database."""
    scheme, _, path = settings.database_url.partition(":///")
    return scheme != "sqlite" or Path(path).exists()


def print_warnings(settings: config.Settings) -> None:
    """Print the warnings about the settings on standard error."""
    for warning in settings.warnings:
        print_problem(warning)


def feed_url(bridge: Bridge, feed: Feed) -> str:
    """Return the URL of a feed, with the token of its first link unless the feed is public.

    Raises BridgeError if no link is active, or its token can't be shown.
    """
    if feed.public:
        return f"{root_url(bridge)}/feeds/{feed.slug}.ics"
    now = datetime.now(UTC)
    bridge.store.links.ensure(feed.slug, now=now)  # a worker may have added the feed a moment ago
    link = bridge.store.links.of(feed.slug)[0]
    if not link.opens(now):
        raise no_link(feed.slug)
    return link_url(bridge, link)


def link_url(bridge: Bridge, link: Link) -> str:
    """Return the URL of a link; raise LinkError if its token can't be shown."""
    return f"{root_url(bridge)}/f/{bridge.store.links.token(link)}/{link.slug}.ics"


def hook_url(bridge: Bridge, source_key: str) -> str | None:
    """Return the URL of a source's webhook, None if no secret key can show it."""
    token = bridge.store.hooks.token(source_key)
    return f"{root_url(bridge)}/hooks/{token}" if token else None


def no_link(slug: str) -> LinkError:
    """Return the error for a feed whose links are all revoked."""
    return LinkError(f'No link of feed "{slug}" works: `zoho-bridge links add {slug}` makes one.')


def root_url(bridge: Bridge) -> str:
    """Return the URL of the web server: the public one, or where it listens or listened last."""
    settings = bridge.settings
    return settings.public_url or (noted_listener(settings.data_dir) or Listener()).url


def has_admin_pages(settings: config.Settings) -> bool:
    """Return whether anybody can open the admin pages, with a password or on this machine."""
    if settings.admin_password or settings.admin_proxy_header:
        return True
    return (noted_listener(settings.data_dir) or Listener()).is_private(settings.public_url)


def new_admin_link(bridge: Bridge) -> str | None:
    """Return a new address that signs in to the admin pages once; None if there are no pages."""
    if not has_admin_pages(bridge.settings):
        return None
    return f"{root_url(bridge)}/admin/link/{bridge.store.sessions.new_link(now=datetime.now(UTC))}"


def feed_named(store: Store, slug: str) -> Feed:
    """Return the active feed of a slug; raise BridgeError with the known slugs."""
    feed = store.feeds.get(slug)
    if feed is None:
        raise unknown_feed(slug, store.feeds.active())
    return feed


def unknown_feed(slug: str, feeds: tuple[Feed, ...]) -> BridgeError:
    """Return the error for a slug that none of the feeds has."""
    known = ", ".join(sorted(feed.slug for feed in feeds)) or "none, run `zoho-bridge refresh`"
    return BridgeError(f'No feed "{slug}". Known feeds: {known}.')


def complete_slug(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the feeds whose slug starts so, for the shell; none if the bridge can't be opened."""
    with contextlib.suppress(BridgeError):
        settings = config.load(os.environ)
        if database_exists(settings):
            with open_bridge(settings) as bridge:
                feeds = [f for f in bridge.store.feeds.active() if f.slug.startswith(incomplete)]
            return [CompletionItem(feed.slug, help=feed.title) for feed in feeds]
    return []


slug_argument = click.argument("slug", shell_complete=complete_slug)
