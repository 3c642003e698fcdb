"""A person's selection of a feed: labels, single events, and a reminder.

It must not know feeds, tokens or links, which belong to the store.
"""

from collections.abc import Mapping

import msgspec

# The kinds of labels, in the order in which pages offer them.
LABEL_KINDS = ("track", "hall", "speaker", "category", "group", "source", "answer")
REMINDERS = (0, 5, 10, 15, 30, 45, 60, 90, 120, 1440)  # minutes before the start
MOST_TICKS = 1000


class Ticks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person ticked in the form of a feed's page.

    The selection shows an event that has a ticked label of each kind with a tick, and every event
    in ``events``, by UID. Without both it shows all. ``labels`` are sorted pairs of kind and value.
    ``reminder`` is in minutes, for timed events that have none.
    """

    labels: tuple[tuple[str, str], ...] = ()
    events: tuple[str, ...] = ()
    reminder: int | None = None

    @property
    def number(self) -> int:
        """The number of ticks."""
        return len(self.labels) + len(self.events)

    @property
    def by_kind(self) -> Mapping[str, tuple[str, ...]]:
        """The ticked labels of each kind with a tick, in the order in which pages offer them."""
        kinds = {kind: tuple(v for k, v in self.labels if k == kind) for kind in LABEL_KINDS}
        return {kind: values for kind, values in kinds.items() if values}


def encode_ticks(ticks: Ticks) -> str:
    """Return ticks as JSON."""
    return msgspec.json.encode(ticks).decode()


def decode_ticks(text: str) -> Ticks:
    """Return the ticks that ``encode_ticks`` wrote."""
    return _decoder.decode(text)


_decoder = msgspec.json.Decoder(Ticks)
