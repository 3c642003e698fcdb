"""How commands tell things: tables and sentences for people, JSON for programs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
import json
import sys
import unicodedata

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


def print_json(value: object) -> None:
    """Print JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def exit_on_failures(failures: Iterable[str]) -> None:
    """Say what failed, and end the command with 1 if anything did."""
    failures = list(failures)
    for failure in failures:
        click.echo(f"zoho-bridge: {failure}", err=True)
    if failures:
        sys.exit(1)


def ago(then: datetime, *, now: datetime) -> str:
    """Say how long ago something was, in the largest unit that fits: ``3 hours ago``."""
    passed = now - then
    for name, unit in _UNITS:
        if passed >= unit:
            count = passed // unit
            return f"{count} {name}{'s' * (count != 1)} ago"
    return "just now"


def aligned(
    rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> list[list[str]]:
    """Pad the cells of each column to one width, those of ``right`` on their left side; the last column stays."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    padded = []
    for row in rows:
        cells = []
        for number, (cell, wide) in enumerate(zip(row, widths, strict=True)):
            gap = " " * (wide - width(cell))
            cells.append(gap + cell if number in right else cell + gap)
        padded.append([*cells[:-1], cells[-1] if len(cells) - 1 in right else cells[-1].rstrip()])
    return padded


def width(text: str) -> int:
    """Count the columns of a terminal that a text takes: two for a wide sign, none for one that joins the last."""
    signs = (
        sign
        for sign in text
        if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf"
    )
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in signs)


def shortened(text: str, most: int) -> str:
    """Cut a text to ``most`` columns, with a mark where something is missing."""
    if width(text) <= most:
        return text
    cut = text
    while width(cut) > most - 1:
        cut = cut[:-1]
    return f"{cut.rstrip()}…"
