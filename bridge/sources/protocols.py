"""What a source needs of the Zoho client, so that no source depends on how the client works."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from bridge.domain.event import Event
from bridge.domain.rejection import Rejection
from bridge.problems import Problem

Product: TypeAlias = Literal["backstage", "connect", "calendar"]

Raw: TypeAlias = dict[str, Any]
"""One complete fetch of a source: the JSON as received, so that it can be recorded and parsed again."""

CachedAnswer: TypeAlias = tuple[str, Any]
"""An answer that is kept from one fetch to the next, and the version of the thing that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What one complete fetch of a source says: its events, what went wrong, and remarks for the admin."""

    events: tuple[Event, ...]
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[Problem, ...] = ()


class Api(Protocol):
    """Reads one JSON answer of a product; raises the classes of ``ZohoError``."""

    def get(
        self,
        product: Product,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
    ) -> Any:
        """GET ``path`` (segments percent-encoded, starting with a slash) below the product's base address."""


class AnswerCache(Protocol):
    """Answers of earlier fetches of one source, by name: what has not changed needn't be asked for again."""

    def all(self) -> Mapping[str, CachedAnswer]:
        """Give all that is kept."""

    def keep(self, new: Mapping[str, CachedAnswer], *, gone: Collection[str] = ()) -> None:
        """Keep answers, over those of the same name, and drop the ones in ``gone``."""


class NoCache:
    """Keeps nothing: for a fetch that stands by itself."""

    def all(self) -> Mapping[str, CachedAnswer]:
        """Give nothing."""
        return {}

    def keep(self, new: Mapping[str, CachedAnswer], *, gone: Collection[str] = ()) -> None:
        """Forget them."""
