"""A person's own choice of what a feed shows, small enough to stand in an address.

Pure. It must not know of feeds or tokens: who may choose, and how an address is signed, is the store's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import hashlib

# The kinds that a person can choose by, in the order in which they are offered, and their letters in addresses.
LABEL_KINDS: Mapping[str, bytes] = {
    "track": b"t",
    "hall": b"h",
    "category": b"c",
    "group": b"g",
    "source": b"s",
    "answer": b"a",
}
DIGEST_LENGTH = 6

_LETTERS = {letter: kind for kind, letter in LABEL_KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What was chosen: of each kind that occurs, an event needs one of the labels.

    ``marks`` are sorted and all different. A mark is the kind's letter and the first 40 bits of a hash of the label:
    labels come and go, so their places in a list would mean others a day later, and their texts are too long.
    """

    marks: tuple[bytes, ...]

    @classmethod
    def from_labels(cls, labels: Iterable[tuple[str, str]]) -> "Filter":
        """Choose by labels, each (kind, value)."""
        return cls(marks=tuple(sorted({label_digest(kind, value) for kind, value in labels})))

    @classmethod
    def decode(cls, data: bytes) -> "Filter":
        """Read what ``encode`` wrote; raises ValueError for anything else."""
        marks = tuple(
            data[start : start + DIGEST_LENGTH] for start in range(0, len(data), DIGEST_LENGTH)
        )
        known = all(len(one) == DIGEST_LENGTH and one[:1] in _LETTERS for one in marks)
        if not marks or not known or marks != tuple(sorted(set(marks))):
            raise ValueError("that is no choice")
        return cls(marks=marks)

    def encode(self) -> bytes:
        """Write the choice in bytes; equal choices give equal bytes."""
        return b"".join(self.marks)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that were chosen by, in the order in which they are offered."""
        letters = {one[:1] for one in self.marks}
        return tuple(kind for kind, letter in LABEL_KINDS.items() if letter in letters)

    def select(self, labels: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
        """Give the labels that are meant, of those that there are: each kind of the choice, perhaps with none."""
        marks = frozenset(self.marks)
        return {
            kind: tuple(
                value for value in labels.get(kind, ()) if label_digest(kind, value) in marks
            )
            for kind in self.kinds
        }

    def matches(self, labels: Sequence[tuple[str, str]]) -> bool:
        """Whether an event with these labels is chosen."""
        marks = {label_digest(kind, value) for kind, value in labels if kind in LABEL_KINDS}
        kinds = {one[:1] for one in self.marks}
        return kinds == {one[:1] for one in marks.intersection(self.marks)}


def label_digest(kind: str, value: str) -> bytes:
    """Name a label in six bytes; raises KeyError for a kind that nobody can choose by."""
    return (
        LABEL_KINDS[kind]
        + hashlib.sha256(f"{kind}\n{value}".encode()).digest()[: DIGEST_LENGTH - 1]
    )
