"""The CSS3 name of a colour, for COLOR (RFC 7986 5.9)."""

import pytest

from bridge.feed.color import color_name
from bridge.feed.document import find_color, join_document


@pytest.mark.parametrize(
    ("color", "name"),
    [
        # Values of CSS Color Module Level 3, 4.3.
        ("#9acd32", "yellowgreen"),
        ("#FF0000", "red"),
        ("#000000", "black"),
        ("#f0f8ff", "aliceblue"),
        ("#00ffff", "aqua"),
        ("#800080", "purple"),
        # Near ones.
        ("#8cbf40", "yellowgreen"),
        ("#fe0101", "red"),
        ("#010101", "black"),
        ("#fffffe", "white"),
    ],
)
def test_a_colour_has_the_nearest_name(color: str, name: str) -> None:
    assert color_name(color) == name


def test_a_document_has_a_colour_by_name_and_by_number() -> None:
    document = join_document(title="Team", blobs=[], zones=[], color="#8cbf40")
    lines = document.decode().split("\r\n")
    names = lines.index("X-WR-CALNAME:Team")
    assert lines[names + 1 : names + 3] == ["COLOR:yellowgreen", "X-APPLE-CALENDAR-COLOR:#8CBF40"]
    assert find_color(document) == "#8cbf40"


def test_a_document_without_a_colour_has_none() -> None:
    document = join_document(title="X-APPLE-CALENDAR-COLOR:#8CBF40", blobs=[], zones=[])
    assert b"\r\nCOLOR" not in document
    assert find_color(document) == ""
