"""Commands that are processes: they start as one, end as one, and leave nothing behind.

Real processes on real sockets. The promises are the README's and the demo's own: feeds, 304 for a
client that has them, everything removed at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import Message
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
from urllib.parse import urlsplit

import pytest

from bridge.cli.address import is_serving
from bridge.cli.processes import Tree
from tests.command_line import SOURCES, CommandLine, command_line, signals_ignored
from tests.served import free_port
from tests.waiting import pipe, wait_for

on_linux = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by Linux's /proc"
)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


@pytest.fixture(autouse=True)
def _signals_ignored() -> Iterator[None]:
    with signals_ignored():
        yield


def get(url: str, **headers: str) -> tuple[int, Message, bytes]:
    """Return status, headers and body of an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    with closing(connection):
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


# Several processes as one. The children are small programs of their own.

SLEEP = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
# At the first SIGTERM it sends the second Ctrl+C to its parent, and goes on.
INSISTENT = """\
import os, pathlib, signal
signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getppid(), signal.SIGINT))
pathlib.Path(STARTED).touch()
while True:
    signal.pause()
"""


def run(*programs: str, ready: Callable[[], None] = lambda: None) -> int:
    """Run a tree of small Python programs to its end; return its exit code."""
    with Tree() as tree:
        for number, program in enumerate(programs):
            tree.start(f"child {number}", [sys.executable, "-c", program])
        return tree.wait(answers=lambda: True, ready=ready)


