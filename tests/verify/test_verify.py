"""``verify``: what a feed has published against what Zoho itself reports, instance by instance.

The sandbox tells instances by code of its own (``bridge.sandbox.series``, dateutil), the published bytes are expanded by
recurring-ical-events: neither shares anything with what makes the feeds. Expected differences are the ones that the
sandbox is told to have. What is left out on purpose comes from the documentation of ``privacy`` and ``cancelled``.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Any

import pytest
import stamina
import structlog

from bridge import config, worker
from bridge.domain.feed import Feed, Window
from bridge.domain.problems import text_problem
from bridge.domain.source import CalendarSource, ConnectSource
from bridge.domain.uid import event_uid
from bridge.errors import BadDataError, UnavailableError
from bridge.publish.pending import activate_feeds
from bridge.refresh.refresher import Refresher
from bridge.sources.calendar.instances import (
    fetch_event_instances,
    fetch_instances,
    parse_instances,
)
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify import Verifier, compare_in_turn, due
from bridge.verify.compare import compare
from bridge.verify.expand import expand
from bridge.verify.values import Owner, Reported, Rules, Shown
from bridge.web import create_app
from bridge.zoho.client import ZohoClient
from tests import zoho_sandbox
from tests.command_line import (
    CALENDAR,
    GROUP,
    NETWORK,
    PORTAL,
    CommandLine,
    command_line,
    log_restored,
)
from tests.zoho_sandbox import Sandbox, contradict

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
US = CalendarSource(calendar=zoho_sandbox.US)
WORK = CalendarSource(calendar=zoho_sandbox.WORK)
WINDOW = Window(start=date(2026, 3, 1), end=date(2026, 4, 1))
HOUR = timedelta(hours=1)


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


# The published bytes, read by another engine


def document(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


SERIES = (
    "UID:s\nDTSTART;TZID=Europe/Berlin:20260309T100000\nDTEND;TZID=Europe/Berlin:20260309T110000\n"
    "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260316T100000\nSUMMARY:Weekly"
)
MOVED = (
    "UID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20260323T100000\nDTSTART;TZID=Europe/Berlin:20260324T120000\n"
    "DTEND;TZID=Europe/Berlin:20260324T130000\nSUMMARY:Weekly, moved"
)


def test_a_series_is_expanded_with_its_exceptions_each_under_its_original_start() -> None:
    """RFC 5545 3.8.5: EXDATE takes an instance away, RECURRENCE-ID replaces one; 30 March is in summer time."""
    shown = expand(document(SERIES, MOVED), WINDOW)
    assert {(one.key, one.start, one.end, one.title) for one in shown} == {
        (("s", "20260309T090000Z"), at(9), at(9, 10), "Weekly"),
        (("s", "20260323T090000Z"), at(24, 11), at(24, 12), "Weekly, moved"),
        (("s", "20260330T080000Z"), at(30, 8), at(30, 9), "Weekly"),
    }


def test_single_events_are_found_wherever_they_are_and_the_placeholder_is_none() -> None:
    """One that was moved out of the window has to be found; a feed without events shows none (rulebook 17)."""
    far = "UID:f\nDTSTART:20270101T100000Z\nDTEND:20270101T110000Z\nSUMMARY:Far"
    day = "UID:d\nDTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260312\nSUMMARY:Two days"
    empty = f"UID:{event_uid('placeholder')}\nDTSTART;VALUE=DATE:20000101\nDTEND;VALUE=DATE:20000102\nSUMMARY:None yet"
    shown = expand(document(far, day, empty), WINDOW)
    assert [(one.key, one.start) for one in shown] == [
        (("f", ""), datetime(2027, 1, 1, 10, tzinfo=UTC)),
        (("d", ""), date(2026, 3, 10)),
    ]


# The comparison, by itself


def reported(uid: str = "u", start: Any = None, end: Any = None, **options: Any) -> Any:
    start = start or at(10)
    values = {
        "upstream_id": f"up-{uid}",
        "keys": ((uid, ""),),
        "start": start,
        "ends": (end or start + HOUR,),
    }
    return Reported(**values | {"title": "Call"} | options)


def shown(
    uid: str = "u", start: Any = None, end: Any = None, title: str = "Call", slot: str = ""
) -> Any:
    start = start or at(10)
    return Shown(key=(uid, slot), start=start, end=end or start + HOUR, title=title)


def rules(*uids: Any, source: str = "calendar:x", **options: Any) -> Any:
    owners = {uid: Owner(source_key=source, upstream_id=f"up-{uid}") for uid in uids}
    return Rules(**{"source_key": "calendar:x", "window": WINDOW, "owners": owners} | options)


def kinds(comparison: Any) -> Any:
    return [(one.kind, one.upstream_id) for one in comparison.differences]


@pytest.mark.parametrize(
    ("zoho", "feed", "expected"),
    [
        ([reported()], [shown()], (1, [])),
        ([reported()], [], (0, ["missing"])),
        ([], [shown()], (0, ["extra"])),
        ([reported(start=at(10, 10))], [shown()], (0, ["shifted"])),
        ([reported(end=at(10, 11))], [shown()], (0, ["shifted"])),
        ([reported(start=date(2026, 3, 10), end=date(2026, 3, 11))], [shown()], (0, ["shifted"])),
        ([reported(title="Talk")], [shown()], (0, ["renamed"])),
        ([reported(title=None)], [shown(title="Busy")], (1, [])),
        ([reported(title="  Call ")], [shown()], (1, [])),
        ([reported(title="")], [shown(title="(No title)")], (1, [])),
        # Twice in the feed under one name: readers see it twice.
        ([reported()], [shown(), shown()], (1, ["extra"])),
        # Moved out of the window, or into it: one instance, and not a missing or an extra one.
        ([reported()], [shown(start=at(10) + timedelta(days=90))], (0, ["shifted"])),
        ([reported(start=at(10) + timedelta(days=90))], [shown()], (0, ["shifted"])),
        # Beyond the window on both sides: nobody asked.
        ([reported(start=at(10) + timedelta(days=90))], [], (0, [])),
        ([], [shown(start=at(10) + timedelta(days=90))], (0, [])),
    ],
)
def test_each_instance_is_equal_or_differs_in_one_way(zoho: Any, feed: Any, expected: Any) -> None:
    comparison = compare(zoho, feed, rules("u"))
    assert (comparison.equal, [one.kind for one in comparison.differences]) == expected
    assert comparison.left_out == ()


def test_of_whole_days_either_reading_of_the_last_one_is_equal() -> None:
    """No document says whether the end that Zoho tells counts."""
    day = date(2026, 3, 10)
    either = reported(start=day, ends=(date(2026, 3, 12), date(2026, 3, 11)))
    assert compare([either], [shown(start=day, end=date(2026, 3, 11))], rules("u")).equal == 1
    assert compare([either], [shown(start=day, end=date(2026, 3, 12))], rules("u")).equal == 1
    assert kinds(compare([either], [shown(start=day, end=date(2026, 3, 13))], rules("u"))) == [
        ("shifted", "up-u")
    ]


def test_an_instance_without_a_common_name_is_looked_for_near_its_time_and_only_in_its_own_event() -> (
    None
):
    """Zoho need not tell the original start of an instance; a day's series must not seem to have moved by a day."""
    zoho = [reported(keys=(("u", "20260310T080000Z"),))]
    assert compare(zoho, [shown(slot="20260310T090000Z")], rules("u")).equal == 1
    assert kinds(compare(zoho, [shown(start=at(10, 10), slot="x")], rules("u"))) == [
        ("shifted", "up-u")
    ]
    next_day = compare(zoho, [shown(start=at(11), slot="x")], rules("u"))
    assert kinds(next_day) == [("missing", "up-u"), ("extra", "up-u")]
    other = compare(zoho, [shown("v", slot="x")], rules("u", "v"))
    assert sorted(kinds(other)) == [("extra", "up-v"), ("missing", "up-u")]


def test_what_belongs_to_another_source_of_the_feed_is_not_extra() -> None:
    assert compare([], [shown()], rules("u", source="calendar:y")).differences == ()


def test_a_cancelled_event_may_be_shown_or_not() -> None:
    """cancelled = "mark" shows it for 30 days as "[Cancelled] …", "drop" not at all; at another time it differs."""
    gone = reported(cancelled=True)
    marked = shown(title="[Cancelled] Call")
    assert compare([gone], [marked], rules("u")).equal == 1
    (left,) = compare([gone], [], rules("u")).left_out
    assert left.reason == "the event is cancelled"
    owner = Owner(source_key="calendar:x", upstream_id="up-u", cancelled=True)
    assert compare([], [marked], rules(owners={"u": owner})).left_out[0].kind == "extra"
    assert kinds(compare([gone], [shown(start=at(11), title="[Cancelled] Call")], rules("u"))) == [
        ("shifted", "up-u")
    ]
    assert kinds(compare([reported()], [marked], rules("u"))) == [("renamed", "up-u")]


@pytest.mark.parametrize(
    ("zoho", "feed"), [([reported()], []), ([], [shown()]), ([reported()], [shown(start=at(11))])]
)
def test_what_is_known_not_to_have_come_across_is_told_apart_with_its_reason(
    zoho: Any, feed: Any
) -> None:
    comparison = compare(zoho, feed, rules("u", rejected={"up-u": "Its rule can't be used."}))
    assert (comparison.equal, comparison.differences) == (0, ())
    assert [one.reason for one in comparison.left_out] == ["Its rule can't be used."]


# What Zoho says


def instance(**fields: Any) -> Any:
    when = {
        "timezone": "Europe/Berlin",
        "start": "20260310T100000+0100",
        "end": "20260310T110000+0100",
    }
    return {"uid": "a@zoho.com", "title": "Call", "isallday": False, "dateandtime": when} | fields


def parse(*items: Any, zone: str = "Europe/Berlin") -> Any:
    return parse_instances({"uid": "c", "timezone": zone}, [items])


def only(**fields: Any) -> Any:
    told = parse(instance(**fields))
    assert told.unread == ()
    (one,) = told.found
    return one


@pytest.mark.parametrize(
    ("fields", "start", "ends"),
    [
        ({}, at(10), (at(10, 10),)),
        (
            {"dateandtime": {"start": "20260310T090000Z", "end": "20260310T100000Z"}},
            at(10),
            (at(10, 10),),
        ),
        # Bare times are those of their zone, else of the calendar's.
        (
            {
                "dateandtime": {
                    "timezone": "Asia/Calcutta",
                    "start": "20260310T143000",
                    "end": "20260310T153000",
                }
            },
            at(10),
            (at(10, 10),),
        ),
        (
            {"dateandtime": None, "start": "20260310T100000", "end": "20260310T110000"},
            at(10),
            (at(10, 10),),
        ),
        (
            {"dateandtime": {"start": "20260310T090000Z"}, "duration": 1_800_000},
            at(10),
            (at(10, 9, 30),),
        ),
        (
            {"isallday": True, "dateandtime": {"start": "20260310", "end": "20260311"}},
            date(2026, 3, 10),
            (date(2026, 3, 12), date(2026, 3, 11)),
        ),
        (
            {
                "isallday": True,
                "dateandtime": {"start": "20260310", "end": "20260311"},
                "duration": 172_800_000,
            },
            date(2026, 3, 10),
            (date(2026, 3, 12),),
        ),
        (
            {"isallday": True, "dateandtime": {"start": "20260310", "end": "20260310"}},
            date(2026, 3, 10),
            (date(2026, 3, 11),),
        ),
    ],
)
def test_when_an_instance_is(fields: Any, start: Any, ends: Any) -> None:
    """The forms of dates that Zoho Calendar writes (Zoho Calendar: events list, event object)."""
    one = only(**fields)
    assert (one.start, one.ends) == (start, ends)


