"""The checks of ``zoho-bridge doctor``, from the machine outwards; each finding has its remedy.

They change nothing but the shared access token: no source is saved, nothing is published.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
import os
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import httpx

from bridge import config
from bridge.cli.context import Bridge, has_admin_pages, open_bridge
from bridge.cli.output import counted
from bridge.cli.zoho import open_refresher, parallel_reads, trial_window
from bridge.config.urls import mask_url
from bridge.domain.records import SourceState
from bridge.domain.source import PRODUCTS, Product, Source
from bridge.errors import (
    BridgeError,
    ConfigError,
    LoginError,
    NotYetError,
    ScopeError,
    StoreError,
    ZohoError,
)
from bridge.refresh.refresher import Refresher
from bridge.sources.registry import DISCOVERERS, fetch, parse
from bridge.store.health import feed_state
from bridge.store.links import LinkError
from bridge.worker import open_queue
from bridge.zoho.transport import USER_AGENT

_TIMEOUT = 10.0
_CLOCK_DOUBTFUL, _CLOCK_WRONG = timedelta(seconds=30), timedelta(minutes=5)
_HTTPS_REDIRECTS = (301, 308)
_PUBLIC = "public address"


class Finding(NamedTuple):
    """The result of one check: a sentence about its subject, with the remedy."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    text: str


def examine() -> Iterator[Finding | str]:
    """Yield a finding for each check, and before a check that takes time what it does.

    Checks that need something that is broken are skipped.
    """
    try:
        settings = config.load(os.environ)
    except ConfigError as error:
        yield from (Finding("fail", "settings", problem) for problem in error.problems)
        return
    feeds = counted(len(settings.feeds), "feed")
    if not settings.feeds:
        feeds = "a feed for each source that the account can see"
    yield Finding("ok", "settings", f"{settings.config_path or 'no bridge.toml'}, {feeds}")
    yield from (Finding("warn", "settings", warning) for warning in settings.warnings)
    yield check_time_zones(datetime.now(UTC))
    with httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": USER_AGENT}) as http:
        try:
            with open_bridge() as bridge:
                for warning in bridge.settings.warnings:
                    if warning not in settings.warnings:  # about the stored login
                        yield Finding("warn", "settings", warning)
                yield from _check_store(bridge)
                yield from _check_zoho(bridge, http)
        except (StoreError, ConfigError) as error:
            yield Finding("fail", "database", str(error))
        yield from check_public_address(settings.public_url, http)
    yield _check_admin_pages(settings)


def check_time_zones(now: datetime) -> Finding:
    """Check the age of the time zones; a tzdata release has the year of its zones: 2026.6."""
    release = version("tzdata")
    if int(release.partition(".")[0]) >= now.year - 1:
        return Finding("ok", "time zones", f"tzdata {release}")
    remedy = "clocks may be wrong: pip install --upgrade tzdata"
    return Finding("warn", "time zones", f"tzdata {release} is old, {remedy}")


def _check_store(bridge: Bridge) -> Iterator[Finding]:
    settings, feeds, links = bridge.settings, bridge.store.feeds.active(), bridge.store.links
    database = f"{mask_url(settings.database_url)}, {counted(len(feeds), 'feed')}"
    yield Finding("ok", "database", database)
    try:
        open_queue(settings.queue_url, settings.data_dir).storage.close()
        yield Finding("ok", "queue", mask_url(settings.queue_url) or f"in {settings.data_dir}")
    except BridgeError as error:
        yield Finding("fail", "queue", str(error))
    now = datetime.now(UTC)
    for link in (link for feed in feeds for link in links.of(feed.slug) if link.opens(now)):
        try:
            links.token(link)
        except LinkError as error:
            yield Finding("warn", "links", str(error))


def _check_zoho(bridge: Bridge, http: httpx.Client) -> Iterator[Finding | str]:
    settings = bridge.settings
    try:
        settings.zoho.require()
    except ConfigError as error:
        yield from (Finding("fail", "Zoho", problem) for problem in error.problems)
        return
    yield check_clock(settings.zoho.accounts_url, http)
    with open_refresher(bridge) as refresher:
        sources = [state.source for state in bridge.store.sources.states()]
        sources = sources or [source for feed in settings.feeds for source in feed.sources]
        origin = settings.origins.get("ZOHO_REFRESH_TOKEN", "the settings")
        for finding in _check_account(refresher, {source.kind for source in sources}, origin):
            yield finding
            if finding[:2] == ("fail", "token"):
                return
        with parallel_reads() as pool:
            reads = [pool.submit(_check_source, bridge, refresher, source) for source in sources]
            for number, (source, read) in enumerate(zip(sources, reads, strict=True), 1):
                yield f"Reading source {number} of {len(sources)}: {source.key}"
                yield read.result()


def check_clock(url: str, http: httpx.Client) -> Finding:
    """Compare this machine's clock with the clock of Zoho's login server."""
    host, before = urlsplit(url).hostname, datetime.now(UTC)
    try:
        theirs = parsedate_to_datetime(http.head(url).headers.get("Date", ""))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "check that this machine may connect to it"
        return Finding("fail", "clock", f"{host} can't be reached ({error}): {remedy}")
    except ValueError:
        return Finding("warn", "clock", f"{host} sends no time to compare with")
    away = abs(theirs - before)
    text = f"{away.total_seconds():.0f} s from Zoho's"
    if away >= _CLOCK_WRONG:
        return Finding("fail", "clock", f"{text}: set this machine's clock, and keep it set by NTP")
    if away >= _CLOCK_DOUBTFUL:
        return Finding("warn", "clock", f"{text}: keep this machine's clock set by NTP")
    return Finding("ok", "clock", text)