@pytest.mark.parametrize(
    ("ending", "code"), [("sys.exit(3)", 3), ("sys.exit(0)", 1), ("os.kill(os.getpid(), 9)", 1)]
)
def test_a_child_that_ends_ends_the_others(
    capfd: pytest.CaptureFixture[str], ending: str, code: int
) -> None:
    """With its exit code; a child that ends without a signal has failed, whatever its own code."""
    assert run(SLEEP, f"import os, sys; {ending}") == code
    assert capfd.readouterr().err.startswith("zoho-bridge: The child 1 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_end_reaches_all_and_is_no_failure(
    capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    assert run(SLEEP, SLEEP, ready=lambda: os.kill(os.getpid(), number)) == 0
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == ""


def test_a_signal_before_the_wait_counts() -> None:
    with Tree() as tree:
        tree.start("child", [sys.executable, "-c", SLEEP])
        os.kill(os.getpid(), signal.SIGTERM)
        assert tree.wait(answers=lambda: True, ready=lambda: None) == 0


def test_a_child_that_does_not_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    """A web server that is killed leaves its worker processes behind, which hold the port."""
    pid = tmp_path / "pid"
    grandchild = f"import subprocess as s, sys; p = s.Popen([sys.executable, '-c', {SLEEP!r}])"
    program = f"{grandchild}; open({str(pid)!r}, 'w').write(str(p.pid)); exec({STUBBORN!r})"
    with Tree(grace=0.1) as tree:
        tree.start("child", [sys.executable, "-c", program])
        wait_for(lambda: pid.exists() and pid.read_text(), "the grandchild's start")
    wait_for(lambda: not is_running(int(pid.read_text())), "the grandchild's end")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    """The child ignores SIGTERM, so without the second Ctrl+C the tree would wait for a minute."""
    started = tmp_path / "started"
    program = INSISTENT.replace("STARTED", repr(str(started)))

    def interrupt() -> None:
        wait_for(started.exists, "the child's start")
        os.kill(os.getpid(), signal.SIGINT)

    assert run(program, ready=interrupt) == 0


# The demo


@pytest.mark.slow
@on_linux
def test_the_demo_keeps_its_promises(line: CommandLine) -> None:
    """Feeds and a page, 304 for a client that has them, no secret logged, and nothing left."""
    port = free_port()
    demo = line.process("demo", "--port", str(port), TMPDIR=str(line.toml.parent))
    printed = ""
    while "Ctrl+C" not in printed:
        text = pipe(demo.stdout).readline()
        assert text, pipe(demo.stderr).read()
        printed += text

    urls = re.findall(r"http://\S+\.ics", printed)
    assert len(urls) == 12  # eleven feeds and a selection
    for url in urls:
        status, headers, body = get(url)
        assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        assert b"\r\nBEGIN:VEVENT\r\n" in body
        assert b"SUMMARY:" in body
        assert get(url, **{"If-None-Match": headers["ETag"]})[0] == 304
    (page,) = re.findall(r"Open (\S+)", printed)
    assert get(page)[0] == 200
    folders = list(line.toml.parent.glob("zoho-bridge-*"))
    assert len(folders) == 1

    (commands,) = re.findall(r"^  (\. \S+)$", printed, re.MULTILINE)
    history = [
        "sh",
        "-c",
        f"{commands} && exec '{sys.executable}' -m bridge history northwind-events --json",
    ]
    changes = json.loads(subprocess.run(history, check=True, capture_output=True, text=True).stdout)
    assert {change["kind"] for change in changes} == {
        "added",
        "renamed",
        "moved",
        "cancelled",
        "gone",
    }

    again = line("demo", "--port", str(port))
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith(f"zoho-bridge: Port {port} on 127.0.0.1 is in use: ")

    demo.terminate()
    output, log = demo.communicate(timeout=60)
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


def start_serve(line: CommandLine, port: int) -> subprocess.Popen[str]:
    """Start ``serve`` and wait until everything is read and published."""
    serve = line.process("serve", "--port", str(port))
    wait_for(lambda: serve.poll() is not None or is_serving("127.0.0.1", port))
    assert serve.poll() is None, pipe(serve.stderr).read()
    wait_for(lambda: [row["events"] > 0 for row in line.feeds().values()] == [True] * len(SOURCES))
    return serve


@pytest.mark.slow
@on_linux
def test_serve_reads_and_serves_and_ends_without_a_trace(line: CommandLine) -> None:
    port = free_port()
    serve = start_serve(line, port)
    commands = sorted(line.left().values())
    assert sum(" web " in command for command in commands) >= 1
    assert sum(command.endswith(" worker ") for command in commands) == 1

    for row in line.feeds().values():
        status, _, body = get(row["url"].replace(":8000/", f":{port}/"))
        assert (status, body) == (200, line.export(row["slug"]))
        assert (row["state"], row["events"]) == ("fresh", body.count(b"BEGIN:VEVENT"))
    assert line.toml.parent.joinpath("data", "queue.sqlite3").is_file()

    serve.terminate()
    output, log = serve.communicate(timeout=60)
    assert (serve.returncode, line.left()) == (0, {})
    url = f"http://127.0.0.1:{port}"
    first, second, third = output.splitlines()
    assert first == f"Serving at {url}/ (`zoho-bridge feeds` lists the addresses)."
    link = second.removeprefix(f"Admin pages, for the next ten minutes: {url}/admin/link/")
    assert re.fullmatch("[A-Za-z0-9_-]{32}", link)
    assert third == "`zoho-bridge admin-link` prints another such link."
    lines = [json.loads(row) for row in log.splitlines()]
    assert sorted(row["source"] for row in lines) == sorted(SOURCES)  # one line each, and no other
    for entry in lines:
        assert entry.keys() == {
            *("event", "level", "timestamp", "source", "outcome", "fetched", "changed", "rendered"),
            *("rejected", "removed", "requests", "seconds"),
        }
        assert (entry["event"], entry["outcome"]) == ("refresh", "refreshed")
    tokens = line.sandbox.tokens
    links = [row["url"].split("/")[-2] for row in line.feeds().values() if not row["public"]]
    for secret in (
        tokens.client_secret,
        tokens.refresh_token,
        *tokens.access_tokens,
        *links,
        link,
    ):  # what the sandbox gave out
        assert secret not in log


@pytest.mark.slow
@pytest.mark.parametrize(
    ("public_url", "hint"),
    [
        ("", "to this machine alone: set BRIDGE_PUBLIC_URL to the address for subscribers"),
        ("https://calendars.example.org", "`zoho-bridge feeds` lists the addresses"),
    ],
)
def test_serve_on_all_addresses_needs_a_public_url(
    line: CommandLine, public_url: str, hint: str
) -> None:
    """It notices that the web server answers, also where that redirects all pages to https."""
    port = free_port()
    options = ("--host", "0.0.0.0", "--port", str(port))
    serve = line.process("serve", *options, BRIDGE_PUBLIC_URL=public_url)
    output = pipe(serve.stdout).readline()
    serve.terminate()
    serve.communicate(timeout=60)
    assert output == f"Serving at http://127.0.0.1:{port}/ ({hint}).\n"


@on_linux
@pytest.mark.parametrize(
    ("command", "processes"), [pytest.param("serve", 3, marks=pytest.mark.slow), ("web", 3)]
)
def test_a_command_leaves_nothing_behind_when_it_is_killed(
    line: CommandLine, command: str, processes: int
) -> None:
    """As when memory is short: its children would hold the port and the sources."""
    port = free_port()
    first = line.process(command, "--port", str(port), "--workers", "2")
    wait_for(lambda: is_serving("127.0.0.1", port))
    wait_for(lambda: len(line.left()) >= processes)
    first.kill()
    wait_for(lambda: line.left() == {}, seconds=20)
    assert not is_serving("127.0.0.1", port)
    first.communicate(timeout=60)


@on_linux
def test_serve_ends_whole_when_one_half_is_killed(line: CommandLine) -> None:
    port = free_port()
    serve = line.process("serve", "--port", str(port))
    wait_for(lambda: is_serving("127.0.0.1", port))
    web = next(pid for pid, command in sorted(line.left().items()) if " web " in command)
    os.kill(web, signal.SIGKILL)
    _, log = serve.communicate(timeout=60)
    assert serve.returncode == 1
    assert (
        "zoho-bridge: The web server was killed (SIGKILL); everything else is stopped too.\n" in log
    )
    assert line.left() == {}
    assert not is_serving("127.0.0.1", port)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_gives_up_what_a_refresh_waits_for(line: CommandLine, times: int) -> None:
    """Also the sources that wait for a thread; a second Ctrl+C does no harm."""
    more = [f"more-{number}" for number in range(5)]  # more than are read at once
    feeds = "".join(
        f'[[feed]]\nslug = "{slug}"\nsources = [{{ calendar = "{slug}" }}]\n' for slug in more
    )
    line.toml.write_text(line.toml.read_text() + feeds)
    line.sandbox.faults.add("calendar.*", "delay", seconds=600)
    refresh = line.process("refresh", "calendar", *more)
    wait_for(lambda: any(request.route == "oauth.token" for request in line.sandbox.requests))
    for _ in range(times):
        refresh.send_signal(signal.SIGINT)
    assert refresh.wait(timeout=60) == 130
    assert line.feeds()["calendar"]["last_success"] is None


# The terminal


def on_a_terminal(line: CommandLine, *arguments: str) -> str:
    """Run a command on a terminal, and return its output."""
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
    while select.select([ours], [], [], 60)[0]:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed, on Linux
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode()


@pytest.mark.slow
def test_a_terminal_shows_progress(line: CommandLine) -> None:
    shown = on_a_terminal(line, "refresh")
    assert re.search(r"Reading Zoho  \[#+\]  3/3", shown)
    assert re.search(rf"^{re.escape(SOURCES[1])} +2 events", shown, re.MULTILINE)


def test_a_pipe_shows_no_progress_and_no_colours(line: CommandLine) -> None:
    piped = line("refresh").output
    assert "Reading Zoho" not in piped
    assert "\x1b" not in piped
