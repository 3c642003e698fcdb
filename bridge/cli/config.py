"""The command ``zoho-bridge config``, which prints the settings in force."""

from dataclasses import replace
import os

import click

from bridge import config as configuration
from bridge.cli.context import database_exists, open_bridge, print_warnings
from bridge.cli.output import json_option, print_json
from bridge.config import Secret
from bridge.config.show import describe, to_text
from bridge.errors import BridgeError
from bridge.store.crypto import KEY_FILE


@click.command()
@click.option("--all", "complete", is_flag=True, help="Show defaults, too, as JSON always does.")
@json_option
def config(*, complete: bool, as_json: bool) -> None:
    """Show the settings in force, without secrets.

    Each has its origin: environment, a file, bridge.toml, `zoho-bridge login`, or the default.
    Those that have their default are left out without `--all`.

    \b
    Examples:
      zoho-bridge config
      zoho-bridge config --all
      zoho-bridge config --json | jq .zoho
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    settings = configuration.load(os.environ)
    if configuration.needs_login(settings) and database_exists(settings):
        try:
            with open_bridge(settings) as bridge:
                settings = bridge.settings
        except BridgeError as error:  # the settings may be what is wrong: show them anyway
            click.echo(f"zoho-bridge: No stored login could be read: {error}", err=True)
    key_file = settings.data_dir / KEY_FILE
    if not settings.secret_key and key_file.exists():
        origins = {**settings.origins, "BRIDGE_SECRET_KEY": f"file {key_file}"}
        settings = replace(settings, secret_key=Secret("in the file"), origins=origins)
    if as_json:
        print_json(describe(settings))
    else:
        click.echo(to_text(settings, complete=complete), nl=False)
    print_warnings(settings)
    if settings.zoho.login_problem:
        click.echo(f"zoho-bridge: {settings.zoho.login_problem}", err=True)
