"""``zoho-bridge links``: the secret links of a feed."""

from datetime import UTC, datetime, timedelta

import click

from bridge.cli.context import Bridge, feed_named, link_url, no_link, open_bridge, slug_argument
from bridge.cli.output import confirm, counted, json_option, print_json, yes_option
from bridge.config.values import days
from bridge.store.links import Link, LinkError

_LONGEST_GRACE = 365
_FIRST = "default"

_optional_label = click.argument("label", default="")


def _parse_grace(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    """Parse a time like ``7d`` or ``2w``, as in bridge.toml; 0 for none."""
    try:
        return days(0, _LONGEST_GRACE)("0d" if value == "0" else value)
    except ValueError as error:
        limits = f"from 0d to {_LONGEST_GRACE}d, such as 7d or 2w"
        raise click.BadParameter(f"write a number of days or weeks {limits}.") from error


@click.group()
def links() -> None:
    """Manage the secret links of a feed.

    Each link has a label, such as "Sales team's Outlook", and an address of its own. It can be
    revoked without touching the others.

    \b
    Examples:
      zoho-bridge links list marketing
      zoho-bridge links add marketing "Sales team's Outlook"
      zoho-bridge links rotate marketing default
      zoho-bridge links revoke marketing "Sales team's Outlook"
    """  # noqa: D301 - \b is click's mark for text it must not wrap


@links.command("list")
@slug_argument
@click.option("--all", "ended", is_flag=True, help="Show revoked links, too.")
@json_option
def list_(slug: str, *, ended: bool, as_json: bool) -> None:
    """Show a feed's links: label, address, last use.

    \b
    Examples:
      zoho-bridge links list marketing
      zoho-bridge links list marketing --json
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    now = datetime.now(UTC)
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        shown = [link for link in bridge.store.links.of(slug) if ended or link.opens(now)]
        rows = [_row(bridge, link) for link in shown]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(str(no_link(slug)), err=True)
    for row in rows:
        end = f", ends {row['ends_at']}" if row["ends_at"] else ""
        click.secho(str(row["label"]), bold=True)
        click.echo(f"  created {row['created_at']}, last used {row['used_at'] or 'never'}{end}")
        click.echo(f"  {row['url'] or row['problem']}")


@links.command()
@slug_argument
@click.argument("label", default=_FIRST)
def add(slug: str, label: str) -> None:
    """Add a link to a feed, and print its address.

    \b
    Examples:
      zoho-bridge links add marketing "Sales team's Outlook"
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        link = bridge.store.links.add(slug, label, now=datetime.now(UTC))
        click.echo(link_url(bridge, link))


@links.command()
@slug_argument
@_optional_label
@click.option(
    "--grace",
    callback=_parse_grace,
    default="7d",
    show_default=True,
    metavar="LENGTH",
    help="How long the old address keeps working, such as 2w; 0 ends it at once.",
)
def rotate(slug: str, label: str, grace: timedelta) -> None:
    """Replace a link by a new one, and print the new address.

    The label may be left out if the feed has only one link.

    \b
    Examples:
      zoho-bridge links rotate marketing
      zoho-bridge links rotate marketing "Sales team's Outlook" --grace 0
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        label = label or _only_label(bridge, slug)
        link = bridge.store.links.rotate(slug, label, now=datetime.now(UTC), grace=grace)
        click.echo(link_url(bridge, link))


@links.command()
@slug_argument
@_optional_label
@click.option("--all", "everything", is_flag=True, help="Revoke all links of the feed.")
@yes_option
def revoke(slug: str, label: str, *, everything: bool, yes: bool) -> None:
    """Revoke a link at once; its address answers "gone".

    The label may be left out if the feed has only one link. Calendar programs get no more changes.
    Some of them remove the events, others keep what they have.

    \b
    Examples:
      zoho-bridge links revoke marketing "Sales team's Outlook"
      zoho-bridge links revoke marketing --all
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    if label and everything:
        raise click.UsageError("Name a link or use --all, not both.")
    with open_bridge() as bridge:
        feed_named(bridge.store, slug)
        selected = None if everything else label or _only_label(bridge, slug)
        confirm(f'End {"all links" if selected is None else selected} of "{slug}"?', yes=yes)
        count = bridge.store.links.revoke(slug, selected, now=datetime.now(UTC))
    click.echo(f"{counted(count, 'address', 'addresses')} revoked.")


def _only_label(bridge: Bridge, slug: str) -> str:
    """Return the label of a feed's only active link; raise LinkError if there is none."""
    now = datetime.now(UTC)
    labels = sorted({link.label for link in bridge.store.links.of(slug) if link.opens(now)})
    if not labels:
        raise no_link(slug)
    if len(labels) > 1:
        raise LinkError(f'Feed "{slug}" has several links; name one of: {", ".join(labels)}.')
    return labels[0]


def _row(bridge: Bridge, link: Link) -> dict[str, object]:
    row: dict[str, object] = {"label": link.label, "url": None, "problem": None}
    try:
        row["url"] = link_url(bridge, link)
    except LinkError as error:
        row["problem"] = str(error)
    times = {"created_at": link.created_at, "used_at": link.used_at, "ends_at": link.ends_at}
    return row | {
        name: time.isoformat(timespec="seconds") if time else None for name, time in times.items()
    }
