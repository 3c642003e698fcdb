"""``zoho-bridge health``: 0 exactly when the web server of this machine answers."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from click.testing import CliRunner
import pytest

from bridge.cli import main
from bridge.store.listener import Listener
from tests.served import free_port


class Server(HTTPServer):
    """A web server that answers /healthz with one status."""

    status = 200

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.send_response(self.server.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_exit_code_is_the_health_of_the_server(status: int, code: int) -> None:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.status = status
        environ = {"PORT": str(server.server_port), "BRIDGE_HOST": "0.0.0.0"}
        result = CliRunner().invoke(main, ["health"], env=environ)
    assert result.exit_code == code
    assert bool(result.stderr) == bool(code)


def test_without_a_port_the_address_that_the_server_noted_is_asked(tmp_path: Path) -> None:
    """``--port`` and PORT win over the note, and --host over its address."""
    environ = {"BRIDGE_DATA_DIR": str(tmp_path)}
    with Server(("127.0.0.1", 0), Handler) as server:
        Listener("127.0.0.1", server.server_port).note(tmp_path)
        assert CliRunner().invoke(main, ["health"], env=environ).exit_code == 0
        asked = CliRunner().invoke(main, ["health"], env={**environ, "PORT": str(free_port())})
        assert asked.exit_code == 1
        Listener("::1", server.server_port).note(tmp_path)
        asked = CliRunner().invoke(main, ["health", "--host", "0.0.0.0"], env=environ)
        assert asked.exit_code == 0


def test_a_server_that_does_not_run_is_named() -> None:
    port = free_port()
    result = CliRunner().invoke(main, ["health", "--port", str(port)])
    assert result.exit_code == 1
    assert result.stderr == f"The web server does not answer on 127.0.0.1, port {port}.\n"
