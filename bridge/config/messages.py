"""Problems of settings: how they are collected, quote a wrong value, hint at a known name."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
import difflib
import unicodedata

from bridge.config.urls import mask_url
from bridge.errors import ConfigError

_LONGEST = 60
# Characters that break a line, can't be printed or can't be seen.
_NOT_SHOWN = {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"}


@contextmanager
def collect(problems: list[str], label: str = "") -> Iterator[None]:
    """Append the problems of a ConfigError or ValueError to ``problems``, each after ``label``."""
    try:
        yield
    except ConfigError as error:
        problems.extend(f"{label}{problem}" for problem in error.problems)
    except ValueError as error:
        problems.append(f"{label}{error}")


def quote(value: object) -> str:
    """Return a wrong value as text for a message: short, in one line, without passwords of URLs."""
    match value:
        case str():
            line = mask_url(value)
            line = "".join("?" if unicodedata.category(c) in _NOT_SHOWN else c for c in line)
            return f'"{line[:_LONGEST]}…"' if len(line) > _LONGEST else f'"{line}"'
        case bool():
            return str(value).lower()
        case int() if abs(value) >= 10**18:  # str() refuses numbers of some thousand digits
            return "(a huge number)"
        case list():
            return "[…]"
        case dict():
            return "{…}"
    return str(value)


def suggest(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Return a hint for an unknown name: a similar name, else ``otherwise`` or all known names."""
    names = tuple(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else otherwise or f"known are {', '.join(names)}."