def test_an_original_start_is_read_in_each_way_it_may_be_meant() -> None:
    """Zoho writes a UTC time for timed series and a date for all-day ones, and neither is documented."""
    assert only(recurrenceid="20260309T090000Z").slots == (at(9), date(2026, 3, 9))
    assert only(recurrenceid="20260309").slots == (date(2026, 3, 9), at(9))
    assert only().slots == ()


def test_what_takes_place_no_more_is_none_and_what_cannot_be_read_is_told() -> None:
    """A deleted instance, a cancelled one; a cancelled event is told, for feeds mark it."""
    assert (
        parse(
            instance(estatus="deleted"),
            instance(estatus="cancelled", recurrenceid="20260309T090000Z"),
        ).found
        == ()
    )
    assert only(estatus="CANCELLED").cancelled
    told = parse(instance(dateandtime={"start": "20261345T990000Z"}), {"title": "nameless"})
    assert told.found == ()
    assert [one.upstream_id for one in told.unread] == ["a@zoho.com", ""]


def test_what_comes_in_two_answers_is_told_once() -> None:
    again = instance(recurrenceid="20260310T090000Z")
    told = parse_instances({}, [[again], [again, instance(uid="b@zoho.com")]])
    assert [one.uid for one in told.found] == ["a@zoho.com", "b@zoho.com"]


@pytest.fixture
def zoho() -> Iterator[Any]:
    with Sandbox(lambda: NOW) as sandbox, stamina.set_testing(True):
        yield sandbox


@pytest.fixture
def api(zoho: Any, store: Store) -> Iterator[Any]:
    with ZohoClient(
        config.load(zoho.environment()).zoho, store.tokens, store.rate_limits, clock=lambda: NOW
    ) as client:
        yield client


def test_zoho_is_asked_for_instances_over_ranges_of_at_most_31_days(zoho: Any, api: Any) -> None:
    """Zoho Calendar: events list; the sandbox refuses longer ranges, unknown parameters and dates of another form."""
    window = Window(start=date(2026, 3, 1), end=date(2026, 6, 9))
    raw = fetch_instances(api, WORK, window)
    asked = [request for request in zoho.requests if request.route == "calendar.events"]
    assert {request.query.pop("byinstance") for request in asked} == {"true"}
    ranges = [json.loads(request.query["range"]) for request in asked]
    days = [
        (datetime.strptime(r["start"], "%Y%m%d"), datetime.strptime(r["end"], "%Y%m%d"))
        for r in ranges
    ]
    assert days[0][0].date() < window.start
    assert days[-1][1].date() >= window.end
    assert all(before[1] >= after[0] for before, after in pairwise(days))
    assert parse_instances(raw["calendar"], raw["pages"]).found


def test_the_instances_of_one_event_come_with_their_original_starts(zoho: Any, api: Any) -> None:
    """``/events/{uid}/byinstance``, as public clients ask it; other events are not in the answer."""
    seen = contradict(zoho.calendar(US.calendar), TODAY)
    answer = fetch_event_instances(api, US, seen.uid, (TODAY, TODAY + timedelta(days=30)))
    found = parse_instances({}, [answer]).found
    assert {one.uid for one in found} == {seen.uid}
    starts = {one.slots[0]: one.start for one in found}
    assert starts[seen.shifted] == seen.shifted + timedelta(minutes=30)
    assert starts[seen.missing] == seen.missing
    assert seen.extra not in starts


def test_an_answer_about_another_event_is_no_answer(zoho: Any, api: Any) -> None:
    zoho.faults.add(
        "calendar.instances",
        "status",
        status=200,
        body={"events": [instance(uid="other@zoho.com")]},
    )
    uid = zoho.calendar(US.calendar).events.all()[0]["uid"]
    with pytest.raises(BadDataError):
        fetch_event_instances(api, US, uid, (TODAY, TODAY))


