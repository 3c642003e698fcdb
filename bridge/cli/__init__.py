"""The commands of ``zoho-bridge``: each reads its options, calls the work, and prints the result.

The module of a command has the command's name and is loaded when the command is called: a web
process holds no HTTP client, and a list of feeds no web server. Helpers of several commands:
``context`` (settings and store), ``zoho`` (the account), ``output`` (tables, JSON), ``sanitize``
(text of others), ``address`` (where to listen), ``processes``.
"""

from importlib import import_module
import os
import sys
from typing import Any

import click

from bridge import __version__, logs
from bridge.cli.output import print_problem
from bridge.cli.processes import tied_option
from bridge.errors import BridgeError, ConfigError

_FIRST_STEPS = ("demo", "login", "discover")
_SERVICES = ("serve", "web", "worker")
_FEEDS = ("refresh", "feeds", "export", "history", "links")
_OTHERS = ("doctor", "health", "verify", "push", "config", "completion")
COMMANDS = (*_FIRST_STEPS, *_SERVICES, *_FEEDS, *_OTHERS)  # in the order of the help

_INTERRUPTED = 130  # the exit code of shells for SIGINT: 128 and the signal's number


class _Commands(click.Group):
    """The group of all commands. An error that a person can solve is printed as a sentence."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"bridge.cli.{name}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BridgeError as error:
            for problem in error.problems if isinstance(error, ConfigError) else [error]:
                print_problem(problem)
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):  # Ctrl+C, or Ctrl+D at a question
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
      zoho-bridge discover --write    make a feed of everything the account can see
      zoho-bridge serve               read Zoho and serve the feeds

    \b
    Exit codes:
      0    success
      1    something failed: Zoho, the database, a port, an unknown feed
      2    the settings or the command line are wrong
      130  ended by Ctrl+C

    Settings come from the environment and from bridge.toml; see docs/settings.md. Output is
    coloured on a terminal, unless NO_COLOR is set.
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    logs.set_up()
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
