"""Ask Zoho what takes place, and compare that with what a feed has published.

Calendars are asked for their instances, one by one; of the other products a fresh and complete read is what Zoho says.
Nothing that a feed shows is changed here. What is kept of a comparison is for people: its numbers, the first of the
differences, and no title that the feed itself may not show.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.config import ZohoSettings
from bridge.domain.event import Event, Moment, Status, to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.rejection import Rejection, reasons
from bridge.domain.source import CalendarSource, Source
from bridge.domain.uid import event_uid, slot_text
from bridge.errors import BadDataError, BridgeError, NotFoundError
from bridge.sources import registry as dispatch
from bridge.sources.calendar.instances import (
    Instance,
    Span,
    fetch_event_instances,
    fetch_instances,
    parse_instances,
    spans,
)
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify.compare import compare
from bridge.verify.expand import expand
from bridge.verify.values import (
    KINDS,
    Comparison,
    Difference,
    Key,
    Owner,
    Reported,
    Rules,
    Shown,
    plain,
)

_A_MONTH = timedelta(days=31)
_MOST_ASKED = 40  # questions about single events, of one comparison
_KEPT = 50  # differences of one comparison that are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one source of a feed compares with Zoho over a window; ``notes`` are remarks for the reader."""

    source_key: str
    slug: str
    window: Window
    comparison: Comparison
    notes: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs but what is meant to."""
        return not self.comparison.differences

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        differences = self.comparison.differences
        by_kind: dict[str, Any] = {
            kind: [one.plain() for one in differences if one.kind == kind] for kind in KINDS
        }
        return {
            "source": self.source_key,
            "first_day": self.window.start.isoformat(),
            "last_day": (self.window.end - timedelta(days=1)).isoformat(),
            "equal": self.comparison.equal,
            **by_kind,
            "left_out": [one.plain() for one in self.comparison.left_out],
            "notes": list(self.notes),
        }

    def for_log(self) -> dict[str, object]:
        """Give the fields of one log line."""
        differing = len(self.comparison.differences)
        first_day = self.window.start.isoformat()
        return {
            "feed": self.slug,
            "first_day": first_day,
            "equal": self.comparison.equal,
            "differing": differing,
        }

    def kept(self, now: datetime) -> Verification:
        """Give what is remembered of it."""
        reasons = Counter(one.reason for one in self.comparison.left_out)
        return Verification(
            source_key=self.source_key,
            slug=self.slug,
            at=now,
            first_day=self.window.start,
            last_day=self.window.end,
            equal=self.comparison.equal,
            differing=len(self.comparison.differences),
            details={
                "differences": [one.plain() for one in self.comparison.differences[:_KEPT]],
                "left_out": [
                    {"reason": reason, "count": count} for reason, count in sorted(reasons.items())
                ],
                "notes": list(self.notes),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What Zoho says of a source. ``names`` are the bridge's UID and Zoho's own id of each event by its ``uid`` here.

    ``calendar`` is the calendar's own answer, by which further answers are read; None for the other products.
    """

    instances: tuple[Instance, ...]
    names: Mapping[str, tuple[str, str]]
    unread: tuple[Rejection, ...] = ()
    calendar: Any = None


