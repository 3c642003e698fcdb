"""The fetch of the agenda of one Backstage event (Zoho APIs 2.4).

Sessions come day by day, with ids of halls, tracks and speakers that are lists of their own. Those
lists only add names. If one can't be read or is unexpectedly empty, its last good version is used,
or the sessions come without its names. A missing day is an error.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bridge.domain.problems import Problem, problem, to_plain
from bridge.domain.source import PRODUCTS, BackstageSource
from bridge.errors import BadDataError, NotFoundError, ScopeError
from bridge.sources.backstage.event import BackstageEvent, read_zone
from bridge.sources.dates import iso_utc
from bridge.sources.fields import id_of, identity, read
from bridge.sources.protocols import AnswerCache, Api, Raw
from bridge.sources.shapes import listed

LISTS = {"halls": "id", "tracks": "track_id", "speakers": "id"}
"""The lists of names, and the field of an id in each."""

_MOST_DAYS = 60


def fetch(api: Api, source: BackstageSource, cache: AnswerCache) -> Raw:
    """Fetch the event, its days, and the lists that its sessions refer to, as answered.

    ``{"event": …, "agendas": … or None, "sessions": [one answer a day], "halls": …, "tracks": …,
    "speakers": …, "notes": [remarks about what could not be read]}``.
    """
    path = f"/portals/{quote(source.portal, safe='')}/events/{quote(source.event, safe='')}"
    notes: list[Problem] = []
    event = api.get("backstage", path)
    agendas = _agendas(api, path, notes)
    days = len(listed(agendas, "backstage", "agendas")) if agendas is not None else 0
    if days > _MOST_DAYS:
        raise _too_long(source)
    if days:
        sessions = [_day(api, path, day) for day in range(1, days + 1)]
    else:
        own_days = _own_days(event_object(event))
        sessions = _probe(api, path, source, own_days, may_be_none=agendas is not None)
    known = cache.all()
    lists = {name: _list(api, path, name, known, notes) for name in LISTS}
    cached = {name: ("", answer) for name, answer in lists.items() if answer}
    if new := {name: answer for name, answer in cached.items() if answer != known.get(name)}:
        cache.keep(new)
    remarks = [to_plain(note) for note in notes]
    return {"event": event, "agendas": agendas, "sessions": sessions, **lists, "notes": remarks}


def event_object(answer: Any) -> dict[str, Any]:
    """Return the event in the answer, bare as documented or wrapped; BadDataError without one."""
    for name in ("event", "events", "data"):
        if isinstance(answer, dict) and isinstance(answer.get(name), dict | list):
            answer = answer[name]
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict) or not id_of(answer):
        raise BadDataError("no-event", product=PRODUCTS["backstage"])
    return answer


def list_id(data: Any, name: str) -> str:
    """Return the id of an object in one of the lists."""
    return identity(data.get(LISTS[name], data.get("id"))) if isinstance(data, dict) else ""


def _agendas(api: Api, path: str, notes: list[Problem]) -> Any:
    try:
        return api.get("backstage", f"{path}/agendas")
    except (NotFoundError, ScopeError) as error:
        notes.append(problem("days-unreadable", why=error.problem))
        return None


def _list(
    api: Api, path: str, name: str, known: Mapping[str, tuple[str, Any]], notes: list[Problem]
) -> Any:
    """Return one of the lists of names; for an empty or unreadable one the last good version."""
    try:
        answer = api.get("backstage", f"{path}/{name}")
        items = listed(answer, "backstage", name, lambda item: list_id(item, name))
    except (NotFoundError, ScopeError) as error:
        code = "names-kept" if name in known else "names-unreadable"
        notes.append(problem(code, list=name, why=error.problem))
        return known[name][1] if name in known else None
    if items or name not in known:
        return answer
    notes.append(problem("names-empty", list=name))
    return known[name][1]


def _day(api: Api, path: str, day: int) -> Any:
    answer = api.get("backstage", f"{path}/sessions", {"day": str(day)})
    listed(answer, "backstage", "sessions")
    return answer


def _probe(
    api: Api, path: str, source: BackstageSource, own_days: int, *, may_be_none: bool
) -> list[Any]:
    """Fetch day after day, up to the first empty one after the event's own days."""
    answers: list[Any] = []
    for day in range(1, _MOST_DAYS + 1):
        try:
            answer = _day(api, path, day)
        except (NotFoundError, BadDataError) as error:
            # "Please enter the valid agenda day" (Zoho APIs 2.5)
            no_such_day = isinstance(error, NotFoundError) or "agenda day" in error.said
            if not no_such_day or (day == 1 and not may_be_none):
                raise
            return answers
        if not listed(answer, "backstage", "sessions") and day > own_days:
            return answers
        answers.append(answer)
    raise _too_long(source)


def _own_days(data: dict[str, Any]) -> int:
    """Return the number of the event's own days; 0 if it doesn't state them."""
    item, _ = read(data, BackstageEvent)
    here, _ = read_zone(item.timezone)
    try:
        start, end = iso_utc(item.start_time or ""), iso_utc(item.end_time or "")
    except ValueError:
        return 0
    return (end.astimezone(here).date() - start.astimezone(here).date()).days + 1


def _too_long(source: BackstageSource) -> BadDataError:
    return BadDataError("agenda-too-long", event=source.event, days=_MOST_DAYS)
