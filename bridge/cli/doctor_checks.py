"""What ``zoho-bridge doctor`` looks at, from the inside out; each finding is one sentence with its remedy.

It reads, and changes nothing but the shared access token: no source is saved, nothing is published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
import os
from typing import Literal
from urllib.parse import urlsplit

import httpx

from bridge import config
from bridge.cli.context import Bridge, open_bridge
from bridge.cli.zoho import open_refresher
from bridge.config.urls import mask_url
from bridge.domain.feed import Window
from bridge.domain.source import Source
from bridge.errors import BridgeError, ConfigError, LoginError, ScopeError, StoreError, ZohoError
from bridge.refresh.refresher import Refresher
from bridge.sources.protocols import Product
from bridge.sources.registry import DISCOVERERS, fetch, parse
from bridge.store.health import feed_state
from bridge.store.links import LinkError
from bridge.worker import open_queue
from bridge.zoho.transport import USER_AGENT

_TIMEOUT = 10.0
_CLOCK_DOUBTFUL, _CLOCK_WRONG = timedelta(seconds=30), timedelta(minutes=5)
_A_LOOK = timedelta(
    days=7
)  # a source is read over a week: whether it can be read at all is the question
_HTTPS_REDIRECTS = (301, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor: how it stands with ``what``."""

    level: Literal["ok", "warn", "fail"]
    what: str
    said: str


def examine() -> Iterator[Finding]:
    """Look at everything that the settings lead to; what can't be looked at without something broken is left out."""
    try:
        settings = config.load(os.environ)
    except ConfigError as error:
        yield from (_fail("settings", problem) for problem in error.problems)
        return
    feeds = (
        f"{len(settings.feeds)} feeds"
        if settings.feeds
        else "a feed for each source that the account can see"
    )
    yield _ok("settings", f"{settings.config_path or 'no bridge.toml'}, {feeds}")
    yield from (_warn("settings", warning) for warning in settings.warnings)
    yield _zones(datetime.now(UTC))
    with httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": USER_AGENT}) as http:
        try:
            with open_bridge() as bridge:
                # What only shows beside the stored login.
                yield from (
                    _warn("settings", one)
                    for one in bridge.settings.warnings
                    if one not in settings.warnings
                )
                yield from _store(bridge)
                yield from _zoho(bridge, http)
        except (StoreError, ConfigError) as error:
            yield _fail("database", str(error))
        yield from _public_address(settings.public_url, http)


def _zones(now: datetime) -> Finding:
    release = version("tzdata")  # by the year of the zones in it: 2026.6
    if int(release.partition(".")[0]) < now.year - 1:
        return _warn(
            "time zones",
            f"tzdata {release} is old, clocks may be wrong: pip install --upgrade tzdata",
        )
    return _ok("time zones", f"tzdata {release}")


def _store(bridge: Bridge) -> Iterator[Finding]:
    feeds = bridge.store.feeds.active()
    yield _ok("database", f"{mask_url(bridge.settings.database_url)}, {len(feeds)} feeds")
    try:
        open_queue(bridge.settings.queue_url, bridge.settings.data_dir).storage.close()
        yield _ok("queue", mask_url(bridge.settings.queue_url) or f"in {bridge.settings.data_dir}")
    except BridgeError as error:
        yield _fail("queue", str(error))
    now = datetime.now(UTC)
    for link in (
        link for feed in feeds for link in bridge.store.links.of(feed.slug) if link.opens(now)
    ):
        try:
            bridge.store.links.token(link)
        except LinkError as error:
            yield _warn("links", str(error))


def _zoho(bridge: Bridge, http: httpx.Client) -> Iterator[Finding]:
    try:
        bridge.settings.zoho.require()
    except ConfigError as error:
        yield from (_fail("Zoho", problem) for problem in error.problems)
        return
    yield _clock(bridge.settings.zoho.accounts_url, http)
    with open_refresher(bridge) as refresher:
        sources = [state.source for state in bridge.store.sources.states()]
        sources = sources or [source for feed in bridge.settings.feeds for source in feed.sources]
        origin = bridge.settings.origins.get("ZOHO_REFRESH_TOKEN", "the settings")
        for finding in _account(refresher, {source.kind for source in sources}, origin):
            yield finding
            if finding.level == "fail" and finding.what == "token":
                return
        for source in sources:
            yield _source(bridge, refresher, source)


