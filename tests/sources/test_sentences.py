"""The sentences of problems: their form, their use, and the fields that the code passes to them."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from bridge.domain.problems import Problem, dump, load, problem
from bridge.domain.sentences import SENTENCES

BRIDGE = Path(__file__).parents[2] / "bridge"
# ZohoError adds these itself where they are known.
ANSWER_FIELDS = {"product", "host", "path", "status", "center"}


def placeholders(sentence: str) -> set[str]:
    """Return the names of the fields in a sentence."""
    return set(re.findall(r"%\((\w+)\)s", sentence))


def uses() -> Iterator[tuple[str, ast.Call, str]]:
    """Yield each code in the package with the call that it is the first argument of."""
    for path in sorted(BRIDGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name == "problem" or name.endswith("Error"):
                    yield str(node.args[0].value), node, f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_starts_with_a_capital_letter_and_ends_with_a_full_stop(code: str) -> None:
    """So that sentences can follow each other, and no caller has to cut or capitalise one."""
    sentence = SENTENCES[code]
    assert re.match(r"[A-Z“%]", sentence)
    assert re.search(r"(\.|%\((text|why|problem)\)s)$", sentence)
    assert re.fullmatch(r"[a-z-]+", code)
    assert sentence % dict.fromkeys(placeholders(sentence), "x")


def test_every_sentence_is_used() -> None:
    source = "".join(path.read_text("utf-8") for path in BRIDGE.rglob("*.py"))
    assert [code for code in SENTENCES if f'"{code}"' not in source] == []


def test_a_call_passes_the_fields_of_its_sentence() -> None:
    checked = 0
    for code, call, place in uses():
        if code in SENTENCES and all(keyword.arg for keyword in call.keywords):
            passed = {str(keyword.arg) for keyword in call.keywords}
            assert placeholders(SENTENCES[code]) <= passed | ANSWER_FIELDS, place
            checked += 1
    assert checked > 80


def test_a_problem_is_stored_and_read_again() -> None:
    value = problem("of-instance", slot="20260309", problem=problem("no-start"))
    assert load(dump(value)) == value
    assert str(value) == "The instance of 20260309: The event has no start."


def test_a_sentence_without_one_of_its_fields_is_still_a_sentence() -> None:
    """An older release may have stored fewer fields; a page must not fail for it."""
    assert str(Problem("end-before-start")) == "The end  is before the start."


def test_a_sentence_and_those_in_its_fields_are_translated() -> None:
    german = {SENTENCES["ends-at-start"]: "%(why)s Es endet sofort.", SENTENCES["no-end"]: "Offen."}
    value = problem("ends-at-start", why=problem("no-end"))
    assert value.sentence(lambda text: german[text]) == "Offen. Es endet sofort."
