"""Rules for the events of a source, in the view and in published feeds."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from bridge.domain.event import Event, Moment, Status
from bridge.domain.source_rule import Condition, SourceRule
from bridge.domain.timezones import UTC_ZONE
from bridge.domain.uid import event_uid, hidden_uid
from bridge.publish.publisher import publish
from bridge.publish.view.event import event_view, occurrences_in
from bridge.store import Store
from tests.factories import event, put, series
from tests.publish.feeds import FEED, TEAM, WORK, publish_all, titles, uids
from tests.publish.view_events import SALT, TODAY

WITHOUT_LUNCH = SourceRule(source=WORK.key, without=Condition(words=("lunch",)))
RULED = replace(FEED, rules=(WITHOUT_LUNCH,))


def shown(subject: Event, rule: SourceRule, **options: Any) -> tuple[Event, ...]:
    feed = replace(FEED, **options)
    view = event_view(subject, feed, salt=SALT, today=TODAY, cancelled_since=None, rule=rule)
    return view.events


def with_lunch(day: int) -> Event:
    """Return a series of which one instance is a lunch."""
    changed = series("s", day, day + 1)
    first, second = changed.overrides
    return replace(changed, overrides=(replace(first, title="Lunch"), second))


def test_a_rule_leaves_events_out_and_gives_others_a_prefix(store: Store, now: datetime) -> None:
    feed = replace(RULED, rules=(replace(WITHOUT_LUNCH, prefix="Ops: "),))
    publish_all(store, now, event("a"), event("b", title="Lunch"), event("c", title=""), feed=feed)
    assert titles(store) == ["Ops: a", "Ops: (No title)"]


def test_each_source_of_a_merged_feed_has_its_own_rule(store: Store, now: datetime) -> None:
    rules = (WITHOUT_LUNCH, SourceRule(source=TEAM.key, prefix="Team: "))
    feed = replace(FEED, sources=(WORK, TEAM), rules=rules)
    store.feeds.replace([feed], now=now)
    put(store, now, event("a", title="Lunch"), event("b"))
    put(store, now, event("c", title="Lunch"), source=TEAM)
    publish(store, feed.slug, now=now)
    assert sorted(titles(store)) == ["Team: Lunch", "b"]


def test_a_new_rule_applies_to_what_is_stored_and_keeps_the_other_uids(
    store: Store, now: datetime
) -> None:
    publish_all(store, now, event("a"), event("b", title="Lunch"))
    before = uids(store)
    store.feeds.replace([RULED], now=now)
    publish(store, FEED.slug, now=now)
    assert [uid for uid in before if uid in uids(store)] == uids(store) == ["a"]
    store.feeds.replace([FEED], now=now)
    publish(store, FEED.slug, now=now)
    assert uids(store) == before


def test_a_feed_that_leaves_out_more_is_withheld_until_it_is_published(
    store: Store, now: datetime
) -> None:
    """Its history has the titles of events that it is no longer to show."""
    publish_all(store, now, event("a"))
    store.feeds.replace([replace(FEED, rules=(SourceRule(source=WORK.key, prefix="x"),))], now=now)
    assert store.publications.document(FEED.slug, "default")
    store.feeds.replace([RULED], now=now)
    assert store.publications.document(FEED.slug, "default") is None


def test_another_answer_to_an_invitation_is_enough_to_leave_an_event_out(
    store: Store, now: datetime
) -> None:
    rule = SourceRule(source=WORK.key, without=Condition(declined=True))
    feed = replace(FEED, rules=(rule,))
    publish_all(store, now, event("a"), event("b", answer="accepted"), feed=feed)
    assert titles(store) == ["a", "b"]
    publish_all(store, now, event("a"), event("b", answer="declined"), feed=feed)
    assert titles(store) == ["a"]


@pytest.mark.parametrize("exceptions", ["detached", "recurrence-id"])
def test_a_left_out_instance_is_an_excluded_slot_of_its_series(exceptions: Any) -> None:
    subject = with_lunch(11)
    lunch = subject.overrides[0]
    found = shown(subject, WITHOUT_LUNCH, exceptions=exceptions)
    window = FEED.window(TODAY)
    times = [o.start for e in found for o in occurrences_in(e, window)]
    assert len(times) == 29
    assert lunch.start not in times
    assert found[0].recurrence
    assert lunch.recurrence_id in found[0].recurrence.excluded


@pytest.mark.parametrize("exceptions", ["detached", "recurrence-id"])
def test_an_instance_stands_alone_when_its_series_is_left_out(exceptions: Any) -> None:
    """Its UID is the one that it has beside its series (rulebook 42)."""
    subject = with_lunch(11)
    rule = SourceRule(only=Condition(words=("lunch",)))
    (lunch,) = shown(subject, rule, exceptions=exceptions)
    slot = subject.overrides[0].recurrence_id
    assert (lunch.title, lunch.recurrence_id) == ("Lunch", None)
    assert lunch.uid == event_uid("s", slot=slot)
    (busy,) = shown(subject, rule, exceptions=exceptions, privacy="busy")
    assert busy.uid == event_uid(hidden_uid("s", SALT), slot=slot)


def test_words_are_judged_on_the_real_text_and_a_prefix_is_no_part_of_hidden_events() -> None:
    rule = replace(WITHOUT_LUNCH, prefix="Ops: ")
    for options in ({"privacy": "busy"}, {}):
        assert shown(event("a", title="Lunch", private=True), rule, **options) == ()
        (hidden,) = shown(event("a", private=True), rule, **options)
        assert hidden.title == "Busy"


def test_a_cancelled_event_is_marked_before_its_prefix() -> None:
    cancelled = event("a", status=Status.CANCELLED)
    (marked,) = shown(cancelled, SourceRule(prefix="Ops: "))
    assert marked.title == "[Cancelled] Ops: a"


# --- properties

WORDS = st.sampled_from(["lunch", "ops", "u"])
CONDITIONS = st.builds(
    Condition,
    words=st.lists(WORDS, max_size=2).map(tuple),
    categories=st.lists(st.sampled_from("xy"), max_size=1).map(tuple),
    all_day=st.sampled_from([None, True, False]),
    private=st.sampled_from([None, True, False]),
    declined=st.sampled_from([None, True, False]),
)
RULES = st.builds(SourceRule, only=CONDITIONS | st.just(Condition()), without=CONDITIONS)
TITLES = st.sampled_from(["Lunch", "Ops", "Ops lunch", "Standup"])
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "title": TITLES,
        "private": st.booleans(),
        "categories": st.lists(st.sampled_from("xy"), max_size=2).map(tuple),
        "answer": st.sampled_from(["", "accepted", "declined"]),
    }
)


@st.composite
def subjects(draw: st.DrawFn) -> Event:
    """Return a single event, or a series with changed instances of any kind."""
    fields = draw(FIELDS)
    if draw(st.booleans()):
        start = draw(st.sampled_from([date(2026, 3, 12), datetime(2026, 3, 12, 10)]))
        return event("e", start=start, **fields)
    changed = series("e", *draw(st.sets(st.integers(9, 20), max_size=3)), **fields)
    return replace(changed, overrides=tuple(replace(o, **draw(FIELDS)) for o in changed.overrides))


def times(found: tuple[Event, ...]) -> list[Any]:
    window = replace(FEED, past=timedelta(days=900)).window(TODAY)
    return sorted(str((o.start, o.end)) for e in found for o in occurrences_in(e, window))


@settings(max_examples=200, deadline=None)
@given(subject=subjects(), rule=RULES, forms=st.sampled_from(["detached", "recurrence-id"]))
def test_rules_and_privacy_commute(subject: Event, rule: SourceRule, forms: Any) -> None:
    """Hiding details changes neither which events a rule leaves out nor their times."""
    full = shown(subject, rule, exceptions=forms, show_private=True)
    for options in ({"privacy": "busy"}, {}):
        hidden = shown(subject, rule, exceptions=forms, **options)
        assert times(hidden) == times(full)
    busy = shown(subject, rule, exceptions=forms, privacy="busy")
    assert {e.title for e in busy} <= {"Busy"}


@settings(max_examples=200, deadline=None)
@given(subject=subjects(), rule=RULES)
def test_a_rule_decides_each_instance_alone_and_breaks_no_series(
    subject: Event, rule: SourceRule
) -> None:
    """The instances are those that the same rule allows among all, taken one by one."""
    changed = {o.recurrence_id for o in subject.overrides}
    plain = replace(subject, overrides=())
    expected = [
        o.start
        for o in shown(plain, SourceRule(), show_private=True)
        for o in occurrences_in(o, FEED.window(TODAY))
        if o.start not in changed and rule.allows(subject)
    ]
    expected += [o.start for o in subject.overrides if rule.allows_instance(o, subject)]
    found = shown(subject, rule, show_private=True)
    got = [o.start for e in found for o in occurrences_in(e, FEED.window(TODAY))]
    assert sorted(map(str, got)) == sorted(str(in_utc(start)) for start in expected)


def in_utc(moment: Moment) -> Moment:
    """Return a time in UTC, and a date as it is."""
    return moment.astimezone(UTC_ZONE) if isinstance(moment, datetime) else moment
