"""Readers of JSON objects field by field, so that an oddity costs its field and not the event.

They must not know a product: the parser decides which field an event can do without.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
import re
from typing import Any, TypeAlias, TypeVar

import msgspec

from bridge.domain.event import Place, to_utc
from bridge.domain.problems import BadValueError, Problem, problem
from bridge.domain.text import clean, clean_html, one_line

Shape = TypeVar("Shape", bound=msgspec.Struct)
M = TypeVar("M", date, datetime)
T = TypeVar("T")
Faults: TypeAlias = Mapping[str, Problem]
"""Why a field could not be read, by the field's name in JSON."""

LONGEST_ID = 255
_LONGEST_TITLE = 1000  # a feed shows 255 characters of it
_LONGEST_PLACE = 2000  # and 1000 of a place
MOST_PARTS = 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+", re.IGNORECASE)


def read(data: Any, shape: type[Shape]) -> tuple[Shape, Faults]:
    """Return an object's fields as a ``shape`` of which each has a default, and the faults.

    Raises BadValueError without an object.
    """
    if not isinstance(data, dict):
        raise BadValueError("not-an-object")
    try:
        return msgspec.convert(data, shape, strict=False), {}
    except msgspec.ValidationError:
        pass
    values: dict[str, Any] = {}
    faults: dict[str, Problem] = {}
    for field in msgspec.structs.fields(shape):
        name = field.encode_name
        if name in data:
            try:
                values[field.name] = msgspec.convert(data[name], field.type, strict=False)
            except msgspec.ValidationError as error:
                faults[name] = problem("wrong-type", error=str(error))
    return shape(**values), faults


def left_out(faults: Faults) -> list[Problem]:
    """Return a problem for each field that was left out."""
    return [problem("field-left-out", field=name, why=why) for name, why in faults.items()]


def end_or_start(
    start: M, read_end: Callable[[], M], consequence: str, repairs: list[Problem]
) -> M:
    """Return the end, or the start and a repair if the end is unreadable or earlier.

    An invented length would be busy time. ``consequence`` is the code of the repair.
    """
    try:
        end = read_end()
    except BadValueError as error:
        repairs.append(problem(consequence, why=error.problem))
        return start
    if to_utc(end) >= to_utc(start):
        return end
    why = problem("end-before-start", end=f"{end}")
    repairs.append(problem(consequence, why=why))
    return start


def identity(value: Any) -> str:
    """Return an id as text, whether it is text or a number.

    It is empty for other values, and for invisible or endless ones.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return text if text.isprintable() and len(text) <= LONGEST_ID else ""


def id_of(data: Any, name: str = "id") -> str:
    """Return the id of an object; empty for anything without one."""
    return identity(data.get(name)) if isinstance(data, dict) else ""


def title_of(data: Any, name: str = "title") -> str:
    """Return the title of an object in one line; empty for anything without one."""
    title = data.get(name) if isinstance(data, dict) else None
    return one_line(title) if isinstance(title, str) else ""


def flag(value: Any) -> bool:
    """Read a truth value: ``"false"`` or none is false. BadValueError for anything unclear."""
    text = str(value).strip().lower()
    if value is None or text in {"false", "0", ""}:
        return False
    if text in {"true", "1"}:
        return True
    raise BadValueError("not-a-flag", value=text[:40])


def number(value: Any) -> int | None:
    """Read a count written in digits or as a number; None if absent, otherwise BadValueError."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise BadValueError("not-a-number", value=text[:40])
    return int(text)


def texts(title: str | None, description: str | None, repairs: list[Problem]) -> dict[str, Any]:
    """Return the title, the description and its HTML, as fields of an event."""
    text, html = clean_html(description or "", repairs)
    return {"title": read_title(title), "description": text, "html": html}


def read_title(title: str | None) -> str:
    """Return the title of an event, which may have several lines."""
    return clean(title or "").strip()[:_LONGEST_TITLE]


def first_parts(values: Sequence[T], name: str, repairs: list[Problem]) -> Sequence[T]:
    """Return the first 100 entries of a field; add a repair if there are more."""
    if len(values) > MOST_PARTS:
        repairs.append(problem("too-many-parts", field=name, most=MOST_PARTS))
    return values[:MOST_PARTS]


def place_by_name(name: str | None) -> Place | None:
    """Return a place of which only the name is known; None without one."""
    name = clean((name or "")[:_LONGEST_PLACE]).strip()
    return Place(name=name) if name else None


def web_address(value: Any) -> str:
    """Return an http or https address; empty for others, which a calendar must not open."""
    address = value.strip() if isinstance(value, str) else ""
    return address if _WEB_ADDRESS.fullmatch(address) and address.isprintable() else ""


def read_address(value: str | None, name: str, repairs: list[Problem]) -> str:
    """Return the web address of a field; add a repair if it is something else."""
    address = web_address(value)
    if not address and (value or "").strip():
        why = problem("not-a-web-address")
        repairs.append(problem("field-left-out", field=name, why=why))
    return address
