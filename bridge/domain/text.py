"""Upstream text made fit for calendars: no control characters, one form of line break, HTML told in plain words.

It must not know of events or of iCalendar's escapes: folding and escaping belong to the serialiser.
"""

from html.parser import HTMLParser
import re
import unicodedata

import nh3

CANCELLED_MARK = (
    "[Cancelled] "  # before the title of an event that is cancelled, where a feed marks it so
)
NO_TITLE = "(No title)"  # of an event whose title is empty: SUMMARY is always there (rulebook 54)

_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
# A long run of blanks could fill a whole folded line, and a line of nothing but blanks is refused (rulebook 3).
_LONG_RUN = re.compile(" {61,}")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _names(
    "address article aside blockquote dd div dl dt footer header hr main nav section table tr"
)
_PARAGRAPHS = _names("h1 h2 h3 h4 h5 h6 ol p pre ul")
_INLINE = _names(
    "a abbr b br code del em i ins li mark q s small span strong sub sup tbody td th thead u"
)
_TAGS = _BLOCKS | _PARAGRAPHS | _INLINE
_LISTS = _names("ol ul")
_UNSEEN = _names("script style title")
# Tags that are not kept, but tell that a text is HTML all the same. "<title>" and "<link>" are no proof: people write
# them in plain text for "put the title here".
_SIGNS = _TAGS | _names("body center font head html img script style")
_ATTRIBUTE = r"""\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)"""  # "a <b and c> d" has none, and is no HTML
_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_SIGNS))})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_BREAKING = re.compile(rf"<(?:br|li|{'|'.join(sorted(_BLOCKS | _PARAGRAPHS))})\b", re.IGNORECASE)
_PRE_START = re.compile(r"<pre>\s*\n")  # HTML drops one line break there at each reading
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)


def clean(value: str) -> str:
    r"""Give the text in NFC with ``\n`` as its only control character and no blanks at the ends of its lines.

    Vertical tab, form feed, U+0085, U+2028 and U+2029 break lines as CR does; a tab becomes a blank; byte order marks
    and halves of surrogate pairs go; joiners and direction marks stay, scripts need them (rulebook 4, 58).
    Leading and trailing empty lines go. Cleaning twice changes nothing.
    """
    text = _CONTROLS.sub("", _BREAKS.sub("\n", value)).replace("\t", " ")
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n")]
    return _LONG_RUN.sub(" " * 60, "\n".join(lines).strip("\n"))


def one_line(value: str, limit: int = 255) -> str:
    """Give the text in one line of at most ``limit`` UTF-16 units, ended by "…" when cut (rulebook 54)."""
    text = " ".join(clean(value).split())
    if _units(text) <= limit:
        return text
    text = text[:limit]
    while _units(text) >= limit:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _units(text: str) -> int:
    """Count UTF-16 units: two for each character beyond U+FFFF."""
    return len(text) + sum(character > "\uffff" for character in text)


def clean_html(value: str) -> tuple[str, str]:
    """Give (plain text, sanitised HTML); the second is empty when the text is not HTML.

    Only a known tag makes a text HTML: "a < b", "<3" and "<https://example.org>" are plain. Text with tags but without
    one that breaks lines keeps its own line breaks. HTML keeps formatting and http, https and mailto links, nothing
    that loads or runs (rulebook 55).
    """
    text = clean(value)
    if not _TAG.search(text):
        return text, ""
    html = nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags=set(_UNSEEN),
        attributes={"a": {"href"}},
        attribute_filter=_only_links,
        url_schemes={"http", "https", "mailto"},
    )
    if not _BREAKING.search(html):
        html = html.replace("\n", "<br>\n")
    html = clean(_PRE_START.sub("<pre>", html))
    reader = _Reader()
    reader.feed(html)
    reader.close()
    plain = reader.text()
    return plain, html if plain and "<" in html else ""


def _only_links(_tag: str, _attribute: str, value: str) -> str | None:
    """Drop relative addresses: they would point at the reader's own machine."""
    address = value.strip().replace(" ", "%20")
    return address if _LINK.fullmatch(address) else None


class _Reader(HTMLParser):
    """Sanitised, hence balanced, HTML as plain text. Breaks wait until text follows, so that they never pile up."""

    def __init__(self) -> None:
        super().__init__()
        self._out: list[str] = []
        self._gap = 0  # line breaks due before the next text
        self._marker = ""  # of the list item that the next text begins
        self._lists = 0
        self._pre = 0
        self._href = ""
        self._label: list[str] = []

    def text(self) -> str:
        """Give what was read so far."""
        return _EMPTY_LINES.sub("\n\n", clean("".join(self._out)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break the line before a block, begin list items and links."""
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
        """Break the line after a block, end links."""
        self._lists -= tag in _LISTS
        self._pre -= tag == "pre"
        self._edge(tag)
        if tag == "a":
            self._link()

    def handle_data(self, data: str) -> None:
        """Add text: outside <pre> any white space is one blank, and none begins a line."""
        if not self._pre:
            data = re.sub(r"\s+", " ", data)
            if self._gap or self._marker or not self._out or self._out[-1].endswith(" "):
                data = data.lstrip()
        if not data:
            return
        if self._out:
            self._out.append("\n" * min(self._gap, 2))
        self._out.append(self._marker + data)
        self._label.append(data)
        self._gap, self._marker = 0, ""

    def _edge(self, tag: str) -> None:
        """Ask for an empty line around a paragraph, a new line around any other block."""
        if self._marker:
            return
        if tag in _PARAGRAPHS and not (tag in _LISTS and self._lists):
            self._gap = max(self._gap, 2)
        elif tag in _BLOCKS or tag in _LISTS:
            self._gap = max(self._gap, 1)

    def _link(self) -> None:
        """Write the link's address after its text, once."""
        address = self._href
        if address.lower().startswith("mailto:"):
            address = address[7:].partition("?")[0]
        label = "".join(self._label).strip()
        if address and _bare(label) != _bare(address):
            self.handle_data(f" ({address})" if label else address)
        self._href = ""


def _bare(address: str) -> str:
    """Reduce a link to what tells it from another: without scheme, "www." and last slash."""
    return re.sub(r"^(?:https?://|mailto:)?(?:www\.)?", "", address.strip().lower()).rstrip("/")
