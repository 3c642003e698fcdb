"""Data of the sandbox: portals, networks and calendars, in the JSON forms in which they are served.

It may change while requests read it, so a ``Shelf`` returns copies. It must not know of HTTP.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
import time
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class Shelf:
    """Upstream objects in order, named by their field ``key``; any thread may read and change them.

    ``changed_ms`` is the millisecond of the last change, each later than the one before. Several
    objects may have one name: the instances of a series share its ``uid``.
    """

    def __init__(self, key: str, items: Iterable[Json] = ()) -> None:
        self._key = key
        self._items = list(items)
        self._lock = Lock()
        self.changed_ms = 0
        self._note_change()

    def all(self) -> list[Json]:
        """Return copies of all objects, in order."""
        with self._lock:
            return deepcopy(self._items)

    def find(self, name: str) -> list[Json]:
        """Return copies of the objects of that name."""
        return [item for item in self.all() if item.get(self._key) == name]

    def add(self, *items: Json) -> None:
        """Append objects."""
        with self._lock:
            self._items.extend(deepcopy(items))
            self._note_change()

    def change(self, name: str, /, *, drop: Iterable[str] = (), **fields: Any) -> None:
        """Set fields of the first object of that name, and remove those in ``drop``.

        Raise LookupError without such an object.
        """
        with self._lock:
            item = self._matches(name)[0]
            item.update(deepcopy(fields))
            for key in drop:
                item.pop(key, None)
            self._note_change()

    def delete(self, name: str) -> None:
        """Remove every object of that name; raise LookupError without any."""
        with self._lock:
            matches = self._matches(name)
            self._items[:] = [item for item in self._items if item not in matches]
            self._note_change()

    def _note_change(self) -> None:
        self.changed_ms = max(time.time_ns() // 1_000_000, self.changed_ms + 1)

    def _matches(self, name: str) -> list[Json]:
        matches = [item for item in self._items if item.get(self._key) == name]
        if not matches:
            raise LookupError(f"there is no {name!r}")
        return matches


@dataclass(slots=True, kw_only=True)
class Agenda:
    """The programme of one Backstage event; ``days`` holds the sessions, day 1 first."""

    days: tuple[Shelf, ...] = ()
    halls: Shelf = field(default_factory=lambda: Shelf("id"))
    tracks: Shelf = field(default_factory=lambda: Shelf("track_id"))
    speakers: Shelf = field(default_factory=lambda: Shelf("id"))


@dataclass(slots=True, kw_only=True)
class Portal:
    """A Backstage portal."""

    info: Json
    events: Shelf
    agendas: dict[str, Agenda] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Group:
    """A group of a Connect network with its events, named by their ``streamId``."""

    info: Json
    events: Shelf


@dataclass(slots=True, kw_only=True)
class Network:
    """A Connect network with its groups, and ``walls``: partitions that are no groups.

    ``zone`` is that of the account's profile, which no answer names.
    """

    info: Json
    groups: dict[str, Group]
    walls: dict[str, Group] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(slots=True, kw_only=True)
class Calendar:
    """A calendar with its events, series, and changed or deleted instances, named by their ``uid``.

    ``by_instance`` holds changed, further or deleted instances that only answers by instance
    contain, so that these and the plain list contradict each other.
    """

    info: Json
    events: Shelf
    by_instance: Shelf = field(default_factory=lambda: Shelf("uid"))

    def served(self) -> Json:
        """Return the calendar's object; a ctag of its own hides the millisecond of its change."""
        return {"ctag": max(self.events.changed_ms, self.by_instance.changed_ms), **self.info}


@dataclass(slots=True, kw_only=True)
class Data:
    """All that the sandbox's account can see, each kind by its id."""

    portals: dict[str, Portal] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
