"""The sandbox's Calendar answers as Zoho's documents say.

Expected values come from Zoho's documents; their samples stand, unchanged, in
``bridge/sandbox/data``.
"""

from functools import partial
import time
from typing import Any

import pytest

from bridge.sandbox.files import sample
from tests.sandbox.client import (
    LARGE,
    SAMPLE_CALENDAR,
    Zoho,
    calendar_data,
    calendar_event,
    serving,
)
from tests.zoho_sandbox import HOLIDAYS, TEAM, US, WORK


class TestCalendar:
    def test_the_documents_events_are_unchanged(self, zoho: Zoho) -> None:
        """The documents' request returns their answer: a series with its start before the range."""
        assert (
            zoho.between(SAMPLE_CALENDAR, "20170717", "20170723")
            == sample("calendar_events")["events"]
        )

    @pytest.mark.parametrize(
        ("start", "end", "titles"),
        [
            ("20170718T151959Z", "20170718T152001Z", ["Teast af"]),  # 20:50+05:30 is 15:20Z
            ("20170718T171500Z", "20170718T180000Z", []),  # 22:45+05:30, its end, is 17:15Z
            ("20170714T000000Z", "20170715T100000Z", []),  # 15:30+05:30, the first, is 10:00Z
            ("20170714", "20170715", ["Test endured "]),
            ("20170830", "20170830", ["Test endured "]),  # a Wednesday, until 10:01Z
            ("20170831", "20170930", []),
        ],
    )
    def test_ranges_are_honoured(self, zoho: Zoho, start: str, end: str, titles: list[str]) -> None:
        """An event is in the ranges it touches, a series in those that one of its slots touches."""
        assert [event["title"] for event in zoho.between(SAMPLE_CALENDAR, start, end)] == titles

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"range": "20170717-20170723"},
            {"range": "[]"},
            {"range": '{"start":"20170717"}'},
            {"range": '{"start":"2017-07-17","end":"2017-07-23"}'},
            {"range": '{"start":1500249600000,"end":1500768000000}'},
            {"range": '{"start":"20170723","end":"20170717"}'},
            {"range": '{"start":"20170701","end":"20170801"}'},  # 32 days, the last one counted
            {"range": '{"start":"20170701T000000Z","end":"20170801T000001Z"}'},
            {"range": '{"start":"20170717","end":"20170723"}', "byinstance": "yes"},
        ],
    )
    def test_a_range_is_json_of_at_most_31_days(self, zoho: Zoho, params: dict[str, str]) -> None:
        """Anything else is refused (Zoho Calendar: events list)."""
        answer = zoho.ask("calendar", f"/calendars/{SAMPLE_CALENDAR}/events", **params)
        assert answer.status_code == 400
        assert isinstance(answer.json()["error"], list)

    def test_31_days_are_allowed(self, zoho: Zoho) -> None:
        """A month of 31 days is one request."""
        assert len(zoho.between(SAMPLE_CALENDAR, "20170701", "20170731")) == 2
        assert len(zoho.between(SAMPLE_CALENDAR, "20170701T000000Z", "20170801T000000Z")) == 2

    def test_unknown_parameters_are_refused(self, zoho: Zoho) -> None:
        """A parameter too many is EXTRA_PARAM_FOUND, on every route."""
        uid = "0355da9f49884db8bef8c8f22c976dfc@zoho.com"
        for path in (
            "/calendars",
            f"/calendars/{SAMPLE_CALENDAR}",
            f"/calendars/{SAMPLE_CALENDAR}/events/{uid}",
        ):
            answer = zoho.ask("calendar", path, showdeleted="true")
            assert (answer.status_code, answer.json()["error"][0]["error_code"]) == (
                400,
                "EXTRA_PARAM_FOUND",
            )

    def test_descriptions_need_the_large_accept(self) -> None:
        """``description`` comes only with ``Accept: application/json+large``."""
        with serving(calendar_data(calendar_event(description="Words"))) as zoho:
            assert "description" not in zoho.between("cal", "20250611", "20250611")[0]
            assert (
                zoho.between("cal", "20250611", "20250611", accept=LARGE)[0]["description"]
                == "Words"
            )
            path = "/calendars/cal/events/a%40zoho.com"
            assert "description" not in zoho.calendar(path)["events"][0]
            assert zoho.calendar(path, accept=LARGE)["events"][0]["description"] == "Words"

    def test_exceptions_are_objects_of_their_own(self) -> None:
        """A range has the series, the instances moved into it, and those deleted from it."""
        moved = calendar_event(recurrenceid="20250618T090000Z")
        moved["dateandtime"] = {
            "timezone": "UTC",
            "start": "20250720T090000+0000",
            "end": "20250720T100000+0000",
        }
        gone = {"uid": "a@zoho.com", "recurrenceid": "20250625T090000Z", "estatus": "deleted"}
        with serving(
            calendar_data(calendar_event(rrule="FREQ=WEEKLY;BYDAY=WE"), moved, gone)
        ) as zoho:

            def kinds(start: str, end: str) -> list[str]:
                return [
                    item.get("estatus") or item.get("recurrenceid", "master")
                    for item in zoho.between("cal", start, end)
                ]

            assert kinds("20250616", "20250622") == [
                "master"
            ]  # the moved instance leaves no trace here
            assert kinds("20250623", "20250629") == ["master", "deleted"]
            assert kinds("20250714", "20250720") == ["master", "20250618T090000Z"]
            assert kinds("20250609", "20250610") == []
            assert kinds("20250625T093000Z", "20250625T100000Z") == ["master", "deleted"]
            assert kinds("20250625T100000Z", "20250625T110000Z") == []
            master = zoho.between("cal", "20250714", "20250720")[0]
            assert master["dateandtime"]["start"] == "20250611T090000+0000"
            assert len(zoho.calendar("/calendars/cal/events/a%40zoho.com")["events"]) == 3

    def test_by_instance(self) -> None:
        """Each occurrence is an object with its slot; exceptions replace their slots."""
        rule = "FREQ=WEEKLY;BYDAY=WE"
        moved = calendar_event(recurrenceid="20250618T090000Z", title="Moved")
        moved["dateandtime"] = {
            "timezone": "UTC",
            "start": "20250619T090000+0000",
            "end": "20250619T100000+0000",
        }
        gone = {"uid": "a@zoho.com", "recurrenceid": "20250625T090000Z", "estatus": "deleted"}
        with serving(
            calendar_data(calendar_event(rrule=rule, attendees=[], location="Here"), moved, gone)
        ) as zoho:
            items = zoho.between("cal", "20250611", "20250702", byinstance="true")
        starts = {item["recurrenceid"]: item["dateandtime"]["start"] for item in items}
        assert starts == {
            "20250611T090000Z": "20250611T090000+0000",
            "20250618T090000Z": "20250619T090000+0000",
            "20250702T090000Z": "20250702T090000+0000",
        }
        assert all(item.keys().isdisjoint({"rrule", "location", "attendees"}) for item in items)

    def test_a_series_keeps_its_wall_clock(self) -> None:
        """Slots stay at 09:00 in Berlin: 08:00 UTC until the clocks change on 2025-03-30."""
        when = {
            "timezone": "Europe/Berlin",
            "start": "20250327T090000+0100",
            "end": "20250327T100000+0100",
        }
        with serving(calendar_data(calendar_event(rrule="FREQ=DAILY", dateandtime=when))) as zoho:
            items = zoho.between("cal", "20250329", "20250330", byinstance="true")
        assert [item["recurrenceid"] for item in items] == ["20250329T080000Z", "20250330T070000Z"]

    def test_all_day_series(self) -> None:
        """Slots of whole days are dates."""
        when = {"timezone": "Europe/Berlin", "start": "20250601", "end": "20250602"}
        item = calendar_event(
            isallday=True,
            duration=2 * 86_400_000,
            dateandtime=when,
            rrule="FREQ=WEEKLY;UNTIL=20250615T000000Z",
        )
        with serving(calendar_data(item)) as zoho:
            items = zoho.between("cal", "20250601", "20250630", byinstance="true")
            assert zoho.between("cal", "20250617", "20250630") == []
            assert (
                len(zoho.between("cal", "20250616", "20250616")) == 1
            )  # the second day of the last one
        assert [(item["recurrenceid"], item["dateandtime"]["end"]) for item in items] == [
            ("20250601", "20250602"),
            ("20250608", "20250609"),
            ("20250615", "20250616"),
        ]

    @pytest.mark.parametrize(
        "until",
        ["20250613", "20250613T070000Z", "20250613T090000"],
        ids=["a date", "UTC", "wall clock"],
    )
    def test_until_in_any_form(self, until: str) -> None:
        """The last slot of 2025-06-13, 09:00 in Berlin, is in, and none after it."""
        when = {
            "timezone": "Europe/Berlin",
            "start": "20250611T090000+0200",
            "end": "20250611T100000+0200",
        }
        with serving(
            calendar_data(calendar_event(rrule=f"FREQ=DAILY;UNTIL={until}", dateandtime=when))
        ) as zoho:
            items = zoho.between("cal", "20250601", "20250630", byinstance="true")
        assert [item["recurrenceid"][:8] for item in items] == ["20250611", "20250612", "20250613"]

    def test_what_cannot_be_read_is_always_listed(self) -> None:
        """An event with a broken date is in every range, so that the reader has to deal with it."""
        broken = calendar_event(
            dateandtime={"timezone": "UTC", "start": "20251345T990000+0100", "end": ""}
        )
        with serving(calendar_data(broken, {"uid": "b@zoho.com"})) as zoho:
            assert len(zoho.between("cal", "20200101", "20200101")) == 2

    def test_calendars(self, zoho: Zoho) -> None:
        """One calendar comes as a list of one."""
        calendars = zoho.calendar("/calendars", category="all")["calendars"]
        assert [calendar["uid"] for calendar in calendars] == [
            SAMPLE_CALENDAR,
            WORK,
            US,
            TEAM,
            HOLIDAYS,
        ]
        assert zoho.calendar(f"/calendars/{US}")["calendars"] == [calendars[2]]
        assert calendars[2]["timezone"] == "PST"

    @pytest.mark.parametrize(
        ("params", "uids"),
        [
            ({}, [SAMPLE_CALENDAR, WORK, US]),
            ({"category": "own"}, [SAMPLE_CALENDAR, WORK, US]),
            ({"category": "group"}, [TEAM]),
            ({"category": "others"}, [HOLIDAYS]),
            ({"category": "app"}, []),
        ],
    )
    def test_categories(self, zoho: Zoho, params: dict[str, str], uids: list[str]) -> None:
        """Zoho APIs 4.1: without a category come the account's own calendars alone."""
        calendars = zoho.calendar("/calendars", **params)["calendars"]
        assert [calendar["uid"] for calendar in calendars] == uids

    def test_the_ctag_is_the_millisecond_of_the_last_change(self, zoho: Zoho) -> None:
        """Zoho APIs 4.1; it is the same in the list and in the calendar's own answer."""

        def ctags() -> dict[str, Any]:
            calendars = zoho.calendar("/calendars", category="all")["calendars"]
            return {calendar["uid"]: calendar["ctag"] for calendar in calendars}

        before = ctags()
        assert abs(time.time() - before[US] / 1000) < 3600
        uid = zoho.box.calendar(US).events.all()[0]["uid"]
        events = zoho.box.calendar(US).events
        for change in (
            partial(events.change, uid, title="x"),
            partial(events.add, {"uid": "y"}),
            partial(events.delete, uid),
        ):
            change()
            after = ctags()
            assert after[US] > before[US]
            assert after | {US: 0} == before | {US: 0}
            before = after
        assert zoho.calendar(f"/calendars/{US}")["calendars"][0]["ctag"] == before[US]

    def test_a_ctag_can_lie(self, zoho: Zoho) -> None:
        zoho.box.calendar(US).info["ctag"] = 5
        zoho.box.calendar(US).events.add({"uid": "y"})
        assert zoho.calendar(f"/calendars/{US}")["calendars"][0]["ctag"] == 5

    def test_hidden_calendars_come_on_request(self, zoho: Zoho) -> None:
        zoho.box.calendar(US).info["status"] = False
        for params, is_listed in (({}, False), ({"showhiddencal": "true"}, True)):
            calendars = zoho.calendar("/calendars", **params)["calendars"]
            assert (US in [calendar["uid"] for calendar in calendars]) is is_listed

    def test_unknown_ids_are_404(self, zoho: Zoho) -> None:
        """A calendar, an event or a path that isn't there is a 404 with an array of errors."""
        span = {"range": '{"start":"20170717","end":"20170723"}'}
        for path, params in (
            ("/calendars/x", {}),
            ("/calendars/x/events", span),
            (f"/calendars/{WORK}/events/x", {}),
            ("/x", {}),
        ):
            answer = zoho.ask("calendar", path, **params)
            assert answer.status_code == 404
            assert answer.json()["error"][0]["error_code"]
