"""The command ``health``: a check for containers and monitors, without a program like curl."""

import os
import sys

import click
from click.core import ParameterSource

from bridge import config
from bridge.cli import address
from bridge.store.listener import Listener, noted_listener


@click.command()
@address.host_option
@address.port_option
def health(host: str, port: int) -> None:
    """Exit with 0 if the web server of this machine answers.

    It checks /healthz at the address that `serve` or `web` listens on. Without --port and PORT,
    that is the address that the server noted in the data folder.

    \b
    Examples:
      zoho-bridge health
      zoho-bridge health --port 8080
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    source = click.get_current_context().get_parameter_source
    if source("port") is ParameterSource.DEFAULT:
        noted = noted_listener(config.load(os.environ).data_dir) or Listener()
        port = noted.port
        host = noted.ip if source("host") is ParameterSource.DEFAULT else host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - no bind: all addresses, so also loopback
        host = Listener().ip
    if not address.is_serving(host, port):
        click.echo(f"The web server does not answer on {host}, port {port}.", err=True)
        sys.exit(1)
