"""The events of a source that are not published as Zoho sent them, for the admin."""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.domain.rejection import Rejection
from bridge.web.context import web


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionRow:
    """One rejection, and the source it belongs to."""

    source_key: str
    rejection: Rejection


def rejections_of(keys: Iterable[str]) -> tuple[RejectionRow, ...]:
    """Return the rejections of these sources at their last complete reads, dropped events first."""
    rows = [
        RejectionRow(source_key=key, rejection=rejection)
        for key in keys
        for rejection in web().store.sources.rejections(key)
    ]
    return tuple(sorted(rows, key=lambda row: row.rejection.kind == "repaired"))
