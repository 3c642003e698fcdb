"""What people see of an entry of a feed: for agendas and filters, beside the bytes that calendar programs get.

A card is made from an event as the feed shows it, so it tells no more than the feed. It must not know of HTML.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

import msgspec

from bridge.model import Event, Moment, Status, instant
from bridge.timezones import by_key

_LONGEST_DESCRIPTION = 2000


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry with its occurrences, in order of time; a series has one more card for each way its instances differ.

    ``uid`` is the entry's, ``zone`` the event's own. ``times`` are (start, end) of each occurrence: seconds since 1970,
    or for an ``all_day`` one ``date.toordinal`` of its first day and of the day after its last.
    """

    uid: str
    title: str
    times: tuple[tuple[int, int], ...]
    all_day: bool = False
    zone: str = "UTC"
    place: str = ""
    url: str = ""
    join_url: str = ""
    description: str = ""
    status: str = Status.CONFIRMED.value
    busy: bool = True
    repeats: bool = False

    @property
    def first(self) -> datetime:
        """When the first occurrence begins, in UTC."""
        return _instant(self.times[0][0], all_day=self.all_day)

    @property
    def last(self) -> datetime:
        """When the last occurrence ends, in UTC."""
        return max(_instant(end, all_day=self.all_day) for _, end in self.times)

    def occurrences(self) -> tuple[tuple[Moment, Moment], ...]:
        """Give start and end of each occurrence: dates, or times in the event's own zone."""
        if self.all_day:
            return tuple((date.fromordinal(start), date.fromordinal(end)) for start, end in self.times)
        zone = by_key(self.zone)
        return tuple(
            (datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone)) for start, end in self.times
        )


def cards_of(event: Event, occurrences: Iterable[Event]) -> tuple[Card, ...]:
    """Make the cards of an event as shaped, from its occurrences each by itself; none when it has none."""
    looks: dict[Card, list[tuple[int, int]]] = {}
    zone = event.start.tzinfo.key if isinstance(event.start, datetime) else "UTC"  # type: ignore[union-attr]
    for one in occurrences:
        look = Card(
            uid=event.uid,
            title=one.title,
            times=(),
            all_day=one.all_day,
            zone=zone,
            place=one.place.line if one.place else "",
            url=one.url,
            join_url=one.join_url,
            description=one.description[:_LONGEST_DESCRIPTION],
            status=one.status.value,
            busy=one.busy,
            repeats=event.recurrence is not None,
        )
        looks.setdefault(look, []).append((_number(one.start), _number(one.end)))
    return tuple(msgspec.structs.replace(look, times=tuple(times)) for look, times in looks.items())


def labels_of(event: Event, source_key: str) -> frozenset[tuple[str, str]]:
    """Give what an event can be chosen by, as (kind, value)."""
    labels = {("category", name) for name in event.categories}
    if event.place and event.place.hall:
        labels.add(("hall", event.place.hall))
    return frozenset({("source", source_key), *labels})


def encode(cards: Sequence[Card]) -> bytes:
    """Write an entry's cards as JSON."""
    return msgspec.json.encode(cards)


def decode(data: bytes) -> tuple[Card, ...]:
    """Read what ``encode`` wrote."""
    return _decoder.decode(data)


_decoder = msgspec.json.Decoder(tuple[Card, ...])


def _number(moment: Moment) -> int:
    return int(instant(moment).timestamp()) if isinstance(moment, datetime) else moment.toordinal()


def _instant(number: int, *, all_day: bool) -> datetime:
    if all_day:
        return datetime.combine(date.fromordinal(number), time(), UTC)
    return datetime.fromtimestamp(number, UTC)
