"""Catalogues have every string of the pages and problems, translated and compiled."""

from functools import cache
from pathlib import Path
import re
import string

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
import pytest

from bridge.web.language import LANGUAGES

ROOT = Path(__file__).parents[2]
REMEDY = "run `make translations`, fill in what it added, and run it again"
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


@cache
def extract() -> frozenset[object]:
    """Return the strings of the pages, a pair for those with a plural."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    strings = set()
    keywords = {**DEFAULT_KEYWORDS, "N_": None}
    for folder in ("bridge", "templates"):
        # The patterns are relative to the root of the tree, the paths to the folder.
        mapping = [
            (pattern.removeprefix(f"{folder}/"), method)
            for pattern, method in methods
            if pattern.startswith(folder)
        ]
        own = {pattern.removeprefix(f"{folder}/"): values for pattern, values in options.items()}
        messages = extract_from_dir(ROOT / folder, mapping, own, keywords=keywords)
        strings |= {message for _file, _line, message, _comments, _context in messages}
    return frozenset(strings)


def catalogue(language: str) -> Catalog:
    with (ROOT / f"bridge/web/translations/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_has_every_string_and_no_other(language: str) -> None:
    known = {message.id for message in catalogue(language) if message.id}
    assert len(extract()) > 50
    assert known == extract(), REMEDY


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated_and_no_entry_is_fuzzy(language: str) -> None:
    messages = catalogue(language)
    for message in messages:
        if message.id:
            assert all(forms(message)), message.id
            assert not message.fuzzy, message.id
            assert not list(message.check(messages)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_has_the_fields_of_its_string(language: str) -> None:
    """A missing %(name)s hides a value from the reader; an unknown one is an error page."""
    for message in catalogue(language):
        expected = sorted(re.findall(r"%\((\w+)\)", ids(message)[-1]))
        for form in forms(message) if message.id else ():
            fields = sorted(re.findall(r"%\((\w+)\)", form))
            if message.pluralizable:  # "num" may be a word in either form
                assert set(fields) - {"num"} == set(expected) - {"num"}, message.id
            else:
                assert fields == expected, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    """Servers read the .mo file alone."""
    with (ROOT / f"bridge/web/translations/{language}/LC_MESSAGES/messages.mo").open("rb") as file:
        compiled = {ids(m): forms(m) for m in read_mo(file) if m.id}
    assert compiled == {ids(m): forms(m) for m in catalogue(language) if m.id}, REMEDY


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_quotes_are_those_of_the_language() -> None:
    """German quotes are „these“; an English pair in a translation is a mistake."""
    for message in catalogue("de"):
        for form in forms(message):
            assert "”" not in form, form
            assert form.strip(string.whitespace) == form or not message.id
