"""The sandbox's Calendar v1: calendars, and events by ranges of at most 31 days (Zoho Calendar: events list).

Traps it keeps: a missing header is a 400, any unknown parameter is refused, descriptions come only for the "large"
Accept, a series' master comes with its first start in every range it touches, changed and deleted instances are
objects of their own, and an instance moved out of a range leaves no trace in it. Answers by instance, the ones of a
calendar and of one event, may know what the plain list does not (``told_by_instance``).
"""

from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from bridge.domain.timezones import zone
from bridge.sandbox import series
from bridge.sandbox.answers import calendar_error, reply
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.series import Range
from bridge.sandbox.state import Calendar, Data, Json

_SCOPES = {
    "calendars": "ZohoCalendar.calendar.READ",
    "calendar": "ZohoCalendar.calendar.READ",
    "events": "ZohoCalendar.event.READ",
    "event": "ZohoCalendar.event.READ",
    "instances": "ZohoCalendar.event.READ",
}
_PARAMETERS = {
    "calendars": {"category"},
    "calendar": set[str](),
    "events": {"range", "byinstance", "timezone", "crm_event_type"},
    "event": {"recurrenceid"},
    "instances": {"range"},
}
_CHOICES = {"byinstance": {"true", "false"}, "crm_event_type": {"own", "all"}}
_LARGE = "application/json+large"
_LONGEST = timedelta(days=31)
_DAY = timedelta(days=1)


class _RefusedError(ValueError):
    """A parameter is not as documented."""


class _UnknownError(LookupError):
    """A uid in the path is not known."""


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the calendars of ``data``."""
    api = Blueprint("calendar", __name__)

    def calendar_of(uid: str) -> Calendar:
        if uid not in data.calendars:
            raise _UnknownError
        return data.calendars[uid]

    @api.before_request
    def check() -> Response | None:
        name = (request.endpoint or "").rpartition(".")[2]
        header = request.headers.get("Authorization", "")
        match tokens.verdict(header, scope=_SCOPES[name], schemes=("Zoho-oauthtoken", "Bearer")):
            case "missing":
                return calendar_error(400, "INVALID_TICKET", "Invalid ticket")
            case "dead":
                return calendar_error(401, "INVALID_OAUTHTOKEN", "Invalid OAuth token.")
            case "scope":
                return calendar_error(401, "INVALID_OAUTHSCOPE", "Invalid OAuth scope.")
        if extra := request.args.keys() - _PARAMETERS[name]:
            return calendar_error(400, "EXTRA_PARAM_FOUND", f"Extra parameter found: {min(extra)}")
        return None

    @api.errorhandler(_RefusedError)
    def refused(error: _RefusedError) -> Response:
        return calendar_error(400, "INVALID_DATA", str(error))

    @api.errorhandler(_UnknownError)
    def unknown(_: _UnknownError) -> Response:
        return calendar_error(404, "INVALID_DATA", "Invalid data")

    @api.get("/calendars")
    def calendars() -> Response:
        category = request.args.get("category")
        infos = [calendar.info for calendar in list(data.calendars.values())]
        return reply(
            {"calendars": [info for info in infos if category in {None, info["category"]}]}
        )

    @api.get("/calendars/<uid>")
    def calendar(uid: str) -> Response:
        return reply({"calendars": [calendar_of(uid).info]})

    @api.get("/calendars/<uid>/events")
    def events(uid: str) -> Response:
        for name, allowed in _CHOICES.items():
            if request.args.get(name, min(allowed)) not in allowed:
                raise _RefusedError(f"{name} is one of {sorted(allowed)}")
        found = _in_range(
            calendar_of(uid), _range(), byinstance=request.args.get("byinstance") == "true"
        )
        return reply({"events": [_shown(item) for item in found]})

    @api.get("/calendars/<uid>/events/<event_uid>")
    def event(uid: str, event_uid: str) -> Response:
        slot = request.args.get("recurrenceid")
        found = calendar_of(uid).events.find(
            event_uid, where={"recurrenceid": slot} if slot else None
        )
        if not found:
            raise _UnknownError
        return reply({"events": [_shown(item) for item in found]})

    @api.get("/calendars/<uid>/events/<event_uid>/byinstance")
    def instances(uid: str, event_uid: str) -> Response:
        calendar = calendar_of(uid)
        if not calendar.events.find(event_uid):
            raise _UnknownError
        found = _in_range(calendar, _range(), byinstance=True)
        return reply({"events": [_shown(item) for item in found if item["uid"] == event_uid]})

    return api


def _range() -> Range:
    """Read ``range``; a date as its end counts whole, in the length too. Dates are days of UTC."""
    try:
        asked = json.loads(request.args["range"])
        start, start_is_day = _bound(asked["start"])
        end, end_is_day = _bound(asked["end"])
    except (LookupError, TypeError, ValueError) as error:
        raise _RefusedError('range is {"start":"yyyyMMdd","end":"yyyyMMdd"}') from error
    if end_is_day:
        end += _DAY
    if end <= start or start_is_day != end_is_day:
        raise _RefusedError("range has to end after it starts")
    if end - start > _LONGEST:
        raise _RefusedError("range cannot exceed 31 days")
    return Range(start, end)


def _bound(text: str) -> tuple[datetime, bool]:
    if len(text) == len("yyyyMMdd"):
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC), True
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), False


def _in_range(calendar: Calendar, asked: Range, *, byinstance: bool) -> list[Json]:
    items = calendar.events.all()
    if byinstance:
        told = calendar.told_by_instance.all()
        names = {(item["uid"], item.get("recurrenceid")) for item in told}
        items = [
            item for item in items if (item["uid"], item.get("recurrenceid")) not in names
        ] + told
    masters = {item["uid"]: item for item in items if "recurrenceid" not in item}
    taken = {(item["uid"], item["recurrenceid"]) for item in items if "recurrenceid" in item}
    found: list[Json] = []
    for item in items:
        if byinstance and item.get("estatus") == "deleted":
            continue
        if byinstance and "rrule" in item:
            empty = set(item["exdate"].split(",")) if "exdate" in item else set[str]()
            instances = [series.instance(item, slot) for slot in series.slots_in(item, asked)]
            instances = [one for one in instances if one["recurrenceid"] not in empty]
            found += [one for one in instances if (item["uid"], one["recurrenceid"]) not in taken]
        elif series.touches(item, asked, masters.get(item["uid"])):
            found.append(series.minimal(item) if byinstance else item)
    return found


def _shown(item: Json) -> Json:
    """Give an event as this request wants it: in which zone, and with its description or without."""
    if request.headers.get("Accept") != _LARGE:
        item.pop("description", None)
    if name := request.args.get("timezone"):
        there = zone(name)
        if there is None:
            raise _RefusedError(f"timezone {name} is not known")
        _move(item, name, there)
    return item


def _move(item: Json, name: str, there: ZoneInfo) -> None:
    when = item.get("dateandtime")
    if not when or item.get("isallday"):
        return
    for side in ("start", "end"):
        moment = series.moment(when[side])
        if isinstance(moment, datetime):
            when[side] = moment.astimezone(there).strftime("%Y%m%dT%H%M%S%z")
            item[side] = when[side][: len("yyyyMMddTHHmmss")]
            when["timezone"] = name
