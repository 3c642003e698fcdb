"""The reader's language, time zone and date formats.

Strings in the code are English, in ``_("…")``. The catalogues of other languages are in
``bridge/web/translations``. A choice is a parameter of the address (``lang``, ``zone``), else the
browser's headers count. Nothing is stored between requests.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
import re
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.localedata import locale_identifiers
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, get_locale, gettext as _, ngettext  # type: ignore[import-untyped]

from bridge.domain import problems
from bridge.domain.problems import Problem
from bridge.domain.timezones import UTC_ZONE, zone_by_key

__all__ = ["_", "ngettext"]

# The languages with a complete catalogue, by their own names.
LANGUAGES = {"en": "English", "de": "Deutsch"}

ZONE_HEADER = "X-Time-Zone"

Width: TypeAlias = Literal["short", "medium", "long", "full"]

_TRANSLATIONS = Path(__file__).parent / "translations"
_LOCALES = frozenset(locale_identifiers())
_YEAR_AT_END = re.compile(r"\W+y+$")
# For other languages: English, with the day before the month and 24 hours, as in most countries.
_FALLBACK = "en_150"
_TERRITORY = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_LONGEST_ZONE = 64


def register(app: Flask) -> None:
    """Translate the app's pages, and add the functions that its templates write dates with."""
    Babel(app, default_translation_directories=str(_TRANSLATIONS), locale_selector=_select_locale)
    app.jinja_env.filters["sentence"] = sentence
    words = (language_tag, month_name, weekday, zone_name, moment, clock, day, days_from)
    for function in (*words, choices, here, zone):
        app.jinja_env.globals[function.__name__] = function
    app.jinja_env.globals["languages"] = LANGUAGES

    @app.url_defaults
    def _keep_choices(endpoint: str, values: dict[str, object]) -> None:
        if endpoint != "static" and has_request_context():
            for name, value in choices().items():
                values.setdefault(name, value)

    @app.after_request
    def _vary(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.update(("Accept-Language", ZONE_HEADER))
        return response


def sentence(problem: Problem | str | Mapping[str, Any]) -> str:
    """Return the sentence of a problem, or of a stored problem, in the page's language."""
    if isinstance(problem, str):
        problem = problems.load(problem)
    elif not isinstance(problem, Problem):
        problem = problems.from_plain(problem)
    return problem.sentence(_)


def locale() -> Locale:
    """Return the request's locale: one of our languages, as written in the reader's country."""
    return get_locale() or Locale.parse(_FALLBACK)


def language_tag() -> str:
    """Return the page's language for its ``lang`` attribute, such as ``de-AT`` (BCP 47)."""
    return str(locale()).replace("_", "-")


def zone() -> ZoneInfo:
    """Return the zone of all times: the address's, else the page's (``set_zone``), else UTC."""
    return requested_zone() or g.get("zone") or UTC_ZONE


def set_zone(own: ZoneInfo) -> None:
    """Set the zone that fits the content of this page."""
    g.zone = own


def requested_zone() -> ZoneInfo | None:
    """Return the zone in the address, else of the browser, None without a known zone.

    page.js sends the browser's zone in a header, so that no link of the page names a zone.
    """
    key = request.args.get("zone") or request.headers.get(ZONE_HEADER, "")
    try:
        return zone_by_key(key) if key and len(key) <= _LONGEST_ZONE else None
    except ValueError:
        return None


def zone_name(of: ZoneInfo | None = None) -> str:
    """Name a zone by its city, or by its offset if it has no city."""
    of = of or zone()
    if "/" not in of.key or of.key.startswith("Etc/"):
        return of.key.removeprefix("Etc/")
    return dates.get_timezone_location(of, locale=locale(), return_city=True)


def moment(when: datetime, width: Width = "medium", *, within: ZoneInfo | None = None) -> str:
    """Format a date and a time without seconds, in the reader's zone or ``within`` another."""
    local = when.astimezone(within or zone())
    pattern = str(dates.get_datetime_format("medium", locale=locale())).replace("'", "")
    date_part = dates.format_date(local, width, locale=locale())
    return pattern.replace("{0}", clock(local, within=within)).replace("{1}", date_part)


def clock(when: datetime, *, within: ZoneInfo | None = None) -> str:
    """Format a time of day."""
    return dates.format_time(when, "short", tzinfo=within or zone(), locale=locale())


def day(
    of: date, width: Width | Literal["heading"] = "medium", *, today: date | None = None
) -> str:
    """Format a day; a ``heading`` has the weekday, and the year only if it is not today's."""
    if width != "heading":
        return dates.format_date(of, width, locale=locale())
    if today is None or of.year != today.year:
        return dates.format_date(of, "full", locale=locale())
    pattern = locale().date_formats["full"].pattern
    return dates.format_date(of, _YEAR_AT_END.sub("", pattern), locale=locale())


def days_from(first: date, last: date) -> str:
    """Format a span of days, without what both have in common."""
    return dates.format_interval(first, last, "yMMMd", locale=locale())


def month_name(of: date) -> str:
    """Format a month with its year."""
    noon = datetime.combine(of, time(12), UTC)
    return dates.format_skeleton("yMMMM", noon, tzinfo=UTC, locale=locale())


def weekday(of: date, width: Literal["wide", "abbreviated"] = "wide") -> str:
    """Return the name of a day's weekday."""
    return str(dates.get_day_names(width, context="stand-alone", locale=locale())[of.weekday()])


def here(**changes: object) -> str:
    """Return the path of this page with other parameters; None removes a parameter."""
    parameters: dict[str, object] = {**request.args.to_dict(flat=False), **changes}
    kept = {name: value for name, value in parameters.items() if value is not None}
    query = urlencode(kept, doseq=True)
    return quote(request.path) + ("?" + query if query else "")


def _select_locale() -> str:
    """Return the reader's first language that is one of ours, as in the reader's country."""
    accepted = [name for tag, q in request.accept_languages if q and (name := _locale_of(tag))]
    if requested := _locale_of(request.args.get("lang", "")):
        regional = [name for name in accepted if name.split("_")[0] == requested]
        return regional[0] if regional else requested
    return accepted[0] if accepted else _FALLBACK


def _locale_of(tag: str) -> str | None:
    """Return Babel's name for a language tag of ours (BCP 47), without parts unknown to Babel."""
    language, *others = tag.replace("_", "-").split("-")
    if language.lower() not in LANGUAGES:
        return None
    territories = (part.upper() for part in others if _TERRITORY.fullmatch(part))
    name = f"{language.lower()}_{next(territories, '')}"
    return name if name in _LOCALES else language.lower()


def choices() -> dict[str, str]:
    """Return the choices in this page's address, which its links keep."""
    choices = {}
    if (tag := _locale_of(request.args.get("lang", ""))) is not None:
        choices["lang"] = tag.replace("_", "-")
    if "zone" in request.args and (requested := requested_zone()) is not None:
        choices["zone"] = requested.key
    return choices
