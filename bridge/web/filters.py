"""What a feed's page offers to choose, and what was chosen there: a part of the feed with an address of its own.

The page of such an address shows that part alone, and no way to the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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

# Google refuses longer ones without a word (rulebook H14); as webcal, and with the longest switch.
_LONGEST_ADDRESS = LONGEST_URL - len("webcal") + len("https") - len("?flavour=web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A label to tick; ``value`` is what the form says of it."""

    value: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The labels of one kind."""

    kind: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """What a page needs of choices.

    ``paths`` are those of what the page shows: of the whole feed, or with ``filtered`` of the part that was chosen.
    ``names`` are what was chosen, ``problem`` says why a choice has no address. ``offers`` are empty where there is
    nothing to choose, as on the page of a choice.
    """

    paths: Paths
    filtered: FilteredFeed | None = None
    names: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    problem: str = ""


def opened_page(slug: str | None, token: str | None) -> tuple[Feed, Choosing]:
    """Give the feed whose page an address opens, and what is chosen of it; raises NotFound and Gone.

    ``slug`` None: the token tells all; ``token`` None: a public feed. From here on, ``cards`` gives what was chosen.
    """
    if token is not None and is_filter(token):
        filtered = web().chosen.opened(slug, token)
        feed = web().store.feeds.get(filtered.slug)
        if feed is None:
            raise NotFound
        names = _Labels(feed).names(filtered.choice)
        choosing = Choosing(paths=Paths.secret(feed, token), filtered=filtered, names=names)
    else:
        feed = web().opened_feed(slug, token)
        choosing = _asked(feed, token)
    g.choosing = choosing
    return feed, choosing


def cards(slug: str, start: datetime, end: datetime) -> tuple[AgendaItem, ...]:
    """Give what this page may show of a feed within a span of time, see ``Cards.between``."""
    choosing: Choosing | None = g.get("choosing")
    choice = choosing.filtered.choice if choosing and choosing.filtered else None
    return web().store.agenda.between(slug, start, end, matching=choice)


def head(feed: Feed, choosing: Choosing) -> Head | None:
    """Tell what is published of what the page shows; None when the feed never was."""
    published = web().store.publications.head(feed.slug, "default")
    if published is None or choosing.filtered is None:
        return published
    return web().chosen.get(choosing.filtered, "default").head


def _asked(feed: Feed, token: str | None) -> Choosing:
    """Read what the form asks for; a label that is there no more is as good as not ticked."""
    whole = Paths.of(feed, token)
    if feed.privacy == "busy":
        return Choosing(paths=whole)
    labels = _Labels(feed)
    offers = labels.offers()
    ticked = [(offer.kind, option) for offer in offers for option in offer.options if option.chosen]
    if not ticked:
        return Choosing(paths=whole, offers=offers)
    choice = Filter.from_labels((kind, labels.value(kind, option)) for kind, option in ticked)
    # A public feed's address has no secret to derive another one from, whichever link opened the page.
    link = None if feed.public or token is None else web().store.links.find(token)
    filtered = FilteredFeed(slug=feed.slug, link=link, choice=choice)
    paths = Paths.secret(feed, web().store.filters.token(filtered))
    if len(public_root() + paths.feed) > _LONGEST_ADDRESS:
        problem = _(
            "With so many of them the address would be longer than Google Calendar takes. Choose fewer: until then, "
            "the addresses here are those of the whole calendar."
        )
        return Choosing(paths=whole, offers=offers, problem=problem)
    return Choosing(
        paths=paths,
        filtered=filtered,
        names=tuple(option.name for _kind, option in ticked),
        offers=offers,
    )


class _Labels:
    """The labels of a feed with names for people."""

    def __init__(self, feed: Feed) -> None:
        self._labels = web().store.agenda.labels(feed.slug)
        self._sources = _source_names(feed.sources, web().store.feeds.known_sources())

    def offers(self) -> tuple[Offer, ...]:
        """Give what can be chosen, with what is asked for ticked; a kind that tells nothing apart is left out."""
        titles = {
            "track": _("Track"),
            "hall": _("Hall"),
            "category": _("Category"),
            "group": _("Group"),
            "source": _("Source"),
            "answer": _("Answer to the invitation"),
        }
        offers = []
        for kind in LABEL_KINDS:
            values = self._labels.get(kind, ())
            if (kind == "source" and len(values) < 2) or (
                kind == "answer" and not set(values) - {NO_INVITATION}
            ):
                continue
            asked = request.args.getlist(kind)
            named = [(self._name(kind, value), value) for value in values]
            options = tuple(
                Option(
                    value=_form_value(kind, value),
                    name=name,
                    chosen=_form_value(kind, value) in asked,
                )
                for name, value in sorted(named, key=lambda one: (one[0].casefold(), one[1]))
            )
            if options:
                offers.append(Offer(kind=kind, title=titles[kind], options=options))
        return tuple(offers)

    def value(self, kind: str, option: Option) -> str:
        """Give the label behind an option."""
        return next(
            value for value in self._labels[kind] if _form_value(kind, value) == option.value
        )

    def names(self, choice: Filter) -> tuple[str, ...]:
        """Name what was chosen, as far as there is anything of it in the feed today."""
        meant = choice.select(self._labels)
        return tuple(self._name(kind, value) for kind, values in meant.items() for value in values)

    def _name(self, kind: str, value: str) -> str:
        if kind == "source":
            return self._sources.get(value, _("Other"))
        if kind == "answer":
            answers: dict[str, str] = {
                "accepted": _("Accepted"),
                "tentative": _("Perhaps"),
                "declined": _("Declined"),
                "needs-action": _("Not answered yet"),
                NO_INVITATION: _("No invitation"),
            }
            return answers.get(value, value)
        return value


def _form_value(kind: str, value: str) -> str:
    """Give what the form says of a label: its text, but of a source no id in Zoho."""
    return label_digest(kind, value).hex() if kind == "source" else value


def _source_names(sources: Sequence[Source], known: Sequence[KnownSource]) -> Mapping[str, str]:
    """Name sources by the feeds that show them alone; one without such a feed by its product, and all differently."""
    titles = {one.source.key: one.title for one in known}
    products = {
        "backstage": "Zoho Backstage",
        "connect": "Zoho Connect",
        "calendar": "Zoho Calendar",
    }
    names: dict[str, str] = {}
    for source in sources:
        name = base = titles.get(source.key) or products[source.kind]
        number = 2
        while name in names.values():
            name, number = f"{base} ({number})", number + 1
        names[source.key] = name
    return names
