"""Where a web server listens: the options for it, and what is checked before anything is started."""

import errno
import http.client
from ipaddress import ip_address
import socket

import click

from bridge.errors import BridgeError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000

host_option = click.option(
    "--host",
    metavar="ADDRESS",
    default=DEFAULT_HOST,
    show_default=True,
    help="The address of this machine to listen on; 0.0.0.0 for all of them.",
)
port_option = click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    envvar="PORT",
    help="The port to listen on.",
)
workers_option = click.option(
    "--workers",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    envvar="WEB_CONCURRENCY",
    help="How many web processes.",
)


def check_address(host: str, port: int) -> str:
    """Give the IP address that ``host`` means; raises BridgeError when ``port`` can't be listened on there."""
    try:
        if not host:
            raise OSError("it is empty")  # noqa: TRY301 - to Python, and to nobody else, it means all addresses
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, getattr(error, "strerror", None) or "no such host") from error
    family, _, _, _, place = min(found, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise BridgeError(
                    f"Port {port} on {host} is in use: stop the program that has it, or choose another with --port."
                ) from error
            if error.errno == errno.EACCES:
                raise BridgeError(
                    f"Port {port} is not open to this user: choose one from 1024 up with --port."
                ) from error
            raise _unusable(host, error.strerror or "unknown reason") from error
    return str(place[0])


def root_url(ip: str, port: int) -> str:
    """Give the address at which this machine reaches what listens on ``ip``."""
    known = ip_address(ip)
    if known.is_unspecified:
        ip = "::1" if known.version == 6 else "127.0.0.1"
    return f"http://[{ip}]:{port}" if ":" in ip else f"http://{ip}:{port}"


def is_loopback(ip: str) -> bool:
    """Tell whether only this machine reaches what listens on ``ip``."""
    return ip_address(ip).is_loopback


def is_serving(ip: str, port: int) -> bool:
    """Tell whether a web server answers: the port is open before the application behind it is loaded."""
    connection = http.client.HTTPConnection(ip, port, timeout=1)
    try:
        connection.request("GET", "/robots.txt")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _unusable(host: str, reason: str) -> BridgeError:
    return BridgeError(
        f'"{host}" can\'t be listened on ({reason}): let --host be an address of this machine.'
    )
