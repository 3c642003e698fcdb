"""Trust in the ctag of a calendar, measured by what the reads find. Pure.

All samples show a ctag that moves with the contents, but no document promises it (Zoho APIs 4.1).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

ENOUGH = 8  # changes that a ctag told before it is trusted, or moves without a change
_MISSED = -1
_LAG = timedelta(seconds=10)  # between a change and its ctag


@dataclass(frozen=True, slots=True, kw_only=True)
class Ctag:
    """The ctag of a calendar as the last probe saw it, and how it has proven itself.

    ``ctag_told`` counts the changes that it told, and is -1 for good after one that it missed.
    ``ctag_idle`` counts its moves in a row after which a read found no change. ``ctag_moved_at``
    is the time of a move that no read has followed. ``ctag_changed_at`` is the time of a read with
    a change that it has not told.
    """

    ctag: str | None = None
    ctag_told: int = 0
    ctag_idle: int = 0
    ctag_moved_at: datetime | None = None
    ctag_changed_at: datetime | None = None

    @property
    def verdict(self) -> Literal["ctag", "untrusted"] | None:
        """Whether the calendar is read by its ctag; None for a calendar without one."""
        if self.ctag is None:
            return None
        return "ctag" if self.ctag_told >= ENOUGH else "untrusted"

    @property
    def wakes(self) -> bool:
        """Whether to read the calendar now: its ctag moved, which was not in vain so often."""
        return self.ctag_moved_at is not None and self.ctag_idle < ENOUGH

    def after_probe(self, ctag: str, *, began: datetime, now: datetime) -> "Ctag":
        """Return the state after a probe that was sent at ``began``."""
        if self.ctag is None:
            return replace(self, ctag=ctag)
        if ctag != self.ctag:
            moved = replace(self, ctag=ctag, ctag_moved_at=now, ctag_changed_at=None)
            return _with_told(moved) if self.ctag_changed_at else moved  # a read was faster
        if self.ctag_changed_at is not None and began > self.ctag_changed_at + _LAG:
            return replace(self, ctag_told=_MISSED, ctag_changed_at=None)
        return self

    def after_read(self, *, has_change: bool, began: datetime, now: datetime) -> "Ctag":
        """Return the state after a complete read that was begun at ``began``."""
        if self.ctag is None:
            return self
        moved_at = self.ctag_moved_at
        followed = (
            self if moved_at is None or moved_at > began else replace(self, ctag_moved_at=None)
        )
        if has_change:
            if moved_at is not None:
                return _with_told(followed)
            return replace(self, ctag_changed_at=self.ctag_changed_at or now)
        if followed is self:
            return self
        return replace(followed, ctag_idle=self.ctag_idle + 1)


def _with_told(ctag: Ctag) -> Ctag:
    told = ctag.ctag_told if ctag.ctag_told == _MISSED else ctag.ctag_told + 1
    return replace(ctag, ctag_told=told, ctag_idle=0)


UNSEEN = Ctag()
