"""Sanitised text from upstream: no control characters, one form of line break, HTML as plain text.

It must not know events. Folding and escaping belong to the renderers of iCalendar.
"""

from html.parser import HTMLParser
import re
import unicodedata

import nh3

from bridge.domain.html_limits import simplify
from bridge.domain.problems import Problem, problem

CANCELLED_MARK = "[Cancelled] "  # starts the title of a cancelled event, if the feed marks these
NO_TITLE = "(No title)"  # replaces an empty title: every event has a SUMMARY (rulebook 54)

_LONGEST_INPUT = 256 * 1024
_LONGEST_TEXT = 64 * 1024
_MANY_TAGS = 1000  # from here on, nested or misnested tags may cost a parser seconds

_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
# A long run of blanks could fill a whole folded line, and clients refuse a blank line (rulebook 3).
_LONG_RUN = re.compile(" {61,}")


def _names(text: str) -> set[str]:
    return set(text.split())


_BLOCKS = _names(
    "address article aside blockquote dd div dl dt footer header hr main nav section table tr"
)
_PARAGRAPHS = _names("h1 h2 h3 h4 h5 h6 ol p pre ul")
_INLINE = _names(
    "a abbr b br code del em i ins li mark q s small span strong sub sup tbody td th thead u"
)
_TAGS = _BLOCKS | _PARAGRAPHS | _INLINE
_LISTS = _names("ol ul")
_INVISIBLE = _names("script style title")
# Tags that prove that a text is HTML. "<title>" and "<link>" do not: people write them in plain
# text for "put the title here".
_PROOFS = _TAGS | _names("body center font head html img script style")
# "a <b and c> d" has no attribute, and is not HTML.
_ATTRIBUTE = r"""\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)"""
_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_PROOFS))})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_BREAKING = re.compile(rf"<(?:br|li|{'|'.join(sorted(_BLOCKS | _PARAGRAPHS))})\b", re.IGNORECASE)
_PRE_START = re.compile(r"<pre>\s*\n")  # HTML parsers drop one line break there
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)


def without_controls(value: str) -> str:
    """Return the text without characters that UTF-8, a database or a page cannot hold.

    Line breaks, tabs, joiners and direction marks stay.
    """
    if value.isprintable():  # a lone half of a surrogate pair is not
        return value
    return _CONTROLS.sub("", value.replace("\x85", "\n"))


def clean(value: str) -> str:
    r"""Return the text in NFC with ``\n`` as its only control character.

    Lines end without blanks, and the text starts and ends without empty lines. Vertical tab, form
    feed, U+0085, U+2028 and U+2029 break lines as CR does. A tab becomes a blank. Byte order marks
    and halves of surrogate pairs are removed. Joiners and direction marks stay, because scripts
    need them (rulebook 4, 58). Cleaning twice changes nothing.
    """
    text = _CONTROLS.sub("", _BREAKS.sub("\n", value)).replace("\t", " ")
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n")]
    return _LONG_RUN.sub(" " * 60, "\n".join(lines).strip("\n"))


def one_line(value: str, limit: int = 255) -> str:
    """Return one line of at most ``limit`` UTF-16 units, with "…" at a cut (rulebook 54)."""
    text = " ".join(clean(value).split())
    if _units(text) <= limit:
        return text
    text = text[:limit]
    while _units(text) >= limit:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _units(text: str) -> int:
    """Return the number of UTF-16 units, two for a character beyond U+FFFF."""
    return len(text) + sum(character > "\uffff" for character in text)


