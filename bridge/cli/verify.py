"""``zoho-bridge verify``: a comparison of a feed with Zoho, instance by instance."""

from collections import Counter
from datetime import datetime, timedelta
import sys

import click

from bridge.cli.context import feed_named, open_bridge, slug_argument
from bridge.cli.output import json_option, print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import open_refresher
from bridge.verify.comparison import KINDS, Comparison, Difference, PublishedInstance, ZohoInstance
from bridge.verify.verifier import Verifier

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
            zoho, clock = bridge.settings.zoho, refresher.clock
            results = Verifier(bridge.store, refresher.api, zoho, clock).verify_feed(feed)
    ok = not any(result.differences for result in results)
    if as_json:
        sources = [result.to_json() for result in results]
        print_json({"slug": slug, "ok": ok, "sources": sources})
    else:
        for result in results:
            _show(result)
    sys.exit(0 if ok else 1)


def _show(result: Comparison) -> None:
    scope, differences = result.scope, result.differences
    click.secho(f"{scope.source_key}  {scope.window.start} to {result.last_day}", bold=True)
    counts = Counter(difference.kind for difference in differences)
    numbers = [f"{result.equal} equal"]
    numbers += [f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]]
    if result.left_out:
        numbers.append(f"{len(result.left_out)} left out on purpose")
    click.echo(f"  {', '.join(numbers)}")
    for difference in differences[:_SHOWN]:
        click.echo(f"  {difference.kind:<10} {_line(difference)}")
    if len(differences) > _SHOWN:
        click.echo(f"  and {len(differences) - _SHOWN} more (--json prints all)")
    reasons = Counter(str(difference.reason) for difference in result.left_out)
    for reason, count in sorted(reasons.items()):
        click.echo(f"  left out on purpose: {plain(reason)} ({count})")
    for note in result.notes:
        click.echo(f"  {plain(str(note))}")


def _line(difference: Difference) -> str:
    zoho, feed = difference.zoho, difference.feed
    parts = [_span(zoho or feed), _title(zoho) or _title(feed)]
    match difference.kind:
        case "shifted":
            parts.append(f"in the feed {_span(feed)}")
        case "renamed":
            parts.append(f"in the feed {_title(feed)}")
        case "unreadable":
            parts.append(plain(str(difference.reason)))
    return "  ".join(filter(None, (*parts, difference.upstream_id)))


def _span(instance: ZohoInstance | PublishedInstance | None) -> str:
    if instance is None:
        return ""
    start, end = instance.start, instance.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        last = end - timedelta(days=1)
        return f"{start}" if last == start else f"{start} to {last}"
    same = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%M} to {end:{'%H:%M' if same else '%Y-%m-%d %H:%M'}} UTC"


def _title(instance: ZohoInstance | PublishedInstance | None) -> str:
    return f'"{plain(instance.title)}"' if instance and instance.title else ""
