"""The command ``zoho-bridge config``, which prints the settings in force."""

import os

import click

from bridge import config as configuration
from bridge.cli.context import database_exists, open_bridge, print_warnings
from bridge.cli.output import json_option, print_json
from bridge.config.show import describe, to_text
from bridge.errors import BridgeError


@click.command()
@json_option
def config(*, as_json: bool) -> None:
    """Show the settings in force, without secrets.

    Each has its origin: environment, a file, bridge.toml, `zoho-bridge login`, or the default.

    \b
    Examples:
      zoho-bridge config
      zoho-bridge config --json | jq .zoho
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    settings = configuration.load(os.environ)
    if configuration.needs_login(settings) and database_exists(settings):
        try:
            with open_bridge(settings) as bridge:
                settings = bridge.settings
        except BridgeError as error:  # the settings may be what is wrong: show them anyway
            click.echo(f"zoho-bridge: No stored login could be read: {error}", err=True)
    if as_json:
        print_json(describe(settings))
    else:
        click.echo(to_text(settings), nl=False)
    print_warnings(settings)
    if settings.zoho.login_problem:
        click.echo(f"zoho-bridge: {settings.zoho.login_problem}", err=True)
