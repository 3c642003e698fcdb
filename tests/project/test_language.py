"""Plain English and small modules, as CONTRIBUTING.md asks for.

The words below are those that readers of earlier versions stumbled over.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "bridge").rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

FIRST_WORDS = {"Give", "Gives", "Tell", "Tells", "Say", "Says", "Let", "Lets"}
STUMBLING_BLOCKS = (
    "anew",
    "nobody",
    "whoever",
    "for want of",
    "of a sudden",
    "by itself",
    "by themselves",
    "as good as",
    "comes across",
    "come across",
    "asks for news",
    "ask for news",
)
_WORDS = re.compile(rf"\b(?:{'|'.join(STUMBLING_BLOCKS)})\b", re.IGNORECASE)
_PARTICIPLE = re.compile(
    r"(?:[a-z]{2,}(?<!e)ed|told|seen|found|held|made|chosen|given|heard|kept|known|shown|taken|sent)$"
)
_PRIVATE = re.compile(r"_[a-z](?!$)")
# Documented names of the standard library, whatever they look like.
PUBLIC_ALL_THE_SAME = {"_exit", "_asdict", "_replace"}
# httpx has no option for httpcore's network; its version is bounded, and a test needs the limits.
INSIDE_HTTPX = {"bridge/zoho/transport.py": {"_transport", "_mounts", "_pool", "_network_backend"}}
# Nouns that only look like participles.
NOUNS = {"feed", "embed", "need", "speed", "seed"}

MOST_LINES, MOST_TEST_LINES, MOST_COLUMNS, MOST_ENTRIES = 350, 500, 100, 20


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def _messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every text in the code that may be a message or a docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", [*PACKAGE, *TESTS], ids=_name)
def test_a_docstring_begins_with_a_technical_verb_or_a_noun(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    bad = [
        f"{_name(path)}:{line}: {text.splitlines()[0]}"
        for line, text in _docstrings(tree)
        if text.split()[0] in FIRST_WORDS
    ]
    assert bad == []


@pytest.mark.parametrize("path", PACKAGE, ids=_name)
def test_no_text_in_the_package_holds_a_word_that_readers_stumble_over(path: Path) -> None:
    bad = [
        f"{_name(path)}:{line}: {match[0]}"
        for line, text in _messages(ast.parse(path.read_text("utf-8")))
        for match in _WORDS.finditer(text)
    ]
    assert bad == []


@pytest.mark.parametrize(
    "path", [*TEMPLATES, *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))], ids=_name
)
def test_no_page_or_document_holds_a_word_that_readers_stumble_over(path: Path) -> None:
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    bad = [f"{_name(path)}:{n}: {m[0]}" for n, line in lines for m in _WORDS.finditer(line)]
    assert bad == []


def _is_participle(name: str) -> bool:
    """Whether the last word of a name in snake_case or CamelCase is a participle."""
    last = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)[-1].lower()
    return last not in NOUNS and _PARTICIPLE.search(last) is not None


@pytest.mark.parametrize("name", ["Told", "SourceShown", "_Seen", "found", "read_changed"])
def test_a_participle_is_recognised(name: str) -> None:
    assert _is_participle(name)


def test_no_module_or_class_is_named_by_a_participle() -> None:
    bad = []
    for path in PACKAGE:
        if not path.stem.startswith("__") and _is_participle(path.stem):
            bad.append(_name(path))
        bad += [
            f"{_name(path)}:{node.lineno}: {node.name}"
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ClassDef) and _is_participle(node.name)
        ]
    assert bad == []


def test_no_line_of_the_package_is_longer_than_a_reader_likes() -> None:
    bad = [
        f"{_name(path)}:{number}"
        for path in PACKAGE
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > MOST_COLUMNS
    ]
    assert bad == []


def test_no_module_is_too_long_to_hold_in_mind() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in [*PACKAGE, *TESTS]}
    bad = {
        _name(path): lines
        for path, lines in lengths.items()
        if lines > (MOST_LINES if path in PACKAGE else MOST_TEST_LINES)
    }
    assert bad == {}


def test_the_top_of_the_package_is_a_list_that_one_can_read() -> None:
    entries = [path for path in (ROOT / "bridge").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES


def test_no_private_name_is_reached_into_from_outside() -> None:
    """Neither imported, nor read from anything but ``self``, ``cls`` or a value of the same class."""
    bad = []
    for path in [*PACKAGE, *TESTS, *sorted((ROOT / "bench").glob("*.py"))]:
        tree = ast.parse(path.read_text("utf-8"))
        own = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if node.value.id in {"self", "cls"}
        } | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.Attribute) and node.attr not in own:
                names = [node.attr]
            else:
                continue
            bad += [
                f"{_name(path)}:{node.lineno}: {name}"
                for name in names
                if _PRIVATE.match(name) and name not in PUBLIC_ALL_THE_SAME
                if name not in INSIDE_HTTPX.get(_name(path), ())
            ]
    assert bad == []
