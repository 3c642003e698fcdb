"""Changes of an event: only edits of a person, whatever a program did to its texts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.event import Alarm, Event, Person, Place
from bridge.push.change import compute_change, remove_additions
from bridge.push.vevent import RefusalError
from tests.factories import BERLIN
from tests.push.connect_events import MINUTE, published_fields

START, END = (
    datetime(2026, 7, day, hour, minute, tzinfo=BERLIN)
    for day, hour, minute in ((1, 17, 30), (2, 0, 0))
)
PARTY = Event(
    uid="u",
    upstream_id="931000000712010",
    title="Summer party",
    start=START,
    end=END,
    description="Families are welcome.\n\nBring: good mood; a blanket, perhaps.",
    place=Place(name="Roof terrace, Speicherstraße 4"),
    url="https://connect.zoho.com/portal/northwind/stream/931000000712010",
    people=(Person(name="Ada Lindqvist", role="organizer"),),
    alarms=(Alarm(trigger=-timedelta(days=1, hours=2)),),
)
ADDED = f"Organizer: Ada Lindqvist\nDetails: {PARTY.url}"


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (f"{PARTY.description}\n\n{ADDED}", PARTY.description),
        (f"Come all!\n\n{ADDED}", "Come all!"),
        (f"{PARTY.description}\nCome all!\n\n{ADDED}", f"{PARTY.description}\nCome all!"),
        # Text below the added lines, or between them.
        (f"{PARTY.description}\n\n{ADDED}\nCome all!", f"{PARTY.description}\n\nCome all!"),
        (f"Organizer: Ada Lindqvist\nCome all!\nDetails: {PARTY.url}", "Come all!"),
        # The added lines are deleted, in part or whole.
        ("Come all!", "Come all!"),
        ("", ""),
        (ADDED, ""),
        # Outlook adds blank lines, and each address once more.
        (
            f"Come all!\n\n\n\nOrganizer: Ada Lindqvist \n\nDetails: {PARTY.url} <{PARTY.url}>\n\n",
            "Come all!",
        ),
        # A person's own line that equals an added line stays once.
        (f"Organizer: Ada Lindqvist\n\n{ADDED}", "Organizer: Ada Lindqvist"),
        (f"Organizer: Tomás\n\n{ADDED}", "Organizer: Tomás"),
    ],
)
def test_the_lines_that_the_feed_added_to_a_description_are_removed(
    edited: str, expected: str
) -> None:
    published = published_fields(PARTY)
    assert published.description == f"{PARTY.description}\n\n{ADDED}"
    assert remove_additions(replace(published, description=edited), published, PARTY) == expected


def test_a_line_of_the_event_itself_is_not_removed() -> None:
    event = replace(PARTY, description=ADDED.split("\n", maxsplit=1)[0])
    published = published_fields(event)
    assert published.description.count("Organizer: Ada Lindqvist") == 2
    assert remove_additions(published, published, event) == "Organizer: Ada Lindqvist"


@pytest.mark.parametrize(
    ("edits", "names"),
    [
        ({"title": "  Summer   party "}, []),
        (
            {
                "description": "Families are welcome.\nBring: good mood; a blanket, perhaps.\n"
                + ADDED
            },
            [],
        ),
        ({"location": "Roof  terrace, Speicherstraße 4"}, []),
        ({"reminders": ()}, []),
        ({"start": START.astimezone(UTC), "end": END.astimezone(UTC)}, []),
        ({"title": "Winter party"}, ["title"]),
        ({"location": ""}, ["location"]),
        ({"description": ""}, ["description"]),
        ({"start": START + timedelta(hours=1)}, ["start"]),
        ({"start": date(2026, 7, 1), "end": date(2026, 7, 3)}, ["start", "end"]),
        ({"reminders": (15 * MINUTE,)}, ["reminder"]),
        (
            {"reminders": (15 * MINUTE, timedelta(days=1, hours=2))},
            ["reminder"],
        ),  # a program's own beside it
    ],
)
def test_only_fields_that_a_person_edited_are_changes(
    edits: dict[str, Any], names: list[str]
) -> None:
    published = published_fields(PARTY)
    change = compute_change(replace(published, **edits), published, PARTY, BERLIN)
    assert [field.name for field in change.fields] == names
    sent = {
        name
        for name in ("description", "location", "reminder")
        if getattr(change.update, name) is not None
    }
    assert sent == {"description", "location", "reminder"} & set(names)


@pytest.mark.parametrize(
    ("title", "sent"),
    [("Ops: Summer party", "Summer party"), ("Ops: Fête", "Fête"), ("Fête", "Fête")],
)
def test_the_prefix_of_a_feed_is_not_sent(title: str, sent: str) -> None:
    published = replace(published_fields(PARTY), title="Ops: Summer party")
    edited = replace(published, title=title)
    change = compute_change(edited, published, PARTY, BERLIN, "Ops: ")
    assert change.update.title == sent


def test_a_removed_reminder_stays_with_a_remark() -> None:
    published = published_fields(PARTY)
    change = compute_change(
        replace(published, title="Other", reminders=()), published, PARTY, BERLIN
    )
    assert change.update.reminder is None
    assert "1 day 2 hours before the start" in change.remarks[0]


def test_an_edited_description_with_formatting_becomes_plain_text_with_a_remark() -> None:
    """Formatting that a person did not edit stays."""
    event = replace(PARTY, html="<p>Families are <b>welcome</b>.</p>")
    published = published_fields(event)
    assert compute_change(replace(published, title="Other"), published, event, BERLIN).remarks == ()
    (remark,) = compute_change(
        replace(published, description="Come!"), published, event, BERLIN
    ).remarks
    assert "becomes plain text" in remark


def test_several_new_reminders_are_refused() -> None:
    published = published_fields(PARTY)
    with pytest.raises(
        RefusalError, match="15 minutes before the start, 30 minutes before the start"
    ):
        compute_change(
            replace(published, reminders=(15 * MINUTE, 30 * MINUTE)), published, PARTY, BERLIN
        )


def test_all_problems_of_an_event_are_in_one_refusal() -> None:
    published = published_fields(PARTY)
    with pytest.raises(
        RefusalError, match=r"The title has 251 characters.*cannot set a reminder 20 minutes before"
    ):
        compute_change(
            replace(published, title="x" * 251, reminders=(20 * MINUTE,)), published, PARTY, BERLIN
        )
