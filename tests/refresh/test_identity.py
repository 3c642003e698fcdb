"""Identity and change over any history: a machine that edits a calendar, loses answers, waits, and refreshes.

The bridge's own way is taken whole: Zoho's JSON, parse, decide, store, shape, render, publish. What has to be shown is
told from the upstream objects alone, by the rules of docs/decisions.md and rulebook 18-23: which UIDs there are, and
that stamps move together with the bytes, and only with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
import re
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
import icalendar

from bridge.config import Secret, ZohoSettings
from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.errors import UnavailableError
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
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
NEWS = {
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
    changed: dict = field(default_factory=dict)
    deleted: dict = field(default_factory=dict)  # slot -> version
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
        """Give the first slots by the calendar, in order."""
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
        self.things = []
        self.broken = ""

    def get(
        self, product: str, path: Any, params: Any = None, *, accept: str = "application/json"
    ) -> Any:
        if path == "/calendars/cal":
            if self.broken == "calendar":
                raise UnavailableError("Zoho is down.")
            return {"calendars": [{"uid": "cal", "name": "Calendar", "timezone": "Europe/Berlin"}]}
        if params is None:
            if self.broken == "details":
                raise UnavailableError("Zoho is down.")
            uid = path.rpartition("/")[2]
            return {
                "events": [
                    item
                    for thing in self.things
                    for item in thing.json_objects()
                    if thing.uid == uid
                ]
            }
        if self.broken == "pages" or (
            self.broken == "page" and f"{FIRST_DAY + 9 * DAY:%Y}" in params["range"]
        ):
            raise UnavailableError("Zoho is down.")
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


@dataclass
class Family:
    """What one UID has to be: ``facts`` decide its bytes, ``title`` and ``start`` are those of its master."""

    facts: object
    title: str
    start: date


class Histories(RuleBasedStateMachine):
    """Changed instances stand alone, as is the default."""

    form = "detached"

    @initialize(things=st.lists(st.fixed_dictionaries(NEWS), min_size=1, max_size=3))
    def begin(self, things: Any) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.open(
            f"sqlite:///{self.folder.name}/bridge.sqlite3",
            SecretKeys("a key long enough for a test"),
        )
        self.now = datetime.combine(FIRST_DAY, time(9, 30), UTC)
        self.upstream = Upstream()
        self.version = 0
        self.known = {}  # what is known of each upstream uid; ``withheld``: of its instances alone
        self.cancelled_since = {}
        self.last = {}  # UID -> (facts, bytes) of the last publication
        self.seen = {}  # UID -> stamps, over the whole run
        self.documents = {}
        feed = Feed(
            slug="f", title="F", sources=(SOURCE,), past=PAST, future=FUTURE, exceptions=self.form
        )
        activate_feeds(self.store, [feed], now=self.now)
        self.refresher = Refresher(
            store=self.store,
            api=self.upstream,
            zoho=ZOHO,
            holder="w",
            clock=lambda: self.now,
            dice=lambda: 0.5,
        )
        self.documents = self.read_documents()
        for thing in things:
            self.add(**thing, then="nothing")
        self.read()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    # --- edits

    def thing(self, number: Any, *, alive: bool = True) -> Any:
        found = [thing for thing in self.upstream.things if thing.gone is not alive]
        return found[number % len(found)] if found else None

    def touch(self, occasion: Any) -> None:
        self.version += 1
        occasion.version = self.version

    def moment(self, day: Any, hour: Any, place: Any, *, all_day: Any) -> Any:
        on = FIRST_DAY + day * DAY
        return on if all_day else datetime.combine(on, time(hour), zone(place))

    def then(self, what: Any) -> None:
        if what == "wait and read":
            self.now += 7 * DAY
        if what != "nothing":
            self.read()
        if what == "read twice":
            self.now += 15 * timedelta(minutes=1)
            self.read()

    @precondition(lambda self: len(self.upstream.things) < 7)
    @rule(then=THEN, **NEWS)
    def add(
        self,
        title: str,
        day: Any,
        hour: Any,
        all_day: Any,
        place: Any,
        repeats: Any,
        changed: Any,
        then: Any,
    ) -> None:
        start = self.moment(day, hour, place, all_day=all_day)
        uid = f"{len(self.upstream.things)}@zoho.com"
        thing = Thing(uid=uid, title=title, start=start, zone=place, rule=repeats)
        self.touch(thing)
        self.upstream.things.append(thing)
        for slot in changed:
            self.change_instance(thing, slot, DAY, "Moved")
        self.then(then)

    @rule(number=NUMBER, title=TITLES, then=THEN)
    def rename(self, number: Any, title: str, then: Any) -> None:
        if thing := self.thing(number):
            thing.title = title
            self.touch(thing)
            self.then(then)

    @rule(number=NUMBER, days=st.integers(-10, 10), then=THEN)
    def move(self, number: Any, days: Any, then: Any) -> None:
        """Of a series the whole; its changed instances stay where they are."""
        if thing := self.thing(number):
            thing.start += days * DAY
            self.touch(thing)
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def cancel_or_not(self, number: Any, then: Any) -> None:
        thing = self.thing(number)
        if thing and not thing.rule:
            thing.cancelled = not thing.cancelled
            self.touch(thing)
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def delete(self, number: Any, then: Any) -> None:
        if thing := self.thing(number):
            thing.gone = True
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def restore(self, number: Any, then: Any) -> None:
        if thing := self.thing(number, alive=False):
            thing.gone = False
            self.then(then)

    @rule(number=NUMBER, repeats=st.sampled_from(RULES), then=THEN)
    def change_the_rule(self, number: Any, repeats: Any, then: Any) -> None:
        thing = self.thing(number)
        if thing and thing.rule:
            thing.rule = repeats
            self.touch(thing)
            self.then(then)

    def change_instance(self, thing: Any, slot: Any, by: Any, title: str) -> None:
        if thing.rule:
            slots = thing.slots()
            original = slots[slot % len(slots)]
            thing.deleted.pop(original, None)
            thing.changed[original] = Occasion(title=title, start=original + by, zone=thing.zone)
            self.touch(thing.changed[original])

    @rule(number=NUMBER, slot=st.integers(0, 8), days=st.integers(-3, 3), title=TITLES, then=THEN)
    def change_an_instance(self, number: Any, slot: Any, days: Any, title: str, then: Any) -> None:
        if thing := self.thing(number):
            self.change_instance(thing, slot, days * DAY, title)
            self.then(then)

    @rule(number=NUMBER, slot=st.integers(0, 8), then=THEN)
    def delete_an_instance(self, number: Any, slot: Any, then: Any) -> None:
        thing = self.thing(number)
        if thing and thing.rule:
            slots = thing.slots()
            original = slots[slot % len(slots)]
            thing.changed.pop(original, None)
            self.version += 1
            thing.deleted[original] = self.version
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def let_an_instance_be_as_it_was(self, number: Any, then: Any) -> None:
        if (thing := self.thing(number)) and thing.changed:
            thing.changed.popitem()
            self.touch(thing)
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def spoil_or_mend(self, number: Any, then: Any) -> None:
        if thing := self.thing(number):
            thing.spoilt = not thing.spoilt
            self.touch(thing)
            self.then(then)

    @rule(number=NUMBER, then=THEN)
    def withhold_or_not(self, number: Any, then: Any) -> None:
        thing = self.thing(number)
        if thing and thing.rule:
            thing.withheld = not thing.withheld
            self.touch(thing)
            self.then(then)

    # --- time

    @rule(hours=st.sampled_from([0, 1, 10, 24, 7 * 24, 30 * 24]), then=THEN)
    def wait(self, hours: Any, then: Any) -> None:
        self.now += hours * HOUR
        self.then(then)

    @rule(then=THEN)
    def clock_goes_back(self, then: Any) -> None:
        self.now -= timedelta(minutes=90)
        self.then(then)

    # --- reads

    @rule(part=st.sampled_from(["calendar", "pages"]))
    def fail(self, part: Any) -> None:
        self.upstream.broken = part
        assert self.refresher.refresh(SOURCE.key).outcome == "failed"
        self.upstream.broken = ""
        assert self.read_documents() == self.documents, "a read that failed changes no byte"

    def read(self) -> None:
        report = self.refresher.refresh(SOURCE.key)
        assert (report.outcome, report.error) == ("refreshed", "")
        self.learn()
        self.documents = self.read_documents()
        self.check(self.expected())

    def learn(self) -> None:
        """Take in what this read told; what can't be read stays as it was known."""
        for thing in self.upstream.things:
            known = self.known.pop(thing.uid, None)
            if thing.gone:
                continue
            alone = thing.withheld and thing.rule != ""
            unreadable = thing.spoilt and not alone
            if known is None or known.withheld or not unreadable:
                before = (
                    known.changed if known and unreadable else {}
                )  # may be those that can't be read
                now = {"changed": before | thing.changed, "deleted": dict(thing.deleted)}
                known = replace(thing, withheld=alone or unreadable, **now)
            self.known[thing.uid] = known
        cancelled = {
            uid for uid, known in self.known.items() if known.cancelled and not known.withheld
        }
        self.cancelled_since = {
            uid: self.cancelled_since.get(uid, self.now.date()) for uid in cancelled
        }

    # --- what has to be

    def expected(self) -> Any:
        """Give the families that the feed has to show today, by UID."""
        return {
            uid: family
            for known in self.known.values()
            for uid, family in self.families(known).items()
        }

    def families(self, thing: Any) -> Any:
        today = self.now.date()
        lone = {event_uid(thing.own_uid, slot=slot): one for slot, one in thing.changed.items()}
        if thing.withheld:
            return {uid: family(one) for uid, one in lone.items() if one.shown(today)}
        if not thing.rule:
            if thing.cancelled and self.cancelled_since[thing.uid] + 30 * DAY <= today:
                return {}
            return {thing.own_uid: family(thing)} if thing.shown(today) else {}
        shown = {}
        slots = [slot for slot in thing.slots() if slot not in thing.deleted]
        stays = self.form == "recurrence-id" and not thing.expanded
        kept = {
            slot
            for slot in thing.changed
            if stays and slot in slots and between_neighbours(thing, slot)
        }
        own = [slot for slot in slots if slot not in thing.changed or slot in kept]
        if thing.expanded:
            for slot in own:
                one = Occasion(title=thing.title, start=slot, zone=thing.zone)
                if one.shown(today):
                    shown[event_uid(thing.own_uid, slot=slot)] = family(one)
        elif self.goes_on(thing, own):
            facts = (
                Occasion.facts(thing),
                thing.rule,
                sorted(map(repr, thing.changed)),
                sorted(map(repr, thing.deleted)),
            )
            inner = sorted((repr(slot), thing.changed[slot].facts()) for slot in kept)
            shown[thing.own_uid] = Family((facts, inner), thing.title, thing.start)
            lone = {
                uid: one
                for uid, one in lone.items()
                if uid not in {event_uid(thing.own_uid, slot=s) for s in kept}
            }
        return shown | {uid: family(one) for uid, one in lone.items() if one.shown(today)}

    def goes_on(self, thing: Any, slots: Any) -> Any:
        """Whether something of a series is left from the window's beginning on, and it begins before its end."""
        begin, end = (
            datetime.combine(self.now.date() + span, time(), UTC) for span in (-PAST, FUTURE)
        )
        length = thing.end - thing.start
        return instant(thing.start) < end and any(instant(slot) + length > begin for slot in slots)

    # --- what is

    def read_documents(self) -> Any:
        return {
            variant: self.store.publications.document("f", variant).body for variant in VARIANTS
        }

    def check(self, expected: Any) -> None:
        found = families_of(self.documents["default"])
        assert found.keys() == expected.keys()
        for uid, (members, blob) in found.items():
            want = expected[uid]
            master = next(one for one in members if "RECURRENCE-ID" not in one)
            cancelled = uid_is_cancelled(want)
            assert str(master["SUMMARY"]) == ("[Cancelled] " if cancelled else "") + (
                want.title or "(No title)"
            )
            assert instant(master["DTSTART"].dt) == instant(want.start)
            stamps = {
                (one["DTSTAMP"].dt, one["LAST-MODIFIED"].dt, one["SEQUENCE"]) for one in members
            }
            assert len(stamps) == 1, "all members of a family have the same stamps"
            (new,) = stamps
            assert new[0] == new[1]
            had, bytes_had = self.last.get(uid, (None, None))
            if bytes_had is not None and (
                had == want.facts or STAMPS.sub("", blob) == STAMPS.sub("", bytes_had)
            ):
                assert blob == bytes_had, "what did not change keeps every byte"
            elif uid in self.seen:
                assert all(
                    after > before for after, before in zip(new, self.seen[uid], strict=True)
                )
            self.seen[uid] = new
        self.last = {uid: (expected[uid].facts, blob) for uid, (_, blob) in found.items()}

    @invariant()
    def the_variants_belong_together(self) -> None:
        if hasattr(self, "documents"):
            assert b"BEGIN:VEVENT" in self.documents["web"]
            assert self.documents["quiet"] == self.documents["default"], "nothing here has alarms"


