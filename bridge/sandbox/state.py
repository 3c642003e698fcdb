"""What the sandbox's Zoho holds: portals, networks and calendars, in the JSON forms in which they are served.

Tests change it while requests read it, so whatever comes out of a ``Shelf`` is a copy. It must not know of HTTP.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class Shelf:
    """Upstream objects in order, named by their field ``key``; any thread may read and change them.

    Several objects may have one name (the instances of a series share its ``uid``): ``where`` then tells them apart by
    further fields, with None for a field that is absent.
    """

    def __init__(self, key: str, items: Iterable[Json] = ()) -> None:
        self._key = key
        self._items = list(items)
        self._lock = Lock()

    def all(self) -> list[Json]:
        """Give a copy of everything, in order."""
        with self._lock:
            return deepcopy(self._items)

    def find(self, name: str, *, where: Mapping[str, Any] | None = None) -> list[Json]:
        """Give copies of the objects of that name."""
        with self._lock:
            return [deepcopy(item) for item in self._items if self._is(item, name, where)]

    def add(self, *items: Json) -> None:
        """Append objects."""
        with self._lock:
            self._items.extend(deepcopy(items))

    def change(
        self,
        name: str,
        /,
        *,
        where: Mapping[str, Any] | None = None,
        drop: Iterable[str] = (),
        **fields: Any,
    ) -> None:
        """Set ``fields`` of the first object of that name and take away those in ``drop``; LookupError without one."""
        with self._lock:
            item = next((item for item in self._items if self._is(item, name, where)), None)
            if item is None:
                raise LookupError(f"there is no {name!r} {dict(where or {})} to change")
            item.update(deepcopy(fields))
            for gone in drop:
                item.pop(gone, None)

    def delete(self, name: str, *, where: Mapping[str, Any] | None = None) -> None:
        """Take away every object of that name; LookupError when there is none."""
        with self._lock:
            kept = [item for item in self._items if not self._is(item, name, where)]
            if len(kept) == len(self._items):
                raise LookupError(f"there is no {name!r} {dict(where or {})} to delete")
            self._items[:] = kept

    def _is(self, item: Json, name: str, where: Mapping[str, Any] | None) -> bool:
        return item.get(self._key) == name and all(
            item.get(key) == value for key, value in (where or {}).items()
        )


@dataclass(slots=True, kw_only=True)
class Agenda:
    """The programme of one Backstage event; ``days`` holds the sessions, day 1 first."""

    days: tuple[Shelf, ...] = ()
    halls: Shelf = field(default_factory=lambda: Shelf("id"))
    tracks: Shelf = field(default_factory=lambda: Shelf("track_id"))
    speakers: Shelf = field(default_factory=lambda: Shelf("id"))


@dataclass(slots=True, kw_only=True)
class Portal:
    """A Backstage portal; ``aliases`` are further ids of events, with ``brand`` its list needs that ``brand_id``."""

    info: Json
    events: Shelf
    agendas: dict[str, Agenda] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    brand: str = ""


@dataclass(slots=True, kw_only=True)
class Group:
    """A group of a Connect network with its events, named by their ``streamId``."""

    info: Json
    events: Shelf


@dataclass(slots=True, kw_only=True)
class Network:
    """A Connect network; ``groups`` by their id. ``zone`` is that of the account's profile, which no answer names."""

    info: Json
    groups: dict[str, Group]
    zone: str = "UTC"


@dataclass(slots=True, kw_only=True)
class Calendar:
    """A calendar with its events, series, and changed or deleted instances, named by their ``uid``.

    ``told_by_instance`` are changed, further or deleted instances that only answers by instance know of, so that these
    and the plain list do not agree.
    """

    info: Json
    events: Shelf
    told_by_instance: Shelf = field(default_factory=lambda: Shelf("uid"))


@dataclass(slots=True, kw_only=True)
class Data:
    """Everything that the sandbox's account can see, each kind by its id."""

    portals: dict[str, Portal] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
