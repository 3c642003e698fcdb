"""Published feeds and a real web server, for tests of the web."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
import gzip
import hashlib
import http.client
import os
from pathlib import Path
import re
import socket
import subprocess
import sys
import time

from flask import Flask
from flask.testing import FlaskClient

from bridge import config
from bridge.feed.publication import Document, Publication
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from bridge.web import create_app

NOW = datetime(2026, 3, 9, 8, 0, 30, 500_000, tzinfo=UTC)


def document(body: bytes, variant: str = "default") -> Document:
    """Return a published document of a body."""
    etag = hashlib.sha256(body).hexdigest()
    return Document(variant=variant, gzip=gzip.compress(body), etag=etag, modified_at=NOW, events=1)


def publish(store: Store, slug: str, body: bytes, *, revision: int = 0) -> None:
    """Publish a body as every variant of a feed."""
    documents = [
        document(body, "default"),
        document(body + b"quiet", "quiet"),
        document(body + b"web", "web"),
    ]
    assert store.publications.publish(
        slug, Publication(revision=revision, documents=documents, now=NOW)
    )


def web_app(
    store: Store,
    folder: Path,
    *,
    open_admin: bool = False,
    clock: Callable[[], float] = time.monotonic,
    environ: Mapping[str, str] | None = None,
    **settings: str,
) -> Flask:
    """Return the web app of a store; ``environ`` and ``settings`` are environment variables."""
    values = {"BRIDGE_DATA_DIR": str(folder), "BRIDGE_SECRET_KEY": "k" * 40, **settings}
    values |= environ or {}
    return create_app(config.load(values), store, open_admin=open_admin, clock=clock)


def first_match(pattern: str, text: str) -> str:
    """Return the first group of a pattern's first match; fail the test without one."""
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None, pattern
    return match[1]


def csrf_token(client: FlaskClient, path: str, base_url: str | None = None) -> str:
    """Return the CSRF token of the forms of a page."""
    text = client.get(path, base_url=base_url).text
    return first_match(r'name="csrf" value="([^"]+)"', text)


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server(folder: Path, **environ: str) -> Iterator[tuple[Store, int]]:
    """Run ``zoho-bridge web`` on a new store in ``folder``; yield the store and the port."""
    settings = {"BRIDGE_DATA_DIR": str(folder), "BRIDGE_SECRET_KEY": "k" * 40, **environ}
    loaded = config.load(settings)
    store = Store.open(loaded.database_url, load_secret_keys("k" * 40, folder))
    port = free_port()
    names = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "web", "--port", str(port)],
        env={**inherited, **settings},
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    try:
        _wait_until_healthy(process, port)
        yield store, port
    finally:
        process.terminate()
        process.communicate()
        store.close()


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError("the web server did not start")
