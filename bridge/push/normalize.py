"""Texts in a form in which calendar programs do not change them.

Programs change blanks and empty lines, and Outlook writes the address behind a link once more.
"""

import re

from bridge.domain.text import clean

_ADDRESS = re.compile(r"\s*<[^<>\s]+>$")


def collapse(text: str) -> str:
    """Return a text of one line with single blanks."""
    return " ".join(clean(text).split())


def collapse_line(line: str) -> str:
    """Return one line of a longer text with single blanks, without the address behind a link."""
    return " ".join(_ADDRESS.sub("", line).split())


def split_lines(text: str) -> list[str]:
    """Return the lines of a longer text in that form, without empty lines."""
    return [line for line in map(collapse_line, clean(text).split("\n")) if line]
