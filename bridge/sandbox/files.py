"""Data files of the sandbox: the documents' samples, the demo's world, and templates of objects."""

from importlib import resources
import json
from typing import Any


def data_file(name: str) -> str:
    """Return the text of a data file."""
    return (resources.files("bridge.sandbox") / "data" / name).read_text("utf-8")


def sample(name: str) -> Any:
    """Return the content of a JSON data file."""
    return json.loads(data_file(f"{name}.json"))


def template(name: str) -> dict[str, Any]:
    """Return the fields that all objects of a kind share."""
    return dict(_TEMPLATES[name])


_TEMPLATES = sample("templates")
