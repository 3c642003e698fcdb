"""``zoho-bridge feeds``: every feed with its state and address."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from bridge.cli.context import Bridge, feed_url, open_bridge
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
    """List the feeds: number of events, state, last read and address.

    \b
    States:
      fresh    all sources were read when they should have been
      late     nobody reads: see that `zoho-bridge serve` (or worker) runs
      failing  a source can't be read; what was published last stays
      new      not read yet

    \b
    Examples:
      zoho-bridge feeds
      zoho-bridge feeds --json | jq -r '.[] | select(.state == "failing").slug'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    now = datetime.now(UTC)
    with open_bridge() as bridge:
        rows = [_row(bridge, feed, now) for feed in bridge.store.feeds.active()]
    if as_json:
        print_json([row for row, _ in rows])
    elif rows:
        _show(rows, now)
    else:
        click.echo(
            "There are no feeds yet: run `zoho-bridge refresh` or `zoho-bridge serve`.", err=True
        )


def _show(rows: Sequence[tuple[Mapping[str, object], Sequence[str]]], now: datetime) -> None:
    """Print a table with the address of each feed, and what is wrong with it, below its line."""
    table = [("FEED", "TITLE", "EVENTS", "STATE", "LAST READ")]
    for row, _ in rows:
        read = datetime.fromisoformat(str(row["last_success"])) if row["last_success"] else None
        title = shortened(plain(str(row["title"])), _TITLE_COLUMNS)
        last = ago(read, now=now) if read else "never"
        table.append((str(row["slug"]), title, str(row["events"]), str(row["state"]), last))
    heading, *lines = aligned(table, right=frozenset({2}))
    click.secho("  ".join(heading), bold=True)
    for (row, problems), (slug, title, events, state, last) in zip(rows, lines, strict=True):
        said = click.style(state, fg=_COLORS[str(row["state"])])
        click.echo(f"{click.style(slug, bold=True)}  {title}  {events}  {said}  {last}")
        for line in (*problems, row["url"]):
            if line:
                click.echo(f"  {line}")


def _row(bridge: Bridge, feed: Feed, now: datetime) -> tuple[dict[str, object], list[str]]:
    """Give what is told of a feed, and what is wrong with it, in sentences; the address is None if none can be told."""
    document = bridge.store.publications.document(feed.slug, "default")
    states = [bridge.store.sources.state(source.key) for source in feed.sources]
    read = [state.last_success for state in states if state.last_success]
    problems = [
        f"{state.source.key}: {said}"
        for state in states
        for said in (state.error, state.warning)
        if said
    ]
    url: str | None = None
    try:
        url = feed_url(bridge, feed)
    except BridgeError as error:
        problems.append(str(error))
    row: dict[str, object] = {
        "slug": feed.slug,
        "title": feed.title,
        "kind": feed.kind,
        "url": url,
        "public": feed.public,
        "events": document.events if document else 0,
        "state": feed_state(states, now=now),
        "last_success": min(read).isoformat(timespec="seconds")
        if len(read) == len(states)
        else None,
    }
    return row, problems
