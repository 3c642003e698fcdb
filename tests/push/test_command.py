"""``zoho-bridge push``: edited events reach Connect and the feed, and nothing else does."""

from datetime import UTC, date, datetime, timedelta
import re
import shutil
from typing import Any

import pytest

from bridge.sandbox import connect_update
from tests.command_line import CALENDAR, GROUP, CommandLine
from tests.push.push_command import (
    OFFSITE,
    REORG,
    REORG_TITLE,
    TOMORROW,
    export,
    find_event,
    push,
    restamp,
    retitle,
    update_requests,
)


def test_an_edited_event_goes_to_connect_and_the_feed_shows_it(line: CommandLine) -> None:
    """With every field edited. The sandbox refuses parameters that the document does not list."""
    edited = export(line)[REORG_TITLE]
    edited = edited.replace(f"SUMMARY:{REORG_TITLE}", "SUMMARY:Reorganisation\\, part 2").replace(
        "TRIGGER:-PT1H", "TRIGGER:-PT30M"
    )
    edited = edited.replace("T090000", "T111500").replace("T100000", "T120000")
    edited = edited.replace(
        "\r\nDESCRIPTION:", "\r\nLOCATION:Room 7\r\nDESCRIPTION:All of it.\\n\\n"
    )
    result = push(line, edited)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [field.strip() for field in result.stdout.splitlines() if re.match(r"  \w", field)] == [
        "title",
        "start",
        "end",
        "location",
        "description",
        "reminder",
    ]
    (post,) = update_requests(line)
    assert {
        name: post.query[name]
        for name in ("title", "location", "desc", "intervalMinute", "startHour", "endMin")
    } == {
        "title": "Reorganisation, part 2",
        "location": "Room 7",
        "desc": "All of it.",
        "intervalMinute": "30",
        "startHour": "11",
        "endMin": "0",
    }
    now = find_event(line, REORG)
    assert (now["title"], now["startHour"], now["startMin"], now["location"]) == (
        "Reorganisation, part 2",
        "11",
        "15",
        "Room 7",
    )
    shown = export(line)["Reorganisation\\, part 2"]
    assert "T111500" in shown
    assert "LOCATION:Room 7" in shown
    assert "TRIGGER:-PT30M" in shown
    assert push(line, shown).stdout == "1 event in the file was not edited.\nNothing is sent.\n"


def test_an_event_of_a_feed_of_several_groups_is_sent_too(line: CommandLine) -> None:
    """Its group is a label of the stored event, and no sign of a change in Zoho."""
    others = f'connect = ["{GROUP}", "931000000330042"]'
    toml = line.toml.read_text("utf-8")
    line.toml.write_text(toml.replace(f'connect = "{GROUP}"', others), "utf-8")
    shutil.rmtree(line.data_dir)  # or the group alone is a known source, too
    assert line("refresh", "group").exit_code == 0
    edited = export(line)[REORG_TITLE].replace(f"SUMMARY:{REORG_TITLE}", "SUMMARY:Renamed")
    result = push(line, edited)
    assert (result.exit_code, result.stderr) == (0, "")
    assert find_event(line, REORG)["title"] == "Renamed"


def test_a_longer_all_day_event_stays_one_and_ends_on_its_last_day(line: CommandLine) -> None:
    before = find_event(line, OFFSITE)
    longer = re.sub(
        r"DTEND;VALUE=DATE:(\d+)",
        lambda match: (
            f"DTEND;VALUE=DATE:{datetime.strptime(match[1], '%Y%m%d') + timedelta(days=2):%Y%m%d}"
        ),
        export(line)["Offsite"],
    )
    result = push(line, longer)
    assert (result.exit_code, result.stderr) == (0, "")
    now = find_event(line, OFFSITE)
    assert now["isAllDay"] == "true"
    days = [
        date(*(int(item[f"end{part}"]) for part in ("Year", "Month", "Date")))
        for item in (before, now)
    ]
    assert days[1] - days[0] == timedelta(days=2)
    assert not update_requests(line)[0].query.keys() & {
        "desc",
        "location",
        "intervalDay",
        "intervalHour",
        "intervalMinute",
    }


def test_nothing_is_sent_before_a_person_sees_the_change_and_confirms_it(line: CommandLine) -> None:
    edited = export(line)["Offsite"].replace("SUMMARY:Offsite", "SUMMARY:Retreat")
    shown = push(line, edited, options=("--dry-run",))
    assert (shown.exit_code, update_requests(line)) == (0, [])
    assert "    - Offsite\n    + Retreat\n" in shown.stdout
    silent = push(line, edited, options=())  # without a terminal
    assert (silent.exit_code, update_requests(line)) == (2, [])
    assert "    + Retreat\n" in silent.stdout
    assert "use --yes" in silent.stderr


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {
            "DTSTAMP": TOMORROW,
            "LAST_MODIFIED": TOMORROW,
        },  # Apple, Thunderbird: the time of the edit
        # A program that starts at 0.
        pytest.param({"SEQUENCE": "0", "DTSTAMP": TOMORROW}, marks=pytest.mark.slow),
        {"SEQUENCE": None, "LAST_MODIFIED": None},
        pytest.param({"SEQUENCE": "99999999"}, marks=pytest.mark.slow),
    ],
)
def test_an_event_is_sent_whatever_a_program_does_to_its_stamps(
    line: CommandLine, stamps: dict[str, str | None]
) -> None:
    edited = restamp(
        export(line)["Offsite"].replace("SUMMARY:Offsite", "SUMMARY:Retreat"), **stamps
    )
    assert push(line, edited).exit_code == 0
    assert find_event(line, OFFSITE)["title"] == "Retreat"


