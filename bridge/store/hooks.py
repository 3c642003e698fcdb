"""Webhooks of sources: secret addresses that Zoho calls, each of which makes its source due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bridge.store.crypto import SecretKeys, token_hash
from bridge.store.database import columns
from bridge.store.schema import sources
from bridge.store.sources import LONG_AGO, WAKE_PAUSE
from bridge.store.tables import SecretTables

_CALLED = timedelta(minutes=1)  # how late the time of the last call may be
_FLOOD = timedelta(seconds=30)  # calls that follow sooner wait for the pause between reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook: the times of its source, and of its last call."""

    key: str
    next_check_at: datetime
    last_attempt: datetime | None
    hook_called_at: datetime | None


class Hooks(SecretTables):
    """The webhook columns of the table of sources."""

    def token(self, key: str) -> str | None:
        """Return the token of a source's webhook, None if no secret key can show it."""
        row = self._database.first(sa.select(sources.c.hook_hash).where(sources.c.key == key))
        tokens = self._keys.hook_tokens(key)
        return next((t for t in tokens if row and token_hash(t) == row.hook_hash), None)

    def find(self, token: str) -> Hook | None:
        """Return the webhook of a token, if it is that of a source which a feed reads."""
        query = columns(sources, Hook).where(sources.c.hook_hash == token_hash(token))
        return next(iter(self._database.records(query.where(sources.c.active), Hook)), None)

    def call(self, hook: Hook, *, now: datetime) -> None:
        """Make the source of a webhook due.

        Write nothing if it already is due, except the time of the call once a minute.
        """
        since = abs(now - (hook.hook_called_at or LONG_AGO))
        is_noted = since < _CALLED
        due = now
        if since < _FLOOD and hook.last_attempt is not None:
            due = min(max(now, hook.last_attempt + WAKE_PAUSE), now + WAKE_PAUSE)
        if due < hook.next_check_at or not is_noted:
            called = sa.update(sources).where(sources.c.key == hook.key)
            values = {"next_check_at": min(due, hook.next_check_at), "hook_called_at": now}
            self._database.execute(called.values(values))


def hook_hash(keys: SecretKeys, key: str, stored: str | None) -> str:
    """Return the hash to store for a source: the stored one while a key can show its token."""
    hashes = [token_hash(token) for token in keys.hook_tokens(key)]
    return stored if stored in hashes else hashes[0]
