"""Texts as calendar programs give them back: the same words with other blanks, empty lines, and links said twice."""

import re

from bridge.domain.text import clean

# Outlook writes the address once more behind a link.
_ADDRESS_AGAIN = re.compile(r"\s*<[^<>\s]+>$")


def words(text: str) -> str:
    """Give a text of one line for a comparison."""
    return " ".join(clean(text).split())


def bare(line: str) -> str:
    """Give one line of a longer text for a comparison."""
    return " ".join(_ADDRESS_AGAIN.sub("", line).split())


def lines(text: str) -> list[str]:
    """Give a longer text for a comparison; empty lines come and go with the program."""
    return [found for line in clean(text).split("\n") if (found := bare(line))]
