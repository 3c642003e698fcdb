"""Daily verification: a few calendars per hour, over one random month of each.

It runs no calendar while Zoho is failing, and does not know the queue.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.problems import dump, problem
from bridge.domain.records import CLOCK_SKEW, SourceState
from bridge.errors import StoppedError, ZohoError
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify.comparison import Comparison
from bridge.verify.snapshot import UnverifiableError
from bridge.verify.verifier import Verifier

# Less than a day, so that an hourly look selects a calendar at the same hour of the next day.
_INTERVAL = timedelta(hours=23, minutes=30)
_HOURS = 12  # in which all calendars are selected once
_ALL_FEEDS = ""  # the slug of the row that claims a source's turn, for all of its feeds


def select_due(store: Store, *, now: datetime) -> tuple[str, ...]:
    """Return the keys of the calendars to verify now, the longest unverified first.

    Called once an hour, it selects each calendar once a day. It selects none while half of all
    calendars fail.
    """
    states = [state for state in store.sources.states() if state.source.kind == "calendar"]
    healthy = [state.source.key for state in states if _is_healthy(state)]
    if len(healthy) * 2 <= len(states):
        return ()
    times = store.verifications.last().items()
    last = {key: at for key, at in times if at <= now + CLOCK_SKEW}
    late = [key for key in healthy if key not in last or last[key] <= now - _INTERVAL]
    never = datetime.min.replace(tzinfo=now.tzinfo)
    late.sort(key=lambda key: (last.get(key, never), key))
    return tuple(late[: -(-len(states) // _HOURS)])


def verify_calendar(
    verifier: Verifier, key: str, *, now: datetime, dice: Callable[[], float]
) -> tuple[Comparison, ...]:
    """Verify a calendar over a random month, and store the result.

    Return nothing if it fails, no feed shows it, or another process verifies it today. An error is
    stored and raised.
    """
    store = verifier.store
    state, feeds = store.sources.state(key), store.feeds.reading(key)
    if not feeds or not _is_healthy(state):
        return ()
    if not store.verifications.begin(key, _ALL_FEEDS, now=now, not_since=now - _INTERVAL):
        return ()
    try:
        return verifier.verify_month(state.source, dice=dice())
    except StoppedError:
        raise
    except Exception as error:
        if isinstance(error, ZohoError | UnverifiableError):
            reason = error.problem
        else:
            reason = problem("bug", error=type(error).__name__)
        failure = Verification(
            source_key=key,
            slug=_ALL_FEEDS,
            at=now,
            first_day=now.date(),
            last_day=now.date(),
            details={},
            error=dump(reason),
        )
        store.verifications.save([replace(failure, slug=feed.slug) for feed in feeds])
        raise


def _is_healthy(state: SourceState) -> bool:
    return state.last_success is not None and not state.failures
