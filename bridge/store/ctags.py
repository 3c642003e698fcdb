"""Ctags of calendars: what the probes saw, and the calendars that they make due."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bridge.domain.ctag import Ctag
from bridge.store.database import columns
from bridge.store.schema import events, sources
from bridge.store.tables import Tables

_FULL = timedelta(minutes=60)  # between full reads of a calendar whose ctag is trusted
_POSTPONED = timedelta(minutes=15)  # the reads go on if the probes end
_SOON = timedelta(seconds=30), timedelta(minutes=12)
_OF_ROW = columns(sources, Ctag)


class Ctags(Tables):
    """The ctag columns of the table of sources."""

    def observe(self, seen: Mapping[str, str], *, began: datetime, now: datetime) -> list[str]:
        """Save the ctags of a probe by source; make due and return those that moved.

        A trusted calendar whose ctag did not move is read later, unless a read or an event waits.
        """
        moved = []
        is_missing = (events.c.source_key == sources.c.key, events.c.missing_since.is_not(None))
        names = (sources.c.key, sources.c.next_check_at, sources.c.last_success)
        query = _OF_ROW.add_columns(*names, sa.exists().where(*is_missing).label("waits"))
        with self._database.write() as connection:
            for row in connection.execute(query.where(sources.c.active).with_for_update()).all():
                if row.key not in seen:
                    continue
                before = ctag_of(row)
                after = before.after_probe(seen[row.key], began=began, now=now)
                due = row.next_check_at
                if after.wakes and after.ctag_moved_at != before.ctag_moved_at:
                    moved.append(row.key)
                    due = min(due, now)
                elif _can_wait(after, row, now):
                    due = max(due, min(now + _POSTPONED, row.last_success + _FULL))
                if (after, due) != (before, row.next_check_at):
                    values = asdict(after) | {"next_check_at": due}
                    changed = sa.update(sources).where(sources.c.key == row.key)
                    connection.execute(changed.values(values))
        return moved


def _can_wait(ctag: Ctag, row: sa.Row[Any], now: datetime) -> bool:
    """Return whether a calendar that did not change is read later than it would be."""
    is_trusted = ctag.verdict == "ctag" and ctag.ctag_moved_at is None
    is_soon = now + _SOON[0] < row.next_check_at < now + _SOON[1]
    return is_trusted and is_soon and row.last_success is not None and not row.waits


def note_read(
    connection: sa.Connection, key: str, *, has_change: bool, began: datetime, now: datetime
) -> None:
    """Save what a complete read tells about the ctag of its source."""
    before = ctag_of(
        connection.execute(_OF_ROW.where(sources.c.key == key).with_for_update()).one()
    )
    after = before.after_read(has_change=has_change, began=began, now=now)
    if after != before:
        connection.execute(sa.update(sources).where(sources.c.key == key).values(asdict(after)))


def ctag_of(row: sa.Row[Any]) -> Ctag:
    """Return the ctag in a row with these columns."""
    return Ctag(**{name: getattr(row, name) for name in Ctag.__slots__})
