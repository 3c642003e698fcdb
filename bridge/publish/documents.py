"""The documents of a feed: entries in order, joined and compressed, in each variant."""

from collections.abc import Iterable

from bridge.feed.document import PLACEHOLDER, TAIL, head_of, remove_alarms
from bridge.feed.gzip_blocks import Key, compress
from bridge.feed.publication import Document
from bridge.publish.entries import EntryUpdates
from bridge.publish.plan import Plan
from bridge.store import Store


def changed_documents(store: Store, plan: Plan, updates: EntryUpdates) -> list[Document]:
    """Join and compress all variants; return those whose bytes have changed."""
    slug, zones = plan.feed.slug, store.publications.zones(plan.feed.slug)
    new, changed = {entry.uid: entry for entry in updates.entries}, set()
    for entry in new.values():
        for row, number in ((updates.known.get(entry.uid), -1), (entry, 1)):
            if row and not row.gone:
                zones[row.zones] += number
                changed.add((row.sort_key, row.uid))
    shown = [entry for entry in new.values() if not entry.gone]
    tzids = {tzid for names, number in zones.items() if number for tzid in names.split()}
    documents = []
    for variant in ("default", "quiet", "web"):
        web = variant == "web"

        def pieces(
            after: Key, upto: Key | None, web: bool = web, quiet: bool = variant == "quiet"
        ) -> Iterable[tuple[Key, bytes]]:
            """Return the bytes of entries in order: of changed ones the new bytes."""
            last = upto[0] if upto else None
            stored = store.publications.blobs(slug, web=web, first=after[0], last=last)
            each = [(key, blob) for key, blob in stored if key[1] not in new]
            for entry in shown:
                blob = entry.web_blob if web else entry.blob
                each.append(((entry.sort_key, entry.uid), blob or b""))
            for key, blob in sorted(each):
                if after < key and (upto is None or key <= upto):
                    yield key, remove_alarms(blob) if quiet else blob

        earlier = store.publications.document(slug, variant)
        document = compress(
            head_of(title=plan.feed.title, color=plan.feed.color, zones=() if web else tzids),
            pieces,
            TAIL,
            placeholder=PLACEHOLDER,
            changed=changed,
            earlier=(earlier.gzip, earlier.blocks or b"") if earlier else (b"", b""),
        )
        if earlier is None or document.sha256 != earlier.etag:
            documents.append(
                Document(
                    variant=variant,
                    gzip=document.gzip,
                    etag=document.sha256,
                    modified_at=plan.now,
                    events=zones.total(),
                    blocks=document.blocks,
                )
            )
    return documents
