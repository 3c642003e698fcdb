"""``zoho-bridge feeds``: every feed with its state and address."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.context import Bridge, feed_url, open_bridge, print_warnings
from bridge.cli.output import ago, aligned, json_option, print_json, shortened
from bridge.cli.sanitize import plain
from bridge.domain.feed import Feed
from bridge.errors import BridgeError
from bridge.store.health import feed_state

_TITLE_COLUMNS = 36
_COLORS = {"fresh": "green", "late": "yellow", "failing": "red", "new": None}


@click.command()
@json_option
def feeds(*, as_json: bool) -> None:
    """List the feeds with events, state, last read and address.

    \b
    States:
      fresh    all sources were read on time
      late     nothing reads: check that `zoho-bridge serve` (or worker) runs
      failing  a source can't be read; the last published events stay
      new      not read yet

    \b
    Examples:
      zoho-bridge feeds
      zoho-bridge feeds --json | jq -r '.[] | select(.state == "failing").slug'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    now = datetime.now(UTC)
    with open_bridge() as bridge:
        print_warnings(bridge.settings)
        known = bridge.store.feeds.active()
        names = {s.source.key: plain(s.title) for s in bridge.store.feeds.known_sources()}
        rows = [_row(bridge, feed, names, now) for feed in known]
        slugs = {feed.slug for feed in known}
        rows += [_unread(feed) for feed in bridge.settings.feeds if feed.slug not in slugs]
    if as_json:
        print_json([row for row, _ in rows])
    elif rows:
        _show(rows, now)
    else:
        remedy = "run `zoho-bridge refresh` or `zoho-bridge serve`."
        click.echo(f"There are no feeds yet: {remedy}", err=True)


def _show(rows: Sequence[tuple[Mapping[str, Any], Sequence[str]]], now: datetime) -> None:
    """Print a table, with the problems and the address of each feed below its line."""
    table = [("FEED", "TITLE", "EVENTS", "STATE", "LAST READ")]
    for row, _ in rows:
        read = row["last_success"]
        last = ago(datetime.fromisoformat(read), now=now) if read else "never"
        title = shortened(plain(row["title"]), _TITLE_COLUMNS)
        table.append((row["slug"], title, str(row["events"]), row["state"], last))
    heading, *lines = aligned(table, right={2}, widest=_TITLE_COLUMNS)
    click.secho("  ".join(heading), bold=True)
    for (row, problems), (slug, title, events, state, last) in zip(rows, lines, strict=True):
        state = click.style(state, fg=_COLORS[row["state"]])  # noqa: PLW2901 - the same text
        click.echo(f"{click.style(slug, bold=True)}  {title}  {events}  {state}  {last}")
        for line in filter(None, (row["url"], *problems)):
            click.echo(f"  {line}")


def _unread(feed: Feed) -> tuple[dict[str, Any], list[str]]:
    """Return a feed of bridge.toml that no ``serve`` or ``refresh`` has seen; it has no address."""
    row: dict[str, Any] = {"slug": feed.slug, "title": feed.title, "kind": feed.kind, "url": None}
    row |= {"public": feed.public, "events": 0, "state": "new", "last_success": None}
    return row, ["Not read yet: `zoho-bridge serve` reads it and makes its address."]


def _row(
    bridge: Bridge, feed: Feed, names: Mapping[str, str], now: datetime
) -> tuple[dict[str, Any], list[str]]:
    """Return a feed as JSON has it, and its problems; its URL is None if it has none to show.

    ``names`` are those of sources by key, for the problems of a merged feed.
    """
    document = bridge.store.publications.document(feed.slug, "default")
    states = [bridge.store.sources.state(source.key) for source in feed.sources]
    reads = [s.last_success for s in states if s.last_success and not s.is_ahead(now)]
    problems = [
        f"{names[s.source.key]}: {p}" if len(states) > 1 and names[s.source.key] else str(p)
        for s in states
        for p in (s.error, s.warning, s.turn(now))
        if p
    ]
    url: str | None = None
    try:
        url = feed_url(bridge, feed)
    except BridgeError as error:
        problems.append(str(error))
    last = min(reads).isoformat(timespec="seconds") if len(reads) == len(states) else None
    row = {
        "slug": feed.slug,
        "title": feed.title,
        "kind": feed.kind,
        "url": url,
        "public": feed.public,
        "events": document.events if document else 0,
        "state": feed_state(states, now=now),
        "last_success": last,
    }
    return row, problems
