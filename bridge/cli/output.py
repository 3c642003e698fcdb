"""Output of commands: tables and sentences for people, JSON for programs."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
import json
import shutil
import sys
from unicodedata import category, combining, east_asian_width

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

yes_option = click.option("--yes", is_flag=True, help="Don't ask.")

_UNITS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}


class WholeNumber(click.IntRange):
    """A whole number within a range, named so in messages."""

    name = "whole number"


def print_json(value: object) -> None:
    """Print JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_problem(sentence: object) -> None:
    """Print a sentence on standard error, after the program's name."""
    click.echo(f"zoho-bridge: {sentence}", err=True)


def show_progress(text: str) -> None:
    """Print what a command does on standard error, on a terminal in one line; "" clears it."""
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns - 1
        click.echo(f"\r{shortened(text, columns):<{columns}}\r", nl=False, err=True)
    elif text:
        print_problem(text)


def exit_on_failures(failures: Iterable[str]) -> None:
    """Print the failures; if there are any, exit with 1."""
    failures = list(failures)
    for failure in failures:
        print_problem(failure)
    if failures:
        sys.exit(1)


def confirm(question: str, *, yes: bool) -> None:
    """Ask a question unless ``yes``; exit with 1 without consent, with 2 without a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nothing was done: without a terminal to ask at, use --yes.")
    if not click.confirm(question):
        click.echo("Nothing was done.")
        sys.exit(1)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 event``, ``2 events``."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def ago(then: datetime, *, now: datetime) -> str:
    """Return the time since ``then`` in the largest unit that fits: ``3 hours ago``."""
    for name, unit in _UNITS.items():
        if now - then >= unit:
            return f"{counted((now - then) // unit, name)} ago"
    return "just now"


def aligned(
    rows: Sequence[Sequence[str]], *, right: Collection[int] = (), widest: int = 1000
) -> list[list[str]]:
    """Return the rows with the cells of each column but the last padded to one width.

    The columns of ``right`` are padded on their left side. A cell wider than ``widest`` columns
    of a terminal widens its own row only.
    """
    *columns, last = zip(*rows, strict=True)
    padded = []
    for number, column in enumerate(columns):
        most = max((size for size in map(width, column) if size <= widest), default=0)
        gaps = [" " * (most - width(cell)) for cell in column]
        pairs = zip(column, gaps, strict=True)
        padded.append([gap + cell if number in right else cell + gap for cell, gap in pairs])
    return [list(row) for row in zip(*padded, last, strict=True)]


def width(text: str) -> int:
    """Return the columns of a terminal that a text takes: wide characters two, marks none."""
    visible = (c for c in text if not combining(c) and category(c) != "Cf")
    return sum(1 + (east_asian_width(character) in "WF") for character in visible)


def shortened(text: str, most: int) -> str:
    """Return a text cut to ``most`` columns, with an ellipsis if something is missing."""
    if width(text) <= most:
        return text
    while width(text) > most - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"
