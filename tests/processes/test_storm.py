"""A storm: workers and web servers killed at random, while Zoho sends poison and odd answers.

At its end each feed equals that of a new bridge, but for stamps, and on the way no stamp falls.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
import gzip
import hashlib
import json
import os
from pathlib import Path
from random import Random
import re
import signal
import sqlite3
import subprocess
import sys
from typing import Any

from flask import Response, request
import httpx
import pytest
import stamina

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.source import Source
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import LEASE, Refresher
from bridge.sandbox.connect_objects import CONNECT_ZONE
from bridge.sandbox.state import Data, Shelf
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.processes.zygote import ROOT, Zygote, end_leases
from tests.refresh.mutations import mutate
from tests.sandbox.faulty_bridge import (
    AGENDA,
    CALENDAR,
    CONFERENCE,
    GROUP,
    PORTAL,
    PROGRAMME,
    START,
    TEAM,
    WORK,
    backstage_portal,
    calendar,
    connect_networks,
    feed_of,
)
from tests.served import free_port
from tests.waiting import wait_for
from tests.zoho_sandbox import Sandbox

KEY = "a test's secret key that is long enough for anything"
SOURCES: tuple[Source, ...] = (PROGRAMME, AGENDA, TEAM, WORK)
KILLS = 60
MOST_REQUESTS = 40  # of a worker before it is killed; a read of four sources takes 13
LONGEST = 0.2  # seconds after these requests
PATIENCE = 5.0  # seconds for these requests
WEB_LIVES = 20  # kills of workers that a web server sees
SLOW_CLOCK = timedelta(minutes=25)  # behind: 15 more than the worker before
POISON = 3  # mutated objects in each list
# Titles and ids in the lists of events of each route.
LISTS = {
    "backstage.events": "id",
    "backstage.sessions": "id",
    "connect.events": "streamId",
    "calendar.events": "uid",
}
ODD_ANSWERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("*", kind, {}) for kind in ("status", "html", "truncated", "reset", "expired-token")),
    *((f"{product}.*", "wrong-types", {}) for product in ("backstage", "connect", "calendar")),
    *((route, "empty-list", {}) for route in LISTS),
    *((route, "duplicate-page", {}) for route in LISTS),
    ("*", "throttle", {"retry_after": 1}),
)
FEEDS = tuple(
    replace(feed, public=True)
    for feed in (
        *map(feed_of, SOURCES),
        Feed(slug="all", title="All", sources=SOURCES, future=timedelta(days=70)),
        Feed(slug="busy", title="Busy", sources=(WORK, TEAM), privacy="busy"),
    )
)


class Poison:
    """Mutated copies of each list's objects, which the sandbox adds to its answers."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._round = 0
        self._seed = 0
        self.nameless = False

    def renew(self) -> None:
        """Send other objects from now on, with ids of their own."""
        self._round += 1
        self._seed = self._rng.randrange(2**32)
        self.nameless = self._rng.random() < 0.2

    def add(self, response: Response) -> Response:
        """Add the objects to an answer; the same ones to all answers of a route until renewed."""
        route = request.endpoint or ""
        if route not in LISTS or response.status_code != 200:
            return response
        answer = json.loads(response.get_data())
        items = (answer.get("upcomingEvents") or answer).get(
            "sessions" if route.endswith("sessions") else "events"
        )
        rng = Random(f"{self._seed} {route}")
        for number in range(POISON if items else 0):
            item = mutate(rng, json.loads(json.dumps(items[0])))
            item[LISTS[route]] = f"poison-{self._round}-{number}"
            items.append(item)
        if items and self.nameless:
            items.append({"title": "Whose?"})
        response.set_data(json.dumps(answer))
        return response


