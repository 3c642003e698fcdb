"""Sessions of the admin, so that each can be ended before its cookie expires, and sign-in links."""

from contextlib import suppress
from datetime import datetime, timedelta
import secrets

from sqlalchemy import ColumnElement, and_, delete, insert, not_, select, update

from bridge.errors import StoreError
from bridge.store.crypto import token_hash
from bridge.store.schema import admin_links, sessions
from bridge.store.tables import Tables

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
LINK_LIFETIME = timedelta(minutes=10)
_PRECISION = timedelta(minutes=1)


class Sessions(Tables):
    """The tables of sessions and of links that begin one.

    They hold hashes of ids and tokens, so they open none.
    """

    def begin(self, *, now: datetime) -> str:
        """Store a new session and return its random id; delete the sessions that have expired."""
        session_id = secrets.token_urlsafe(24)
        row = {"id_hash": token_hash(session_id), "created_at": now, "used_at": now}
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(not_(_is_open(now))))
            connection.execute(insert(sessions).values(row))
        return session_id

    def use(self, session_id: str, *, now: datetime) -> bool:
        """Return whether a session is open; a use is written to the minute and keeps it open."""
        is_open = and_(sessions.c.id_hash == token_hash(session_id), _is_open(now))
        row = self._database.first(select(sessions.c.used_at).where(is_open))
        if row is not None and row.used_at <= now - _PRECISION:
            with suppress(StoreError):  # a full disk must not close the admin pages
                self._database.execute(update(sessions).where(is_open).values(used_at=now))
        return row is not None

    def end(self, session_id: str) -> None:
        """End one session."""
        self._database.execute(delete(sessions).where(sessions.c.id_hash == token_hash(session_id)))

    def end_all(self) -> None:
        """End every session, and every link."""
        with self._database.write() as connection:
            connection.execute(delete(sessions))
            connection.execute(delete(admin_links))

    def new_link(self, *, now: datetime) -> str:
        """Store a link that signs in once, and return its random token; delete expired links."""
        token = secrets.token_urlsafe(24)
        row = {"token_hash": token_hash(token), "created_at": now}
        with self._database.write() as connection:
            connection.execute(delete(admin_links).where(not_(_is_fresh(now))))
            connection.execute(insert(admin_links).values(row))
        return token

    def has_link(self, token: str, *, now: datetime) -> bool:
        """Return whether a link can still be used."""
        query = select(admin_links).where(_is_link(token, now))
        return self._database.first(query) is not None

    def use_link(self, token: str, *, now: datetime) -> bool:
        """Use a link up; return whether it could be used, which is true for one caller only."""
        return self._database.execute(delete(admin_links).where(_is_link(token, now))) == 1


def _is_open(now: datetime) -> ColumnElement[bool]:
    return and_(sessions.c.created_at > now - LONGEST, sessions.c.used_at > now - IDLE)


def _is_fresh(now: datetime) -> ColumnElement[bool]:
    # Not one of a clock that was ahead, which would hold for longer.
    return admin_links.c.created_at.between(now - LINK_LIFETIME, now + LINK_LIFETIME)


def _is_link(token: str, now: datetime) -> ColumnElement[bool]:
    return and_(admin_links.c.token_hash == token_hash(token), _is_fresh(now))
