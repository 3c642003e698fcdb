"""``zoho-bridge serve``: the web server and the worker in one process tree."""

from ipaddress import ip_address
import sys

import click

from bridge.cli import address
from bridge.cli.context import new_admin_link, open_bridge
from bridge.cli.processes import Tree, bridge
from bridge.store.listener import Listener


@click.command()
@address.host_option
@address.port_option
@address.workers_option
def serve(host: str, port: int, workers: int) -> None:
    """Serve the feeds and keep them fresh, on one machine.

    Ctrl+C or SIGTERM ends it, within 15 seconds.

    \b
    Examples:
      zoho-bridge serve
      zoho-bridge serve --host 0.0.0.0 --port 8080
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    listener = address.check_address(host, port)
    with open_bridge() as context:
        context.settings.zoho.require()
    with Tree() as tree:
        options = ("--host", listener.ip, "--port", str(port), "--workers", str(workers))
        tree.start("web server", bridge("web", *options))
        tree.start("worker", bridge("worker"))
        code = tree.wait(
            answers=lambda: address.is_serving(listener.ip, port),
            ready=lambda: _show(listener),
        )
    sys.exit(code)


def _show(listener: Listener) -> None:
    hint = "`zoho-bridge feeds` lists the addresses"
    with open_bridge() as here:
        settings = here.settings
        link = None if settings.admin_password else new_admin_link(here)
    if not settings.public_url and ip_address(listener.ip).is_unspecified:
        hint = "to this machine alone: set BRIDGE_PUBLIC_URL to the address for subscribers"
    click.echo(f"Serving at {listener.url}/ ({hint}).")
    if link:
        click.echo(f"Admin pages, for the next ten minutes: {link}")
        click.echo("`zoho-bridge admin-link` prints another such link.")
    elif not settings.admin_password:
        click.echo("There are no admin pages: set BRIDGE_ADMIN_PASSWORD.")
