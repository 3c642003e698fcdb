"""The samples of Zoho's documents, from JSON over real HTTP to published bytes.

Expected values come from the documents, or from another engine that reads the bytes.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.domain.timezones import zone
from bridge.store import Store
from tests.refresh.world import DAY, MINUTE, instances, sample, utc, vevents

# --- the samples of the documents, from JSON to bytes


def test_the_sample_of_the_calendar_document(store: Store) -> None:
    """Zoho Calendar: events list.

    Every Monday, Wednesday and Saturday, 15:30 in India, from 15 July to 30 August.
    """
    source = CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g==")
    feed = Feed(slug="team", title="Ezhil", sources=(source,), past=30 * DAY, future=60 * DAY)
    body = sample(store, datetime(2017, 7, 16, 8, tzinfo=UTC), feed)
    july, august = (
        (15, 17, 19, 22, 24, 26, 29, 31),
        (2, 5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30),
    )
    days = [date(2017, 7, day) for day in july] + [date(2017, 8, day) for day in august]
    expected = [
        ("Test endured", f"{day} 10:00:00", f"{day} 11:00:00") for day in days
    ]  # India is 5:30 ahead
    expected.append(("Teast af", "2017-07-18 15:20:00", "2017-07-18 17:15:00"))
    assert instances(
        body, datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)
    ) == sorted(expected)
    single, series = sorted(vevents(body), key=lambda one: one["SUMMARY"])
    (alarm,) = series.walk("VALARM")
    assert alarm["TRIGGER"].dt == -10 * MINUTE
    assert single.walk("VALARM") == []
    assert (single["TRANSP"], series["TRANSP"]) == (
        "TRANSPARENT",
        "OPAQUE",
    )  # the account declined the first
    assert {one["DTSTART"].params["TZID"] for one in (single, series)} == {"Asia/Kolkata"}
    assert b"@" not in body, "nobody's address is shown (rulebook 60)"


CONNECT_INSTANTS = [  # Zoho APIs 3.5: the epochs are right, the wall clock is eleven hours behind UTC
    ("Alumni new year party", "2017-12-31 03:30:00", "2017-12-31 04:30:00"),
    ("Engineering event", "2018-01-22 03:30:00", "2018-01-22 04:30:00"),
    ("Freshers Meetup", "2018-03-24 07:30:00", "2018-03-24 08:30:00"),
    ("Innovation meetup", "2018-03-22 20:00:00", "2018-03-22 21:00:00"),
    ("Test Event", "2017-07-28", "2017-07-29"),  # all day; its last day counts
    ("Test Event", "2017-11-15 03:30:00", "2017-11-15 04:30:00"),
    ("Test Event", "2017-12-21 03:30:00", "2017-12-21 04:30:00"),
    ("Test Event", "2018-01-04 07:30:00", "2018-01-04 08:30:00"),
]


@pytest.mark.parametrize(
    ("profile", "first"),
    [(None, "20171115T033000Z"), ("Pacific/Pago_Pago", "TZID=Pacific/Pago_Pago:20171114T163000")],
)
def test_the_sample_of_the_connect_document(store: Store, profile: Any, first: Any) -> None:
    """Zoho Connect: upcoming events.

    The two groups in one feed, with the profile's zone and without.
    """
    groups = tuple(
        ConnectSource(group=g, network="929000000015001")
        for g in ("929000000439015", "929000000295001")
    )
    feed = Feed(slug="team", title="Zillum", sources=groups, past=365 * DAY, future=60 * DAY)
    body = sample(
        store,
        datetime(2018, 3, 1, tzinfo=UTC),
        feed,
        connect_timezone=zone(profile) if profile else None,
    )
    assert (
        instances(body, datetime(2017, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC))
        == CONNECT_INSTANTS
    )
    assert f"DTSTART{';' if '=' in first else ':'}{first}\r\n".encode() in body
    alarms = {
        str(one["DTSTART"].dt.date()): one.walk("VALARM")
        for one in vevents(body)
        if one.walk("VALARM")
    }
    assert len(alarms) == 1, "only the event of 3 January has a reminder, at its start"
    (found,) = alarms.values()
    assert found[0]["TRIGGER"].dt == timedelta(0)
    assert b"Organizer: Patricia Boyle" in body
    assert b"Vargas" not in body, "guests are not shown"


def test_the_sample_of_the_backstage_document(store: Store) -> None:
    """Zoho Backstage: get a specific event. Times are UTC, the event's zone is New York's."""
    source = BackstageSource(portal="19593237")
    feed = Feed(slug="team", title="Zylker", sources=(source,))
    body = sample(store, datetime(2024, 5, 20, tzinfo=UTC), feed)
    (one,) = vevents(body)
    assert (utc(one["DTSTART"].dt), utc(one["DTEND"].dt)) == (
        "2024-05-23 02:30:00",
        "2024-05-27 11:30:59",
    )
    assert one["DTSTART"].params["TZID"] == "America/New_York"
    assert (one["SUMMARY"], one["URL"]) == (
        "Marketing Event",
        "https://restapi.zohobackstage.com/marketingEvent",
    )
    assert one["LOCATION"] == "Tech Convention Center, 123 Tech Lane, San Francisco, CA, USA"
    assert one["DESCRIPTION"].startswith("Summary added\n\nDescription added")
    assert sorted(map(str, one["CATEGORIES"].cats)) == ["marketing", "sales"]
    assert one["TRANSP"] == "TRANSPARENT", "a conference of four days does not block them"
    assert b"sam@zoho.com" not in body
