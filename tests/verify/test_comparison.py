"""The comparison of instances: equal, or different in exactly one way, or intended.

Intended differences are those of the settings ``privacy`` and ``cancelled``, and of events that the
bridge could not publish.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.event import Moment
from bridge.domain.feed import Window
from bridge.domain.problems import Problem, text_problem
from bridge.domain.rejection import Rejection
from bridge.domain.uid import event_uid, hidden_uid
from bridge.verify.comparison import Comparison, PublishedInstance, Scope, ZohoInstance, compare

SOURCE = "calendar:x"
WINDOW = Window(start=date(2026, 3, 1), end=date(2026, 4, 1))
HOUR, FAR = timedelta(hours=1), timedelta(days=90)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


TENTH = at(10)


def zoho_instance(
    start: Moment = TENTH, end: Moment | None = None, title: str | None = "Call", **fields: Any
) -> ZohoInstance:
    """Return an instance of the event "u" at Zoho, an hour long."""
    ends = (end or start + HOUR,)
    values = {"uid": "u", "upstream_id": "up-u", "start": start, "ends": ends, "title": title}
    return ZohoInstance(**values | fields)


def feed_instance(
    start: Moment = TENTH,
    end: Moment | None = None,
    *,
    uid: str = "u",
    title: str = "Call",
    slot: str = "",
    source_key: str = SOURCE,
    cancelled: bool = False,
) -> PublishedInstance:
    """Return an instance in the feed, an hour long."""
    return PublishedInstance(
        key=(uid, slot),
        start=start,
        end=end or start + HOUR,
        title=title,
        source_key=source_key,
        upstream_id=f"up-{uid}",
        cancelled=cancelled,
    )


def compare_instances(
    zoho: list[ZohoInstance],
    feed: list[PublishedInstance],
    rejections: dict[str, Problem] | None = None,
    unreadable: tuple[Rejection, ...] = (),
) -> Comparison:
    scope = Scope(slug="x", source_key=SOURCE, window=WINDOW, rejections=rejections or {})
    return compare(zoho, feed, scope, unreadable)


def kinds(comparison: Comparison) -> list[tuple[str, str]]:
    return [(difference.kind, difference.upstream_id) for difference in comparison.differences]


def test_a_missing_instance_is_intended_if_a_rule_leaves_its_event_out() -> None:
    why = text_problem("A rule.")
    scope = Scope(slug="x", source_key=SOURCE, window=WINDOW, rejections={}, left_out={"up-u": why})
    missing = compare([zoho_instance()], [], scope)
    assert (missing.differences, [gap.reason for gap in missing.left_out]) == ((), [why])
    renamed = compare([zoho_instance()], [feed_instance(title="Other")], scope)
    assert [gap.kind for gap in renamed.differences] == ["renamed"]


def test_an_instance_is_matched_by_the_uid_that_hides_its_event() -> None:
    """It may be that of a private event, or of a public one that the report calls private."""
    hidden = hidden_uid("u", "salt")
    for uid in (hidden, "u"):
        zoho = [zoho_instance(title=None, hidden_uid=hidden)]
        assert compare_instances(zoho, [feed_instance(uid=uid, title="Busy")]).equal == 1
        zoho = [zoho_instance(slots=(at(3),), title=None, hidden_uid=hidden)]
        alone = feed_instance(uid=event_uid(uid, slot=at(3)), title="Busy")
        assert compare_instances(zoho, [alone]).equal == 1


@pytest.mark.parametrize(
    ("zoho", "feed", "equal", "differences"),
    [
        ([zoho_instance()], [feed_instance()], 1, []),
        ([zoho_instance()], [], 0, ["missing"]),
        ([], [feed_instance()], 0, ["extra"]),
        ([zoho_instance(at(10, 10))], [feed_instance()], 0, ["shifted"]),
        ([zoho_instance(end=at(10, 11))], [feed_instance()], 0, ["shifted"]),
        ([zoho_instance(date(2026, 3, 10), date(2026, 3, 11))], [feed_instance()], 0, ["shifted"]),
        ([zoho_instance(title="Talk")], [feed_instance()], 0, ["renamed"]),
        ([zoho_instance(title=None)], [feed_instance(title="Busy")], 1, []),
        ([zoho_instance(title="  Call ")], [feed_instance()], 1, []),
        ([zoho_instance(title="")], [feed_instance(title="(No title)")], 1, []),
        # Twice in the feed under one key: readers see it twice.
        ([zoho_instance()], [feed_instance(), feed_instance()], 1, ["extra"]),
        # Moved out of the window, or into it: not a missing or an extra instance.
        ([zoho_instance()], [feed_instance(at(10) + FAR)], 0, ["shifted"]),
        ([zoho_instance(at(10) + FAR)], [feed_instance()], 0, ["shifted"]),
        # Outside the window on both sides.
        ([zoho_instance(at(10) + FAR)], [], 0, []),
        ([], [feed_instance(at(10) + FAR)], 0, []),
    ],
)
def test_each_instance_is_equal_or_differs_in_one_way(
    zoho: list[ZohoInstance], feed: list[PublishedInstance], equal: int, differences: list[str]
) -> None:
    comparison = compare_instances(zoho, feed)
    assert comparison.equal == equal
    assert [difference.kind for difference in comparison.differences] == differences
    assert comparison.left_out == ()


def test_the_last_day_of_an_all_day_event_is_equal_in_both_readings() -> None:
    """No document states whether Zoho's end is exclusive."""
    day = date(2026, 3, 10)
    zoho = zoho_instance(day, ends=(date(2026, 3, 12), date(2026, 3, 11)))
    assert compare_instances([zoho], [feed_instance(day, date(2026, 3, 11))]).equal == 1
    assert compare_instances([zoho], [feed_instance(day, date(2026, 3, 12))]).equal == 1
    assert kinds(compare_instances([zoho], [feed_instance(day, date(2026, 3, 13))])) == [
        ("shifted", "up-u")
    ]