class Storm:
    """The sandbox, the database and the clock of a storm, and what was published so far."""

    def __init__(self, box: Sandbox, folder: Path, clock: Clock, seed: int) -> None:
        self.box, self.folder, self.clock, self.rng = box, folder, clock, Random(seed)
        self.poison = Poison(self.rng)
        box.app.after_request(self.poison.add)
        self.stamps: dict[tuple[str, bytes], tuple[bytes, int]] = {}
        self.edits = 0
        self._away: list[tuple[Shelf, dict[str, Any]]] = []

    @property
    def environment(self) -> dict[str, str]:
        """The settings of all processes."""
        return {
            "BRIDGE_DATA_DIR": str(self.folder),
            "BRIDGE_SECRET_KEY": KEY,
            "ZOHO_CONNECT_TIMEZONE": CONNECT_ZONE,
            **self.box.environment(),
        }

    @contextmanager
    def bridge(self, path: Path) -> Iterator[tuple[Store, Refresher]]:
        """Yield a store and a refresher of this process."""
        zoho = config.load(self.environment).zoho
        with (
            closing(Store.open(f"sqlite:///{path}", SecretKeys(KEY))) as store,
            ZohoClient(
                zoho,
                store.tokens,
                store.rate_limits,
                clock=self.clock,
                sleep=self.clock.sleep,
            ) as client,
        ):
            yield (
                store,
                Refresher(store=store, api=client, zoho=zoho, holder="test", clock=self.clock),
            )

    def edit(self) -> None:
        """Change an event of each source; each third time one goes, and returns with the next."""
        self.edits += 1
        for shelf, item in self._away:
            shelf.add(item)
        self._away.clear()
        portal = self.box.portal(PORTAL)
        for shelf, key, title in (
            (portal.events, "id", "name"),
            (portal.agendas[CONFERENCE].days[0], "id", "title"),
            (self.box.group(GROUP).events, "streamId", "title"),
            (self.box.calendar(CALENDAR).events, "uid", "title"),
        ):
            singles = [e for e in shelf.all() if e[key] != CONFERENCE and "rrule" not in e]
            item = self.rng.choice([e for e in singles if "recurrenceid" not in e])
            if self.edits % 3:
                changes: dict[str, Any] = {title: f"Edition {self.edits}", "etag": self.edits}
                shelf.change(item[key], **changes)
            else:
                shelf.delete(item[key])
                self._away.append((shelf, item))

    def check(self, path: Path) -> None:
        """Check what was published: whole, and with stamps that never fall."""
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = connection.execute("SELECT slug, variant, gzip, etag FROM documents")
            documents = rows.fetchall()
        assert {slug for slug, *_ in documents} == {feed.slug for feed in FEEDS}
        for slug, variant, zipped, etag in documents:
            body = gzip.decompress(zipped)
            assert hashlib.sha256(body).hexdigest() == etag
            assert body.endswith(b"END:VCALENDAR\r\n")
            if variant != "default":
                continue
            for uid, stamp in stamps_of(body).items():
                before = self.stamps.get((slug, uid), stamp)
                assert (stamp[0] >= before[0], stamp[1] >= before[1]) == (True, True), (slug, uid)
                self.stamps[slug, uid] = stamp


def stamps_of(body: bytes) -> dict[bytes, tuple[bytes, int]]:
    """Return DTSTAMP and SEQUENCE of each UID; the last of several."""
    result = {}
    for event in body.replace(b"\r\n ", b"").split(b"BEGIN:VEVENT\r\n")[1:]:
        values = dict(re.findall(rb"^(UID|DTSTAMP|SEQUENCE):(.*)\r$", event, re.MULTILINE))
        result[values[b"UID"]] = values[b"DTSTAMP"], int(values.get(b"SEQUENCE", 0))
    return result


def without_stamps(body: bytes) -> list[bytes]:
    """Return the lines of a document but for its stamps."""
    stamps = (b"DTSTAMP:", b"LAST-MODIFIED:", b"SEQUENCE:")
    return [
        line for line in body.replace(b"\r\n ", b"").split(b"\r\n") if not line.startswith(stamps)
    ]


