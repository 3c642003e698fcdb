"""The command that writes to Zoho: push."""

from collections.abc import Sequence
from pathlib import Path
import sys

import click

from bridge.cli.context import Bridge, open_bridge
from bridge.cli.sanitize import plain
from bridge.cli.zoho import group_sentences, open_refresher
from bridge.errors import BridgeError
from bridge.push import Field, Plan, Pusher, Ready
from bridge.refresh.refresher import Refresher
from bridge.zoho.client import ZohoClient


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be sent.")
@click.option("--yes", is_flag=True, help="Send without asking.")
def push(file: Path, *, dry_run: bool, yes: bool) -> None:
    """Send edited events back to Zoho Connect.

    FILE is an .ics file with events of a feed: export the feed, edit them in any calendar program, and save them as a
    file again. Title, description, place, times and reminder go to Connect; what was not edited stays. Nothing is sent
    unless all of the file can be: an event that was changed in Zoho meanwhile, that repeats, or that is of another
    product is refused.

    It needs a login that may write: `zoho-bridge login --push`, and connect_timezone in bridge.toml.

    \b
    Examples:
      zoho-bridge push edited.ics --dry-run
      zoho-bridge push edited.ics
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BridgeError(
            f"{file} can't be read: {error.strerror or type(error).__name__}."
        ) from error
    with open_bridge() as bridge, open_refresher(bridge) as refresher:
        pusher = _pusher(bridge, refresher)
        plan = pusher.plan(data, str(file))
        _show(plan)
        if plan.refused:
            raise BridgeError(
                "Nothing was sent, for not all of the file can be: correct it, or take these events out."
            )
        if not plan.ready:
            click.echo("Nothing is sent.")
            return
        if dry_run:
            click.echo("Nothing was sent (--dry-run).")
            return
        if not yes and not _confirmed(len(plan.ready)):
            click.echo("Nothing was sent.")
            sys.exit(1)
        _send(pusher, refresher, plan.ready)


def _pusher(bridge: Bridge, refresher: Refresher) -> Pusher:
    assert isinstance(refresher.api, ZohoClient)  # ``open_refresher`` opens it
    return Pusher(bridge.store, refresher.api, bridge.settings.zoho)


def _confirmed(count: int) -> bool:
    """Ask; where nobody can answer, click ends the command as Ctrl+C does."""
    try:
        return click.confirm(f"Send {count} event{'s' * (count != 1)} to Zoho Connect?")
    except click.Abort:
        click.echo("\nNothing was sent; --yes sends without asking.", err=True)
        raise


def _send(pusher: Pusher, refresher: Refresher, ready: Sequence[Ready]) -> None:
    done = pusher.send(ready)
    for one in done.sent:
        click.echo(f"Sent: {plain(one.change.update.title)}")
    reports = [
        refresher.refresh(key)
        for key in dict.fromkeys(one.source.key for one in (*done.sent, *done.uncertain))
    ]
    fresh = {report.source for report in reports if report.outcome == "refreshed"}
    for line in group_sentences(
        (one.source, one.error) for one in reports if one.outcome != "refreshed"
    ):
        click.echo(f"zoho-bridge: {line} The feed shows the change after the next read.", err=True)
    for one in done.sent:
        if one.source.key in fresh:
            for told in pusher.unlike(one):
                click.echo(
                    f"zoho-bridge: {plain(one.change.update.title)}: Zoho has another {told.name} now than was sent: "
                    f"{_text(told.after)} and not {_text(told.before)}.",
                    err=True,
                )
    if done.error is not None:
        for one in done.uncertain:
            click.echo(f"Perhaps sent: {plain(one.change.update.title)}", err=True)
        for one in done.left:
            click.echo(f"Not sent: {plain(one.change.update.title)}", err=True)
        raise done.error


def _show(plan: Plan) -> None:
    for one in plan.ready:
        click.secho(plain(one.change.title), bold=True, nl=False)
        click.echo(f"  ({one.source.key}, {one.change.update.stream})")
        for field in one.change.fields:
            _show_field(field)
        for remark in one.change.remarks:
            click.echo(f"  {remark}")
    if plan.unedited:
        count = plan.unedited
        click.echo(
            f"{count} event{'s' * (count != 1)} in the file {'were' if count != 1 else 'was'} not edited."
        )
    for refusal in plan.refused:
        name = f'"{plain(refusal.title)}"' if refusal.title else "An event"
        click.echo(
            f"zoho-bridge: {name} ({plain(refusal.uid) or 'without a UID'}) {plain(refusal.reason)}.",
            err=True,
        )


def _show_field(field: Field) -> None:
    click.echo(f"  {field.name}")
    for sign, text in (("-", field.before), ("+", field.after)):
        for line in text.split("\n") if text else ("(nothing)",):
            click.secho(f"    {sign} {plain(line)}", fg="red" if sign == "-" else "green")


def _text(value: str) -> str:
    return f'"{plain(value)}"' if value else "none"
