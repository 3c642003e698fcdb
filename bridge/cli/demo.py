"""The command ``demo``: the bridge on a sandbox in place of Zoho, in a temporary folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
import os
from pathlib import Path
import shlex
import sys
import sysconfig
import tempfile

import click

from bridge.cli import address
from bridge.cli.context import feed_url, hook_url, open_bridge
from bridge.cli.processes import Tree, bridge
from bridge.cli.zoho import group_sentences, open_refresher, refresh_all, source_keys, sync_feeds
from bridge.errors import StoreError
from bridge.feed.selection import Ticks
from bridge.sandbox.demo_edits import PORTAL, edit, serve_renames
from bridge.sandbox.fault_tour import fault_tour
from bridge.sandbox.files import data_file
from bridge.sandbox.server import Sandbox
from bridge.signals import interruptible
from bridge.store.listener import Listener

_TURN = 120.0  # seconds; the worker looks once a minute for sources that are due

_TICKS = Ticks(labels=(("category", "Hybrid"), ("category", "Online")), reminder=30)
_NEXT_STEPS = """
Open {page} to look around. To try the commands in another terminal:

  . {commands}
  zoho-bridge history northwind-events
  zoho-bridge verify work

To see how fast changes arrive, rename an event in Zoho:

  curl -X POST {zoho}/rename/calendar   # in “Work” within 75 seconds
  curl -X POST {zoho}/rename/portal
  curl -X POST {hook}   # announces it: 10 seconds

Ctrl+C ends the demo and removes everything."""


@click.command()
@address.host_option
@address.port_option
@click.option(
    "--faults",
    metavar="[SECONDS]",
    type=click.FloatRange(min=0, min_open=True),
    is_flag=False,
    flag_value=_TURN,
    help="Break one product of Zoho after the other, each for SECONDS and with as long between "
    f"them ({_TURN:g} by default), and report it: the feeds stay up.",
)
def demo(host: str, port: int, faults: float | None) -> None:
    """Try the bridge without a Zoho account.

    A sandbox stands in for Zoho, and all data is in a temporary folder. Ctrl+C ends the demo and
    removes everything.

    \b
    Examples:
      zoho-bridge demo
      zoho-bridge demo --port 8080
      zoho-bridge demo --faults
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    listener = address.check_address(host, port)
    is_private = listener.is_private("")
    with tempfile.TemporaryDirectory(prefix="zoho-bridge-") as folder, Sandbox() as sandbox:
        serve_renames(sandbox.app, sandbox.data)
        config = Path(folder, "bridge.toml")
        config.write_text(data_file("demo.toml"), encoding="utf-8")
        settings = {
            "BRIDGE_DATA_DIR": folder,
            "BRIDGE_CONFIG": str(config),
            "BRIDGE_PUBLIC_URL": listener.url,
            **sandbox.environment(),
        }
        _replace_environment(settings)
        with Tree() as tree:
            # Without a password only on loopback: the list shows the secret addresses of feeds.
            options = ["--host", listener.ip, "--port", str(port), *["--demo"] * is_private]
            with interruptible():
                tree.start("web server", bridge("web", *options))
                _refresh()
                edit(sandbox.data)
                _refresh("northwind-events")  # which now has a history
                commands = _write_environment(Path(folder), settings)
                tree.start("worker", bridge("worker"))
            with _reported_faults(sandbox, faults) if faults else nullcontext():
                code = tree.wait(
                    answers=lambda: address.is_serving(listener.ip, port),
                    ready=lambda: _show(listener, commands, faults, sandbox.url),
                )
    sys.exit(code)


def _write_environment(folder: Path, settings: Mapping[str, str]) -> Path:
    """Write the demo's settings and this program's folder for a shell, to try commands there."""
    path = folder / "environment"
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    program = f'export PATH={shlex.quote(sysconfig.get_path("scripts"))}:"$PATH"\n'
    path.write_text("".join((*lines, program)), encoding="utf-8")
    return path


def _replace_environment(settings: Mapping[str, str]) -> None:
    """Replace all settings of the bridge in the environment, also for child processes."""
    for name in [*os.environ]:
        if name.startswith(("BRIDGE_", "ZOHO_", "DATABASE_URL")):
            del os.environ[name]
    os.environ.update(settings)


def _refresh(*slugs: str) -> None:
    """Refresh all feeds, or some, so that the first page that a visitor opens is full."""
    with open_bridge() as here, open_refresher(here) as refresher:
        reports = refresh_all(refresher, source_keys(sync_feeds(here, refresher).feeds, slugs))
    failed = ((report.source, report.error) for report in reports if report.outcome != "refreshed")
    for line in group_sentences(failed):
        click.echo(f"zoho-bridge: {line}", err=True)


@contextmanager
def _reported_faults(sandbox: Sandbox, seconds: float) -> Iterator[None]:
    """Run the fault tour and print each step; make all sources due, so that the worker meets it."""
    with open_bridge() as here:
        sources = here.store.sources

        def report(sentence: str) -> None:
            with suppress(StoreError):  # the next step tries again
                keys = [state.source.key for state in sources.states()]
                sources.wake(keys, now=datetime.now(UTC))
            now = datetime.now().astimezone()
            click.echo(f"zoho-bridge: {now:%H:%M:%S} {sentence}", err=True)

        with fault_tour(sandbox, report, seconds):
            yield


def _show(listener: Listener, commands: Path, faults: float | None, zoho: str) -> None:
    heading = "The bridge reads a sandbox in place of Zoho. Subscribe to any of these:\n"
    click.secho(heading, bold=True)
    with open_bridge() as here:
        for feed in here.store.feeds.active():
            click.echo(f"  {feed.title}\n    {feed_url(here, feed)}")
        link = here.store.links.of("everything")[0]
        token = here.store.selections.add(
            link.slug, link, _TICKS, client="demo", now=link.created_at
        )
        click.echo(f"  Everything: a selection\n    {listener.url}/f/{token}/{link.slug}.ics")
        hook = hook_url(here, f"backstage:{PORTAL}")
    page = listener.url + ("/admin/" if listener.is_private("") else "/feeds/northwind-events/")
    if faults:
        click.echo(f"\nThe first fault of Zoho begins in {faults:g} seconds. Faults show here.")
    click.echo(_NEXT_STEPS.format(page=page, commands=commands, zoho=zoho, hook=hook))
