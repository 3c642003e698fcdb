"""``zoho-bridge export``: the published bytes of one feed."""

import sys

import click

from bridge.cli.context import FeedName, open_bridge, unknown_feed


@click.command()
@click.argument("slug", type=FeedName())
def export(slug: str) -> None:
    """Write a feed to standard output, byte for byte as it is served.

    \b
    Examples:
      zoho-bridge export marketing > marketing.ics
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        active = bridge.store.feeds.active()
        known = any(feed.slug == slug for feed in active)
        document = bridge.store.publications.document(slug, "default") if known else None
    if document is None:
        raise unknown_feed(slug, active)
    sys.stdout.buffer.write(document.body)
    sys.stdout.buffer.flush()
