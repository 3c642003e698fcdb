"""Read JSON objects field by field, so that an oddity costs its field and not the event.

It must not know of any product: which field can be borne without is the parser's business.
"""

from collections.abc import Callable, Sequence
import re
from typing import Any, TypeVar

import msgspec

from bridge.errors import BadDataError

Shape = TypeVar("Shape", bound=msgspec.Struct)

_NUMBER = re.compile(r"[0-9]{1,9}")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def read(data: Any, shape: type[Shape]) -> tuple[Shape, dict[str, str]]:
    """Read the fields of ``shape``, each of which has a default; the second value tells which can't be read, and why.

    Raises ValueError where there is no object at all.
    """
    if not isinstance(data, dict):
        raise ValueError("it is not an object")
    try:
        return msgspec.convert(data, shape, strict=False), {}
    except msgspec.ValidationError:
        values, faults = read_values(data, shape)
        return shape(**values), faults


def read_values(
    data: dict[str, Any], shape: type[msgspec.Struct]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the fields of ``shape`` that ``data`` has one by one, by their Python names; the rest is as in ``read``."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in msgspec.structs.fields(shape):
        if field.encode_name in data:
            try:
                values[field.name] = msgspec.convert(
                    data[field.encode_name], field.type, strict=False
                )
            except msgspec.ValidationError as error:
                faults[field.encode_name] = str(error)
    return values, faults


def told(faults: dict[str, str]) -> list[str]:
    """Say of each field that can't be read that it was left out."""
    return [f"{name} can't be read and was left out ({why})" for name, why in faults.items()]


def identity(value: Any) -> str:
    """Give an id as text, whether it came as text or as a number; empty for anything else, or for no visible text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return text if text.isprintable() else ""


def refuse_nameless(items: Sequence[Any], name: Callable[[Any], str], answer: str) -> None:
    """Raise BadDataError when not one of several objects has an id: nobody could say which of the known are gone."""
    if items and not any(name(item) for item in items):
        raise BadDataError(
            f"{answer} has {len(items)} objects and not one with an id; the last good state is kept."
        )


def flag(value: Any) -> bool:
    """Read a truth value: ``"false"`` is false, and so is an absent one. ValueError for anything unclear."""
    text = str(value).strip().lower()
    if value is None or text in {"false", "0", ""}:
        return False
    if text in {"true", "1"}:
        return True
    raise ValueError(f"{text[:40]!r} is neither true nor false")


def number(value: Any) -> int | None:
    """Read a count that came as digits or as a number; None when absent. ValueError for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} is not a number")
    return int(text)


def web_address(value: Any) -> str:
    """Give an http or https address; empty for anything else, which a reader's calendar must not open."""
    address = value.strip() if isinstance(value, str) else ""
    return address if _WEB_ADDRESS.fullmatch(address) and address.isprintable() else ""
