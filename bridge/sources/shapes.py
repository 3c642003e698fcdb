"""The documented forms of the lists in Zoho's answers, from the table in ``shapes.toml``.

An answer in another form is a failure, never an empty list.
"""

from collections.abc import Callable
from pathlib import Path
import tomllib
from typing import Any

from bridge.domain.source import PRODUCTS, Product
from bridge.errors import BadDataError

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def listed(
    answer: Any, product: Product, name: str, id_of: Callable[[Any], str] | None = None
) -> list[Any]:
    """Return the list ``name`` of an answer; BadDataError for a form that is not documented.

    With ``id_of`` also if no object has an id: it would be unclear which known ones are gone.
    """
    forms: list[str] = _TABLE[product][name]
    found = (_items(answer, product, form) for form in forms)
    items = next((items for items in found if items is not None), None)
    about: dict[str, Any] = {"product": PRODUCTS[product], "list": forms[0].rpartition(".")[2]}
    if items is None:
        raise BadDataError("no-list", **about)
    if items and id_of and not any(map(id_of, items)):
        raise BadDataError("no-ids", **about, count=len(items))
    return items


def is_empty_list(answer: Any, product: Product) -> bool:
    """Return whether an answer is an empty list, in a documented form of any list."""
    forms = (form for forms in _TABLE[product].values() for form in forms)
    return any(_items(answer, product, form) == [] for form in forms)


def wrap(items: list[Any], product: Product, name: str, **beside: Any) -> Any:
    """Return an answer with a list, in its first form that has the keys ``beside``."""
    forms = (form.split(" + ") for form in _TABLE[product][name])
    path = next(path for path, *keys in forms if keys == [*beside])
    answer: Any = items
    for key in reversed(path.split(".")):
        answer = {key: answer} | beside
    return answer


def _items(answer: Any, product: Product, form: str) -> list[Any] | None:
    """Return the list of an answer in this form; None for any other answer.

    More keys are allowed beside a list with items: Zoho adds fields, and no event is lost.
    """
    path, *beside = form.split(" + ")
    is_exact = True
    for key in path.split(".") if path else ():
        if not isinstance(answer, dict) or key not in answer:
            return None
        is_exact &= answer.keys() == {key, *beside}
        answer = answer[key]
    if not isinstance(answer, list):
        return None
    items = [item for item in answer if product != "calendar" or not _is_remark(item)]
    return items if items or is_exact else None


def _is_remark(item: Any) -> bool:
    # Calendar answers an empty range with one such object in its list (Zoho APIs 4.2).
    return isinstance(item, dict) and item.keys() == {"message"}
