"""What a comparison is made of: what Zoho reports, what a feed shows, and how the two differ. Values only.

Times are days for all-day instances and instants in UTC for the others, whatever zone and form they came in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bridge.domain.event import Moment, to_utc
from bridge.domain.feed import Window

Key: TypeAlias = tuple[str, str]
"""A UID, and the original start of an instance of its series as text; empty for what is no series."""

Kind: TypeAlias = Literal["missing", "extra", "shifted", "renamed", "unreadable"]
KINDS: tuple[Kind, ...] = ("missing", "extra", "shifted", "renamed", "unreadable")

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An instance that Zoho reports. ``keys`` are the names it can have in the feed, ``ends`` the ends it can have.

    ``title`` is None where the feed may not show it, or Zoho does not tell it.
    """

    upstream_id: str
    keys: tuple[Key, ...]
    start: Moment
    ends: tuple[Moment, ...]
    title: str | None
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An instance that the feed shows, as an independent engine reads it."""

    key: Key
    start: Moment
    end: Moment
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Which source and event of Zoho a UID of the feed comes from, and whether that event is cancelled."""

    source_key: str
    upstream_id: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the comparison of one source has to know of its feed.

    ``rejected`` are the reasons why events did not come across whole, by upstream id; ``owners`` tell of each UID where
    it comes from.
    """

    source_key: str
    window: Window
    owners: Mapping[str, Owner] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One instance that is not the same in Zoho and in the feed; ``shown_`` is the feed's side, empty when missing."""

    kind: Kind
    upstream_id: str
    title: str
    start: Moment | None = None
    end: Moment | None = None
    shown_title: str = ""
    shown_start: Moment | None = None
    shown_end: Moment | None = None
    reason: str = ""

    @property
    def at(self) -> Moment | None:
        """When it is, by Zoho or else by the feed."""
        return self.shown_start if self.start is None else self.start

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it, without what is empty."""
        names = (
            "kind",
            "upstream_id",
            "title",
            "start",
            "end",
            "shown_title",
            "shown_start",
            "shown_end",
            "reason",
        )
        told = {name: getattr(self, name) for name in names}
        return {name: _text(value) for name, value in told.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a feed and Zoho compare. ``left_out`` are differences that are meant to be, each with its reason."""

    equal: int = 0
    differences: tuple[Difference, ...] = ()
    left_out: tuple[Difference, ...] = ()


def overlaps(start: Moment, end: Moment, window: Window) -> bool:
    """Tell whether something lies in a window at least partly; what has no length counts at its moment."""
    begin = to_utc(start)
    return begin < to_utc(window.end) and max(to_utc(end), begin + _MOMENT) > to_utc(window.start)


def plain(moment: Moment) -> Moment:
    """Give a time in UTC; a day stays a day."""
    return to_utc(moment) if isinstance(moment, datetime) else moment


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
