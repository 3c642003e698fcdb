"""Descriptions that cost too much: cut, balanced and shallow before a parser sees them."""

import subprocess
import sys
from typing import Any

from hypothesis import given, settings, strategies as st
import nh3
import pytest

from bridge.domain.html_limits import simplify
from bridge.domain.text import clean_html

KNOWN = {"p", "b", "i", "a", "ul", "li", "div", "br", "table", "tr", "td"}
HOSTILE = {
    "nested blocks": "<div>",
    "nested lists": "<ol><li>x",
    "nested preformatted": "<pre>",
    "misnested": "<b><p></b>x",
    "distinct formatting": "<b id=1><b id=2><i id=3><p>x",
    "unclosed attributes": "<b id='",
    "unclosed comments": "<!--",
    "unclosed scripts": "<script ",
    "signs": "<&",
}
PARAGRAPH = (
    '<div class="a" style="x: >"><p id=1>One <B>bold</B> &amp; <a class=c href="https://x.org/?a=1">'
    "link</a><p>Two<br/>2 < 3<ul><li>a<ul><li>b</ul><li>c</ul><!-- <b> --><script>1<2</script>"
    "<table><tr><td>x<td>y<tr><td>z</table><span>s</span></div>\n"
)


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_a_parser_gets_a_short_and_shallow_text(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs: list[str] = []
    sanitise = nh3.clean

    def record(html: str, **options: Any) -> str:
        inputs.append(html)
        return sanitise(html, **options)

    monkeypatch.setattr("nh3.clean", record)
    plain, html = clean_html("<p>" + part * 20_000)
    (html_in,) = inputs
    assert max_depth(html_in) <= 100
    assert len(html_in) <= 4 * 256 * 1024
    assert (len(plain) <= 64 * 1024, len(html) <= 2 * 256 * 1024) == (True, True)


def test_a_long_text_is_cut_with_a_mark() -> None:
    for value in ("word " * 100_000, "<p>" + "word " * 100_000):
        plain, html = clean_html(value)
        assert plain.endswith("word…")
        assert (64 * 1024 - 6 < len(plain) <= 64 * 1024, html) == (True, "")


def test_usual_html_is_read_as_without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    def unchanged(html: str, *_tags: set[str]) -> str:
        return html

    limited = clean_html(PARAGRAPH * 100)
    monkeypatch.setattr("bridge.domain.text.simplify", unchanged)
    plain, html = clean_html(PARAGRAPH * 100)
    assert limited[0] == plain
    assert limited[1] == html


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(f"<{n}>" for n in sorted(KNOWN)),
                *(f"</{n}>" for n in KNOWN),
                "x",
                "<x y='1'>",
                "</x>",
                "<",
            ]
        )
    )
)
def test_simple_html_is_balanced_and_keeps_its_text(parts: list[str]) -> None:
    html = simplify("".join(parts), KNOWN, KNOWN)
    assert html.count("x") == parts.count("x")
    assert html.count("&lt;") <= parts.count("<")
    assert simplify(html, KNOWN, KNOWN) == html
    for name in KNOWN - {"br"}:
        assert html.count(f"<{name}>") == html.count(f"</{name}>")


@pytest.mark.slow
def test_hostile_descriptions_of_two_megabytes_take_seconds() -> None:
    code = (
        "import resource, sys\n"
        "from bridge.domain.text import clean_html\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "for part in sys.argv[1:]:\n"
        "    clean_html('<p>' + part * (2_000_000 // len(part)))\n"
    )
    subprocess.run([sys.executable, "-c", code, *HOSTILE.values()], check=True)


def max_depth(html: str) -> int:
    """Return the greatest number of open elements in balanced HTML."""
    depth = deepest = 0
    for part in html.split("<")[1:]:
        depth += -1 if part.startswith("/") else not part.startswith("br")
        deepest = max(deepest, depth)
    return deepest
