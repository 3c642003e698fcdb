"""Events of a feed as JSON in the form of FullCalendar, for pages of any site, and their schema.

They come from the agenda of the feed, so they disclose no more than the feed. It must not render.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import re
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, render_template, request
import msgspec
from werkzeug.wrappers import Response as BaseResponse

from bridge import __version__
from bridge.domain.event import Moment, midnight
from bridge.feed.agenda import AgendaItem
from bridge.web.context import web
from bridge.web.html_response import is_web_link
from bridge.web.urls import extended

blueprint = Blueprint("events", __name__)

_DAY = timedelta(days=1)
_MOST = timedelta(days=400)
_DEFAULT = timedelta(days=90)
_YEARS = range(1900, 2200)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


@blueprint.get("/openapi.json")
def schema() -> BaseResponse:
    """Describe all addresses of a feed (OpenAPI 3.1)."""
    return _response(render_template("openapi.json", version=__version__).encode(), public=True)


@blueprint.get("/feeds/<slug>.json")
@blueprint.get("/f/<token>/<slug>.json")
def events(slug: str, token: str | None = None) -> BaseResponse:
    """Return the occurrences that overlap the requested span, in order of time."""
    access, _head = web().open_feed(slug, token, "default")
    start = _requested("start")
    end = _requested("end")
    if start is None:
        start = end - _DEFAULT if end else midnight(datetime.now(UTC).date())
    end = end or start + _DEFAULT
    if not timedelta() < end - start <= _MOST:
        _refuse(f"end must be after start, by at most {_MOST.days} days")
    items = web().store.agenda.between(slug, start - _DAY, end + _DAY, ticks=access.ticks)
    # All-day events belong to the days of the client, as the time zone of the request shows them.
    days = (start.date(), (end - timedelta.resolution).date() + _DAY)
    found = [
        event for item in items for event in _events(item, days if item.all_day else (start, end))
    ]
    found.sort(key=lambda event: (event["start"], event["title"], event["id"]))
    return _response(msgspec.json.encode(found), public=token is None)


def _requested(name: str) -> datetime | None:
    """Return a time of the query, in UTC if it names no zone; abort with 400 if it is none."""
    text = request.args.get(name)
    if text is None:
        return None
    text = text.replace(" ", "+")  # what an unquoted plus sign becomes
    moment = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(text if _MOMENT.fullmatch(text) else "")
    if moment is None or moment.year not in _YEARS:
        _refuse(f"{name} must be a date or time such as 2026-03-01 or 2026-03-01T00:00:00+01:00")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(message: str) -> NoReturn:
    response = _response(msgspec.json.encode({"error": message}), public=False)
    response.status_code = 400
    abort(response)


def _events(item: AgendaItem, span: tuple[Moment, Moment]) -> Iterator[dict[str, Any]]:
    """Yield the occurrences of an item that overlap a span, each as FullCalendar's event."""
    for start, end in item.occurrences():
        if start >= span[1] or (end <= span[0] and start < span[0]):
            continue
        event = {
            "id": f"{item.uid}/{extended(start)}" if item.repeats else item.uid,
            "title": item.title,
            "start": extended(start),
            "end": extended(end),
            "allDay": item.all_day,
            "extendedProps": {
                "timeZone": None if item.all_day else item.zone,
                "location": item.place,
                "description": item.description,
                "status": item.status,
                "cancelled": item.cancelled,
                "busy": item.busy,
                "joinUrl": item.join_url if is_web_link(item.join_url) else "",
                "categories": item.categories,
                "speakers": item.speakers,
            },
        }
        if item.repeats:
            event["groupId"] = item.uid
        if is_web_link(item.url):
            event["url"] = item.url
        yield event


def _response(body: bytes, *, public: bool) -> BaseResponse:
    """Return JSON that pages of all sites may read, also those with a secret address."""
    response = Response(body, mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = f"{'public' if public else 'private'}, max-age=60"
    response.add_etag()
    return response.make_conditional(request)
