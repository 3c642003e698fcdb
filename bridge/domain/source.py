"""A source of events in Zoho: a portal, the agenda of one event, groups, or a calendar."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class BackstageSource:
    """A Backstage portal's events, or with ``event`` the agenda (sessions) of that one event."""

    portal: str
    event: str = ""
    brand: str = ""

    @property
    def kind(self) -> Literal["backstage"]:
        """The product it is read from."""
        return "backstage"

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        text = f"backstage:{self.portal}"
        text += f"/{self.event}" if self.event else ""
        return text + (f"?brand={self.brand}" if self.brand else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectSource:
    """The events of one group of a Connect network, or of several that are read at once.

    ``network`` is Zoho's scopeID, ``group`` the group's partitionId; of several groups the ids in order, each once,
    with commas between them: then the same groups are the same source, however they were named.
    """

    group: str
    network: str

    @property
    def kind(self) -> Literal["connect"]:
        """The product it is read from."""
        return "connect"

    @property
    def groups(self) -> tuple[str, ...]:
        """The id of each group."""
        return tuple(self.group.split(","))

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        return f"connect:{self.network}/{self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSource:
    """One calendar of Zoho Calendar, by its uid (``caluid``)."""

    calendar: str

    @property
    def kind(self) -> Literal["calendar"]:
        """The product it is read from."""
        return "calendar"

    @property
    def key(self) -> str:
        """What names this source in the store, in logs and to the admin."""
        return f"calendar:{self.calendar}"


Source: TypeAlias = BackstageSource | ConnectSource | CalendarSource


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableSource:
    """A source that the account can see, with the name it has in Zoho; ``within`` is the network or portal's name."""

    source: Source
    title: str
    within: str = ""
