"""A fake Zoho API for the tests of sources: it answers by path and records every request."""

from collections.abc import Callable, Collection, Mapping
import json
from threading import Lock
from typing import Any, TypeAlias

Params: TypeAlias = Mapping[str, str]
Answers: TypeAlias = Mapping[str, Any] | Callable[[str, Params], Any]


class FakeApi:
    """Answers by path and parameters.

    ``path#2`` is the answer to a page, day or network 2. An exception as an answer is raised.
    ``calls`` are product, path, parameters and Accept.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.calls: list[tuple[str, str, dict[str, str], str]] = []
        self._lock = Lock()

    @property
    def requests(self) -> list[tuple[str, dict[str, str]]]:
        """Path and parameters of every request."""
        return [(path, params) for _, path, params, _ in self.calls]

    def get(
        self,
        product: str,
        path: str,
        params: Params | None = None,
        *,
        accept: str = "application/json",
    ) -> Any:
        """Return or raise the answer to a request."""
        asked = dict(params or {})
        with self._lock:
            self.calls.append((product, path, asked, accept))
        if callable(self.answers):
            answer = self.answers(path, asked)
        else:
            part = asked.get("page") or asked.get("day") or asked.get("scopeID")
            name = f"{path}#{part}"
            answer = self.answers[name if name in self.answers else path]
        if isinstance(answer, Exception):
            raise answer
        return answer


class JsonCache:
    """An ``AnswerCache`` in memory, whose answers pass through JSON as in the store."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, Any]] = {}

    def all(self) -> dict[str, tuple[str, Any]]:
        """Return all answers."""
        return dict(self.answers)

    def keep(self, new: Mapping[str, tuple[str, Any]], *, gone: Collection[str] = ()) -> None:
        """Add or replace answers, and delete those in ``gone``."""
        for name, (version, answer) in new.items():
            self.answers[name] = version, json.loads(json.dumps(answer))
        for name in gone:
            self.answers.pop(name, None)
