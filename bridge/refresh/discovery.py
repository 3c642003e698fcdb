"""Which feeds what was found in Zoho makes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bridge.config.addresses import free_slug
from bridge.domain.feed import Feed
from bridge.domain.source import AvailableSource
from bridge.errors import ZohoError
from bridge.sources.protocols import Api, Product
from bridge.sources.registry import DISCOVERERS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What an account can see, and why some products could not be asked."""

    found: tuple[AvailableSource, ...] = ()
    failures: Mapping[Product, ZohoError] = field(default_factory=dict)


def discover(api: Api) -> Discovery:
    """Ask each product what the account can see; a product that fails does not hide the others."""
    found: list[AvailableSource] = []
    failures: dict[Product, ZohoError] = {}
    for product, find in DISCOVERERS.items():
        try:
            found.extend(find(api))
        except ZohoError as error:
            failures[product] = error
    return Discovery(found=tuple(found), failures=failures)


def feeds_of(
    discovery: Discovery,
    known: Sequence[Feed],
    retired: Sequence[Feed] = (),
    *,
    taken: Collection[str] = (),
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
    for found in sorted(
        found_once.values(), key=lambda found: (found.source.kind, found.source.key)
    ):
        old = by_source.get(found.source.key)
        slug = old.slug if old else free_slug(found.title, taken, otherwise=found.source.kind)
        taken.add(slug)
        feed = old or Feed(slug=slug, title=slug, sources=(found.source,))
        feeds.append(replace(feed, title=found.title or slug))
    asked = {found.source.kind for found in found_once.values()}
    silent = (feed for feed in known if feed.kind not in {"merged", *asked})
    return (*feeds, *silent)
