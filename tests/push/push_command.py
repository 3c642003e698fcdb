"""Helpers for tests of ``zoho-bridge push``: edited VEVENTs, and the requests of a run."""

from datetime import UTC, datetime, timedelta
import re
from typing import Any

from click.testing import Result

from tests.command_line import GROUP, CommandLine
from tests.zoho_sandbox import RecordedRequest

OFFSITE, REORG = "931000000713002", "931000000713001"
REORG_TITLE = "Reorganisation (confidential)"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%SZ}"


def export(line: CommandLine, slug: str = "group") -> dict[str, str]:
    """Return the VEVENTs of a feed by title."""
    vevents = re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", line.export(slug).decode(), re.DOTALL)
    return {re.findall(r"\r\nSUMMARY:(.*)\r\n", vevent)[0]: vevent for vevent in vevents}


def push(line: CommandLine, *vevents: str, options: tuple[str, ...] = ("--yes",)) -> Result:
    """Run the command with a file of these VEVENTs."""
    file = line.toml.parent / "edited.ics"
    text = "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *vevents, "END:VCALENDAR\r\n"])
    file.write_bytes(text.encode())
    line.sandbox.forget_requests()
    return line("push", str(file), *options)


def update_requests(line: CommandLine) -> list[RecordedRequest]:
    """Return the requests of the last run that change something."""
    return [request for request in line.sandbox.requests if request.route == "connect.update"]


def expect_refusal(line: CommandLine, *vevents: str) -> str:
    """Push VEVENTs that must be refused without a change; return the error output."""
    result = push(line, *vevents)
    assert result.exit_code == 1
    assert update_requests(line) == []
    return result.stderr


def find_event(line: CommandLine, stream: str) -> dict[str, Any]:
    """Return an event as the sandbox has it."""
    return line.sandbox.group(GROUP).events.find(stream)[0]


def retitle(line: CommandLine, title: str = "Offsite") -> str:
    """Return a VEVENT of the group's feed with the title "Retreat"."""
    return export(line)[title].replace(f"SUMMARY:{title}", "SUMMARY:Retreat")


def edit(vevent: str) -> str:
    """Return a VEVENT with another title."""
    return re.sub(r"\r\nSUMMARY:", "\r\nSUMMARY:Not ", vevent)


def restamp(text: str, **stamps: str | None) -> str:
    """Return a VEVENT with other values of properties, or without them."""
    for name, value in stamps.items():
        prop = name.replace("_", "-")
        line = "" if value is None else f"\r\n{prop}:{value}"
        text = re.sub(rf"\r\n{prop}:[^\r]*", line, text)
    return text
