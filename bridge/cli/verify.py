"""``zoho-bridge verify``: a comparison of a feed with Zoho, instance by instance."""

from collections import Counter
from datetime import datetime, timedelta
import sys

import click

from bridge.cli.context import feed_named, open_bridge, slug_argument
from bridge.cli.output import json_option, print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import open_refresher
from bridge.domain.event import Moment
from bridge.verify import KINDS, Difference, Verdict, Verifier

_SHOWN = 50  # differences of one source on a terminal; --json prints all


@click.command()
@slug_argument
@json_option
def verify(slug: str, *, as_json: bool) -> None:
    """Compare a published feed with Zoho.

    Every instance in the feed's window is looked up in Zoho: calendars are asked for their single
    instances, the other products are read again. Exits with 0 only if all are equal. --json prints
    an object with all differences.

    \b
    missing     Zoho has the instance, the feed does not
    extra       the feed has it, Zoho does not
    shifted     it has another time in the feed
    renamed     it has another title in the feed
    unreadable  Zoho reports something that can't be parsed

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
                clock=refresher.clock,
            )
            verdicts = verifier.feed(feed)
    ok = all(verdict.is_equal for verdict in verdicts)
    if as_json:
        sources = [verdict.plain() for verdict in verdicts]
        print_json({"slug": slug, "ok": ok, "sources": sources})
    else:
        for verdict in verdicts:
            _show(verdict)
    sys.exit(0 if ok else 1)


def _show(verdict: Verdict) -> None:
    comparison, last = verdict.comparison, verdict.window.end - timedelta(days=1)
    click.secho(f"{verdict.source_key}  {verdict.window.start} to {last}", bold=True)
    counts = Counter(difference.kind for difference in comparison.differences)
    numbers = [f"{comparison.equal} equal"]
    numbers += [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]]
    if comparison.left_out:
        numbers.append(f"{len(comparison.left_out)} left out on purpose")
    click.echo(f"  {', '.join(numbers)}")
    for difference in comparison.differences[:_SHOWN]:
        click.echo(f"  {difference.kind:<10} {_line(difference)}")
    if len(comparison.differences) > _SHOWN:
        click.echo(f"  and {len(comparison.differences) - _SHOWN} more (--json prints all)")
    reasons = Counter(difference.reason for difference in comparison.left_out)
    for reason, count in sorted(reasons.items()):
        click.echo(f"  left out on purpose: {plain(reason)} ({count})")
    for note in verdict.notes:
        click.echo(f"  {plain(note)}")


def _line(difference: Difference) -> str:
    zoho = _span(difference.start, difference.end)
    feed = _span(difference.shown_start, difference.shown_end)
    title, shown = _quoted(difference.title), _quoted(difference.shown_title)
    parts = [zoho or feed, title or shown]
    match difference.kind:
        case "shifted":
            parts.append(f"in the feed {feed}")
        case "renamed":
            parts.append(f"in the feed {shown}")
        case "unreadable":
            parts.append(plain(difference.reason))
    return "  ".join(filter(None, (*parts, difference.upstream_id)))


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
