"""Documents of stored VEVENTs: RFC 5545 3.1 and 3.3.11, with icalendar as a second opinion."""

from datetime import UTC, date, datetime
import re
import subprocess
import sys
from typing import Any

from hypothesis import example, given, strategies as st
from icalendar.parser import Contentline

from bridge.domain.event import Event
from bridge.domain.text import one_line
from bridge.domain.uid import event_uid
from bridge.feed.document import PLACEHOLDER, join_document
from bridge.publish.ical import vevent

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('\\;,:^\n" é漢🗓'), max_size=200)


def fold(line: str) -> bytes:
    """Return the line as icalendar folds it."""
    content: Any = Contentline  # icalendar does not type it
    return bytes(content(line).to_ical()) + b"\r\n"


@given(title=TEXT)
@example(title="a" * 300)
@example(title="\\" * 200)
def test_a_reader_gets_the_title_back(title: str) -> None:
    document = join_document(title=title, blobs=[], zones=[])
    lines = document.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # no fold splits a character
    unfolded = re.sub(r"\r\n ", "", document.decode()).split("\r\n")
    properties = dict(line.split(":", 1) for line in unfolded if ":" in line)
    assert re.sub(r"\\(.)", r"\1", properties.get("NAME", "")) == one_line(title)
    assert properties.get("X-WR-CALNAME") == properties.get("NAME")
    folded = (fold(line) for line in unfolded if line)
    assert b"".join(folded) == document


def test_the_placeholder_equals_the_rendered_event() -> None:
    """Rulebook 17. The placeholder is literal bytes, because a web process does not render."""
    shown = Event(
        uid=event_uid("placeholder"),
        upstream_id="",
        title="This calendar has no events yet",
        start=date(2000, 1, 1),
        end=date(2000, 1, 2),
        busy=False,
    )
    stamp = vevent.Stamp(changed=datetime(2000, 1, 1, tzinfo=UTC), sequence=0)
    assert vevent.render(shown, stamp) == PLACEHOLDER


def test_a_process_that_joins_documents_loads_no_renderer() -> None:
    code = "import sys, bridge.feed.document; print('icalendar' in sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "False"
