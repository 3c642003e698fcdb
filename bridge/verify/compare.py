"""Compare what Zoho reports with what a feed shows, instance by instance. Pure.

An instance is found again by its name, not by its time: a UID, and the original start within a series. Whatever of
Zoho's finds nothing under its name is looked for among what else the feed shows of the same event, near its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bridge.domain.event import to_utc
from bridge.domain.text import CANCELLED_MARK, NO_TITLE, one_line
from bridge.verify.values import Comparison, Difference, Kind, Reported, Rules, Shown, overlaps

# Two zones are at most 26 hours apart, but a day's series must not be taken for one that moved by a day.
_NEAR, _NEAR_DAYS = timedelta(hours=14), timedelta(days=1)


def compare(reported: Iterable[Reported], shown: Sequence[Shown], rules: Rules) -> Comparison:
    """Compare one source's instances with a feed; ``shown`` may hold those of its other sources, which are let be."""
    named: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    for one in shown:
        named[one.key].append(one)
    tally = _Tally(rules=rules)
    nameless = []
    for instance in reported:
        match = next((named[key].pop(0) for key in instance.keys if named.get(key)), None)
        if match is None:
            nameless.append(instance)
        else:
            tally.pair(instance, match)
    left = [one for rest in named.values() for one in rest if tally.is_ours(one)]
    pairs = _near(nameless, left, rules)
    for instance, match in pairs:
        tally.pair(instance, match)
    paired = {id(one) for pair in pairs for one in pair}
    for instance in nameless:
        if id(instance) not in paired:
            tally.missing(instance)
    for one in left:
        if id(one) not in paired:
            tally.surplus(one)
    return tally.comparison()


@dataclass(slots=True, kw_only=True)
class _Tally:
    """Counts what is equal, and sorts what differs into differences and what is left out on purpose."""

    rules: Rules
    equal: int = 0
    differences: list[Difference] = field(default_factory=list)
    left_out: list[Difference] = field(default_factory=list)

    def comparison(self) -> Comparison:
        """Give the result, in the order of time."""
        return Comparison(
            equal=self.equal,
            differences=tuple(sorted(self.differences, key=_order)),
            left_out=tuple(sorted(self.left_out, key=_order)),
        )

    def is_ours(self, one: Shown) -> bool:
        """Tell whether it is this source's to account for."""
        owner = self.rules.owners.get(one.key[0])
        return owner is not None and owner.source_key == self.rules.source_key

    def pair(self, instance: Reported, one: Shown) -> None:
        """Compare the two sides of one instance."""
        window = self.rules.window
        if not overlaps(instance.start, instance.ends[0], window) and not overlaps(
            one.start, one.end, window
        ):
            return
        if instance.start != one.start or one.end not in instance.ends:
            kind: Kind = "shifted"
        elif not _same_title(instance, one):
            kind = "renamed"
        else:
            self.equal += 1
            return
        self._differs(_told(kind, instance), one)

    def missing(self, instance: Reported) -> None:
        """Account for what the feed does not show."""
        if not overlaps(instance.start, instance.ends[0], self.rules.window):
            return
        told = _told("missing", instance)
        if instance.cancelled:
            self.left_out.append(replace(told, reason="the event is cancelled"))
        else:
            self._differs(told, None)

    def surplus(self, one: Shown) -> None:
        """Account for what Zoho does not report."""
        if not overlaps(one.start, one.end, self.rules.window):
            return
        owner = self.rules.owners[one.key[0]]
        told = Difference(kind="extra", upstream_id=owner.upstream_id, title="")
        if owner.cancelled:
            self.left_out.append(
                replace(_with(told, one), reason="the event is cancelled, and shown as such")
            )
        else:
            self._differs(told, one)

    def _differs(self, told: Difference, one: Shown | None) -> None:
        told = told if one is None else _with(told, one)
        if reason := self.rules.rejected.get(told.upstream_id, ""):
            self.left_out.append(replace(told, reason=reason))
        else:
            self.differences.append(told)


def _near(
    nameless: Sequence[Reported], left: Sequence[Shown], rules: Rules
) -> list[tuple[Reported, Shown]]:
    """Pair instances of one event that are close to each other, the closest first, each once."""
    by_event: dict[str, list[Shown]] = defaultdict(list)
    for one in left:
        by_event[rules.owners[one.key[0]].upstream_id].append(one)
    pairs = []
    for instance in nameless:
        for one in by_event.get(instance.upstream_id, ()):
            timed = isinstance(one.start, datetime)
            if timed != isinstance(instance.start, datetime):
                continue
            distance = abs(to_utc(one.start) - to_utc(instance.start))
            if distance <= (_NEAR if timed else _NEAR_DAYS):
                pairs.append((distance, instance, one))
    chosen: list[tuple[Reported, Shown]] = []
    taken: set[int] = set()
    for _, instance, one in sorted(pairs, key=lambda pair: pair[0]):
        if not taken & {id(instance), id(one)}:
            taken |= {id(instance), id(one)}
            chosen.append((instance, one))
    return chosen


def _told(kind: Kind, instance: Reported) -> Difference:
    return Difference(
        kind=kind,
        upstream_id=instance.upstream_id,
        title=instance.title or "",
        start=instance.start,
        end=instance.ends[0],
    )


def _with(told: Difference, one: Shown) -> Difference:
    return replace(told, shown_title=one.title, shown_start=one.start, shown_end=one.end)


def _same_title(instance: Reported, one: Shown) -> bool:
    if instance.title is None:
        return True
    title = one_line(instance.title) or NO_TITLE
    # A long title is cut to one line of a feed, mark included.
    shown = (
        {one.title, one.title.removeprefix(CANCELLED_MARK)} if instance.cancelled else {one.title}
    )
    marked = (
        {title, one_line(CANCELLED_MARK + title).removeprefix(CANCELLED_MARK)}
        if instance.cancelled
        else {title}
    )
    return bool(shown & marked)


def _order(told: Difference) -> tuple[datetime, str]:
    return to_utc(told.at or date.min), told.kind
