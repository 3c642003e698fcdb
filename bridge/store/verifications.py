"""Verifications: the last comparison of each source of a feed with Zoho."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
import json
from typing import Any

from sqlalchemy import func, or_, select, update

from bridge.domain.problems import dump, problem
from bridge.domain.records import CLOCK_SKEW
from bridge.store.database import columns, insert_for, upsert
from bridge.store.schema import verifications
from bridge.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A comparison over the days from ``first_day`` up to, not including, ``last_day``.

    ``details`` is plain JSON for people: the first differences, and intended omissions. ``error``
    is a problem in its stored form if the comparison could not be made; the numbers are then 0.
    """

    source_key: str
    slug: str
    at: datetime
    first_day: date
    last_day: date
    equal: int = 0
    differing: int = 0
    details: Mapping[str, Any]
    error: str = ""

    @property
    def through(self) -> date:
        """The last day that was compared."""
        return max(self.last_day - timedelta(days=1), self.first_day)


class Verifications(Tables):
    """The table of verifications: one row for each source of a feed."""

    def begin(self, key: str, slug: str, *, now: datetime, not_since: datetime) -> bool:
        """Claim a comparison; return False if a process made or began one after ``not_since``."""
        mine = verifications.c.source_key == key, verifications.c.slug == slug
        begun = {"at": now, "error": dump(problem("verification-unfinished"))}
        at = verifications.c.at
        may_begin = or_(at <= not_since, at > now + CLOCK_SKEW)
        claim = update(verifications).where(*mine, may_begin).values(begun)
        day = now.date()
        new = {"first_day": day, "last_day": day, "equal": 0, "differing": 0, "details": "{}"}
        with self._database.write() as connection:
            if connection.execute(claim).rowcount:
                return True
            insert = insert_for(connection, verifications)
            insert = insert.values(source_key=key, slug=slug, **begun, **new)
            first = insert.on_conflict_do_nothing().returning(verifications.c.slug)
            return connection.execute(first).first() is not None

    def save(self, new: Sequence[Verification]) -> None:
        """Save comparisons in place of earlier ones of the same sources and feeds."""
        rows = [
            asdict(verification)
            | {"details": json.dumps(dict(verification.details), ensure_ascii=False)}
            for verification in new
        ]
        with self._database.write() as connection:
            upsert(connection, verifications, rows)

    def of(self, slug: str) -> tuple[Verification, ...]:
        """Return the last comparisons of a feed, by source."""
        query = columns(verifications, Verification).where(verifications.c.slug == slug)
        return tuple(
            Verification(**row._asdict() | {"details": json.loads(row.details)})
            for row in self._database.all(query.order_by(verifications.c.source_key))
        )

    def last(self) -> Mapping[str, datetime]:
        """Return when each source was last compared, in any feed, by source key."""
        query = select(verifications.c.source_key, func.max(verifications.c.at).label("at"))
        rows = self._database.all(query.group_by(verifications.c.source_key))
        return {row.source_key: row.at for row in rows}
