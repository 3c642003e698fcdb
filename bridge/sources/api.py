"""What a source needs of the Zoho client, so that no source depends on how the client works."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, Protocol, TypeAlias

Product: TypeAlias = Literal["backstage", "connect", "calendar"]

Raw: TypeAlias = dict[str, Any]
"""One complete fetch of a source: the JSON as received, so that it can be recorded and parsed again."""

Detail: TypeAlias = tuple[str, Any]
"""An answer that is kept from one fetch to the next, and the version of the thing that it is about."""


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


class Details(Protocol):
    """Answers of earlier fetches of one source, by name: what has not changed needn't be asked for again."""

    def all(self) -> Mapping[str, Detail]:
        """Give all that is kept."""

    def keep(self, new: Mapping[str, Detail], *, gone: Collection[str] = ()) -> None:
        """Keep answers, over those of the same name, and drop the ones in ``gone``."""


class NoDetails:
    """Keeps nothing: for a fetch that stands by itself."""

    def all(self) -> Mapping[str, Detail]:
        """Give nothing."""
        return {}

    def keep(self, new: Mapping[str, Detail], *, gone: Collection[str] = ()) -> None:
        """Forget them."""