def published(store: Store) -> Mapping[str, list[bytes]]:
    """Return the lines of each feed but for stamps."""
    documents = {feed.slug: store.publications.document(feed.slug, "default") for feed in FEEDS}
    return {slug: without_stamps(document.body) for slug, document in documents.items() if document}


class Web:
    """A web server of the storm, which is killed and started again."""

    def __init__(self, storm: Storm) -> None:
        port = free_port()
        self._address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "bridge", "web", "--port", str(port)]
        environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **storm.environment}
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_for(self._answers, "the start of the web server")
        except AssertionError:
            self.kill()
            raise

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self._address}/healthz").status_code == 200
        return False

    def poll(self) -> None:
        """Check that each feed is there, and whole."""
        for feed in FEEDS:
            answer = httpx.get(f"{self._address}/feeds/{feed.slug}.ics")
            assert (answer.status_code, answer.text[-15:]) == (200, "END:VCALENDAR\r\n")

    def kill(self) -> None:
        """End the server as the kernel does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)


def rage(storm: Storm, path: Path) -> None:
    """Kill workers and web servers, while events change, and poison and odd answers come."""
    rng, box = storm.rng, storm.box
    order = {
        "url": f"sqlite:///{path}",
        "environment": storm.environment,
        "sources": [source.key for source in SOURCES],
        "failures": True,
    }
    web = Web(storm)
    try:
        with Zygote() as zygote:
            for number in range(KILLS):
                storm.clock.now += LEASE  # the lease of the worker that was killed has ended
                storm.edit()
                if number % 3 == 0:
                    storm.poison.renew()
                box.faults.clear()
                if number % 2:
                    route, kind, details = rng.choice(ODD_ANSWERS)
                    box.faults.add(route, kind, times=rng.randrange(1, 4), **details)
                now = storm.clock()
                if number % 4 == 3:
                    now -= SLOW_CLOCK
                    end_leases(path)
                requests = rng.randrange(1, MOST_REQUESTS)

                def progress(requests: int = requests) -> None:
                    with suppress(AssertionError):  # after a fault there may be no more requests
                        wait_for(lambda: len(box.requests) >= requests, seconds=PATIENCE)

                box.forget_requests()
                moment = rng.uniform(0, LONGEST)
                zygote.kill_worker(order | {"now": now.isoformat()}, moment, progress)
                storm.check(path)
                web.poll()
                if number % WEB_LIVES == WEB_LIVES - 1:
                    web.kill()
                    web = Web(storm)
    finally:
        web.kill()
    box.faults.clear()
    storm.poison.nameless = False  # nothing is removed while an object without an id comes


@pytest.mark.slow
def test_after_a_storm_each_feed_is_that_of_a_new_bridge(tmp_path: Path) -> None:
    clock, path = Clock(START), tmp_path / "bridge.sqlite3"
    data = Data(
        portals={PORTAL: backstage_portal()},
        networks=connect_networks(),
        calendars={CALENDAR: calendar()},
    )
    box = Sandbox(now=clock, data=data, page_size=200)
    storm = Storm(box, tmp_path, clock, seed=1)
    with box, stamina.set_testing(True, attempts=1):
        with storm.bridge(path) as (store, refresher):
            activate_feeds(store, FEEDS, now=clock())
            assert {refresher.refresh(source.key).outcome for source in SOURCES} == {"refreshed"}
        storm.check(path)
        rage(storm, path)
        with storm.bridge(path) as (store, refresher):
            for _ in range(3):  # an event is removed by the second read that misses it
                clock.now += 2 * LEASE
                reports = [refresher.refresh(source.key) for source in SOURCES]
                assert {report.outcome for report in reports} <= {"refreshed", "held"}, reports
            storm.check(path)
            after = published(store)
        with storm.bridge(tmp_path / "new.sqlite3") as (store, refresher):
            activate_feeds(store, FEEDS, now=clock())
            assert {refresher.refresh(source.key).outcome for source in SOURCES} == {"refreshed"}
            assert after == published(store)
