"""Several machines: web and worker processes share only PostgreSQL, and any of them may die."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
import http.client
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import stamina

from bridge import config
from bridge.store import Store
from bridge.store.crypto import load_secret_keys
from tests.served import free_port
from tests.zoho_sandbox import Sandbox

T = TypeVar("T")
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
    """Processes with the same settings, each in a folder of its own like on separate machines."""

    def __init__(self, folder: Path, database_url: str, sandbox: Sandbox) -> None:
        self._folder = folder
        (folder / "bridge.toml").write_text(TOML)
        self._environ = {
            "BRIDGE_CONFIG": str(folder / "bridge.toml"),
            "BRIDGE_DATABASE_URL": database_url,
            "BRIDGE_QUEUE_URL": database_url,
            "BRIDGE_SECRET_KEY": KEY,
            **sandbox.environment(),
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
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

    def web(self) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        return self.start("web", "--port", str(port)), port

    def links(self, *arguments: str) -> str:
        """Run ``zoho-bridge links`` on another machine, and return its output."""
        process = subprocess.run(
            [sys.executable, "-c", "from bridge.cli.links import links; links()", *arguments],
            env={**os.environ, **self._environ, "BRIDGE_DATA_DIR": str(self._folder)},
            check=True,
            capture_output=True,
            text=True,
        )
        return process.stdout

    def store(self) -> closing[Store]:
        settings = config.load(self._environ | {"BRIDGE_DATA_DIR": str(self._folder)})
        return closing(Store.open(settings.database_url, load_secret_keys(KEY, self._folder)))

    def end(self) -> None:
        for process in self._processes:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children at once, like a power cut."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[tuple[Machines, Sandbox]]:
    with Sandbox() as sandbox, stamina.set_testing(True):
        machines = Machines(folder, database_url, sandbox)
        try:
            yield machines, sandbox
        finally:
            machines.end()


def get(port: int, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def is_healthy(port: int) -> bool:
    return get(port, "/healthz")[0] == 200


def wait_for(condition: Callable[[], T], seconds: float = 30) -> T:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            if found := condition():
                return found
        except OSError:  # the port is not open yet
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds")


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_after_one_of_two_web_and_worker_processes_is_killed_the_others_go_on(
    tmp_path: Path, database_url: str
) -> None:
    """The other processes serve feeds, read sources and rotate links."""
    with running(tmp_path, database_url) as (machines, sandbox):
        (first_web, first), (_, second) = machines.web(), machines.web()
        workers = [machines.start("worker") for _ in range(2)]
        for port in (first, second):
            wait_for(partial(is_healthy, port))
        with machines.store() as store:
            wait_for(lambda: [state.events for state in store.sources.states()] not in ([], [0]))
            wait_for(lambda: (head := store.publications.head("portal", "default")) and head.events)
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
            assert read_at is not None
            store.sources.wake([SOURCE], now=read_at)
            # The worker looks for due sources every minute.
            wait_for(lambda: store.sources.state(SOURCE).last_success != read_at, seconds=90)
        wait_for(lambda: b"A title of now" in get(second, path)[1])

        new = urlsplit(machines.links("rotate", "portal", "--grace", "0").strip()).path
        wait_for(lambda: get(second, path)[0] == 410, seconds=3)
        assert get(second, new)[0] == 200
        assert json.loads(get(second, "/healthz")[1])["database"] == "ok"
