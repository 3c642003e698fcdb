"""Commands that are processes: they start as one, end as one, and leave nothing behind.

Real processes on real sockets; what is expected is the README's and the demo's own promise (feeds within ten seconds,
304 for who has them, everything removed at the end).
"""

from collections.abc import Iterator
from contextlib import closing
import http.client
import json
import os
from pathlib import Path
import pty
import re
import select
import signal
import subprocess
import sys
from threading import Timer
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.cli.address import is_serving
from bridge.cli.processes import Tree
from tests.command_line import SOURCES, CommandLine, command_line, signals_ignored
from tests.served import free_port

on_linux = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"
)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


@pytest.fixture(autouse=True)
def _signals_ignored() -> Iterator[Any]:
    with signals_ignored():
        yield


def get(url: str, **headers: Any) -> Any:
    """Give status, headers and body of an answer."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)) as connection:
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def wait_for(condition: Any, seconds: Any = 20) -> Any:
    """Wait until something holds, and give it."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")


# Several processes as one. The children are small programs of their own.

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def run(*programs: Any, **options: Any) -> Any:
    """Run a tree of small Python programs to its end."""
    with Tree(**options) as tree:
        for number, program in enumerate(programs):
            tree.start(f"child {number}", [sys.executable, "-c", program])
        return tree.wait(answers=lambda: True, ready=lambda: None)


@pytest.mark.parametrize(
    ("ending", "code"), [("sys.exit(3)", 3), ("sys.exit(0)", 1), ("os.kill(os.getpid(), 9)", 1)]
)
def test_a_child_that_ends_ends_the_others(
    capfd: pytest.CaptureFixture[str], ending: Any, code: Any
) -> None:
    """With its exit code; a child that ends without an order has failed, whatever it says itself."""
    began = time.monotonic()
    assert run(SLEEP, f"import os, sys; {ending}") == code
    assert time.monotonic() - began < 10
    assert capfd.readouterr().err.startswith("zoho-bridge: The child 1 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_order_to_end_is_for_all_and_no_failure(
    capfd: pytest.CaptureFixture[str], number: Any
) -> None:
    before = signal.getsignal(number)
    Timer(0.3, os.kill, (os.getpid(), number)).start()
    assert run(SLEEP, SLEEP) == 0
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == ""


def test_an_order_that_comes_before_the_wait_counts(capfd: pytest.CaptureFixture[str]) -> None:
    with Tree() as tree:
        tree.start("child", [sys.executable, "-c", SLEEP])
        os.kill(os.getpid(), signal.SIGTERM)
        assert tree.wait(answers=lambda: True, ready=lambda: None) == 0


