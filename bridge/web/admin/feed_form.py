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
        names = ("title", "slug", "privacy", "public")
        same = {name: getattr(feed, name) for name in names}
        keys = tuple(source.key for source in feed.sources)
        return cls(sources=keys, alarms=bool(feed.alarms), **same)

    def to_feed(
        self,
        known: Sequence[KnownSource],
        old: Feed | None = None,
        *,
        taken: Collection[str] = (),
        root: str = "",
    ) -> tuple[Feed | None, Mapping[str, str]]:
        """Return a feed with these values, or None and the mistakes by field.

        It keeps the slug and all other settings of ``old``. Without ``old`` it is new: ``taken``
        are the slugs of all other feeds, and ``root`` is the address of the bridge.
        """
        problems: dict[str, str] = {}
        title, slug = self.title, self.slug.strip().lower()
        try:
            title = values.title(self.title)
        except ValueError:
            problems["title"] = _("Enter a name of 1 to 255 characters, in one line.")
        if old is None:
            slug = slug or choose_slug(self.title, taken, otherwise="calendar")
            if mistake := _slug_mistake(slug, taken, root):
                problems["slug"] = mistake
        by_key = {row.source.key: row.source for row in known}
        # The old sources stay first: an event of two sources is shown from the first.
        old_keys = [source.key for source in old.sources] if old else []
        keys = [*(key for key in old_keys if key in self.sources), *self.sources]
        sources = tuple(by_key[key] for key in dict.fromkeys(keys) if key in by_key)
        if not sources:
            problems["sources"] = _("Select at least one source.")
        elif len(sources) < len(self.sources):
            problems["sources"] = _("A source no longer exists. Check the list again.")
        if problems:
            return None, problems
        feed = replace(
            old or Feed(slug=slug, title=title, sources=sources),
            title=title,
            sources=sources,
            privacy=self.privacy,
            alarms=old.alarms if old and bool(old.alarms) == self.alarms else self.alarms,
            public=self.public,
        )
        return feed, {}


def taken_text() -> str:
    """Return the mistake that another feed has, or had, the same address."""
    return str(_("Another feed uses, or once used, this address. Choose another name."))


def _slug_mistake(slug: str, taken: Collection[str], root: str) -> str:
    if slug in taken:
        return taken_text()
    try:
        values.slug(slug)
    except ValueError:
        return str(_("Use 1 to 64 letters from a to z, digits and hyphens."))
    length = url_length(slug, root)
    if length <= LONGEST_URL:
        return ""
    text = _(
        "The address would have %(length)d characters, but Google Calendar accepts %(most)d at "
        "most. Choose a shorter name.",
        length=length,
        most=LONGEST_URL,
    )
    return str(text)
