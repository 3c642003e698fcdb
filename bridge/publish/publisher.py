"""Publication of one feed from the store: plan, entries, documents. Zoho is never read.

Publishing twice without a change writes nothing, and publishing after a crash finishes the work:
the plan compares what the sources hold with what the entries were made from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bridge.domain.feed import Feed
from bridge.domain.rejection import Rejection
from bridge.errors import StoreError
from bridge.feed.publication import Publication
from bridge.publish.changes import publication_changes
from bridge.publish.documents import changed_documents
from bridge.publish.entries import load_events, update_entries
from bridge.publish.plan import feed_hash, make_plan
from bridge.store import Store

# An attempt fails only when another process publishes: sources of a merged feed arrive together.
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What publishing did. ``rejections`` are events that the feed can't show, by source key."""

    rendered: int = 0
    removed: int = 0
    written: bool = False
    rejections: Mapping[str, Sequence[Rejection]] = field(default_factory=dict)


def publish(store: Store, slug: str, *, now: datetime) -> PublishResult:
    """Bring a feed's documents up to date in one transaction; an inactive feed stays as it is.

    Raises StoreError when the database can't be written, or when other processes publish the same
    feed all the time.
    """
    for _attempt in range(_ATTEMPTS):
        basis = store.publications.basis(slug)
        # Read the definition after the revision. If it changes after that, a later publication
        # replaces this one or the revision check rejects it: hidden data can't reappear.
        feed = _definition(store, slug)
        if feed is None:
            return PublishResult()
        salt = store.feeds.salt(slug)
        inputs_hash = feed_hash(feed, salt)
        if basis.holds(inputs_hash, now.date()):
            return PublishResult()
        is_new_form = inputs_hash != basis.inputs_hash
        # What a merged feed shows of an event depends on its copies in other sources.
        needs_all = is_new_form or basis.is_merged
        published = store.publications.current(slug, due=None if needs_all else now.date())
        plan = make_plan(
            feed,
            published,
            salt=salt,
            now=now,
            is_new_form=is_new_form,
            load=partial(load_events, store),
        )
        updates = update_entries(store, plan)
        result = PublishResult(
            rendered=updates.rendered,
            removed=updates.removed,
            written=is_new_form
            or bool(updates.freshness or updates.entries)
            or bool(published.removed or published.new_sources),
            rejections=updates.rejections,
        )
        if not result.written or store.publications.publish(
            slug,
            Publication(
                revision=basis.revision,
                now=plan.now,
                inputs_hash=inputs_hash,
                freshness=updates.freshness,
                removed_events=published.removed,
                entries=updates.entries,
                agenda=updates.agenda,
                changes=publication_changes(plan, updates, partial(store.agenda.of, slug)),
                new_sources=published.new_sources,
                documents=changed_documents(store, plan, updates),
            ),
        ):
            if not result.rejections:  # else they are tried again
                store.publications.settle(slug, basis.sources)
            return result
    raise StoreError(
        f'Feed "{slug}" could not be published: other processes publish it at the same time.'
    )


def _definition(store: Store, slug: str) -> Feed | None:
    """Return an active feed, in the colour of its only source if it has none of its own."""
    feed = store.feeds.get(slug)
    if feed is None or feed.color or feed.kind != "calendar":
        return feed
    return replace(feed, color=store.sources.color(feed.sources[0].key))
