"""Stored verifications: the last of each source and feed, and their section of the admin page."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge import config
from bridge.domain.feed import Feed
from bridge.domain.problems import dump, problem, to_plain
from bridge.domain.source import CalendarSource
from bridge.store import Store
from bridge.store.verifications import Verification
from bridge.web import create_app
from tests import zoho_sandbox
from tests.clock import NOW

TODAY = NOW.date()
HOUR = timedelta(hours=1)
US = CalendarSource(calendar=zoho_sandbox.US)
WORK = CalendarSource(calendar=zoho_sandbox.WORK)
FEED = Feed(slug="work", title="Work", sources=(WORK, US))
SHIFTED = {
    "kind": "shifted",
    "upstream_id": "a@zoho.com",
    "title": "<b>Call</b>",
    "start": "2026-03-10T09:00:00+00:00",
    "end": "2026-03-10T10:00:00+00:00",
    "shown_title": "Call",
    "shown_start": "2026-03-10T08:00:00+00:00",
    "shown_end": "2026-03-10T09:00:00+00:00",
}


def verification(
    key: str = WORK.key,
    at: datetime = NOW,
    *,
    differing: int = 0,
    details: dict[str, Any] | None = None,
    error: str = "",
) -> Verification:
    return Verification(
        source_key=key,
        slug=FEED.slug,
        at=at,
        first_day=TODAY,
        last_day=TODAY + timedelta(days=31),
        equal=7,
        differing=differing,
        details={"notes": ["ö"]} if details is None else details,
        error=error,
    )


def section(store: Store, folder: Path, slug: str = FEED.slug) -> str:
    """Return the admin page of a feed, from its section on verifications on."""
    environ = {"BRIDGE_DATA_DIR": str(folder), "BRIDGE_SECRET_KEY": "k" * 40}
    client = create_app(config.load(environ), store, open_admin=True).test_client()
    page = client.get(f"/admin/feeds/{slug}/").text
    _, _, after = page.partition('aria-labelledby="verification"')
    return after


def test_the_last_verification_of_each_source_is_kept(any_store: Store) -> None:
    any_store.feeds.replace([FEED], now=NOW)
    any_store.verifications.save([verification(), verification(US.key, error="Zoho was away.")])
    any_store.verifications.save([verification(at=NOW + HOUR, differing=1)])
    assert any_store.verifications.of("work") == (
        verification(US.key, error="Zoho was away."),
        verification(at=NOW + HOUR, differing=1),
    )
    assert any_store.verifications.of("other") == ()
    assert any_store.verifications.last() == {WORK.key: NOW + HOUR, US.key: NOW}


def test_a_verification_is_claimed_by_one_process_and_again_when_it_is_due(
    any_store: Store,
) -> None:
    any_store.feeds.replace([FEED], now=NOW)

    def claim(hours: int) -> bool:
        now = NOW + hours * HOUR
        return any_store.verifications.begin(WORK.key, "", now=now, not_since=now - 23 * HOUR)

    assert [claim(hours) for hours in (0, 1, 23, 24)] == [True, False, True, False]


def test_the_admin_page_shows_the_last_verification_of_a_feed(store: Store, tmp_path: Path) -> None:
    """Differences with times in UTC, omissions with their reasons, and errors; text is escaped."""
    store.feeds.replace([FEED], now=NOW)
    left_out = [{"reason": to_plain(problem("event-cancelled")), "count": 4}]
    details = {"differences": [SHIFTED], "left_out": left_out}
    away = dump(problem("text", text="Zoho was <away>."))
    store.verifications.save(
        [verification(differing=3, details=details), verification(US.key, error=away)]
    )
    shown = section(store, tmp_path)
    assert "7 equal, 3 different" in shown
    assert "2026-03-10 09:00 – 2026-03-10 10:00 UTC &lt;b&gt;Call&lt;/b&gt;" in shown
    assert "2026-03-10 08:00 – 2026-03-10 09:00 UTC Call" in shown
    assert "2 more." in shown
    assert "(4):" in shown
    assert "The event is cancelled." in shown
    assert "Zoho was &lt;away&gt;." in shown


def test_the_sentences_of_an_older_release_are_shown(store: Store, tmp_path: Path) -> None:
    """Older releases stored reasons, notes and errors as English sentences."""
    store.feeds.replace([FEED], now=NOW)
    details = {
        "differences": [SHIFTED | {"kind": "unreadable", "reason": "It has no start."}],
        "left_out": [{"reason": "the event is cancelled", "count": 4}],
        "notes": ["The feed has what was read before."],
    }
    store.verifications.save(
        [verification(differing=1, details=details), verification(US.key, error="Zoho was away.")]
    )
    shown = section(store, tmp_path)
    assert "It has no start." in shown
    assert "the event is cancelled" in shown
    assert "The feed has what was read before." in shown
    assert "Zoho was away." in shown


def test_a_feed_without_verifications_has_no_section(store: Store, tmp_path: Path) -> None:
    store.feeds.replace([Feed(slug="other", title="Other", sources=(WORK,))], now=NOW)
    assert section(store, tmp_path, "other") == ""
