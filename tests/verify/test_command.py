"""``zoho-bridge verify``: the published feed against Zoho, with each difference by name.

The sandbox computes instances by code of its own, and recurring-ical-events expands the published
bytes. Neither shares anything with the code that makes feeds. Expected differences are those that a
test puts into the sandbox.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any

import pytest

from tests import zoho_sandbox
from tests.command_line import CALENDAR, GROUP, PORTAL, CommandLine, command_line
from tests.zoho_sandbox import contradict

KINDS = ("missing", "extra", "shifted", "renamed", "unreadable")


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def upstream_ids(differences: list[dict[str, Any]]) -> list[str]:
    return [difference["upstream_id"] for difference in differences]


def verify(line: CommandLine, slug: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and the only source in the output of ``--json``."""
    result = line("verify", slug, "--json")
    output = json.loads(result.stdout)
    (source,) = output["sources"]
    assert output["ok"] == (result.exit_code == 0)
    return result.exit_code, source


@pytest.mark.parametrize(
    "slug",
    ["group", *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("portal", "calendar"))],
)
def test_a_feed_is_equal_to_zoho_after_a_read(line: CommandLine, slug: str) -> None:
    line("refresh")
    code, output = verify(line, slug)
    assert code == 0
    assert output["equal"] > 0
    assert not any(output[kind] for kind in KINDS)
    assert re.search(rf"^  {output['equal']} equal", line("verify", slug).stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "options",
    [
        'exceptions = "recurrence-id"\nprivacy = "busy"',
        *(
            pytest.param(option, marks=pytest.mark.slow)
            for option in (
                'exceptions = "recurrence-id"',
                'privacy = "busy"',
                'cancelled = "drop"',
                "show_private = true",
            )
        ),
    ],
)
def test_a_calendar_with_many_exceptions_is_equal_in_every_form_of_its_feed(
    line: CommandLine, options: str
) -> None:
    """Deleted, moved and renamed instances, expanded rules and private events are no differences.

    The sandbox has one event with a broken date, which is left out.
    """
    work = zoho_sandbox.WORK
    events = line.sandbox.calendar(work).events
    party = next(item for item in events.all() if item["title"] == "Release party")
    events.change(party["uid"], estatus="cancelled")
    feed = f'[[feed]]\nslug = "w"\ntitle = "W"\n{options}\n'
    line.toml.write_text(f'{feed}sources = [{{ calendar = "{work}" }}]\n')
    line("refresh")
    code, output = verify(line, "w")
    assert (code, [output[kind] for kind in KINDS]) == (0, [[]] * len(KINDS))
    assert output["equal"] > 200
    reasons = {difference["reason"] for difference in output["left_out"]}
    assert any("could not be read" in reason for reason in reasons)


def test_what_rules_change_is_intended(line: CommandLine) -> None:
    rules = 'prefix = "US: ", without = { words = ["dana"] }'
    feed = '[[feed]]\nslug = "us"\npast = "7d"\nfuture = "30d"\n'
    line.toml.write_text(f'{feed}sources = [{{ calendar = "{CALENDAR}", {rules} }}]\n')
    line("refresh")
    code, output = verify(line, "us")
    assert (code, [output[kind] for kind in KINDS]) == (0, [[]] * len(KINDS))
    assert output["equal"] == 4
    rule = "A rule of the feed leaves the event out."
    assert {gap["title"]: gap["reason"] for gap in output["left_out"]} == {
        "US: 1:1 with Dana": rule
    }


