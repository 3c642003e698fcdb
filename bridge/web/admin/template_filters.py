"""Template filters of the admin pages: distances in time, shares and numbers."""

from datetime import datetime, timedelta

from babel import dates, numbers
from flask import Blueprint

from bridge.web.language import _, locale

_MINUTE = timedelta(minutes=1)


def register(blueprint: Blueprint) -> None:
    """Add the filters to the app's templates."""
    for function in (ago, percent, decimal):
        blueprint.add_app_template_filter(function)


def ago(when: datetime, now: datetime) -> str:
    """Format a moment's distance from now: ``4 minutes ago``, ``in 2 hours``."""
    if timedelta() <= now - when < _MINUTE:
        return str(_("just now"))
    if timedelta() <= when - now < _MINUTE:
        return str(_("within a minute"))
    return dates.format_timedelta(
        when - now, granularity="minute", threshold=1.5, add_direction=True, locale=locale()
    )


def percent(part: int, whole: int) -> str:
    """Format a share: ``98%``, in German ``98 %``."""
    return numbers.format_percent(round(part / whole, 2), locale=locale())


def decimal(value: float) -> str:
    """Format a number: whole from ten on, else with one decimal."""
    return numbers.format_decimal(round(value, 0 if value >= 10 else 1), locale=locale())
