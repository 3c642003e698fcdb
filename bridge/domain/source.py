"""Sources of events in Zoho: a portal, the agenda of one event, groups, or a calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Product: TypeAlias = Literal["backstage", "connect", "calendar"]

PRODUCTS: Mapping[Product, str] = {
    "backstage": "Zoho Backstage",
    "connect": "Zoho Connect",
    "calendar": "Zoho Calendar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackstageSource:
    """The events of a Backstage portal, or with ``event`` the agenda (sessions) of that event."""

    kind: ClassVar[Literal["backstage"]] = "backstage"

    portal: str
    event: str = ""
    brand: str = ""

    @property
    def key(self) -> str:
        """The name of this source in the store, in logs and to the admin."""
        event = f"/{self.event}" if self.event else ""
        return f"backstage:{self.portal}{event}" + (f"?brand={self.brand}" if self.brand else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectSource:
    """The events of one group of a Connect network, or of several groups in one read.

    ``network`` is Zoho's scopeID, ``group`` the group's partitionId. For several groups it is
    their different ids in order, separated by commas. So the same groups are the same source in
    whatever order the settings list them. Without ``group``, ``url`` and ``partition`` name what
    to read. ``shared_with_me``: only events that the account is invited to.
    """

    kind: ClassVar[Literal["connect"]] = "connect"

    group: str = ""
    network: str
    url: str = ""
    partition: Literal["GROUP", "DEFAULT"] = "GROUP"
    shared_with_me: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """The id of each group."""
        return tuple(self.group.split(",")) if self.group else ()

    @property
    def key(self) -> str:
        """The name of this source in the store, in logs and to the admin."""
        shared = "?shared" if self.shared_with_me else ""
        return f"connect:{self.network}/{self.group or f'{self.partition}/{self.url}'}{shared}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSource:
    """One calendar of Zoho Calendar, by its uid (``caluid``)."""

    kind: ClassVar[Literal["calendar"]] = "calendar"

    calendar: str

    @property
    def key(self) -> str:
        """The name of this source in the store, in logs and to the admin."""
        return f"calendar:{self.calendar}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarProfile:
    """What Zoho states about a calendar besides its events; empty is unknown (Zoho APIs 4.1).

    ``category`` is "own", "group", "app" or "shared", ``privilege`` the account's right, and
    ``color`` is "#RRGGBB". Zoho may return no events of a ``hidden`` calendar.
    """

    category: str = ""
    privilege: str = ""
    color: str = ""
    hidden: bool = False


Source: TypeAlias = BackstageSource | ConnectSource | CalendarSource

_TYPES: tuple[type[Source], ...] = (BackstageSource, ConnectSource, CalendarSource)
SOURCE_TYPES = {source_type.kind: source_type for source_type in _TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableSource:
    """A source that the account can see, titled as in Zoho, ``within`` a network or portal.

    Calendars have a ``profile``.
    """

    source: Source
    title: str
    within: str = ""
    profile: CalendarProfile | None = None

    @property
    def name(self) -> str:
        """The title with that of its network or portal."""
        return f"{self.within}: {self.title}" if self.within else self.title
