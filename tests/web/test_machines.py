"""More than one machine: web and worker processes share PostgreSQL and nothing else, and any of them may die."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
import http.client
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import stamina

from bridge import config
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from tests.served import free_port
from tests.zoho_sandbox import Sandbox

KEY = "k" * 40
PORTAL = "20148871"
SOURCE = f"backstage:{PORTAL}"
TOML = f"""\
[[feed]]
slug = "portal"
sources = [{{ backstage = "{PORTAL}" }}]
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="kills process groups as on Linux"
)


class Machines:
    """Processes that have the same settings, each in a folder of its own as on machines of their own."""

    def __init__(self, folder: Any, database_url: str, sandbox: Any) -> None:
        self._folder = folder
        (folder / "bridge.toml").write_text(TOML)
        self._environ = {
            "BRIDGE_CONFIG": str(folder / "bridge.toml"),
            "BRIDGE_DATABASE_URL": database_url,
            "BRIDGE_QUEUE_URL": database_url,
            "BRIDGE_SECRET_KEY": KEY,
            **sandbox.environment(),
        }
        self._processes = []

    def start(self, *arguments: Any) -> Any:
        home = self._folder / f"machine-{len(self._processes)}"
        home.mkdir()
        names = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(names)
        }
        with (home / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bridge", *arguments],
                env={**inherited, **self._environ, "BRIDGE_DATA_DIR": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def web(self) -> Any:
        port = free_port()
        return self.start("web", "--port", str(port)), port

    def links(self, *arguments: Any) -> Any:
        """Run ``zoho-bridge links`` on a further machine, and give what it prints."""
        process = subprocess.run(
            [sys.executable, "-c", "from bridge.cli.links import links; links()", *arguments],
            env={**os.environ, **self._environ, "BRIDGE_DATA_DIR": str(self._folder)},
            check=True,
            capture_output=True,
            text=True,
        )
        return process.stdout

    def store(self) -> Any:
        settings = config.load(self._environ | {"BRIDGE_DATA_DIR": str(self._folder)})
        return closing(Store.open(settings.database_url, load_secret_keys(KEY, self._folder)))

    def end(self) -> None:
        for process in self._processes:
            kill(process)


def kill(process: Any) -> None:
    """End a process and all it started at once, as when the machine loses its power."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running(folder: Any, database_url: str) -> Iterator[Any]:
    with Sandbox() as sandbox, stamina.set_testing(True):
        machines = Machines(folder, database_url, sandbox)
        try:
            yield machines, sandbox
        finally:
            machines.end()


def get(port: Any, path: Any) -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def wait_for(condition: Any, seconds: Any = 30) -> Any:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            if found := condition():
                return found
        except OSError:  # nobody listens yet
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_two_of_each_of_which_one_is_killed_go_on(tmp_path: Path, database_url: str) -> None:
    """Feeds are served, sources are read and links are rotated, by the processes that are left."""
    with running(tmp_path, database_url) as (machines, sandbox):
        (first_web, first), (_, second) = machines.web(), machines.web()
        workers = [machines.start("worker") for _ in range(2)]
        for port in (first, second):
            wait_for(lambda port=port: get(port, "/healthz")[0] == 200)
        with machines.store() as store:
            wait_for(lambda: [state.events for state in store.sources.states()] not in ([], [0]))
            wait_for(lambda: store.publications.head("portal", "default").events > 0)
        (row,) = json.loads(machines.links("list", "portal", "--json"))
        path = urlsplit(row["url"]).path
        assert get(first, path) == get(second, path)
        before = get(second, path)[1]
        assert before.count(b"BEGIN:VEVENT") > 1

        kill(first_web)
        kill(workers[0])
        assert get(second, path) == (200, before)

        shelf = sandbox.portal(PORTAL).events
        shelf.change(shelf.all()[0]["id"], name="A title of now")
        with machines.store() as store:
            read_at = store.sources.state(SOURCE).last_success
            store.sources.wake([SOURCE], now=read_at)
            wait_for(
                lambda: store.sources.state(SOURCE).last_success > read_at, seconds=90
            )  # a tick comes each minute
        assert b"A title of now" in wait_for(
            lambda: (body := get(second, path)[1]) != before and body
        )

        new = urlsplit(machines.links("rotate", "portal").strip()).path
        wait_for(lambda: get(second, path)[0] == 410, seconds=3)
        assert get(second, new)[0] == 200
        assert json.loads(get(second, "/healthz")[1])["database"] == "ok"
