"""Verification of feeds: fetch Zoho's report, compare it with the published feed, store the result.

It changes nothing that a feed publishes, and stores no title that the feed may not show.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.config import ZohoSettings
from bridge.domain import codec
from bridge.domain.feed import Feed, Window, hull
from bridge.domain.problems import Problem, problem, to_plain
from bridge.domain.source import CalendarSource, Source
from bridge.publish.duplicates import find_duplicates
from bridge.sources.calendar.fetch import ranges
from bridge.sources.calendar.instances import Span
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify.comparison import Comparison, PublishedInstance, Scope, compare, join_problems
from bridge.verify.report import ZohoReport, check_series, fetch_report, is_within
from bridge.verify.snapshot import UnverifiableError, read_snapshot

_MONTH = timedelta(days=31)
_STORED = 50  # differences of one comparison in the store


@dataclass(frozen=True, slots=True)
class Verifier:
    """What every verification needs: the store, and access to Zoho."""

    store: Store
    api: Api
    zoho: ZohoSettings
    clock: Callable[[], datetime]

    def verify_feed(self, feed: Feed) -> tuple[Comparison, ...]:
        """Verify an active feed over its whole window, source by source, and store the result.

        Raises UnverifiableError if it is not published yet, and a ZohoError if Zoho cannot be
        read.
        """
        windows = {source: self._window(feed, source) for source in feed.sources}
        published = read_snapshot(self.store, feed, hull(windows.values()))
        results = []
        for source, window in windows.items():
            report = fetch_report(source, window, self.api, self.zoho, self.store)
            results.append(self._compare(feed, window, published, report))
        return self._save(results)

    def verify_month(self, source: Source, *, dice: float) -> tuple[Comparison, ...]:
        """Verify a source over 31 days, in all feeds whose windows they overlap; store the result.

        ``dice`` in [0, 1) selects the days from the windows of all its feeds. Zoho is read once.
        Raises as ``verify_feed`` does.
        """
        feeds = [feed for feed in self.store.feeds.active() if source in feed.sources]
        windows = {feed.slug: self._window(feed, source) for feed in feeds}
        whole = hull(windows.values())
        days = int(max((whole.end - whole.start - _MONTH).days + 1, 1) * dice)
        start = whole.start + timedelta(days=days)
        month = Window(start=start, end=min(start + _MONTH, whole.end))
        report = fetch_report(source, month, self.api, self.zoho, self.store)
        return self._save(
            self._compare(feed, window, read_snapshot(self.store, feed, window), report)
            for feed in feeds
            if (window := _overlap(month, windows[feed.slug])) is not None
        )

    def _save(self, results: Iterable[Comparison]) -> tuple[Comparison, ...]:
        results, now = tuple(results), self.clock()
        self.store.verifications.save([_verification(result, now) for result in results])
        return results

    def _window(self, feed: Feed, source: Source) -> Window:
        """Return the days that the feed shows today and showed when the source was last read."""
        read_at = self.store.sources.state(source.key).last_success
        if read_at is None:
            raise UnverifiableError("source-unread", source=source.key, feed=feed.slug)
        window = _overlap(feed.window(self.clock().date()), feed.window(read_at.date()))
        if window is None:
            raise UnverifiableError("source-outdated", source=source.key, feed=feed.slug)
        return window

    def _compare(
        self, feed: Feed, window: Window, published: Sequence[PublishedInstance], report: ZohoReport
    ) -> Comparison:
        key = report.source.key
        state, rejected = self.store.sources.state(key), self.store.sources.rejections(key)
        rejections = {rejection.upstream_id: join_problems(rejection) for rejection in rejected}
        scope = Scope(
            slug=feed.slug,
            source_key=key,
            window=window,
            rejections=rejections,
            left_out=self._left_out(feed, key),
        )
        salt = self.store.feeds.salt(feed.slug)
        result = compare(report.for_feed(feed, salt), published, scope, report.unreadable)
        notes = [note for note in (state.error, state.warning) if note]
        if isinstance(report.source, CalendarSource) and result.differences:
            questions = _questions(report, published, result)
            report, more = check_series(report, self.api, questions)
            result = compare(report.for_feed(feed, salt), published, scope, report.unreadable)
            notes += more
        if result.differences and state.last_success:
            notes.append(problem("feed-read-at", time=f"{state.last_success:%Y-%m-%d %H:%M}"))
        return replace(result, notes=tuple(notes))

    def _left_out(self, feed: Feed, key: str) -> dict[str, Problem]:
        """Return why the feed does not show some events of a source, by upstream id."""
        rule, index = feed.rule_of(key), self.store.sources.index(key)
        payloads = self.store.sources.payloads(key, [*index]) if rule.is_selective else {}
        ruled = [e for e in map(codec.decode, payloads.values()) if [*rule.left_out([e])]]
        reasons = dict.fromkeys((e.upstream_id for e in ruled), problem("left-out-by-rule"))
        current = self.store.publications.current(feed.slug)
        known = [
            (e, f.duplicate_keys) for e in current.stored if (f := current.freshness.get(e.uid))
        ]
        copies = [e.uid for e in find_duplicates(known) if e.source_key == key and e.uid in index]
        elsewhere = problem("shown-from-another-source")
        return reasons | {index[uid].upstream_id: elsewhere for uid in copies}


def _questions(
    report: ZohoReport, published: Sequence[PublishedInstance], result: Comparison
) -> list[tuple[str, Span]]:
    """Return the series that differ, each with the spans in which it does."""
    series = {instance.upstream_id for instance in report.instances if instance.slots}
    series |= {instance.upstream_id for instance in published if instance.key[1]}
    questions = [
        (difference.upstream_id, span)
        for difference in result.differences
        if difference.upstream_id in series
        for span in ranges(result.scope.window)
        for side in (difference.zoho, difference.feed)
        if side and is_within(side.start, span)
    ]
    return list(dict.fromkeys(questions))


def _verification(result: Comparison, now: datetime) -> Verification:
    """Return what the store keeps: the numbers, the first differences, and the notes."""
    scope, reasons = result.scope, Counter(filter(None, (gap.reason for gap in result.left_out)))
    left_out = [{"reason": to_plain(why), "count": count} for why, count in reasons.most_common()]
    return Verification(
        source_key=scope.source_key,
        slug=scope.slug,
        at=now,
        first_day=scope.window.start,
        last_day=scope.window.end,
        equal=result.equal,
        differing=len(result.differences),
        details={
            "differences": [gap.to_json(to_plain) for gap in result.differences[:_STORED]],
            "left_out": left_out,
            "notes": list(map(to_plain, result.notes)),
        },
    )


def _overlap(first: Window, second: Window) -> Window | None:
    start, end = max(first.start, second.start), min(first.end, second.end)
    return Window(start=start, end=end) if start < end else None
