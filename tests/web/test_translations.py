"""The catalogues: each string of the pages is there, translated, and compiled as it stands."""

from functools import cache
from pathlib import Path
import re
import string
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
import pytest

from bridge.web.language import LANGUAGES

ROOT = Path(__file__).parents[2]
REMEDY = "run `make translations`, fill in what it added, and run it again"
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


@cache
def in_the_code() -> frozenset[object]:
    """Give what the pages say, a pair for what has a plural."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as written:
        methods, options = parse_mapping_cfg(written)
    found = set()
    for folder in ("bridge/web", "templates"):
        # Patterns are those of the whole tree, so that the folder is put in front again.
        mapping = [
            (pattern.removeprefix(f"{folder}/"), method)
            for pattern, method in methods
            if pattern.startswith(folder)
        ]
        own = {pattern.removeprefix(f"{folder}/"): chosen for pattern, chosen in options.items()}
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, mapping, own
        ):
            found.add(message)
    return frozenset(found)


def catalogue(language: str) -> Catalog:
    with (ROOT / f"bridge/translations/{language}/LC_MESSAGES/messages.po").open("rb") as written:
        return read_po(written, locale=language)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_has_every_string_and_no_other(language: Any) -> None:
    known = {message.id for message in catalogue(language) if message.id}
    assert len(in_the_code()) > 50
    assert known == in_the_code(), REMEDY


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated_and_none_is_a_guess(language: Any) -> None:
    for message in catalogue(language):
        if message.id:
            forms = message.string if message.pluralizable else (message.string,)
            assert all(forms), message.id
            assert not message.fuzzy, message.id
            assert not list(message.check(catalogue(language))), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_fills_in_the_same_things(language: Any) -> None:
    """A missing %(name)s hides something from the reader; an unknown one is an error page."""
    for message in catalogue(language):
        if message.id and message.pluralizable:
            wanted = set(re.findall(r"%\((\w+)\)", message.id[1]))
            assert all(
                set(re.findall(r"%\((\w+)\)", form)) >= wanted - {"num"} for form in message.string
            ), message.id
            assert all(
                set(re.findall(r"%\((\w+)\)", form)) <= wanted | {"num"} for form in message.string
            ), message.id
        elif message.id:
            assert sorted(re.findall(r"%\((\w+)\)", message.id)) == sorted(
                re.findall(r"%\((\w+)\)", message.string)
            )


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language: Any) -> None:
    """Servers read the .mo file alone."""
    with (ROOT / f"bridge/translations/{language}/LC_MESSAGES/messages.mo").open("rb") as compiled:
        served = _by_id(read_mo(compiled))
    assert served == _by_id(catalogue(language)), REMEDY


def _by_id(read: Catalog) -> dict[object, object]:
    return {
        tuple(message.id) if message.pluralizable else message.id: tuple(message.string)
        if message.pluralizable
        else message.string
        for message in read
        if message.id
    }


def test_quotes_and_dashes_are_those_of_the_language() -> None:
    """German quotes are „these“; an English pair in a translation is an oversight."""
    for message in catalogue("de"):
        for form in message.string if message.pluralizable else (message.string,):
            assert "”" not in form, form
            assert form.strip(string.whitespace) == form or not message.id
