"""Sources that an account can see in Zoho, and the feeds made of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bridge.config.addresses import choose_slug
from bridge.domain.feed import Feed
from bridge.domain.source import AvailableSource, Product
from bridge.errors import ZohoError
from bridge.sources.protocols import Api
from bridge.sources.registry import DISCOVERERS

Feeds: TypeAlias = Sequence[Feed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The sources that an account can see, and the errors of products that did not answer."""

    sources: tuple[AvailableSource, ...] = ()
    failures: Mapping[Product, ZohoError] = field(default_factory=dict)


def discover(api: Api) -> Discovery:
    """List the sources of each product; a product that fails does not hide the others."""
    sources: list[AvailableSource] = []
    failures: dict[Product, ZohoError] = {}
    for product, list_sources in DISCOVERERS.items():
        try:
            sources += list_sources(api)
        except ZohoError as error:
            failures[product] = error
    return Discovery(sources=tuple(sources), failures=failures)


def make_feeds(
    discovery: Discovery, active: Feeds, retired: Feeds = (), *, taken: Collection[str] = ()
) -> tuple[Feed, ...]:
    """Make one feed of each source; a source that has a feed keeps its address and its settings.

    ``retired`` are feeds that were active once: their addresses never lead to another source.
    ``taken`` are the slugs of the admin's feeds. The feeds of a product that failed, or that has
    no source at all, stay.
    """
    by_source: dict[str, Feed] = {}
    for feed in (*active, *retired):
        if len(feed.sources) == 1:
            by_source.setdefault(feed.sources[0].key, feed)
    taken = {*taken, *(feed.slug for feed in (*active, *retired))}
    available = {each.source.key: each for each in discovery.sources}
    feeds = []
    for each in sorted(available.values(), key=lambda each: (each.source.kind, each.source.key)):
        old = by_source.get(each.source.key)
        slug = old.slug if old else choose_slug(each.title, taken, otherwise=each.source.kind)
        taken.add(slug)
        feed = old or Feed(slug=slug, title=slug, sources=(each.source,))
        feeds.append(replace(feed, title=each.title or slug))
    kinds = {"merged", *(each.source.kind for each in available.values())}
    return (*feeds, *(feed for feed in active if feed.kind not in kinds))
