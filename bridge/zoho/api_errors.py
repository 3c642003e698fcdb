"""The parser of the errors in Zoho's answers, in whatever form they come.

There is no single form: a code or only a sentence, in an object or an array, beside the data or
wrapped in the name of the request, with a status as text of its own (Zoho APIs 2.5, 3.8, 4.7).
Undocumented forms are accepted, but data is never taken for an error: only an object whose keys
never occur in data counts.
"""

from dataclasses import dataclass
from typing import Any

_CODE_KEYS = ("error_code", "errorCode", "code", "error")
_TEXT_KEYS = ("message", "description", "error_description", "reason")
_KEYS = frozenset((*_CODE_KEYS, *_TEXT_KEYS, "status_code", "status", "result", "details"))
_LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """An error as Zoho states it: its status (or that of HTTP), its code and its sentence."""

    status: int
    code: str = ""
    text: str = ""

    @property
    def words(self) -> str:
        """Code and sentence together."""
        return f"{self.code} {self.text}".strip()


def parse_error(body: Any, status: int) -> ApiError | None:
    """Return the error in a decoded body of any status, None if there is none."""
    error = _find(body)
    if error is None:
        return None
    own = to_text(error.get("status_code"))  # Backstage's: it may differ from the HTTP status
    status = int(own) if _is_failure(own) else status
    return ApiError(status=status, code=_first(error, _CODE_KEYS), text=_first(error, _TEXT_KEYS))


def clean_words(words: str, secrets: tuple[str, ...] = ()) -> str:
    """Return Zoho's own words in one short printable line, without secrets and full stop."""
    for secret in filter(None, secrets):
        words = words.replace(secret, "[secret]")
    start = words[: _LONGEST_WORDS * 10]
    printable = "".join(sign if sign.isprintable() else " " for sign in start)
    line = " ".join(printable.split()).rstrip(".。")  # the sentence around it has its own
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}…"


def to_text(value: Any) -> str:
    """Return a text or a number as text without blanks around it, anything else as ""."""
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if is_text else ""


def _find(body: Any) -> dict[str, Any] | None:
    whole = _head(body)
    if not isinstance(whole, dict):
        return None
    own = {key: value for key, value in whole.items() if key in _KEYS}
    for key in ("error", "errors"):
        inner = _head(whole.get(key))
        if isinstance(inner, dict) and inner:
            return own | inner
    if to_text(whole.get("error")) or _is_failure(to_text(whole.get("status_code"))):
        return own
    if _is_error(whole):
        return own
    # Connect wraps its answer in the name of the request, so there is one key.
    wrapped = [whole.get("data"), *(whole.values() if len(whole) == 1 else ())]
    inner_errors = (inner for inner in map(_head, wrapped) if _is_error(inner))
    return next(inner_errors, None)


def _is_error(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if to_text(value.get("result")).lower() in {"failure", "error"}:
        return True
    return _KEYS.issuperset(value) and bool(_first(value, _CODE_KEYS + _TEXT_KEYS))


def _is_failure(status: str) -> bool:
    return len(status) == 3 and status.isascii() and status.isdigit() and status[0] in "45"


def _head(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _first(error: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := to_text(error.get(key)))), "")
