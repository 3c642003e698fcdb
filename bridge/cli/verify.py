"""The command that proves a feed: verify."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import sys

import click

from bridge.cli.context import FeedName, feed_named, open_bridge
from bridge.cli.output import print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import open_refresher
from bridge.domain.event import Moment
from bridge.verify import KINDS, Difference, Verdict, Verifier

_SHOWN = 50  # differences of one source on a terminal; --json gives all


@click.command()
@click.argument("slug", type=FeedName())
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON object for programs, with all differences.",
)
def verify(slug: str, *, as_json: bool) -> None:
    """Compare what a feed has published with what Zoho itself reports.

    Every instance in the feed's window is looked up in Zoho: calendars are asked for their single instances, the other
    products are read anew. Ends with 0 only when all are equal.

    \b
    missing     Zoho has it, the feed does not
    extra       the feed has it, Zoho does not
    shifted     it is at another time in the feed
    renamed     it has another title in the feed
    unreadable  Zoho reports something that can't be read

    \b
    Examples:
      zoho-bridge verify marketing
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed = feed_named(bridge.store, slug)
        with open_refresher(bridge) as refresher:
            verifier = Verifier(
                store=bridge.store,
                api=refresher.api,
                zoho=bridge.settings.zoho,
                clock=lambda: datetime.now(UTC),
            )
            verdicts = verifier.feed(feed)
    ok = all(verdict.is_equal for verdict in verdicts)
    if as_json:
        told = {"slug": slug, "ok": ok, "sources": [verdict.plain() for verdict in verdicts]}
        print_json(told)
    else:
        for verdict in verdicts:
            _show(verdict)
    sys.exit(0 if ok else 1)


def _show(verdict: Verdict) -> None:
    comparison, last = verdict.comparison, verdict.window.end - timedelta(days=1)
    click.secho(f"{verdict.source_key}  {verdict.window.start} to {last}", bold=True)
    counts = Counter(told.kind for told in comparison.differences)
    numbers = [
        f"{comparison.equal} equal",
        *(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]),
    ]
    if comparison.left_out:
        numbers.append(f"{len(comparison.left_out)} left out on purpose")
    click.echo(f"  {', '.join(numbers)}")
    for told in comparison.differences[:_SHOWN]:
        click.echo(f"  {told.kind:<10} {_line(told)}")
    if len(comparison.differences) > _SHOWN:
        click.echo(f"  and {len(comparison.differences) - _SHOWN} more (--json gives all)")
    reasons = Counter(told.reason for told in comparison.left_out)
    for reason, count in sorted(reasons.items()):
        click.echo(f"  left out on purpose: {plain(reason)} ({count})")
    for note in verdict.notes:
        click.echo(f"  {plain(note)}")


def _line(told: Difference) -> str:
    zoho, feed = _span(told.start, told.end), _span(told.shown_start, told.shown_end)
    title, shown = _quoted(told.title), _quoted(told.shown_title)
    parts = [zoho or feed, title or shown]
    if told.kind == "shifted":
        parts.append(f"in the feed {feed}")
    if told.kind == "renamed":
        parts.append(f"in the feed {shown}")
    if told.kind == "unreadable":
        parts.append(plain(told.reason))
    return "  ".join(part for part in (*parts, told.upstream_id) if part)


def _span(start: Moment | None, end: Moment | None) -> str:
    if start is None or end is None:
        return ""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        last = end - timedelta(days=1)
        return f"{start}" if last == start else f"{start} to {last}"
    same = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if same else '%Y-%m-%d %H:%M'}} UTC"


def _quoted(title: str) -> str:
    return f'"{plain(title)}"' if title else ""
