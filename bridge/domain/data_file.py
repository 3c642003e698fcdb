"""Data files of the package: tables that a person may read and extend without the code."""

from importlib import resources
import tomllib
from typing import Any


def read_toml(package: str, name: str) -> dict[str, Any]:
    """Return the content of a TOML file beside the modules of a package."""
    return tomllib.loads(resources.files(package).joinpath(name).read_text("utf-8"))
