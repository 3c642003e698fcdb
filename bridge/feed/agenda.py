"""Agenda items: what a person sees of an entry of a feed, for pages and filters beside the VEVENTs.

They come from events as the feed shows them, so they reveal no more than the feed. It must not know
HTML.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import msgspec

from bridge.domain.event import Event, Moment, Status, midnight
from bridge.domain.timezones import zone_by_key

NO_INVITATION = "none"

_LONGEST_DESCRIPTION = 2000
_LONGEST_LABEL = 255  # it is part of a key of the database
_COPIED = ("title", "all_day", "url", "join_url", "busy")


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry with its occurrences in order of time.

    A series has an item for each way in which its instances look. ``uid`` is the UID of the entry,
    ``zone`` the zone of the event. ``times`` are the start and end of each occurrence in seconds
    since 1970. All-day ones are ``date.toordinal`` of the first day, and of the day after the last.
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
        """The start of the first occurrence in UTC."""
        return self._utc(self.times[0][0])

    @property
    def ends_at(self) -> datetime:
        """The end of the last occurrence in UTC."""
        return max(self._utc(end) for _, end in self.times)

    def occurrences(self) -> tuple[tuple[Moment, Moment], ...]:
        """Return start and end of each occurrence as dates, or as times in the event's zone."""
        if self.all_day:
            return tuple(
                (date.fromordinal(start), date.fromordinal(end)) for start, end in self.times
            )
        zone = zone_by_key(self.zone)
        moment = datetime.fromtimestamp
        return tuple((moment(start, zone), moment(end, zone)) for start, end in self.times)

    def _utc(self, number: int) -> datetime:
        if self.all_day:
            return midnight(date.fromordinal(number))
        return datetime.fromtimestamp(number, UTC)


def agenda_items(event: Event, occurrences: Iterable[Event]) -> tuple[AgendaItem, ...]:
    """Return the items of an event as the feed shows it, from its occurrences as single events."""
    times: dict[AgendaItem, list[tuple[int, int]]] = {}
    zone = getattr(event.start, "tzinfo", None)
    for occurrence in occurrences:
        item = AgendaItem(
            uid=event.uid,
            times=(),
            zone=zone.key if zone else "UTC",
            place=occurrence.place.line if occurrence.place else "",
            description=occurrence.description[:_LONGEST_DESCRIPTION],
            status=occurrence.status.value,
            repeats=event.recurrence is not None,
            **{name: getattr(occurrence, name) for name in _COPIED},
        )
        span = (_number(occurrence.start), _number(occurrence.end))
        times.setdefault(item, []).append(span)
    return tuple(msgspec.structs.replace(item, times=tuple(spans)) for item, spans in times.items())


def labels_of(event: Event, source_key: str) -> frozenset[tuple[str, str]]:
    """Return the labels that filters can select an event by, as (kind, value).

    They include those of its changed instances. The kinds are ``category`` (without the tracks),
    ``track``, ``hall``, ``group`` (of a source with several), ``source`` (a key and not a title),
    and for Zoho Calendar ``answer``: the account's RSVP, or ``NO_INVITATION``.
    """
    labels = set()
    for part in (event, *event.overrides):
        labels |= {("category", name) for name in part.categories if name != part.track}
        if part.track:
            labels.add(("group" if source_key.startswith("connect:") else "track", part.track))
        if part.place and part.place.hall:
            labels.add(("hall", part.place.hall))
        if part.answer or source_key.startswith("calendar:"):
            labels.add(("answer", part.answer or NO_INVITATION))
    bounded = {(kind, value[:_LONGEST_LABEL]) for kind, value in labels}
    return frozenset(bounded | {("source", source_key)})


def encode_items(items: Sequence[AgendaItem]) -> bytes:
    """Return the items of an entry as JSON."""
    return msgspec.json.encode(items)


def decode_items(data: bytes) -> tuple[AgendaItem, ...]:
    """Return the items that ``encode_items`` wrote."""
    return _decoder.decode(data)


_decoder = msgspec.json.Decoder(tuple[AgendaItem, ...])


def _number(moment: Moment) -> int:
    return int(moment.timestamp()) if isinstance(moment, datetime) else moment.toordinal()