def test_each_contradiction_of_zoho_with_itself_is_a_difference(line: CommandLine) -> None:
    """The list, which the feed was made from, lacks, adds and shifts one instance each."""
    contradiction = contradict(line.sandbox.calendar(CALENDAR), datetime.now(UTC).date())
    line("refresh", "calendar")
    code, output = verify(line, "calendar")
    assert code == 1
    for kind, start in (
        ("missing", contradiction.missing),
        ("extra", contradiction.extra),
        ("shifted", contradiction.shifted),
    ):
        (difference,) = output[kind]
        assert difference["upstream_id"] == contradiction.uid
        shown_start = difference.get("shown_start", difference.get("start"))
        assert datetime.fromisoformat(shown_start) == start
    shifted = output["shifted"][0]
    assert datetime.fromisoformat(shifted["start"]) == contradiction.shifted + timedelta(minutes=30)
    assert (output["renamed"], output["unreadable"]) == ([], [])
    assert any(request.route == "calendar.instances" for request in line.sandbox.requests)
    result = line("verify", "calendar")
    assert result.exit_code == 1
    assert re.search(r", 1 missing, 1 extra, 1 shifted$", result.stdout, re.MULTILINE)
    assert re.search(
        rf'^  shifted +\S+ \S+ to \S+ UTC  "Launch check"  in the feed .*{contradiction.uid}$',
        result.stdout,
        re.MULTILINE,
    )


def test_later_changes_in_zoho_are_differences_with_a_note_on_the_last_read(
    line: CommandLine,
) -> None:
    line("refresh")
    group, portal = line.sandbox.group(GROUP).events, line.sandbox.portal(PORTAL).events
    streams = [event["streamId"] for event in group.all()]
    group.change(streams[0], title="Renamed upstream")
    group.delete(streams[1])
    event = next(event for event in portal.all() if event["status"] == 1)
    start = datetime.fromisoformat(event["start_time"]) + timedelta(minutes=5)
    portal.change(event["id"], start_time=start.strftime("%Y-%m-%dT%H:%M:%SZ"))
    code, output = verify(line, "group")
    assert (code, upstream_ids(output["renamed"])) == (1, [streams[0]])
    assert upstream_ids(output["extra"]) == [streams[1]]
    assert "was read" in output["notes"][0]
    code, output = verify(line, "portal")
    assert (code, upstream_ids(output["shifted"])) == (1, [event["id"]])


def test_no_difference_reveals_a_title_that_the_feed_hides(line: CommandLine) -> None:
    """``privacy = "busy"``: comparisons are stored and shown on a page."""
    line.toml.write_text(
        line.toml.read_text().replace('slug = "group"', 'slug = "group"\nprivacy = "busy"')
    )
    line("refresh", "group")
    events = line.sandbox.group(GROUP).events
    meeting = events.find("931000000713001")[0]
    start, end = (str(int(meeting[side]) + 3 * 86_400_000) for side in ("startTime", "endTime"))
    events.change(meeting["streamId"], startTime=start, endTime=end)
    result = line("verify", "group", "--json")
    assert result.exit_code == 1
    (output,) = json.loads(result.stdout)["sources"]
    # Matched by its key, days away.
    assert {kind: len(output[kind]) for kind in KINDS if output[kind]} == {"shifted": 1}
    assert not {"Reorganisation", "Offsite"} & set(re.findall(r"\w+", result.stdout))


def test_a_series_is_compared_from_the_list_when_zoho_does_not_answer_about_it_alone(
    line: CommandLine,
) -> None:
    """The endpoint is not documented. Without it the list counts, with a note."""
    contradict(line.sandbox.calendar(CALENDAR), datetime.now(UTC).date())
    line("refresh", "calendar")
    line.sandbox.faults.add("calendar.instances", "status", status=404)
    code, output = verify(line, "calendar")
    assert code == 1
    assert [len(output[kind]) for kind in ("missing", "extra", "shifted")] == [1, 1, 1]
    assert any("no instances of" in note for note in output["notes"])


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        ("nonsense", 'No feed "nonsense"'),
        ("group", "has not been read yet: run `zoho-bridge refresh group`"),
    ],
)
def test_an_unknown_feed_and_an_unread_source_are_errors_with_a_remedy(
    line: CommandLine, slug: str, sentence: str
) -> None:
    line("refresh", "calendar")
    result = line("verify", slug)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_when_zoho_is_down_nothing_is_compared(line: CommandLine) -> None:
    line("refresh", "group")
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("verify", "group")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Zoho Connect" in result.stderr
