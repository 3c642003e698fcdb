"""A model of a Zoho calendar that is edited at random, and of what Zoho answers about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
import re
from typing import Any

from hypothesis import strategies as st

from bridge.config import Secret, ZohoSettings
from bridge.domain.source import CalendarSource
from bridge.domain.uid import event_uid
from bridge.errors import NotFoundError, UnavailableError

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SOURCE = CalendarSource(calendar="cal")
PAST, FUTURE = 30 * DAY, 120 * DAY
FIRST_DAY = date(2026, 3, 10)
VARIANTS = ("default", "quiet", "web")
STAMPS = re.compile(r"\r\n(?:DTSTAMP|LAST-MODIFIED|SEQUENCE):[^\r]*")
ZOHO = ZohoSettings(
    client_id="",
    client_secret=Secret(""),
    refresh_token=Secret(""),
    data_center="us",
    accounts_url="",
    backstage_url="",
    connect_url="",
    calendar_url="",
)
# The last one is no rule that every client reads alike: its instances stand one by one.
RULES = (
    "FREQ=DAILY;COUNT=6",
    "FREQ=WEEKLY;COUNT=5",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4",
)
NUMBER = st.integers(0, 5)
DAYS = st.integers(-20, 100)
TITLES = st.sampled_from(["Stand-up", "Review, part 2", "", "Größe 🗓️"])
NEWS: dict[str, st.SearchStrategy[Any]] = {
    "title": TITLES,
    "day": DAYS,
    "hour": st.sampled_from([5, 9, 16]),
    "all_day": st.booleans(),
    "place": st.sampled_from(["Europe/Berlin", "Asia/Kolkata"]),
    "repeats": st.sampled_from(["", *RULES]),
    "changed": st.lists(st.integers(0, 5), max_size=2),
}
# What happens after an edit: another one, a read, or reads with time between them.
THEN = st.sampled_from(["nothing", "read", "read", "read twice", "wait and read"])


def instant(moment: Any) -> Any:
    return (
        moment.astimezone(UTC)
        if isinstance(moment, datetime)
        else datetime.combine(moment, time(), UTC)
    )


def stamp(moment: Any) -> str:
    return (
        f"{instant(moment):%Y%m%dT%H%M%SZ}" if isinstance(moment, datetime) else f"{moment:%Y%m%d}"
    )


@dataclass(kw_only=True)
class Occasion:
    """One object of upstream, apart from how it repeats."""

    title: str
    start: date
    zone: str
    cancelled: bool = False
    version: int = 0

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    @property
    def end(self) -> Any:
        return self.start + (DAY if self.all_day else HOUR)

    def shown(self, today: Any) -> Any:
        begin, end = (datetime.combine(today + span, time(), UTC) for span in (-PAST, FUTURE))
        return instant(self.start) < end and instant(self.end) > begin

    def json(self, uid: str) -> Any:
        form = "%Y%m%d" if self.all_day else "%Y%m%dT%H%M%S%z"
        last = self.start if self.all_day else self.end
        return {
            "uid": uid,
            "title": self.title,
            "etag": str(self.version),
            "isallday": self.all_day,
            "dateandtime": {
                "timezone": self.zone,
                "start": self.start.strftime(form),
                "end": last.strftime(form),
            },
            **({"estatus": "cancelled"} if self.cancelled else {}),
        }

    def facts(self) -> Any:
        return self.title, repr(self.start), self.zone, self.cancelled


@dataclass(kw_only=True)
class Thing(Occasion):
    """An upstream event or series; ``changed`` and ``deleted`` are its instances by their slots."""

    uid: str
    rule: str = ""
    changed: dict[date, Occasion] = field(default_factory=dict)
    deleted: dict[date, int] = field(default_factory=dict)  # slot -> version
    gone: bool = False
    spoilt: bool = False  # its date can't be read
    withheld: bool = False  # the instances come without their series

    @property
    def own_uid(self) -> Any:
        return event_uid("calendar", "cal", self.uid)

    @property
    def expanded(self) -> Any:
        return "MONTHLY" in self.rule

    def slots(self) -> Any:
        """Return the first slots by the calendar, in order."""
        step = {"DAILY": DAY, "WEEKLY": 7 * DAY}.get(self.rule[5:].split(";")[0])
        every = step * (2 if "INTERVAL=2" in self.rule else 1) if step else None
        count = int(self.rule.rpartition("COUNT=")[2]) if "COUNT" in self.rule else 60
        if every:
            return [self.start + n * every for n in range(count)]  # wall-clock arithmetic
        days = (self.start + n * DAY for n in range(1, 400))
        return [self.start, *islice((day for day in days if day.day == 31), count - 1)]

    def json_objects(self) -> Iterator[Any]:
        if self.gone:
            return
        if not self.withheld or not self.rule:
            item = self.json(self.uid) | ({"rrule": self.rule} if self.rule else {})
            if self.spoilt:
                item["dateandtime"] = {"start": "20261345T990000+0100"}
            yield item
        for slot, one in self.changed.items():
            yield one.json(self.uid) | {"recurrenceid": stamp(slot)}
        for slot, version in self.deleted.items():
            yield {
                "uid": self.uid,
                "recurrenceid": stamp(slot),
                "estatus": "deleted",
                "etag": str(version),
            }

    def facts(self) -> Any:
        changed = sorted((stamp(slot), one.facts()) for slot, one in self.changed.items())
        return (
            super().facts(),
            self.rule,
            changed,
            sorted(map(stamp, self.deleted)),
            self.withheld and self.rule != "",
        )


class Upstream:
    """Zoho Calendar, as far as the bridge asks it."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.broken = ""

    def get(
        self, product: str, path: Any, params: Any = None, *, accept: str = "application/json"
    ) -> Any:
        if path == "/calendars/cal":
            if self.broken == "calendar":
                raise UnavailableError("text", text="Zoho is down.")
            return {"calendars": [{"uid": "cal", "name": "Calendar", "timezone": "Europe/Berlin"}]}
        if params is None:
            if self.broken == "details":
                raise UnavailableError("text", text="Zoho is down.")
            uid = path.rpartition("/")[2]
            things = [thing for thing in self.things if thing.uid == uid]
            items = [item for thing in things for item in thing.json_objects()]
            if not items:
                raise NotFoundError("text", text="There is no such event.")
            return {"events": items}
        if self.broken == "pages" or (
            self.broken == "page" and f"{FIRST_DAY + 9 * DAY:%Y}" in params["range"]
        ):
            raise UnavailableError("text", text="Zoho is down.")
        first, last = (date.fromisoformat(text) for text in re.findall(r"\d{8}", params["range"]))
        return {
            "events": [
                item
                for thing in self.things
                for item in thing.json_objects()
                if self._in(item, first, last)
            ]
        }

    @staticmethod
    def _in(item: Any, first: Any, last: Any) -> Any:
        if "rrule" in item or "recurrenceid" in item or "1345T" in item["dateandtime"]["start"]:
            return True
        start, end = (
            date.fromisoformat(item["dateandtime"][side][:8]) for side in ("start", "end")
        )
        return start <= last and end >= first
