"""Documents joined from kept bytes: RFC 5545 3.1 and 3.3.11, with icalendar as the second opinion."""

from datetime import UTC, date, datetime
import re
import subprocess
import sys

from hypothesis import example, given, strategies as st
from icalendar.parser import Contentline

from bridge.domain.event import Event
from bridge.domain.text import clean, one_line
from bridge.domain.uid import event_uid
from bridge.feed.document import PLACEHOLDER, render_header
from bridge.publish import ical

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('\\;,:^\n" é漢🗓'), max_size=200)


@given(title=TEXT, description=TEXT)
@example(title="a" * 300, description="\\" * 200)
def test_the_header_is_read_back_as_it_was_meant(title: str, description: str) -> None:
    made = render_header(title, description)
    lines = made.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two
    unfolded = re.sub(r"\r\n ", "", made.decode()).split("\r\n")
    told = dict(line.split(":", 1) for line in unfolded if ":" in line)
    for name, value in (("NAME", one_line(title)), ("DESCRIPTION", clean(description))):
        unescaped = re.sub(
            r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], told.get(name, "")
        )
        assert unescaped == value
    assert (told.get("X-WR-CALNAME"), told.get("X-WR-CALDESC")) == (
        told.get("NAME"),
        told.get("DESCRIPTION"),
    )
    folded = b"".join(Contentline(line).to_ical() + b"\r\n" for line in unfolded if line)
    assert folded == made


def test_the_placeholder_is_what_the_renderer_makes_of_it() -> None:
    """Rulebook 17; it is written out, since a web process can't render."""
    shown = Event(
        uid=event_uid("placeholder"),
        upstream_id="",
        title="This calendar has no events yet",
        start=date(2000, 1, 1),
        end=date(2000, 1, 2),
        busy=False,
    )
    stamp = ical.Stamp(changed=datetime(2000, 1, 1, tzinfo=UTC), sequence=0)
    assert ical.render(shown, stamp) == PLACEHOLDER


def test_joining_loads_nothing_that_renders() -> None:
    code = "import sys, bridge.feed.document; print('icalendar' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