class _Published:
    """A feed as it stands, read once for all of its sources."""

    def __init__(self, store: Store, feed: Feed) -> None:
        document = store.publications.document(feed.slug, "default")
        if document is None:
            raise BridgeError(
                f'Feed "{feed.slug}" is not published yet: run `zoho-bridge refresh {feed.slug}`.'
            )
        self.feed = feed
        self.owners = _owners(store, feed)
        self._body = document.body
        self._expanded: dict[Window, tuple[Shown, ...]] = {}

    def shown(self, window: Window) -> tuple[Shown, ...]:
        """Give what the feed shows in a window, and single events wherever they are."""
        if window not in self._expanded:
            self._expanded[window] = expand(self._body, window)
        return self._expanded[window]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """All that a comparison needs besides the feed."""

    store: Store
    api: Api
    zoho: ZohoSettings
    clock: Callable[[], datetime]

    def feed(self, feed: Feed) -> tuple[Verdict, ...]:
        """Compare an active feed with Zoho over its whole window, source by source, and remember the result.

        Raises BridgeError when there is nothing published to compare, and a ZohoError when Zoho can't be read.
        """
        windows = {source: self._window(feed, source) for source in feed.sources}
        published = _Published(self.store, feed)
        verdicts = tuple(
            self._verdict(published, source, window, self._hear(source, window))
            for source, window in windows.items()
        )
        self.store.verifications.save([verdict.kept(self.clock()) for verdict in verdicts])
        return verdicts

    def sample(self, source: Source, *, dice: float) -> tuple[Verdict, ...]:
        """Compare one source over 31 days of its feeds' windows, which ``dice`` in [0, 1) chooses; Zoho is asked once.

        Feeds whose window is elsewhere are left out. The result is remembered. Raises as ``feed`` does.
        """
        feeds = [feed for feed in self.store.feeds.active() if source in feed.sources]
        windows = {feed.slug: self._window(feed, source) for feed in feeds}
        first = min(window.start for window in windows.values())
        last = max(window.end for window in windows.values())
        start = first + timedelta(days=int(max((last - first - _A_MONTH).days + 1, 1) * dice))
        month = Window(start=start, end=min(start + _A_MONTH, last))
        heard = self._hear(source, month)
        verdicts = tuple(
            self._verdict(_Published(self.store, feed), source, window, heard)
            for feed in feeds
            if (window := _common(month, windows[feed.slug])) is not None
        )
        self.store.verifications.save([verdict.kept(self.clock()) for verdict in verdicts])
        return verdicts

    def _window(self, feed: Feed, source: Source) -> Window:
        """Give the days that the feed shows today and showed when the source was last read.

        Raises BridgeError when there are none.
        """
        read = self.store.sources.state(source.key).last_success
        window = read and _common(feed.window(self.clock().date()), feed.window(read.date()))
        if not window:
            known = (
                "has not been read yet"
                if read is None
                else "was last read before the days that the feed shows"
            )
            raise BridgeError(f"{source.key} {known}: run `zoho-bridge refresh {feed.slug}`.")
        return window

    def _hear(self, source: Source, window: Window) -> _Heard:
        if isinstance(source, CalendarSource):
            raw = fetch_instances(self.api, source, window)
            told = parse_instances(raw["calendar"], raw["pages"])
            names = {one.uid: _name(source, one.uid) for one in told.found}
            return _Heard(
                instances=told.found, names=names, unread=told.unread, calendar=raw["calendar"]
            )
        raw = dispatch.fetch(source, self.api, window)
        # By what is known of it, an event of Connect that repeats keeps a UID for each occurrence.
        known = [
            (row.uid, row.upstream_id) for row in self.store.sources.index(source.key).values()
        ]
        parsed = dispatch.parse(source, raw, self.zoho, known)
        return _Heard(
            instances=tuple(map(_single, parsed.events)),
            names={event.uid: (event.uid, event.upstream_id) for event in parsed.events},
            unread=tuple(one for one in parsed.rejections if one.kind == "dropped"),
        )

    def _verdict(
        self, published: _Published, source: Source, window: Window, heard: _Heard
    ) -> Verdict:
        feed, shown = published.feed, published.shown(window)
        state = self.store.sources.state(source.key)
        rules = Rules(
            source_key=source.key,
            window=window,
            owners=published.owners,
            rejected={
                rejection.upstream_id: reasons(rejection)
                for rejection in self.store.sources.rejections(source.key)
            },
        )
        comparison = compare(_reported(heard, feed), shown, rules)
        notes = [str(problem) for problem in (state.error, state.warning) if problem]
        if isinstance(source, CalendarSource) and comparison.differences:
            heard, remarks = self._again(source, heard, _questions(heard, comparison, shown, rules))
            comparison = compare(_reported(heard, feed), shown, rules)
            notes += remarks
        known = tuple(_unreadable(one) for one in heard.unread if one.upstream_id in rules.rejected)
        unknown = tuple(
            _unreadable(one) for one in heard.unread if one.upstream_id not in rules.rejected
        )
        comparison = replace(
            comparison,
            differences=(*comparison.differences, *unknown),
            left_out=(*comparison.left_out, *known),
        )
        if comparison.differences and state.last_success:
            notes.append(
                f"The feed has what was read {state.last_success:%Y-%m-%d %H:%M} UTC; what changed since differs."
            )
        return Verdict(
            source_key=source.key,
            slug=feed.slug,
            window=window,
            comparison=comparison,
            notes=tuple(notes),
        )

    def _again(
        self, source: CalendarSource, heard: _Heard, questions: Sequence[tuple[str, Span]]
    ) -> tuple[_Heard, list[str]]:
        """Ask about single series where they differ: that answer tells original starts, which the list may not."""
        notes, instances = [], list(heard.instances)
        for uid, span in questions[:_MOST_ASKED]:
            try:
                answer = fetch_event_instances(self.api, source, uid, span)
            except (NotFoundError, BadDataError) as error:
                notes.append(f"Zoho does not give the instances of {uid} by themselves: {error}")
                continue
            found = parse_instances(heard.calendar, [answer]).found
            own = [one for one in found if one.uid == uid and _within(one.start, span)]
            listed = [one for one in instances if one.uid == uid and _within(one.start, span)]
            if {(one.start, one.ends) for one in own} != {(one.start, one.ends) for one in listed}:
                notes.append(
                    f"Zoho's list and its answer about {uid} alone do not agree; the latter counts here."
                )
            instances = [one for one in instances if one not in listed] + own
        if len(questions) > _MOST_ASKED:
            notes.append(
                f"{len(questions) - _MOST_ASKED} more months of series differ, and were not asked about again."
            )
        names = {**heard.names, **{uid: _name(source, uid) for uid, _ in questions}}
        return replace(heard, instances=tuple(instances), names=names), notes


