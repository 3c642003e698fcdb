"""The commands of ``zoho-bridge``: each reads its options, calls the work, and prints the result.

The module of a command has the command's name and is loaded when the command is called: the help
loads none, a web process holds no HTTP client, and a list of feeds no web server. Helpers of
several commands: ``context`` (settings and store), ``zoho`` (the account), ``output`` (tables,
JSON), ``sanitize`` (text of others), ``address`` (where to listen), ``processes``.
"""

import gc
from importlib import import_module
import os
import sys
from typing import Any

import click

from bridge import __version__
from bridge.cli.output import print_problem
from bridge.cli.processes import tied_option
from bridge.errors import BridgeError, ConfigError

# In the order of the help, each with the first sentence of its own help.
COMMANDS = {
    "demo": "Try the bridge without a Zoho account.",
    "login": "Connect the bridge with a Zoho account.",
    "logout": "Revoke the login at Zoho, and forget it.",
    "discover": "List the portals, groups and calendars of the account.",
    "serve": "Serve the feeds and keep them fresh, on one machine.",
    "web": "Serve the published feeds, without reading Zoho.",
    "worker": "Read the sources that are due from Zoho, until stopped.",
    "refresh": "Read the named feeds, or all, from Zoho now.",
    "feeds": "List the feeds with events, state, last read and address.",
    "sources": "List the sources with state, last and next read, and webhook.",
    "export": "Write a feed to standard output, byte for byte as served.",
    "history": "Show what changed in a feed, newest first.",
    "links": "Manage the secret links of a feed.",
    "admin-link": "Print a link that signs in to the admin pages once.",
    "doctor": "Check the setup and suggest fixes.",
    "backup": "Write all that must not be lost into one encrypted file.",
    "restore": "Restore a backup into an empty bridge.",
    "health": "Exit with 0 if the web server of this machine answers.",
    "verify": "Compare a published feed with Zoho.",
    "push": "Send edited events back to Zoho Connect.",
    "config": "Show the settings in force, without secrets.",
    "completion": "Print the script for completion in a shell.",
}

_INTERRUPTED = 130  # the exit code of shells for SIGINT: 128 and the signal's number


class _Commands(click.Group):
    """The group of all commands. An error that a person can solve is printed as a sentence."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, in place of its name and sentence."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, known and _load(str(name)), rest

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


def _use_file(_context: click.Context, _parameter: click.Parameter, path: str | None) -> None:
    if path:
        os.environ["BRIDGE_CONFIG"] = path  # also for child processes


_config_option = click.option(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_use_file,
    help="The settings, in place of BRIDGE_CONFIG or ./bridge.toml.",
)


def _load(name: str) -> click.Command:
    """Return a command. While its modules are loaded there is no garbage to look for."""
    gc.disable()
    module = name.replace("-", "_")
    command: click.Command = getattr(import_module(f"bridge.cli.{module}"), module)
    gc.freeze()
    gc.enable()
    if name not in ("demo", "completion"):  # which read no settings
        for each in getattr(command, "commands", {"": command}).values():
            if not any("--config" in parameter.opts for parameter in each.params):
                _config_option(each)
    return command


@click.group(
    cls=_Commands,
    commands=[click.Command(name, help=sentence) for name, sentence in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@tied_option
@click.version_option(__version__, "-V", "--version", prog_name="zoho-bridge")
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
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
