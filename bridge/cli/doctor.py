"""``zoho-bridge doctor``: checks of the setup, each with its remedy."""

import sys

import click

from bridge.cli.doctor_checks import examine
from bridge.cli.output import json_option, print_json, show_progress

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check the setup and suggest fixes.

    Prints a line each for settings, database, clock, Zoho's login and scopes, each source, public
    address and admin pages. Exits with 1 if a check fails. A source is read over a week; nothing
    is saved.

    \b
    Examples:
      zoho-bridge doctor
      zoho-bridge doctor --json | jq '.[] | select(.level != "ok")'
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    rows = []
    for step in examine():
        if isinstance(step, str):
            show_progress(f"{step}…")
            continue
        level, subject, text = step
        show_progress("")
        sentence = " ".join(text.split())
        rows.append({"level": level, "what": subject, "said": sentence})
        if not as_json:  # at once: some checks take seconds
            color = click.style(f"{level:<5}", fg=_COLORS[level], bold=level != "ok")
            click.echo(f"{color} {subject}: {sentence}")
    if as_json:
        print_json(rows)
    if any(row["level"] == "fail" for row in rows):
        sys.exit(1)
