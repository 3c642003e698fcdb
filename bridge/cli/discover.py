"""The command ``zoho-bridge discover``, which lists the account's sources and writes feeds."""

from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path

import click

from bridge import config as configuration
from bridge.cli.context import Bridge, open_bridge, print_warnings
from bridge.cli.output import aligned, exit_on_failures, json_option, print_json
from bridge.cli.sanitize import plain
from bridge.cli.zoho import discover_sources, discovered_feeds, open_refresher
from bridge.config.show import source_ids, toml
from bridge.config.write import append_feeds, feed_blocks, replace_file
from bridge.domain.feed import Feed
from bridge.domain.source import (
    AvailableSource,
    BackstageSource,
    CalendarProfile,
    ConnectSource,
    Source,
)
from bridge.domain.text import one_line
from bridge.errors import BridgeError
from bridge.refresh.discovery import Discovery


@click.command()
@click.option("--write", is_flag=True, help="Add a [[feed]] for each source that no feed has yet.")
@json_option
def discover(*, write: bool, as_json: bool) -> None:
    """List the portals, groups and calendars of the account.

    Each line is a source as it is written in bridge.toml, in the list "sources" of a [[feed]]. With
    --write each source without a feed becomes a feed of its own there. What you wrote stays as it
    is, and feeds keep their addresses.

    \b
    Examples:
      zoho-bridge discover
      zoho-bridge discover --write
      zoho-bridge discover --json | jq -r '.[].title'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    target = Path(os.environ.get("BRIDGE_CONFIG", "").strip() or "bridge.toml")
    settings = _load(target) if write else configuration.load(os.environ)
    with open_bridge(settings) as bridge, open_refresher(bridge) as refresher:
        print_warnings(bridge.settings)
        discovery = discover_sources(bridge, refresher)
        missing = _missing_feeds(bridge, discovery) if write else ()
    if as_json:
        print_json([_row(available) for available in discovery.sources])
    elif not write:
        _show(discovery)
    if not discovery.sources and not discovery.failures:
        click.echo("The account sees no portal, no group and no calendar.", err=True)
    if missing:
        _write(target, missing, discovery, as_json=as_json)
        if not settings.feeds:
            click.echo("From now on only the feeds in this file are served.", err=True)
        click.echo("Restart `zoho-bridge serve` or `worker` if it is running.", err=True)
    elif write and discovery.sources:
        click.echo(f"Every source already has a feed in {target}: nothing was added.", err=True)
    exit_on_failures(dict.fromkeys(str(error) for error in discovery.failures.values()))


def _load(target: Path) -> configuration.Settings:
    """Load the settings with the file to write; a file that does not exist yet has no feeds."""
    if target.exists():
        return configuration.load(os.environ, config_path=target)
    environ = {name: value for name, value in os.environ.items() if name != "BRIDGE_CONFIG"}
    return replace(configuration.load(environ), feeds=())


def _missing_feeds(bridge: Bridge, discovery: Discovery) -> tuple[Feed, ...]:
    """Return the feeds to add, with the slugs that their sources have or once had.

    For a file without feeds these are all feeds that exist without it, also those of a product that
    could not be read: from then on only the feeds of the file are served.
    """
    present = bridge.settings.feeds
    sources = [source for feed in present for source in feed.sources]
    new = [
        available
        for available in discovery.sources
        if not any(_covers(source, available.source) for source in sources)
    ]
    every = discovered_feeds(bridge, Discovery(sources=tuple(new)), present)
    feeds = (feed for feed in every if feed not in present)
    return tuple(replace(feed, title=one_line(feed.title) or feed.slug) for feed in feeds)


def _covers(source: Source, other: Source) -> bool:
    """Return whether a feed of ``source`` shows ``other``: itself, a brand, a group."""
    match source, other:
        case BackstageSource(portal=portal, event=""), BackstageSource():
            return portal == other.portal
        case ConnectSource(network=network), ConnectSource():
            return network == other.network and other.group in source.groups
    return source == other


def _write(target: Path, feeds: Sequence[Feed], discovery: Discovery, *, as_json: bool) -> None:
    """Append the feeds to the file; print them as text if it can't be extended or written."""
    text = target.read_bytes().decode() if target.exists() else ""
    names = {available.source.key: plain(available.name) for available in discovery.sources}
    try:
        replace_file(target, append_feeds(text, feeds, names))
    except BridgeError:
        click.echo(feed_blocks(feeds, names), err=as_json)
        raise
    click.echo(f"Added {len(feeds)} feed{'s' * (len(feeds) != 1)} to {target}:", err=True)
    for slug, title in aligned([(feed.slug, plain(feed.title)) for feed in feeds]):
        click.echo(f"  {slug}  {title}", err=True)


def _show(discovery: Discovery) -> None:
    lines = [(f"{toml(source_ids(found.source))},", found) for found in discovery.sources]
    width = max((len(line) for line, _ in lines), default=0)
    heading = ""
    for line, available in lines:
        within = f": {plain(available.within)}" * bool(available.within)
        above = f"# Zoho {available.source.kind.capitalize()}{within}"
        if above != heading:
            click.secho(("\n" if heading else "") + above, bold=True)
            heading = above
        traits = f" ({', '.join(words)})" if (words := _traits(available.profile)) else ""
        click.echo(f"{line:<{width}}  # {plain(available.title)}{traits}")


def _traits(profile: CalendarProfile | None) -> list[str]:
    """Return a calendar's category, the account's right to it, and whether it is hidden."""
    if profile is None:
        return []
    hidden = "hidden in Zoho, which may return no events" if profile.hidden else ""
    return [word for word in (profile.category, profile.privilege, hidden) if word]


def _row(available: AvailableSource) -> dict[str, object]:
    profile = available.profile
    row: dict[str, object] = {
        "kind": available.source.kind,
        "title": available.title,
        "within": available.within or None,
        "source": source_ids(available.source),
    }
    if profile is not None:
        row |= {"category": profile.category or None, "privilege": profile.privilege or None}
        row |= {"hidden": profile.hidden}
    return row
