"""The command that tells what changed in a feed. It asks nobody: the store remembers 30 days."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from bridge.cli.context import FeedName, feed_named, open_bridge
from bridge.cli.output import json_option, print_json
from bridge.cli.sanitize import plain
from bridge.feed.changelog import RETENTION
from bridge.store.changes import ChangeRow

_NAMES = {"join_url": "link to join", "url": "link", "busy": "takes time"}


@click.command()
@click.argument("slug", type=FeedName())
@click.option(
    "--days",
    type=click.IntRange(1, RETENTION.days),
    default=RETENTION.days,
    show_default=True,
    metavar="N",
    help="How far to look back.",
)
@json_option
def history(slug: str, *, days: int, as_json: bool) -> None:
    """Tell what changed in a feed, the latest first.

    \b
    added      an event, or occurrences of one, came into the feed
    moved      the times are others
    renamed    the title is another
    cancelled  it was called off, or single occurrences were taken out
    gone       Zoho has the event no more, or the feed may not show it any more
    changed    the place, the text, a link or the availability is another

    \b
    Examples:
      zoho-bridge history marketing
      zoho-bridge history marketing --days 7
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        rows = bridge.store.changes.of(slug, since=datetime.now(UTC) - timedelta(days=days))
    if as_json:
        told = [asdict(row) | {"at": row.at.isoformat(timespec="seconds")} for row in rows]
        print_json(told)
        return
    if not rows:
        click.echo(
            f'Nothing changed in feed "{slug}" in the last {days} day{"s" * (days != 1)}.', err=True
        )
    for row in rows:
        click.echo(
            f"{row.at:%Y-%m-%d %H:%M} UTC  {row.kind:<9}  {click.style(plain(row.title), bold=True)}"
        )
        for line in _lines(row):
            click.echo(f"  {line}")


def _lines(row: ChangeRow) -> Iterator[str]:
    for name, both in row.details.items():
        before, after = (_text(both[side]) for side in ("before", "after"))
        arrow = f"{before} -> {after}" if before and after else f"was {before}" if before else after
        yield f"{_NAMES.get(name, name)}: {arrow}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else plain(str(value))
