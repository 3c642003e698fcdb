"""A feed as the admin has typed it, and what is wrong with it: beside each field, all at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from werkzeug.datastructures import MultiDict

from bridge.config import values
from bridge.config.addresses import LONGEST_URL, choose_slug, url_length
from bridge.domain.feed import Feed
from bridge.store.feeds import KnownSource
from bridge.web.language import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the form; ``sources`` are keys. An empty ``slug`` is made of the title."""

    title: str = ""
    slug: str = ""
    sources: tuple[str, ...] = ()
    privacy: Literal["full", "busy"] = "full"
    alarms: bool = True
    public: bool = False

    @classmethod
    def typed(cls, form: MultiDict[str, str]) -> "Draft":
        """Take what was sent, as it was typed."""
        return cls(
            title=form.get("title", ""),
            slug=form.get("slug", ""),
            sources=tuple(dict.fromkeys(form.getlist("source"))),
            privacy="busy" if form.get("privacy") == "busy" else "full",
            alarms="alarms" in form,
            public="public" in form,
        )

    @classmethod
    def of(cls, feed: Feed) -> "Draft":
        """Begin with a feed as it is."""
        return cls(
            title=feed.title,
            slug=feed.slug,
            sources=tuple(source.key for source in feed.sources),
            privacy=feed.privacy,
            alarms=feed.alarms,
            public=feed.public,
        )

    def new_feed(
        self, known: Sequence[KnownSource], *, taken: Collection[str], root: str
    ) -> tuple[Feed | None, Mapping[str, str]]:
        """Make a feed, or tell what is wrong, by field; ``taken`` are the slugs of other feeds, served or not."""
        feed, problems = self._checked(Feed(slug="-", title="", sources=()), known)
        slug = self.slug.strip().lower()
        if not slug:
            slug = choose_slug(self.title, taken, otherwise="calendar")
        elif slug in taken:
            problems["slug"] = _(
                "There is, or once was, another feed with this address: choose another one."
            )
        else:
            try:
                slug = values.slug(slug)
            except ValueError:
                problems["slug"] = _("Write 1 to 64 letters from a to z, digits and hyphens.")
        length = url_length(slug, root)
        if "slug" not in problems and length > LONGEST_URL:
            problems["slug"] = _(
                "The address would be %(length)d characters long, and Google Calendar takes no more than %(most)d: "
                "choose a shorter one.",
                length=length,
                most=LONGEST_URL,
            )
        in_order: dict[str, str] = {
            name: problems[name] for name in ("title", "slug", "sources") if name in problems
        }
        return (None if problems else replace(feed, slug=slug)), in_order

    def changed(
        self, feed: Feed, known: Sequence[KnownSource]
    ) -> tuple[Feed | None, Mapping[str, str]]:
        """Change a feed, whose address and other settings stay, or tell what is wrong, by field."""
        changed, problems = self._checked(feed, known)
        return (None if problems else changed), problems

    def _checked(self, feed: Feed, known: Sequence[KnownSource]) -> tuple[Feed, dict[str, str]]:
        problems: dict[str, str] = {}
        title = self.title
        try:
            title = values.title(self.title)
        except ValueError:
            problems["title"] = _("Write a name of 1 to 255 characters, in one line.")
        by_key = {one.source.key: one.source for one in known}
        # What was there before stays in front: an event that two sources hold is shown from the first.
        before = [source.key for source in feed.sources if source.key in self.sources]
        chosen = [by_key[key] for key in dict.fromkeys((*before, *self.sources)) if key in by_key]
        if not chosen:
            problems["sources"] = _("Choose at least one source.")
        elif len(chosen) < len(self.sources):
            problems["sources"] = _(
                "One of the sources is not known any more: look through the list again."
            )
        changed = replace(
            feed,
            title=title,
            sources=tuple(chosen),
            privacy=self.privacy,
            alarms=self.alarms,
            public=self.public,
        )
        return changed, problems
