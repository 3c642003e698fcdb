"""The command ``admin-link``: an address that signs in to the admin pages once."""

import click

from bridge.cli.context import new_admin_link, open_bridge
from bridge.errors import BridgeError


@click.command()
def admin_link() -> None:
    """Print a link that signs in to the admin pages once.

    It works for ten minutes, with and without a password, also when sign-in is locked after too
    many attempts. Without a password there are admin pages only where the web server listens on
    loopback, for this machine.

    \b
    Examples:
      zoho-bridge admin-link
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        link = new_admin_link(bridge)
    if link is None:
        remedy = "set BRIDGE_ADMIN_PASSWORD, or let `zoho-bridge serve` listen on 127.0.0.1"
        raise BridgeError(f"Others reach the web server, so there are no admin pages: {remedy}.")
    click.echo(link)
