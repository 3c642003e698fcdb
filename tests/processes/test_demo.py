"""``zoho-bridge demo --faults``: whoever watches sees Zoho fail and the feeds stay.

The command runs for real, as a process with its own web server and worker; the promise is that of its help text.
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
from threading import Thread, Timer
import time
from typing import Any
from urllib.request import urlopen

import pytest

from tests.command_line import CommandLine, command_line
from tests.served import free_port

SECONDS = 6  # long enough for a command to start and to meet the fault with all its tries
BROKEN = "Zoho Calendar answers 500, for 6 seconds."

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"
)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


class Lines:
    """Reads a stream in a thread, so that it can be waited for and never fills up."""

    def __init__(self, stream: Any) -> None:
        self.lines = []
        self._stream = stream
        self._thread = Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        self.lines.extend(iter(self._stream.readline, ""))

    def whole(self) -> Any:
        self._thread.join(20)
        return "".join(self.lines)


def told(demo: Any, words: str) -> Any:
    """Read what the demo tells until a line holds ``words``; give the lines."""
    lines = []
    for text in iter(demo.stderr.readline, ""):
        lines.append(text)
        if words in text:
            return lines
    raise AssertionError("".join(lines))


def bodies(urls: Any) -> Any:
    return {url: urlopen(url, timeout=10).read() for url in urls}


def children(folder: Any) -> Any:
    """Give command line, id and environment of each process that works in the demo's folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            pairs = [one.partition(b"=") for one in file.read_bytes().split(b"\0") if one]
        except OSError:  # it ended meanwhile, or is another user's
            continue
        environ = {name.decode(): value.decode(errors="replace") for name, _, value in pairs}
        if environ.get("BRIDGE_DATA_DIR") == str(folder):
            found.append(
                (
                    file.with_name("cmdline").read_text().replace("\0", " ").strip(),
                    int(file.parent.name),
                    environ,
                )
            )
    return sorted(found, key=lambda one: one[0].endswith(" worker"))


def refresh(environ: Any, *slugs: Any) -> Any:
    """Run ``refresh`` beside the demo, with the settings that its own processes have."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", "refresh", *slugs],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.slow
def test_feeds_keep_their_bytes_while_things_go_wrong(line: CommandLine) -> None:
    port = free_port()
    demo = line.process(
        "demo", "--faults", str(SECONDS), "--port", str(port), TMPDIR=str(line.toml.parent)
    )
    too_long = Timer(120, demo.kill)  # then what is waited for below never comes
    too_long.start()
    printed = ""
    while "Open http" not in printed:
        text = demo.stdout.readline()
        assert text, demo.stderr.read()
        printed += text
    assert f"The first fault of Zoho begins in {SECONDS} seconds." in printed
    urls = re.findall(r"http://\S+\.ics", printed)
    before = bodies(urls)
    assert all(b"\r\nBEGIN:VEVENT\r\n" in body for body in before.values())
    (folder,) = line.toml.parent.glob("zoho-bridge-*")
    *_, (command, worker, environ) = children(folder)
    assert command.endswith(" worker")
    os.kill(worker, signal.SIGSTOP)  # so that nobody but this test reads

    log = told(demo, BROKEN)
    with closing(
        sqlite3.connect(folder / "bridge.sqlite3")
    ) as connection:  # the worker would look at once
        assert connection.execute(
            "SELECT max(next_check_at) > ? FROM sources", [time.time() * 1e6]
        ).fetchone() == (0,)
    assert re.search(r"^zoho-bridge: \d\d:\d\d:\d\d Zoho Calendar ", log[-1])
    failed = refresh(environ, "work", "northwind-events")
    assert failed.returncode == 1
    assert "has a fault of its own (500); the next refresh tries again." in failed.stderr
    assert "backstage:" in failed.stdout  # the other products go on
    assert bodies(urls) == before

    log += told(demo, "Zoho works again.")
    assert refresh(environ, "work").returncode == 0
    log += told(demo, "Zoho Backstage answers with a page for people")
    assert bodies(urls) == before

    os.kill(worker, signal.SIGCONT)
    demo.send_signal(signal.SIGINT)  # as Ctrl+C does, in the midst of a fault
    rest = Lines(demo.stderr)
    assert demo.wait(30) == 0
    too_long.cancel()
    log += rest.whole().splitlines(keepends=True)
    assert (line.left(), children(folder)) == ({}, [])
    assert not folder.exists()
    others = [one for one in log if not re.match(r"zoho-bridge: \d\d:\d\d:\d\d Zoho ", one)]
    rows = [json.loads(one) for one in others]  # nothing but what is told, and the log
    assert {row["event"] for row in rows} <= {"refresh"}


@pytest.mark.parametrize("seconds", ["0", "soon"])
def test_no_time_for_faults_is_a_mistake(line: CommandLine, seconds: Any) -> None:
    done = line("demo", f"--faults={seconds}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--faults'" in done.stderr
