"""Problems as values: a code with fields, and the English sentence of each code.

Parsers, the client and the refresh pass problems on and the store keeps them. Only pages, the
terminal and logs write sentences; pages translate them. Nothing parses a sentence.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
import json
from typing import Any, TypeAlias

from bridge.domain.sentences import SENTENCES

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: ``code`` is a key of ``SENTENCES``, ``fields`` are the values in its sentence.

    A field is a text, a number, or another problem, whose sentence is then part of this one.
    """

    code: str
    fields: tuple[tuple[str, "Field"], ...] = ()

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """Return the sentence, in the language that ``translate`` (gettext) translates to."""
        values: defaultdict[str, str | int] = defaultdict(str)  # an older release stored fewer
        for name, value in self.fields:
            values[name] = value.sentence(translate) if isinstance(value, Problem) else value
        return translate(SENTENCES[self.code]) % values

    def __str__(self) -> str:
        return self.sentence()


Field: TypeAlias = str | int | Problem


class BadValueError(ValueError):
    """A value that cannot be read; ``problem`` states why."""

    def __init__(self, code: str, /, **fields: Field) -> None:
        self.problem = problem(code, **fields)
        super().__init__(str(self.problem))


def problem(code: str, /, **fields: Field) -> Problem:
    """Return a problem with its fields by name; long texts are cut."""
    assert code in SENTENCES, code
    return Problem(code, tuple((name, _bounded(value)) for name, value in fields.items()))


def _bounded(value: Field) -> Field:
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def reason(error: ValueError) -> Problem:
    """Return the problem of an event that a ValueError ended."""
    if isinstance(error, BadValueError):
        return error.problem
    return problem("unshowable", error=str(error))


def text_problem(text: str) -> Problem:
    """Return a problem whose sentence is ``text`` in every language."""
    return problem("text", text=text)


def dump(value: Problem) -> str:
    """Return a problem as JSON, as the store keeps it."""
    return json.dumps(to_plain(value), ensure_ascii=False)


def load(text: str) -> Problem:
    """Return the problem that ``dump`` wrote, or that an older release stored as a sentence."""
    try:
        return from_plain(json.loads(text))
    except (ValueError, TypeError, KeyError):
        return text_problem(text)


def to_plain(value: Problem) -> dict[str, Any]:
    """Return a problem as a value of JSON."""
    fields = {
        name: to_plain(field) if isinstance(field, Problem) else field
        for name, field in value.fields
    }
    return {"code": value.code, "fields": fields}


def from_plain(value: Any) -> Problem:
    """Return the problem that ``to_plain`` described; a text is a sentence of an older release."""
    if isinstance(value, str):
        return text_problem(value)
    fields = {
        name: from_plain(field) if isinstance(field, dict) else field
        for name, field in value["fields"].items()
    }
    if value["code"] not in SENTENCES:  # a newer release wrote it
        return text_problem(value["code"])
    return problem(value["code"], **fields)
