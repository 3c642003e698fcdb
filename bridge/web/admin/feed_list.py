"""The list of all feeds, each with its status in a sentence."""

from flask import Response

from bridge.web.admin.blueprint import blueprint, now
from bridge.web.admin.feed_status import feed_status, problem_events, source_titles
from bridge.web.context import web
from bridge.web.html_response import admin_response

_MOST_PROBLEMS = 50


@blueprint.get("/")
def overview() -> Response:
    """List the feeds, with their failures and the time of the next try."""
    at, store = now(), web().store
    rows = store.feeds.all()
    events = problem_events(s.source.key for s in store.sources.states() if s.rejections)
    return admin_response(
        "admin.html",
        feeds=[feed_status(row, at=at) for row in rows if row.active],
        removed=[row.feed for row in rows if row.by_admin and not row.active],
        problem_events=events[:_MOST_PROBLEMS],
        more_problems=max(len(events) - _MOST_PROBLEMS, 0),
        titles=source_titles(),
        now=at,
    )