def test_the_plain_list_and_the_instances_disagree_only_when_told_to(zoho: Any, api: Any) -> None:
    """Sandbox: as long as nobody lets it contradict itself, ``exdate`` and deleted instances are empty in both."""
    gym = next(item for item in zoho.calendar(WORK.calendar).events.all() if item["title"] == "Gym")
    raw = fetch_instances(api, WORK, Window(start=TODAY, end=TODAY + timedelta(days=28)))
    slots = {
        one.slots[0] for one in parse_instances({}, raw["pages"]).found if one.uid == gym["uid"]
    }
    empty = {datetime.strptime(text, "%Y%m%dT%H%M%S%z") for text in gym["exdate"].split(",")}
    assert slots
    assert not slots & empty


# The command


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with command_line(tmp_path, monkeypatch) as line:
        yield line


def verified(line: CommandLine, slug: str) -> Any:
    """Give the exit code, and what --json tells of the feed's only source."""
    result = line("verify", slug, "--json")
    told = json.loads(result.stdout)
    (source,) = told["sources"]
    assert told["ok"] == (result.exit_code == 0)
    return result.exit_code, source


KINDS = ("missing", "extra", "shifted", "renamed", "unreadable")


@pytest.mark.parametrize("slug", ["portal", "group", "calendar"])
def test_a_feed_that_was_read_is_equal_to_zoho(line: CommandLine, slug: str) -> None:
    line("refresh")
    code, told = verified(line, slug)
    assert code == 0
    assert told["equal"] > 0
    assert not any(told[kind] for kind in KINDS)
    assert re.search(rf"^  {told['equal']} equal", line("verify", slug).stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "options",
    [
        'exceptions = "recurrence-id"',
        'privacy = "busy"',
        'cancelled = "drop"',
        "show_private = true",
    ],
)
def test_a_lively_calendar_is_equal_in_whatever_form_it_is_published(
    line: CommandLine, options: Any
) -> None:
    """Deleted, moved and renamed instances, rules told one by one in UTC, private events: none of it is a difference."""
    work = next(
        item
        for item in line.sandbox.calendar(WORK.calendar).events.all()
        if item["title"] == "Release party"
    )
    line.sandbox.calendar(WORK.calendar).events.change(work["uid"], estatus="cancelled")
    line.toml.write_text(
        f'[[feed]]\nslug = "w"\ntitle = "W"\n{options}\nsources = [{{ calendar = "{WORK.calendar}" }}]\n'
    )
    line("refresh")
    code, told = verified(line, "w")
    assert (code, [told[kind] for kind in KINDS]) == (0, [[]] * len(KINDS))
    assert told["equal"] > 200
    reasons = {one["reason"] for one in told["left_out"]}
    assert any(
        "could not be read" in reason for reason in reasons
    )  # the sandbox has one event with a broken date


def test_where_zoho_contradicts_itself_each_difference_is_told(line: CommandLine) -> None:
    """The plain list, which the feed was made from, lacks an instance, has one too many, and one at another time."""
    seen = contradict(line.sandbox.calendar(CALENDAR), datetime.now(UTC).date())
    line("refresh", "calendar")
    code, told = verified(line, "calendar")
    assert code == 1
    for kind, start in (
        ("missing", seen.missing),
        ("extra", seen.extra),
        ("shifted", seen.shifted),
    ):
        (one,) = told[kind]
        assert one["upstream_id"] == seen.uid
        assert datetime.fromisoformat(one.get("shown_start", one.get("start"))) == start
    shifted = told["shifted"][0]
    assert datetime.fromisoformat(shifted["start"]) == seen.shifted + timedelta(minutes=30)
    assert (told["renamed"], told["unreadable"]) == ([], [])
    assert any(request.route == "calendar.instances" for request in line.sandbox.requests)
    result = line("verify", "calendar")
    assert result.exit_code == 1
    assert re.search(r", 1 missing, 1 extra, 1 shifted$", result.stdout, re.MULTILINE)
    assert re.search(
        rf'^  shifted +\S+ \S+ to \S+ UTC  "Launch check"  in the feed .*{seen.uid}$',
        result.stdout,
        re.MULTILINE,
    )