def test_a_child_that_does_not_end_is_killed_with_all_it_started(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A web server that is killed leaves its worker processes behind, which hold the port."""
    pid = tmp_path / "pid"
    grandchild = f"import subprocess as s, sys; p = s.Popen([sys.executable, '-c', {SLEEP!r}])"
    program = f"{grandchild}; open({str(pid)!r}, 'w').write(str(p.pid)); exec({STUBBORN!r})"
    with Tree(grace=0.1) as tree:
        tree.start("child", [sys.executable, "-c", program])
        wait_for(lambda: pid.exists() and pid.read_text())
    with pytest.raises(ProcessLookupError):
        wait_for(lambda: os.kill(int(pid.read_text()), 0))


def test_a_second_ctrl_c_kills_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    def twice() -> None:
        for _ in range(2):
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

    Timer(0.3, twice).start()
    began = time.monotonic()
    assert run(STUBBORN, grace=30) == 0
    assert time.monotonic() - began < 10


# The demo


@on_linux
def test_the_demo_keeps_its_promises(line: CommandLine) -> None:
    """Feeds and a page within ten seconds, 304 for who has them, no secret in the log, and nothing left at the end."""
    port = free_port()
    began = time.monotonic()
    demo = line.process("demo", "--port", str(port), TMPDIR=str(line.toml.parent))
    printed = ""
    while "Ctrl+C" not in printed:
        text = demo.stdout.readline()
        assert text, demo.stderr.read()
        printed += text
    assert time.monotonic() - began < 10

    urls = re.findall(r"http://\S+\.ics", printed)
    assert len(urls) == 8
    for url in urls:
        status, headers, body = get(url)
        assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        assert b"\r\nBEGIN:VEVENT\r\n" in body
        assert b"SUMMARY:" in body
        assert get(url, **{"If-None-Match": headers["ETag"]})[0] == 304
    page = re.search(r"Open (\S+)", printed)[1]
    assert get(page)[0] == 200
    folders = list(line.toml.parent.glob("zoho-bridge-*"))
    assert len(folders) == 1

    (commands,) = re.findall(r"^  (\. \S+)$", printed, re.MULTILINE)
    history = [
        "sh",
        "-c",
        f"{commands} && exec '{sys.executable}' -m bridge history northwind-events --json",
    ]
    told = json.loads(subprocess.run(history, check=True, capture_output=True, text=True).stdout)
    assert {change["kind"] for change in told} == {"added", "renamed", "moved", "cancelled", "gone"}

    again = line("demo", "--port", str(port))
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith(f"zoho-bridge: Port {port} on 127.0.0.1 is in use: ")

    demo.terminate()
    output, log = demo.communicate(timeout=20)
    assert demo.returncode == 0
    assert line.left() == {}
    assert not folders[0].exists()
    assert output == ""
    for row in log.splitlines():
        json.loads(row)
    for secret in (
        line.sandbox.tokens.client_secret,
        line.sandbox.tokens.refresh_token,
        *re.findall(r"/f/(\S+)/", printed),
    ):
        assert secret not in log
    assert not re.search(r"1000\.[0-9a-f]{32}", log)


# Web server and worker


def started(line: CommandLine, port: Any) -> Any:
    """Start ``serve`` and wait until everything is read and published."""
    serve = line.process("serve", "--port", str(port))
    wait_for(lambda: serve.poll() is not None or is_serving("127.0.0.1", port))
    assert serve.poll() is None, serve.stderr.read()
    wait_for(lambda: [row["events"] > 0 for row in line.feeds().values()] == [True] * len(SOURCES))
    return serve


@on_linux
def test_serve_reads_and_serves_and_ends_without_a_trace(line: CommandLine) -> None:
    port = free_port()
    serve = started(line, port)
    commands = sorted(line.left().values())
    assert sum(" web " in command for command in commands) >= 1
    assert sum(command.endswith(" worker ") for command in commands) == 1

    for row in line.feeds().values():
        status, _, body = get(row["url"].replace(":8000/", f":{port}/"))
        assert (status, body) == (200, line.export(row["slug"]))
        assert (row["state"], row["events"]) == ("fresh", body.count(b"BEGIN:VEVENT"))
    assert line.toml.parent.joinpath("data", "queue.sqlite3").is_file()

    serve.terminate()
    output, log = serve.communicate(timeout=20)
    assert (serve.returncode, line.left()) == (0, {})
    assert (
        output
        == f"Serving at http://127.0.0.1:{port}/ (`zoho-bridge feeds` lists the addresses).\n"
    )
    lines = [json.loads(row) for row in log.splitlines()]
    assert sorted(one["source"] for one in lines) == sorted(SOURCES)  # one line each, and no other
    for one in lines:
        assert one.keys() == {
            *("event", "level", "timestamp", "source", "outcome", "fetched", "changed", "rendered"),
            *("rejected", "removed", "requests", "seconds"),
        }
        assert (one["event"], one["outcome"]) == ("refresh", "refreshed")
    tokens = line.sandbox.tokens
    links = [row["url"].split("/")[-2] for row in line.feeds().values() if not row["public"]]
    for secret in (
        tokens.client_secret,
        tokens.refresh_token,
        *tokens.access_tokens,
        *links,
    ):  # what the sandbox gave out
        assert secret not in log


@on_linux
def test_serve_leaves_nothing_behind_when_it_is_killed(line: CommandLine) -> None:
    """As when the machine is short of memory: its children hold the port and the sources, and nobody could stop them."""
    port = free_port()
    serve = line.process("serve", "--port", str(port))
    wait_for(lambda: is_serving("127.0.0.1", port))
    assert len(line.left()) >= 3
    serve.kill()
    wait_for(lambda: line.left() == {})
    assert not is_serving("127.0.0.1", port)
    serve.communicate(timeout=5)


@on_linux
def test_serve_ends_whole_when_one_half_is_killed(line: CommandLine) -> None:
    port = free_port()
    serve = line.process("serve", "--port", str(port))
    wait_for(lambda: is_serving("127.0.0.1", port))
    web = next(pid for pid, command in sorted(line.left().items()) if " web " in command)
    os.kill(web, signal.SIGKILL)
    _, log = serve.communicate(timeout=20)
    assert serve.returncode == 1
    assert (
        "zoho-bridge: The web server was killed (SIGKILL); everything else is stopped too.\n" in log
    )
    assert line.left() == {}
    assert not is_serving("127.0.0.1", port)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_a_refresh_after_the_reads_that_have_begun_and_twice_at_once(
    line: CommandLine, times: Any
) -> None:
    """What was begun is not lost to haste; but nobody has to wait for a Zoho that does not answer."""
    more = [
        f"more-{number}" for number in range(5)
    ]  # than are read at once: the last ones never begin
    feeds = "".join(
        f'[[feed]]\nslug = "{slug}"\nsources = [{{ calendar = "{slug}" }}]\n' for slug in more
    )
    line.toml.write_text(line.toml.read_text() + feeds)
    line.sandbox.faults.add("calendar.*", "delay", seconds=15)
    refresh = line.process("refresh", "calendar", *more)
    began = time.monotonic()
    wait_for(
        lambda: any(request.route == "oauth.token" for request in line.sandbox.requests)
    )  # the read has begun
    refresh.send_signal(signal.SIGINT)
    told = refresh.stderr.readline() + refresh.stderr.readline()
    assert told == "\nEnding after the reads that have begun; Ctrl+C again ends at once.\n"
    if times == 2:
        refresh.send_signal(signal.SIGINT)
        assert refresh.wait(timeout=10) == 130
        assert time.monotonic() - began < 14
        assert (
            refresh.stderr.read() == "Ended. What was being read can be read again in 10 minutes.\n"
        )
        assert line.feeds()["calendar"]["last_success"] is None
    else:
        line.sandbox.faults.clear()
        assert refresh.wait(timeout=20) == 130
        assert line.feeds()["calendar"]["last_success"] is not None


# The terminal


def on_a_terminal(line: CommandLine, *arguments: Any) -> Any:
    """Run a command on a terminal; give what it shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *arguments],
        env={**os.environ, **line.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 20)[0]:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed: Linux's way to say so
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=10) == 0
    return shown.decode()


def test_progress_and_colours_are_for_terminals_alone(line: CommandLine) -> None:
    shown = on_a_terminal(line, "refresh")
    assert re.search(r"Reading Zoho  \[#+\]  3/3", shown)
    assert re.search(rf"^{re.escape(SOURCES[1])} +2 events", shown, re.MULTILINE)
    piped = line("refresh").output
    assert "Reading Zoho" not in piped
    assert "\x1b" not in piped
