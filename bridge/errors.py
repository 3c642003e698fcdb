"""Every exception the bridge raises on purpose: one class per remedy.

A message is a sentence for a person: what happened, to which setting, feed or upstream event, and
what to do. Messages never hold a secret. Bugs are not caught here: they propagate.
"""

from collections.abc import Sequence

from bridge.domain.problems import Field, problem


class BridgeError(Exception):
    """An error that a person can correct; its ``str()`` can be shown."""

    exit_code = 1


class ConfigError(BridgeError):
    """Wrong settings; ``problems`` are sentences with the setting's name and the remedy."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class StoreError(BridgeError):
    """The database can't be opened or written, or has a newer schema."""


class StoppedError(BridgeError):
    """The process ends, so Zoho is not asked any more: no failure of a source."""

    def __init__(self) -> None:
        super().__init__("The request to Zoho was given up, because the process ends.")


class ZohoError(BridgeError):
    """A request to Zoho without the data asked for; the last good feed stays published.

    ``kind`` is the code of the error's ``problem``, and ``fields`` are further values of its
    sentence. ``product`` is a name ("Zoho Calendar"), ``code`` is Zoho's own, ``said`` are Zoho's
    words in one line without secrets, and ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        kind: str,
        /,
        *,
        product: str = "",
        host: str = "",
        path: str = "",
        status: int = 0,
        code: str = "",
        said: str = "",
        retry_after: float | None = None,
        **fields: Field,
    ) -> None:
        self.product, self.host, self.path = product, host, path
        self.status, self.code, self.said = status, code, said
        self.retry_after = retry_after
        named: dict[str, Field] = {"product": product, "host": host, "path": path}
        named = {name: value for name, value in (named | {"status": status}).items() if value}
        self.problem = problem(kind, **named, **fields)
        if said:
            self.problem = problem("with-words", problem=self.problem, said=said.rstrip("."))
        super().__init__(kind)

    def __str__(self) -> str:
        return str(self.problem)


class LoginError(ZohoError):
    """Zoho refuses client id, secret or refresh token: log in again, in the right data centre."""


class ScopeError(ZohoError):
    """The refresh token does not carry the scope: make one that does."""


class NotFoundError(ZohoError):
    """Zoho does not know the portal, event, network, group or calendar: correct the id."""


class SlowDownError(ZohoError):
    """Zoho throttles, or the bridge's own limit is reached: wait ``retry_after`` seconds."""


class NotYetError(SlowDownError):
    """The bridge's own limit is reached: no failure, a request has its turn in ``retry_after``."""


class UnavailableError(ZohoError):
    """Zoho can't be reached or has a fault of its own (5xx, HTML, a cut body): it passes."""


class BadDataError(ZohoError):
    """Zoho answered, but not in the documented shape: the source's refresh fails as a whole."""
