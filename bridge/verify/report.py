"""Instances of a source as Zoho itself reports them.

Zoho Calendar is asked for single instances. For the other products, a new complete read is the
report.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.config import ZohoSettings
from bridge.domain.event import Event, Moment, Status, to_utc
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import Problem, problem
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource, Source
from bridge.domain.text import NO_TITLE
from bridge.domain.uid import event_uid, hidden_uid
from bridge.errors import BadDataError, NotFoundError
from bridge.sources import registry
from bridge.sources.calendar.instances import (
    Span,
    fetch_event_instances,
    fetch_instances,
    parse_instances,
)
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.verify.comparison import ZohoInstance, in_utc

_MOST_QUESTIONS = 40  # requests about single series in one comparison


@dataclass(frozen=True, slots=True)
class ZohoReport:
    """The instances of a source, in a form that is the same for all feeds.

    ``calendar`` is a calendar's own answer, needed to parse further answers.
    """

    source: Source
    instances: tuple[ZohoInstance, ...]
    unreadable: tuple[Rejection, ...] = ()
    calendar: Any = None

    def for_feed(self, feed: Feed, salt: str) -> Iterator[ZohoInstance]:
        """Yield the instances without titles that the feed may not show, others with its prefix.

        So no difference reveals a title. Their UIDs in the feed are keyed with its salt.
        """
        prefix = feed.rule_of(self.source.key).prefix
        private = {instance.uid for instance in self.instances if instance.private}
        for instance in self.instances:
            is_hidden = instance.uid in private and not feed.show_private
            if feed.privacy == "busy" or is_hidden:
                uid = hidden_uid(instance.uid, salt)
                yield replace(instance, hidden_uid=uid, title=None)
            else:
                title = prefix + (instance.title or NO_TITLE) if prefix else instance.title
                yield replace(instance, title=title if instance.title is not None else None)


def fetch_report(
    source: Source, window: Window, api: Api, zoho: ZohoSettings, store: Store
) -> ZohoReport:
    """Fetch the instances of a source in a window; raises a ZohoError if it cannot be read."""
    if isinstance(source, CalendarSource):
        raw = fetch_instances(api, source, window)
        instances, unreadable = _parse(source, raw["calendar"], raw["pages"])
        return ZohoReport(source, instances, unreadable, raw["calendar"])
    raw = registry.fetch(source, api, window)
    # An event of Connect that is known to repeat has a UID for each occurrence.
    known = [(row.uid, row.upstream_id) for row in store.sources.index(source.key).values()]
    result = registry.parse(source, raw, zoho, known)
    dropped = tuple(rejection for rejection in result.rejections if rejection.kind == "dropped")
    return ZohoReport(source, tuple(map(_from_event, result.events)), dropped)


def check_series(
    report: ZohoReport, api: Api, questions: Sequence[tuple[str, Span]]
) -> tuple[ZohoReport, list[Problem]]:
    """Fetch single series again, whose answers have original starts that the list may lack.

    ``questions`` are ids of events with spans. Return the corrected report, and notes.
    """
    source, instances = report.source, list(report.instances)
    notes: list[Problem] = []
    assert isinstance(source, CalendarSource)
    for upstream_id, span in questions[:_MOST_QUESTIONS]:
        try:
            answer = fetch_event_instances(api, source, upstream_id, span)
        except (NotFoundError, BadDataError) as error:
            notes.append(problem("series-unanswered", event=upstream_id, why=error.problem))
            continue
        parsed, _ = _parse(source, report.calendar, [answer])
        answered = [item for item in parsed if _is_in(item, upstream_id, span)]
        listed = [item for item in instances if _is_in(item, upstream_id, span)]
        if _spans(answered) != _spans(listed):
            notes.append(problem("series-contradiction", event=upstream_id))
        instances = [item for item in instances if item not in listed] + answered
    if len(questions) > _MOST_QUESTIONS:
        notes.append(problem("series-unchecked", count=len(questions) - _MOST_QUESTIONS))
    return replace(report, instances=tuple(instances)), notes


def is_within(moment: Moment, span: Span) -> bool:
    """Return whether the UTC date of a moment is in a span of days, ends included."""
    return span[0] <= to_utc(moment).date() <= span[1]


def _is_in(instance: ZohoInstance, upstream_id: str, span: Span) -> bool:
    return instance.upstream_id == upstream_id and is_within(instance.start, span)


def _spans(instances: Iterable[ZohoInstance]) -> set[tuple[Moment, tuple[Moment, ...]]]:
    return {(instance.start, instance.ends) for instance in instances}


def _parse(
    source: CalendarSource, calendar: Any, pages: Sequence[Any]
) -> tuple[tuple[ZohoInstance, ...], tuple[Rejection, ...]]:
    result = parse_instances(calendar, pages)
    instances = tuple(
        ZohoInstance(
            uid=event_uid("calendar", source.calendar, instance.uid),
            upstream_id=instance.uid,
            start=instance.start,
            ends=instance.ends,
            slots=instance.slots,
            title=instance.title or None,  # Zoho may report an instance without its title
            private=instance.private,
            cancelled=instance.cancelled,
        )
        for instance in result.found
    )
    return instances, result.unread


def _from_event(event: Event) -> ZohoInstance:
    assert event.recurrence is None  # neither Backstage nor Connect has rules
    return ZohoInstance(
        uid=event.uid,
        upstream_id=event.upstream_id,
        start=in_utc(event.start),
        ends=(in_utc(event.end),),
        title=event.title,
        private=event.private,
        cancelled=event.status is Status.CANCELLED,
    )
