"""The ``[[feed]]`` tables of ``bridge.toml`` -> feeds; every mistake in every table is found in one pass."""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.config import values
from bridge.config.addresses import LONGEST_URL, url_length
from bridge.config.names import FEED_KEYS, SOURCE_KEYS, suggestion
from bridge.config.reader import Reader, shown
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource, Source

_CHECKS: Mapping[str, Callable[[object], Any]] = {
    "slug": values.slug,
    "title": values.title,
    "public": values.flag,
    "privacy": values.choice("full", "busy"),
    "alarms": values.flag,
    "past": values.days(0, 3650),
    "future": values.days(1, 1825),
    "exceptions": values.choice("detached", "recurrence-id"),
    "cancelled": values.choice("mark", "status", "drop"),
    "show_private": values.flag,
}


def read_feeds(reader: Reader, public_url: str) -> tuple[Feed, ...]:
    """Give the feeds in their order; mistakes go to the reader's problems, and such a feed is left out."""
    tables = reader.document.get("feed", [])
    if not isinstance(tables, list):
        reader.problems.append(
            f"feed = {shown(tables)}: write each feed under a heading [[feed]], in double brackets."
        )
        return ()
    feeds: dict[str, Feed] = {}
    for number, table in enumerate(tables, 1):
        feed = _feed(reader, table, number)
        if feed is None:
            continue
        if feed.slug in feeds:
            reader.problems.append(
                f'feed "{feed.slug}": slug: another feed has it already: give each feed its own.'
            )
        length = url_length(feed.slug, public_url)
        if length > LONGEST_URL:
            reader.problems.append(
                f'feed "{feed.slug}": its address would be {length} characters long, and Google Calendar takes no more '
                f"than {LONGEST_URL}: shorten the slug, or the host in BRIDGE_PUBLIC_URL."
            )
        feeds[feed.slug] = feed
    return tuple(feeds.values())


def _feed(reader: Reader, table: object, number: int) -> Feed | None:
    if not isinstance(table, dict):
        reader.problems.append(
            f"feed number {number} = {shown(table)}: write it under a heading [[feed]]."
        )
        return None
    slug = table.get("slug")
    label = f"feed {shown(slug)}" if isinstance(slug, str) else f"feed number {number}"
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in table.items():
        if key == "sources":
            fields["sources"] = _sources(value, problems)
        elif key in _CHECKS:
            try:
                fields[key] = _CHECKS[key](value)
            except ValueError as error:
                problems.append(f"{key} = {shown(value)}: {error}")
        else:
            problems.append(f"{shown(key)}: a feed has no such key: {suggestion(key, FEED_KEYS)}")
    if "slug" not in table:
        problems.append(
            'slug is missing: write slug = "…", which becomes the last part of the feed\'s address.'
        )
    if "sources" not in table:
        problems.append(
            'sources is missing: write sources = [ { calendar = "…" } ] or of another kind.'
        )
    reader.problems.extend(f"{label}: {problem}" for problem in problems)
    if problems:
        return None
    feed = Feed(**{"title": fields["slug"], **fields})
    reader.origins.update({f"feed.{feed.slug}.{key}": reader.config_name for key in table})
    return feed


def _sources(value: object, problems: list[str]) -> tuple[Source, ...]:
    if not isinstance(value, list) or not value:
        problems.append(
            f'sources = {shown(value)}: write a list of at least one source, [ {{ calendar = "…" }} ].'
        )
        return ()
    sources: list[Source] = []
    for number, table in enumerate(value, 1):
        label = f"source number {number}"
        source = _source(table, label, problems)
        if source is not None and source in sources:
            problems.append(f"{label}: it is in the list already: remove one of the two.")
        elif source is not None:
            sources.append(source)
    return tuple(sources)


def _source(table: object, label: str, problems: list[str]) -> Source | None:
    kinds = [kind for kind in SOURCE_KEYS if isinstance(table, dict) and kind in table]
    if not isinstance(table, dict) or len(kinds) != 1:
        problems.append(
            f"{label}: write it as {{ key = value }} with exactly one of backstage, connect (with network), calendar."
        )
        return None
    kind = kinds[0]
    ids: dict[str, str] = {}
    wrong = False
    for key, value in table.items():
        if key not in SOURCE_KEYS[kind]:
            hint = suggestion(key, SOURCE_KEYS[kind])
            problems.append(f"{label}: {shown(key)}: a {kind} source has no such key: {hint}")
            wrong = True
            continue
        try:
            ids[key] = values.groups(value) if key == "connect" else values.upstream_id(value)
        except ValueError as error:
            problems.append(f"{label}: {key} = {shown(value)}: {error}")
            wrong = True
    if kind == "connect" and "network" not in table:
        problems.append(
            f'{label}: network is missing: write {{ connect = "group", network = "…" }}.'
        )
        wrong = True
    if wrong:
        return None
    if kind == "backstage":
        return BackstageSource(
            portal=ids["backstage"], event=ids.get("event", ""), brand=ids.get("brand", "")
        )
    if kind == "connect":
        return ConnectSource(group=ids["connect"], network=ids["network"])
    return CalendarSource(calendar=ids["calendar"])
