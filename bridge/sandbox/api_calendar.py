"""The sandbox's Calendar v1: calendars, and events by ranges of at most 31 days (Zoho Calendar: events list).

Quirks it keeps: a missing header is a 400, any unknown parameter is refused, descriptions come only for the "large"
Accept, a series comes with its first start in every range it touches, changed and deleted instances are objects of
their own, and an instance moved out of a range leaves no trace in it. Answers by instance, of a calendar or of one
event, may contradict the plain list (``Calendar.by_instance``).
"""

from datetime import datetime, timedelta
import json

from flask import Blueprint, Response, abort, request

from bridge.domain.timezones import zone
from bridge.sandbox import series
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import calendar_error, reply
from bridge.sandbox.series import Range
from bridge.sandbox.state import Calendar, Data, Json

# The scope and the parameters of each route.
_ROUTES: dict[str, tuple[str, set[str]]] = {
    "calendars": ("calendar", {"category"}),
    "calendar": ("calendar", set()),
    "events": ("event", {"range", "byinstance", "timezone", "crm_event_type"}),
    "event": ("event", {"recurrenceid"}),
    "instances": ("event", {"range"}),
}
_CHOICES = {"byinstance": {"true", "false"}, "crm_event_type": {"own", "all"}}
_LARGE = "application/json+large"
_DAY = timedelta(days=1)


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the calendars of ``data``."""
    api = Blueprint("calendar", __name__)

    def calendar_of(uid: str) -> Calendar:
        return data.calendars[uid] if uid in data.calendars else abort(_unknown())

    @api.before_request
    def check() -> Response | None:
        scope, parameters = _ROUTES[(request.endpoint or "").rpartition(".")[2]]
        header = request.headers.get("Authorization", "")
        schemes = ("Zoho-oauthtoken", "Bearer")
        match tokens.verdict(header, scope=f"ZohoCalendar.{scope}.READ", schemes=schemes):
            case "missing":
                return calendar_error(400, "INVALID_TICKET", "Invalid ticket")
            case "dead":
                return calendar_error(401, "INVALID_OAUTHTOKEN", "Invalid OAuth token.")
            case "scope":
                return calendar_error(401, "INVALID_OAUTHSCOPE", "Invalid OAuth scope.")
        if extra := request.args.keys() - parameters:
            return calendar_error(400, "EXTRA_PARAM_FOUND", f"Extra parameter found: {min(extra)}")
        return None

    @api.get("/calendars")
    def calendars() -> Response:
        category = request.args.get("category")
        infos = [calendar.info for calendar in data.calendars.values()]
        return reply({"calendars": [i for i in infos if category in {None, i["category"]}]})

    @api.get("/calendars/<uid>")
    def calendar(uid: str) -> Response:
        return reply({"calendars": [calendar_of(uid).info]})

    @api.get("/calendars/<uid>/events")
    def events(uid: str) -> Response:
        for name, choices in _CHOICES.items():
            if request.args.get(name, min(choices)) not in choices:
                abort(_refusal(f"{name} is one of {sorted(choices)}"))
        by_instance = request.args.get("byinstance") == "true"
        return _events(_in_range(calendar_of(uid), by_instance=by_instance))

    @api.get("/calendars/<uid>/events/<event_uid>")
    def event(uid: str, event_uid: str) -> Response:
        slot = request.args.get("recurrenceid")
        where = {"recurrenceid": slot} if slot else None
        return _events(calendar_of(uid).events.find(event_uid, where=where) or abort(_unknown()))

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
    """Return the range of the request; a date at its end counts whole, in the length too. Dates are days of UTC."""
    try:
        text = json.loads(request.args["range"])
        start, end = series.moment(text["start"]), series.moment(text["end"])
    except (LookupError, TypeError, ValueError):
        abort(_refusal('range is {"start":"yyyyMMdd","end":"yyyyMMdd"}'))
    if not isinstance(end, datetime):
        end += _DAY
    limits = Range(series.instant(start), series.instant(end))
    if limits.end <= limits.start or isinstance(start, datetime) != isinstance(end, datetime):
        abort(_refusal("range has to end after it starts"))
    if limits.end - limits.start > 31 * _DAY:
        abort(_refusal("range cannot exceed 31 days"))
    return limits


def _in_range(calendar: Calendar, *, by_instance: bool) -> list[Json]:
    """Return the objects in the range of the request: as they are, or each occurrence as an object of its own."""
    limits, items = _range(), calendar.events.all()
    if not by_instance:
        series_of = {item["uid"]: item for item in items if "recurrenceid" not in item}
        return [item for item in items if series.touches(item, limits, series_of.get(item["uid"]))]
    only = calendar.by_instance.all()
    replaced = {_name(item) for item in only}
    items = [item for item in items if _name(item) not in replaced] + only
    series_of = {item["uid"]: item for item in items if "recurrenceid" not in item}
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
    """Return events as the request wants them: in a time zone, and with their description or without."""
    for item in items:
        if request.headers.get("Accept") != _LARGE:
            item.pop("description", None)
        if name := request.args.get("timezone"):
            _move(item, name)
    return reply({"events": items})


def _move(item: Json, name: str) -> None:
    there = zone(name)
    if there is None:
        abort(_refusal(f"timezone {name} is not known"))
    when = item.get("dateandtime")
    if not when or item.get("isallday"):
        return
    for side in ("start", "end"):
        moment = series.moment(when[side])
        if isinstance(moment, datetime):
            when[side] = moment.astimezone(there).strftime("%Y%m%dT%H%M%S%z")
            item[side] = when[side][: len("yyyyMMddTHHmmss")]
            when["timezone"] = name
