"""The filter of a feed's page: options, selection, and the address of the filtered feed.

The page of such an address shows the filtered feed alone, and no way to the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import g, request
from werkzeug.exceptions import NotFound

from bridge.config.addresses import LONGEST_URL
from bridge.domain.feed import Feed
from bridge.domain.source import Source
from bridge.feed.agenda import NO_INVITATION, AgendaItem
from bridge.feed.filter import LABEL_KINDS, Filter, label_digest
from bridge.store.feeds import KnownSource
from bridge.store.filters import FilteredFeed, is_filter
from bridge.store.publications import Head
from bridge.web.context import public_root, web
from bridge.web.language import _
from bridge.web.urls import Paths

# Google silently refuses longer addresses (rulebook H14); as webcal, and with the longest switch.
_LONGEST_ADDRESS = LONGEST_URL - len("webcal") + len("https") - len("?flavour=web")
PRODUCTS = {
    "backstage": "Zoho Backstage",
    "connect": "Zoho Connect",
    "calendar": "Zoho Calendar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A label to tick, with its value in the form; ``label`` is the stored value."""

    label: str
    value: str
    name: str
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFilter:
    """The filter of a page.

    ``paths`` are those of the page's content: the whole feed, or with ``filtered`` the filtered
    one. ``names`` are the selected labels. ``problem`` says why a selection has no address.
    ``groups`` are the options by kind, empty if there are none, as on a filtered feed's page.
    """

    paths: Paths
    filtered: FilteredFeed | None = None
    names: tuple[str, ...] = ()
    groups: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    problem: str = ""


def open_page(slug: str | None, token: str | None) -> tuple[Feed, PageFilter]:
    """Return the feed whose page an address opens, and its filter; raise NotFound and Gone.

    ``slug`` is None if the token names the feed, ``token`` is None for a public feed. Afterwards
    ``agenda_items`` returns the filtered items.
    """
    if token is not None and is_filter(token):
        filtered = web().open_filter(slug, token)
        feed = web().store.feeds.get(filtered.slug)
        if feed is None:
            raise NotFound
        options = _options(feed)
        labels = filtered.choice.select(
            {kind: [o.label for o in options[kind]] for kind in options}
        )
        names = tuple(o.name for kind in labels for o in options[kind] if o.label in labels[kind])
        selection = PageFilter(paths=Paths.secret(feed, token), filtered=filtered, names=names)
    else:
        feed = web().open_page(slug, token)
        selection = _requested_filter(feed, token)
    g.page_filter = selection
    return feed, selection


def agenda_items(
    slug: str, start: datetime, end: datetime, **options: Any
) -> tuple[AgendaItem, ...]:
    """Return what this page may show of a feed in a span; options as of ``AgendaTable.between``."""
    selection: PageFilter | None = g.get("page_filter")
    choice = selection.filtered.choice if selection and selection.filtered else None
    return web().store.agenda.between(slug, start, end, matching=choice, **options)


def head(feed: Feed, selection: PageFilter) -> Head | None:
    """Return the head of the document that the page shows; None if the feed is not published."""
    published = web().store.publications.head(feed.slug, "default")
    if published is None or selection.filtered is None:
        return published
    return web().filtered_documents.get(selection.filtered, "default").head


def sources(feed: Feed) -> Mapping[str, str]:
    """Return the names of a merged feed's sources by key, empty for a feed of one source."""
    if len(feed.sources) == 1 or feed.privacy == "busy":
        return {}
    return source_names(feed.sources, web().store.feeds.known_sources())


def _requested_filter(feed: Feed, token: str | None) -> PageFilter:
    """Return the filter that the form asks for; labels that no longer exist are ignored."""
    whole = Paths.of(feed, token)
    if feed.privacy == "busy":
        return PageFilter(paths=whole)
    options = _options(feed)
    if feed.public:  # the responses are the account's, and for readers of a secret link alone
        options.pop("answer", None)
    groups = {kind: options[kind] for kind in LABEL_KINDS if _is_useful(kind, options)}
    selected = [(kind, o) for kind, options in groups.items() for o in options if o.selected]
    if not selected:
        return PageFilter(paths=whole, groups=groups)
    choice = Filter.from_labels((kind, option.label) for kind, option in selected)
    # A public feed's address has no secret to derive another one from, on any of its pages.
    link = None if feed.public or token is None else web().store.links.find(token)
    filtered = FilteredFeed(slug=feed.slug, link=link, choice=choice)
    paths = Paths.secret(feed, web().store.filters.token(filtered))
    if len(public_root() + paths.feed) > _LONGEST_ADDRESS:
        problem = _(
            "With this many options the address would be too long for Google Calendar. Select "
            "fewer. Until then, the addresses here are those of the whole calendar."
        )
        return PageFilter(paths=whole, groups=groups, problem=problem)
    names = tuple(option.name for _kind, option in selected)
    return PageFilter(paths=paths, filtered=filtered, names=names, groups=groups)


def _options(feed: Feed) -> dict[str, list[Option]]:
    """Return the feed's labels by kind, ordered by name; those in the address are selected."""
    sources = source_names(feed.sources, web().store.feeds.known_sources())
    options: dict[str, list[Option]] = {}
    for kind, labels in web().store.agenda.labels(feed.slug).items():
        requested = request.args.getlist(kind)
        options[kind] = []
        for label in labels:
            # The ids of sources in Zoho stay secret.
            value = label_digest(kind, label).hex() if kind == "source" else label
            name, selected = _name(kind, label, sources), value in requested
            option = Option(label=label, value=value, name=name, selected=selected)
            options[kind].append(option)
        options[kind].sort(key=lambda option: (option.name.casefold(), option.label))
    return options


def _is_useful(kind: str, options: Mapping[str, Sequence[Option]]) -> bool:
    """Whether the options of a kind can tell events apart."""
    labels = {option.label for option in options.get(kind, ())}
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
