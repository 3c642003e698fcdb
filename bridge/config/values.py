"""Checks of single values, of whatever type they come: each gives the value in its own type or raises ValueError.

The error ends a sentence that began with the setting's name: what is wrong and what to write instead. It never repeats
the value, which may be a secret.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import re
import unicodedata
from zoneinfo import ZoneInfo

from bridge.config.data_centers import DATA_CENTERS
from bridge.domain import timezones

KEY_COMMAND = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
_NOT_IN_A_LINE = {
    "Cc",
    "Cs",
    "Zl",
    "Zp",
}  # controls, halves of surrogate pairs, line and paragraph separators
_LONGEST = 255
_LONGEST_LIST = 1000  # of ids: they name the source in the database, whose keys have a limit
_FLAG_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def line(value: object) -> str:
    """Take text of one line, without blanks around it."""
    if not isinstance(value, str):
        raise ValueError('write it as text in quotes ("…").')
    text = value.strip()
    if not text:
        raise ValueError("it is empty: write a value or leave the setting out.")
    if any(unicodedata.category(char) in _NOT_IN_A_LINE for char in text):
        raise ValueError("it holds a line break or control character: write it in one line.")
    return text


def title(value: object) -> str:
    """Take a name that calendars show."""
    text = line(value)
    if len(text) > _LONGEST:
        raise ValueError(f"it is {len(text)} characters long: write at most {_LONGEST}.")
    return text


def flag(value: object) -> bool:
    """Take a boolean of TOML."""
    if not isinstance(value, bool):
        raise ValueError("write true or false, without quotes.")
    return value


def flag_text(value: object) -> bool:
    """Take a boolean as people write it into the environment."""
    word = str(value).lower()
    if word not in _FLAG_WORDS:
        raise ValueError("write true or false.")
    return _FLAG_WORDS[word]


def whole(low: int, high: int) -> Callable[[object], int]:
    """Take a whole number of TOML from ``low`` to ``high``."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"write a whole number from {low} to {high}.")
        return value

    return check


def whole_text(low: int, high: int) -> Callable[[object], int]:
    """Take a whole number as it stands in the environment."""

    def check(value: object) -> int:
        if not re.fullmatch("[0-9]{1,9}", str(value)):
            raise ValueError(f"write a whole number from {low} to {high}.")
        return whole(low, high)(int(str(value)))

    return check


def days(low: int, high: int) -> Callable[[object], timedelta]:
    """Take a length of time like ``"90d"`` or ``"12w"``, from ``low`` to ``high`` days."""

    def check(value: object) -> timedelta:
        match = re.fullmatch("([0-9]{1,5})([dw])", value) if isinstance(value, str) else None
        if match is None:
            raise ValueError('write a number of days or weeks in quotes, such as "90d" or "12w".')
        length = int(match[1]) * (7 if match[2] == "w" else 1)
        if not low <= length <= high:
            raise ValueError(f'write "{low}d" to "{high}d".')
        return timedelta(days=length)

    return check


def choice(*allowed: str) -> Callable[[object], str]:
    """Take one of a few words."""
    words = ", ".join(f'"{word}"' for word in allowed)

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"write one of {words}.")
        return value

    return check


def slug(value: object) -> str:
    """Take the part of a feed's address that names it."""
    if not isinstance(value, str) or not re.fullmatch("[a-z0-9-]{1,64}", value):
        raise ValueError("write 1 to 64 small letters (a-z), digits and hyphens in quotes.")
    return value


def data_center(value: object) -> str:
    """Take the code of a Zoho data centre, in small letters."""
    return choice(*DATA_CENTERS)(value.lower() if isinstance(value, str) else value)


def folder(value: object) -> Path:
    """Take the path of a folder."""
    text = line(value)
    if text.startswith("~"):
        raise ValueError('write the whole path: only a shell reads "~".')
    if "?" in text:
        raise ValueError(
            'write a path without "?", which ends the path in the address of the SQLite database.'
        )
    return Path(text)


def zone(value: object) -> ZoneInfo:
    """Take the name of a time zone."""
    found = timezones.zone(line(value))
    if found is None:
        raise ValueError('it is not a known time zone: write an IANA name such as "Asia/Kolkata".')
    return found


def upstream_id(value: object) -> str:
    """Take the id of something in Zoho.

    A TOML integer will do up to 2^53: above, the tool that it was copied from may have rounded it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value < 2**53:
            raise ValueError('write the id in quotes ("…"), exactly as Zoho shows it.')
        return str(value)
    text = line(value)
    # In a source's key these would be taken for its own separators; Zoho's ids have none of them.
    if (
        not re.fullmatch("[!-~]+", text)
        or set(text) & set('/?#"\\')
        or len(text) > _LONGEST
        or not text.strip(".")
    ):
        raise ValueError("it is no id of Zoho: copy it from `zoho-bridge discover`.")
    return text


def groups(value: object) -> str:
    """Take the id of a group in Connect or a list of several; give them in order, with commas between them."""
    if not isinstance(value, list):
        return _group(value)
    if not value:
        raise ValueError('the list is empty: write the id of at least one group, ["…"].')
    ids: list[str] = []
    for number, entry in enumerate(value, 1):
        try:
            one = _group(entry)
        except ValueError as error:
            raise ValueError(f"entry {number} of the list: {error}") from error
        if one in ids:
            raise ValueError(
                f"entries {ids.index(one) + 1} and {number} are the same group: remove one of the two."
            )
        ids.append(one)
    text = ",".join(sorted(ids))
    if len(text) > _LONGEST_LIST:
        raise ValueError(
            f"the ids take {len(text)} characters, at most {_LONGEST_LIST} fit: make two sources of them."
        )
    return text


def _group(value: object) -> str:
    text = upstream_id(value)
    if "," in text:
        raise ValueError('it holds a comma: write several groups as a list, ["…", "…"].')
    return text


def secret(value: object) -> str:
    """Take a password or key, whatever characters it is made of."""
    text = str(value)
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise ValueError(
            "it holds a line break or control character, or is not UTF-8: write it in one line."
        )
    return text


def secret_key(value: object) -> str:
    """Take the key that feed addresses are derived from, or several, the newest first: none may be guessable."""
    text = secret(value)
    if any(len(key.strip()) < 32 for key in text.rstrip(", ").split(",")):
        raise ValueError(
            f"it is shorter than 32 characters: make one with `{KEY_COMMAND}` (a comma separates keys)."
        )
    return text


def credential(value: object) -> str:
    """Take an id, secret or token that Zoho made: visible ASCII."""
    if not isinstance(value, str):
        raise ValueError('write it as text in quotes ("…").')
    if not re.fullmatch("[!-~]+", value):
        raise ValueError(
            "it holds blanks, line breaks or foreign letters: copy it from Zoho again, in one line."
        )
    return value
