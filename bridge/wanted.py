"""Which feeds there are to be: the configured ones, or one for each portal, group and calendar that is found.

What is wanted is written to the store, and published from what is known: a changed setting (``privacy = "busy"``, a
new title) holds at once, even while Zoho can't be reached.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bridge.config.addresses import free_slug
from bridge.errors import ZohoError
from bridge.model import Feed, Found
from bridge.publish import publish
from bridge.sources.api import Api, Product
from bridge.sources.dispatch import DISCOVERERS
from bridge.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What an account can see, and why some products could not be asked."""

    found: tuple[Found, ...] = ()
    failures: Mapping[Product, ZohoError] = field(default_factory=dict)


def discover(api: Api) -> Discovery:
    """Ask each product what the account can see; a product that fails does not hide the others."""
    found: list[Found] = []
    failures: dict[Product, ZohoError] = {}
    for product, find in DISCOVERERS.items():
        try:
            found.extend(find(api))
        except ZohoError as error:
            failures[product] = error
    return Discovery(found=tuple(found), failures=failures)


def feeds_of(
    discovery: Discovery, known: Sequence[Feed], retired: Sequence[Feed] = (), *, taken: Collection[str] = ()
) -> tuple[Feed, ...]:
    """Make one feed of each found source; a source that has a feed already keeps its address and its settings.

    ``known`` are the feeds that are served, ``retired`` those that once were: an address that was given out never
    leads to another source. ``taken`` are slugs of feeds that the admin made. The feeds of a product that could not
    be asked, or that has nothing at all, stay: its silence does not mean that they are gone.
    """
    by_source: dict[str, Feed] = {}
    for feed in (*known, *retired):
        if len(feed.sources) == 1:
            by_source.setdefault(feed.sources[0].key, feed)
    taken = {*taken, *(feed.slug for feed in (*known, *retired))}
    found_once = {found.source.key: found for found in discovery.found}
    feeds = []
    for found in sorted(found_once.values(), key=lambda found: (found.source.kind, found.source.key)):
        old = by_source.get(found.source.key)
        slug = old.slug if old else free_slug(found.title, taken, otherwise=found.source.kind)
        taken.add(slug)
        feed = old or Feed(slug=slug, title=slug, sources=(found.source,))
        feeds.append(replace(feed, title=found.title or slug))
    asked = {found.source.kind for found in found_once.values()}
    silent = (feed for feed in known if feed.kind not in {"merged", *asked})
    return (*feeds, *silent)


def want(store: Store, feeds: Sequence[Feed], *, now: datetime) -> None:
    """Serve ``feeds`` besides those that the admin made: each gets an address, and documents from what is known."""
    for slug in store.feeds.replace(feeds, now=now):
        log.warning("the settings have a feed of this slug, which takes the place of the one the admin made", feed=slug)
    for feed in store.feeds.active():
        publish(store, feed.slug, now=now)


def publish_pending(store: Store, *, now: datetime) -> None:
    """Publish what the admin made or changed since the last time, from what is known: Zoho is not asked."""
    for row in store.feeds.all():
        if row.active and row.pending:
            publish(store, row.feed.slug, now=now)
