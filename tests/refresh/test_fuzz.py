"""Whatever Zoho sends for an event costs that event alone: mutated documents, to the published bytes.

Each read has ten mutated objects of Zoho's samples beside one that is well. It goes the whole way in
one process: JSON, fetch, parse, diff, save, view, render, publish. HTTP, tokens and rate limits are
left out; they do not look at an event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
import json
from pathlib import Path
from random import Random
import time
from typing import Any

import httpx
import icalendar
import pytest

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.problems import Problem
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource, Product, Source
from bridge.domain.timezones import zone_by_key
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher, Report
from bridge.store import Store
from bridge.verify.verifier import Verifier
from bridge.zoho.responses import Call, read_reply
from bridge.zoho.transport import Reply
from tests.clock import NOW, Clock
from tests.refresh.mutations import DATA, mutate, recorded

OBJECTS = 10  # of one read, beside the one that is well
MOST_SECONDS = 60  # of CPU for one read, which takes a tenth of a second: only a hang takes more
MOST_BYTES = 20_000_000  # of one document: OBJECTS descriptions of a series of 5,000
DAY = timedelta(days=1)

PORTAL, EVENT = "12345678", "2000000000022"
PROGRAMME, AGENDA = BackstageSource(portal=PORTAL), BackstageSource(portal=PORTAL, event=EVENT)
TEAM = ConnectSource(group="929000000439015", network="929000000000001")
WORK = CalendarSource(calendar="q3Xv8Tn_Rk2mWz0yLb7cAg==")
NOT_FOUND = {"errors": [{"code": "NOT_FOUND"}]}

Answer = Callable[[str, Mapping[str, str], list[Any]], tuple[int, Any]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of source: samples of its objects, one that is well, and the answers around them."""

    source: Source
    samples: list[Any]
    healthy: dict[str, Any]
    title: str  # the name of the title's field
    ident: str
    keys: tuple[str, ...]
    answer: Answer


def portal_answer(path: str, params: Mapping[str, str], items: list[Any]) -> tuple[int, Any]:
    paging = {"page": 1, "per_page": 200, "total_pages": 1, "has_more_items": False}
    if path.endswith("/events"):
        return 200, {"events": items, "pagination": paging}
    return 404, NOT_FOUND


def agenda_answer(path: str, params: Mapping[str, str], items: list[Any]) -> tuple[int, Any]:
    match path.rpartition("/")[2]:
        case "agendas":
            return 200, {"agendas": [{"agenda_id": "a1", "index": 0}]}
        case "sessions":
            return 200, {"sessions": items}
        case "halls" | "tracks" | "speakers" as name:
            return 200, AROUND[name]
    return 200, AROUND["event"]


def group_answer(path: str, params: Mapping[str, str], items: list[Any]) -> tuple[int, Any]:
    return 200, {"upcomingEvents": {"events": items}}


def calendar_answer(path: str, params: Mapping[str, str], items: list[Any]) -> tuple[int, Any]:
    if path.endswith("/events"):
        return 200, {"events": items}
    if "/events/" not in path:
        return 200, {"calendars": [CALENDAR]}
    uid = httpx.URL(f"https://x{path}").path.rpartition("/")[2]
    mine = [item for item in items if isinstance(item, dict) and item.get("uid") == uid]
    return (200, {"events": mine}) if mine else (404, NOT_FOUND)


MAY = (("2024-05-2", "2026-03-1"), ("2024-06-", "2026-04-"))
FEBRUARY = (("2027-02-09", "2026-03-12"), ("2027-02-10", "2026-03-13"))
AROUND = recorded("backstage_agenda", *FEBRUARY)
OFFICE = recorded("calendar_exceptions")
CALENDAR = OFFICE["calendar"] | {"reminders": [{"action": "popup", "minutes": "-15"}]}
DOCUMENTED = (DATA / "calendar" / "documented_list.json").read_text("utf-8")
MEETUPS = recorded("backstage_portal", *MAY)["pages"][0]["events"]
STAND_UPS = recorded("connect_repeating")["pages"][0]["upcomingEvents"]["events"]
UPCOMING = recorded("connect_upcoming")["pages"][0]["upcomingEvents"]["events"]
CALLS = [*OFFICE["pages"][0], *json.loads(DOCUMENTED.replace("201707", "202603"))["events"]]

