"""A feed with talks and meetings, and selections of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
import re

from flask.testing import FlaskClient

from bridge.domain.event import Alarm, Person, Place
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource
from bridge.feed.document import remove_alarms
from bridge.feed.selection import Ticks
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.clock import Clock
from tests.factories import event, put, series

SUMMIT = BackstageSource(portal="1", event="2")
WORK = CalendarSource(calendar="work")
FEED = Feed(slug="summit", title="Summit", sources=(SUMMIT, WORK))
OPEN = Feed(slug="open", title="Open", sources=(SUMMIT,), public=True)
ALARM = Alarm(trigger=timedelta(minutes=-10))
ADA, BOB = (Person(name=name, role="speaker") for name in ("Ada", "Bob"))
HALL_A, HALL_B = Place(hall="Hall A", name="Fair"), Place(hall="Hall B", name="Fair")

TALKS = (
    event(
        "a1",
        place=HALL_A,
        categories=("Data", "talk"),
        track="Data",
        alarms=(ALARM,),
        people=(ADA, BOB),
    ),
    event("a2", place=HALL_A, categories=("Web", "workshop"), track="Web"),
    event("b1", place=HALL_B, categories=("Data", "talk"), track="Data", people=(BOB,)),
    event("b2", start=date(2026, 3, 20), place=HALL_B),
)
MEETINGS = (
    event("m1", answer="accepted", categories=("talk",)),
    event("m2", answer="declined"),
    event("m3"),
    series("m4", 11, answer="accepted"),
)


_clients = count()


@dataclass(frozen=True, kw_only=True)
class Site:
    """A served store with both feeds; ``clock`` is that of the caches."""

    store: Store
    client: FlaskClient
    clock: Clock

    def get(self, path: str) -> bytes:
        """Return the body at a path."""
        body: bytes = self.client.get(path).data
        return body

    def status(self, path: str) -> int:
        """Return the status at a path."""
        return self.client.get(path).status_code

    def expire_caches(self) -> None:
        """Move the clock past the half second that cached answers last."""
        self.clock.forward(seconds=0.5)


def fill(store: Store, now: datetime, *feeds: Feed) -> None:
    """Publish feeds with the talks and meetings."""
    store.feeds.replace(feeds, now=now)
    put(store, now, *TALKS, source=SUMMIT)
    put(store, now, *MEETINGS, source=WORK)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        publish(store, feed.slug, now=now)


def link_token(store: Store, slug: str = "summit") -> str:
    """Return the token of a feed's first link."""
    return store.links.token(store.links.of(slug)[0])


def new_token(store: Store, ticks: Ticks, *, slug: str = "summit", public: bool = False) -> str:
    """Return the token of a new selection of a feed's first link, or of a public feed."""
    link = None if public else store.links.of(slug)[0]
    client = f"client {next(_clients)}"  # each has a limit
    return store.selections.add(slug, link, ticks, client=client, now=datetime.now(UTC))


def new_path(
    store: Store,
    *labels: tuple[str, str],
    events: Iterable[str] = (),
    reminder: int | None = None,
    slug: str = "summit",
    public: bool = False,
) -> str:
    """Return the path of a new selection."""
    ticks = Ticks(labels=tuple(sorted(labels)), events=tuple(sorted(events)), reminder=reminder)
    return f"/f/{new_token(store, ticks, slug=slug, public=public)}/{slug}.ics"


def uids(body: bytes) -> list[str]:
    """Return the UIDs of a document's events, in order."""
    return re.findall(r"^UID:(.*)\r$", remove_alarms(body).decode(), re.MULTILINE)
