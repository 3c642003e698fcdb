"""The documents of a feed: entries in order, joined and compressed, in each variant."""

from collections.abc import Iterable, Iterator, Sequence

from bridge.feed.document import iter_document, remove_alarms
from bridge.feed.gzip_blocks import GzipDocument, compress
from bridge.feed.publication import Document, Entry, EntryRow
from bridge.publish.entries import EntryUpdates
from bridge.publish.plan import Plan
from bridge.store import Store


def changed_documents(store: Store, plan: Plan, updates: EntryUpdates) -> Iterator[Document]:
    """Join and compress all variants now; return an iterator over those whose bytes have changed.

    The iterator decompresses one document at a time, and keeps none, for they may be large. Blobs
    of one flavour are held at a time.
    """
    entries = {**plan.published.entries, **{entry.uid: entry for entry in updates.entries}}
    shown = sorted(
        (entry for entry in entries.values() if not entry.gone),
        key=lambda entry: (entry.sort_key, entry.uid),
    )
    zones = {zone for names in {entry.zones for entry in shown} for zone in names.split()}

    def compressed(variant: str, blobs: Iterable[bytes], zones: Iterable[str]) -> GzipDocument:
        earlier, blocks = store.publications.compressed(plan.feed.slug, variant)
        parts = iter_document(
            title=plan.feed.title, blobs=blobs, zones=zones, color=plan.feed.color
        )
        return compress(parts, earlier=earlier, blocks=blocks)

    blobs = _blobs(store, plan.feed.slug, shown, web=False)
    variants = {
        "default": compressed("default", blobs, zones),
        "quiet": compressed("quiet", map(remove_alarms, blobs), zones),
    }
    del blobs
    blobs = _blobs(store, plan.feed.slug, shown, web=True)
    variants["web"] = compressed("web", blobs, ())
    # The iterator must not refer to the plan and its entries, which are large.
    etags, now, number = plan.published.etags, plan.now, len(shown)
    return (
        Document(
            variant=variant,
            body=document.plain(),
            gzip=document.gzip,
            etag=document.sha256,
            modified_at=now,
            events=number,
            blocks=document.blocks,
        )
        for variant, document in variants.items()
        if document.sha256 != etags.get(variant)
    )


def _blobs(store: Store, slug: str, shown: Sequence[EntryRow], *, web: bool) -> list[bytes]:
    """Return the bytes of entries: of changed ones the new bytes, of others the stored ones."""
    stored = store.publications.blobs(slug, web=web)
    return [
        ((entry.web_blob if web else entry.blob) or b"")
        if isinstance(entry, Entry)
        else stored.get(entry.uid, b"")
        for entry in shown
    ]
