"""Which feeds there are to be: the configured ones, or one for each portal, group and calendar that is found.

What is wanted is written to the store, and published from what is known: a changed setting (``privacy = "busy"``, a
new title) holds at once, even while Zoho can't be reached.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
import re
import unicodedata

from bridge.errors import ZohoError
from bridge.model import Feed, Found
from bridge.publish import publish
from bridge.sources.api import Api, Product
from bridge.sources.dispatch import DISCOVERERS
from bridge.store import Store

_SLUG_LENGTH = 48


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


def feeds_of(discovery: Discovery, known: Sequence[Feed], retired: Sequence[Feed] = ()) -> tuple[Feed, ...]:
    """Make one feed of each found source; a source that has a feed already keeps its address and its settings.

    ``known`` are the feeds that are served, ``retired`` those that once were: an address that was given out never
    leads to another source. The feeds of a product that could not be asked, or that has nothing at all, stay: its
    silence does not mean that they are gone.
    """
    by_source: dict[str, Feed] = {}
    for feed in (*known, *retired):
        if len(feed.sources) == 1:
            by_source.setdefault(feed.sources[0].key, feed)
    taken = {feed.slug for feed in (*known, *retired)}
    found_once = {found.source.key: found for found in discovery.found}
    feeds = []
    for found in sorted(found_once.values(), key=lambda found: (found.source.kind, found.source.key)):
        old = by_source.get(found.source.key)
        slug = old.slug if old else _free_slug(found, taken)
        taken.add(slug)
        feed = old or Feed(slug=slug, title=slug, sources=(found.source,))
        feeds.append(replace(feed, title=found.title or slug))
    asked = {found.source.kind for found in found_once.values()}
    silent = (feed for feed in known if feed.kind not in {"merged", *asked})
    return (*feeds, *silent)


def want(store: Store, feeds: Sequence[Feed], *, now: datetime) -> None:
    """Make ``feeds`` the ones that are served: each gets an address, and documents from what is already known."""
    store.feeds.replace(feeds, now=now)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        publish(store, feed.slug, now=now)


def _free_slug(found: Found, taken: Collection[str]) -> str:
    """Make an address of a name: ``Créative team`` -> ``creative-team``, with a number where it is taken."""
    ascii_name = unicodedata.normalize("NFKD", found.title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_SLUG_LENGTH].strip("-") or found.source.kind
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