def _questions(
    heard: _Heard, comparison: Comparison, shown: Sequence[Shown], rules: Rules
) -> tuple[tuple[str, Span], ...]:
    """Give the series that differ, each with the spans in which it does."""
    series = {one.uid for one in heard.instances if one.slots}
    series |= {
        rules.owners[one.key[0]].upstream_id
        for one in shown
        if one.key[1] and one.key[0] in rules.owners
    }
    asked: dict[tuple[str, Span], None] = {}
    for told in comparison.differences:
        if told.upstream_id in series:
            moments = [moment for moment in (told.start, told.shown_start) if moment is not None]
            near = (
                span
                for span in spans(rules.window)
                if any(_within(moment, span) for moment in moments)
            )
            asked |= dict.fromkeys((told.upstream_id, span) for span in near)
    return tuple(asked)


def _name(source: CalendarSource, uid: str) -> tuple[str, str]:
    return event_uid("calendar", source.calendar, uid), uid


def _common(one: Window, other: Window) -> Window | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start=start, end=end) if start < end else None


def _owners(store: Store, feed: Feed) -> dict[str, Owner]:
    """Tell of each UID that the feed shows where it comes from; of two sources the first, as publishing does."""
    current = store.publications.current(feed.slug)
    indexes = {
        key: store.sources.index(key)
        for key in dict.fromkeys(one.source_key for one in current.stored)
    }
    upstream: dict[str, Owner] = {}
    for one in current.stored:
        if row := indexes[one.source_key].get(one.uid):
            cancelled = one.cancelled_since is not None
            owner = Owner(
                source_key=one.source_key, upstream_id=row.upstream_id, cancelled=cancelled
            )
            upstream.setdefault(one.uid, owner)
    nobody = Owner(source_key=feed.sources[0].key, upstream_id="")
    return {entry.uid: upstream.get(entry.event_uid, nobody) for entry in current.entries.values()}


def _single(event: Event) -> Instance:
    assert event.recurrence is None  # neither Backstage nor Connect has rules
    cancelled = event.status is Status.CANCELLED
    start, end = plain(event.start), plain(event.end)
    return Instance(
        uid=event.uid,
        start=start,
        ends=(end,),
        title=event.title,
        private=event.private,
        cancelled=cancelled,
    )


def _reported(heard: _Heard, feed: Feed) -> Iterable[Reported]:
    """Name what Zoho says as the feed would: a UID is derived from Zoho's own id, an instance's from its slot.

    A title that the feed may not show is left out, so that no comparison tells it.
    """
    busy = feed.privacy == "busy"
    hidden = frozenset(one.uid for one in heard.instances if one.private and not feed.show_private)
    for one in heard.instances:
        uid, upstream_id = heard.names[one.uid]
        untold = (
            heard.calendar is not None and not one.title
        )  # minimal information need not hold it
        yield Reported(
            upstream_id=upstream_id,
            keys=_keys(event_uid("busy", feed.slug, uid) if busy else uid, one),
            start=one.start,
            ends=one.ends,
            title=None if busy or untold or one.uid in hidden else one.title,
            cancelled=one.cancelled,
        )


def _keys(uid: str, one: Instance) -> tuple[Key, ...]:
    """Give the names an instance can have: within its series, standing alone, or as the only one of its event."""
    slots = one.slots or (one.start,)
    names = [
        key for slot in slots for key in ((uid, slot_text(slot)), (event_uid(uid, slot=slot), ""))
    ]
    return tuple(names if one.slots else [(uid, ""), *names])


def _within(moment: Moment, span: Span) -> bool:
    return span[0] <= to_utc(moment).date() <= span[1]


def _unreadable(one: Rejection) -> Difference:
    return Difference(kind="unreadable", upstream_id=one.upstream_id, title="", reason=reasons(one))
