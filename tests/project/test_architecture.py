"""``docs/architecture.md`` agrees with the tree: the entries, the paths, the table of changes."""

from pathlib import Path
import re
import tomllib

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
FOLDERS = ("bridge/", "docs/", "templates/", "tests/", "bench/")
PATHS = sorted(path for path in set(re.findall(r"`([\w./-]+)`", TEXT)) if path.startswith(FOLDERS))


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its first two lines."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


CHANGES = rows("To change X, go to Y")


def test_every_entry_of_the_package_has_its_line_and_no_other_has() -> None:
    entries = sorted(
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "bridge").iterdir()
        if path.name != "__pycache__"
    )
    lines = [(name.strip("`"), content) for name, content in rows("What is in `bridge/`")]
    assert sorted(name for name, _ in lines) == entries
    assert all(content.endswith(".") for _, content in lines)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_there_are_enough_signposts() -> None:
    assert len(CHANGES) >= 10
    assert len(PATHS) > 20


@pytest.mark.parametrize(("change", "place", "text"), CHANGES, ids=[row[0] for row in CHANGES])
def test_a_signpost_names_a_file_that_contains_the_text(change: str, place: str, text: str) -> None:
    """The last path of the second column is the file, the third column a text in it."""
    file = ROOT / re.findall(r"`([^`]+)`", place)[-1]
    assert text.strip("`") in file.read_text("utf-8"), change


def test_each_word_of_the_drawing_is_a_step_or_an_entry_of_the_package() -> None:
    steps = {"fetch", "parse", "diff", "save", "view", "render", "publish", "serve"}
    words = set(re.findall(r"\b[a-z]+", TEXT.split("```")[1]))
    entries = {path.stem for path in (ROOT / "bridge").iterdir()}
    assert steps <= words
    assert words - steps - {"or", "the", "command", "clients"} <= entries


def test_the_order_of_imports_is_that_of_the_import_contract() -> None:
    order = TEXT.split("Imports only point down this list: ")[1].split(". import-linter")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert [set(re.findall(r"\w+", part)) for part in order.split(";")] == [
        set(re.findall(r"\w+", layer)) for layer in layers
    ]


def test_a_link_to_a_heading_finds_it() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors
