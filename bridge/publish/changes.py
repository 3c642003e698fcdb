"""What the change log of a feed records of one publication."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from bridge.domain.feed import Window
from bridge.feed.agenda import AgendaItem
from bridge.feed.changelog import Change, EventUpdate, find_changes
from bridge.feed.publication import Freshness
from bridge.publish.entries import EntryUpdates
from bridge.publish.plan import Plan

LoadItems = Callable[[Sequence[str]], Mapping[str, Sequence[AgendaItem]]]


def publication_changes(plan: Plan, updates: EntryUpdates, load: LoadItems) -> tuple[Change, ...]:
    """Compare agenda items before and after; ``load`` returns the published ones of entries.

    There is no change where the feed, its form or one of its sources is published for the first
    time, nor in an event that is only rendered again because a day has come.
    """
    if plan.is_new_form or plan.published.new_sources:
        return ()
    known = plan.published.freshness
    edited = {
        fresh.event_uid
        for fresh in updates.freshness
        if fresh.content_hash and not _has_same_basis(known.get(fresh.event_uid), fresh)
    }
    edited.update(plan.published.removed)
    previous = updates.shown(edited)
    old = load([row.uid for row in previous])
    new = {**old, **{agenda.uid: agenda.items for agenda in updates.agenda}}
    before: dict[str, list[AgendaItem]] = defaultdict(list)
    after: dict[str, list[AgendaItem]] = defaultdict(list)
    for row in previous:
        before[row.event_uid] += old.get(row.uid, ())
    for uid, owner in updates.owners.items():
        after[owner] += new.get(uid, ())
    return find_changes(
        EventUpdate(event_uid=uid, before=before[uid], after=after[uid], days=_days(plan, uid))
        for uid in sorted(edited)
    )


def _days(plan: Plan, event_uid: str) -> Window:
    """Return the days that the feed showed when the event was last rendered, and still shows."""
    known, rendered = plan.published.freshness.get(event_uid), plan.today
    if known and known.until:
        rendered = min(rendered, known.until - timedelta(days=1))
    return Window(start=plan.feed.window(plan.today).start, end=plan.feed.window(rendered).end)


def _has_same_basis(old: Freshness | None, new: Freshness) -> bool:
    """Return whether the entries were made from the same event, shown from the same source."""
    return old is not None and (old.made_from, old.is_copy) == (new.made_from, new.is_copy)
