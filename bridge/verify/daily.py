"""Which calendars are compared with Zoho in passing, once a day each, and what becomes of it.

The rest of the day belongs to reading: few are compared in one go, over a month of the many that a feed shows, and none
while Zoho has trouble anyway. It must not know of queues.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from bridge.domain.records import SourceState
from bridge.errors import BridgeError
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.verify.verifier import Verdict, Verifier

_ONCE_IN = timedelta(
    hours=23, minutes=30
)  # whoever asks each hour finds it due at the same hour of the next day
_IN_ONE_GO = 12  # all of them within so many hours
_OF_ALL_FEEDS = ""  # the row that tells whose turn it was, whichever feeds were compared


def due(store: Store, *, now: datetime) -> tuple[str, ...]:
    """Give the keys of the calendars to be compared now, those first whose last comparison is the oldest.

    Called once an hour, it names each of them once a day. None when half of them can't be read at the moment.
    """
    states = [state for state in store.sources.states() if state.source.kind == "calendar"]
    well = [state.source.key for state in states if _is_well(state)]
    if len(well) * 2 <= len(states):
        return ()
    last = store.verifications.last()
    late = [key for key in well if key not in last or last[key] <= now - _ONCE_IN]
    first_ever = datetime.min.replace(tzinfo=now.tzinfo)
    late.sort(key=lambda key: (last.get(key, first_ever), key))
    return tuple(late[: -(-len(states) // _IN_ONE_GO)])


def compare_in_turn(
    verifier: Verifier, key: str, *, now: datetime, dice: Callable[[], float]
) -> tuple[Verdict, ...] | None:
    """Compare a calendar over a random month and remember the result; None when another process does or did today.

    What went wrong is remembered, too, and raised.
    """
    store = verifier.store
    state = store.sources.state(key)
    feeds = store.feeds.reading(key)
    if not feeds or not _is_well(state):
        return None
    if not store.verifications.begin(key, _OF_ALL_FEEDS, now=now, not_since=now - _ONCE_IN):
        return None
    try:
        return verifier.sample(state.source, dice=dice())
    except Exception as error:
        told = (
            str(error)
            if isinstance(error, BridgeError)
            else f"A bug in the bridge ({type(error).__name__})."
        )
        failed = [
            Verification(
                source_key=key,
                slug=feed.slug,
                at=now,
                first_day=now.date(),
                last_day=now.date(),
                details={},
                error=told,
            )
            for feed in feeds
        ]
        store.verifications.save(failed)
        raise


def _is_well(state: SourceState) -> bool:
    return state.last_success is not None and not state.failures
