"""An upstream event that is not published as Zoho sent it."""

from dataclasses import dataclass
from typing import Literal

from bridge.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event of Zoho with problems: ``dropped``, or ``repaired`` and published.

    ``upstream_id`` is Zoho's own id, ``title`` the event's title and ``url`` that of its page, by
    which a person finds it in Zoho. Each may be empty.
    """

    kind: Literal["dropped", "repaired"]
    upstream_id: str
    title: str = ""
    problems: tuple[Problem, ...] = ()
    url: str = ""


def reasons(rejection: Rejection) -> str:
    """Return the sentences of a rejection's problems, in English."""
    return " ".join(map(str, rejection.problems))
