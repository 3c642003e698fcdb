"""``zoho-bridge web``: the web server alone."""

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from bridge import logs
from bridge.cli.address import check_address, host_option, port_option, workers_option
from bridge.cli.context import open_bridge


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
    ip = check_address(host, port)
    with open_bridge():
        pass  # reports mistakes in the settings once, instead of once per web process
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
