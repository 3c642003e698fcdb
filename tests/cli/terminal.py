"""A real terminal for a command: colours, hidden input and Ctrl+C."""

from collections.abc import Mapping, Sequence
import os
import pty
import select
import subprocess
import sys

from tests.command_line import CommandLine

# A new session takes its standard input as its terminal, so that Ctrl+C becomes SIGINT.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
_CONTROL_KEYS = {b"\x03", b"\x04"}
_MOST_SILENT_SECONDS = 120


def run_on_terminal(
    line: CommandLine, *arguments: str, answers: Sequence[tuple[str, str]] = (), **environ: str
) -> tuple[int, str]:
    """Run ``zoho-bridge`` on a terminal, and return as ``run_program``."""
    program = "from bridge.cli import main; main(prog_name='zoho-bridge')"
    prefixes = ("BRIDGE_", "ZOHO_", "DATABASE_URL", "NO_COLOR", "TERM")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(prefixes)}
    environment = {**inherited, "TERM": "xterm", **line.environ, **environ}
    return run_program(sys.executable, "-c", program, *arguments, answers=answers, env=environment)


def run_program(
    *command: str, answers: Sequence[tuple[str, str]], env: Mapping[str, str]
) -> tuple[int, str]:
    """Run a program on a terminal; return its exit code and all that the terminal showed.

    ``answers`` are pairs of the end of a question and the keys to type when it is shown.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *command],
        env=env,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        screen = _screen(leader, list(answers))
        return process.wait(_MOST_SILENT_SECONDS), screen.decode()
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def _screen(leader: int, waiting: list[tuple[str, str]]) -> bytes:
    """Return all that the terminal shows; type each answer when its question is shown."""
    screen, typed, silent = b"", b"", 0
    while silent < _MOST_SILENT_SECONDS:
        if not select.select([leader], [], [], 1)[0]:
            silent += 1
            if typed in _CONTROL_KEYS:  # it is lost when typed before the line editor is ready
                os.write(leader, typed)
            continue
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux: the other end is closed
            return screen
        if not part:
            return screen
        screen += part
        if waiting and screen.rstrip().endswith(waiting[0][0].encode()):
            typed = waiting.pop(0)[1].encode()
            os.write(leader, typed)
    return screen
