"""Finds the error in an answer of Zoho, in whatever form it came.

There is no one form: a code or only a sentence, in an object or an array, beside the data or wrapped in the name of
what was asked, with a status as text of its own (Zoho APIs: errors of Backstage, Connect and Calendar). What is not
documented is read tolerantly, but data is never taken for an error: only keys that no data has alone tell one.
"""

from dataclasses import dataclass
from typing import Any

_CODE_KEYS = ("error_code", "errorCode", "code", "error")
_TEXT_KEYS = ("message", "description", "error_description", "reason")
_KEYS = frozenset((*_CODE_KEYS, *_TEXT_KEYS, "status_code", "status", "result", "details"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What Zoho says went wrong: the HTTP status or its own, its code and its sentence, each as far as it is told."""

    status: int
    code: str = ""
    text: str = ""

    @property
    def words(self) -> str:
        """Code and sentence in one."""
        return f"{self.code} {self.text}".strip()


def find(body: Any, status: int) -> Complaint | None:
    """Give the complaint in a decoded body of any status; None where there is none."""
    found = _find(body)
    if found is None:
        return None
    own = _text(found.get("status_code"))  # Backstage's, text that may differ from the HTTP status
    return Complaint(
        status=int(own) if _is_failure(own) else status,
        code=_first(found, _CODE_KEYS),
        text=_first(found, _TEXT_KEYS),
    )


def _find(body: Any) -> dict[str, Any] | None:
    whole = _head(body)
    if not isinstance(whole, dict):
        return None
    own = {key: value for key, value in whole.items() if key in _KEYS}
    for key in ("error", "errors"):
        inner = _head(whole.get(key))
        if isinstance(inner, dict) and inner:
            return own | inner
    if (
        _text(whole.get("error"))
        or _is_failure(_text(whole.get("status_code")))
        or _complains(whole)
    ):
        return own
    # Connect wraps its answer in the name of what was asked, so there is one key.
    wrapped = [whole.get("data"), *(whole.values() if len(whole) == 1 else ())]
    return next(
        (inner for inner in map(_head, wrapped) if isinstance(inner, dict) and _complains(inner)),
        None,
    )


def _complains(one: dict[str, Any]) -> bool:
    if _text(one.get("result")).lower() in {"failure", "error"}:
        return True
    return _KEYS.issuperset(one) and bool(_first(one, _CODE_KEYS) or _first(one, _TEXT_KEYS))


def _is_failure(status: str) -> bool:
    return len(status) == 3 and status.isascii() and status.isdigit() and status[0] in "45"


def _head(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _first(one: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(one.get(key)))), "")


def _text(value: Any) -> str:
    return (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )
