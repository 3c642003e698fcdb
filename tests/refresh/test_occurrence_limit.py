"""The limit of 200,000 occurrences of one source (docs/settings.md)."""

from datetime import date, datetime, timedelta

import pytest

from bridge.domain.event import Event
from bridge.domain.feed import Window
from bridge.domain.rejection import Rejection
from bridge.publish.pending import publish_pending
from bridge.refresh.occurrence_limit import limit_occurrences
from bridge.sandbox.calendar_objects import Builder
from bridge.sources.protocols import ParseResult
from tests.factories import event
from tests.refresh.world import ALL, MINUTE, TODAY, WORK, World, on

MONTH = Window(start=date(2026, 4, 1), end=date(2026, 5, 1))
HOURLY = event("hourly", rule={"freq": "HOURLY"})  # 720 in April
DAILY = event("daily", rule={"freq": "DAILY"})  # 30


def limited(*events: Event, known: tuple[str, ...] = ()) -> tuple[list[str], list[Rejection]]:
    """Return the UIDs of the events within the limit, and the others by title."""
    result = limit_occurrences(ParseResult(events=events), MONTH, known)
    return sorted({event.uid for event in result.events}), list(result.rejections)


@pytest.mark.parametrize(("singles", "fits"), [(199_969, True), (199_970, False)])
def test_each_occurrence_counts_and_the_event_itself(singles: int, fits: bool) -> None:
    """A daily series needs 31 places."""
    kept, beyond = limited(DAILY, *[event("single")] * singles)
    assert kept == (["daily", "single"] if fits else ["single"])
    assert [(r.kind, r.upstream_id, r.title) for r in beyond] == (
        [] if fits else [("dropped", "up-daily", "daily")]
    )
    assert [str(r.problems[0]) for r in beyond] == (
        [] if fits else ["The event is beyond the first 200,000 occurrences of its source."]
    )


def test_only_the_first_5000_of_a_series_count() -> None:
    """39 series of 5,001 leave 4,961 places; a day has 24 hours, 250 days 6,000."""
    long = Window(start=date(2026, 4, 1), end=date(2026, 4, 1) + timedelta(days=250))
    many = [event(f"h{n}", rule={"freq": "HOURLY"}) for n in range(40)]
    singles = [event("single")] * 4_961
    result = limit_occurrences(ParseResult(events=(*many, *singles)), long, ())
    assert len(result.events) == 39 + 4_961
    assert [r.title for r in result.rejections] == ["h39"]


def test_published_events_count_first_and_series_last() -> None:
    singles = [event("single")] * 199_500
    assert limited(HOURLY, DAILY, *singles)[0] == ["single"]
    assert limited(DAILY, HOURLY, *singles)[0] == ["daily", "single"]
    assert limited(DAILY, HOURLY, *singles, known=("hourly",))[0] == ["hourly", "single"]


def test_overrides_count() -> None:
    moved = tuple(
        event("daily", recurrence_id=DAILY.start, start=datetime(2026, 4, 1, n)) for n in range(9)
    )
    changed = event("daily", rule={"freq": "DAILY"}, overrides=moved)
    assert limited(changed, *[event("single")] * 199_960)[0] == ["daily", "single"]
    assert limited(changed, *[event("single")] * 199_961)[0] == ["single"]


def test_what_is_beyond_is_named_and_a_restart_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit acts before anything is stored, so nothing of it is left to publish."""
    monkeypatch.setattr("bridge.refresh.occurrence_limit.MOST_OCCURRENCES", 20)
    assert world.refresh().outcome == "refreshed"
    make = Builder("more", "1657000000004002", TODAY)
    world.events().add(make("Storm", on(0), rule="FREQ=HOURLY"))
    world.events().add(make("Talk", on(3)))
    world.clock.now += 15 * MINUTE
    report = world.refresh()
    assert (report.outcome, report.changed, world.titles()) == ("refreshed", 1, [*ALL, "Talk"])
    (beyond,) = world.store.sources.rejections(WORK.key)
    assert (beyond.kind, beyond.title) == ("dropped", "Storm")
    publish_pending(world.store, now=world.clock())
    assert world.titles() == [*ALL, "Talk"]
    world.clock.now += 15 * MINUTE
    report = world.refresh()
    assert (report.outcome, report.rejected, report.changed) == ("refreshed", 1, 0)
