"""Agenda items: what people see of an entry of a feed, for pages and selections.

They come from events as the feed shows them, so they reveal no more than the feed. It must not know
HTML.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import msgspec

from bridge.domain.event import Event, Moment, Status, midnight
from bridge.domain.text import CANCELLED_MARK, NO_TITLE, one_line
from bridge.domain.timezones import zone_by_key

NO_INVITATION = "none"

_LONGEST_DESCRIPTION = 2000  # in a list; the event's own page has the whole text
_LONGEST_LABEL = 255  # it is part of a key of the database
_COPIED = (
    *("title", "all_day", "url", "join_url", "busy", "description", "html"),
    *("image_url", "track", "categories"),
)


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry with its occurrences in order of time.

    A series has an item for each way in which its instances look. ``uid`` is the UID of the entry,
    ``zone`` the zone of the event. ``times`` are the start and end of each occurrence in seconds
    since 1970. All-day ones are ``date.toordinal`` of the first day, and of the day after the last.
    ``source`` is the key of the event's source, empty if the feed hides details. In lists the
    description is cut and ``html``, its sanitised rich form, is empty.
    """

    uid: str
    title: str
    times: tuple[tuple[int, int], ...] = ()
    all_day: bool = False
    zone: str = "UTC"
    place: str = ""
    url: str = ""
    join_url: str = ""
    description: str = ""
    status: str = Status.CONFIRMED.value
    busy: bool = True
    repeats: bool = False
    html: str = ""
    image_url: str = ""
    track: str = ""
    categories: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    organizers: tuple[str, ...] = ()
    source: str = ""

    @property
    def cancelled(self) -> bool:
        """Whether it is cancelled, by its status or by the mark in its title."""
        return self.status == Status.CANCELLED or self.title.startswith(CANCELLED_MARK)

    @property
    def name(self) -> str:
        """The title without a mark, empty if the event has none."""
        name = self.title.removeprefix(CANCELLED_MARK)
        return "" if name == NO_TITLE else name

    def spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return start and end of each occurrence in UTC, of all-day ones the midnights."""
        return tuple((self._utc(start), self._utc(end)) for start, end in self.times)

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


def agenda_items(
    event: Event, occurrences: Iterable[Event], source: str = ""
) -> tuple[AgendaItem, ...]:
    """Return the items of an event as the feed shows it, from its occurrences as single events."""
    times: dict[AgendaItem, list[tuple[int, int]]] = {}
    zone = getattr(event.start, "tzinfo", None)
    for occurrence in occurrences:
        item = AgendaItem(
            uid=event.uid,
            times=(),
            zone=zone.key if zone else "UTC",
            place=occurrence.place.line if occurrence.place else "",
            status=occurrence.status.value,
            repeats=event.recurrence is not None,
            speakers=_names(occurrence, "speaker"),
            organizers=_names(occurrence, "organizer"),
            source=source,
            **{name: getattr(occurrence, name) for name in _COPIED},
        )
        span = (_number(occurrence.start), _number(occurrence.end))
        times.setdefault(item, []).append(span)
    return tuple(msgspec.structs.replace(item, times=tuple(spans)) for item, spans in times.items())


def labels_of(event: Event, source_key: str) -> frozenset[tuple[str, str]]:
    """Return the labels that people can select an event by, as (kind, value).

    They include those of its changed instances. The kinds are ``category`` (without the tracks),
    ``track``, ``hall``, ``speaker`` (a name), ``group`` (of a source with several), ``source`` (a
    key and not a title), and for Zoho Calendar ``answer``: the account's RSVP, or
    ``NO_INVITATION``.
    """
    labels = set()
    for part in (event, *event.overrides):
        labels |= {("category", name) for name in part.categories if name != part.track}
        if part.track:
            labels.add(("group" if source_key.startswith("connect:") else "track", part.track))
        names = (one_line(person.name) for person in part.people if person.role == "speaker")
        labels |= {("speaker", name) for name in names if name}
        if part.place and part.place.hall:
            labels.add(("hall", part.place.hall))
        if part.answer or source_key.startswith("calendar:"):
            labels.add(("answer", part.answer or NO_INVITATION))
    bounded = {(kind, value[:_LONGEST_LABEL]) for kind, value in labels}
    return frozenset(bounded | {("source", source_key)})


def encode_item(item: AgendaItem) -> tuple[bytes, bytes | None]:
    """Return an item without its times as JSON, and its long texts if it has any."""
    texts = (item.description, item.html)
    cut = item.description[:_LONGEST_DESCRIPTION]
    short = msgspec.structs.replace(item, times=(), description=cut, html="")
    is_whole = texts == (short.description, short.html)
    return msgspec.json.encode(short), None if is_whole else msgspec.json.encode(texts)


def decode_item(
    data: bytes, texts: bytes | None, spans: Iterable[tuple[datetime, datetime]]
) -> AgendaItem:
    """Return the item that ``encode_item`` wrote, with its occurrences (``AgendaItem.spans``)."""
    item = _decoder.decode(data)
    number = date.toordinal if item.all_day else _number
    times = tuple((number(start), number(end)) for start, end in spans)
    if texts is None:
        return msgspec.structs.replace(item, times=times)
    description, html = msgspec.json.decode(texts)
    return msgspec.structs.replace(item, times=times, description=description, html=html)


_decoder = msgspec.json.Decoder(AgendaItem)


def _names(event: Event, role: str) -> tuple[str, ...]:
    return tuple(person.name for person in event.people if person.role == role)


def _number(moment: Moment) -> int:
    return int(moment.timestamp()) if isinstance(moment, datetime) else moment.toordinal()
