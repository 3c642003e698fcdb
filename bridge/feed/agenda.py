"""What people see of an entry of a feed: for agendas and filters, beside the bytes that calendar programs get.

A card is made from an event as the feed shows it, so it tells no more than the feed. It must not know of HTML.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec

from bridge.domain.event import Event, Moment, Status, midnight, to_utc
from bridge.domain.timezones import zone_by_key

NO_INVITATION = "none"

_LONGEST_DESCRIPTION = 2000


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    def starts_at(self) -> datetime:
        """When the first occurrence begins, in UTC."""
        return to_datetime(self.times[0][0], all_day=self.all_day)

    @property
    def ends_at(self) -> datetime:
        """When the last occurrence ends, in UTC."""
        return max(to_datetime(end, all_day=self.all_day) for _, end in self.times)

    def occurrences(self) -> tuple[tuple[Moment, Moment], ...]:
        """Give start and end of each occurrence: dates, or times in the event's own zone."""
        if self.all_day:
            return tuple(
                (date.fromordinal(start), date.fromordinal(end)) for start, end in self.times
            )
        zone = zone_by_key(self.zone)
        return tuple(
            (datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone))
            for start, end in self.times
        )


def agenda_items(event: Event, occurrences: Iterable[Event]) -> tuple[AgendaItem, ...]:
    """Make the cards of an event as shaped, from its occurrences each by itself; none when it has none."""
    looks: dict[AgendaItem, list[tuple[int, int]]] = {}
    zone = event.start.tzinfo.key if isinstance(event.start, datetime) else "UTC"  # type: ignore[union-attr]
    for one in occurrences:
        look = AgendaItem(
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
    """Give what an event as shown can be chosen by, with its changed instances, as (kind, value).

    The kinds: ``category`` (without the tracks), ``track``, ``hall``, ``group`` (of a source of several), ``source`` (a
    key, which is no name for people), and for Zoho Calendar ``answer``: the account's own, or NO_INVITATION.
    """
    labels = {("source", source_key)}
    for one in (event, *event.overrides):
        labels |= {("category", name) for name in one.categories if name != one.track}
        if one.track:
            labels.add(("group" if source_key.startswith("connect:") else "track", one.track))
        if one.place and one.place.hall:
            labels.add(("hall", one.place.hall))
        if one.answer or source_key.startswith("calendar:"):
            labels.add(("answer", one.answer or NO_INVITATION))
    return frozenset(labels)


def without_labels(event: Event) -> Event:
    """Leave out what events are only chosen by, so that a change of it is none of the published bytes."""
    if not any(one.track or one.answer for one in (event, *event.overrides)):
        return event
    overrides = tuple(replace(override, track="", answer="") for override in event.overrides)
    return replace(event, track="", answer="", overrides=overrides)


def encode_items(cards: Sequence[AgendaItem]) -> bytes:
    """Write an entry's cards as JSON."""
    return msgspec.json.encode(cards)


def decode_items(data: bytes) -> tuple[AgendaItem, ...]:
    """Read what ``encode_items`` wrote."""
    return _decoder.decode(data)


_decoder = msgspec.json.Decoder(tuple[AgendaItem, ...])


def _number(moment: Moment) -> int:
    return int(to_utc(moment).timestamp()) if isinstance(moment, datetime) else moment.toordinal()


def to_datetime(number: int, *, all_day: bool) -> datetime:
    """Give the moment in UTC that a number of ``times`` stands for."""
    return midnight(date.fromordinal(number)) if all_day else datetime.fromtimestamp(number, UTC)
