"""Parsers of single settings: the text or TOML value of a setting -> its value in the bridge.

Each raises ValueError for a wrong value. The message says what is wrong and what to write instead.
It ends a sentence that begins with the setting's name and never repeats the value, which may be
a secret.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import re
import unicodedata
from zoneinfo import ZoneInfo

from bridge.config.data_centers import DATA_CENTERS, data_center_code
from bridge.domain import timezones
from bridge.domain.source_rule import fold

KEY_COMMAND = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'

Parser = Callable[[object], object]

_CONTROLS = {"Cc", "Cs"}  # control characters, halves of surrogate pairs
_NOT_IN_A_LINE = _CONTROLS | {"Zl", "Zp"}  # also the separators of lines and paragraphs
_LONGEST = 255
_LONGEST_PREFIX = 60
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
_LONGEST_REMINDER = timedelta(days=28)
_LONGEST_LIST = 1000  # group IDs become the key of the source in the database, which has a limit


def line(value: object) -> str:
    """Parse text of one line, without blanks around it."""
    if not isinstance(value, str):
        raise ValueError('write it as text in quotes ("…").')
    text = value.strip()
    if not text:
        raise ValueError("it is empty: write a value or leave the setting out.")
    if any(unicodedata.category(char) in _NOT_IN_A_LINE for char in text):
        raise ValueError("it holds a line break or control character: write it in one line.")
    return text


def title(value: object) -> str:
    """Parse the name of a feed that calendar clients show."""
    text = line(value)
    if len(text) > _LONGEST:
        raise ValueError(f"it is {len(text)} characters long: write at most {_LONGEST}.")
    return text


def prefix(value: object) -> str:
    """Parse the beginning of titles, which keeps its blanks."""
    if len(line(value)) > _LONGEST_PREFIX:
        raise ValueError(f"it is too long: write at most {_LONGEST_PREFIX} characters.")
    return str(value)


def words(value: object) -> tuple[str, ...]:
    """Parse a list of words or phrases of one line."""
    if not isinstance(value, list) or not value:
        raise ValueError('write a list of at least one text, ["…", "…"].')
    texts = tuple(map(title, value))
    if not all(fold(text).strip("* ") for text in texts):
        raise ValueError("a word has no letters or digits: remove it, or write more of it.")
    return texts


def flag(value: object) -> bool:
    """Parse a boolean of TOML."""
    if not isinstance(value, bool):
        raise ValueError("write true or false, without quotes.")
    return value


def alarms(value: object) -> object:
    """Parse which reminders a feed shows: all, the nearest one of an event, or none."""
    if value == "nearest":
        return value
    if not isinstance(value, bool):
        raise ValueError('write true, false or "nearest".')
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    """Return a parser of whole numbers from ``low`` to ``high``, as TOML or as text."""

    def parse(value: object) -> int:
        digits = "" if isinstance(value, bool) else str(value)
        if not re.fullmatch("[0-9]{1,9}", digits) or not low <= int(digits) <= high:
            raise ValueError(f"write a whole number from {low} to {high}.")
        return int(digits)

    return parse


def days(low: int, high: int) -> Callable[[object], timedelta]:
    """Return a parser of durations like ``"90d"`` or ``"12w"``, from ``low`` to ``high`` days."""

    def parse(value: object) -> timedelta:
        match = re.fullmatch("([0-9]{1,5})([dw])", value) if isinstance(value, str) else None
        if match is None:
            raise ValueError('write a number of days or weeks in quotes, such as "90d" or "12w".')
        count = int(match[1]) * (7 if match[2] == "w" else 1)
        if not low <= count <= high:
            raise ValueError(f'write "{low}d" to "{high}d".')
        return timedelta(days=count)

    return parse


def reminder(value: object) -> timedelta | None:
    """Parse how long before an event a reminder rings: ``"15m"``, ``"2h"``, ``"1d"``, ``""``."""
    if value == "":
        return None
    match = re.fullmatch("([0-9]{1,5})([mhd])", value) if isinstance(value, str) else None
    span = timedelta(minutes=int(match[1]) * _MINUTES[match[2]]) if match else None
    if span is None or span > _LONGEST_REMINDER:
        raise ValueError('write minutes, hours or days in quotes, from "0m" to "28d".')
    return span


def seconds(most: int) -> Callable[[object], timedelta]:
    """Return a parser of times like ``"60s"``, of at most ``most`` seconds."""

    def parse(value: object) -> timedelta:
        match = re.fullmatch("([0-9]{1,5})s", value) if isinstance(value, str) else None
        if match is None or int(match[1]) > most:
            raise ValueError(f'write seconds in quotes, "0s" to "{most}s".')
        return timedelta(seconds=int(match[1]))

    return parse


def pattern(regex: str, remedy: str) -> Callable[[object], str]:
    """Return a parser of text that matches ``regex`` as a whole."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(regex, value):
            raise ValueError(remedy)
        return value

    return parse