def clean_html(value: str, repairs: list[Problem] | None = None) -> tuple[str, str]:
    """Return plain text and sanitised HTML, which is empty if the value is not HTML.

    Only a known tag makes a value HTML: "a < b", "<3" and "<https://example.org>" are plain text.
    HTML without a tag that breaks lines keeps its own line breaks. Formatting stays, and links to
    http, https and mailto addresses. What loads or runs is removed (rulebook 55). At most 256 kB
    of the value are read, and the text has at most 64 kB. A cut is one of ``repairs``.
    """
    text = clean(value[:_LONGEST_INPUT])
    is_cut = len(value) > _LONGEST_INPUT
    if not _TAG.search(text):
        return _shortened(text, repairs, is_cut=is_cut), ""
    length = len(text)
    if text.count("<") > _MANY_TAGS:
        text = simplify(text, _TAGS, _BLOCKS | _PARAGRAPHS)
    html = nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags=_INVISIBLE,
        attributes={"a": {"href"}},
        attribute_filter=_only_links,
        url_schemes={"http", "https", "mailto"},
    )
    if not _BREAKING.search(html):
        html = html.replace("\n", "<br>\n")
    html = clean(_PRE_START.sub("<pre>", html))
    parser = _PlainText()
    parser.feed(html)
    parser.close()
    plain = _EMPTY_LINES.sub("\n\n", clean("".join(parser.out)))
    is_short = len(html) <= max(2 * length, _LONGEST_TEXT) and len(plain) <= _LONGEST_TEXT
    plain = _shortened(plain, repairs, is_cut=is_cut)
    return plain, html if plain and is_short and "<" in html else ""


def _shortened(text: str, repairs: list[Problem] | None, *, is_cut: bool) -> str:
    if repairs is not None and (is_cut or len(text) > _LONGEST_TEXT):
        repairs.append(problem("description-cut", most=f"{_LONGEST_TEXT:,}"))
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[: _LONGEST_TEXT - 1].rstrip()}…"


def _only_links(_tag: str, _attribute: str, value: str) -> str | None:
    """Remove relative addresses, which would point at the reader's own machine."""
    address = value.strip().replace(" ", "%20")
    return address if _LINK.fullmatch(address) else None


class _PlainText(HTMLParser):
    """A renderer of sanitised, and so balanced, HTML as plain text in ``out``.

    Line breaks wait until text follows, so that they do not add up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._gap = 0  # line breaks due before the next text
        self._marker = ""  # of the list item that starts with the next text
        self._lists = 0
        self._pre = 0
        self._href = ""
        self._label: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break the line before a block, and start list items and links."""
        if tag == "br":
            self._gap += 1
        elif tag in ("td", "th"):
            self.handle_data(" ")
        elif tag == "a":
            self._href, self._label = (dict(attrs).get("href") or "").strip(), []
        self._edge(tag)
        self._lists += tag in _LISTS
        self._pre += tag == "pre"
        if tag == "li":
            self._gap = max(self._gap, 1)
            self._marker = "  " * (self._lists - 1) + "- "

    def handle_endtag(self, tag: str) -> None:
        """Break the line after a block, and end links."""
        self._lists -= tag in _LISTS
        self._pre -= tag == "pre"
        self._edge(tag)
        if tag == "a":
            self._link()

    def handle_data(self, data: str) -> None:
        """Add text. Outside <pre>, white space is one blank, and no line starts with it."""
        if not self._pre:
            data = re.sub(r"\s+", " ", data)
            if self._gap or self._marker or not self.out or self.out[-1].endswith(" "):
                data = data.lstrip()
        if not data:
            return
        if self.out:
            self.out.append("\n" * min(self._gap, 2))
        self.out.append(self._marker + data)
        self._label.append(data)
        self._gap, self._marker = 0, ""

    def _edge(self, tag: str) -> None:
        """Request an empty line around a paragraph, or a new line around another block."""
        if self._marker:
            return
        if tag in _PARAGRAPHS and not (tag in _LISTS and self._lists):
            self._gap = max(self._gap, 2)
        elif tag in _BLOCKS or tag in _LISTS:
            self._gap = max(self._gap, 1)

    def _link(self) -> None:
        """Write the link's address after its text, unless the text is the address."""
        address = self._href
        if address.lower().startswith("mailto:"):
            address = address[7:].partition("?")[0]
        label = "".join(self._label).strip()
        if address and _bare(label) != _bare(address):
            self.handle_data(f" ({address})" if label else address)
        self._href = ""


def _bare(address: str) -> str:
    """Return a link without scheme, "www." and last slash, to compare it with its text."""
    return re.sub(r"^(?:https?://|mailto:)?(?:www\.)?", "", address.strip().lower()).rstrip("/")
