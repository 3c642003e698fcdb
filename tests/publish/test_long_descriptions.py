"""Long descriptions of a series of which each occurrence is an entry of its own."""

from dataclasses import replace

from bridge.publish.view.event import event_view
from tests.publish.view_events import FEED, SALT, TODAY, series

EVERY_THREE_HOURS = "FREQ=DAILY;BYHOUR=0,3,6,9,12,15,18,21"


def test_the_descriptions_of_all_occurrences_are_bounded_together() -> None:
    """The decisions say 2 MB; without a bound, 64 kB would be written thousands of times."""
    event = series(EVERY_THREE_HOURS, "2026-03-02 00:00", 0.5, description="x" * 65_536)
    event = replace(event, html=f"<p>{'x' * 65_536}</p>")
    view = event_view(event, FEED, salt=SALT, today=TODAY, cancelled_since=None)
    assert len(view.events) > 1000
    texts = [shown.description + shown.html for shown in view.events]
    assert sum(map(len, texts)) <= 2_000_000
    assert all(texts)


def test_usual_descriptions_stay_whole() -> None:
    event = series(EVERY_THREE_HOURS, "2026-03-02 00:00", 0.5, description="x" * 300)
    view = event_view(event, FEED, salt=SALT, today=TODAY, cancelled_since=None)
    assert {shown.description for shown in view.events} == {"x" * 300}
