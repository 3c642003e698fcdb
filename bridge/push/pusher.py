"""Planning and sending of edited events: find their origins, check all, then send one by one.

Nothing is sent unless every edited event of the file can be sent. It asks and prints nothing: the
command shows the values that it returns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bridge.config import ZohoSettings
from bridge.domain import codec
from bridge.domain.event import Event, to_utc
from bridge.domain.feed import Window
from bridge.domain.source import ConnectSource
from bridge.errors import ConfigError, ZohoError
from bridge.push.change import EventChange, FieldChange, compute_change, find_deviations
from bridge.push.equality import are_equal
from bridge.push.vevent import RefusalError, Vevent, VeventFields, parse_fields, read_vevents
from bridge.sources import registry
from bridge.sources.connect.parse import repeating_streams
from bridge.sources.connect.update import Poster, UncertainError, clock_problem, send
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.entry_origins import EntryOrigin

# Wide enough to include timed events, which show the clock of the account's profile.
_MARGIN = timedelta(days=31)


class Account(Api, Poster, Protocol):
    """What pushing needs of the Zoho client: to read, and to send one change."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event of the file that can't be sent; ``reason`` continues a sentence with its name."""

    vevent: Vevent
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedUpdate:
    """An edited event that can be sent: its stored state and the change."""

    source: ConnectSource
    event: Event
    change: EventChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The updates of a file. With a refusal nothing of it is sent.

    ``unedited`` is the number of events that are equal to the feed's.
    """

    updates: tuple[PlannedUpdate, ...]
    refusals: tuple[Refusal, ...]
    unedited: int


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of a plan: ``error`` stopped it before ``remaining`` updates.

    Zoho may or may not have made the ``uncertain`` updates.
    """

    sent: tuple[PlannedUpdate, ...]
    uncertain: tuple[PlannedUpdate, ...] = ()
    remaining: tuple[PlannedUpdate, ...] = ()
    error: ZohoError | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An edited event of the file with a known origin."""

    vevent: Vevent
    fields: VeventFields
    origin: EntryOrigin
    event: Event


class Pusher:
    """Plans and sends the edited events of files. Raises ConfigError without connect_timezone."""

    def __init__(self, store: Store, account: Account, settings: ZohoSettings) -> None:
        if settings.connect_timezone is None:
            raise ConfigError(
                "zoho.connect_timezone is not set: set it to the time zone of the account's "
                "profile (Connect: settings of the account), by whose clock Connect reads times."
            )
        self._store = store
        self._account = account
        self._settings = settings
        self._zone: ZoneInfo = settings.connect_timezone

    def plan(self, data: bytes, name: str) -> Plan:
        """Compare the events of a file with the published ones, and with Zoho's present state.

        Raises BridgeError for an unusable file, and a ZohoError if Zoho can't be read.
        """
        families: dict[str, list[Vevent]] = defaultdict(list)
        for vevent in read_vevents(data, name):
            families[vevent.uid].append(vevent)
        origins: dict[str, list[EntryOrigin]] = defaultdict(list)
        for origin in self._store.entry_origins.of([uid for uid in families if uid]):
            origins[origin.uid].append(origin)
        candidates: dict[ConnectSource, list[_Candidate]] = defaultdict(list)
        updates: list[PlannedUpdate] = []
        refusals: list[Refusal] = []
        unedited = 0
        for uid, vevents in families.items():
            if any(are_equal(vevents, _published(origin)) for origin in origins[uid]):
                unedited += 1
                continue
            try:
                source, candidate = _find_origin(vevents, origins[uid])
                candidates[source].append(candidate)
            except RefusalError as error:
                refusals.append(Refusal(vevents[0], str(error)))
        for source, members in candidates.items():
            current, repeating = self._read(source, members)
            for candidate in members:
                try:
                    _check(candidate.origin, current, repeating)
                    (published,) = _published(candidate.origin)
                    before = parse_fields(published.component)
                    prefix = candidate.origin.feed.rule_of(source.key).prefix
                    change = compute_change(
                        candidate.fields, before, candidate.event, self._zone, prefix
                    )
                except RefusalError as error:
                    refusals.append(Refusal(candidate.vevent, str(error)))
                    continue
                if change.fields:
                    updates.append(PlannedUpdate(source, candidate.event, change))
                else:
                    unedited += 1
        return Plan(updates=tuple(updates), refusals=tuple(refusals), unedited=unedited)

    def send(self, updates: tuple[PlannedUpdate, ...]) -> SendResult:
        """Send updates one by one, and stop at the first that Zoho does not confirm."""
        for number, planned in enumerate(updates):
            sent, remaining = updates[:number], updates[number + 1 :]
            try:
                send(self._account, planned.source, planned.change.update, self._zone)
            except UncertainError as error:
                return SendResult(sent, (planned,), remaining, error)
            except ZohoError as error:
                return SendResult(sent, (), (planned, *remaining), error)
        return SendResult(updates)

    def find_deviations(self, planned: PlannedUpdate) -> tuple[FieldChange, ...]:
        """Return the fields of an updated event that the store has otherwise than sent."""
        uid = planned.event.uid
        payload = self._store.sources.payloads(planned.source.key, [uid]).get(uid)
        if payload is None:
            return ()
        return find_deviations(planned.change, codec.decode(payload), self._zone)

    def _read(
        self, source: ConnectSource, candidates: Sequence[_Candidate]
    ) -> tuple[dict[str, Event], frozenset[str]]:
        """Read a source again; return its events by UID, and the ids of those that repeat.

        Raises ConfigError if the clock of the account's profile is not that of the settings.
        """
        window = _window(candidate.event for candidate in candidates)
        raw = registry.fetch(source, self._account, window)
        if problem := clock_problem(raw, self._zone):
            raise ConfigError(f"Nothing was sent, because times would be wrong. {problem}")
        rows = self._store.sources.index(source.key).values()
        known = [(row.uid, row.upstream_id) for row in rows]
        events = registry.parse(source, raw, self._settings, known).events
        counts = Counter(event.upstream_id for event in events)
        repeating = {upstream_id for upstream_id, count in counts.items() if count > 1}
        return {event.uid: event for event in events}, repeating_streams(source, known) | repeating


def _check(origin: EntryOrigin, current: dict[str, Event], repeating: frozenset[str]) -> None:
    """Raise RefusalError unless Zoho has an event as the bridge read it."""
    if origin.upstream_id in repeating:
        raise RefusalError("repeats in Connect, which has no documented request to change that")
    event = current.get(origin.event_uid)
    if event is None:
        raise RefusalError("no longer exists in Zoho Connect; run `zoho-bridge refresh`")
    if codec.payload_hash(codec.encode(event)) != origin.content_hash:
        raise RefusalError(
            "was changed in Zoho Connect since the bridge last read it; run `zoho-bridge refresh`, "
            "export the feed again, and edit that"
        )


def _find_origin(
    vevents: Sequence[Vevent], origins: Sequence[EntryOrigin]
) -> tuple[ConnectSource, _Candidate]:
    """Find the entry that the file was exported from; raise RefusalError if there is none."""
    if len(vevents) > 1:
        raise RefusalError("is in the file more than once, as events that repeat are")
    fields = parse_fields(vevents[0].component)
    if not origins:
        raise RefusalError("is in none of the bridge's feeds, and only their events can be sent")
    reason = (
        "was changed in Zoho Connect since the file was exported, or lost its stamps (SEQUENCE, "
        "LAST-MODIFIED); export the feed again, and edit that"
    )
    for origin in origins:
        source, feed = origin.source, origin.feed
        if not isinstance(source, ConnectSource):
            reason = f"comes from {source.key}, and only events of Zoho Connect can be sent"
        elif feed.privacy != "full":
            reason = f'is of feed "{feed.slug}", which shows times only; edit one of a full feed'
        elif _is_current(fields, origin):
            return source, _Candidate(vevents[0], fields, origin, codec.decode(origin.payload))
    raise RefusalError(reason)


def _is_current(fields: VeventFields, origin: EntryOrigin) -> bool:
    """Return whether a file was made from the present state of an entry.

    A program that edits an event increases SEQUENCE and moves the stamps, never back. SEQUENCE
    counts minutes, so a change in Zoho increases it more than edits do. A program that drops
    SEQUENCE keeps one of the stamps.
    """
    if fields.stamps and max(fields.stamps) < origin.changed_at:
        return False
    return (fields.sequence or 0) >= origin.sequence or origin.changed_at in fields.stamps


def _published(origin: EntryOrigin) -> tuple[Vevent, ...]:
    return read_vevents(b"BEGIN:VCALENDAR\r\n" + origin.blob + b"END:VCALENDAR\r\n", "The feed")


def _window(events: Iterable[Event]) -> Window:
    days = [to_utc(moment).date() for event in events for moment in (event.start, event.end)]
    return Window(start=min(days) - _MARGIN, end=max(days) + _MARGIN)
