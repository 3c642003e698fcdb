"""The request of updateEvent: parameters, limits and answers, as Zoho's page on it states."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any

import pytest

from bridge.domain.source import Product
from bridge.errors import BadDataError, ScopeError, UnavailableError, ZohoError
from bridge.sources.connect.update import (
    UncertainError,
    clock_problem,
    nearest_reminder,
    parameters,
    problems,
    send,
)
from tests.factories import BERLIN
from tests.push.connect_events import (
    ALLOWED_REMINDERS,
    ANSWER,
    MINUTE,
    SAMOA,
    SAMPLES,
    SOURCE,
    update,
)


def test_the_documents_sample_is_written_as_printed() -> None:
    """The address of the page's sample, except for startMinute and endMinute.

    The table has startMin, and the answer to the sample shows that Zoho ignored the other form.
    The flag for whole days is always sent, as the times are.
    """
    assert parameters(update(), SOURCE, SAMOA) == {
        "scopeID": "929000000015001",
        "streamId": "929000000855682",
        "title": "Event Updated fro march",
        "startYear": "2018",
        "startMonth": "3",
        "startDate": "22",
        "startHour": "5",
        "startMin": "0",
        "endYear": "2018",
        "endMonth": "3",
        "endDate": "23",
        "endHour": "13",
        "endMin": "0",
        "allDay": "false",
    }


def test_an_all_day_event_ends_on_its_last_day() -> None:
    """An event of 28 July alone ends on 28 July at midnight (Zoho Connect: upcoming events)."""
    sent = parameters(update(start=date(2026, 2, 27), end=date(2026, 3, 1)), SOURCE, BERLIN)
    assert sent["allDay"] == "true"
    assert {name: sent[name] for name in sent if name.startswith("end")} == {
        "endYear": "2026",
        "endMonth": "2",
        "endDate": "28",
        "endHour": "0",
        "endMin": "0",
    }


def test_optional_fields_are_sent_only_if_they_change_and_an_emptied_text_is_sent_empty() -> None:
    optional = {
        "desc",
        "location",
        "intervalDay",
        "intervalHour",
        "intervalMinute",
        "fields",
        "invitedMembers",
    }
    assert not parameters(update(), SOURCE, BERLIN).keys() & optional
    sent = parameters(
        update(description="", location="Hall 1", reminder=15 * MINUTE), SOURCE, BERLIN
    )
    assert {name: sent[name] for name in sent.keys() & optional} == {
        "desc": "",
        "location": "Hall 1",
        "intervalMinute": "15",
    }


def test_each_reminder_of_the_documented_sets_is_sent_unchanged() -> None:
    """intervalDay {0,1,2,7}, intervalHour {0-23}, intervalMinute {5,15,30,60,120}.

    A reminder is the sum of the three (Zoho Connect: update event).
    """
    for before in ALLOWED_REMINDERS:
        assert problems(update(reminder=before), BERLIN) == ()
        sent = parameters(update(reminder=before), SOURCE, BERLIN)
        days, hours, minutes = (
            int(sent.get(f"interval{part}", "0")) for part in ("Day", "Hour", "Minute")
        )
        assert timedelta(days=days, hours=hours, minutes=minutes) == before
        assert ("intervalMinute" in sent) != ("intervalDay" in sent or "intervalHour" in sent)


@pytest.mark.parametrize(
    ("before", "nearest", "words"),
    [
        (20 * MINUTE, 15 * MINUTE, "15 minutes before"),
        (10 * MINUTE, 15 * MINUTE, "15 minutes before"),  # of two as near, the one that rings first
        (45 * MINUTE, 60 * MINUTE, "1 hour before"),
        (90 * MINUTE, 120 * MINUTE, "2 hours before"),
        (timedelta(days=1, minutes=10), timedelta(days=1), "1 day before"),
        (timedelta(days=4), timedelta(days=2, hours=23), "2 days 23 hours before"),
        (timedelta(days=30), timedelta(days=7, hours=23), "7 days 23 hours before"),
        (-10 * MINUTE, timedelta(), "at the start"),
    ],
)
def test_another_reminder_is_a_problem_that_names_the_nearest_reminder(
    before: timedelta, nearest: timedelta, words: str
) -> None:
    assert nearest == min(
        ALLOWED_REMINDERS, key=lambda reminder: (abs(reminder - before), -reminder)
    )
    assert nearest_reminder(before) == nearest
    (problem,) = problems(update(reminder=before), BERLIN)
    assert str(problem).endswith(
        f"The nearest that it can set is {words}{' the start' * (words != 'at the start')}."
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "x" * 251}, "The title has 251 characters, and Connect accepts 250."),
        ({"title": "🎲" * 126}, "The title has 252 characters, and Connect accepts 250."),
        (
            {"description": "x" * 1001},
            "The description has 1001 characters, and Connect accepts 1000.",
        ),
        ({"location": "x" * 251}, "The location has 251 characters, and Connect accepts 250."),
        ({"title": " "}, "The event has no title"),
        (
            {
                "start": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
                "end": datetime(2026, 10, 25, 3, tzinfo=UTC),
            },
            "The start ",
        ),
    ],
)
def test_fields_beyond_the_documented_limits_are_problems(
    fields: dict[str, Any], sentence: str
) -> None:
    """Berlin's clocks show 02:30 twice on 25 October 2026. 01:30 UTC is the second time."""
    (problem,) = problems(update(**fields), BERLIN)
    assert str(problem).startswith(sentence)


def test_fields_at_the_documented_limits_are_no_problem() -> None:
    assert (
        problems(update(title="x" * 250, description="x" * 1000, location="🎲" * 125), BERLIN) == ()
    )


def test_a_profile_in_another_zone_than_the_setting_is_a_problem() -> None:
    """The wall clocks of the documents' sample are UTC-11 (Zoho Connect: clock analysis)."""
    raw = {"pages": [{"upcomingEvents": {"events": SAMPLES}}]}
    assert clock_problem(raw, SAMOA) is None
    assert "zoho.connect_timezone is Europe/Berlin" in str(clock_problem(raw, BERLIN))


class FakePoster:
    """Answers every request with one answer, or raises it."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def post(self, product: Product, path: str, params: Mapping[str, str]) -> Any:
        assert (product, path, params["streamId"]) == ("connect", "/updateEvent", "929000000855682")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_documented_answer_is_parsed() -> None:
    event = send(FakePoster(ANSWER), SOURCE, update(), SAMOA)
    assert (event.title, event.start) == (
        "Event Updated fro march",
        datetime(2018, 3, 22, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ({}, UncertainError, r"seems to have made the change.*not about the event"),
        ([], UncertainError, r"Check the event in Connect before.*no stream with an event"),
        (
            {"updateEvent": {"result": "success"}},
            UncertainError,
            r"Check the event in Connect before.*no stream with an event",
        ),
        (
            UnavailableError("text", text="It broke off."),
            UncertainError,
            r"may or may not have been made",
        ),
        (
            ScopeError("text", text="No."),
            ScopeError,
            r"zohopulse\.events\.UPDATE.*zoho-bridge login --push",
        ),
        (BadDataError("text", text="It refuses."), BadDataError, r"It refuses\."),
    ],
)
def test_another_answer_is_an_error_with_the_remedy(
    answer: object, error: type[ZohoError], message: str
) -> None:
    if answer == {}:
        answer = json.loads(json.dumps(ANSWER).replace("929000000855682", "1"))
    with pytest.raises(error, match=message):
        send(FakePoster(answer), SOURCE, update(), SAMOA)
