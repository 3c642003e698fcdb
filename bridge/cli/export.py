"""``zoho-bridge export``: the published bytes of one feed."""

import sys

import click

from bridge.cli.context import feed_named, open_bridge, slug_argument
from bridge.errors import BridgeError


@click.command()
@slug_argument
def export(slug: str) -> None:
    """Write a feed to standard output, byte for byte as served.

    \b
    Examples:
      zoho-bridge export marketing > marketing.ics
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        document = bridge.store.publications.document(slug, "default")
    if document is None:
        raise BridgeError(f'Feed "{slug}" is not published yet: run `zoho-bridge refresh {slug}`.')
    sys.stdout.buffer.write(document.body)
    sys.stdout.buffer.flush()
