"""``docs/settings.md`` documents every setting, and only settings that exist."""

import json
from pathlib import Path
import re

from bridge.config import load
from bridge.config.show import describe
from bridge.config.table import SETTINGS, environment_names
from tests.config.loading import DOCS, FEED, KEY, SOURCES, load_toml, toml_keys

# The first two cells of each row of each table, which name the setting.
ROWS = [line.split("|")[1:3] for line in DOCS.splitlines() if line.startswith("| `")]
NAMES = ["".join(re.findall("`([^`]*)`", first)) for first, _ in ROWS]


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


def test_every_row_of_the_table_is_a_row_of_the_docs() -> None:
    for row in SETTINGS:
        toml = f" `[{row.table}]` `{row.key}` " if row.toml else " "
        for name in row.names:
            variables = f" `{name}`, file: `{name}_FILE` " if row.file else f" `{name}` "
            assert [variables, toml] in ROWS, name
    assert [" `BRIDGE_CONFIG` ", " "] in ROWS
    for key in (*toml_keys()["feed"], *toml_keys()["sources"]):
        assert NAMES.count(key) == 1, key


def test_only_settings_that_exist_are_documented() -> None:
    assert set(re.findall(r"\b(?:BRIDGE|ZOHO)_[A-Z_]*[A-Z]\b", DOCS)) <= set(environment_names())
    keys = {f"[{table}]{key}" for table in ("bridge", "zoho") for key in toml_keys()[table]}
    written = {"".join(re.findall("`([^`]*)`", second)) for _, second in ROWS}
    assert {text for text in written if text.startswith(("[bridge]", "[zoho]"))} == keys
    start = DOCS.index("| Key of `[[feed]]`")
    names = re.findall(r"^\| `([^`]*)` \|", DOCS[start:], re.MULTILINE)
    assert set(names) == {*toml_keys()["feed"], *toml_keys()["sources"]}


def test_documented_defaults_are_the_defaults() -> None:
    (feed,) = describe(load_toml(FEED + SOURCES))["feed"]
    for key in set(toml_keys()["feed"]) - {"slug", "title", "sources"}:
        match = re.search(rf"^\| `{key}` \| `([^`]*)` \|", DOCS, re.MULTILINE)
        assert match, key
        assert feed[key] == {"value": json.loads(match[1]), "origin": "default"}


def test_the_example_file_loads_and_shows_every_key() -> None:
    (text,) = code_blocks("toml")
    settings = load_toml(text)
    assert settings.warnings == ()
    assert [feed.slug for feed in settings.feeds] == ["marketing", "summit-agenda"]
    origins = {name.rpartition(".")[2] for name in settings.origins if "marketing" in name}
    assert origins == set(toml_keys()["feed"])
    assert all(re.search(rf"\b{key} = ", text) for key in toml_keys()["sources"])


def test_the_example_environments_load(tmp_path: Path) -> None:
    full, small = (
        dict(line.split("=", 1) for line in text.splitlines()) for text in code_blocks("sh")
    )
    (tmp_path / "bridge.toml").write_text(code_blocks("toml")[0], encoding="utf-8")
    for name, path in list(full.items()):
        if name.endswith("_FILE"):
            secret = tmp_path / Path(path).name
            secret.write_text("postgresql://bridge:p@db/bridge" if "DATABASE" in name else KEY)
            full[name] = str(secret)
    full["BRIDGE_CONFIG"] = str(tmp_path / "bridge.toml")
    settings = load(full)
    settings.zoho.require()
    assert (settings.warnings, len(settings.feeds)) == ((), 2)
    (tmp_path / "bridge.toml").unlink()
    settings = load(small)
    settings.zoho.require()
    assert (settings.warnings, settings.feeds) == ((), ())
