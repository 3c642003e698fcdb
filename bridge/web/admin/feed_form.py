"""The form of a feed of the admin's own: its values, and all mistakes in them by field."""

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
class FeedForm:
    """The values of the form; ``sources`` are keys. An empty ``slug`` is derived from the title."""

    title: str = ""
    slug: str = ""
    sources: tuple[str, ...] = ()
    privacy: Literal["full", "busy"] = "full"
    alarms: bool = True
    public: bool = False

    @classmethod
    def from_request(cls, form: MultiDict[str, str]) -> "FeedForm":
        """Return the values of a request, as typed."""
        return cls(
            title=form.get("title", ""),
            slug=form.get("slug", ""),
            sources=tuple(dict.fromkeys(form.getlist("source"))),
            privacy="busy" if form.get("privacy") == "busy" else "full",
            alarms="alarms" in form,
            public="public" in form,
        )

    @classmethod
    def from_feed(cls, feed: Feed) -> "FeedForm":
        """Return the values of a feed."""
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
        """Return a new feed, or None and the mistakes by field; ``taken`` are all other slugs."""
        feed, problems = self._checked(Feed(slug="-", title="", sources=()), known)
        slug = self.slug.strip().lower()
        if not slug:
            slug = choose_slug(self.title, taken, otherwise="calendar")
        elif slug in taken:
            problems["slug"] = taken_text()
        else:
            try:
                slug = values.slug(slug)
            except ValueError:
                problems["slug"] = _("Use 1 to 64 letters from a to z, digits and hyphens.")
        length = url_length(slug, root)
        if "slug" not in problems and length > LONGEST_URL:
            problems["slug"] = _(
                "The address would have %(length)d characters, but Google Calendar accepts "
                "%(most)d at most. Choose a shorter name.",
                length=length,
                most=LONGEST_URL,
            )
        in_order = [name for name in ("title", "slug", "sources") if name in problems]
        mistakes: dict[str, str] = {name: problems[name] for name in in_order}
        return (None if problems else replace(feed, slug=slug)), mistakes

    def changed_feed(
        self, feed: Feed, known: Sequence[KnownSource]
    ) -> tuple[Feed | None, Mapping[str, str]]:
        """Return a feed with these values and its old slug, or None and the mistakes by field."""
        changed, problems = self._checked(feed, known)
        return (None if problems else changed), problems

    def _checked(self, feed: Feed, known: Sequence[KnownSource]) -> tuple[Feed, dict[str, str]]:
        problems: dict[str, str] = {}
        title = self.title
        try:
            title = values.title(self.title)
        except ValueError:
            problems["title"] = _("Enter a name of 1 to 255 characters, in one line.")
        by_key = {row.source.key: row.source for row in known}
        # The feed's old sources stay first: an event of two sources is shown from the first.
        old = [source.key for source in feed.sources if source.key in self.sources]
        sources = [by_key[key] for key in dict.fromkeys((*old, *self.sources)) if key in by_key]
        if not sources:
            problems["sources"] = _("Select at least one source.")
        elif len(sources) < len(self.sources):
            problems["sources"] = _("A source no longer exists. Check the list again.")
        changed = replace(
            feed,
            title=title,
            sources=tuple(sources),
            privacy=self.privacy,
            alarms=self.alarms,
            public=self.public,
        )
        return changed, problems


def taken_text() -> str:
    """Return the mistake that another feed has, or had, the same address."""
    return str(_("Another feed uses, or once used, this address. Choose another name."))
