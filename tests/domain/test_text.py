"""Sanitised upstream text. Expected values come from RFC 5545, the rulebook and Unicode."""

from html.parser import HTMLParser
import re
import unicodedata

from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from bridge.domain.text import clean, clean_html, one_line, without_controls

# Everything that a Python string can contain, with controls and halves of surrogate pairs.
ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from(
            "\r\n\t\x00\x0b\x0c\x1c\x85\u2028\u2029\ufeff\ud83d\ude00\u200d\u0301 \\,;:<>&😀"
        ),
    ),
    max_size=60,
)
TAGS = (
    "<p>|</p>|<br>|<br/>|<div>|</div>|<ul>|<ol>|<li>|</li>|</ul>|<a>|</a>|<b>|</b>|<pre>|</pre>|<td>|<tr>|</table>"
    "|<!--|-->|<![CDATA[|]]>|<![x[|<!x|<?|</|<|>|&|&amp;|&nbsp;|&#0;|&#xD800;|&lt;b&gt;|<img>|<script>|</script>"
    '|<style>|<title>|<svg>|<a href="https://x.org/">|<a href=javascript:1>|<p onclick=x>'
)
MARKUP = st.lists(
    st.one_of(
        st.sampled_from(TAGS.split("|")),
        st.sampled_from(["\n", " ", "x", "two words", "\u2028", "é", "\ud800"]),
    ),
    max_size=25,
).map("".join)
modest = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

CLEAN = [
    # name, given, expected, source
    ("plain text stays", "Team meeting, room 4; bring \\ a pen", "Team meeting, room 4; bring \\ a pen", "rulebook 5: escaping is not done here"),
    ("CRLF is one line break", "a\r\nb", "a\nb", "RFC 5545 3.3.11"),
    ("a lone CR breaks the line", "a\rb", "a\nb", "rulebook 4"),
    ("CR CR LF are two", "a\r\r\nb", "a\n\nb", "rulebook 4"),
    ("NEL breaks the line", "a\x85b", "a\nb", "rulebook 4"),
    ("line separator", "a\u2028b", "a\nb", "rulebook 4: node-ical loses the SUMMARY"),
    ("paragraph separator", "a\u2029b", "a\nb", "rulebook 4"),
    ("Word's soft break (VT) breaks the line", "a\x0bb", "a\nb", "UAX 14 class BK"),
    ("form feed", "a\x0cb", "a\nb", "UAX 14 class BK"),
    ("a tab is a blank", "a\tb", "a b", "rulebook 4: keep no control"),
    ("NUL goes", "a\x00b", "ab", "RFC 5545 3.1 CONTROL"),
    ("escape and bell go", "a\x1b[1mb\x07", "a[1mb", "RFC 5545 3.1 CONTROL"),
    ("DEL goes", "a\x7fb", "ab", "RFC 5545 3.1 CONTROL"),
    ("C1 controls go", "a\x80\x9fb", "ab", "Unicode Cc"),
    ("controls at which str.splitlines() splits go", "a\x1c\x1d\x1eb", "ab", "rulebook 4"),
    ("byte order mark goes", "\ufeffa\ufeffb", "ab", "rulebook 1"),
    ("half a surrogate pair goes", "a\ud83db\ude00", "ab", "UTF-8 can't hold it, RFC 3629 3"),
    ("NFC", "Cafe\u0301", "Caf\u00e9", "rulebook 58"),
    ("a mark set free by a control composes", "e\x00\u0301", "\u00e9", "rulebook 58"),
    ("zero-width joiner stays", "👩\u200d🔬", "👩\u200d🔬", "rulebook 58"),
    ("zero-width non-joiner stays", "می\u200cخواهم", "می\u200cخواهم", "Persian spelling"),
    ("right-to-left marks stay", "\u200fא\u202bב\u202c", "\u200fא\u202bב\u202c", "Unicode bidi"),
    ("blanks at line ends go", "a  \nb \u00a0\n", "a\nb", "rulebook 2"),
    ("empty lines at both ends go", "\n\n  a\n\nb\n\n", "  a\n\nb", "no empty property text"),
    ("only blanks is nothing", " \t\n ", "", "rulebook 9"),
    ("a run of blanks cannot fill a folded line", "a" + " " * 300 + "b", "a" + " " * 60 + "b", "rulebook 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given_text", "expected"), [case[1:3] for case in CLEAN], ids=[case[0] for case in CLEAN]
)
def test_cleaning_follows_the_rules(given_text: str, expected: str) -> None:
    assert clean(given_text) == expected


@modest
@given(ANY_TEXT)
def test_text_without_controls_fits_everywhere_and_reads_the_same(value: str) -> None:
    text = without_controls(value)
    text.encode()
    assert not set(text) & set(map(chr, (*range(9), *range(14, 32), *range(127, 160))))
    assert without_controls(text) == text
    if "\r" not in value:  # a control between CR and LF goes, and they become one line break
        assert clean(text) == clean(value)