def test_unedited_events_are_not_sent_even_if_they_could_not_be(line: CommandLine) -> None:
    """A file has the whole calendar: series, other products, several VEVENTs of one UID.

    Programs write other stamps, and leave reminders out.
    """
    line.toml.write_text(
        line.toml.read_text().replace(
            'slug = "calendar"', 'slug = "calendar"\nexceptions = "recurrence-id"'
        )
    )
    calendar = line.sandbox.calendar(CALENDAR)
    series = next(item for item in calendar.events.all() if "rrule" in item)
    moved = {
        name: series[name]
        for name in ("uid", "caluid", "calid", "title", "etag", "dateandtime", "duration")
    }
    start = datetime.strptime(series["dateandtime"]["start"], "%Y%m%dT%H%M%S%z")
    later = {
        side: f"{start + timedelta(minutes=m):%Y%m%dT%H%M%S%z}"
        for side, m in (("start", 30), ("end", 60))
    }
    slot = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    calendar.events.add(moved | {"recurrenceid": slot, "dateandtime": {"timezone": "PST"} | later})
    stream = find_event(line, REORG)
    epoch = str(int(stream["startTime"]) + 86_400_000)
    line.sandbox.group(GROUP).events.add(stream | {"title": "Again", "startTime": epoch})
    line("refresh")
    everything = [line.export(slug).decode() for slug in ("portal", "group", "calendar")]
    assert "RECURRENCE-ID" in everything[2]
    vevents = [
        vevent
        for body in everything
        for vevent in re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", body, re.DOTALL)
    ]
    saved = [
        re.sub(
            r"BEGIN:VALARM.*?END:VALARM\r\n",
            "",
            restamp(vevent, DTSTAMP=TOMORROW, SEQUENCE="0"),
            flags=re.DOTALL,
        )
        for vevent in vevents
        if "SUMMARY:Offsite" not in vevent
    ]
    result = push(line, *saved, retitle(line))
    assert (result.exit_code, result.stderr) == (0, "")
    (post,) = update_requests(line)
    assert post.query["title"] == "Retreat"


@pytest.mark.parametrize(
    ("fault", "line_of_second"),
    [
        ({"status": 500}, "Perhaps sent: Rearranged (confidential)\n"),
        pytest.param(
            {"status": 200, "body": {"updateEvent": {"result": "failure", "reason": "No."}}},
            "Not sent: Rearranged",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_failure_in_the_middle_is_reported_with_the_state_of_every_event(
    line: CommandLine, fault: dict[str, Any], line_of_second: str
) -> None:
    """A refusal changed nothing. After a fault of Zoho the state is unknown. No retry follows."""
    line.sandbox.group(GROUP).events.add(
        find_event(line, OFFSITE) | {"streamId": "931000000713003", "title": "Lunch"}
    )
    line("refresh", "group")
    first, second = (
        retitle(line),
        export(line)[REORG_TITLE].replace("SUMMARY:Reorganisation", "SUMMARY:Rearranged"),
    )
    third = export(line)["Lunch"].replace("SUMMARY:Lunch", "SUMMARY:Dinner")
    line.sandbox.faults.add("connect.update", "status", after=1, **fault)
    result = push(line, first, second, third)
    assert result.exit_code == 1
    assert "Sent: Retreat\n" in result.stdout
    assert line_of_second in result.stderr
    assert "Not sent: Dinner\n" in result.stderr
    assert len(update_requests(line)) == 2
    assert "Retreat" in export(line)


def test_a_deviation_of_zohos_new_state_is_reported(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document implies that fields which are not sent stay, and does not promise it."""
    line.sandbox.group(GROUP).events.change(OFFSITE, desc="Bring boots.")
    line("refresh", "group")
    edited = retitle(line)

    update_fields = connect_update.update_fields

    def forget_description(*arguments: Any) -> Any:
        fields, removed = update_fields(*arguments)
        return fields, (*removed, "desc")

    monkeypatch.setattr(connect_update, "update_fields", forget_description)
    result = push(line, edited)
    assert result.exit_code == 0
    assert (
        'Retreat: Zoho has another description now than was sent: none and not "Bring boots."'
        in result.stderr
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing.ics", "can't be read: No such file"), (".", "can't be read: Is a dir")],
)
def test_an_unreadable_file_is_an_error_with_the_reason(
    line: CommandLine, name: str, message: str
) -> None:
    result = line("push", str(line.toml.parent / name))
    assert result.exit_code == 1
    assert message in result.stderr
