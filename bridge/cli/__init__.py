"""The commands of ``zoho-bridge``. Each one only reads options, calls what does the work, and says what came of it.

Exit codes: 0 all went well, 1 something failed, 2 the settings or the command line are wrong. A command's module is
loaded when it is called, so that a web process holds no HTTP client, and a list of feeds no web server.
"""

from collections.abc import Mapping
from importlib import import_module
import sys
from typing import Any

import click

from bridge import __version__, logs
from bridge.errors import BridgeError, ConfigError

_MODULES: Mapping[str, str] = {
    "demo": "demo",
    "discover": "asking",
    "serve": "serving",
    "web": "serving",
    "worker": "working",
    "refresh": "asking",
    "feeds": "looking",
    "export": "looking",
    "links": "links",
    "doctor": "doctor",
    "config": "looking",
}


class _Commands(click.Group):
    """Turns what a person can mend into a sentence; a bug keeps its traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(f"bridge.cli.{_MODULES[cmd_name]}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(f"zoho-bridge: {problem}", err=True)
            sys.exit(error.exit_code)
        except BridgeError as error:
            click.echo(f"zoho-bridge: {error}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="zoho-bridge")
def main() -> None:
    """Publish Zoho Backstage, Connect and Calendar events as iCalendar feeds.

    \b
    zoho-bridge demo        try it, without a Zoho account
    zoho-bridge discover    see what your Zoho account holds
    zoho-bridge serve       read Zoho and serve the feeds, on one machine

    Settings come from the environment and from bridge.toml; see docs/settings.md.
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    logs.set_up()
