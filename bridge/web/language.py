"""The reader's language, time zone and way of writing dates: for pages, and for whatever else is said to a person.

Strings are English in the code, ``_("…")``; the other languages are the catalogues in ``bridge/translations``.
Nothing is remembered between requests: the choice stands in the address (``?lang=``, ``?zone=``), or the browser says.
"""

from datetime import UTC, date, datetime, time
from pathlib import Path
import re
from typing import Literal, TypeAlias
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.localedata import locale_identifiers
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, get_locale, gettext as _, ngettext  # type: ignore[import-untyped]

from bridge.domain.timezones import UTC_ZONE, zone_by_key
from bridge.problems import Problem

__all__ = [
    "LANGUAGES",
    "_",
    "asked_zone",
    "locale",
    "ngettext",
    "register",
    "set_zone",
    "zone",
    "zone_name",
]

# The languages that are complete, each with its own name.
LANGUAGES = {"en": "English", "de": "Deutsch"}

Width: TypeAlias = Literal["short", "medium", "long", "full"]

_TRANSLATIONS = Path(__file__).parent.parent / "translations"
_KNOWN = frozenset(locale_identifiers())
_LAST_YEAR = re.compile(r"\W+y+$")
# For readers of a language that isn't here: English, with the day before the month and 24 hours, as most write it.
_FALLBACK = "en_150"
_PLACE = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_LONGEST_ZONE = 64


def register(app: Flask) -> None:
    """Translate the app's pages, and give its templates what they need to write dates."""
    Babel(app, default_translation_directories=str(_TRANSLATIONS), locale_selector=_wanted_locale)
    app.jinja_env.filters["sentence"] = sentence
    app.jinja_env.globals.update(
        moment=moment,
        clock=clock,
        day=day,
        language_tag=language_tag,
        here=here,
        languages=LANGUAGES,
        month_name=month_name,
        weekday=weekday,
        zone=zone,
        zone_name=zone_name,
    )

    @app.url_defaults
    def _keep_choices(endpoint: str, values: dict[str, object]) -> None:
        if endpoint != "static" and has_request_context():
            for name, value in _chosen().items():
                values.setdefault(name, value)

    @app.after_request
    def _varies(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.add("Accept-Language")
        return response


def sentence(problem: Problem) -> str:
    """Return the sentence of a problem in the language of the page."""
    return problem.sentence(_)


def locale() -> Locale:
    """Give the locale of this request: one of our languages, as it is written where the reader is."""
    return get_locale() or Locale.parse(_FALLBACK)


def language_tag() -> str:
    """Give the language of the page for its ``lang`` attribute, such as ``de-AT`` (BCP 47)."""
    return str(locale()).replace("_", "-")


def zone() -> ZoneInfo:
    """Give the zone that times are written in: the address's, else the page's own (``set_zone``), else UTC."""
    return asked_zone() or g.get("zone") or UTC_ZONE


def set_zone(own: ZoneInfo) -> None:
    """Name the zone that fits what this page shows."""
    g.zone = own


def asked_zone() -> ZoneInfo | None:
    """Give the zone that the address asks for, None without one or for one that nobody knows."""
    key = request.args.get("zone", "")
    try:
        return zone_by_key(key) if key and len(key) <= _LONGEST_ZONE else None
    except ValueError:
        return None


def zone_name(of: ZoneInfo | None = None) -> str:
    """Name a zone for a person: by its city, or by its offset where it has none."""
    of = of or zone()
    if "/" not in of.key or of.key.startswith("Etc/"):
        return of.key.removeprefix("Etc/")
    return dates.get_timezone_location(of, locale=locale(), return_city=True)


def moment(when: datetime, width: Width = "medium", *, within: ZoneInfo | None = None) -> str:
    """Write a date and a time of day, without seconds, in the reader's zone or ``within`` another."""
    local = when.astimezone(within or zone())
    pattern = str(dates.get_datetime_format("medium", locale=locale())).replace("'", "")
    date_part = dates.format_date(local, width, locale=locale())
    return pattern.replace("{0}", clock(local, within=within)).replace("{1}", date_part)


def clock(when: datetime, *, within: ZoneInfo | None = None) -> str:
    """Write a time of day."""
    return dates.format_time(when, "short", tzinfo=within or zone(), locale=locale())


def day(
    of: date, width: Width | Literal["heading"] = "medium", *, today: date | None = None
) -> str:
    """Write a day; a ``heading`` has the weekday, and the year only when it is not that of ``today``."""
    if width == "heading":
        if today is not None and of.year == today.year:
            pattern = locale().date_formats["full"].pattern
            return dates.format_date(of, _LAST_YEAR.sub("", pattern), locale=locale())
        width = "full"
    return dates.format_date(of, width, locale=locale())


def month_name(of: date) -> str:
    """Write a month with its year."""
    return dates.format_skeleton(
        "yMMMM", datetime.combine(of, time(12), UTC), tzinfo=UTC, locale=locale()
    )


def weekday(of: date, width: Literal["wide", "abbreviated"] = "wide") -> str:
    """Name the weekday of a day."""
    return str(dates.get_day_names(width, context="stand-alone", locale=locale())[of.weekday()])


def here(**changes: object) -> str:
    """Give the address of this page with other parameters, None to leave one out; a path, without a host."""
    kept = {
        name: values
        for name, values in request.args.to_dict(flat=False).items()
        if name not in changes
    }
    query = urlencode(
        {**kept, **{name: value for name, value in changes.items() if value is not None}},
        doseq=True,
    )
    return quote(request.path) + ("?" + query if query else "")


def _wanted_locale() -> str:
    """Find the first language among those the reader wants that is one of ours, as written in the reader's country."""
    accepted = [
        found
        for tag, weight in request.accept_languages
        if weight > 0 and (found := _locale_of(tag))
    ]
    if asked := _locale_of(request.args.get("lang", "")):
        accepted = (
            [found for found in accepted if found.split("_")[0] == asked]
            if "_" not in asked
            else []
        )
        return accepted[0] if accepted else asked
    return accepted[0] if accepted else _FALLBACK


def _locale_of(tag: str) -> str | None:
    """Give Babel's name for a language tag of ours (BCP 47), without what Babel does not know of it."""
    language, *others = tag.replace("_", "-").split("-")
    if language.lower() not in LANGUAGES:
        return None
    places = (part.upper() for part in others if _PLACE.fullmatch(part))
    named = f"{language.lower()}_{next(places, '')}"
    return named if named in _KNOWN else language.lower()


def _chosen() -> dict[str, str]:
    """Give the choices that stand in this page's address, for the pages it links to."""
    chosen = {}
    if (tag := _locale_of(request.args.get("lang", ""))) is not None:
        chosen["lang"] = tag.replace("_", "-")
    if (asked := asked_zone()) is not None:
        chosen["zone"] = asked.key
    return chosen
