"""The command that reads what has changed, now and in the foreground."""

from collections.abc import Sequence

import click

from bridge.cli.context import Bridge, FeedName, open_bridge, print_warnings
from bridge.cli.output import exit_on_failures, json_option, print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import group_sentences, open_refresher, refresh_all, source_keys, sync_feeds
from bridge.domain.rejection import reasons
from bridge.refresh.refresher import Report

_SHOWN = 10  # rejections of one source


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]...", type=FeedName())
@json_option
def refresh(slugs: Sequence[str], *, as_json: bool) -> None:
    """Read the named feeds, or all, from Zoho now.

    What changed is published. Ends with 1 when a source could not be read; its feeds stay as they are.

    \b
    Examples:
      zoho-bridge refresh
      zoho-bridge refresh marketing work
      zoho-bridge refresh --json | jq '.[] | select(.changed > 0)'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge, open_refresher(bridge) as refresher:
        print_warnings(bridge.settings)
        wanted = sync_feeds(bridge, refresher)
        reports = refresh_all(refresher, source_keys(wanted.feeds, slugs))
        if as_json:
            print_json([_row(bridge, report) for report in reports])
        else:
            _show(bridge, reports)
    failed = [(report.source, report.error) for report in reports if report.outcome == "failed"]
    sentences = {error: None for _, error in failed}
    unasked = (str(error) for error in wanted.failures.values() if str(error) not in sentences)
    exit_on_failures([*group_sentences(failed), *dict.fromkeys(unasked)])


def _row(bridge: Bridge, report: Report) -> dict[str, object]:
    """Give for programs what came of one source; ``outcome`` is ``refreshed`` where it was read."""
    rejections = bridge.store.sources.rejections(report.source) if report.rejected else ()
    return {
        "source": report.source,
        "outcome": report.outcome,
        "events": report.fetched,
        "changed": report.changed,
        "removed": report.removed,
        "rejections": [
            {
                "id": rejection.upstream_id,
                "title": rejection.title,
                "reason": reasons(rejection),
                "kept": rejection.kind == "repaired",
            }
            for rejection in rejections
        ],
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "error": report.error or None,
    }


def _show(bridge: Bridge, reports: Sequence[Report]) -> None:
    """Print a line for each source that was read, and what did not come across whole."""
    read = [report for report in reports if report.outcome == "refreshed"]
    width = max((len(report.source) for report in read), default=0)
    for report in read:
        events = f"{report.fetched} event{'s' * (report.fetched != 1)}"
        requests = f"{report.requests} request{'s' * (report.requests != 1)}"
        click.echo(
            f"{report.source:<{width}}  {events:>11}, {report.changed} changed, {report.removed} gone"
            f"  ({requests}, {report.seconds:.1f} s)"
        )
        rejections = bridge.store.sources.rejections(report.source) if report.rejected else ()
        for rejection in rejections[:_SHOWN]:
            fate = "published with corrections" if rejection.kind == "repaired" else "not published"
            click.echo(f"  {rejection.upstream_id}: {plain(reasons(rejection))} ({fate})")
        if len(rejections) > _SHOWN:
            click.echo(f"  and {len(rejections) - _SHOWN} more")
    for line in group_sentences(
        (one.source, one.error) for one in reports if one.outcome not in ("refreshed", "failed")
    ):
        click.echo(f"zoho-bridge: {line}", err=True)
