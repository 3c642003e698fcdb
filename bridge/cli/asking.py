"""Commands that ask Zoho: what there is (discover), and what has changed (refresh)."""

from collections.abc import Iterable, Sequence
import json
import sys

import click

from bridge.cli.account import reading, refresh_all, said_once, source_keys, wanted_feeds
from bridge.cli.opening import Bridge, opened, warn
from bridge.model import BackstageSource, CalendarSource, ConnectSource, Found
from bridge.refresh import Report
from bridge.wanted import discover as discover_sources

_SHOWN = 10  # rejections of one source


@click.command()
def discover() -> None:
    """List the portals, groups and calendars that the account can see.

    Each line is a source as bridge.toml wants it; all of them together are one too:

    \b
    [[feed]]
    slug = "everything"
    sources = [
      (paste the lines you want here)
    ]
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with opened() as bridge, reading(bridge) as refresher:
        warn(bridge.settings)
        discovery = discover_sources(refresher.api)
    lines = [(_toml(found), found) for found in discovery.found]
    width = max((len(line) for line, _ in lines), default=0)
    heading = ""
    for line, found in lines:
        above = f"# Zoho {found.source.kind.capitalize()}{f': {_plain(found.within)}' * bool(found.within)}"
        if above != heading:
            click.secho(("\n" if heading else "") + above, bold=True)
            heading = above
        click.echo(f"{line:<{width}}  # {_plain(found.title)}")
    if not lines and not discovery.failures:
        click.echo("The account sees no portal, no group and no calendar.", err=True)
    _tell(dict.fromkeys(str(error) for error in discovery.failures.values()))


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
def refresh(slugs: Sequence[str]) -> None:
    """Read the named feeds, or all, from Zoho now.

    What changed is published. Ends with 1 when a source could not be read; its feeds stay as they are.

    \b
    zoho-bridge refresh                   all feeds
    zoho-bridge refresh marketing work    two of them
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with opened() as bridge, reading(bridge) as refresher:
        warn(bridge.settings)
        wanted = wanted_feeds(bridge, refresher)
        reports = refresh_all(refresher, source_keys(wanted.feeds, slugs))
        _show(bridge, reports)
    failed = [(report.source, report.error) for report in reports if report.outcome == "failed"]
    sentences = {error: None for _, error in failed}
    unasked = (str(error) for error in wanted.failures.values() if str(error) not in sentences)
    _tell([*said_once(failed), *dict.fromkeys(unasked)])


def _tell(failures: Iterable[str]) -> None:
    """Say what failed, and end the command with 1 if anything did."""
    failures = list(failures)
    for failure in failures:
        click.echo(f"zoho-bridge: {failure}", err=True)
    if failures:
        sys.exit(1)


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
            fate = "published, mended" if rejection.kept else "left out"
            click.echo(f"  {rejection.upstream_id}: {_plain(rejection.reason)} ({fate})")
        if len(rejections) > _SHOWN:
            click.echo(f"  and {len(rejections) - _SHOWN} more")
    for line in said_once((one.source, one.error) for one in reports if one.outcome not in ("refreshed", "failed")):
        click.echo(f"zoho-bridge: {line}", err=True)


def _toml(found: Found) -> str:
    match found.source:
        case BackstageSource(portal=portal):
            ids = {"backstage": portal}
        case ConnectSource(group=group, network=network):
            ids = {"connect": group, "network": network}
        case CalendarSource(calendar=calendar):
            ids = {"calendar": calendar}
    return f"{{ {', '.join(f'{key} = {json.dumps(text)}' for key, text in ids.items())} }},"


def _plain(text: str) -> str:
    """Give a name that came from Zoho on one line, without what a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
