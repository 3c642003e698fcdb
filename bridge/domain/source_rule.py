"""Rules for the events of one source of a feed: a prefix, and conditions of what the feed shows.

Pure. A rule is judged on an event as Zoho has it, before a feed hides any detail.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
import re
import unicodedata

from bridge.domain.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Properties that an event can have. An empty list and None are no condition.

    ``words`` are found in title, place and description, ``categories`` are whole names. One of a
    list is enough. Case and accents do not count. ``*`` at an end of a word stands for the rest.
    """

    words: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    all_day: bool | None = None
    private: bool | None = None
    declined: bool | None = None

    def results(self, event: Event) -> Iterator[bool]:
        """Yield for each condition whether the event meets it."""
        if self.words:
            texts = (event.title, event.place.line if event.place else "", event.description)
            yield bool(_pattern(self.words).search("\n".join(map(fold, texts))))
        if self.categories:
            yield not {*map(fold, event.categories)}.isdisjoint(map(fold, self.categories))
        facts = (event.all_day, event.private, event.answer == "declined")
        for expected, fact in zip((self.all_day, self.private, self.declined), facts, strict=True):
            if expected is not None:
                yield expected is fact


NO_CONDITION = Condition()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """What a feed changes in the events of the source with the key ``source``.

    An event has to meet every condition of ``only`` and none of ``without``. ``prefix`` begins the
    titles that the feed shows.
    """

    source: str = ""
    prefix: str = ""
    only: Condition = NO_CONDITION
    without: Condition = NO_CONDITION

    @property
    def is_selective(self) -> bool:
        """Whether it can leave events out."""
        return (self.only, self.without) != (NO_CONDITION, NO_CONDITION)

    def allows(self, event: Event) -> bool:
        """Return whether the feed shows an event. Changed instances are judged one by one."""
        return all(self.only.results(event)) and not any(self.without.results(event))

    def allows_instance(self, instance: Event, series: Event) -> bool:
        """Return whether the feed shows a changed instance of a series, by its own texts."""
        private, answer = instance.private or series.private, instance.answer or series.answer
        return self.allows(replace(instance, private=private, answer=answer))

    def left_out(self, events: Iterable[Event]) -> Iterator[str]:
        """Yield the titles of the events and changed instances that the feed does not show."""
        for event in events:
            if not self.allows(event):
                yield event.title
            yield from (o.title for o in event.overrides if not self.allows_instance(o, event))


NO_RULE = SourceRule()


def fold(text: str) -> str:
    """Return text for comparisons: NFKD, without case and accents, with single blanks."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of whole words: "it" is not in "with", which "*it*" would be."""
    parts = []
    for word in map(fold, words):
        start, end = ("" if word.startswith("*") else r"(?<!\w)"), r"(?!\w)" * (word[-1:] != "*")
        parts.append(start + re.escape(word.strip("*").strip()) + end)
    return re.compile("|".join(parts))
