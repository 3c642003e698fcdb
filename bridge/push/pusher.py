"""Bring edited events back to Connect: find what they are, check all of them, then send one after the other.

Nothing is sent unless every event of the file can be. It must not ask anybody and must not print: what a person is to
see and to decide on comes out as values.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bridge.config import ZohoSettings
from bridge.domain import codec
from bridge.domain.event import Event, is_all_day
from bridge.domain.feed import Window
from bridge.domain.source import ConnectSource
from bridge.errors import ConfigError, ZohoError
from bridge.push.change import Change, Field, change, unlike
from bridge.push.unedited import is_untouched
from bridge.push.vevent import Named, Told, ToldError, components, tell
from bridge.sources import registry as dispatch
from bridge.sources.connect.parse import repeating_streams
from bridge.sources.connect.update import Poster, UncertainError, clock_problem, send
from bridge.sources.protocols import Api
from bridge.store import Store
from bridge.store.entry_origins import EntryOrigin

# So wide that timed events, which tell the clock of the profile, are likely among what is read.
_MARGIN = timedelta(days=31)


class Account(Api, Poster, Protocol):
    """What is needed of the Zoho client: to read, and to send one change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An event of the file that can't be sent; ``reason`` goes on after its name."""

    uid: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An edited event that may be sent, as it was and as it is to be."""

    source: ConnectSource
    event: Event
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a file comes to. With a refusal nothing of it is sent; ``unedited`` counts the events nobody touched."""

    ready: tuple[Ready, ...] = ()
    refused: tuple[Refusal, ...] = ()
    unedited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What became of a plan: ``error`` is what stopped it. Nobody knows whether the ``uncertain`` ones were changed."""

    sent: tuple[Ready, ...]
    uncertain: tuple[Ready, ...] = ()
    left: tuple[Ready, ...] = ()
    error: ZohoError | None = None


@dataclass(slots=True, kw_only=True)
class _Found:
    """An event of the file whose origin is known, so far."""

    named: Named
    told: Told
    origin: EntryOrigin
    source: ConnectSource
    event: Event = field(init=False)

    def __post_init__(self) -> None:
        self.event = codec.decode(self.origin.payload)


class Pusher:
    """All that pushing needs besides the file. Raises ConfigError without zoho.connect_timezone."""

    def __init__(self, store: Store, account: Account, settings: ZohoSettings) -> None:
        if settings.connect_timezone is None:
            raise ConfigError(
                "zoho.connect_timezone is not set, and Connect takes times by the clock of the account's profile: set "
                "it to that profile's time zone (Connect: settings of the account)."
            )
        self._store = store
        self._account = account
        self._settings = settings
        self._zone: ZoneInfo = settings.connect_timezone

    def plan(self, data: bytes, name: str) -> Plan:
        """Check every event of a file, against what was published and against Zoho as it is now.

        Raises BridgeError for a file that is none, and a ZohoError when Zoho can't be read.
        """
        found, refused, unedited = self._find(components(data, name))
        by_source: dict[ConnectSource, list[_Found]] = {}
        for one in found:
            by_source.setdefault(one.source, []).append(one)
        ready: list[Ready] = []
        for source, members in by_source.items():
            reasons = self._moved_on(source, members)
            for one in members:
                if reason := reasons.get(one.origin.uid):
                    refused.append(_refusal(one.named, reason))
                    continue
                try:
                    made = change(one.told, _published(one.origin), one.event, self._zone)
                except ToldError as error:
                    refused.append(_refusal(one.named, str(error)))
                else:
                    if made.fields:
                        ready.append(Ready(source=source, event=one.event, change=made))
                    else:
                        unedited += 1
        return Plan(ready=tuple(ready), refused=tuple(refused), unedited=unedited)

    def send(self, ready: Sequence[Ready]) -> Sending:
        """Send changes one after the other, and stop at the first that Zoho does not take."""
        for number, one in enumerate(ready):
            try:
                send(self._account, one.source, one.change.update, self._zone)
            except UncertainError as error:
                left = tuple(ready[number + 1 :])
                return Sending(sent=tuple(ready[:number]), uncertain=(one,), left=left, error=error)
            except ZohoError as error:
                return Sending(sent=tuple(ready[:number]), left=tuple(ready[number:]), error=error)
        return Sending(sent=tuple(ready))

    def unlike(self, one: Ready) -> tuple[Field, ...]:
        """Tell what the bridge has now of an event that was sent, where that is not what was sent."""
        payload = self._store.sources.payloads(one.source.key, [one.event.uid]).get(one.event.uid)
        return (
            ()
            if payload is None
            else unlike(one.change, one.event, codec.decode(payload), self._zone)
        )

    def _find(self, named: Sequence[Named]) -> tuple[list[_Found], list[Refusal], int]:
        """Find where each event comes from; give those that were edited, the refused, and the number of the others."""
        families: dict[str, list[Named]] = {}
        for one in named:
            families.setdefault(one.uid, []).append(one)
        origins: dict[str, list[EntryOrigin]] = {}
        for origin in self._store.entry_origins.of([uid for uid in families if uid]):
            origins.setdefault(origin.uid, []).append(origin)
        found: list[_Found] = []
        refused: list[Refusal] = []
        unedited = 0
        for uid, members in families.items():
            one, known = members[0], origins.get(uid, [])
            if any(is_untouched(members, _members(origin)) for origin in known):
                unedited += 1
                continue
            if len(members) > 1:
                reason = "stands in the file more than once, as events that repeat do; those can't be sent"
                refused.append(_refusal(one, reason))
                continue
            try:
                told = tell(one.component)
                origin = _origin(told, known)
            except ToldError as error:
                refused.append(_refusal(one, str(error)))
            else:
                assert isinstance(origin.source, ConnectSource)
                found.append(_Found(named=one, told=told, origin=origin, source=origin.source))
        return found, refused, unedited

    def _moved_on(self, source: ConnectSource, members: Sequence[_Found]) -> dict[str, str]:
        """Read a source anew, and say of each event that is not in Zoho as the bridge has it why it can't be sent.

        Raises ConfigError when the clock of the account's profile is not the one of the settings.
        """
        raw = dispatch.fetch(source, self._account, _days_of(one.event for one in members))
        if problem := clock_problem(raw, self._zone):
            raise ConfigError(f"Nothing was sent, for it would be at a wrong time. {problem}")
        known = [
            (row.uid, row.upstream_id) for row in self._store.sources.index(source.key).values()
        ]
        now = {
            event.uid: event for event in dispatch.parse(source, raw, self._settings, known).events
        }
        repeating = repeating_streams(source, known)
        streams = Counter(event.upstream_id for event in now.values())
        reasons = {}
        for one in members:
            uid, stream = one.origin.event_uid, one.origin.upstream_id
            if stream in repeating or streams[stream] > 1:
                reasons[one.origin.uid] = (
                    "repeats in Connect; its documents know no way to change that"
                )
            elif uid not in now:
                reasons[one.origin.uid] = "is in Zoho Connect no more; run `zoho-bridge refresh`"
            elif codec.payload_hash(codec.encode(now[uid])) != one.origin.content_hash:
                reasons[one.origin.uid] = (
                    "was changed in Zoho Connect since the bridge last read it; run `zoho-bridge refresh`, and edit "
                    "what is exported then"
                )
        return reasons


def _origin(told: Told, origins: Sequence[EntryOrigin]) -> EntryOrigin:
    """Choose the entry that the file was exported from; ToldError when there is none, or an older state of it."""
    if not origins:
        raise ToldError(
            "is in none of the bridge's feeds now; only events that the bridge has published can be sent"
        )
    of_connect = [origin for origin in origins if isinstance(origin.source, ConnectSource)]
    if not of_connect:
        raise ToldError(
            f"comes from {origins[0].source.key}, and only events of Zoho Connect can be sent"
        )
    whole = [origin for origin in of_connect if origin.feed.privacy == "full"]
    if not whole:
        raise ToldError(
            f'is of feed "{of_connect[0].feed.slug}", which shows times only; edit one of a full feed'
        )
    current = next((origin for origin in whole if _is_of(told, origin)), None)
    if current is None:
        raise ToldError(
            "was changed in Zoho Connect since the file was exported, or its stamps (SEQUENCE, LAST-MODIFIED) were "
            "lost; export the feed again, and edit that"
        )
    return current


def _is_of(told: Told, origin: EntryOrigin) -> bool:
    """Tell whether a file was made from the present state of an entry, or from a later one of the same.

    A program that edits an event raises SEQUENCE and moves the stamps, each never back; and SEQUENCE counts minutes, so
    that a change in Zoho goes further than any editing does. A program that drops SEQUENCE keeps one of the stamps.
    """
    if told.stamps and max(told.stamps) < origin.changed_at:
        return False
    return (told.sequence or 0) >= origin.sequence or origin.changed_at in told.stamps


def _members(origin: EntryOrigin) -> tuple[Named, ...]:
    return components(b"BEGIN:VCALENDAR\r\n" + origin.blob + b"END:VCALENDAR\r\n", "the feed")


def _published(origin: EntryOrigin) -> Told:
    (one,) = _members(origin)
    return tell(one.component)


def _days_of(events: Iterable[Event]) -> Window:
    moments = [moment for event in events for moment in (event.start, event.end)]
    days = [moment if is_all_day(moment) else moment.date() for moment in moments]  # type: ignore[attr-defined]
    return Window(start=min(days) - _MARGIN, end=max(days) + _MARGIN)


def _refusal(named: Named, reason: str) -> Refusal:
    return Refusal(uid=named.uid, title=named.title, reason=reason)
