"""The form of a feed of the admin's own: its values as typed, and all mistakes in them by field."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from bridge.config import values
from bridge.config.addresses import LONGEST_URL, choose_slug, url_length
from bridge.config.feeds import FEED_KEYS
from bridge.config.show import plain_value
from bridge.domain.feed import Feed
from bridge.domain.source_rule import Condition, SourceRule
from bridge.store.feeds import KnownSource

FACTS = ("all_day", "private", "declined")
_FLAGS = ("public", "show_private", "indexed")
_DAYS = ("past", "future")
_ALARMS = {"true": True, "false": False}
_TEXTS = ("title", "privacy", "exceptions", "cancelled", "duplicates", "reminder")


@dataclass(frozen=True, slots=True)
class FeedForm:
    """The fields of the form as typed. An empty ``slug`` is derived from the title.

    ``source`` has keys. The fields of a source's rule end with a blank and its key.
    """

    typed: MultiDict[str, str]

    @classmethod
    def from_feed(cls, feed: Feed) -> "FeedForm":
        """Return the form as it stands for a feed."""
        typed: dict[str, Any] = {name: plain_value(getattr(feed, name)) for name in _TEXTS}
        typed |= {name: str(getattr(feed, name).days) for name in _DAYS}
        typed |= {"alarms": str(feed.alarms).lower(), "color": feed.color}
        typed |= {name: "1" for name in _FLAGS if getattr(feed, name)}
        typed["source"] = [source.key for source in feed.sources]
        for rule in feed.rules:
            typed |= {f"{name} {rule.source}": text for name, text in _rule_texts(rule).items()}
        return cls(MultiDict(typed))

    @property
    def sources(self) -> tuple[str, ...]:
        """The keys of the selected sources."""
        return tuple(dict.fromkeys(self.typed.getlist("source")))

    def to_feed(
        self,
        known: Sequence[KnownSource],
        old: Feed | None = None,
        *,
        taken: Collection[str] = (),
        root: str = "",
    ) -> tuple[Feed | None, Mapping[str, str]]:
        """Return a feed with these values, or None and the mistakes: codes by field.

        It keeps the slug of ``old``, and settings whose field is missing. Without ``old`` it is
        new: ``taken`` are the slugs of all other feeds, and ``root`` is the address of the bridge.
        """
        problems: dict[str, str] = {}
        by_key = {row.source.key: row.source for row in known}
        # The old sources stay first: an event of two sources is shown from the first.
        old_keys = [source.key for source in old.sources] if old else []
        keys = [*(key for key in old_keys if key in self.sources), *self.sources]
        sources = tuple(by_key[key] for key in dict.fromkeys(keys) if key in by_key)
        title, slug = self.typed.get("title", ""), self.typed.get("slug", "").strip().lower()
        fields: dict[str, Any] = {name: name in self.typed for name in _FLAGS}
        for name, parse in _PARSERS.items():
            try:
                if name == "title" or name in self.typed:
                    fields[name] = parse(self.typed.get(name, "").strip())
            except ValueError:
                problems[name] = name
        if old is None:
            slug = slug or choose_slug(title, taken, otherwise="calendar")
            if mistake := _slug_mistake(slug, taken, root):
                problems["slug"] = mistake
        if not sources:
            problems["sources"] = "sources"
        elif len(sources) < len(self.sources):
            problems["sources"] = "sources-gone"
        try:
            rules = [self._rule(source.key) for source in sources]
        except ValueError:
            problems["rules"] = "rules"
        if problems:
            return None, problems
        fields["rules"] = tuple(rule for rule in rules if rule != SourceRule(source=rule.source))
        base = old or Feed(slug=slug, title=title, sources=sources)
        return replace(base, sources=sources, **fields), {}

    def _rule(self, key: str) -> SourceRule:
        prefix = self.typed.get(f"prefix {key}", "")
        conditions = {name: self._condition(name, key) for name in ("only", "without")}
        return SourceRule(source=key, prefix=prefix and values.prefix(prefix), **conditions)

    def _condition(self, name: str, key: str) -> Condition:
        facts = (fact for fact in FACTS if self.typed.get(f"{fact} {key}") == name)
        fields: dict[str, Any] = dict.fromkeys(facts, True)
        for field in ("words", "categories"):
            lines = self.typed.get(f"{name}-{field} {key}", "").splitlines()
            if texts := [line for line in lines if line.strip()]:
                fields[field] = values.words(texts)
        return Condition(**fields)


def _rule_texts(rule: SourceRule) -> dict[str, str]:
    """Return a rule as the form has it. A fact is asked for in ``only`` or in ``without``."""
    texts = {"prefix": rule.prefix}
    both = ("only", rule.only, rule.without), ("without", rule.without, rule.only)
    for name, condition, other in both:
        texts[f"{name}-words"] = "\n".join(condition.words)
        texts[f"{name}-categories"] = "\n".join(condition.categories)
        for fact in FACTS:
            if getattr(condition, fact) is True or getattr(other, fact) is False:
                texts[fact] = name
    return texts


def _slug_mistake(slug: str, taken: Collection[str], root: str) -> str:
    """Return the code of what is wrong with the slug of a new feed, empty if nothing is."""
    if slug in taken:
        return "slug-taken"
    try:
        values.slug(slug)
    except ValueError:
        return "slug"
    # A command takes "-x" for an option, and /feeds/new is the form itself.
    if slug.startswith("-") or slug == "new":
        return "slug"
    return "slug-long" if url_length(slug, root) > LONGEST_URL else ""


_PARSERS: Mapping[str, values.Parser] = {
    **{name: FEED_KEYS[name] for name in _TEXTS},
    "past": lambda text: FEED_KEYS["past"](f"{text}d"),
    "future": lambda text: FEED_KEYS["future"](f"{text}d"),
    "alarms": lambda text: FEED_KEYS["alarms"](_ALARMS.get(str(text), text)),
    "color": lambda text: text and FEED_KEYS["color"](text),
}
