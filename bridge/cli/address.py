"""The address that a web server listens on: its options, and the checks before anything starts."""

from collections.abc import Callable
import errno
import http.client
import socket
from typing import Any, TypeAlias

import click

from bridge.cli.output import WholeNumber
from bridge.errors import BridgeError
from bridge.store.listener import Listener

_Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_DEFAULT = Listener()

host_option = click.option(
    "--host",
    envvar="BRIDGE_HOST",
    metavar="ADDRESS",
    default=_DEFAULT.ip,
    show_default=True,
    help="The address of this machine to listen on; 0.0.0.0 for all of them.",
)


def _number_option(name: str, variable: str, kind: WholeNumber, **more: Any) -> _Decorator:
    """Return an option for a whole number, which an environment variable may set, too."""
    more |= {"envvar": variable, "type": kind, "metavar": "NUMBER", "show_default": True}
    return click.option(name, **more)


port_option = _number_option(
    "--port", "PORT", WholeNumber(1, 65535), default=_DEFAULT.port, help="The port to listen on."
)
workers_option = _number_option(
    "--workers", "WEB_CONCURRENCY", WholeNumber(1), default=1, help="The number of web processes."
)


def check_address(host: str, port: int) -> Listener:
    """Return where to listen for ``host``; raise BridgeError if this process can't."""
    try:
        if not host:  # for Python, an empty name means all addresses
            raise OSError(0, "it is empty")  # noqa: TRY301 - handled like the name server's errors
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, place = min(places, key=lambda place: place[0] != socket.AF_INET)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as error:
        raise BridgeError(_problem(host, port, error)) from error
    return Listener(str(place[0]), port)


def is_serving(ip: str, port: int) -> bool:
    """Return whether the web application answers; its port opens before it is loaded.

    Every configuration answers this path over http for loopback, whatever the public address is.
    """
    connection = http.client.HTTPConnection(ip, port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _problem(host: str, port: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            remedy = "stop the program that uses it, or choose another port with --port."
            return f"Port {port} on {host} is in use: {remedy}"
        case errno.EACCES:
            return f"Port {port} is not open to this user: choose one from 1024 up with --port."
    reason = getattr(error, "strerror", None) or "no such host"
    return f'Can\'t listen on "{host}" ({reason}): set --host to an address of this machine.'
