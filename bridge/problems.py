"""Problems as values: a code with fields, and the English sentence of each code.

Parsers, the client and the refresh pass problems on and the store keeps them. Only pages, the
terminal and logs write sentences; pages translate them. Nothing parses a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
from typing import Any


def N_(sentence: str) -> str:  # noqa: N802 - the name that gettext tools know
    """Return a sentence unchanged; marks it for the catalogues of translations."""
    return sentence


SENTENCES: Mapping[str, str] = {
    "text": "%(text)s",  # of an older database, and Zoho's own words
    "bug": N_("A bug in the bridge (%(error)s); see its log."),
    "duplicate-id": N_(
        "Zoho sent the event twice in one read, with one id. The first one is published."
    ),
    "many-missing": N_(
        "%(gone)s of %(coming)s coming events are missing from Zoho's answer at once. They stay "
        "in the feed until a second read, at least 10 minutes later, agrees."
    ),
    "not-rendered": N_('The event could not be published in feed "%(feed)s": %(why)s'),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: ``code`` is a key of ``SENTENCES``, ``fields`` are the values in its sentence.

    A field is a text, a number, or another problem, whose sentence is then part of this one.
    """

    code: str
    fields: tuple[tuple[str, "str | int | Problem"], ...] = ()

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """Return the sentence, in the language that ``translate`` (gettext) translates to."""
        values = {
            name: value.sentence(translate) if isinstance(value, Problem) else value
            for name, value in self.fields
        }
        return translate(SENTENCES[self.code]) % values

    def __str__(self) -> str:
        return self.sentence()


def problem(code: str, /, **fields: str | int | Problem) -> Problem:
    """Return a problem with its fields by name."""
    assert code in SENTENCES, code
    return Problem(code, tuple(fields.items()))


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
