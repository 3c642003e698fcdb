"""An HTTP server that sends the same answer to every request, and records the forms sent to it."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from threading import Thread
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


class CannedServer:
    """The server's application: ``forms`` are the forms of the requests so far."""

    def __init__(self, body: object, status: int, headers: dict[str, str]) -> None:
        self._answer = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        self._status = status
        self._headers = headers
        self.forms: list[dict[str, str]] = []
        self.url = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.forms.append(dict(Request(environ).form))
        response = Response(self._answer, self._status, headers=self._headers)
        return response(environ, start_response)


@contextmanager
def canned_server(body: object, status: int = 200, **headers: str) -> Iterator[CannedServer]:
    """Serve a body, as JSON unless it is text, on a port of loopback."""
    app = CannedServer(body, status, headers)
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        app.url = f"http://127.0.0.1:{server.port}"
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