def test_what_changed_in_zoho_since_the_last_read_is_told_with_the_time_of_that_read(
    line: CommandLine,
) -> None:
    line("refresh")
    streams = [event["streamId"] for event in line.sandbox.group(GROUP).events.all()]
    line.sandbox.group(GROUP).events.change(streams[0], title="Renamed upstream")
    line.sandbox.group(GROUP).events.delete(streams[1])
    event = next(e for e in line.sandbox.portal(PORTAL).events.all() if e["status"] == 1)
    start = datetime.fromisoformat(event["start_time"]) + timedelta(minutes=5)
    line.sandbox.portal(PORTAL).events.change(
        event["id"], start_time=start.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    code, told = verified(line, "group")
    assert (code, [one["upstream_id"] for one in told["renamed"]]) == (1, [streams[0]])
    assert [one["upstream_id"] for one in told["extra"]] == [streams[1]]
    assert "was read" in told["notes"][0]
    code, told = verified(line, "portal")
    assert (code, [one["upstream_id"] for one in told["shifted"]]) == (1, [event["id"]])


def test_no_title_that_the_feed_hides_is_told(line: CommandLine) -> None:
    """privacy = "busy": not in a difference either, for a comparison is stored and shown."""
    line.toml.write_text(
        line.toml.read_text().replace('slug = "group"', 'slug = "group"\nprivacy = "busy"')
    )
    line("refresh", "group")
    meeting = line.sandbox.group(GROUP).events.find("931000000713001")[0]
    later = {side: str(int(meeting[side]) + 3 * 86_400_000) for side in ("startTime", "endTime")}
    line.sandbox.group(GROUP).events.change(meeting["streamId"], **later)
    result = line("verify", "group", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)["sources"]
    assert {kind: len(told[kind]) for kind in KINDS if told[kind]} == {
        "shifted": 1
    }  # found by its name, days away
    assert not {"Reorganisation", "Offsite"} & set(re.findall(r"\w+", result.stdout))


def test_a_series_that_zoho_tells_nothing_of_by_itself_is_compared_all_the_same(
    line: CommandLine,
) -> None:
    """The endpoint is no documented one: without it the list counts, and that is said."""
    contradict(line.sandbox.calendar(CALENDAR), datetime.now(UTC).date())
    line("refresh", "calendar")
    line.sandbox.faults.add("calendar.instances", "status", status=404)
    code, told = verified(line, "calendar")
    assert code == 1
    assert [len(told[kind]) for kind in ("missing", "extra", "shifted")] == [1, 1, 1]
    assert any("by themselves" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "nonsense"], 'No feed "nonsense"'),
        (["verify", "group"], "has not been read yet: run `zoho-bridge refresh group`"),
    ],
)
def test_a_feed_that_is_not_there_or_was_not_read_is_a_sentence(
    line: CommandLine, arguments: Any, said: Any
) -> None:
    line("refresh", "calendar")
    result = line(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr


def test_when_zoho_is_down_nothing_is_compared(line: CommandLine) -> None:
    line("refresh")
    line.sandbox.faults.add("connect.*", "status", status=500)
    result = line("verify", "group")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Zoho Connect" in result.stderr


# What is remembered


def verification(key: Any = WORK.key, slug: str = "work", at: Any = NOW, **options: Any) -> Any:
    values = {
        "first_day": TODAY,
        "last_day": TODAY + timedelta(days=31),
        "equal": 7,
        "details": {"notes": ["ö"]},
    }
    return Verification(source_key=key, slug=slug, at=at, **values | options)


def test_the_last_comparison_of_each_source_is_kept(any_store: Store, now: datetime) -> None:
    any_store.feeds.replace([Feed(slug="work", title="Work", sources=(WORK, US))], now=now)
    any_store.verifications.save([verification(), verification(US.key, error="Zoho was away.")])
    any_store.verifications.save([verification(at=NOW + HOUR, differing=1)])
    assert any_store.verifications.of("work") == (
        verification(US.key, error="Zoho was away."),
        verification(at=NOW + HOUR, differing=1),
    )
    assert any_store.verifications.of("other") == ()
    assert any_store.verifications.last() == {WORK.key: NOW + HOUR, US.key: NOW}


def test_a_comparison_is_claimed_by_one_process_and_again_when_its_time_has_come(
    any_store: Store, now: datetime
) -> None:
    any_store.feeds.replace([Feed(slug="work", title="Work", sources=(WORK,))], now=now)

    def begin(when: Any) -> Any:
        return any_store.verifications.begin(
            WORK.key, "", now=when, not_since=when - timedelta(hours=23)
        )

    assert [
        begin(NOW),
        begin(NOW + HOUR),
        begin(NOW + timedelta(hours=23)),
        begin(NOW + timedelta(hours=24)),
    ] == [True, False, True, False]


# Once a day, by the worker


@pytest.fixture
def fed(zoho: Any, api: Any, store: Store) -> Any:
    """A store with two calendars that were read, and what compares them."""
    feeds = [
        Feed(slug="work", title="Work", sources=(WORK,)),
        Feed(
            slug="us", title="US", sources=(US,), past=timedelta(days=7), future=timedelta(days=30)
        ),
        Feed(slug="group", title="Group", sources=(ConnectSource(group=GROUP, network=NETWORK),)),
    ]
    activate_feeds(store, feeds, now=NOW)
    settings = config.load(zoho.environment()).zoho
    refresher = Refresher(
        store=store, api=api, zoho=settings, holder="here", clock=lambda: NOW, dice=lambda: 0.5
    )
    for feed in feeds:
        assert refresher.refresh(feed.sources[0].key).outcome == "refreshed"
    zoho.forget_requests()
    return refresher


def test_each_calendar_is_due_once_a_day_and_few_at_a_time(fed: Any) -> None:
    """One of two, the one compared longest ago first; never a source of another product."""
    store = fed.store
    first = due(store, now=NOW)
    assert len(first) == 1
    store.verifications.save([verification(first[0])])
    second = due(store, now=NOW)
    assert {*first, *second} == {WORK.key, US.key}
    store.verifications.save([verification(second[0], at=NOW + HOUR)])
    assert due(store, now=NOW + timedelta(hours=23)) == ()
    assert due(store, now=NOW + timedelta(hours=24)) == first


def test_nothing_is_compared_while_zoho_fails(fed: Any) -> None:
    """One that fails is left out; when half of the calendars fail it is Zoho, and all are."""
    store = fed.store
    assert store.sources.claim(US.key, holder="x", now=NOW, term=HOUR)
    store.sources.fail(
        US.key, holder="x", now=NOW, next_check_at=NOW, error=text_problem("it stumbled")
    )
    assert due(store, now=NOW) == ()
    verifier = Verifier(store=store, api=fed.api, zoho=fed.zoho, clock=lambda: NOW)
    assert compare_in_turn(verifier, US.key, now=NOW, dice=lambda: 0.5) is None


@pytest.mark.parametrize(
    ("dice", "first_day"), [(0.0, TODAY - timedelta(days=90)), (0.999, TODAY + timedelta(days=509))]
)
def test_a_month_somewhere_in_the_window_is_compared(
    fed: Any, zoho: Any, dice: Any, first_day: Any
) -> None:
    """From the window's first 31 days to its last; Zoho is asked three times, once for the calendar itself."""
    verifier = Verifier(store=fed.store, api=fed.api, zoho=fed.zoho, clock=lambda: NOW)
    (verdict,) = compare_in_turn(verifier, WORK.key, now=NOW, dice=lambda: dice)
    assert verdict.window == Window(start=first_day, end=first_day + timedelta(days=31))
    assert verdict.is_equal
    assert verdict.comparison.equal > 0
    assert [request.route for request in zoho.requests] == [
        "calendar.calendar",
        "calendar.events",
        "calendar.events",
    ]
    (kept,) = fed.store.verifications.of("work")
    assert (kept.at, kept.equal, kept.differing, kept.error) == (
        NOW,
        verdict.comparison.equal,
        0,
        "",
    )
    assert compare_in_turn(verifier, WORK.key, now=NOW + HOUR, dice=lambda: 0.5) is None


def test_what_went_wrong_is_remembered(fed: Any, zoho: Any) -> None:
    zoho.faults.add("calendar.events", "status", status=500)
    verifier = Verifier(store=fed.store, api=fed.api, zoho=fed.zoho, clock=lambda: NOW)
    with pytest.raises(UnavailableError):
        compare_in_turn(verifier, WORK.key, now=NOW, dice=lambda: 0.5)
    (kept,) = fed.store.verifications.of("work")
    assert "Zoho Calendar" in kept.error


def test_the_worker_compares_what_is_due_and_logs_the_numbers(
    fed: Any, zoho: Any, tmp_path: Path
) -> None:
    """The whole way through the queue, at a minute of an hour; a second look on the same day finds the other calendar."""
    seen = contradict(zoho.calendar(US.calendar), TODAY)
    fed.refresh(US.key)
    queue = worker.open_queue("", tmp_path)
    with log_restored(), structlog.testing.capture_logs() as logged:
        worker.register(queue, fed, sync_feeds=lambda: None, clock=lambda: NOW)
        (look,) = (task for task in queue._registry.periodic_tasks if "verifications" in task.name)
        assert (
            sum(look.validate_datetime(datetime(2026, 3, 10, 9, minute)) for minute in range(60))
            == 1
        )
        for _ in range(3):
            queue.execute(look)
            while (task := queue.dequeue()) is not None:
                queue.execute(task)
    queue.storage.close()
    lines = {entry["feed"]: entry for entry in logged if entry["event"] == "verify"}
    assert (lines["work"]["log_level"], lines["work"]["differing"]) == ("info", 0)
    assert (lines["us"]["log_level"], lines["us"]["differing"]) == ("warning", 3)
    assert len(lines) == len([entry for entry in logged if entry["event"] == "verify"])
    (kept,) = fed.store.verifications.of("us")
    assert {one["upstream_id"] for one in kept.details["differences"]} == {seen.uid}


def test_the_admin_sees_the_last_comparison_of_a_feed(
    any_store: Store, now: datetime, tmp_path: Path
) -> None:
    """What differs with its times in UTC, what was left out with its reason, and what went wrong; text is only text."""
    feed = Feed(slug="work", title="Work", sources=(WORK, US))
    any_store.feeds.replace([feed], now=now)
    difference = {
        "kind": "shifted", "upstream_id": "a@zoho.com", "title": "<b>Call</b>", "start": "2026-03-10T09:00:00+00:00",
        "end": "2026-03-10T10:00:00+00:00", "shown_start": "2026-03-10T08:00:00+00:00",
        "shown_end": "2026-03-10T09:00:00+00:00", "shown_title": "Call",
    }  # fmt: skip
    details = {
        "differences": [difference],
        "left_out": [{"reason": "the event is cancelled", "count": 4}],
    }
    any_store.verifications.save(
        [verification(differing=3, details=details), verification(US.key, error="Zoho was <away>.")]
    )
    environ = {"BRIDGE_DATA_DIR": str(tmp_path), "BRIDGE_SECRET_KEY": "k" * 40}
    client = create_app(config.load(environ), any_store, open_admin=True).test_client()
    page = client.get(f"/admin/feeds/{feed.slug}/").text
    _, section = page.split('aria-labelledby="verification"', 1)
    assert "7 equal, 3 different" in section
    assert "2026-03-10 09:00 – 2026-03-10 10:00 UTC &lt;b&gt;Call&lt;/b&gt;" in section
    assert "2026-03-10 08:00 – 2026-03-10 09:00 UTC Call" in section
    assert "2 more." in section
    assert "(4):" in section
    assert "the event is cancelled" in section
    assert "Zoho was &lt;away&gt;." in section
    any_store.feeds.replace([Feed(slug="other", title="Other", sources=(WORK,))], now=now)
    assert 'aria-labelledby="verification"' not in client.get("/admin/feeds/other/").text
