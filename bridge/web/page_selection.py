"""The selection on a feed's page: the options to tick, the ticks, and what the page shows of it.

The page of a selection shows that alone, unless its reader chooses events to add.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import g, request

from bridge.domain.feed import Feed
from bridge.domain.source import PRODUCTS, Source
from bridge.feed.agenda import NO_INVITATION, AgendaItem
from bridge.feed.selection import LABEL_KINDS, Ticks
from bridge.store.feeds import KnownSource
from bridge.store.selections import Selection
from bridge.web.context import Access, web
from bridge.web.language import _
from bridge.web.urls import Paths

_COLORS = ["#4a66d9", "#0f8a6b", "#c2571a", "#a1469e", "#987800", "#1b86b3", "#c13b5a", "#6d7486"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A label to tick, with its name on the page; ``value`` is that of the form."""

    label: str
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class PageSelection:
    """What the form of a page shows.

    ``ticks`` are those of the page's selection, or those that
    could not be saved, for the reason ``problem``. ``chooses``: the page of a selection lists all
    events of the feed. ``offered`` are the events whose row has a box to tick.
    """

    access: Access
    feed: Feed
    paths: Paths
    ticks: Ticks = field(default_factory=Ticks)
    has_form: bool = False
    chooses: bool = False
    problem: str = ""
    offered: set[str] = field(default_factory=set)

    @property
    def selection(self) -> Selection | None:
        """The selection that the page's address opens."""
        return self.access.selection

    @property
    def shown(self) -> dict[str, Any]:
        """What every page of a feed shows: the feed, its paths, its sources and colours."""
        feed, paths = self.feed, self.paths
        return {"feed": feed, "paths": paths, "sources": sources(feed), "style": colors(feed)}

    @cached_property
    def groups(self) -> Mapping[str, Sequence[Option]]:
        """The options by kind."""
        return _groups(self.feed, self.access.ticks)

    @property
    def names(self) -> Sequence[str]:
        """The names of the ticked labels."""
        ticked = set(self.ticks.labels)
        return [o.name for kind, os in self.groups.items() for o in os if (kind, o.label) in ticked]

    def offer(self, uid: str) -> bool:
        """Return whether the row of an event gets a box: its first row on the page does."""
        is_first = uid not in self.offered
        self.offered.add(uid)
        return is_first

    def left(self) -> Sequence[str]:
        """Return the ticked events without a box on the page."""
        return [uid for uid in self.ticks.events if uid not in self.offered]


def open_page(slug: str | None, token: str | None, *, has_form: bool = False) -> PageSelection:
    """Return the selection of the page that an address opens; raise NotFound and Gone.

    ``slug`` is None if the token names the feed, ``token`` is None for a public feed. Afterwards
    ``agenda_items`` returns what is selected. ``has_form``: the page is for making selections.
    """
    access, feed = web().open_page(slug, token, is_poll=not has_form)
    selection = access.selection
    ticks, problem = g.get("not_saved", (access.ticks, ""))
    page = PageSelection(
        access=access,
        feed=feed,
        paths=Paths.secret(feed, token) if selection and token else Paths.of(feed, token),
        ticks=ticks,
        has_form=has_form,
        chooses=has_form and selection is not None and "choose" in request.args,
        problem=problem,
    )
    g.page_selection = page
    return page


def current_page() -> PageSelection | None:
    """Return the page that is rendered if it has a form for selections."""
    page: PageSelection | None = g.get("page_selection")
    return page if page is not None and page.has_form else None


def agenda_items(
    slug: str, start: datetime, end: datetime, **options: Any
) -> tuple[AgendaItem, ...]:
    """Return what this page may show of a feed in a span; options as of ``AgendaTable.between``."""
    page: PageSelection | None = g.get("page_selection")
    ticks = page.access.ticks if page and not page.chooses else None
    return web().store.agenda.between(slug, start, end, ticks=ticks, **options)


def sources(feed: Feed) -> Mapping[str, str]:
    """Return the names of a merged feed's sources by key, empty for a feed of one source."""
    if len(feed.sources) == 1 or feed.privacy == "busy":
        return {}
    return source_names(feed.sources, web().store.feeds.known_sources())


def colors(feed: Feed) -> str:
    """Return style rules with the colour of the feed and, in a merged feed, of each source.

    A source has its calendar's colour, or another where an earlier source has the same.
    """
    of = web().store.sources.color
    main = feed.color or (of(feed.sources[0].key) if len(feed.sources) == 1 else "")
    used: list[str] = []
    for number, key in enumerate(sources(feed)):
        own = of(key)
        used.append(own if own and own not in used else _COLORS[number % len(_COLORS)])
    rules = [f".source-{number}{{--source:{color}}}" for number, color in enumerate(used)]
    return "".join([f"main{{--source:{main}}}" if main else "", *rules])


def _groups(feed: Feed, ticks: Ticks) -> Mapping[str, Sequence[Option]]:
    """Return the labels of the feed's events, and the ticked ones that no event has today."""
    if feed.privacy == "busy":
        return {}
    names = source_names(feed.sources, web().store.feeds.known_sources())
    labels, ticked = web().store.agenda.labels(feed.slug), ticks.by_kind
    groups: dict[str, Sequence[Option]] = {}
    for kind in LABEL_KINDS:
        if kind == "answer" and feed.public:
            continue
        values = {*labels.get(kind, ()), *ticked.get(kind, ())}
        if not _is_useful(kind, values):
            continue
        named = [(_name(kind, label, names), label) for label in values]
        # The ids of sources in Zoho stay secret.
        groups[kind] = [
            Option(label=label, name=name, value=name if kind == "source" else label)
            for name, label in sorted(named, key=lambda pair: (pair[0].casefold(), pair[1]))
        ]
    return groups


def _is_useful(kind: str, labels: set[str]) -> bool:
    """Whether labels of a kind can tell events apart."""
    if kind == "source":
        return len(labels) > 1
    return bool(labels - {NO_INVITATION} if kind == "answer" else labels)


def _name(kind: str, label: str, sources: Mapping[str, str]) -> str:
    if kind == "source":
        return sources.get(label) or str(_("Other"))
    if kind != "answer":
        return label
    responses: dict[str, str] = {
        "accepted": _("Accepted"),
        "tentative": _("Maybe"),
        "declined": _("Declined"),
        "needs-action": _("Not answered yet"),
        NO_INVITATION: _("No invitation"),
    }
    return responses.get(label, label)


def source_names(sources: Sequence[Source], known: Sequence[KnownSource]) -> Mapping[str, str]:
    """Name sources by the feeds that show them alone, else by product; make all names differ."""
    titles = {row.source.key: row.title for row in known}
    names: dict[str, str] = {}
    for source in sources:
        name = base = titles.get(source.key) or PRODUCTS[source.kind]
        number = 2
        while name in names.values():
            name, number = f"{base} ({number})", number + 1
        names[source.key] = name
    return names
