"""The sandbox's Calendar v1: calendars, and events by ranges of at most 31 days.

Quirks it keeps: without ``category`` only own calendars are listed, a missing header is a 400, any
unknown parameter is refused, descriptions come only for the "large" Accept, a series comes with its
first start in every range it touches, changed and deleted instances are objects of their own, and
an instance moved out of a range leaves no trace in it. Answers by instance, of a calendar or of one
event, may contradict the plain list (``Calendar.by_instance``).
"""

from datetime import datetime, timedelta
import json

from flask import Blueprint, Response, abort, request

from bridge.domain.event import to_utc
from bridge.sandbox import series
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import calendar_error, listing
from bridge.sandbox.series import Range
from bridge.sandbox.state import Calendar, Data, Json

# The parameters of each route that has any.
_PARAMETERS: dict[str, set[str]] = {
    "calendar.calendars": {"category", "showhiddencal"},
    "calendar.events": {"range", "byinstance"},
    "calendar.instances": {"range"},
}
_REFUSALS = {
    "missing": (400, "INVALID_TICKET", "Invalid ticket"),
    "dead": (401, "INVALID_OAUTHTOKEN", "Invalid OAuth token."),
    "scope": (401, "INVALID_OAUTHSCOPE", "Invalid OAuth scope."),
}
_CATEGORIES = ("own", "group", "app", "others", "all")
_LARGE = "application/json+large"
_DAY = timedelta(days=1)


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the calendars of ``data``."""
    api = Blueprint("calendar", __name__)

    def calendar_of(uid: str) -> Calendar:
        return data.calendars[uid] if uid in data.calendars else abort(_unknown())

    @api.before_request
    def check() -> Response | None:
        verdict = tokens.verdict("Bearer")
        if verdict != "good":
            return calendar_error(*_REFUSALS[verdict])
        if extra := request.args.keys() - _PARAMETERS.get(request.endpoint or "", set()):
            return calendar_error(400, "EXTRA_PARAM_FOUND", f"Extra parameter found: {min(extra)}")
        return None

    @api.get("/calendars")
    def calendars() -> Response:
        category = request.args.get("category", "own")
        if category not in _CATEGORIES:
            abort(_refusal(f"category is one of {', '.join(_CATEGORIES)}"))
        infos = [calendar.served() for calendar in data.calendars.values()]
        if category != "all":
            infos = [info for info in infos if info["category"] == category]
        if request.args.get("showhiddencal") != "true":
            infos = [info for info in infos if info.get("status", True)]
        return listing(infos, "calendar", "calendars")

    @api.get("/calendars/<uid>")
    def calendar(uid: str) -> Response:
        return listing([calendar_of(uid).served()], "calendar", "calendars")

    @api.get("/calendars/<uid>/events")
    def events(uid: str) -> Response:
        by_instance = request.args.get("byinstance", "false")
        if by_instance not in {"true", "false"}:
            abort(_refusal("byinstance is true or false"))
        return _events(_in_range(calendar_of(uid), by_instance=by_instance == "true"))

    @api.get("/calendars/<uid>/events/<event_uid>")
    def event(uid: str, event_uid: str) -> Response:
        return _events(calendar_of(uid).events.find(event_uid) or abort(_unknown()))

    @api.get("/calendars/<uid>/events/<event_uid>/byinstance")
    def instances(uid: str, event_uid: str) -> Response:
        calendar = calendar_of(uid)
        if not calendar.events.find(event_uid):
            abort(_unknown())
        items = _in_range(calendar, by_instance=True)
        return _events([item for item in items if item["uid"] == event_uid])

    return api


def _unknown() -> Response:
    return calendar_error(404, "INVALID_DATA", "Invalid data")


def _refusal(description: str) -> Response:
    return calendar_error(400, "INVALID_DATA", description)


def _range() -> Range:
    """Return the range of the request. A date is a day of UTC; the last one counts whole."""
    try:
        text = json.loads(request.args["range"])
        start, end = series.moment(text["start"]), series.moment(text["end"])
    except (LookupError, TypeError, ValueError):
        abort(_refusal('range is {"start":"yyyyMMdd","end":"yyyyMMdd"}'))
    if not isinstance(end, datetime):
        end += _DAY
    limits = Range(to_utc(start), to_utc(end))
    if limits.end <= limits.start or isinstance(start, datetime) != isinstance(end, datetime):
        abort(_refusal("range has to end after it starts"))
    if limits.end - limits.start > 31 * _DAY:
        abort(_refusal("range cannot exceed 31 days"))
    return limits


def _in_range(calendar: Calendar, *, by_instance: bool) -> list[Json]:
    """Return the objects in the range of the request: as they are, or each occurrence."""
    limits, items = _range(), calendar.events.all()
    if by_instance:
        only = calendar.by_instance.all()
        replaced = {_name(item) for item in only}
        items = [item for item in items if _name(item) not in replaced] + only
    series_of = {item["uid"]: item for item in items if "recurrenceid" not in item}
    if not by_instance:
        return [item for item in items if series.touches(item, limits, series_of.get(item["uid"]))]
    names = {_name(item) for item in items}
    result: list[Json] = []
    for item in items:
        if item.get("estatus") == "deleted":
            continue
        if "rrule" in item:
            removed = item.get("exdate", "").split(",")
            instances = (series.instance(item, slot) for slot in series.slots_in(item, limits))
            result += [
                instance
                for instance in instances
                if instance["recurrenceid"] not in removed and _name(instance) not in names
            ]
        elif series.touches(item, limits, series_of.get(item["uid"])):
            result.append(series.minimal(item))
    return result


def _name(item: Json) -> tuple[str, str | None]:
    return item["uid"], item.get("recurrenceid")


def _events(items: list[Json]) -> Response:
    """Return events, with their description only for the Accept header that asks for it."""
    if request.headers.get("Accept") != _LARGE:
        for item in items:
            item.pop("description", None)
    return listing(items, "calendar", "events")
