"""For whoever watches the bridge: ``/healthz`` for machines that restart it, ``/metrics`` for Prometheus.

The metrics come from the store, so that every process of every machine gives the same ones. They hold no token.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, jsonify, request
import structlog

from bridge import __version__
from bridge.errors import StoreError
from bridge.web import session
from bridge.web.context import from_this_machine, web

blueprint = Blueprint("operation", __name__)

_PREFIX = "zoho_bridge"
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

log = structlog.get_logger()


@blueprint.get("/healthz")
def health() -> tuple[Response, int]:
    """Say that feeds can be served, and since when the most overdue source waits to be read; 503 if they can't.

    A source that Zoho does not give is no reason to restart a web server, so it is none for a 503.
    """
    try:
        since = _oldest_overdue(datetime.now(UTC))
    except StoreError as error:
        log.error("the database can't be used", error=str(error))  # noqa: TRY400 - an outage, not a bug: no traceback
        return jsonify(service="zoho-bridge", database="unreadable", oldest_overdue=None), 503
    overdue = None
    if since is not None:
        seconds = int((datetime.now(UTC) - since).total_seconds())
        overdue = {"since": since.isoformat(timespec="seconds"), "seconds": seconds}
    return jsonify(service="zoho-bridge", database="ok", oldest_overdue=overdue), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Give the state of sources, feeds and links to this machine, or to whoever sends the admin's password."""
    if not from_this_machine():
        _ask_for_password()
    return Response("".join(_lines(datetime.now(UTC))), content_type=_FORMAT)


@blueprint.after_request
def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask_for_password() -> None:
    if not web().settings.admin_password:
        abort(404)
    given = request.authorization.password if request.authorization else None
    known, wait = session.attempt(given) if given else (False, None)
    if wait:
        abort(429)
    if not known:
        abort(
            Response(
                "Metrics are for the admin.\n",
                401,
                {"WWW-Authenticate": "Basic"},
                content_type="text/plain",
            )
        )


def _oldest_overdue(now: datetime) -> datetime | None:
    sources = web().store.sources
    due = sources.due(now=now)
    return sources.state(due[0]).next_check_at if due else None


def _lines(now: datetime) -> Iterable[str]:
    store = web().store
    yield from _gauge("info", "The version that answers.", [({"version": __version__}, 1)])
    states = [({"source": state.source.key}, state) for state in store.sources.states()]
    for name, text, values in (
        (
            "failing",
            "1 while the source can't be read.",
            [(k, int(s.failing_since is not None)) for k, s in states],
        ),
        ("failures", "Failed reads in a row.", [(k, s.failures) for k, s in states]),
        ("events", "Events that the source holds.", [(k, s.events) for k, s in states]),
        (
            "rejections",
            "Events that did not come across whole.",
            [(k, s.rejections) for k, s in states],
        ),
        (
            "overdue_seconds",
            "Since when it should have been read.",
            [(k, _since(s.next_check_at, now)) for k, s in states],
        ),
        (
            "last_success_timestamp_seconds",
            "The last good read.",
            [(k, _unix(s.last_success)) for k, s in states],
        ),
    ):
        yield from _gauge(f"source_{name}", text, values)
    feeds = store.feeds.active()
    heads = [({"feed": feed.slug}, store.publications.head(feed.slug, "default")) for feed in feeds]
    yield from _gauge(
        "feed_events",
        "Events that the feed shows.",
        [(k, head.events) for k, head in heads if head],
    )
    changed = [(k, _unix(head.modified_at)) for k, head in heads if head]
    yield from _gauge(
        "feed_changed_timestamp_seconds", "The last change of what the feed shows.", changed
    )
    used = [
        (
            {"feed": feed.slug, "link": link.label, "generation": str(link.generation)},
            _unix(link.used_at),
        )
        for feed in feeds
        for link in store.links.of(feed.slug)
    ]
    yield from _gauge("link_used_timestamp_seconds", "The last poll, to a minute or so.", used)


def _gauge(
    name: str, text: str, values: Iterable[tuple[Mapping[str, str], float | None]]
) -> Iterable[str]:
    """Write one metric in Prometheus' text format; what is not known is left out."""
    yield f"# HELP {_PREFIX}_{name} {text}\n# TYPE {_PREFIX}_{name} gauge\n"
    for labels, value in values:
        if value is not None:
            written = ",".join(
                f'{label}="{content.translate(_ESCAPES)}"' for label, content in labels.items()
            )
            yield f"{_PREFIX}_{name}{{{written}}} {value:.15g}\n"


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _since(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())
