"""Events that did not come across whole, told once: what became of them, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
import re

from bridge.domain.rejection import Rejection
from bridge.web.context import web

# The sources' own words for what became of an event, which the page says for all of them.
_SAID = re.compile(r"The (?:event|session) was (?:left out|mended): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One event of a source. ``kept``: published, mended; ``reason`` is a sentence in English."""

    source_key: str
    upstream_id: str
    reason: str
    kept: bool


def rejected_of(keys: Iterable[str]) -> tuple[Rejected, ...]:
    """Give what of these sources was rejected at their last complete reads, what was left out first."""
    rows = [
        _rejected(key, rejection)
        for key in keys
        for rejection in web().store.sources.rejections(key)
    ]
    return tuple(sorted(rows, key=lambda row: row.kept))


def _rejected(key: str, rejection: Rejection) -> Rejected:
    reason = (
        _SAID.sub("", rejection.reason, count=1)
        if _SAID.match(rejection.reason)
        else rejection.reason
    )
    return Rejected(
        source_key=key,
        upstream_id=rejection.upstream_id,
        reason=reason[:1].upper() + reason[1:],
        kept=rejection.kept,
    )
