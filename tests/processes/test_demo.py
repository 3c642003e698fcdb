"""``zoho-bridge demo --faults``: Zoho fails, it is reported, and the feeds stay.

The command runs as a process with its own web server and worker.
"""

from collections.abc import Iterator
from contextlib import closing
import json
import os
from pathlib import Path
import re
import signal
import sqlite3
import subprocess
import sys
from threading import Timer
import time
from typing import IO
from urllib.request import urlopen

import pytest

from tests.command_line import CommandLine, command_line
from tests.served import free_port
from tests.waiting import pipe

SECONDS = 15  # far more than a command needs to start and to meet the fault
BROKEN = f"Zoho Calendar answers 500, for {SECONDS} seconds."

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"
)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def read_until(stream: IO[str], words: str) -> list[str]:
    """Read lines until one holds ``words``; return them."""
    lines = []
    for text in iter(stream.readline, ""):
        lines.append(text)
        if words in text:
            return lines
    raise AssertionError("".join(lines))


def bodies(urls: list[str]) -> dict[str, bytes]:
    return {url: urlopen(url, timeout=60).read() for url in urls}


def children(folder: Path) -> list[tuple[str, int, dict[str, str]]]:
    """Return command line, id and environment of the demo's processes, the worker last."""
    processes = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            pairs = [pair.partition(b"=") for pair in file.read_bytes().split(b"\0") if pair]
            environ = {name.decode(): value.decode(errors="replace") for name, _, value in pairs}
            if environ.get("BRIDGE_DATA_DIR") == str(folder):
                command = file.with_name("cmdline").read_text().replace("\0", " ").strip()
                processes.append((command, int(file.parent.name), environ))
        except OSError:  # it ended meanwhile, or belongs to another user
            continue
    return sorted(processes, key=lambda process: process[0].endswith(" worker"))


def refresh(environ: dict[str, str], *slugs: str) -> subprocess.CompletedProcess[str]:
    """Run ``refresh`` beside the demo, with the settings of its own processes."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", "refresh", *slugs],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_feeds_keep_their_bytes_while_things_go_wrong(line: CommandLine) -> None:
    port = free_port()
    demo = line.process(
        "demo", "--faults", str(SECONDS), "--port", str(port), TMPDIR=str(line.toml.parent)
    )
    too_long = Timer(300, demo.kill)  # ends the reads below when the lines never arrive
    too_long.start()
    errors, printed = pipe(demo.stderr), ""
    while "Open http" not in printed:
        text = pipe(demo.stdout).readline()
        assert text, pipe(demo.stderr).read()
        printed += text
    assert f"The first fault of Zoho begins in {SECONDS} seconds." in printed
    urls = re.findall(r"http://\S+\.ics", printed)
    before = bodies(urls)
    assert all(b"\r\nBEGIN:VEVENT\r\n" in body for body in before.values())
    (folder,) = line.toml.parent.glob("zoho-bridge-*")
    *_, (command, worker, environ) = children(folder)
    assert command.endswith(" worker")
    os.kill(worker, signal.SIGSTOP)  # so that only this test reads

    log = read_until(errors, BROKEN)
    with closing(
        sqlite3.connect(folder / "bridge.sqlite3")
    ) as connection:  # so a worker would read at once
        assert connection.execute(
            "SELECT max(next_check_at) > ? FROM sources", [time.time() * 1e6]
        ).fetchone() == (0,)
    assert re.search(r"^zoho-bridge: \d\d:\d\d:\d\d Zoho Calendar ", log[-1])
    failed = refresh(environ, "work", "northwind-events")
    assert failed.returncode == 1
    assert "Zoho Calendar returned an error (" in failed.stderr
    assert "backstage:" in failed.stdout  # the other products go on
    assert bodies(urls) == before

    log += read_until(errors, "Zoho works again.")
    assert refresh(environ, "work").returncode == 0
    log += read_until(errors, "Zoho Backstage answers with a page for people")
    assert bodies(urls) == before

    os.kill(worker, signal.SIGCONT)
    demo.send_signal(signal.SIGINT)  # as Ctrl+C does, in the midst of a fault
    log += errors.readlines()
    assert demo.wait(60) == 0
    too_long.cancel()
    assert (line.left(), children(folder)) == ({}, [])
    assert not folder.exists()
    rows = [json.loads(text) for text in log if not re.match(r"zoho-bridge: [\d:]{8} Zoho ", text)]
    assert {row["event"] for row in rows} <= {"refresh"}


@pytest.mark.parametrize("seconds", ["0", "soon"])
def test_no_time_for_faults_is_a_mistake(line: CommandLine, seconds: str) -> None:
    result = line("demo", f"--faults={seconds}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for '--faults'" in result.stderr
