"""The commands of ``zoho-bridge``. Each one only reads options, calls what does the work, and says what came of it.

Exit codes: 0 all went well, 1 something failed, 2 the settings or the command line are wrong, 130 ended by Ctrl+C. A
command's module is loaded when it is called, so that a web process holds no HTTP client, and a list of feeds no web
server.
"""

from importlib import import_module
import os
import sys
from typing import Any

import click

from bridge import __version__, logs
from bridge.cli.processes import tied_option
from bridge.errors import BridgeError, ConfigError

# In the order of the help; each is the module of the same name.
COMMANDS = (
    "demo",
    "login",
    "discover",
    "serve",
    "web",
    "worker",
    "refresh",
    "feeds",
    "export",
    "history",
    "links",
    "doctor",
    "verify",
    "push",
    "config",
    "completion",
)

_INTERRUPTED = 130  # as shells count it: 128 and the number of SIGINT


class _Commands(click.Group):
    """Turns what a person can mend into a sentence; a bug keeps its traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"bridge.cli.{cmd_name}"), cmd_name)
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
        except (
            KeyboardInterrupt,
            click.Abort,
        ):  # Ctrl+C, or Ctrl+D at a question: nothing to explain
            click.echo(err=True)
            sys.exit(_INTERRUPTED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@tied_option
@click.version_option(__version__, prog_name="zoho-bridge")
@click.pass_context
def main(context: click.Context) -> None:
    """Publish Zoho Backstage, Connect and Calendar events as iCalendar feeds.

    \b
    Examples:
      zoho-bridge demo                try it, without a Zoho account
      zoho-bridge login               connect it with your Zoho account
      zoho-bridge discover --write    make feeds of what the account can see
      zoho-bridge serve               read Zoho and serve the feeds

    \b
    Exit codes:
      0    all went well
      1    something failed: Zoho, the database, a port, an unknown feed
      2    the settings or the command line are wrong
      130  ended by Ctrl+C

    Settings come from the environment and from bridge.toml; see docs/settings.md. Colours are for terminals alone, and
    not used where NO_COLOR is set.
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    logs.set_up()
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
