"""Publish what changed without a read of Zoho: settings, and what the admin made."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from bridge.domain.feed import Feed
from bridge.publish.publisher import publish
from bridge.store import Store

log = structlog.get_logger()


def want(store: Store, feeds: Sequence[Feed], *, now: datetime) -> None:
    """Serve ``feeds`` besides those that the admin made: each gets an address, and documents from what is known."""
    for slug in store.feeds.replace(feeds, now=now):
        log.warning(
            "the settings have a feed of this slug, which takes the place of the one the admin made",
            feed=slug,
        )
    for feed in store.feeds.active():
        publish(store, feed.slug, now=now)


def publish_pending(store: Store, *, now: datetime) -> None:
    """Publish what the admin made or changed since the last time, from what is known: Zoho is not asked."""
    for row in store.feeds.all():
        if row.active and row.pending:
            publish(store, row.feed.slug, now=now)