KINDS = {
    "portal": Kind(
        source=PROGRAMME,
        samples=MEETUPS,
        healthy=MEETUPS[0],
        title="name",
        ident="id",
        keys=("canceled_on", "venue", "tags", "summary", "event_type", "timezone", "end_time"),
        answer=portal_answer,
    ),
    "agenda": Kind(
        source=AGENDA,
        samples=[item for day in AROUND["sessions"] for item in day["sessions"]],
        healthy=AROUND["sessions"][0]["sessions"][0],
        title="title",
        ident="id",
        keys=("duration", "track", "venue", "speakers", "hidden", "language", "session_type"),
        answer=agenda_answer,
    ),
    "group": Kind(
        source=TEAM,
        samples=[*STAND_UPS, *UPCOMING],
        healthy=STAND_UPS[0],
        title="title",
        ident="streamId",
        keys=("isAllDay", "desc", "location", "intervalMinute", "isRecurring", "partition"),
        answer=group_answer,
    ),
    "calendar": Kind(
        source=WORK,
        samples=CALLS,
        healthy=CALLS[4],
        title="title",
        ident="uid",
        keys=(
            *("rrule", "exdate", "recurrenceid", "estatus", "repeat", "description", "location"),
            *("reminders", "transparency", "url", "isprivate", "rsvpStatus", "lastmodifiedtime"),
        ),
        answer=calendar_answer,
    ),
}


@dataclass(kw_only=True)
class Upstream:
    """Zoho's API in this process: it answers in JSON, which is read as the client reads it."""

    answer: Answer
    items: list[Any]
    spoil: Callable[[Any], Any] | None = None

    def get(
        self, product: Product, path: str, params: Mapping[str, str] | None = None, **_: str
    ) -> Any:
        status, document = self.answer(path, params or {}, self.items)
        if self.spoil:
            document = self.spoil(json.loads(json.dumps(document)))
        reply = Reply(status, httpx.Headers(), json.dumps(document).encode())
        return read_reply(reply, Call(product=product, path=path, host="zoho.test"), now=NOW)


class Bridge:
    """A bridge that reads one mutated source again and again."""

    def __init__(self, store: Store, folder: Path, kind: Kind, seed: int) -> None:
        self.store, self.kind, self.rng, self.clock = store, kind, Random(seed), Clock()
        zoho = config.load({"BRIDGE_DATA_DIR": str(folder)}).zoho
        self.zoho = replace(zoho, connect_timezone=zone_by_key("Asia/Kolkata"))
        sizes: dict[str, Any] = {"sources": (kind.source,), "past": 7 * DAY, "future": 14 * DAY}
        self.feeds = (
            Feed(slug="full", title="Full", show_private=True, **sizes),
            Feed(slug="busy", title="B", privacy="busy", exceptions="recurrence-id", **sizes),
        )
        activate_feeds(store, self.feeds, now=self.clock())

    def mutated(self) -> list[Any]:
        """Return mutated objects, most of them with an id of their own."""
        items = []
        for number in range(OBJECTS):
            item = json.loads(json.dumps(self.rng.choice(self.kind.samples)))
            if self.rng.random() < 0.8:
                item[self.kind.ident] = f"object-{number}"
            items.append(mutate(self.rng, item, self.kind.keys))
        if not self.rng.randrange(20):
            items[0] = mutate(self.rng, [items[0]])
        return items

    def read(self, title: str, *, spoil: Callable[[Any], Any] | None = None) -> Report:
        """Read the mutated source, with an object that is well and has this title."""
        kind = self.kind
        well = kind.healthy | {kind.ident: "well", kind.title: title, "etag": title[5:]}
        items = self.mutated()
        items.insert(self.rng.randrange(len(items) + 1), well)
        upstream = Upstream(answer=kind.answer, items=items, spoil=spoil)
        refresher = Refresher(
            store=self.store,
            api=upstream,
            zoho=self.zoho,
            holder="fuzz",
            clock=self.clock,
            dice=lambda: 0.5,
        )
        self.clock.forward(minutes=1)
        began = time.process_time()
        report = refresher.refresh(kind.source.key)
        if spoil is None and not self.rng.randrange(5):  # every command reads what a refresh can
            verifier = Verifier(self.store, upstream, self.zoho, self.clock)
            verifier.verify_feed(self.feeds[0])
        assert time.process_time() - began < MOST_SECONDS
        return report

    def bodies(self) -> dict[str, bytes]:
        """Return the published bytes of each feed and variant."""
        documents = {
            f"{feed.slug} {variant}": self.store.publications.document(feed.slug, variant)
            for feed in self.feeds
            for variant in ("default", "web")
        }
        return {name: document.body for name, document in documents.items() if document}


