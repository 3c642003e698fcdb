"""``zoho-bridge sources``: every source with its state, its next read and its webhook."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.context import hook_url, open_bridge, print_warnings
from bridge.cli.output import ago, aligned, json_option, print_json, shortened
from bridge.cli.sanitize import plain
from bridge.domain.records import SourceState
from bridge.domain.source import PRODUCTS
from bridge.store.health import source_health

_TITLE_COLUMNS = 36


@click.command()
@json_option
def sources(*, as_json: bool) -> None:
    """List the sources with state, last and next read, and webhook.

    A POST to the webhook makes the bridge read the source within half a minute. The admin page of
    a feed has the steps to enter it in Zoho.

    \b
    States:
      fresh    read on time
      held     many events are missing at once; a second read has to agree
      waiting  waits for its turn, because the bridge limits its own requests
      late     nothing reads: check that `zoho-bridge serve` (or worker) runs
      failing  can't be read; the last published events stay
      new      not read yet

    \b
    Changes of a calendar:
      ctag       Zoho's list tells them, and a full read follows every hour
      untrusted  Zoho's list has not proven yet that it tells each of them, or missed one

    \b
    Examples:
      zoho-bridge sources
      zoho-bridge sources --json | jq -r '.[] | select(.probe == "ctag").title'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    now = datetime.now(UTC)
    with open_bridge() as bridge:
        print_warnings(bridge.settings)
        titles = {known.source.key: known.name for known in bridge.store.feeds.known_sources()}
        states = bridge.store.sources.states()
        rows = [
            _row(state, titles[state.source.key], hook_url(bridge, state.source.key), now)
            for state in states
        ]
    if as_json:
        print_json(rows)
    elif rows:
        _show(rows, now)
    else:
        click.echo("There are no sources yet: run `zoho-bridge refresh` or `serve`.", err=True)


def _row(state: SourceState, title: str, url: str | None, now: datetime) -> dict[str, Any]:
    last, due = state.last_success, state.next_check_at
    return {
        "key": state.source.key,
        "kind": state.source.kind,
        "title": title,
        "state": source_health(state, now=now).kind,
        "last_success": last.isoformat(timespec="seconds") if last else None,
        "next_check_at": due.isoformat(timespec="seconds"),
        "webhook_url": url,
        "probe": state.ctag.verdict,
    }


def _show(rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Print a table, with the address of the webhook below each line."""
    table = [("TITLE", "STATE", "CHANGES", "LAST READ", "SOURCE")]
    for row in rows:
        last = row["last_success"]
        read = ago(datetime.fromisoformat(last), now=now) if last else "never"
        title = shortened(plain(row["title"] or PRODUCTS[row["kind"]]), _TITLE_COLUMNS)
        table.append((title, row["state"], row["probe"] or "", read, row["key"]))
    heading, *lines = aligned(table)
    click.secho("  ".join(heading), bold=True)
    for row, line in zip(rows, lines, strict=True):
        click.echo("  ".join(line))
        if row["webhook_url"]:
            click.echo(f"  {row['webhook_url']}")
