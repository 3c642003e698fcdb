"""An upstream event that could not be published as Zoho sent it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An upstream event that did not come across whole: dropped, or with ``kept`` mended and published.

    ``upstream_id`` is Zoho's own id, for the admin to find it; ``reason`` a sentence.
    """

    upstream_id: str
    reason: str
    kept: bool = False
