"""Commands that serve: the web server alone, or together with the worker in one process tree."""

import sys

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from bridge import logs
from bridge.cli.listening import answers, host_option, port_option, root_url, usable
from bridge.cli.opening import opened
from bridge.cli.processes import Tree, bridge

_workers = click.option(
    "--workers",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    envvar="WEB_CONCURRENCY",
    help="How many web processes.",
)


@click.command()
@host_option
@port_option
@_workers
@click.option("--demo", is_flag=True, hidden=True)
def web(host: str, port: int, workers: int, *, demo: bool) -> None:
    """Serve the published feeds; needs the store only, never Zoho.

    \b
    Examples:
      zoho-bridge web --host 0.0.0.0 --port 8080
      zoho-bridge web --workers 4
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    ip = usable(host, port)
    with opened():
        pass  # what is wrong with the settings or the database is said here, once, and not by each web process
    Granian(
        "bridge.web:create_demo_app" if demo else "bridge.web:create_app",
        address=ip,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=4,
        workers_kill_timeout=10,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig=logs.CONFIG,
    ).serve()


@click.command()
@host_option
@port_option
@_workers
def serve(host: str, port: int, workers: int) -> None:
    """Serve the feeds and keep them fresh, on one machine.

    Ctrl+C or SIGTERM ends it, after the reads that have begun.

    \b
    Examples:
      zoho-bridge serve
      zoho-bridge serve --host 0.0.0.0 --port 8080
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    ip = usable(host, port)
    with opened() as here:
        here.settings.zoho.require()
    with Tree() as tree:
        tree.start("web server", bridge("web", "--host", ip, "--port", str(port), "--workers", str(workers)))
        tree.start("worker", bridge("worker"))
        code = tree.wait(
            answers=lambda: answers(ip, port),
            ready=lambda: click.echo(f"Serving at {root_url(ip, port)}/ (`zoho-bridge feeds` lists the addresses)."),
        )
    sys.exit(code)