def choice(*words: str) -> Callable[[object], str]:
    """Return a parser that accepts only ``words``."""
    quoted = ", ".join(f'"{word}"' for word in words)
    return pattern("|".join(words), f"write one of {quoted}.")


# The part of a feed's URL that names the feed.
slug = pattern(
    "[a-z0-9-]{1,64}", "write 1 to 64 small letters (a-z), digits and hyphens in quotes."
)

# A colour, the same in both cases.
color = pattern(
    "#[0-9a-fA-F]{6}", 'write "#" and six hexadecimal digits in quotes, such as "#8cbf40".'
)

# An ID, secret or token that Zoho issued.
credential = pattern(
    "[!-~]+",
    "it is not text of visible ASCII characters: copy it from Zoho again (in TOML in quotes).",
)


def data_center(value: object) -> str:
    """Parse the code of a Zoho data centre, or an address at Zoho."""
    return choice(*DATA_CENTERS)(data_center_code(value) if isinstance(value, str) else value)


def folder(value: object) -> Path:
    """Parse the path of a folder, absolute or relative."""
    text = line(value)
    if text.startswith("~"):
        raise ValueError('write the whole path: only a shell expands "~".')
    if "?" in text:  # it ends the path in the URL of the SQLite database
        raise ValueError('write a path without "?".')
    return Path(text)


def zone(value: object) -> ZoneInfo:
    """Parse the name of a time zone."""
    known = timezones.zone(line(value))
    if known is None:
        raise ValueError('it is not a known time zone: write an IANA name such as "Asia/Kolkata".')
    return known


def upstream_id(value: object) -> str:
    """Parse an ID that Zoho shows.

    A TOML integer is accepted below 2^53: the tool that a larger one was copied from may have
    rounded it. The separators of a source's key (``/?#"``) occur in no ID of Zoho.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value < 2**53:
            raise ValueError('write the ID in quotes ("…"), exactly as Zoho shows it.')
        return str(value)
    text = line(value)
    if not re.fullmatch("(?![.]+$)[!-~]{1,255}", text) or set(text) & set('/?#"\\'):
        raise ValueError("it is not an ID of Zoho: copy it from `zoho-bridge discover`.")
    return text


def group_ids(value: object) -> str:
    """Parse one group ID of Connect or a list of them; return them sorted, joined with commas."""
    if value == []:
        raise ValueError('the list is empty: write the ID of at least one group, ["…"].')
    ids = [_group_id(entry) for entry in (value if isinstance(value, list) else [value])]
    if len(set(ids)) < len(ids):
        raise ValueError("it holds a group twice: remove one of the two.")
    text = ",".join(sorted(ids))
    if len(text) > _LONGEST_LIST:
        raise ValueError(f"the IDs are longer than {_LONGEST_LIST} characters: make two sources.")
    return text


def _group_id(value: object) -> str:
    text = upstream_id(value)
    if "," in text:
        raise ValueError('it holds a comma: write several groups as a list, ["…", "…"].')
    return text


def secret(value: object) -> str:
    """Parse a password or key, which may hold any characters but controls."""
    text = str(value)
    if any(unicodedata.category(char) in _CONTROLS for char in text):
        raise ValueError("it holds a line break, control character or broken UTF-8: remove it.")
    return text


def secret_key(value: object) -> str:
    """Parse the bridge's key, or several separated by commas; each must be too long to guess."""
    text = secret(value)
    if any(len(key.strip()) < 32 for key in text.rstrip(", ").split(",")):
        raise ValueError(f"a key is shorter than 32 characters: make one with `{KEY_COMMAND}`.")
    return text


def header_name(value: object) -> str:
    """Parse the name of a request header that a proxy sets (RFC 9110 5.1)."""
    remedy = "it is not the name of a header: write one such as Remote-User."
    name = pattern(r"[A-Za-z][A-Za-z0-9-]{0,63}", remedy)(value)
    if name.lower() in {"authorization", "cookie", "host", "origin", "referer", "user-agent"}:
        raise ValueError("every client can send it: write one that your proxy sets.")
    return name


def signer(value: object) -> str:
    """Parse a private key without passphrase and certificates, in PEM (RFC 7468)."""
    text = str(value)
    names = ("PRIVATE KEY", "CERTIFICATE")
    if not all(re.search(rf"-----BEGIN [A-Z ]*{name}-----", text) for name in names):
        raise ValueError("it needs a private key and a certificate, both in PEM.")
    return text


def password(value: object) -> str:
    """Parse a password, which must be too long to guess."""
    text = secret(value)
    if len(text.strip()) < 12:
        command = KEY_COMMAND.replace("48", "16")
        raise ValueError(f"it is shorter than 12 characters: make one with `{command}`.")
    return text
