"""``zoho-bridge push``: edited events, sent back to Zoho Connect."""

from pathlib import Path

import click

from bridge.cli.context import open_bridge
from bridge.cli.output import confirm, counted, print_problem, yes_option
from bridge.cli.sanitize import plain
from bridge.cli.zoho import group_sentences, open_refresher
from bridge.errors import BridgeError
from bridge.push.change import FieldChange
from bridge.push.pusher import Plan, PlannedUpdate, Pusher
from bridge.refresh.refresher import Refresher
from bridge.zoho.client import ZohoClient


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be sent.")
@yes_option
def push(file: Path, *, dry_run: bool, yes: bool) -> None:
    """Send edited events back to Zoho Connect.

    FILE is an .ics file with events of a feed: export the feed, edit the events in any calendar
    program, and save them as a file again. Title, description, place, times and reminder go to
    Connect; fields that you did not edit stay. Nothing is sent unless the whole file can be sent.
    Events that repeat, that belong to another product, or that changed in Zoho meanwhile are
    refused.

    It needs a login that may write (`zoho-bridge login --push`) and connect_timezone in
    bridge.toml.

    \b
    Examples:
      zoho-bridge push edited.ics --dry-run
      zoho-bridge push edited.ics
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BridgeError(f"{file} can't be read: {reason}.") from error
    with open_bridge() as bridge, open_refresher(bridge) as refresher:
        assert isinstance(refresher.api, ZohoClient)  # ``open_refresher`` opens it
        pusher = Pusher(bridge.store, refresher.api, bridge.settings.zoho)
        plan = pusher.plan(data, str(file))
        _show(plan)
        if plan.refusals:
            raise BridgeError("Nothing was sent: correct the refused events, or take them out.")
        if not plan.updates:
            click.echo("Nothing is sent.")
        elif dry_run:
            click.echo("Nothing was sent (--dry-run).")
        else:
            confirm(f"Send {counted(len(plan.updates), 'event')} to Zoho Connect?", yes=yes)
            _send(pusher, refresher, plan.updates)


def _send(pusher: Pusher, refresher: Refresher, updates: tuple[PlannedUpdate, ...]) -> None:
    """Send events, read their sources again, and print how Zoho's state differs."""
    result = pusher.send(updates)
    for update in result.sent:
        click.echo(f"Sent: {_title(update)}")
    keys = dict.fromkeys(update.source.key for update in (*result.sent, *result.uncertain))
    reports = [refresher.refresh(key) for key in keys]
    stale = {report.source: report.error for report in reports if report.outcome != "refreshed"}
    for line in group_sentences(stale.items()):
        print_problem(f"{line} The feed shows the change after the next read.")
    for update in result.sent:
        for field in () if update.source.key in stale else pusher.find_deviations(update):
            values = f"{_quoted(field.after)} and not {_quoted(field.before)}"
            print_problem(
                f"{_title(update)}: Zoho has another {field.name} now than was sent: {values}."
            )
    if result.error is not None:
        for update in result.uncertain:
            click.echo(f"Perhaps sent: {_title(update)}", err=True)
        for update in result.remaining:
            click.echo(f"Not sent: {_title(update)}", err=True)
        raise result.error


def _show(plan: Plan) -> None:
    for update in plan.updates:
        click.secho(plain(update.event.title), bold=True, nl=False)
        click.echo(f"  ({update.source.key}, {update.event.upstream_id})")
        for field in update.change.fields:
            _show_field(field)
        for remark in update.change.remarks:
            click.echo(f"  {remark}")
    if plan.unedited:
        verb = "was" if plan.unedited == 1 else "were"
        click.echo(f"{counted(plan.unedited, 'event')} in the file {verb} not edited.")
    for refusal in plan.refusals:
        name = f'"{plain(refusal.vevent.title)}"' if refusal.vevent.title else "An event"
        uid = plain(refusal.vevent.uid) or "without a UID"
        print_problem(f"{name} ({uid}) {plain(refusal.reason)}.")


def _show_field(field: FieldChange) -> None:
    click.echo(f"  {field.name}")
    for sign, text, color in (("-", field.before, "red"), ("+", field.after, "green")):
        for line in text.split("\n") if text else ("(nothing)",):
            click.secho(f"    {sign} {plain(line)}", fg=color)


def _title(planned: PlannedUpdate) -> str:
    return plain(planned.change.update.title)


def _quoted(value: str) -> str:
    return f'"{plain(value)}"' if value else "none"
