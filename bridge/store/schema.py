"""Names and types of the tables' columns, for queries.

``migrations/*.sql`` create the tables, with their constraints and comments.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as microseconds since 1970.

    SQLite and PostgreSQL compare such numbers alike.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """Return microseconds since 1970; raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the time in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()

_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "text": Text,
    "integers": Integer,
    "booleans": Boolean,
    "binary": LargeBinary,
    "instants": Instant,
    "dates": Date,
}


def _table(name: str, key: str, **columns: str) -> Table:
    """Return a table: the names of its key columns, and the names of all columns by type.

    ``name=column`` is a column that queries use by another name.
    """
    keys = key.split()
    table = Table(name, metadata)
    for kind, names in columns.items():
        for used, _, stored in (text.partition("=") for text in names.split()):
            is_key = used in keys
            table.append_column(Column(stored or used, _TYPES[kind], key=used, primary_key=is_key))
    return table


meta = _table("meta", key="", integers="schema_version")
feeds = _table(
    "feeds",
    key="slug",
    text="slug title kind definition inputs_hash=basis",
    integers="position revision",
    booleans="public active by_admin",
    instants="labels_at",
)
sources = _table(
    "sources",
    key="key",
    text="key kind definition error warning held_hash notes lease_holder",
    integers="failures",
    booleans="active",
    instants="next_check_at last_attempt last_success failing_since held_at lease_until",
)
feed_sources = _table(
    "feed_sources",
    key="slug source_key",
    text="slug source_key",
    integers="position",
    booleans="leaving published",
)
events = _table(
    "events",
    key="source_key uid",
    text="source_key uid upstream_id content_hash",
    binary="payload",
    instants="cancelled_since ends_at",
)
details = _table("details", key="source_key name", text="source_key name version", binary="answer")
rejections = _table(
    "rejections",
    key="source_key position",
    text="source_key upstream_id reason",
    integers="position",
    booleans="kept",
)
shapes = _table(
    "shapes", key="slug event_uid", text="slug event_uid inputs_hash=basis", dates="until"
)
entries = _table(
    "entries",
    key="slug uid",
    text="slug uid event_uid content_hash sort_key zones",
    integers="sequence",
    binary="blob web_blob",
    booleans="gone",
    instants="changed_at",
)
documents = _table(
    "documents",
    key="slug variant",
    text="slug variant etag",
    integers="events",
    binary="body gzip blocks",
    instants="modified_at",
)
links = _table(
    "links",
    key="token_hash",
    text="token_hash slug label",
    integers="generation",
    instants="created_at ends_at used_at",
)
access_tokens = _table(
    "access_tokens",
    key="account",
    text="account lease_holder",
    binary="value",
    instants="expires_at lease_until",
)
token_requests = _table("token_requests", key="id", integers="id", text="account", instants="at")
sign_ins = _table("sign_ins", key="id", integers="id", text="client", instants="at")
cards = _table("cards", key="slug uid", text="slug uid", binary="card", instants="first last")
labels = _table("labels", key="slug uid kind value", text="slug uid kind value")
changes = _table(
    "changes", key="id", integers="id", text="slug uid kind title details", instants="at"
)
readers = _table(
    "readers",
    key="slug link program day",
    text="slug link program",
    integers="polls unchanged",
    dates="day",
    instants="last_at",
)
verifications = _table(
    "verifications",
    key="source_key slug",
    text="source_key slug details error",
    integers="equal differing",
    dates="first_day last_day",
    instants="at",
)
paces = _table(
    "paces", key="account product", text="account product", instants="filled_until closed_until"
)
logins = _table(
    "logins",
    key="client_id",
    text="client_id data_center scopes",
    binary="client_secret refresh_token",
    instants="created_at",
)
