"""Publication of changes that need no read of Zoho: new settings, and feeds edited by the admin."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from bridge.domain.feed import Feed
from bridge.publish.publisher import publish
from bridge.store import Store

log = structlog.get_logger()


def activate_feeds(store: Store, feeds: Sequence[Feed], *, now: datetime) -> None:
    """Make ``feeds`` the active ones, besides those of the admin, and publish all active feeds."""
    for slug in store.feeds.replace(feeds, now=now):
        log.warning("the settings replace the admin's feed of the same slug", feed=slug)
    for feed in store.feeds.active():
        publish(store, feed.slug, now=now)


def publish_pending(store: Store, *, now: datetime) -> None:
    """Publish the feeds that the admin made or changed since their last publication."""
    for row in store.feeds.all():
        if row.active and row.pending:
            publish(store, row.feed.slug, now=now)
