"""The command ``health``: a check for containers and monitors, without a program like curl."""

import sys

import click

from bridge.cli import address
from bridge.store.listener import Listener


@click.command()
@address.host_option
@address.port_option
def health(host: str, port: int) -> None:
    """Exit with 0 if the web server of this machine answers.

    It checks /healthz at the address that `serve` or `web` listens on.

    \b
    Examples:
      zoho-bridge health
      zoho-bridge health --port 8080
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - no bind: all addresses, so also loopback
        host = Listener().ip
    if not address.is_serving(host, port):
        click.echo(f"The web server does not answer on {host}, port {port}.", err=True)
        sys.exit(1)
