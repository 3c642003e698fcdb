"""Dates of the demo's world, which its data files name relative to today."""

from datetime import date, datetime, time, timedelta

from bridge.domain.timezones import UTC_ZONE, zone

_MONDAY = "monday"


def day_of(text: str | int, today: date) -> date:
    """Return the date that a data file names.

    A number counts days from ``today``, and ``"monday-21"`` from the Monday of its week. Other
    texts are ``"year_end"`` and ISO dates.
    """
    if isinstance(text, int):
        return today + timedelta(days=text)
    if text.startswith(_MONDAY):
        return today + timedelta(days=int(text.removeprefix(_MONDAY) or 0) - today.weekday())
    return today.replace(month=12, day=31) if text == "year_end" else date.fromisoformat(text)


def wall_time(day: date, at: str, zone_name: str) -> datetime:
    """Return ``at`` ("09:30") of a day by the clock of a zone; an unknown zone is UTC."""
    return datetime.combine(day, time.fromisoformat(at), zone(zone_name) or UTC_ZONE)
