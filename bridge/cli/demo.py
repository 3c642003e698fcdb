"""The bridge on a sandbox in place of Zoho: everything real but the account, in a folder that is thrown away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import shlex
import sys
import tempfile

import click

from bridge.cli.address import (
    check_address,
    host_option,
    is_loopback,
    is_serving,
    port_option,
    root_url,
)
from bridge.cli.context import feed_url, open_bridge
from bridge.cli.processes import Tree, bridge
from bridge.cli.zoho import group_sentences, open_refresher, refresh_all, source_keys, sync_feeds
from bridge.errors import StoreError
from bridge.sandbox import Sandbox, edit, trouble

# The ids are those of the sandbox. Calendars are read over half a year, to be done in seconds: a polite client reads
# them in ranges of a month. For the same reason the sample of the Calendar document, years back, is left out.
_CONFIG = """\
[zoho]
connect_timezone = "Europe/Berlin"

[[feed]]
slug = "work"
future = "180d"
past = "30d"
title = "Work"
sources = [{ calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" }]

[[feed]]
slug = "us-launch"
future = "180d"
past = "30d"
title = "US launch"
sources = [{ calendar = "5be0d3f17a2c4c6f9a41c0b7e8d25f60" }]

[[feed]]
slug = "northwind-events"
title = "Northwind events"
public = true
sources = [{ backstage = "20148871" }]

[[feed]]
slug = "conference"
title = "Northwind conference: agenda"
public = true
sources = [{ backstage = "20148871", event = "31000000000118" }]

[[feed]]
slug = "groups"
title = "Groups"
sources = [GROUPS]

[[feed]]
slug = "team-busy"
future = "180d"
past = "30d"
title = "Team India (times only)"
privacy = "busy"
sources = [{ calendar = "b7c1e94f20d84a53a6f3d5e1907c842b" }]

[[feed]]
slug = "everything"
future = "180d"
past = "30d"
title = "Everything"
sources = [
  { calendar = "q3Xv8Tn_Rk2mWz0yLb7cAg==" },
  { calendar = "5be0d3f17a2c4c6f9a41c0b7e8d25f60" },
  { backstage = "20148871" },
]

[[feed]]
slug = "documents"
title = "The samples of Zoho's documents"
past = "3650d"
sources = [
  { backstage = "19593237" },
  { connect = ["929000000295001", "929000000439015"], network = "929000000015001" },
]
"""


_TURN = 120.0  # seconds; the worker looks once a minute for what is due


@click.command()
@host_option
@port_option
@click.option(
    "--faults",
    metavar="[SECONDS]",
    type=click.FloatRange(min=0, min_open=True),
    is_flag=False,
    flag_value=_TURN,
    help="Let one thing after the other go wrong with Zoho, for so long each and with as long between them "
    f"({_TURN:g} seconds if none are given), and say so: the feeds stay up.",
)
def demo(host: str, port: int, faults: float | None) -> None:
    """Try the bridge without a Zoho account.

    A sandbox stands in for Zoho, and all data lies in a temporary folder. Ctrl+C ends it and removes everything.

    \b
    Examples:
      zoho-bridge demo
      zoho-bridge demo --port 8080
      zoho-bridge demo --faults
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    ip = check_address(host, port)
    with tempfile.TemporaryDirectory(prefix="zoho-bridge-") as folder, Sandbox() as sandbox:
        settings = {
            "BRIDGE_DATA_DIR": folder,
            "BRIDGE_CONFIG": str(_write_config(Path(folder), sandbox)),
            "BRIDGE_PUBLIC_URL": root_url(ip, port),
            **sandbox.environment(),
        }
        with _environment(settings), Tree() as tree:
            # Without a password only where nobody else can come: the list shows the secret addresses of feeds.
            unlocked = ["--demo"] if is_loopback(ip) else []
            tree.start("web server", bridge("web", "--host", ip, "--port", str(port), *unlocked))
            _fill()
            edit(sandbox.data)
            _fill("northwind-events")  # of which there is a history now
            commands = _write_environment(Path(folder), settings)
            tree.start("worker", bridge("worker"))
            with _faults(sandbox, faults) if faults else nullcontext():
                code = tree.wait(
                    answers=lambda: is_serving(ip, port),
                    ready=lambda: _show(ip, port, commands, faults),
                )
    sys.exit(code)


def _write_config(folder: Path, sandbox: Sandbox) -> Path:
    groups = (
        f'{{ connect = {json.dumps(list(held.groups))}, network = "{network}" }}'
        for network, held in sandbox.data.networks.items()
        if network != "929000000015001"
    )
    path = folder / "bridge.toml"
    path.write_text(_CONFIG.replace("GROUPS", ", ".join(groups)), encoding="utf-8")
    return path


def _write_environment(folder: Path, settings: Mapping[str, str]) -> Path:
    """Write the demo's settings down for a shell, so that every command can be tried on it."""
    path = folder / "environment"
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Let only the demo's settings hold, here and in the processes that are started."""
    before = dict(os.environ)
    for name in [
        name for name in os.environ if name.startswith(("BRIDGE_", "ZOHO_", "DATABASE_URL"))
    ]:
        del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _fill(*slugs: str) -> None:
    """Read the sandbox for all feeds, or some, so that the first page a visitor opens is full."""
    with open_bridge() as here, open_refresher(here) as refresher:
        reports = refresh_all(refresher, source_keys(sync_feeds(here, refresher).feeds, slugs))
    for line in group_sentences(
        (one.source, one.error) for one in reports if one.outcome != "refreshed"
    ):
        click.echo(f"zoho-bridge: {line}", err=True)


@contextmanager
def _faults(sandbox: Sandbox, seconds: float) -> Iterator[None]:
    """Let things go wrong and say what; sources are woken each time, so that the worker meets it and what follows."""
    with open_bridge() as here:

        def say(sentence: str) -> None:
            with suppress(StoreError):  # the next time will do
                here.store.sources.wake(
                    [state.source.key for state in here.store.sources.states()],
                    now=datetime.now(UTC),
                )
            click.echo(f"zoho-bridge: {datetime.now():%H:%M:%S} {sentence}", err=True)  # noqa: DTZ005 - for a person

        with trouble(sandbox.faults, say, lasts=seconds, rests=seconds):
            yield


def _show(ip: str, port: int, commands: Path, faults: float | None) -> None:
    click.secho(
        "The bridge reads a sandbox in place of Zoho. Subscribe to any of these:\n", bold=True
    )
    with open_bridge() as here:
        for feed in here.store.feeds.active():
            click.echo(f"  {feed.title}\n    {feed_url(here, feed)}")
    page = "/admin/" if is_loopback(ip) else "/feeds/northwind-events/"
    if faults:
        click.echo(
            f"\nIn {faults:g} seconds things begin to go wrong with Zoho, one after the other, as is told here."
        )
    click.echo(
        f"\nOpen {root_url(ip, port)}{page} to look around. To try the commands in another terminal:\n"
    )
    click.echo(f"  . {commands}\n  zoho-bridge history northwind-events\n  zoho-bridge verify work")
    click.echo("\nCtrl+C ends the demo and removes everything.")
