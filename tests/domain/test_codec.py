"""The stored JSON of events, sources and feeds, and the hash of an event's content."""

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain import codec
from bridge.domain.event import Alarm, Event, Person, Place, Recurrence, Rule, Status
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource, Source
from bridge.domain.source_rule import Condition, SourceRule
from bridge.domain.timezones import fixed_zone, zone_by_key
from tests.factories import BERLIN, event

AMBIGUOUS = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)  # the second 2:30 of that night

FULL = Event(
    uid="u",
    upstream_id="up",
    title="Größe 🗓️",
    start=AMBIGUOUS,
    end=datetime(2026, 10, 25, 9, 30, tzinfo=fixed_zone(timedelta(hours=5, minutes=30))),
    description="a\nb",
    html="<p>a</p>",
    place=Place(name="N", hall="H", street="S", city="C", state="T", country="L"),
    url="https://e.example/1",
    join_url="https://e.example/2",
    image_url="https://e.example/3",
    status=Status.TENTATIVE,
    busy=False,
    private=True,
    categories=("x", "y"),
    track="x",
    answer="accepted",
    people=(Person(name="P", role="speaker"),),
    language="de",
    alarms=(Alarm(trigger=timedelta(minutes=-10)),),
    recurrence=Recurrence(
        rule=Rule(
            freq="YEARLY",
            interval=2,
            count=7,
            bysecond=(1,),
            byminute=(2,),
            byhour=(3,),
            byday=("MO", "-1FR"),
            bymonthday=(4,),
            byyearday=(5,),
            byweekno=(6,),
            bymonth=(7,),
            bysetpos=(-1,),
            wkst="SU",
        ),
        excluded=(datetime(2027, 10, 25, 2, 30, tzinfo=BERLIN),),
    ),
    overrides=(
        Event(
            uid="u",
            upstream_id="up",
            title="moved",
            start=datetime(2028, 1, 1, tzinfo=BERLIN),
            end=datetime(2028, 1, 2, tzinfo=BERLIN),
            recurrence_id=datetime(2028, 10, 25, 2, 30, tzinfo=BERLIN),
        ),
    ),
    related_to="r",
)


def differing_fields(left: Event, right: Event) -> set[str]:
    names = {field.name for field in fields(Event)}
    return {name for name in names if getattr(left, name) != getattr(right, name)}


def test_decoding_returns_every_field_of_an_event() -> None:
    decoded = codec.decode(codec.encode(FULL))
    assert differing_fields(FULL, decoded) == set()
    assert isinstance(decoded.start, datetime)
    assert isinstance(decoded.end, datetime)
    assert decoded.start.fold == 1
    assert decoded.start.tzinfo is BERLIN
    assert decoded.end.utcoffset() == timedelta(hours=5, minutes=30)


def test_the_example_has_no_field_at_its_default() -> None:
    """Otherwise the test above would not notice a lost field."""
    bare = Event(uid="", upstream_id="", title="", start=date(2026, 1, 1), end=date(2026, 1, 2))
    assert {f.name for f in fields(Event)} - differing_fields(FULL, bare) == {"recurrence_id"}
    assert FULL.overrides[0].recurrence_id is not None


@pytest.mark.parametrize(
    "name", sorted(f.name for f in fields(Event) if f.name not in ("uid", "recurrence_id"))
)
def test_the_content_hash_changes_with_every_field_but_labels(name: str) -> None:
    """Rulebook 20: a feed must show any change of content."""
    assert FULL.recurrence is not None
    values: dict[str, Any] = {
        "start": FULL.start - timedelta(minutes=1),
        "end": FULL.end + timedelta(minutes=1),
        "recurrence": replace(FULL.recurrence, excluded=()),
        "place": None,
        "busy": True,
        "private": False,
        "status": Status.CANCELLED,
    }
    other = () if isinstance(getattr(FULL, name), tuple) else "other"
    changed = replace(FULL, **{name: values.get(name, other)})
    assert codec.payload_hash(codec.encode(changed)) != codec.payload_hash(codec.encode(FULL))
    is_shown = name not in codec.LABEL_FIELDS
    assert (codec.content_hash(changed) != codec.content_hash(FULL)) is is_shown


def test_the_hash_changes_between_the_two_hours_when_clocks_go_back() -> None:
    """The wall time is the same, the time in UTC is not."""
    first = replace(FULL, start=AMBIGUOUS.replace(fold=0))
    assert codec.content_hash(first) != codec.content_hash(FULL)


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)).map(
        lambda time: time.replace(microsecond=0)
    ),
    name=st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/New_York", "UTC"]),
    title=st.text(),
    hours=st.integers(0, 100),
)
def test_decoding_returns_any_event(start: datetime, name: str, title: str, hours: int) -> None:
    any_event = event(start=start.replace(tzinfo=zone_by_key(name)), hours=hours + 3, title=title)
    assert codec.decode(codec.encode(any_event)) == any_event


@pytest.mark.parametrize(
    "source",
    [
        BackstageSource(portal="1"),
        BackstageSource(portal="1", event="2", brand="3"),
        ConnectSource(group="1", network="2"),
        CalendarSource(calendar="a=="),
    ],
)
def test_decoding_returns_a_source(source: Source) -> None:
    assert codec.decode_source(codec.encode_source(source)) == source


def test_decoding_returns_a_feed() -> None:
    feed = Feed(
        slug="s",
        title="T",
        sources=(CalendarSource(calendar="a"), BackstageSource(portal="1")),
        public=True,
        privacy="busy",
        alarms=False,
        reminder=timedelta(minutes=15),
        past=timedelta(days=1),
        future=timedelta(days=2),
        exceptions="recurrence-id",
        cancelled="drop",
        show_private=True,
        duplicates="keep",
        color="#8cbf40",
        rules=(
            SourceRule(
                source="calendar:a",
                prefix="A: ",
                only=Condition(words=("x", "y"), categories=("z",), all_day=False),
                without=Condition(private=True, declined=True),
            ),
        ),
    )
    assert codec.decode_feed(codec.encode_feed(feed)) == feed
    plain = Feed(slug="s", title="T", sources=(CalendarSource(calendar="a"),))
    assert codec.decode_feed(codec.encode_feed(plain)) == plain


def test_a_hash_survives_a_rebuilt_database() -> None:
    """Other bytes would make every stored event look changed (rulebook 20)."""
    plain = event(start=datetime(2026, 1, 1, 10), title="t", upstream_id="x")
    expected = (
        b'{"end":"20260101T110000[Europe/Berlin]","start":"20260101T100000[Europe/Berlin]",'
        b'"title":"t","uid":"u","upstream_id":"x"}'
    )
    assert codec.encode(plain) == expected
