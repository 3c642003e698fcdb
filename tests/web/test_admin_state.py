"""The status on the admin pages: states of feeds, events with problems, subscribers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import html
from pathlib import Path
import re
from typing import Any, Literal

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.feed import Feed
from bridge.domain.problems import Problem, problem, text_problem
from bridge.domain.records import EventToSave
from bridge.domain.rejection import Rejection
from bridge.domain.source import AvailableSource, CalendarSource, ConnectSource, Source
from bridge.feed.publication import Publication
from bridge.store import Store
from bridge.store.readers import Polls
from bridge.store.sources import LONG_AGO
from bridge.web.admin.feed_page import ALWAYS_RUNNING
from bridge.web.usage import PROGRAMS
from tests.served import csrf_token, document, first_match, web_app

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOURCE, OTHER = CalendarSource(calendar="c"), CalendarSource(calendar="d")
ERROR = "Zoho's login is refused: run `zoho-bridge login`."


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def served(store: Store) -> Store:
    store.feeds.replace(
        [
            Feed(slug="team", title="Team", sources=(SOURCE,)),
            Feed(slug="both", title="Both", sources=(SOURCE, OTHER)),
        ],
        now=NOW,
    )
    return store


@pytest.fixture
def client(served: Store, tmp_path: Path) -> FlaskClient:
    return web_app(served, tmp_path, open_admin=True).test_client()


def read(
    store: Store,
    at: datetime,
    *,
    source: Source = SOURCE,
    due: timedelta = 15 * MINUTE,
    rejected: Sequence[Rejection] = (),
    notes: Sequence[Problem] = (),
    warning: Problem | None = None,
    **changes: Any,
) -> None:
    store.sources.claim(source.key, holder="t", now=at, term=MINUTE)
    assert store.sources.succeed(
        source.key,
        holder="t",
        now=at,
        next_check_at=at + due,
        **{"saved": (), "rejected": rejected, "notes": notes, "warning": warning} | changes,
    )


def fail(store: Store, at: datetime, *, due: timedelta = 30 * MINUTE) -> None:
    store.sources.claim(SOURCE.key, holder="t", now=at, term=MINUTE)
    store.sources.fail(
        SOURCE.key, holder="t", now=at, next_check_at=at + due, error=text_problem(ERROR)
    )


def hold(store: Store, at: datetime, **changes: Any) -> None:
    warning = text_problem("Half of them are gone.")
    read(store, at, due=10 * MINUTE, warning=warning, **changes)


def publish(store: Store, slug: str = "team", *, at: datetime = NOW, events: int = 128) -> None:
    made = [replace(document(b"BEGIN:VCALENDAR\r\n"), modified_at=at, events=events)]
    assert store.publications.publish(slug, Publication(revision=0, documents=made, now=at))


def content(client: FlaskClient, path: str = "/admin/", *, lang: str = "en-GB") -> str:
    """Return the text of a page's content, as a person reads it."""
    text = client.get(path, query_string={"lang": lang}).text
    body = first_match(r"(<main.*</main>)", text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def card(client: FlaskClient, title: str = "Team") -> str:
    """Return the text about one feed in the list."""
    after = content(client).split(f" {title} ", 1)[1]
    return re.split(r" (?:Both|Events with problems) ", after)[0]


# --- states


def test_a_fresh_feed_shows_its_last_read_and_number_of_events(
    client: FlaskClient, served: Store
) -> None:
    read(served, NOW - 4 * MINUTE)
    publish(served)
    assert card(client).startswith("Fresh Read 4 minutes ago; 128 events. team · 1 source · 1 link")


def test_a_late_feed_points_to_the_worker(client: FlaskClient, served: Store) -> None:
    read(served, NOW - 55 * MINUTE)
    publish(served)
    text = card(client)
    assert text.startswith("Late")
    assert "It should have been read 40 minutes ago. Check that the worker is running." in text


def test_a_failing_feed_shows_since_when_why_and_the_next_try(
    client: FlaskClient, served: Store
) -> None:
    """With the remedy in the error's sentence, and what subscribers see meanwhile."""
    read(served, NOW - 5 * HOUR)
    publish(served)
    fail(served, NOW - 3 * HOUR)
    fail(served, NOW - 8 * MINUTE)
    text = card(client)
    assert text.startswith("Failing Last complete read 5 hours ago; 128 events.")
    assert re.search(
        r"Zoho has been unreachable since 10 Mar 2026, 09:00\s+\(3 hours ago\)\.", text
    )
    assert (
        f"{ERROR} Next try in 22 minutes. Subscribers see the events read 10 Mar 2026, 07:00"
        in text
    )
    assert html.escape(ERROR, quote=False).replace(chr(39), "&#39;") in client.get("/admin/").text


def test_an_overdue_failing_feed_points_to_the_worker(client: FlaskClient, served: Store) -> None:
    fail(served, NOW - 3 * HOUR, due=MINUTE)
    assert "The next try was due 3 hours ago. Check that the worker is running." in card(client)
    assert "It has never been read" in card(client)


def test_a_read_that_is_held_back_shows_its_reason(client: FlaskClient, served: Store) -> None:
    read(served, NOW - 20 * MINUTE)
    hold(served, NOW - 4 * MINUTE)
    publish(served)
    text = card(client)
    assert text.startswith("Fresh")
    assert (
        "Held back Removals have been held back since 10 Mar 2026, 11:56 : "
        "Half of them are gone." in text
    )
    assert "Next read in 6 minutes." in text


def test_an_admin_can_confirm_a_sudden_loss(client: FlaskClient, served: Store) -> None:
    """Then the next read removes what it misses, and is due now; nothing is removed before."""
    button = "Remove missing events now"
    uids = ("gone", "there")
    row = EventToSave(
        uid="", upstream_id="", content_hash="", payload=b"", cancelled_since=None, ends_at=None
    )
    read(served, NOW - 20 * MINUTE, saved=[replace(row, uid=uid) for uid in uids])
    assert button not in content(client, "/admin/feeds/team/")
    hold(served, NOW - 4 * MINUTE, missing=["gone"])
    assert button in content(client, "/admin/feeds/team/")
    form = {"csrf": csrf_token(client, "/admin/feeds/team/")}
    assert client.post("/admin/feeds/team/confirm-loss").status_code == 403
    assert SOURCE.key not in served.sources.due(now=NOW)
    assert client.post("/admin/feeds/team/confirm-loss", data=form).status_code == 303
    index = served.sources.index(SOURCE.key)
    assert {uid: index[uid].missing_since for uid in uids} == {"gone": LONG_AGO, "there": None}
    assert SOURCE.key in served.sources.due(now=NOW)
    assert "a new read removes the events that it doesn't find" in content(
        client, "/admin/feeds/team/"
    )


def test_a_source_that_is_not_held_has_no_loss_to_confirm(
    client: FlaskClient, served: Store
) -> None:
    read(served, NOW - 4 * MINUTE)
    form = {"csrf": csrf_token(client, "/admin/feeds/team/")}
    client.post("/admin/feeds/team/confirm-loss", data=form)
    assert SOURCE.key not in served.sources.due(now=NOW)


def test_a_new_feed_shows_what_comes_next(client: FlaskClient) -> None:
    assert "Publishing. Ready within a minute." in card(client)
    assert "Not read yet. Ready within a minute." in card(client)


def test_an_overdue_new_feed_points_to_the_worker(
    client: FlaskClient, clock: TimeMachineFixture
) -> None:
    clock.move_to(NOW + 40 * MINUTE, tick=False)
    assert (
        "Not read yet. It should have been read 40 minutes ago. Check that the worker is running."
        in card(client)
    )


def test_a_merged_feed_is_as_old_as_its_oldest_source(client: FlaskClient, served: Store) -> None:
    read(served, NOW - 4 * MINUTE)
    publish(served, "both", events=1)
    assert "Some sources have not been read yet; 1 event." in card(client, "Both")
    read(served, NOW - 9 * MINUTE, source=OTHER)
    assert "Read 9 minutes ago; 1 event. both · 2 sources · 1 link" in card(client, "Both")


def test_the_list_counts_the_feeds_that_need_attention(client: FlaskClient, served: Store) -> None:
    for source in (SOURCE, OTHER):
        read(served, NOW, source=source)
    assert "All 2 feeds are up to date." in content(client)
    fail(served, NOW)
    assert "2 of 2 feeds need attention." in content(client)


def test_a_feeds_page_shows_the_state_of_each_source(client: FlaskClient, served: Store) -> None:
    read(served, NOW - 4 * MINUTE, notes=[text_problem("An attachment was left out.")])
    fail(served, NOW - MINUTE)
    publish(served, "both")
    text = content(client, "/admin/feeds/both/")
    assert f"(1 minute ago). {ERROR} Next try in 29 minutes." in text
    assert "An attachment was left out." in text
    assert "Zoho Calendar d New Zoho Calendar Not read yet. Ready within a minute." in text


# --- events with problems


def test_events_with_problems_are_listed_unpublished_ones_first(
    client: FlaskClient, served: Store
) -> None:
    """With the event's title, Zoho's id, the source, the reason, and its page if Zoho names it."""
    rejected = [
        replace(rejection("repaired", "kept-1", "Its end was missing."), url="https://zoho.test/1"),
        rejection("dropped", "out-1", "Its start is no date.", title="Fire drill"),
        rejection("dropped", "out-2", "It has no time."),
        rejection("dropped", "", "It has no id."),
    ]
    read(served, NOW, rejected=rejected)
    for path in ("/admin/", "/admin/feeds/team/", "/admin/feeds/both/"):
        text = content(client, path).split("Events with problems", 1)[1]
        badges = "(Not published|Published with corrections)"
        advice = r"(?:Correct the event|Check how) .*? Open Zoho Calendar Team"
        rows = re.findall(rf"{badges} (.*?)\. {advice}(?: · ID in Zoho: (\S+))?", text)
        assert rows == [
            ("Not published", "Fire drill Its start is no date", "out-1"),
            ("Not published", "Without a title It has no time", "out-2"),
            ("Not published", "Without a title It has no id", ""),
            (
                "Published with corrections",
                "Without a title Its end was missing",
                "kept-1",
            ),
        ]
    links = re.findall(r'<a href="([^"]+)"[^>]*>Open the event</a>', client.get("/admin/").text)
    assert links == ["https://zoho.test/1"]


def test_the_list_finds_feeds_by_name_slug_and_source_and_filters_by_state(
    client: FlaskClient, served: Store
) -> None:
    """Without JavaScript, by the parameters of a GET. Case and accents do not count."""
    group = ConnectSource(network="1", group="2")
    served.feeds.add(Feed(slug="cafe", title="Café", sources=(group,)), now=NOW)
    name = AvailableSource(source=group, title="Kitchen", within="Zillum")
    served.feeds.name_sources([name])
    read(served, NOW)
    publish(served)

    def found(**query: str) -> list[str]:
        text = client.get("/admin/", query_string=query).text
        return re.findall(r'<h2><a href="/admin/feeds/([a-z]+)/"', text)

    assert found() == ["team", "both", "cafe"]
    assert [found(q=text) for text in ("CAFE", "kitchen", "bot", "nothing")] == [
        ["cafe"],
        ["cafe"],
        ["both"],
        [],
    ]
    assert found(state="fresh") == ["team"]
    assert found(state="attention") == ["both", "cafe"]
    assert found(sort="name") == ["both", "cafe", "team"]
    assert found(sort="events", state="bogus")[0] == "team"
    assert "1 of 3 feeds." in client.get("/admin/?q=cafe").text


def test_a_feed_without_an_address_needs_attention(client: FlaskClient, served: Store) -> None:
    for source in (SOURCE, OTHER):
        read(served, NOW, source=source)
    served.links.revoke("team", None, now=NOW)
    assert "1 of 2 feeds needs attention." in content(client)
    assert "No address No program can read it." in card(client)


def test_pages_name_sources_as_zoho_does(client: FlaskClient, served: Store) -> None:
    """Also a source of several groups, by the names of all; never by a key alone."""
    groups = ConnectSource(network="1", group="2,3")
    names = {"2": "Kitchen", "3": "Garden"}
    served.feeds.add(Feed(slug="all", title="All", sources=(groups, OTHER)), now=NOW)
    served.feeds.name_sources(
        AvailableSource(
            source=ConnectSource(network="1", group=group), title=title, within="Zillum"
        )
        for group, title in names.items()
    )
    for path in ("/admin/feeds/new", "/admin/feeds/all/"):
        text = content(client, path)
        assert "Zillum: Kitchen, Zillum: Garden" in text
        assert "Zoho Calendar d" in text


def test_one_source_of_a_feed_is_refreshed_alone(client: FlaskClient, served: Store) -> None:
    for source in (SOURCE, OTHER):
        read(served, NOW, source=source)
    assert served.sources.due(now=NOW) == ()
    form = {"csrf": csrf_token(client, "/admin/feeds/both/"), "source": OTHER.key}
    assert client.post("/admin/feeds/both/refresh", data=form).status_code == 303
    assert served.sources.due(now=NOW) == (OTHER.key,)
    form["source"] = "calendar:of-another-feed"
    client.post("/admin/feeds/team/refresh", data=form)
    assert served.sources.due(now=NOW) == (OTHER.key,)


def rejection(
    kind: Literal["dropped", "repaired"], upstream_id: str, text: str, title: str = ""
) -> Rejection:
    problems = (text_problem(text),)
    return Rejection(kind=kind, upstream_id=upstream_id, title=title, problems=problems)


# --- subscribers


def poll(
    served: Store,
    program: str,
    ago: timedelta,
    *,
    link: str | None = None,
    day: date | None = None,
) -> None:
    polls = Polls(
        slug="team",
        link=served.links.of("team")[0].token_hash if link is None else link,
        program=program,
        polls=4,
        unchanged=3,
        last_at=NOW - ago,
        day=day or NOW.date(),
    )
    served.readers.count([polls])


def readers(client: FlaskClient) -> str:
    text = content(client, "/admin/feeds/team/").split(" Subscribers ", 1)[1]
    return text.split("Counted over", 1)[0].strip()


def test_a_stale_calendar_is_explained(client: FlaskClient, served: Store) -> None:
    """Rulebook, table of clients: Google polls every 4 to 24 hours."""
    publish(served, at=NOW - 6 * HOUR)
    poll(served, "Google Calendar", 5 * HOUR)
    assert readers(client) == (
        "default Google Calendar last checked 5 hours ago. It checks for updates every 4 to 24 "
        "hours; you can't force a refresh. Last check 10 Mar 2026, 07:00 · 4 checks a day · "
        "75% unchanged (304)"
    )


def test_a_program_without_a_poll_since_the_last_change_is_marked(
    client: FlaskClient, served: Store
) -> None:
    publish(served, at=NOW - 4 * HOUR)
    poll(served, "Google Calendar", 5 * HOUR)
    assert (
        "It has not checked since the calendar last changed, so it can't show that change yet."
        in readers(client)
    )


def test_a_program_that_is_silent_for_longer_than_its_interval_is_marked(
    client: FlaskClient, served: Store
) -> None:
    publish(served, at=NOW - 4 * HOUR)
    yesterday = NOW.date() - 2 * DAY
    poll(served, "Google Calendar", 2 * DAY, day=yesterday)
    poll(served, "Thunderbird", 2 * DAY, day=yesterday)
    google, thunderbird = readers(client).split("Thunderbird last checked")
    assert "This is longer than usual" in google
    assert (
        "This is longer than usual" not in thunderbird
    )  # it only asks while somebody's computer is on


def test_readers_are_listed_by_link_the_public_address_first(
    client: FlaskClient, served: Store
) -> None:
    publish(served)
    served.links.add("team", "Sales", now=NOW)
    served.links.revoke("team", "default", now=NOW)
    by_label = {link.label: link.token_hash for link in served.links.of("team")}
    poll(served, "Other", HOUR, link=by_label["default"])
    poll(served, "Evolution", HOUR, link=by_label["Sales"])
    poll(served, "Nextcloud", HOUR, link="")
    poll(served, "curl", HOUR, link="f" * 64)  # of no link that the feed has
    text = readers(client)
    assert re.findall(r"(Public address|Sales|default Revoked) (\S+)", text) == [
        ("Public address", "Nextcloud"),
        ("Sales", "Evolution"),
        ("default Revoked", "Another"),
    ]


def test_without_readers_the_page_shows_a_sentence(client: FlaskClient) -> None:
    assert readers(client) == "No calendar program has checked this feed in the last 7 days."


def test_programs_with_a_longest_interval_are_programs_of_the_user_agent_table() -> None:
    assert set(ALWAYS_RUNNING) <= PROGRAMS


# --- German


def test_the_pages_are_german_on_request(client: FlaskClient, served: Store) -> None:
    """Sentences of problems are translated too."""
    read(served, NOW - 4 * MINUTE, notes=[problem("duplicate-id")])
    fail(served, NOW - MINUTE)
    publish(served)
    poll(served, "Google Calendar", 5 * HOUR)
    text = content(client, lang="de")
    assert "Zoho hat den Termin beim selben Lesen zweimal" in text
    assert "Zuletzt vollständig gelesen vor 4 Minuten; 128 Termine." in text
    assert "Nächster Versuch in 29 Minuten." in text
    page = content(client, "/admin/feeds/team/", lang="de")
    assert "75 % unverändert" in page.replace("\xa0", " ")
    assert 'lang="de"' in client.get("/admin/?lang=de").text
