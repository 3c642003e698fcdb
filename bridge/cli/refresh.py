"""``zoho-bridge refresh``: a read of sources, now and in the foreground."""

from collections.abc import Mapping, Sequence

import click

from bridge.cli.context import complete_slug, open_bridge, print_warnings
from bridge.cli.output import counted, exit_on_failures, json_option, print_json, print_problem
from bridge.cli.sanitize import plain
from bridge.cli.zoho import group_sentences, open_refresher, refresh_all, source_keys, sync_feeds
from bridge.domain.rejection import Rejection, reasons
from bridge.refresh.refresher import Report

_SHOWN = 10  # events with problems, of one kind and source


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]...", shell_complete=complete_slug)
@json_option
def refresh(slugs: Sequence[str], *, as_json: bool) -> None:
    """Read the named feeds, or all, from Zoho now.

    Changes are published. Exits with 1 when a source could not be read; its feeds stay as they are.

    \b
    Examples:
      zoho-bridge refresh
      zoho-bridge refresh marketing work
      zoho-bridge refresh --json | jq '.[] | select(.changed > 0)'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge, open_refresher(bridge) as refresher:
        print_warnings(bridge.settings)
        feeds, unasked = sync_feeds(bridge, refresher)
        reports = refresh_all(refresher, source_keys(feeds, slugs))
        rejections = {
            report.source: bridge.store.sources.rejections(report.source) if report.rejected else ()
            for report in reports
        }
    if as_json:
        print_json([_row(report, rejections[report.source]) for report in reports])
    else:
        _show(reports, rejections)
    failed = [(report.source, report.error) for report in reports if report.outcome == "failed"]
    known = {error for _, error in failed}
    others = dict.fromkeys(map(str, unasked.values()))
    exit_on_failures([*group_sentences(failed), *(error for error in others if error not in known)])


def _row(report: Report, rejections: Sequence[Rejection]) -> dict[str, object]:
    """Return a report as JSON has it; ``outcome`` is ``refreshed`` if the source was read."""
    events = [
        {"id": r.upstream_id, "title": r.title, "reason": reasons(r), "kept": r.kind == "repaired"}
        for r in rejections
    ]
    return {
        "source": report.source,
        "outcome": report.outcome,
        "events": report.fetched,
        "changed": report.changed,
        "removed": report.removed,
        "rejections": events,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "error": report.error or None,
    }


def _show(reports: Sequence[Report], rejections: Mapping[str, Sequence[Rejection]]) -> None:
    """Print a line for each source that was read, and its events with problems."""
    read = [report for report in reports if report.outcome == "refreshed"]
    width = max((len(report.source) for report in read), default=0)
    for report in read:
        click.echo(
            f"{report.source:<{width}}  {counted(report.fetched, 'event'):>11}, "
            f"{report.changed} changed, {report.removed} removed"
            f"  ({counted(report.requests, 'request')}, {report.seconds:.1f} s)"
        )
        for kind, fate in (("dropped", "skipped"), ("repaired", "published with corrections")):
            _show_rejections([r for r in rejections[report.source] if r.kind == kind], fate)
    others = [report for report in reports if report.outcome not in ("refreshed", "failed")]
    for line in group_sentences((report.source, report.error) for report in others):
        print_problem(line)


def _show_rejections(rejections: Sequence[Rejection], fate: str) -> None:
    if not rejections:
        return
    verb = "was" if len(rejections) == 1 else "were"
    click.echo(f"  {counted(len(rejections), 'event')} {verb} {fate}:")
    for rejection in rejections[:_SHOWN]:
        name = plain(rejection.upstream_id)
        if rejection.title:
            name = f'"{plain(rejection.title)}" ({name})'
        click.echo(f"    {name}: {plain(reasons(rejection))}")
    if len(rejections) > _SHOWN:
        click.echo(f"    and {len(rejections) - _SHOWN} more")
