"""An upstream event that is not published as Zoho sent it."""

from dataclasses import dataclass
from typing import Literal

from bridge.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event of Zoho with problems: ``dropped``, or ``repaired`` and published.

    ``upstream_id`` is Zoho's own id and ``title`` the event's title, by which a person finds it
    in Zoho. Both may be empty.
    """

    kind: Literal["dropped", "repaired"]
    upstream_id: str
    title: str = ""
    problems: tuple[Problem, ...] = ()


def reasons(rejection: Rejection) -> str:
    """Return the sentences of a rejection's problems, in English."""
    return " ".join(map(str, rejection.problems))
