"""The command that looks for what is wrong."""

import sys

import click

from bridge.cli.doctor_checks import examine
from bridge.cli.output import json_option, print_json

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Look for what is wrong, and say what to do about it.

    A line each for settings, database, clock, Zoho's login and scopes, each source and the public address; ends with
    1 when something fails. A source is read over a week; nothing is saved.

    \b
    Examples:
      zoho-bridge doctor
      zoho-bridge doctor --json | jq '.[] | select(.level != "ok")'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    findings = []
    for finding in examine():
        said = " ".join(finding.said.split())
        findings.append({"level": finding.level, "what": finding.what, "said": said})
        if not as_json:  # at once: some of it takes seconds
            level = click.style(
                f"{finding.level:<5}", fg=_COLORS[finding.level], bold=finding.level != "ok"
            )
            click.echo(f"{level} {finding.what}: {said}")
    if as_json:
        print_json(findings)
    if any(finding["level"] == "fail" for finding in findings):
        sys.exit(1)
