"""Events that ``zoho-bridge push`` refuses: each by name, with the reason, and nothing is sent."""

import re

from bridge.sandbox.connect_objects import CONNECT_ZONE
from tests.command_line import GROUP, PORTAL, CommandLine
from tests.push.push_command import (
    OFFSITE,
    REORG_TITLE,
    TOMORROW,
    edit,
    expect_refusal,
    export,
    find_event,
    push,
    restamp,
    retitle,
    update_requests,
)


def test_an_event_that_changed_in_zoho_after_the_export_is_refused_by_its_stamps(
    line: CommandLine,
) -> None:
    """An older SEQUENCE with any other stamps, or only older stamps with any SEQUENCE."""
    old = retitle(line)
    line.sandbox.group(GROUP).events.change(OFFSITE, location="Sylt")
    line("refresh", "group")
    lost: dict[str, str | None] = {"SEQUENCE": None, "LAST_MODIFIED": None}
    changes: list[dict[str, str | None]] = [
        {},
        {"SEQUENCE": "0", "DTSTAMP": TOMORROW},
        {"SEQUENCE": "99999999"},
        lost,
    ]
    for stamps in changes:
        message = expect_refusal(line, restamp(old, **stamps))
        assert re.search(
            r'^zoho-bridge: "Retreat" \([-0-9a-f]{36}\) was changed in Zoho Connect since the file',
            message,
        )


def test_an_event_that_changed_in_zoho_since_the_last_read_is_refused_by_its_content(
    line: CommandLine,
) -> None:
    edited = retitle(line)
    line.sandbox.group(GROUP).events.change(OFFSITE, location="Sylt")
    assert "was changed in Zoho Connect since the bridge last read it" in expect_refusal(
        line, edited
    )
    line.sandbox.group(GROUP).events.delete(OFFSITE)
    assert "no longer exists in Zoho Connect" in expect_refusal(line, edited)


def test_events_of_other_origins_and_series_are_refused_by_name(
    line: CommandLine,
) -> None:
    line("refresh", "portal", "calendar")
    unknown = retitle(line).replace("UID:", "UID:0")
    assert re.search(
        r'"Retreat" \(0[-0-9a-f]+\) is in none of the bridge\'s feeds',
        expect_refusal(line, unknown),
    )
    assert "(without a UID)" in expect_refusal(
        line, re.sub(r"UID:[^\r]*\r\n", "", unknown, count=1)
    )
    portal = edit(next(iter(export(line, "portal").values())))
    assert f"comes from backstage:{PORTAL}, and only events of Zoho Connect" in expect_refusal(
        line, portal
    )
    single = edit(
        next(vevent for vevent in export(line, "calendar").values() if "RRULE" not in vevent)
    )
    assert "only events of Zoho Connect" in expect_refusal(line, single)
    series = retitle(line).replace("END:VEVENT", "RRULE:FREQ=DAILY\r\nEND:VEVENT")
    assert "repeats" in expect_refusal(line, series)
    assert "more than once" in expect_refusal(line, retitle(line), retitle(line))


def test_events_that_repeat_in_connect_are_refused(line: CommandLine) -> None:
    """They are objects with one streamId, and no document states which of them is changed."""
    stream = find_event(line, OFFSITE)
    later = {
        "startDate": "1",
        "endDate": "1",
        "startMonth": "1",
        "endMonth": "1",
        "startYear": "2027",
        "endYear": "2027",
    }
    edited = retitle(line)
    other = stream | later | {"date": "20270101"}
    line.sandbox.group(GROUP).events.add(
        other | {"startTime": str(int(other["startTime"]) + 86_400_000)}
    )
    assert "repeats in Connect" in expect_refusal(line, edited)
    line("refresh", "group")
    assert "repeats in Connect" in expect_refusal(line, retitle(line))
    line.sandbox.group(GROUP).events.delete(OFFSITE)
    line.sandbox.group(GROUP).events.add(stream)
    # The last occurrence that is left still belongs to a series.
    assert "repeats in Connect" in expect_refusal(line, retitle(line))


def test_events_of_a_feed_that_shows_times_only_are_refused(line: CommandLine) -> None:
    """Their title "Busy" would replace the event's own."""
    line.toml.write_text(
        line.toml.read_text().replace('slug = "group"', 'slug = "group"\nprivacy = "busy"')
    )
    line("refresh", "group")
    assert "which shows times only" in expect_refusal(line, edit(next(iter(export(line).values()))))


def test_nothing_is_sent_if_one_event_is_refused(line: CommandLine) -> None:
    bad = export(line)[REORG_TITLE].replace("TRIGGER:-PT1H", "TRIGGER:-PT20M")
    message = expect_refusal(line, retitle(line), bad)
    assert "The nearest that it can set is 15 minutes before the start" in message
    assert "Nothing was sent" in message


def test_the_time_zone_of_the_profile_must_be_set_and_right(line: CommandLine) -> None:
    """With another zone, each event that is sent would move."""
    edited = retitle(line)
    line.toml.write_text(line.toml.read_text().replace(CONNECT_ZONE, "Asia/Tokyo"))
    wrong = push(line, edited)
    assert (wrong.exit_code, update_requests(line)) == (2, [])
    assert "zoho.connect_timezone is Asia/Tokyo" in wrong.stderr
    line.toml.write_text(line.toml.read_text().replace('connect_timezone = "Asia/Tokyo"', ""))
    unset = push(line, edited)
    assert (unset.exit_code, update_requests(line)) == (2, [])
    assert "zoho.connect_timezone is not set" in unset.stderr


def test_a_login_that_may_only_read_is_an_error_with_the_remedy(
    line: CommandLine,
) -> None:
    line.sandbox.tokens.scopes -= {"zohopulse.events.UPDATE"}
    result = push(line, retitle(line))
    assert result.exit_code == 1
    assert "lacks the scope zohopulse.events.UPDATE" in result.stderr
    assert "`zoho-bridge login --push`" in result.stderr
    assert find_event(line, OFFSITE)["title"] == "Offsite"
