"""A whole document of rendered events."""

from typing import Any

from bridge.feed.document import iter_document


def join_document(**parts: Any) -> bytes:
    """Return a VCALENDAR of the parts that ``iter_document`` takes."""
    return b"".join(iter_document(**parts))
