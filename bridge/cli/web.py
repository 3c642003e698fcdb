"""``zoho-bridge web``: the web server alone."""

from contextlib import suppress
import resource

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from bridge import logs
from bridge.cli.address import check_address, host_option, port_option, workers_option
from bridge.cli.context import open_bridge

_FILES = 256  # open files besides connections, at most
_MOST_CONNECTIONS = 16 * 1024


@click.command()
@host_option
@port_option
@workers_option
@click.option("--demo", is_flag=True, hidden=True)
def web(host: str, port: int, workers: int, *, demo: bool) -> None:
    """Serve the published feeds, without reading Zoho.

    It needs the database only, never Zoho: run `zoho-bridge worker` beside it.

    \b
    Examples:
      zoho-bridge web --host 0.0.0.0 --port 8080
      zoho-bridge web --workers 4
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    listener = check_address(host, port)
    with open_bridge() as bridge:  # reports mistakes in the settings once, not once per process
        listener.note(bridge.settings.data_dir)
    Granian(
        f"bridge.web.server:{'create_demo_server' if demo else 'create_server'}",
        address=listener.ip,
        port=listener.port,
        interface=Interfaces.RSGI,
        factory=True,
        workers=workers,
        workers_kill_timeout=10,
        http=HTTPModes.http1,  # the server of "auto" never drops a connection that sends nothing
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=32 * 1024),
        websockets=False,
        backlog=4096,
        backpressure=_most_connections(),
        log_level=LogLevels.warning,
        log_dictconfig=logs.CONFIG,
    ).serve()


def _most_connections() -> int:
    """Return how many connections a process can hold, with as many files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # a sandbox may forbid it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    unlimited = resource.RLIM_INFINITY
    return (
        _MOST_CONNECTIONS if soft == unlimited else min(max(soft - _FILES, 128), _MOST_CONNECTIONS)
    )
