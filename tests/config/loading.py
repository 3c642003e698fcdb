"""Loading of settings in tests: from text of ``bridge.toml``, and the problems of wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.config import Settings, load
from bridge.config.feeds import FEED_KEYS, RULE_KEYS, SOURCE_KEYS
from bridge.config.table import SETTINGS
from bridge.errors import ConfigError

DOCS = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
KEY = "k" * 32
FEED = '[[feed]]\nslug = "a"\n'
SOURCES = 'sources = [{ calendar = "c" }]\n'


def toml_keys() -> dict[str, tuple[str, ...]]:
    """Return the keys of bridge.toml by table; ``sources`` stands for a feed's sources."""
    tables = ("bridge", "zoho")
    keys = {t: tuple(row.key for row in SETTINGS if row.toml and row.table == t) for t in tables}
    sources = tuple(key for keys in SOURCE_KEYS.values() for key in keys)
    return keys | {"feed": tuple(FEED_KEYS), "sources": (*sources, *RULE_KEYS)}


def load_toml(text: str, **environ: str) -> Settings:
    """Load settings with ``text`` as the bridge.toml of the working directory."""
    path = Path("bridge.toml")
    path.write_text(text, encoding="utf-8")
    return load(environ, config_path=path)


def problems(environ: Mapping[str, str], toml: str | None = None) -> list[str]:
    """Return the problems of wrong settings."""
    with pytest.raises(ConfigError) as error:
        load(environ) if toml is None else load_toml(toml, **environ)
    return list(error.value.problems)


def problem(environ: Mapping[str, str], toml: str | None = None) -> str:
    """Return the only problem of wrong settings."""
    (message,) = problems(environ, toml)
    return message