class HistoriesWithRecurrenceIds(Histories):
    """Changed instances stay in the family of their series."""

    form = "recurrence-id"


def between_neighbours(thing: Any, slot: Any) -> Any:
    """Whether a changed instance is on a day of its own, between those of its neighbours (rulebook 42)."""
    every = sorted(thing.slots())
    place = every.index(slot)
    day = day_of(thing.changed[slot].start, thing.start)
    before, after = every[max(place - 1, 0) : place], every[place + 1 : place + 2]
    return all(day_of(one, thing.start) < day for one in before) and all(
        day < day_of(one, thing.start) for one in after
    )


def day_of(moment: Any, start: Any) -> Any:
    return moment.astimezone(start.tzinfo).date() if isinstance(moment, datetime) else moment


def family(occasion: Any) -> Any:
    return Family(Occasion.facts(occasion), occasion.title, occasion.start)


def uid_is_cancelled(wanted: Any) -> Any:
    return isinstance(wanted.facts, tuple) and len(wanted.facts) == 4 and wanted.facts[3] is True


def families_of(body: Any) -> Any:
    """Give each UID's VEVENTs and their text; the placeholder is none. No UID and RECURRENCE-ID comes twice."""
    calendar = icalendar.Calendar.from_ical(body)
    assert not any(component.errors for component in calendar.walk())
    texts = re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body.decode(), re.DOTALL)
    families, keys = {}, set()
    for one, text in zip(calendar.events, texts, strict=True):
        uid, slot = (
            str(one["UID"]),
            one["RECURRENCE-ID"].to_ical() if "RECURRENCE-ID" in one else b"",
        )
        assert (uid, slot) not in keys
        keys.add((uid, slot))
        members, blob = families.get(uid, ([], ""))
        families[uid] = ([*members, one], blob + text)
    return {
        uid: found
        for uid, found in families.items()
        if "DTSTART;VALUE=DATE:20000101" not in found[1]
    }


MODEST = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistories = Histories.TestCase
TestHistories.settings = MODEST
TestHistoriesWithRecurrenceIds = HistoriesWithRecurrenceIds.TestCase
TestHistoriesWithRecurrenceIds.settings = MODEST
