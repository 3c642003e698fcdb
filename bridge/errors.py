"""Every exception the bridge raises on purpose: one class per remedy.

A message is a sentence for a person: what happened, to which setting, feed or upstream event, and what to do.
Messages never hold a secret. Bugs are not caught here; they propagate.
"""

from collections.abc import Sequence

from bridge.problems import Problem, text_problem


class BridgeError(Exception):
    """Something a person can mend; ``str()`` of it is fit to be shown."""

    exit_code = 1


class ConfigError(BridgeError):
    """The settings are wrong; ``problems`` holds one sentence each, with the setting's name and the remedy."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class StoreError(BridgeError):
    """The database can't be opened, is of a newer schema, or refuses to be written."""


class ZohoError(BridgeError):
    """An answer of Zoho that is not the data asked for; the last good feed stays published."""

    retry_after: float | None = None  # seconds until another try makes sense, if Zoho named them

    @property
    def problem(self) -> Problem:
        """The error as a value."""
        return text_problem(str(self))


class LoginError(ZohoError):
    """Client id, secret or refresh token is refused: log in again (or in the right data centre)."""


class ScopeError(ZohoError):
    """The refresh token does not carry the scope: make one that does."""


class NotFoundError(ZohoError):
    """Zoho does not know the portal, event, network, group or calendar: correct the id."""


class SlowDownError(ZohoError):
    """Zoho throttles, or the bridge's own budget is used up: wait ``retry_after`` seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(ZohoError):
    """Zoho can't be reached or answers with a fault of its own (5xx, HTML, a cut body): it passes."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadDataError(ZohoError):
    """Zoho answered, but not in the documented shape: the source's refresh fails as a whole."""
