"""``zoho-bridge serve``: the web server and the worker in one process tree."""

import sys

import click

from bridge.cli import address
from bridge.cli.context import open_bridge
from bridge.cli.processes import Tree, bridge


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
    ip = address.check_address(host, port)
    with open_bridge() as context:
        context.settings.zoho.require()
        has_public_url = bool(context.settings.public_url)
    url = address.root_url(ip, port)
    hint = "`zoho-bridge feeds` lists the addresses"
    if not has_public_url and not address.is_loopback(ip):
        hint = "to this machine alone: set BRIDGE_PUBLIC_URL to the address for subscribers"
    elif port != address.DEFAULT_PORT and not has_public_url:
        hint = f"set BRIDGE_PUBLIC_URL={url}, so that `zoho-bridge feeds` lists working addresses"
    with Tree() as tree:
        options = ("--host", ip, "--port", str(port), "--workers", str(workers))
        tree.start("web server", bridge("web", *options))
        tree.start("worker", bridge("worker"))
        code = tree.wait(
            answers=lambda: address.is_serving(ip, port),
            ready=lambda: click.echo(f"Serving at {url}/ ({hint})."),
        )
    sys.exit(code)
