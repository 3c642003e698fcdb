"""The address that this machine's web server listens on, noted in a file of the data folder.

Commands read it to print addresses that work, whatever ``--host`` and ``--port`` the server has.
"""

import contextlib
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from bridge.config.urls import is_loopback

_FILE = "listener"


@dataclass(frozen=True, slots=True)
class Listener:
    """An IP address and a port; by default those of a server that is started without options."""

    ip: str = "127.0.0.1"
    port: int = 8000

    @property
    def url(self) -> str:
        """The URL at which this machine reaches the server, without a trailing slash."""
        address = ip_address(self.ip)
        if address.is_unspecified:
            address = ip_address("::1" if address.version == 6 else "127.0.0.1")
        return f"http://{address if address.version == 4 else f'[{address}]'}:{self.port}"

    def is_private(self, public_url: str) -> bool:
        """Return whether only this machine reaches the server, also by its public URL, if any."""
        return is_loopback(self.ip) and is_loopback(urlsplit(public_url or self.url).hostname or "")

    def note(self, folder: Path) -> None:
        """Note the address in the data folder, if it can be written."""
        with contextlib.suppress(OSError):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            (folder / _FILE).write_text(f"{self.ip} {self.port}\n", encoding="ascii")


def noted_listener(folder: Path) -> Listener | None:
    """Return the last address that was noted, None if there is none."""
    with contextlib.suppress(OSError, ValueError):
        ip, port = (folder / _FILE).read_text("ascii").split()
        return Listener(str(ip_address(ip)), int(port))
    return None