def _check_account(
    refresher: Refresher, used: set[Product], origin: str
) -> Iterator[Finding | str]:
    """Ask each product for its sources; a product that no feed reads may be closed."""
    results: dict[Product, int | ZohoError] = {}
    for product, discover in DISCOVERERS.items():
        yield f"Asking {PRODUCTS[product]} for its sources"
        try:
            results[product] = len(discover(refresher.api))
        except LoginError as error:
            yield Finding("fail", "token", str(error))
            return
        except ZohoError as error:
            results[product] = error
    if any(isinstance(result, int | ScopeError) for result in results.values()):
        text = f"Zoho issues access tokens for the refresh token (from: {origin})"
        yield Finding("ok", "token", text)
    for product, result in results.items():
        if isinstance(result, int):
            yield Finding("ok", PRODUCTS[product], f"{result} found")
        elif product in used or not used:
            yield Finding("fail", PRODUCTS[product], str(result))
        else:
            yield Finding("warn", PRODUCTS[product], f"{result} (No feed reads it.)")


def _check_source(bridge: Bridge, refresher: Refresher, source: Source) -> Finding:
    try:
        raw = fetch(source, refresher.api, trial_window())
        parse(source, raw, bridge.settings.zoho, ())
    except NotYetError as error:
        return Finding("ok", source.key, f"not checked: {error}")
    except ZohoError as error:
        return Finding("fail", source.key, str(error))
    states = [state for state in bridge.store.sources.states() if state.source.key == source.key]
    if states and states[0].is_ahead(datetime.now(UTC)):
        last = f"{states[0].last_attempt:%Y-%m-%d %H:%M} UTC"
        text = f"it can be read, but its last read is of {last}, in the future: a clock was ahead"
        remedy = "the worker reads it again; keep the clock right (NTP)"
        return Finding("warn", source.key, f"{text}. {remedy}")
    if states and feed_state(states, now=datetime.now(UTC)) == "late":
        remedy = "check that `zoho-bridge worker` (or serve) runs"
        return Finding(
            "warn", source.key, f"it can be read, but its last read is overdue: {remedy}"
        )
    if states and states[0].last_success:
        last = f"last read {states[0].last_success:%Y-%m-%d %H:%M} UTC"
        parts = (counted(states[0].events, "event"), last, *_news(states[0]))
        return Finding("ok", source.key, ", ".join(parts))
    return Finding("ok", source.key, "can be read")


def _news(state: SourceState) -> Iterator[str]:
    """Yield how the bridge learns of changes: the calendar's ctag, and the last webhook call."""
    if state.ctag.verdict:
        yield f"changes by probe: {state.ctag.verdict}"
    called = state.hook_called_at
    yield f"webhook last called {called:%Y-%m-%d %H:%M} UTC" if called else "webhook never called"


def _check_admin_pages(settings: config.Settings) -> Finding:
    if not has_admin_pages(settings):
        return Finding("warn", "admin pages", "there are none: set BRIDGE_ADMIN_PASSWORD")
    password = "the password opens /admin/, and " if settings.admin_password else ""
    link = "`zoho-bridge admin-link` prints a link that signs in once"
    return Finding("ok", "admin pages", f"{password}{link}")


def check_public_address(url: str, http: httpx.Client) -> Iterator[Finding]:
    """Check that the address for subscribers leads to this bridge."""
    if not url:
        effect = "only this machine can open feeds and pages"
        yield Finding("warn", _PUBLIC, f"BRIDGE_PUBLIC_URL is not set: {effect}")
        return
    try:
        robots, health = http.get(f"{url}/robots.txt"), http.get(f"{url}/healthz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "check that `zoho-bridge web` (or serve) runs, and the name, certificate and proxy"
        yield Finding("fail", _PUBLIC, f"{url} can't be reached from here ({error}): {remedy}")
        return
    if robots.is_redirect and robots.headers.get("Location", "") == f"{url}/robots.txt":
        remedy = (
            "set BRIDGE_TRUSTED_PROXIES to the number of proxies before the bridge, and make them "
            "set X-Forwarded-Proto"
        )
        yield Finding("fail", _PUBLIC, f"{url} redirects to itself without end: {remedy}")
    elif robots.status_code == httpx.codes.MISDIRECTED_REQUEST:
        remedy = (
            "make the proxy pass on the Host, or X-Forwarded-Host and set BRIDGE_TRUSTED_PROXIES "
            "to the number of proxies"
        )
        yield Finding("fail", _PUBLIC, f"{url} arrives at the bridge as another host: {remedy}")
    elif robots.is_redirect or "zoho-bridge" not in health.text:
        text = f"something else than the bridge answers at {url} ({robots.status_code})"
        yield Finding("fail", _PUBLIC, f"{text}: correct BRIDGE_PUBLIC_URL")
    else:
        yield Finding("ok", _PUBLIC, url)
        if url.startswith("https:") and not _redirects_to_https(url, http):
            effect = "webcal: links fail in Thunderbird and Evolution"
            yield Finding("warn", _PUBLIC, f"http, port 80, does not redirect to https: {effect}")


def _redirects_to_https(url: str, http: httpx.Client) -> bool:
    """Return whether plain http leads on, where ``webcal:`` links begin (rulebook H15)."""
    try:
        reply = http.get(f"http://{urlsplit(url).hostname}/robots.txt")
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return reply.status_code in _HTTPS_REDIRECTS
