"""``zoho-bridge history``: the changes of a feed in the last 30 days, from the store."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from bridge.cli.context import feed_named, open_bridge, slug_argument
from bridge.cli.output import WholeNumber, counted, json_option, print_json
from bridge.cli.sanitize import plain
from bridge.feed.changelog import RETENTION
from bridge.store.changes import ChangeRow

_NAMES = {"join_url": "link to join", "url": "link", "busy": "shows as busy"}


@click.command()
@slug_argument
@click.option(
    "--days",
    type=WholeNumber(1, RETENTION.days),
    default=RETENTION.days,
    show_default=True,
    metavar="N",
    help="The number of days to look back.",
)
@json_option
def history(slug: str, *, days: int, as_json: bool) -> None:
    """Show what changed in a feed, newest first.

    \b
    added      an event, or occurrences of it, came into the feed
    moved      its times changed
    renamed    its title changed
    cancelled  it was cancelled, or some of its occurrences were
    gone       Zoho no longer has the event, or the feed may no longer show it
    changed    its place, text, a link or the availability changed

    \b
    Examples:
      zoho-bridge history marketing
      zoho-bridge history marketing --days 7
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        rows = bridge.store.changes.of(slug, since=datetime.now(UTC) - timedelta(days=days))
    if as_json:
        print_json([asdict(row) | {"at": row.at.isoformat(timespec="seconds")} for row in rows])
        return
    if not rows:
        period = counted(days, "day")
        click.echo(f'Nothing changed in feed "{slug}" in the last {period}.', err=True)
    for row in rows:
        title = click.style(plain(row.title), bold=True)
        click.echo(f"{row.at:%Y-%m-%d %H:%M} UTC  {row.kind:<9}  {title}")
        for line in _details(row):
            click.echo(f"  {line}")


def _details(row: ChangeRow) -> Iterator[str]:
    for name, values in row.details.items():
        before, after = _text(values["before"]), _text(values["after"])
        arrow = f"{before} -> {after}" if before and after else f"was {before}" if before else after
        yield f"{_NAMES.get(name, name)}: {after if before == after else arrow}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else plain(str(value))
