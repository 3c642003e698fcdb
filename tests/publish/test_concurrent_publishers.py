"""Several publishers of one feed leave the newest data, and readers never see a mixture."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
import re
import threading
from typing import Any

import pytest

from bridge.domain.event import Event
from bridge.errors import StoreError
from bridge.publish.pending import activate_feeds
from bridge.publish.publisher import publish
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.factories import event, put
from tests.publish.feeds import FEED, MINUTE, VARIANTS, bodies, body, publish_all, titles

# --- several publishers at once


STEPS = [
    ("publications", "basis"),
    ("feeds", "get"),
    ("publications", "current"),
    ("publications", "entries"),
    ("sources", "payloads"),
    ("publications", "blobs"),
    ("publications", "zones"),
    ("publications", "document"),
    ("publications", "publish"),
]


def interrupt(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    step: tuple[str, str],
    work: Callable[[], object],
    *,
    before: bool,
) -> list[Callable[[], object]]:
    """Do ``work`` as another process, just before or just after a step of the next
    publication.
    """
    part = getattr(store, step[0])
    real, waiting = getattr(part, step[1]), [work]

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        if before and waiting:
            waiting.pop()()
        answer = real(*args, **kwargs)
        if waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(part, step[1], interrupted)
    return waiting


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_the_newest_data_win_whenever_another_publisher_comes_between(
    store: Store,
    tmp_path: Path,
    keys: SecretKeys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[str, str],
    before: bool,
) -> None:
    publish_all(store, now, event("a", title="1"), event("gone"))
    other = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)

    def publish_newer() -> None:
        put(other, now, event("a", title="3"), event("new", title="3"))
        publish(other, "team", now=now)

    put(store, now, event("a", title="2"), event("new", title="2"))
    waiting = interrupt(monkeypatch, store, step, publish_newer, before=before)
    publish(store, "team", now=now)
    assert waiting == []
    assert titles(store) == ["3", "3"]
    current = store.publications.current("team")
    assert (
        {uid for uid, entry in store.publications.entries("team").items() if not entry.gone}
        == {"a", "new"}
        == set(current.freshness)
    )
    shown = bodies(store)
    assert publish(store, "team", now=now + MINUTE).rendered == 0
    assert bodies(store) == shown
    other.close()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_what_a_feed_may_no_longer_tell_can_not_come_back_from_a_publisher_that_was_at_work(
    store: Store,
    tmp_path: Path,
    keys: SecretKeys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[str, str],
    before: bool,
) -> None:
    publish_all(store, now, event("a", title="Secret"))
    other = Store.open(f"sqlite:///{tmp_path}/bridge.sqlite3", keys)
    put(store, now, event("a", title="Secret 2"))
    hide = replace(FEED, privacy="busy")
    interrupt(
        monkeypatch, store, step, lambda: activate_feeds(other, [hide], now=now), before=before
    )
    publish(store, "team", now=now)
    assert titles(store) == ["Busy"]
    other.close()


def test_a_feed_that_others_publish_all_the_time_is_given_up_for_now(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_all(store, now, event())
    monkeypatch.setattr(store.publications, "publish", lambda *_args, **_kwargs: False)
    put(store, now, event("new"))
    with pytest.raises(StoreError, match='Feed "team" could not be published: other processes'):
        publish(store, "team", now=now)


def test_many_publishers_leave_the_newest_data_and_readers_never_see_a_mixture(
    store: Store, tmp_path: Path, keys: SecretKeys, now: datetime
) -> None:
    """Each version gives all events one title.

    A document with two titles would be half published.
    """
    path = f"sqlite:///{tmp_path}/bridge.sqlite3"
    versions, done = 12, threading.Event()
    failures: list[object] = []
    lock = threading.Lock()  # sources have leases; here one writer at a time is enough

    def events(version: int) -> list[Event]:
        return [event(f"u{n}", title=f"v{version}") for n in range(10)]

    publish_all(store, now, *events(0))
    numbers = iter(range(1, versions + 1))

    def write() -> None:
        own = Store.open(path, keys)
        try:
            while True:
                with lock:
                    version = next(numbers, None)
                    if version is None:
                        return
                    put(own, now, *events(version))
                publish(own, "team", now=now)
        except Exception as error:  # noqa: BLE001 - the test reports it
            failures.append(error)
        finally:
            own.close()

    def read() -> None:
        own = Store.open(path, keys)
        while not done.is_set():
            for variant in VARIANTS:
                seen = set(re.findall(rb"SUMMARY:(v\d+)", body(own, variant)))
                if len(seen) != 1:
                    failures.append(seen)
        own.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failures == []
    assert set(titles(store)) == {f"v{versions}"}
