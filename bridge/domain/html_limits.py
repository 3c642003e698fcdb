"""HTML in a form that every parser reads in linear time: balanced, shallow, and without attributes.

It must not decide which addresses are safe: that is the job of the sanitiser after it.
"""

from collections import Counter
from collections.abc import Set as AbstractSet
import re

_DEEPEST = 100
_TOKEN = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?P<raw>script|style|title)\b(?:.*?</(?P=raw)\s*>|.*)"
    r"|<[!?][^>]*>?"
    r"""|<(?P<slash>/?)(?P<name>[a-z][a-z0-9]*)(?P<rest>(?:[^<>"']|"[^"]*"|'[^']*')*)>"""
    r"|<",
    re.IGNORECASE | re.DOTALL,
)
_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+)""", re.IGNORECASE)
_VOID = frozenset({"br", "hr"})
# The open elements that a start tag ends, where their end tags may be omitted.
_ENDS = {"p": {"p"}, "li": {"p", "li"}, "dt": {"p", "dt", "dd"}, "dd": {"p", "dt", "dd"}}
_ENDS |= {"td": {"p", "td", "th"}, "th": {"p", "td", "th"}, "tr": {"p", "td", "th", "tr"}}


def simplify(html: str, tags: AbstractSet[str], blocks: AbstractSet[str]) -> str:
    """Return HTML with balanced ``tags``, at most 100 deep, and no attribute but ``a[href]``.

    Each of ``blocks`` ends an open paragraph. Other tags go and their text stays, except that of
    scripts, styles, titles and comments. A "<" that starts no tag is escaped.
    """
    out: list[str] = []
    stack: list[str] = []
    skipped: Counter[str] = Counter()  # start tags too deep, whose end tags go too
    place = 0
    for token in _TOKEN.finditer(html):
        out.append(html[place : token.start()])
        place = token.end()
        name = (token["name"] or "").lower()
        if token[0] == "<":
            out.append("&lt;")
        elif name not in tags:
            continue
        elif name in _VOID:
            out.append(f"<{name}>")
        elif token["slash"]:
            if skipped[name]:
                skipped[name] -= 1
            elif name in stack:
                _close(stack, out, len(stack) - stack[::-1].index(name) - 1)
        else:
            ended = _ENDS.get(name, {"p"} if name in blocks else set())
            while stack and stack[-1] in ended:
                _close(stack, out, len(stack) - 1)
            if len(stack) == _DEEPEST:
                skipped[name] += 1
                continue
            href = _HREF.search(token["rest"]) if name == "a" else None
            out.append(f"<{name} href={href[1]}>" if href else f"<{name}>")
            stack.append(name)
    out.append(html[place:])
    _close(stack, out, 0)
    return "".join(out)


def _close(stack: list[str], out: list[str], depth: int) -> None:
    """End the open elements deeper than ``depth``."""
    out += [f"</{name}>" for name in reversed(stack[depth:])]
    del stack[depth:]
