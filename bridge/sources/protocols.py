"""What sources need of the Zoho client and the store, and what they return."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from bridge.domain.event import Event
from bridge.domain.problems import Problem, reason
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarProfile, Product
from bridge.domain.text import one_line
from bridge.sources.fields import web_address

JSON = "application/json"
_MOST_REPAIRS = 20  # of one event, which may have thousands of bad values
Params: TypeAlias = Mapping[str, str] | None

Raw: TypeAlias = dict[str, Any]
"""One complete fetch of a source as JSON, so that it can be recorded and parsed again."""

CachedAnswer: TypeAlias = tuple[str, Any]
"""An answer that is kept from one fetch to the next, and the version of its subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """The events of one complete fetch, what went wrong, remarks for the admin, the profile."""

    events: tuple[Event, ...]
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[Problem, ...] = ()
    profile: CalendarProfile | None = None


@dataclass(slots=True, kw_only=True)
class Collector:
    """A ``ParseResult`` while it is collected; each remark counts once."""

    events: list[Event] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    profile: CalendarProfile | None = None

    def drop(
        self, upstream_id: str, title: str, why: ValueError | Problem, url: str | None
    ) -> None:
        """Add an event that is not published; ``url`` is that of its page."""
        found, page = why if isinstance(why, Problem) else reason(why), web_address(url)
        rejection = Rejection("dropped", upstream_id, one_line(title), (found,), page)
        self.rejections.append(rejection)

    def repair(
        self, upstream_id: str, title: str, repairs: Iterable[Problem], url: str | None
    ) -> None:
        """Add the repairs of an event that is published, if there are any."""
        if problems := tuple(dict.fromkeys(repairs))[:_MOST_REPAIRS]:
            name, page = one_line(title), web_address(url)
            self.rejections.append(Rejection("repaired", upstream_id, name, problems, page))

    def result(self) -> ParseResult:
        """Return the collected result."""
        notes = tuple(dict.fromkeys(self.notes))
        events, rejections = tuple(self.events), tuple(self.rejections)
        profile = self.profile
        return ParseResult(events=events, rejections=rejections, notes=notes, profile=profile)


class Api(Protocol):
    """The reader of one JSON answer of a product; raises the classes of ``ZohoError``."""

    def get(self, product: Product, path: str, params: Params = None, *, accept: str = JSON) -> Any:
        """GET ``path`` below the product's address; its segments are percent-encoded."""


class AnswerCache(Protocol):
    """Answers of earlier fetches of one source, by name, which spare unneeded requests."""

    def all(self) -> Mapping[str, CachedAnswer]:
        """Return all answers."""

    def keep(self, new: Mapping[str, CachedAnswer], *, gone: Collection[str] = ()) -> None:
        """Add or replace answers, and delete those in ``gone``."""


class NoCache:
    """A cache that keeps nothing, for a single fetch."""

    def all(self) -> Mapping[str, CachedAnswer]:
        """Return no answers."""
        return {}

    def keep(self, new: Mapping[str, CachedAnswer], *, gone: Collection[str] = ()) -> None:
        """Keep nothing."""
