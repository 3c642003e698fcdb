"""The tables.

Times are whole microseconds since 1970 in UTC, so that SQLite and PostgreSQL compare them alike.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """Refuse naive times rather than guess their zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Give the time back in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()

meta = Table("meta", metadata, Column("schema_version", Integer, nullable=False))

feeds = Table(
    "feeds",
    metadata,
    Column("slug", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("definition", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    # Made by the admin from sources that were there, and not by bridge.toml.
    Column("by_admin", Boolean, nullable=False, server_default=false()),
    # Grows with each publication: two workers that publish one feed at once can't overwrite each other unseen.
    Column("revision", Integer, nullable=False),
    # What the documents were last made from, besides the entries: definition and form of the feed.
    Column("basis", Text, key="inputs_hash"),
    # When what entries can be chosen by last changed: a filtered document may then change, and the feed's does not.
    Column("labels_at", Instant),
)

feed_sources = Table(
    "feed_sources",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("source_key", ForeignKey("sources.key", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    # Configured no more, and shown until every source that is has been read: a mistyped id must not empty a feed.
    Column("leaving", Boolean, nullable=False),
    # Its events were in a publication of this feed: what it held when it was first read is no change of the feed.
    Column("published", Boolean, nullable=False, server_default=false()),
)

sources = Table(
    "sources",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("definition", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("next_check_at", Instant, nullable=False),
    Column("last_attempt", Instant),
    Column("last_success", Instant),
    Column("failing_since", Instant),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("warning", Text),
    Column("held_hash", Text),
    Column("held_at", Instant),
    Column("notes", Text, nullable=False, default="[]"),
    Column("lease_holder", Text),
    Column("lease_until", Instant),
    Index("sources_due", "active", "next_check_at"),
)

events = Table(
    "events",
    metadata,
    Column("source_key", ForeignKey("sources.key", ondelete="CASCADE"), primary_key=True),
    Column("uid", String(255), primary_key=True),
    Column("upstream_id", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("cancelled_since", Instant),
    Column("ends_at", Instant),  # None: a series without an end
)

details = Table(
    "details",
    metadata,
    Column("source_key", ForeignKey("sources.key", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

rejections = Table(
    "rejections",
    metadata,
    Column("source_key", ForeignKey("sources.key", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("upstream_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kept", Boolean, nullable=False),
)

shapes = Table(
    "shapes",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("event_uid", String(255), primary_key=True),
    Column("basis", String(64), key="inputs_hash", nullable=False),
    Column("until", Date),
)

entries = Table(
    "entries",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("uid", String(255), primary_key=True),
    Column("event_uid", String(255), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("sort_key", Text, nullable=False),
    Column("zones", Text, nullable=False),
    Column("blob", LargeBinary),
    Column("web_blob", LargeBinary),
    Column("gone", Boolean, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("variant", String(16), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("gzip", LargeBinary, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("events", Integer, nullable=False),
    # What the gzip is made of, for the next document to take over what stays; None: not known.
    Column("blocks", LargeBinary),
)

links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("used_at", Instant),  # to a minute or so: a poll writes nothing
    Index("links_of_feed", "slug", "label", "generation", unique=True),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("value", LargeBinary),
    Column("expires_at", Instant),
    Column("lease_holder", Text),
    Column("lease_until", Instant),
)

token_requests = Table(
    "token_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

# Passwords that were tried at the admin pages lately; the client's address is kept as a hash.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

# What people see of an entry, for agendas and filters, beside the bytes that programs get.
cards = Table(
    "cards",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("uid", String(255), primary_key=True),
    Column("first", Instant, nullable=False),  # from when to when it has occurrences
    Column("last", Instant, nullable=False),
    Column("card", LargeBinary, nullable=False),
    Index("cards_by_time", "slug", "last"),
)

# What an entry can be chosen by: a category, a track, a hall, its source.
labels = Table(
    "labels",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("uid", String(255), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Index("labels_by_value", "slug", "kind", "value", "uid"),
)

# What happened to the entries of a feed lately, for people.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("uid", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("changes_of_feed", "slug", "at"),
)

# Which programs poll a feed, by day: no addresses of people. ``link`` is a token's hash, empty for the public address.
readers = Table(
    "readers",
    metadata,
    Column("slug", ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("link", String(64), primary_key=True),
    Column("program", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("polls", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

# What the last comparison of a source's feed with Zoho itself said.
verifications = Table(
    "verifications",
    metadata,
    Column("source_key", ForeignKey("sources.key", ondelete="CASCADE"), primary_key=True),
    Column("slug", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("equal", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
    Column("details", Text, nullable=False),
    Column("error", Text, nullable=False),
)

# The bridge's own budget of requests for each account and product, over all processes.
paces = Table(
    "paces",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("product", String(16), primary_key=True),
    Column("filled_until", Instant, nullable=False),
    Column("closed_until", Instant, nullable=False),
)

# What ``zoho-bridge login`` was given and got; client secret and refresh token are encrypted.
logins = Table(
    "logins",
    metadata,
    Column("client_id", String(128), primary_key=True),
    Column("client_secret", LargeBinary, nullable=False),
    Column("data_center", String(8), nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
