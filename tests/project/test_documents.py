"""Every document is reachable from ``docs/index.md``, and every link leads to a file."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench" / "README.md"]


def links_of(path: Path) -> list[Path]:
    """Return the files that a document links to."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    return [(path.parent / target).resolve() for target in targets if "://" not in target]


def test_every_document_is_reachable_from_the_index() -> None:
    linked = set(links_of(ROOT / "docs" / "index.md"))
    documents = {path for path in DOCUMENTS if path.name not in {"index.md", "CLAUDE.md"}}
    assert sorted(documents - linked) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path: Path) -> None:
    assert [str(target) for target in links_of(path) if not target.exists()] == []
