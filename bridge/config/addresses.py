"""URLs of feeds: the slug made from a title, and how long the whole URL may be."""

from collections.abc import Collection
import re
import unicodedata

LONGEST_URL = 256  # Google Calendar accepts no longer URL
_SLUG_LENGTH = 48
_TOKEN_LENGTH = 24


def choose_slug(name: str, taken: Collection[str], *, otherwise: str) -> str:
    """Return a slug that is not in ``taken``, made from a name: ``Été 26`` -> ``ete-26``.

    A taken slug gets a number. A name without ASCII letters or digits becomes ``otherwise``.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_SLUG_LENGTH].strip("-") or otherwise
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def url_length(slug: str, root: str) -> int:
    """Return the length of a feed's secret URL under the public URL ``root``."""
    return len(f"{root}/f/{'x' * _TOKEN_LENGTH}/{slug}.ics")
