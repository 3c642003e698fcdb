"""What the last comparison of a feed with Zoho itself said, for each of its sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
import json
from typing import Any

from sqlalchemy import func, select, update

from bridge.store.database import Database, insert_for, upsert
from bridge.store.schema import verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One comparison over the days from ``first_day`` up to, not including, ``last_day``.

    ``details`` is plain JSON for people: the first of the differences, and what was left out on purpose. ``error`` is a
    sentence when the comparison could not be made; the numbers are then 0.
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
        """The last day that was compared, as people say it."""
        return max(self.last_day - timedelta(days=1), self.first_day)


class Verifications:
    """The verifications table: one row for a source in a feed, the last one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, key: str, slug: str, *, now: datetime, not_since: datetime) -> bool:
        """Claim a comparison; False when one was made or begun after ``not_since``, by whichever process."""
        row = verifications.c.source_key == key, verifications.c.slug == slug
        begun = {"at": now, "error": "It has begun and not ended."}
        day = now.date()
        new = {"first_day": day, "last_day": day, "equal": 0, "differing": 0, "details": "{}"}
        with self._database.write() as connection:
            if connection.execute(
                update(verifications).where(*row, verifications.c.at <= not_since).values(**begun)
            ).rowcount:
                return True
            first = insert_for(connection, verifications).values(
                source_key=key, slug=slug, **begun, **new
            )
            mine = first.on_conflict_do_nothing().returning(verifications.c.source_key)
            return connection.execute(mine).first() is not None

    def save(self, made: Sequence[Verification]) -> None:
        """Keep comparisons in place of earlier ones of the same sources and feeds."""
        rows = [
            {
                "source_key": one.source_key,
                "slug": one.slug,
                "at": one.at,
                "first_day": one.first_day,
                "last_day": one.last_day,
                "equal": one.equal,
                "differing": one.differing,
                "details": json.dumps(dict(one.details), ensure_ascii=False),
                "error": one.error,
            }
            for one in made
        ]
        with self._database.write() as connection:
            upsert(connection, verifications, rows)

    def of(self, slug: str) -> tuple[Verification, ...]:
        """Give the last comparisons of a feed, by source."""
        query = (
            select(verifications)
            .where(verifications.c.slug == slug)
            .order_by(verifications.c.source_key)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(Verification(**{**row, "details": json.loads(row["details"])}) for row in rows)

    def last(self) -> Mapping[str, datetime]:
        """Tell when each source was last compared, in whichever feed; one that never was is not in it."""
        query = select(verifications.c.source_key, func.max(verifications.c.at).label("at"))
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(verifications.c.source_key)).all()
        return {row.source_key: row.at for row in rows}
