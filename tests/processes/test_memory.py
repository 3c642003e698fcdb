"""The memory of a read and publication, whatever Zoho sends: less than 300 MB (docs/decisions.md).

Linux measures the peak of the whole process. Each answer has mutated objects, too.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
from random import Random
import subprocess
import sys
from typing import Any

from flask import Response, request
import pytest

from tests.command_line import command_line
from tests.refresh.mutations import mutate

MOST = 300_000  # kB
POISON = 60
# The command, and at its end the peak of this process alone: of its children, Linux counts in the
# memory of the process that started them.
CHILD = """\
import atexit, pathlib, sys
from bridge.cli import main
atexit.register(lambda: sys.stderr.write(pathlib.Path("/proc/self/status").read_text()))
main(["refresh", "calendar"], prog_name="zoho-bridge")
"""


def event(number: int, **fields: Any) -> dict[str, Any]:
    """Return an event of the next days."""
    day = datetime.now(UTC).date() + timedelta(days=number % 12)
    times = {"start": f"{day:%Y%m%d}T100000Z", "end": f"{day:%Y%m%d}T110000Z"}
    when = {"dateandtime": times | {"timezone": "Europe/Berlin"}, "isallday": False}
    return {"uid": f"u{number}@zoho.com", "title": f"Event {number}", "etag": "1"} | when | fields


def poison() -> list[Any]:
    """Return mutated events, half of them series."""
    rng, rules = Random(5), (None, "FREQ=DAILY")
    return [
        mutate(rng, event(number, description="<p>x</p>", location="x", rrule=rules[number % 2]))
        for number in range(POISON)
    ]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux measures the peak")
@pytest.mark.parametrize(
    ("events", "least_bytes"),
    [
        pytest.param(lambda: [event(100, description="w" * 24_500_000)], 24e6, id="plain text"),
        pytest.param(lambda: [event(100, description="\U0001f389" * 6_100_000)], 24e6, id="emoji"),
        pytest.param(lambda: [event(100, description="<b>w</b> " * 2_700_000)], 24e6, id="HTML"),
        pytest.param(lambda: [event(n) for n in range(100, 30_100)], 5e6, id="events"),
    ],
)
def test_a_read_takes_less_than_300_mb(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    events: Callable[[], list[Any]],
    least_bytes: float,
) -> None:
    document = json.dumps({"events": [*poison(), *events()]}, ensure_ascii=False)
    body = document.encode(errors="replace")
    assert least_bytes < len(body) < 25e6
    today = f"{datetime.now(UTC):%Y%m%d}"

    def replace_first(response: Response) -> Response:
        is_list = request.endpoint == "calendar.events"
        if is_list and json.loads(request.args["range"])["start"] < today:
            response.set_data(body)
        return response

    with command_line(tmp_path, monkeypatch) as line:
        line.sandbox.app.after_request(replace_first)
        child = subprocess.run(
            [sys.executable, "-c", CHILD],
            env={"PATH": os.environ["PATH"], **line.environ},
            capture_output=True,
            text=True,
            check=False,  # shown below
        )
        assert child.returncode == 0, child.stderr
        assert len(line.export("calendar")) > 10_000
    (peak,) = (row for row in child.stderr.splitlines() if row.startswith("VmHWM:"))
    assert int(peak.split()[1]) < MOST
