"""The command that finds what the account can see, and puts feeds of it into ``bridge.toml`` on request."""

from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path

import click

from bridge import config as configuration
from bridge.cli.context import Bridge, open_bridge, print_warnings
from bridge.cli.output import aligned, exit_on_failures, json_option, print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import discovered_feeds, open_refresher
from bridge.config.adding import fit_title, replace_file, with_feeds
from bridge.config.show import ids, inline
from bridge.domain.feed import Feed
from bridge.domain.source import (
    AvailableSource,
    BackstageSource,
    CalendarSource,
    ConnectSource,
    Source,
)
from bridge.refresh.discovery import Discovery, discover as discover_sources, feeds_of

_DEFAULT = Path("bridge.toml")


@click.command()
@click.option("--write", is_flag=True, help="Add a [[feed]] for each source that no feed has yet.")
@click.option(
    "--config",
    "path",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, in place of BRIDGE_CONFIG or ./bridge.toml.",
)
@json_option
def discover(path: Path | None, *, write: bool, as_json: bool) -> None:
    """List the portals, groups and calendars that the account can see.

    Each line is a source as bridge.toml wants it, for the list "sources" of a [[feed]]. With --write they are put
    there, each as a feed of its own; what you wrote stays as it is, and the addresses of feeds stay the same.

    \b
    Examples:
      zoho-bridge discover
      zoho-bridge discover --write
      zoho-bridge discover --json | jq -r '.[].title'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    if path is not None and not write:
        raise click.UsageError("--config goes with --write.")
    target = path or Path(os.environ.get("BRIDGE_CONFIG", "").strip() or _DEFAULT)
    settings = _load(target) if write else configuration.load(os.environ)
    with open_bridge(settings) as bridge, open_refresher(bridge) as refresher:
        print_warnings(bridge.settings)
        discovery = discover_sources(refresher.api)
        missing = _missing(bridge, discovery) if write else ()
    if as_json:
        print_json([_row(found) for found in discovery.found])
    elif not write:
        _show(discovery)
    if not discovery.found and not discovery.failures:
        click.echo("The account sees no portal, no group and no calendar.", err=True)
    if write:
        _write(target, missing, discovery, first=not settings.feeds)
    exit_on_failures(dict.fromkeys(str(error) for error in discovery.failures.values()))


def _load(target: Path) -> configuration.Settings:
    """Read the settings with the file that is to be written; one that is not there yet has no feeds."""
    if target.exists():
        return configuration.load(os.environ, config_path=target)
    rest = {name: value for name, value in os.environ.items() if name != "BRIDGE_CONFIG"}
    return replace(configuration.load(rest), feeds=())


def _missing(bridge: Bridge, discovery: Discovery) -> tuple[Feed, ...]:
    """Give the feeds to add, with the addresses that their sources have now or once had.

    To a file without a feed all are added that there are without it, those of a product that could not be asked as
    well: from then on only the feeds of the file are served.
    """
    present = bridge.settings.feeds
    if not present:
        feeds = discovered_feeds(bridge, discovery)
    else:
        has = [source for feed in present for source in feed.sources]
        new = [
            one for one in discovery.found if not any(_covers(source, one.source) for source in has)
        ]
        slugs = {feed.slug for feed in present}
        rows = [row for row in bridge.store.feeds.all() if row.feed.slug not in slugs]
        retired = [row.feed for row in rows if not row.by_admin]
        taken = [row.feed.slug for row in rows if row.by_admin]
        every = feeds_of(Discovery(found=tuple(new)), present, retired, taken=taken)
        feeds = tuple(feed for feed in every if feed.slug not in slugs)
    return tuple(replace(feed, title=fit_title(feed.title) or feed.slug) for feed in feeds)


def _covers(has: Source, found: Source) -> bool:
    """Tell whether a feed with the source ``has`` shows what was found: itself, as a brand, as one group of several."""
    match has, found:
        case BackstageSource(portal=portal, event=""), BackstageSource():
            return portal == found.portal
        case ConnectSource(network=network), ConnectSource():
            return network == found.network and found.group in has.groups
        case CalendarSource(calendar=calendar), CalendarSource():
            return calendar == found.calendar
    return False


def _write(target: Path, feeds: Sequence[Feed], discovery: Discovery, *, first: bool) -> None:
    if not feeds and discovery.found:
        click.echo(
            f"{target} has a feed for everything that was found: nothing was added.", err=True
        )
    if not feeds:
        return
    text = target.read_bytes().decode("utf-8-sig") if target.exists() else ""
    names = {
        one.source.key: plain(f"{one.within}: {one.title}" if one.within else one.title)
        for one in discovery.found
    }
    added = with_feeds(text, feeds, names)
    replace_file(target, added)
    count = f"{len(feeds)} feed{'s' * (len(feeds) != 1)}"
    click.echo(f"Added {count} to {target}:", err=True)
    for slug, title in aligned([(feed.slug, plain(feed.title)) for feed in feeds]):
        click.echo(f"  {slug}  {title}", err=True)
    if first:
        click.echo("From now on the feeds of this file are served, and no others.", err=True)
    click.echo("Start `zoho-bridge serve` or `worker` anew if one runs.", err=True)


def _show(discovery: Discovery) -> None:
    lines = [(f"{inline(found.source)},", found) for found in discovery.found]
    width = max((len(line) for line, _ in lines), default=0)
    heading = ""
    for line, found in lines:
        above = f"# Zoho {found.source.kind.capitalize()}{f': {plain(found.within)}' * bool(found.within)}"
        if above != heading:
            click.secho(("\n" if heading else "") + above, bold=True)
            heading = above
        click.echo(f"{line:<{width}}  # {plain(found.title)}")


def _row(found: AvailableSource) -> dict[str, object]:
    return {
        "kind": found.source.kind,
        "title": found.title,
        "within": found.within or None,
        "source": ids(found.source),
    }
