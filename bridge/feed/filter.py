"""A person's filter of a feed by labels, in a form short enough for an address.

It must not know feeds, tokens or signatures, which belong to the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import hashlib

_KINDS = ("track", "hall", "category", "group", "source", "answer")
# The kinds of labels, in the order in which pages offer them, and their letters in addresses.
LABEL_KINDS: Mapping[str, bytes] = {kind: kind[:1].encode() for kind in _KINDS}
DIGEST_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """The selected labels. An event needs one of them for each kind that occurs.

    ``digests`` are sorted, without duplicates. A digest is the letter of the kind and the first 40
    bits of a hash of the label. The place of a label in a list would change from day to day, and
    its text is too long.
    """

    digests: tuple[bytes, ...]

    @classmethod
    def from_labels(cls, labels: Iterable[tuple[str, str]]) -> "Filter":
        """Return the filter that selects the labels, each (kind, value)."""
        return cls(digests=tuple(sorted({label_digest(kind, value) for kind, value in labels})))

    @classmethod
    def decode(cls, data: bytes) -> "Filter":
        """Return the filter that ``encode`` wrote. Raises ValueError for other bytes."""
        starts, letters = range(0, len(data), DIGEST_LENGTH), LABEL_KINDS.values()
        digests = tuple(data[start : start + DIGEST_LENGTH] for start in starts)
        valid = all(len(digest) == DIGEST_LENGTH and digest[:1] in letters for digest in digests)
        if not digests or not valid or digests != tuple(sorted(set(digests))):
            raise ValueError("these bytes are not a filter")
        return cls(digests=digests)

    def encode(self) -> bytes:
        """Return the filter as bytes. Equal filters return equal bytes."""
        return b"".join(self.digests)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the selected labels, in the order in which pages offer them."""
        letters = {digest[:1] for digest in self.digests}
        return tuple(kind for kind, letter in LABEL_KINDS.items() if letter in letters)

    def select(self, labels: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
        """Return the selected labels among the labels of a feed, by kind.

        A kind of the filter can be empty, because labels disappear.
        """
        digests = frozenset(self.digests)
        return {
            kind: tuple(v for v in labels.get(kind, ()) if label_digest(kind, v) in digests)
            for kind in self.kinds
        }

    def matches(self, labels: Sequence[tuple[str, str]]) -> bool:
        """Return whether the filter selects an event with these labels."""
        digests = {label_digest(kind, value) for kind, value in labels if kind in LABEL_KINDS}
        kinds = {digest[:1] for digest in self.digests}
        return kinds == {digest[:1] for digest in digests.intersection(self.digests)}


def label_digest(kind: str, value: str) -> bytes:
    """Return the six bytes that stand for a label. Raises KeyError for an unknown kind."""
    digest = hashlib.sha256(f"{kind}\n{value}".encode()).digest()
    return LABEL_KINDS[kind] + digest[: DIGEST_LENGTH - 1]