def codes(problems: tuple[Problem, ...]) -> set[str]:
    """Return the codes of problems, and of those inside of them."""
    found = {problem.code for problem in problems}
    for problem in problems:
        inner = tuple(value for _, value in problem.fields if isinstance(value, Problem))
        found |= codes(inner)
    return found


def check_read(bridge: Bridge, report: Report, title: str, *, parse: bool) -> None:
    """Check that the object that is well is published, and that no object met a bug."""
    rejections = bridge.store.sources.rejections(bridge.kind.source.key)
    assert report.outcome in {"refreshed", "held"}, report.error
    assert not codes(tuple(p for r in rejections for p in r.problems)) & {"bug", "not-rendered"}
    bodies = bridge.bodies()
    assert f"SUMMARY:{title}\r\n".encode() in bodies["full default"]
    for body in bodies.values():
        check_document(body, parse=parse)


def check_document(body: bytes, *, parse: bool) -> None:
    """Check the bytes of a feed: RFC 5545 3.1, and 3.4 by another reader if wanted."""
    assert len(body) < MOST_BYTES
    lines = body.split(b"\r\n")
    assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])
    assert max(map(len, lines)) <= 75
    assert not set(body.replace(b"\r\n", b"")) & {*range(0x20), 0x7F}
    assert body.count(b"\r\nBEGIN:VEVENT\r\n") == body.count(b"\r\nEND:VEVENT\r\n")
    body.decode()
    if parse:
        icalendar.Calendar.from_ical(body)


def fuzz(
    store: Store, folder: Path, kind: Kind, *, seed: int, reads: int, parse: bool = False
) -> None:
    """Read a mutated source often; each tenth time its lists and envelopes are mutated, too."""
    bridge = Bridge(store, folder, kind, seed)
    for number in range(reads):
        title = f"Well {number}"
        try:
            if number % 10 == 9:
                report = bridge.read(title, spoil=lambda answer: mutate(bridge.rng, answer))
                assert report.outcome in {"refreshed", "held", "failed"}
            else:
                check_read(bridge, bridge.read(title), title, parse=parse)
        except Exception as error:
            error.add_note(f"read {number} of seed {seed}")
            raise


@pytest.mark.parametrize("name", KINDS)
def test_a_mutated_object_costs_itself_alone(any_store: Store, tmp_path: Path, name: str) -> None:
    fuzz(any_store, tmp_path, KINDS[name], seed=3, reads=6, parse=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 7))
@pytest.mark.parametrize("name", KINDS)
def test_thousands_of_mutated_objects_cost_themselves_alone(
    any_store: Store, tmp_path: Path, name: str, seed: int
) -> None:
    fuzz(any_store, tmp_path, KINDS[name], seed=seed, reads=210)
