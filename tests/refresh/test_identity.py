"""Identity and change over any history of a calendar, edited at random.

A state machine edits, loses answers, waits and refreshes. The whole bridge runs: Zoho's JSON,
parse, compare, save, view, render, publish. Expected values come from the upstream objects alone,
by docs/decisions.md and rulebook 18-23: which UIDs there are, and that stamps move together with
the bytes, and only with them.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
import re
import tempfile
from typing import Any, Literal

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
import icalendar
import pytest

from bridge.domain.feed import Feed
from bridge.domain.timezones import zone
from bridge.domain.uid import event_uid
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from tests.refresh.upstream_model import (
    DAY,
    FIRST_DAY,
    FUTURE,
    HOUR,
    MINUTE,
    NEWS,
    NUMBER,
    PAST,
    RULES,
    SOURCE,
    STAMPS,
    THEN,
    TITLES,
    VARIANTS,
    ZOHO,
    Occasion,
    Thing,
    Upstream,
    instant,
)


@dataclass
class Family:
    """What one UID has to be.

    ``facts`` decide its bytes, ``title`` and ``start`` are those of its master.
    """

    facts: object
    title: str
    start: date


class Histories(RuleBasedStateMachine):
    """Changed instances stand alone, as is the default."""

    form: Literal["detached", "recurrence-id"] = "detached"

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
        self.known: dict[
            str, Any
        ] = {}  # what is known of each upstream uid; ``withheld``: of its instances alone
        self.cancelled_since: dict[str, Any] = {}
        self.last: dict[str, Any] = {}  # UID -> (facts, bytes) of the last publication
        self.seen: dict[str, Any] = {}  # UID -> stamps, over the whole run
        self.documents: dict[str, Any] = {}
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
    @rule(
        then=THEN,
        title=NEWS["title"],
        day=NEWS["day"],
        hour=NEWS["hour"],
        all_day=NEWS["all_day"],
        place=NEWS["place"],
        repeats=NEWS["repeats"],
        changed=NEWS["changed"],
    )
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
        """Read, and once more ten minutes later if events are missing: then all is decided."""
        day = self.now.date()
        report = self.refresher.refresh(SOURCE.key)
        if any(row.missing_since for row in self.store.sources.index(SOURCE.key).values()):
            self.now += 10 * MINUTE
            report = self.refresher.refresh(SOURCE.key)
        assert (report.outcome, report.error) == ("refreshed", "")
        rows = self.store.sources.index(SOURCE.key).values()
        assert not any(row.missing_since for row in rows), "a hold ends with the second read"
        self.learn(day)
        self.documents = self.read_documents()
        self.check(self.expected())

    def learn(self, day: date) -> None:
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
                now: dict[str, Any] = {
                    "changed": before | thing.changed,
                    "deleted": dict(thing.deleted),
                }
                known = replace(thing, withheld=alone or unreadable, **now)
            self.known[thing.uid] = known
        cancelled = {
            uid for uid, known in self.known.items() if known.cancelled and not known.withheld
        }
        self.cancelled_since = {uid: self.cancelled_since.get(uid, day) for uid in cancelled}

    # --- what has to be

    def expected(self) -> Any:
        """Return the families that the feed has to show today, by UID."""
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
        """Whether something of a series is left from the window's beginning on, and it begins
        before its end.
        """
        begin, end = (
            datetime.combine(self.now.date() + span, time(), UTC) for span in (-PAST, FUTURE)
        )
        length = thing.end - thing.start
        return instant(thing.start) < end and any(instant(slot) + length > begin for slot in slots)

    # --- what is

    def read_documents(self) -> Any:
        return {
            variant: document.body
            for variant in VARIANTS
            if (document := self.store.publications.document("f", variant))
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
    """Whether a changed instance is on a day of its own, between those of its neighbours (rulebook
    42).
    """
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
    """Return the VEVENTs of each UID and their text, without the placeholder.

    No UID and RECURRENCE-ID comes twice.
    """
    calendar = icalendar.Calendar.from_ical(body)
    assert not any(component.errors for component in calendar.walk())
    texts = re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body.decode(), re.DOTALL)
    families: dict[str, Any] = {}
    keys = set()
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


class ShortHistories(Histories):
    """A sample of the histories, for every run."""


class ShortHistoriesWithRecurrenceIds(HistoriesWithRecurrenceIds):
    """The same where changed instances stay in their series."""


SAMPLE = settings(
    max_examples=5,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
MANY = settings(SAMPLE, max_examples=25)
TestHistories = ShortHistories.TestCase
TestHistories.settings = SAMPLE
TestHistoriesWithRecurrenceIds = ShortHistoriesWithRecurrenceIds.TestCase
TestHistoriesWithRecurrenceIds.settings = SAMPLE
TestManyHistories = pytest.mark.slow(Histories.TestCase)
TestManyHistories.settings = MANY
TestManyHistoriesWithRecurrenceIds = pytest.mark.slow(HistoriesWithRecurrenceIds.TestCase)
TestManyHistoriesWithRecurrenceIds.settings = MANY
