"""Four lively calendars around a day: one's own work, a US team with Java's zone "PST", a shared one, and holidays.

Everything is made up, in the form of the documents' samples. It must not read a clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bridge.sandbox.calendar_objects import Builder, all_day, info, timed
from bridge.sandbox.state import Calendar, Json, Shelf

__all__ = ["HOLIDAYS", "TEAM", "US", "WORK", "Contradiction", "calendars", "contradict", "info"]

WORK = "q3Xv8Tn_Rk2mWz0yLb7cAg=="
US = "5be0d3f17a2c4c6f9a41c0b7e8d25f60"
TEAM = "b7c1e94f20d84a53a6f3d5e1907c842b"
HOLIDAYS = "Zk9Pq1m_TtW4xv6JsD2hYw=="

_BERLIN, _INDIA, _TOKYO = "Europe/Berlin", "Asia/Calcutta", "Asia/Tokyo"
_WEEK = timedelta(weeks=1)
_DAY = timedelta(days=1)
_RICH = (
    "<div>Agenda:<br><ol><li>Numbers</li><li>Next steps</li></ol>Notes &amp; slides follow.</div>"
)


def calendars(today: date) -> dict[str, Calendar]:
    """Give the four calendars as they are on ``today``."""
    alarms = [{"minutes": "-30", "action": "popup"}, {"minutes": "-10", "action": "email"}]
    shelves = [
        (info(WORK, "Work", zone=_BERLIN, default=True, reminders=alarms), _work(today)),
        (info(US, "US launch", zone="PST"), _us(today)),
        (info(TEAM, "Team India", zone=_INDIA, category="group", privilege="view"), _team(today)),
        (
            info(HOLIDAYS, "Holidays", zone=_BERLIN, category="other", privilege="view"),
            _holidays(today),
        ),
    ]
    return {one["uid"]: Calendar(info=one, events=Shelf("uid", items)) for one, items in shelves}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Where answers by instance and the plain list do not agree: original starts, in UTC, of the series ``uid``."""

    uid: str
    missing: datetime  # the plain list knows nothing of it
    extra: datetime  # by the plain list it takes place
    shifted: datetime  # by the plain list it takes place then, and in truth half an hour later


