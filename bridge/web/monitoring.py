"""``/healthz`` for machines that restart the bridge, ``/metrics`` for Prometheus.

The metrics come from the store, so all processes of all machines report the same. No token is in
them.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeAlias

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
import structlog

from bridge import __version__
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.health import feed_state
from bridge.web import session
from bridge.web.context import is_local_request, web

blueprint = Blueprint("monitoring", __name__)

NewGauge: TypeAlias = Callable[..., Gauge]

_FORMAT = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


@blueprint.get("/healthz")
def health() -> tuple[Response, int]:
    """Report that feeds can be served, and the most overdue source; 503 if they cannot.

    A source that Zoho does not serve is no reason to restart a web server, so it is still a 200.
    """
    now = datetime.now(UTC)
    try:
        since = _oldest_due(now)
    except StoreError as error:
        log.error("the database can't be used", error=str(error))  # noqa: TRY400 - no bug
        return jsonify(service="zoho-bridge", database="unreadable", oldest_overdue=None), 503
    overdue = None
    if since is not None:
        seconds = int((now - since).total_seconds())
        overdue = {"since": since.isoformat(timespec="seconds"), "seconds": seconds}
    return jsonify(service="zoho-bridge", database="ok", oldest_overdue=overdue), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Report sources, feeds and links, to this machine or with the admin's password."""
    if not is_local_request():
        _check_password()
    registry, store, now = CollectorRegistry(), web().store, datetime.now(UTC)

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"zoho_bridge_{name}", text, labels, registry=registry)

    gauge("info", "Version of the bridge.", "version").labels(__version__).set(1)
    _add_sources(gauge, store, now)
    _add_feeds(gauge, store, now)
    _add_use(gauge, store, now)
    return Response(generate_latest(registry), content_type=_FORMAT)


@blueprint.after_request
def _forbid_caching(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _check_password() -> None:
    if not web().settings.admin_password:
        abort(404)
    password = None
    with suppress(ValueError):  # the header may hold any bytes
        password = request.authorization.password if request.authorization else None
    is_right, wait = session.try_password(password) if password else (False, None)
    if wait:
        abort(429)
    if not is_right:
        headers = {"WWW-Authenticate": "Basic"}
        text = "Metrics are for the admin.\n"
        abort(Response(text, 401, headers, content_type="text/plain"))


def _oldest_due(now: datetime) -> datetime | None:
    sources = web().store.sources
    due = sources.due(now=now)
    return sources.state(due[0]).next_check_at if due else None


def _add_sources(gauge: NewGauge, store: Store, now: datetime) -> None:
    failing = gauge("source_failing", "1 while the source cannot be read.", "source")
    failures = gauge("source_failures", "Failed reads in a row.", "source")
    events = gauge("source_events", "Events of the source.", "source")
    rejections = gauge("source_rejections", "Events with problems.", "source")
    overdue = gauge("source_overdue_seconds", "Time since the next read was due.", "source")
    success = gauge("source_last_success_timestamp_seconds", "Last good read.", "source")
    for state in store.sources.states():
        key = state.source.key
        failing.labels(key).set(state.failing_since is not None)
        failures.labels(key).set(state.failures)
        events.labels(key).set(state.events)
        rejections.labels(key).set(state.rejections)
        overdue.labels(key).set(max(0.0, (now - state.next_check_at).total_seconds()))
        if state.last_success is not None:
            success.labels(key).set(state.last_success.timestamp())


def _add_feeds(gauge: NewGauge, store: Store, now: datetime) -> None:
    states = gauge("feed_state", "1 for the state of the feed.", "feed", "state")
    events = gauge("feed_events", "Events of the feed.", "feed")
    changed = gauge("feed_changed_timestamp_seconds", "Last change of the feed.", "feed")
    text = "Last poll with the link, to about a minute."
    used = gauge("link_used_timestamp_seconds", text, "feed", "link", "generation")
    by_key = {state.source.key: state for state in store.sources.states()}
    for feed in store.feeds.active():
        of_feed = [by_key[source.key] for source in feed.sources if source.key in by_key]
        states.labels(feed.slug, feed_state(of_feed, now=now)).set(1)
        head = store.publications.head(feed.slug, "default")
        if head is not None:
            events.labels(feed.slug).set(head.events)
            changed.labels(feed.slug).set(head.modified_at.timestamp())
        for link in store.links.of(feed.slug):
            if link.used_at is not None:
                labels = [feed.slug, link.label, str(link.generation)]
                used.labels(*labels).set(link.used_at.timestamp())


def _add_use(gauge: NewGauge, store: Store, now: datetime) -> None:
    due = gauge("sources_due", "Sources that wait for a worker.")
    due.set(len(store.sources.due(now=now)))
    text = "Time until the budget of requests to Zoho is unused again."
    budget = gauge("budget_busy_seconds", text, "product")
    for product, seconds in store.rate_limits.busy_seconds(now=now).items():
        budget.labels(product).set(seconds)
    polls = gauge("polls", "Polls since midnight UTC, by status.", "program", "status")
    for program, (count, unchanged) in store.readers.on(now.date()).items():
        polls.labels(program, "200").set(count - unchanged)
        polls.labels(program, "304").set(unchanged)