def test_an_instance_without_its_original_start_is_paired_with_the_nearest_of_its_event() -> None:
    """Zoho may omit the original start. A daily series must not seem to have moved by a day."""
    zoho = [zoho_instance(slots=(at(10, 8),))]
    assert compare_instances(zoho, [feed_instance(slot="20260310T090000Z")]).equal == 1
    assert kinds(compare_instances(zoho, [feed_instance(at(10, 10), slot="x")])) == [
        ("shifted", "up-u")
    ]
    next_day = compare_instances(zoho, [feed_instance(at(11), slot="x")])
    assert kinds(next_day) == [("missing", "up-u"), ("extra", "up-u")]
    other_event = compare_instances(zoho, [feed_instance(uid="v", slot="x")])
    assert sorted(kinds(other_event)) == [("extra", "up-v"), ("missing", "up-u")]


def test_an_instance_of_another_source_of_the_feed_is_not_extra() -> None:
    assert compare_instances([], [feed_instance(source_key="calendar:y")]).differences == ()


def test_a_cancelled_event_may_be_published_or_not() -> None:
    """``cancelled = "mark"`` shows it for 30 days as "[Cancelled] …", ``"drop"`` does not show it.

    A cancelled event at another time differs.
    """
    cancelled = zoho_instance(cancelled=True)
    assert compare_instances([cancelled], [feed_instance(title="[Cancelled] Call")]).equal == 1
    (missing,) = compare_instances([cancelled], []).left_out
    assert str(missing.reason) == "The event is cancelled."
    (extra,) = compare_instances(
        [], [feed_instance(title="[Cancelled] Call", cancelled=True)]
    ).left_out
    assert extra.kind == "extra"
    shifted = compare_instances([cancelled], [feed_instance(at(11), title="[Cancelled] Call")])
    assert kinds(shifted) == [("shifted", "up-u")]
    renamed = compare_instances([zoho_instance()], [feed_instance(title="[Cancelled] Call")])
    assert kinds(renamed) == [("renamed", "up-u")]


def test_a_long_title_is_equal_when_the_mark_of_a_cancelled_event_cuts_it() -> None:
    """A title in a feed has at most 255 characters, mark included."""
    zoho = zoho_instance(title="x" * 255, cancelled=True)
    feed = feed_instance(title=f"[Cancelled] {'x' * 242}…")
    assert compare_instances([zoho], [feed]).equal == 1


@pytest.mark.parametrize(
    ("zoho", "feed"),
    [
        ([zoho_instance()], []),
        ([], [feed_instance()]),
        ([zoho_instance()], [feed_instance(at(11))]),
    ],
)
def test_a_difference_of_a_rejected_event_is_left_out_with_the_reason(
    zoho: list[ZohoInstance], feed: list[PublishedInstance]
) -> None:
    reason = text_problem("Its rule can't be used.")
    comparison = compare_instances(zoho, feed, {"up-u": reason})
    assert (comparison.equal, comparison.differences) == (0, ())
    assert [difference.reason for difference in comparison.left_out] == [reason]


def test_an_unreadable_instance_differs_unless_its_event_is_known_to_be_rejected() -> None:
    """All problems of a rejection are in its reason."""
    problems = (text_problem("No start."), text_problem("No id."))
    rejection = Rejection(kind="dropped", upstream_id="up-u", problems=problems)
    (difference,) = compare_instances([], [], unreadable=(rejection,)).differences
    assert (difference.kind, str(difference.reason)) == ("unreadable", "No start. No id.")
    comparison = compare_instances([], [], {"up-u": text_problem("No start.")}, (rejection,))
    assert (comparison.differences, len(comparison.left_out)) == ((), 1)
