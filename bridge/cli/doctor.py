"""The command that looks for what is wrong."""

import sys

import click

from bridge.cli.checks import examine

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
def doctor() -> None:
    """Look for what is wrong, and say what to do about it.

    A line each for settings, database, clock, Zoho's login and scopes, each source and the public address; ends with
    1 when something fails. A source is read over a week; nothing is saved.
    """
    failed = False
    for finding in examine():
        failed = failed or finding.level == "fail"
        level = click.style(f"{finding.level:<5}", fg=_COLORS[finding.level], bold=finding.level != "ok")
        click.echo(f"{level} {finding.what}: {' '.join(finding.said.split())}")
    if failed:
        sys.exit(1)
