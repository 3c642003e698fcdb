"""Trust in a ctag, whatever it does: as text, backwards, missing, or still while events change.

The model is docs/decisions.md, "Requests to Zoho", kept apart from the code: a change counts as told
if the ctag moved since the read before, at the latest with the next probe after the read.
"""

from datetime import timedelta

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.domain.ctag import Ctag
from tests.clock import NOW

MINUTE = timedelta(minutes=1)
VALUES = st.integers(-3, 3).map(str) | st.sampled_from(["text", "1772000000000", "x" * 255])


class Calendar(RuleBasedStateMachine):
    """A calendar that changes, with a ctag that may lie, and the bridge that reads and probes it."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.now = Ctag(), NOW
        self.value = "0"
        self.changed = False  # since the last read
        self.seen: str | None = None
        self.has_moved = False  # seen by a probe since the last read
        self.is_undecided = False  # a read found a change first
        self.told, self.idle, self.missed = 0, 0, False

    def count_told(self) -> None:
        self.told, self.idle = self.told + 1, 0

    @rule(value=VALUES)
    def change(self, value: str) -> None:
        """Zoho's contents change, and the ctag may move."""
        self.changed, self.value = True, value

    @rule(value=VALUES)
    def move(self, value: str) -> None:
        """The ctag alone may move."""
        self.value = value

    @rule(minutes=st.integers(1, 20))
    def probe(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.state = self.state.after_probe(self.value, began=self.now, now=self.now)
        moved = self.seen not in (None, self.value)
        if self.is_undecided and self.seen is not None:
            if moved:
                self.count_told()
            else:
                self.missed = True
            self.is_undecided = False
        self.has_moved |= moved
        self.seen = self.value

    @rule(minutes=st.integers(1, 20))
    def read(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.state = self.state.after_read(
            has_change=self.changed, began=self.now, now=self.now + MINUTE / 6
        )
        if self.seen is not None:
            if self.changed and self.has_moved:
                self.count_told()
            elif self.changed:
                self.is_undecided = True
            elif self.has_moved:
                self.idle += 1
            self.has_moved = False
        self.changed = False

    @rule()
    def miss_a_change(self) -> None:
        """The ctag stays while a read finds a change, up to the next probe."""
        self.changed = True
        self.read(1)
        self.probe(1)

    @rule()
    def be_honest_nine_times(self) -> None:
        """A ctag moves with each of nine changes, each seen by a probe and then read."""
        self.probe(1)
        for number in range(9):
            self.change(f"honest {number} {self.now}")
            self.probe(1)
            self.read(1)

    @invariant()
    def a_calendar_is_trusted_after_eight_told_changes_and_no_miss(self) -> None:
        if self.seen is None:
            assert self.state.verdict is None
        else:
            is_trusted = self.told >= 8 and not self.missed
            assert self.state.verdict == ("ctag" if is_trusted else "untrusted")

    @invariant()
    def a_move_wakes_until_it_is_read_unless_eight_were_in_vain(self) -> None:
        assert self.state.wakes == (self.has_moved and self.idle < 8)


TestCtag = Calendar.TestCase
TestCtag.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
