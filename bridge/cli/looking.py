"""Commands that look at what is here: what is published (feeds, export), and the settings (config). They ask nobody."""

from datetime import UTC, datetime
import json
import os
import sys

import click

from bridge import config as configuration
from bridge.cli.opening import Bridge, address, no_such_feed, opened, warn
from bridge.errors import BridgeError
from bridge.model import Feed
from bridge.state import state_of


@click.command()
def config() -> None:
    """Show the settings in force, without secrets."""
    settings = configuration.load(os.environ)
    click.echo(configuration.redacted(settings), nl=False)
    warn(settings)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array for programs.")
def feeds(*, as_json: bool) -> None:
    """List the feeds: address, number of events, state and last read.

    \b
    States:
      fresh    all sources were read when they should have been
      late     nobody reads: see that `zoho-bridge serve` (or worker) runs
      failing  a source can't be read; what was published last stays
      new      not read yet
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with opened() as bridge:
        rows = [_row(bridge, feed) for feed in bridge.store.feeds.active()]
    if as_json:
        click.echo(json.dumps([row for row, _ in rows], indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo("There are no feeds yet: run `zoho-bridge refresh` or `zoho-bridge serve`.", err=True)
    for row, problems in rows:
        click.echo(f"{click.style(row['title'], bold=True)}  ({row['slug']})")
        events = f"{row['events']} event{'s' * (row['events'] != 1)}"
        click.echo(f"  {events}, {row['state']}, last read {row['last_success'] or 'never'}")
        for line in (*problems, row["url"]):
            if line:
                click.echo(f"  {line}")


@click.command()
@click.argument("slug")
def export(slug: str) -> None:
    """Write a feed to standard output, byte for byte as it is served.

    \b
    zoho-bridge export marketing > marketing.ics
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with opened() as bridge:
        active = bridge.store.feeds.active()
        known = any(feed.slug == slug for feed in active)
        document = bridge.store.publications.document(slug, "default") if known else None
    if document is None:
        raise no_such_feed(slug, active)
    sys.stdout.buffer.write(document.body)
    sys.stdout.buffer.flush()


def _row(bridge: Bridge, feed: Feed) -> tuple[dict[str, object], list[str]]:
    """Give what is told of a feed, and what is wrong with it, in sentences; the address is None if none can be told."""
    document = bridge.store.publications.document(feed.slug, "default")
    states = [bridge.store.sources.state(source.key) for source in feed.sources]
    read = [state.last_success for state in states if state.last_success]
    problems = [f"{state.source.key}: {said}" for state in states for said in (state.error, state.warning) if said]
    url: str | None = None
    try:
        url = address(bridge, feed)
    except BridgeError as error:
        problems.append(str(error))
    row: dict[str, object] = {
        "slug": feed.slug,
        "title": feed.title,
        "kind": feed.kind,
        "url": url,
        "public": feed.public,
        "events": document.events if document else 0,
        "state": state_of(states, now=datetime.now(UTC)),
        "last_success": min(read).isoformat(timespec="seconds") if len(read) == len(states) else None,
    }
    return row, problems
