"""The command that gives out and takes back the secret addresses of a feed."""

from datetime import UTC, datetime, timedelta

import click

from bridge.cli.address import DEFAULT_HOST, DEFAULT_PORT, root_url
from bridge.cli.context import Bridge, FeedName, feed_named, open_bridge
from bridge.cli.output import json_option, print_json
from bridge.config.values import days
from bridge.store.links import Link, LinkError

_LONGEST_GRACE = 365
_FIRST = "default"


def _length(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    """Read a length of time like ``7d`` or ``2w``, as in bridge.toml; 0 for none."""
    try:
        return days(0, _LONGEST_GRACE)("0d" if value == "0" else value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group()
def links() -> None:
    """Give out and take back the secret addresses of a feed.

    Each link has a label, such as "Outlook of sales", an address of its own, and can be revoked without touching the
    others.

    \b
    Examples:
      zoho-bridge links list marketing
      zoho-bridge links add marketing "Outlook of sales"
      zoho-bridge links rotate marketing default --grace 7d
      zoho-bridge links revoke marketing "Outlook of sales"
    """  # noqa: D301 - \b is click's mark for text it must not wrap


@links.command("list")
@click.argument("slug", type=FeedName())
@click.option("--all", "ended", is_flag=True, help="Show the revoked ones, too.")
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
        _known(bridge, slug)
        rows = [
            _row(bridge, link) for link in bridge.store.links.of(slug) if ended or link.opens(now)
        ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(
            f'No link of feed "{slug}" works: `zoho-bridge links add {slug}` makes one.', err=True
        )
    for row in rows:
        end = f", ends {row['ends_at']}" if row["ends_at"] else ""
        click.secho(str(row["label"]), bold=True)
        click.echo(f"  made {row['created_at']}, last used {row['used_at'] or 'never'}{end}")
        click.echo(f"  {row['url'] or row['problem']}")


@links.command()
@click.argument("slug", type=FeedName())
@click.argument("label", default=_FIRST)
def add(slug: str, label: str) -> None:
    """Give a feed one more link, and print its address.

    \b
    Examples:
      zoho-bridge links add marketing "Outlook of sales"
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        _known(bridge, slug)
        link = bridge.store.links.add(slug, label, now=datetime.now(UTC))
        click.echo(_address(bridge, link))


@links.command()
@click.argument("slug", type=FeedName())
@click.argument("label", default="")
@click.option(
    "--grace",
    callback=_length,
    default="0",
    metavar="LENGTH",
    help="How long the old address works on, such as 7d.",
)
def rotate(slug: str, label: str, grace: timedelta) -> None:
    """Replace a link by a new one, and print the new address.

    The label may be left out where the feed has one link only.

    \b
    Examples:
      zoho-bridge links rotate marketing
      zoho-bridge links rotate marketing "Outlook of sales" --grace 7d
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    with open_bridge() as bridge:
        _known(bridge, slug)
        label = label or _only_label(bridge, slug)
        link = bridge.store.links.rotate(slug, label, now=datetime.now(UTC), grace=grace)
        click.echo(_address(bridge, link))


@links.command()
@click.argument("slug", type=FeedName())
@click.argument("label", default="")
@click.option("--all", "everything", is_flag=True, help="Revoke all links of the feed.")
def revoke(slug: str, label: str, *, everything: bool) -> None:
    """End a link at once; its subscribers' programs are told that it is gone for good.

    The label may be left out where the feed has one link only.

    \b
    Examples:
      zoho-bridge links revoke marketing "Outlook of sales"
      zoho-bridge links revoke marketing --all
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    if label and everything:
        raise click.UsageError("Name a link or say --all, not both.")
    with open_bridge() as bridge:
        _known(bridge, slug)
        chosen = None if everything else label or _only_label(bridge, slug)
        count = bridge.store.links.revoke(slug, chosen, now=datetime.now(UTC))
    click.echo(f"{count} address{'es' * (count != 1)} revoked.")


def _only_label(bridge: Bridge, slug: str) -> str:
    """Give the label of a feed's one link; raises LinkError when there is none or a choice."""
    now = datetime.now(UTC)
    labels = sorted({link.label for link in bridge.store.links.of(slug) if link.opens(now)})
    if len(labels) == 1:
        return labels[0]
    if not labels:
        raise LinkError(
            f'No link of feed "{slug}" works: `zoho-bridge links add {slug}` makes one.'
        )
    raise LinkError(f'Feed "{slug}" has several links; name one of: {", ".join(labels)}.')


def _known(bridge: Bridge, slug: str) -> None:
    """Raise BridgeError when there is no such feed."""
    feed_named(bridge.store, slug)


def _row(bridge: Bridge, link: Link) -> dict[str, object]:
    row: dict[str, object] = {"label": link.label, "url": None, "problem": None}
    try:
        row["url"] = _address(bridge, link)
    except LinkError as error:
        row["problem"] = str(error)
    times = {"created_at": link.created_at, "used_at": link.used_at, "ends_at": link.ends_at}
    return row | {
        name: time.isoformat(timespec="seconds") if time else None for name, time in times.items()
    }


def _address(bridge: Bridge, link: Link) -> str:
    root = bridge.settings.public_url or root_url(DEFAULT_HOST, DEFAULT_PORT)
    return f"{root}/f/{bridge.store.links.token(link)}/{link.slug}.ics"
