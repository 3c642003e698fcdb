"""Parse of what differs in an answer from the last read of its source, or of all of it.

An upstream id with the same objects has the same events and rejections. It must not decide what
becomes of stored events.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.config import ZohoSettings
from bridge.domain.feed import Window
from bridge.domain.records import EventRow, ReadPart, SourceState
from bridge.errors import BadDataError
from bridge.refresh.occurrence_limit import limit_occurrences, most_occurrences
from bridge.refresh.schedule import close_spans
from bridge.sources import registry
from bridge.sources.protocols import ParseResult
from bridge.store import Store

# After that all of an answer is parsed again, for the events that are close from then on.
_HOLDS_FOR = timedelta(days=2)
_MOST_OTHERS = 500  # upstream ids that differ; with more, all is parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedParts:
    """The parts of an answer, whose spans hold up to ``until``.

    ``result`` has the events of the parts that were parsed, and the rejections of all. ``known``
    are the stored events of those that were parsed.
    """

    parts: Mapping[str, ReadPart]
    until: datetime
    known: Mapping[str, EventRow]
    result: ParseResult


def parse_parts(
    store: Store,
    zoho: ZohoSettings,
    state: SourceState,
    answer: registry.Answer,
    *,
    window: Window,
    now: datetime,
) -> ParsedParts:
    """Parse the parts that differ from the last read, or all; raises BadDataError.

    Remarks and the limit are about all events, and an object without an id may be of any.
    """
    key, reading = state.source.key, state.reading
    is_usable = reading and reading.covers(now) and not state.notes and "" not in answer.parts
    earlier = store.sources.parts(key) if is_usable else {}
    same = {n: part for n, part in earlier.items() if part.fingerprint == answer.parts.get(n)}
    others = (earlier.keys() | answer.parts.keys()) - same.keys()
    if len(others) > _MOST_OTHERS:
        same = {}
    while True:
        known = store.sources.index(key, others if same else None)
        names = [(row.uid, row.upstream_id) for row in known.values()]
        raw = answer.without(same) if same else answer.raw
        most = sum(part.occurrences for part in same.values())
        try:
            parsed = registry.parse(state.source, raw, zoho, names)
            result = limit_occurrences(parsed, window, known, besides=most)
            if not same or (result is parsed and not parsed.notes):
                break
        except BadDataError:
            if not same:
                raise
        same = {}
    until = now + _HOLDS_FOR
    if same and reading:
        until = reading.until
        stored = store.sources.rejections(key)[: reading.rejections]
        kept = (rejection for rejection in stored if rejection.upstream_id in same)
        result = replace(result, rejections=(*kept, *result.rejections))
    own = defaultdict(list)
    for event in parsed.events:
        own[event.upstream_id].append(event)
    parts = {
        name: same.get(name)
        or ReadPart(
            fingerprint=answer.parts.get(name, ""),
            events=len(own[name]),
            occurrences=sum(most_occurrences(event, window) for event in own[name]),
            close=close_spans(own[name], now, until),
        )
        for name in {**answer.parts, **own}
    }
    order = {name: number for number, name in enumerate(parts)}
    rejections = sorted(result.rejections, key=lambda r: order.get(r.upstream_id, -1))
    result = replace(result, rejections=tuple(rejections))
    return ParsedParts(parts=parts, until=until, known=known, result=result)