def contradict(calendar: Calendar, today: date) -> Contradiction:
    """Let the calendar ``US`` contradict itself about a new series of six weeks, its first day a week after ``today``.

    As long as nobody calls it, the calendar is of one mind.
    """
    make = Builder(US, "1657000000004017", today)
    begin = today + _WEEK
    series = make(
        "Launch check",
        timed("PST", begin, "09:00", 30),
        rule="FREQ=WEEKLY;COUNT=6",
        uid="c0ffee00c0ffee00c0ffee00c0ffee00@zoho.com",
    )
    calendar.events.add(series)
    slots = [timed("PST", begin + _WEEK * week, "09:00", 30) for week in range(4)]
    more = timed("PST", begin + 3 * _DAY, "09:00", 30)
    later = timed("PST", begin + 2 * _WEEK, "09:30", 30)
    calendar.told_by_instance.add(
        make.instance(series, more.slot, more),
        make.deleted(series, slots[1].slot),
        make.instance(series, slots[2].slot, later),
    )
    missing, extra, shifted = (
        datetime.strptime(slot, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        for slot in (more.slot, slots[1].slot, slots[2].slot)
    )
    return Contradiction(uid=series["uid"], missing=missing, extra=extra, shifted=shifted)


def _work(today: date) -> list[Json]:
    make = Builder(WORK, "1657000000004001", today)
    return [*_work_series(make, today), *_work_exceptions(make, today), *_work_single(make, today)]


def _work_series(make: Builder, today: date) -> list[Json]:
    """Give the repeats: every form of UNTIL, a COUNT, and rules that calendars read differently."""
    monday = today - timedelta(days=today.weekday())
    close, friday, tuesday = _month_with_31(today), _last_friday(today), _second_tuesday(today)
    until = monday + 20 * _WEEK
    lessons = monday - 2 * _WEEK + _DAY
    return [
        make(
            "Stand-up",
            timed(_BERLIN, monday - 3 * _WEEK, "09:15", 15),
            rule="FREQ=DAILY;COUNT=90;INTERVAL=1",
        ),
        make(
            "Spanish lesson",
            timed(_BERLIN, lessons, "12:00", 45),
            rule=f"FREQ=WEEKLY;UNTIL={until:%Y%m%d};INTERVAL=2;BYDAY=TU,TH",  # a date, though it has a time
            location="Raum „Málaga“",
        ),
        make(
            "Gym",
            timed(_BERLIN, monday + 2 * _DAY, "18:30", 60),
            rule=f"FREQ=WEEKLY;UNTIL={until:%Y%m%d}T183000;INTERVAL=1;BYDAY=WE",  # by the wall clock
            exdate=",".join(
                timed(_BERLIN, monday + days * _DAY, "18:30", 60).slot for days in (9, 23)
            ),
            transparency=1,
        ),
        make(
            "Close the books",
            timed(_BERLIN, close, "16:00", 90),
            rule="FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=31",
        ),
        make(
            "Demo Friday",
            timed(_BERLIN, friday, "15:00", 60),
            rule="FREQ=MONTHLY;INTERVAL=1;BYDAY=-1FR",
        ),
        make(
            "Steering",
            timed(_BERLIN, tuesday, "10:00", 60),
            rule="FREQ=MONTHLY;INTERVAL=1;BYDAY=TU;BYSETPOS=2",
        ),
        make("Company birthday", all_day(_anniversary(today), 1), rule="FREQ=YEARLY;INTERVAL=1"),
        make(
            "Night watch",
            timed(_BERLIN, monday - _WEEK + 4 * _DAY, "22:00", 600),
            rule="FREQ=WEEKLY;BYDAY=FR;COUNT=8",
        ),
        make(
            "Leap day club",
            all_day(date(2016, 2, 29), 1),
            rule="FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=29",
        ),
    ]


def _work_exceptions(make: Builder, today: date) -> list[Json]:
    """Give the series of which some instances were moved, renamed or deleted."""
    monday = today - timedelta(days=today.weekday())
    first = monday - 4 * _WEEK
    when = timed(_BERLIN, first, "10:00", 60)
    end = timed(_BERLIN, monday + 26 * _WEEK, "10:00", 60).slot
    planning = make(
        "Weekly planning",
        when,
        rule=f"FREQ=WEEKLY;UNTIL={end};INTERVAL=1;BYDAY=MO",
        description=_RICH,
        reminders=["-10"],
    )

    def slot(weeks: int) -> str:
        return timed(_BERLIN, monday + weeks * _WEEK, "10:00", 60).slot

    works = make(
        "Road works",
        all_day(today + 5 * _DAY, 1),
        rule=f"FREQ=DAILY;UNTIL={today + 12 * _DAY:%Y%m%d}T000000Z;INTERVAL=1",  # a UTC time, though it is all day
    )
    return [
        planning,
        make.instance(planning, slot(1), timed(_BERLIN, monday + _WEEK + _DAY, "14:00", 90)),
        make.deleted(planning, slot(2)),
        make.instance(
            planning,
            slot(3),
            timed(_BERLIN, monday + 3 * _WEEK, "10:00", 60),
            title="Quarter planning 🗓️",
        ),
        make.instance(
            planning, slot(5), timed(_BERLIN, monday + 11 * _WEEK + _DAY, "10:00", 60)
        ),  # far away
        works,
        make.deleted(works, f"{today + 7 * _DAY:%Y%m%d}"),
    ]


def _work_single(make: Builder, today: date) -> list[Json]:
    def on(days: int) -> date:
        return today + timedelta(days=days)

    meeting = {
        "meetingdata": {
            "meeting_link": "https://meet.northwind.example/j/4471298",
            "meeting_id": "4471298",
        }
    }
    older = {"meetingdata": {"meetinglink": "https://meet.northwind.example/old/5512"}}
    secret = make(
        "Performance review",
        timed(_BERLIN, on(2), "13:00", 45),
        isprivate=True,
        description="Confidential.",
    )
    declined: dict[str, Any] = {
        "role": "participant",
        "organizer": "tomas@northwind.example",
        "attendees": [{"email": "ada@northwind.example", "status": "DECLINED"}],
    }
    accepted = declined | {"attendees": [{"email": "ada@northwind.example", "status": "ACCEPTED"}]}
    bad = make("Event with a broken date", timed(_BERLIN, on(1), "09:00", 60))
    bad["dateandtime"] = {
        "timezone": _BERLIN,
        "start": "20251345T990000+0100",
        "end": "20251345T993000+0100",
    }
    bad["start"], bad["end"] = "20251345T990000", "20251345T993000"
    gone = make("Cancelled lunch", timed(_BERLIN, on(3), "12:30", 60), estatus="deleted")
    return [
        make(
            "Customer call",
            timed(_BERLIN, on(0), "11:00", 30),
            conference_data=meeting,
            reminders=["-15", "-5"],
        ),
        make("Interview", timed(_BERLIN, on(6), "15:30", 60), app_data=older, calendar_alarm=True),
        make(
            "Dentist",
            timed(_BERLIN, on(8), "08:00", 40),
            location="Hauptstraße 12, Berlin",
            calendar_alarm=True,
        ),
        make(
            "Flight to Tokyo",
            timed(_BERLIN, on(13), "19:45", 700),
            description="Seat 14A; gate opens 18:50.",
        ),
        make(
            "Workshop in Tokyo",
            timed(_TOKYO, on(15), "09:30", 480),
            location="東京都港区, 芝公園 4-2-8",
        ),
        make("Release party", timed(_BERLIN, on(10), "20:00", 360)),
        make(
            "Trade fair", timed(_BERLIN, on(33), "09:00", 2 * 1440 + 480), location="Messe Berlin"
        ),
        make("Holiday", all_day(on(45), 10), transparency=1),
        make("Inventory", all_day(on(17), 1, exclusive=True)),
        make("Payroll deadline", all_day(on(9), 1), reminders=[0]),
        make(
            "פגישת צוות - שבועית",
            timed("Asia/Jerusalem", on(11), "10:00", 60),
            description="סדר היום: (1) תקציב",
        ),
        make(
            "اجتماع الفريق",
            timed("Asia/Dubai", on(12), "10:00", 60),
            url="https://northwind.example/ar",
        ),
        make("Retrospective", timed(_BERLIN, on(-14), "14:00", 60), description=_RICH),
        make("Zero minutes", timed(_BERLIN, on(4), "12:00", 0)),
        secret,
        make("All-hands of another team", timed(_BERLIN, on(5), "10:00", 60), **declined),
        make("Customer visit", timed(_BERLIN, on(6), "14:00", 60), **accepted),
        gone,
        bad,
    ]


def _us(today: date) -> list[Json]:
    make = Builder(US, "1657000000004017", today)
    thursday = today - timedelta(days=today.weekday() + 4)
    weekly = make(
        "1:1 with Dana", timed("PST", thursday, "09:00", 30), rule="FREQ=WEEKLY;COUNT=20;BYDAY=TH"
    )
    return [
        weekly,
        make.deleted(weekly, timed("PST", thursday + 3 * _WEEK, "09:00", 30).slot),
        make(
            "Board dinner",
            timed("PST", today + 7 * _DAY, "18:30", 150),
            location="Pier 7, San Francisco",
        ),
        make("Launch day", all_day(today + 14 * _DAY, 1)),
        make("Early sync", timed("PST", today + _DAY, "06:30", 25), reminders=["-5"]),
    ]


def _team(today: date) -> list[Json]:
    make = Builder(TEAM, "1657000000004023", today)
    monday = today - timedelta(days=today.weekday())
    return [
        make(
            "Scrum",
            timed(_INDIA, monday - 8 * _WEEK, "10:30", 15),
            rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        ),
        make(
            "Sprint review",
            timed(_INDIA, monday - 2 * _WEEK + 2 * _DAY, "16:00", 60),
            rule="FREQ=WEEKLY;INTERVAL=2",
        ),
        make("On call: Priya", all_day(monday, 7)),
        make("On call: दीपक", all_day(monday + _WEEK, 7)),
        make(
            "Release 4.2", timed(_INDIA, today + 2 * _DAY, "20:00", 120), location="Pune / online"
        ),
    ]


def _holidays(today: date) -> list[Json]:
    make = Builder(HOLIDAYS, "1657000000004031", today)
    days = [
        ("New Year Day", 1, 1),
        ("Labour Day", 5, 1),
        ("German Unity Day", 10, 3),
        ("Christmas Day", 12, 25),
    ]
    rule = "FREQ=YEARLY;INTERVAL=1"
    return [
        make(name, all_day(date(2020, month, day), 1), rule=rule, transparency=1)
        for name, month, day in days
    ]


def _month_with_31(today: date) -> date:
    """Give the 31st of the last month but one or earlier that has one."""
    first = (today.replace(day=1) - _DAY).replace(day=1)
    while (first - _DAY).day != 31:
        first = (first - _DAY).replace(day=1)
    return first - _DAY


def _last_friday(today: date) -> date:
    last = (today.replace(day=1) - 40 * _DAY).replace(day=1) - _DAY
    return last - timedelta(days=(last.weekday() - 4) % 7)


def _second_tuesday(today: date) -> date:
    first = (today - 40 * _DAY).replace(day=1)
    return first + timedelta(days=(1 - first.weekday()) % 7 + 7)


def _anniversary(today: date) -> date:
    soon = today + 20 * _DAY
    return date(2015, soon.month, min(soon.day, 28))
