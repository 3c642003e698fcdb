"""Rules for the events of one source: which events a condition means."""

from datetime import date
from typing import Any

from hypothesis import given, strategies as st
import pytest

from bridge.domain.event import Event, Place
from bridge.domain.source_rule import Condition, SourceRule, fold
from tests.factories import event, series

LUNCH = event(title="Team Lunch", place=Place(name="Café Zürich"), description="Menü: Gulasch")


def has(condition: Condition, subject: Event = LUNCH) -> bool:
    """Return whether a feed of only the events that meet a condition shows an event."""
    return SourceRule(only=condition).allows(subject)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("lunch", True),
        ("LUNCH", True),
        ("team lunch", True),
        ("team  lunch", True),
        ("cafe", True),  # of the place, without its accent
        ("cafe\N{COMBINING ACUTE ACCENT}", True),  # another form of the same letters
        ("gulasch", True),  # of the description
        ("zurich", True),
        ("menu", True),
        ("men", False),  # a part of a word
        ("unch", False),
        ("lun*", True),
        ("*unch", True),
        ("*unc*", True),
        ("lunch cafe", False),  # title and place are two texts
        ("lunch.*", False),  # no regular expression
        ("(", False),
        ("straße", False),
    ],
)
def test_a_word_is_found_whole_without_case_and_accents(word: str, found: bool) -> None:
    assert has(Condition(words=(word,))) is found


@pytest.mark.parametrize(
    ("title", "word"),
    [("Hauptstraße", "HAUPTSTRASSE"), ("ﬁnance ①", "finance 1"), ("İstanbul", "istanbul")],
)
def test_letters_of_any_form_are_equal(title: str, word: str) -> None:
    assert has(Condition(words=(word,)), event(title=title))


@given(text=st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.text(min_size=1).filter(lambda text: fold(text).strip("* ")))
def test_any_word_is_found_in_itself(text: str) -> None:
    assert has(Condition(words=(text.replace("*", ""),)), event(title=text.replace("*", "")))


@pytest.mark.parametrize(
    ("condition", "fields", "met"),
    [
        (Condition(categories=("TALKS",)), {"categories": ("Talks", "x")}, True),
        (Condition(categories=("Talk",)), {"categories": ("Talks",)}, False),
        (Condition(categories=("a", "b")), {"categories": ("b",)}, True),
        (Condition(all_day=True), {"start": date(2026, 3, 12)}, True),
        (Condition(all_day=False), {"start": date(2026, 3, 12)}, False),
        (Condition(private=True), {"private": True}, True),
        (Condition(private=True), {}, False),
        (Condition(declined=True), {"answer": "declined"}, True),
        (Condition(declined=False), {"answer": "accepted"}, True),
        (Condition(words=("u",), private=True), {"private": False}, False),
    ],
)
def test_only_shows_what_meets_all_conditions(
    condition: Condition, fields: dict[str, Any], met: bool
) -> None:
    assert has(condition, event(**fields)) is met


def test_without_leaves_out_what_meets_any_condition() -> None:
    rule = SourceRule(without=Condition(words=("lunch",), private=True))
    shown = [event("a"), event("b", title="Lunch"), event("c", private=True)]
    assert [rule.allows(each) for each in shown] == [True, False, False]


def test_a_preview_names_events_and_instances_that_are_left_out() -> None:
    changed = series("s", 11, title="Standup")
    (moved,) = changed.overrides
    rule = SourceRule(without=Condition(words=("s", "lunch")))
    assert [*rule.left_out([LUNCH, changed, event("a")])] == ["Team Lunch", moved.title]


def test_an_instance_is_declined_and_private_as_its_series() -> None:
    declined = series("s", 11, answer="declined", private=True)
    for condition in (Condition(declined=True), Condition(private=True)):
        rule = SourceRule(without=condition)
        assert len([*rule.left_out([declined])]) == 2
