"""A worker that publishes the large feed with one changed event, every second."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
import time

from serve_data import LARGE, events, open_store, save

from bridge.domain.source import CalendarSource
from bridge.publish.publisher import publish

store = open_store()
source = CalendarSource(calendar="large")
large = list(events(LARGE, "large"))
for turn in count():
    began = time.monotonic()
    save(store, source, [replace(large[turn % LARGE], title=f"Changed for the {turn}th time")])
    assert publish(store, "large", now=datetime.now(UTC)).written
    took = time.monotonic() - began
    print(took, flush=True)  # seconds, for the bench that runs this
    time.sleep(max(0.0, 1.0 - took))
