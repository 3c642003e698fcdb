"""The labels of events by which filters select: groups, and the account's answer to invitations."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.feed.agenda import labels_of
from bridge.sources.connect import parse as connect_parse
from tests.factories import event
from tests.sources.calendar_json import instance, one, wire
from tests.sources.connect_json import CREATIVE, SAMOA, TIMED, changed

GUESTS = [
    {"email": "a@example.org", "status": "ACCEPTED"},
    {"email": "b@example.org", "status": "DECLINED"},
]


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        # Zoho Calendar: rsvpStatus of the details, 0 NEEDS-ACTION 1 ACCEPTED 2 DECLINED 3 TENTATIVE
        ({"role": "participant", "rsvpStatus": 0}, "needs-action"),
        ({"role": "participant", "rsvpStatus": 1}, "accepted"),
        ({"role": "Participant", "rsvpStatus": 2}, "declined"),
        ({"role": "attendee", "rsvpStatus": 3}, "tentative"),
        ({"role": "participant", "rsvpStatus": 9}, ""),
        # The list shows a guest no other guests.
        ({"role": "participant", "attendees": GUESTS[:1]}, "accepted"),
        ({"role": "participant", "attendees": GUESTS[1:]}, "declined"),
        ({"role": "participant", "attendees": [{"status": "TENTATIVE"}]}, "tentative"),
        ({"role": "participant", "attendees": GUESTS}, ""),  # no answer is the account's for sure
        ({"role": "participant", "attendees": [{"status": ["ACCEPTED"]}, "x"]}, ""),
        ({"role": "participant", "attendees": "x"}, ""),
        ({"role": "participant"}, ""),
        # The account's own event is no invitation.
        ({"role": "organizer", "rsvpStatus": 0}, ""),
        ({"role": "organizer", "attendees": GUESTS[:1]}, ""),
        ({"role": None}, ""),
    ],
)
def test_an_event_has_the_answer_of_the_account(fields: dict[str, Any], answer: str) -> None:
    event, _ = one(wire(**fields))
    assert event.answer == answer


def test_an_instance_may_have_an_answer_of_its_own() -> None:
    rule = {"rrule": "FREQ=DAILY;COUNT=3", "role": "participant"}
    moved = instance("20260303T153000+0530", role="participant", rsvpStatus=2)
    event, _ = one(wire(rsvpStatus=1, **rule), moved)
    assert (event.answer, [override.answer for override in event.overrides]) == (
        "accepted",
        ["declined"],
    )


@pytest.mark.parametrize(
    ("group", "partition", "track"),
    [
        ("1,2", {"id": "1", "name": " Sales \x07 team"}, "Sales team"),
        ("1,2", {"id": "1"}, ""),
        ("1", {"id": "1", "name": "Sales"}, ""),  # all of its events are of that group
    ],
)
def test_an_event_of_several_groups_has_its_group_as_track(
    group: str, partition: dict[str, str], track: str
) -> None:
    raw = {"pages": [{"upcomingEvents": {"events": [changed(TIMED, partition=partition)]}}]}
    (event,) = connect_parse.parse(raw, replace(CREATIVE, group=group), SAMOA).events
    assert event.track == track


def test_a_label_is_no_longer_than_a_key_of_the_database_may_be() -> None:
    labels = labels_of(event(categories=("c" * 5000,), track="t" * 5000), "calendar:work")
    assert {len(value) for kind, value in labels if kind in ("category", "track")} == {255}
