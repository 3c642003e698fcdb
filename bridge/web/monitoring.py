"""``/healthz`` for machines that restart the bridge, ``/metrics`` for Prometheus.

The metrics come from the store, so all processes of all machines report the same. No token is in
them.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
import structlog

from bridge import __version__
from bridge.errors import StoreError
from bridge.store import Store
from bridge.store.health import feed_state
from bridge.web import session
from bridge.web.context import is_local_request, web

blueprint = Blueprint("monitoring", __name__)

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
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_StoreCollector(web().store))
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


class _StoreCollector(Collector):
    """The metrics of all sources, feeds and links in the store; unknown values are left out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return every metric with its current values."""
        info = _gauge("info", "Version of the bridge.", "version")
        info.add_metric([__version__], 1)
        now = datetime.now(UTC)
        return [info, *self._sources(now), *self._feeds(now), *self._use(now)]

    def _sources(self, now: datetime) -> Iterable[GaugeMetricFamily]:
        failing = _gauge("source_failing", "1 while the source cannot be read.", "source")
        failures = _gauge("source_failures", "Failed reads in a row.", "source")
        events = _gauge("source_events", "Events of the source.", "source")
        rejections = _gauge("source_rejections", "Events with problems.", "source")
        overdue = _gauge("source_overdue_seconds", "Time since the next read was due.", "source")
        success = _gauge("source_last_success_timestamp_seconds", "Last good read.", "source")
        for state in self._store.sources.states():
            labels = [state.source.key]
            failing.add_metric(labels, state.failing_since is not None)
            failures.add_metric(labels, state.failures)
            events.add_metric(labels, state.events)
            rejections.add_metric(labels, state.rejections)
            overdue.add_metric(labels, max(0.0, (now - state.next_check_at).total_seconds()))
            if state.last_success is not None:
                success.add_metric(labels, state.last_success.timestamp())
        return failing, failures, events, rejections, overdue, success

    def _feeds(self, now: datetime) -> Iterable[GaugeMetricFamily]:
        states = _gauge("feed_state", "1 for the state of the feed.", "feed", "state")
        events = _gauge("feed_events", "Events of the feed.", "feed")
        changed = _gauge("feed_changed_timestamp_seconds", "Last change of the feed.", "feed")
        text = "Last poll with the link, to about a minute."
        used = _gauge("link_used_timestamp_seconds", text, "feed", "link", "generation")
        by_key = {state.source.key: state for state in self._store.sources.states()}
        for feed in self._store.feeds.active():
            of_feed = [by_key[source.key] for source in feed.sources if source.key in by_key]
            states.add_metric([feed.slug, feed_state(of_feed, now=now)], 1)
            head = self._store.publications.head(feed.slug, "default")
            if head is not None:
                events.add_metric([feed.slug], head.events)
                changed.add_metric([feed.slug], head.modified_at.timestamp())
            for link in self._store.links.of(feed.slug):
                if link.used_at is not None:
                    labels = [feed.slug, link.label, str(link.generation)]
                    used.add_metric(labels, link.used_at.timestamp())
        return states, events, changed, used

    def _use(self, now: datetime) -> Iterable[GaugeMetricFamily]:
        due = _gauge("sources_due", "Sources that wait for a worker.")
        due.add_metric([], len(self._store.sources.due(now=now)))
        text = "Time until the budget of requests to Zoho is unused again."
        budget = _gauge("budget_busy_seconds", text, "product")
        for product, seconds in self._store.rate_limits.busy_seconds(now=now).items():
            budget.add_metric([product], seconds)
        polls = _gauge("polls", "Polls since midnight UTC, by status.", "program", "status")
        for program, (count, unchanged) in self._store.readers.on(now.date()).items():
            polls.add_metric([program, "200"], count - unchanged)
            polls.add_metric([program, "304"], unchanged)
        return due, budget, polls


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"zoho_bridge_{name}", text, labels=labels)