@modest
@given(ANY_TEXT)
def test_clean_text_is_normal_and_cleaning_it_changes_nothing(value: str) -> None:
    """Rulebook 2, 4, 58: NFC, UTF-8, no control but line breaks, no blank at the end of a line."""
    text = clean(value)
    text.encode()
    assert unicodedata.is_normalized("NFC", text)
    assert not any(unicodedata.category(c) == "Cc" for c in text.replace("\n", ""))
    assert text.splitlines() == text.split("\n") or not text
    assert all(line == line.rstrip() for line in text.split("\n"))
    assert clean(text) == text


@modest
@given(ANY_TEXT)
def test_cleaning_keeps_every_visible_character(value: str) -> None:
    """Letters, digits and signs in NFC."""

    def visible(text: str) -> list[str]:
        return [
            c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] in "LNPS"
        ]

    assert visible(clean(value)) == visible(
        re.sub("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff\ud800-\udfff]", "", value)
    )


ONE_LINE = [
    ("lines are joined", "a\r\nb\u2028c", 255, "a b c", "rulebook 54"),
    ("blanks collapse", "  a \t b  ", 255, "a b", "rulebook 54"),
    ("255 units fit", "x" * 255, 255, "x" * 255, "rulebook 54"),
    ("256 are cut to 255, the ellipsis among them", "x" * 256, 255, "x" * 254 + "…", "rulebook 54"),
    ("an emoji counts two", "😀" * 127 + "x", 255, "😀" * 127 + "x", "rulebook 54: UTF-16 units"),
    ("never half an emoji", "😀" * 128, 255, "😀" * 127 + "…", "rulebook 54: outside surrogate pairs"),
    ("a cut at an odd position", "x" + "😀" * 128, 255, "x" + "😀" * 126 + "…", "rulebook 54: 1 + 252 + 1, another would be 256"),
    ("no blank before the ellipsis", "ab cd", 4, "ab…", "house style"),
    ("empty", "\n \t", 255, "", "rulebook 9"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given_text", "limit", "expected"),
    [case[1:4] for case in ONE_LINE],
    ids=[case[0] for case in ONE_LINE],
)
def test_one_line_is_short_and_cuts_no_character(
    given_text: str, limit: int, expected: str
) -> None:
    assert one_line(given_text, limit) == expected


@modest
@given(ANY_TEXT, st.integers(1, 40))
def test_one_line_keeps_its_limit_for_any_text(value: str, limit: int) -> None:
    """Rulebook 54. Python's UTF-16 codec counts the length."""
    line = one_line(value, limit)
    assert "\n" not in line
    assert len(line.encode("utf-16-le")) // 2 <= limit
    assert one_line(line, limit) == line


PLAIN = [
    "a < b and b > c",
    "I <3 you",
    "<https://example.org/x>",
    "Write to <ann@example.org>",
    "AT&amp;T and &nbsp; without a tag",
    "x<y>z",
    "if (a<b && c>d)",
    "if a <b and c> d",
    "Put <title> here, <link> there",
    "<-- see above -->",
    "generic List<Appointment>",
]


@pytest.mark.parametrize("value", PLAIN)
def test_text_without_a_known_tag_stays_plain(value: str) -> None:
    """No entity is decoded and no tag removed in text that is not HTML."""
    assert clean_html(value) == (value, "")


RICH = [
    # name, html, plain
    ("paragraphs", "<p>One</p><p>Two</p>", "One\n\nTwo"),
    ("line breaks", "One<br>Two<br/>Three<BR />Four", "One\nTwo\nThree\nFour"),
    ("divs are lines", "<div>One</div><div>Two</div>", "One\nTwo"),
    ("an empty div with a break is an empty line", "<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
    ("at most one empty line", "<p>One</p><br><br><br><p></p><p>&nbsp;</p><p>Two</p>", "One\n\nTwo"),
    ("a break at a block's end is none", "<div>One<br></div>Two", "One\nTwo"),
    ("bullets", "<p>Bring:</p><ul><li>pen</li><li>paper</li></ul>", "Bring:\n\n- pen\n- paper"),
    ("paragraphs in bullets", "<ul><li><p>pen</p></li><li><p>ink</p></li></ul>", "- pen\n\n- ink"),
    ("numbered", "<ol><li>pen</li><li>ink</li></ol>", "- pen\n- ink"),
    ("a list in a list", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
    ("text after a list", "<ul><li>a</li></ul>b", "- a\n\nb"),
    ("cells and rows", "<table><tr><th>When</th><th>What</th></tr><tr><td>9</td><td>Tea</td></tr></table>", "When What\n9 Tea"),
    ("headings", "<h2>Agenda</h2>Talk", "Agenda\n\nTalk"),
    ("a link with words", '<a href="https://x.org/a?b=1&amp;c=2">the page</a>.', "the page (https://x.org/a?b=1&c=2)."),
    ("a link that is its text", '<a href="https://x.org/">https://x.org/</a>', "https://x.org/"),
    ("a link that is almost its text", '<a href="https://www.x.org/">x.org</a>', "x.org"),
    ("a link without text", 'See <a href="https://x.org/"></a>', "See https://x.org/"),
    ("a link around formatting", '<a href="https://x.org/"><b>the</b> page</a>', "the page (https://x.org/)"),
    ("a mail link", '<a href="mailto:a@x.org?subject=Hi">Ann</a>', "Ann (a@x.org)"),
    ("a mail link that is its text", '<a href="mailto:a@x.org">a@x.org</a>', "a@x.org"),
    ("a script link is none", '<a href="javascript:alert(1)">click</a><br>', "click"),
    ("a relative link is none", '<a href="/login">log in</a><br>', "log in"),
    ("links in bullets", '<ul><li><a href="https://x.org/">X</a></li></ul>', "- X (https://x.org/)"),
    ("entities", "<p>Fish &amp; chips &lt;3 &euro;5 &#x1F600;&nbsp;!</p>", "Fish & chips <3 €5 😀 !"),
    ("white space is one blank", "<p>One\n   two <b> three </b> four</p>", "One two three four"),
    ("preformatted text keeps its form", "<pre>a   b\n  c</pre>", "a   b\n  c"),
    ("scripts and styles go", "<style>p{color:red}</style><p>Hi</p><script>alert('<p>x</p>')</script>", "Hi"),
    ("comments go", "<p>a<!-- <p>secret</p> -->b</p>", "ab"),
    ("a title is not text", "<html><head><title>Untitled</title></head><body>Hi</body></html>", "Hi"),
    ("images go", '<p>Hi<img src="https://t.example/pixel.gif"></p>', "Hi"),
    ("unclosed tags", "<p>One<p>Two<b>bold", "One\n\nTwobold"),
    ("own line breaks count when no tag breaks", "One\n<b>Two</b>\nThree", "One\nTwo\nThree"),
    ("Outlook's namespace tags", "<p>Hi<o:p></o:p></p>", "Hi"),
    ("no text at all", "<p><br></p><div>&nbsp;</div>", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "plain"), [case[1:] for case in RICH], ids=[case[0] for case in RICH]
)
def test_html_becomes_plain_text_as_in_a_text_browser(html: str, plain: str) -> None:
    """Rulebook 55: DESCRIPTION is plain."""
    assert clean_html(html)[0] == plain


SANITISED = [
    ("formatting stays", "<p>a <b>b</b> <em>c</em></p>", "<p>a <b>b</b> <em>c</em></p>"),
    ("styles, classes and handlers go", '<p style="x" class="y" onclick="z()" id="q">a</p>', "<p>a</p>"),
    ("images go", '<p>a<img src="https://t.example/p.gif" onerror="x()"></p>', "<p>a</p>"),
    ("script goes with its text", "<p>a</p><script>alert(1)</script>", "<p>a</p>"),
    ("a script link loses its address", '<p><a href="javascript:alert(1)">a</a></p>', "<p><a>a</a></p>"),
    ("a data link too", '<p><a href="data:text/html,x">a</a></p>', "<p><a>a</a></p>"),
    ("a relative link too", '<p><a href="//x.org/">a</a></p>', "<p><a>a</a></p>"),
    ("frames and forms go", '<p>a<iframe src="https://x.org"></iframe></p><form><input value="x"></form>', "<p>a</p>"),
    ("no text is no html", "<p><br></p>", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "expected"), [case[1:] for case in SANITISED], ids=[case[0] for case in SANITISED]
)
def test_html_is_sanitised(html: str, expected: str) -> None:
    """Only formatting and links to web and mail addresses stay (rulebook 55)."""
    assert clean_html(html)[1].replace(' rel="noopener noreferrer"', "") == expected


class _Inventory(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {tag} | {
            f"{name}={(value or '').partition(':')[0].lower()}"
            for name, value in attrs
            if name != "rel"
        }


@modest
@given(st.one_of(MARKUP, ANY_TEXT))
@example("<![x[<p>")
@example("<p>" * 3000)
@example("<pre>\n\n\nx</pre>")
@example("<pre>x<p>\n</p></pre>")
def test_any_text_becomes_clean_plain_text_and_harmless_html(value: str) -> None:
    """No input fails. Nothing in the HTML runs or loads, and sanitising it changes nothing."""
    plain, html = clean_html(value)
    assert clean(plain) == plain
    assert "\n\n\n" not in plain or not html
    if html:
        assert clean_html(html)[1] == html
        inventory = _Inventory()
        inventory.feed(html)
        allowed = {"href=https", "href=http", "href=mailto"}
        assert not {x for x in inventory.names if "=" in x} - allowed
        forbidden = {"script", "style", "img", "iframe", "svg", "title", "object", "form"}
        assert not inventory.names & forbidden
