"""The address of a feed: which last part a name gives, and how long the whole may be."""

from collections.abc import Collection
import re
import unicodedata

# Google Calendar takes no longer one.
LONGEST_URL = 256
_SLUG_LENGTH = 48
_TOKEN_LENGTH = 24


def free_slug(name: str, taken: Collection[str], *, otherwise: str) -> str:
    """Make a slug of a name: ``Créative team`` -> ``creative-team``, with a number where it is taken.

    ``otherwise`` stands in for a name without a letter that ASCII has.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_SLUG_LENGTH].strip("-") or otherwise
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def url_length(slug: str, root: str) -> int:
    """Give the length of a feed's secret address, the longest it has; ``root`` is the public address."""
    return len(f"{root}/f/{'x' * _TOKEN_LENGTH}/{slug}.ics")