def _clock(url: str, http: httpx.Client) -> Finding:
    """Compare this machine's clock with that of Zoho's login server."""
    before = datetime.now(UTC)
    try:
        told = http.head(url).headers.get("Date", "")
        theirs = parsedate_to_datetime(told)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _fail(
            "clock",
            f"{urlsplit(url).hostname} can't be reached ({error}): see that this machine may.",
        )
    except ValueError:
        return _warn("clock", f"{urlsplit(url).hostname} does not say what time it is")
    away = abs(theirs - before)
    said = f"{away.total_seconds():.0f} s from Zoho's"
    if away >= _CLOCK_WRONG:
        return _fail("clock", f"{said}: set this machine's clock, and let it be kept right (NTP)")
    if away >= _CLOCK_DOUBTFUL:
        return _warn("clock", f"{said}: let this machine's clock be kept right (NTP)")
    return _ok("clock", said)


def _account(refresher: Refresher, used: set[Product], origin: str) -> Iterator[Finding]:
    """Ask each product for a token and what there is; a product that no feed reads may be closed."""
    results: dict[Product, int | ZohoError] = {}
    for product, discover in DISCOVERERS.items():
        try:
            results[product] = len(discover(refresher.api))
        except LoginError as error:
            yield _fail("token", str(error))
            return
        except ZohoError as error:
            results[product] = error
    if any(isinstance(result, int | ScopeError) for result in results.values()):
        yield _ok("token", f"Zoho gives access tokens for the refresh token (from: {origin})")
    for product, result in results.items():
        name = f"Zoho {product.capitalize()}"
        if isinstance(result, int):
            yield _ok(name, f"{result} found")
        elif product in used or not used:
            yield _fail(name, str(result))
        else:
            yield _warn(name, f"{result} (No feed reads it.)")


def _source(bridge: Bridge, refresher: Refresher, source: Source) -> Finding:
    now = datetime.now(UTC)
    window = Window(start=now.date(), end=now.date() + _A_LOOK)
    try:
        raw = fetch(source, refresher.api, window)
        parse(source, raw, bridge.settings.zoho, ())
    except ZohoError as error:
        return _fail(source.key, str(error))
    states = [state for state in bridge.store.sources.states() if state.source.key == source.key]
    if states and feed_state(states, now=now) == "late":
        late = "it can be read, but was not when it should have been: see that `zoho-bridge worker` (or serve) runs"
        return _warn(source.key, late)
    if states and states[0].last_success:
        return _ok(
            source.key,
            f"{states[0].events} events, last read {states[0].last_success:%Y-%m-%d %H:%M} UTC",
        )
    return _ok(source.key, "can be read")


def _public_address(url: str, http: httpx.Client) -> Iterator[Finding]:
    """See that the address which subscribers are given leads here."""
    what = "public address"
    if not url:
        yield _warn(
            what, "BRIDGE_PUBLIC_URL is not set: pages show whatever address they were called by"
        )
        return
    try:
        robots = http.get(f"{url}/robots.txt")
        health = http.get(f"{url}/healthz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"{url} can't be reached from here ({error}): see that `zoho-bridge web` (or serve) runs, and check "
        yield _fail(what, said + "the name, the certificate and the proxy")
        return
    if robots.is_redirect and robots.headers.get("Location", "") == f"{url}/robots.txt":
        said = f"{url} leads to itself without end: set BRIDGE_TRUSTED_PROXIES to the number of proxies before the "
        yield _fail(what, said + "bridge, and let them set X-Forwarded-Proto")
        return
    if robots.is_redirect or "zoho-bridge" not in health.text:
        said = f"something else than the bridge answers at {url} ({robots.status_code}): correct BRIDGE_PUBLIC_URL"
        yield _fail(what, said)
        return
    yield _ok(what, url)
    if url.startswith("https:"):
        yield from _plain_http(url, http)


def _plain_http(url: str, http: httpx.Client) -> Iterator[Finding]:
    """See where ``webcal:`` leads, which begins on http in three clients (rulebook H15)."""
    plain = f"http://{urlsplit(url).hostname}/robots.txt"
    try:
        answer = http.get(plain)
    except (httpx.HTTPError, httpx.InvalidURL):
        answer = None
    if answer is None or answer.status_code not in _HTTPS_REDIRECTS:
        said = "http, port 80, does not lead to https: links that begin with webcal: fail in Thunderbird and Evolution"
        yield _warn("public address", said)


def _ok(what: str, said: str) -> Finding:
    return Finding(level="ok", what=what, said=said)


def _warn(what: str, said: str) -> Finding:
    return Finding(level="warn", what=what, said=said)


def _fail(what: str, said: str) -> Finding:
    return Finding(level="fail", what=what, said=said)
