"""Pages for subscribers: deep links as in the rulebook, agenda, languages, zones, no secrets."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import re
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge import config
from bridge.config import Settings
from bridge.domain.feed import Feed
from bridge.domain.problems import text_problem
from bridge.domain.rejection import Rejection
from bridge.domain.source import CalendarSource
from bridge.feed.agenda import AgendaItem
from bridge.feed.publication import EntryAgenda, Publication
from bridge.store import Store
from bridge.web import create_app
from bridge.web.urls import subscribe_links
from tests.served import document

GetPage: TypeAlias = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture, now: datetime) -> None:
    time_machine.move_to(now, tick=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(
        {
            "BRIDGE_DATA_DIR": str(tmp_path),
            "BRIDGE_SECRET_KEY": "k" * 40,
            "BRIDGE_PUBLIC_URL": "https://calendars.example.org",
        }
    )


def client_of(settings: Settings, store: Store, *, open_admin: bool = False) -> FlaskClient:
    """A browser at the bridge's public address."""
    app = create_app(settings, store, open_admin=open_admin)
    # What Flask's test client requests.
    app.config |= {"SERVER_NAME": "calendars.example.org", "PREFERRED_URL_SCHEME": "https"}
    return app.test_client()


@pytest.fixture
def served(store: Store, now: datetime) -> Store:
    source = CalendarSource(calendar="c")
    feeds = [
        Feed(slug="team", title="Team & <Friends>", sources=(source,)),
        Feed(slug="open", title="Open", sources=(source,), public=True),
    ]
    store.feeds.replace(feeds, now=now)
    for feed in feeds:
        store.links.ensure(feed.slug, now=now)
        show(store, feed.slug)
    return store


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def item(
    title: str = "Stand-up",
    start: str = "2026-03-11 08:15",
    end: str = "2026-03-11 08:30",
    **more: Any,
) -> AgendaItem:
    values = {
        "uid": f"uid-{title}",
        "zone": "Europe/Berlin",
        "times": ((at(start), at(end)),),
        **more,
    }
    return AgendaItem(title=title, **values)


def show(store: Store, slug: str, *items: AgendaItem, revision: int = 0) -> None:
    """Publish a feed with an agenda."""
    agenda = [EntryAgenda(uid=item.uid, items=(item,)) for item in items]
    assert store.publications.publish(
        slug,
        Publication(
            revision=revision,
            documents=[document(b"body")] if items else [],
            agenda=agenda,
            now=datetime(2026, 3, 10, tzinfo=UTC),
        ),
    )


@pytest.fixture
def get_page(served: Store, settings: Settings) -> GetPage:
    """Return the public feed's page, for a query and headers."""
    client = client_of(settings, served)

    def get(query: str = "", **headers: str) -> TestResponse:
        return client.get(f"/feeds/open/{query}", headers=headers)

    return get


def test_the_deep_links_are_those_of_the_rulebook() -> None:
    """Rulebook part 3: webcal for Google, https for Outlook, each encoded once."""
    url = "https://calendars.example.org/f/tok-en_/team.ics"
    links = subscribe_links(url, "Team & more")
    assert links["webcal"] == "webcal://calendars.example.org/f/tok-en_/team.ics"
    assert links["google"] == (
        "https://calendar.google.com/calendar/r?cid="
        "webcal%3A%2F%2Fcalendars.example.org%2Ff%2Ftok-en_%2Fteam.ics"
    )
    encoded = "https%3A%2F%2Fcalendars.example.org%2Ff%2Ftok-en_%2Fteam.ics"
    assert (
        links["outlook"]
        == f"https://outlook.live.com/calendar/0/addfromweb?url={encoded}&name=Team%20%26%20more"
    )
    assert (
        links["office"]
        == f"https://outlook.office.com/calendar/0/addfromweb?url={encoded}&name=Team%20%26%20more"
    )
    assert parse_qs(urlsplit(links["outlook"]).query) == {"url": [url], "name": ["Team & more"]}
    assert links["download"] == url + "?download=1"


def test_a_secret_feeds_page_shows_its_address_and_escapes_its_title(
    served: Store, settings: Settings
) -> None:
    token = served.links.token(served.links.of("team")[0])
    answer = client_of(settings, served).get(f"/f/{token}/")
    assert answer.status_code == 200
    assert f"https://calendars.example.org/f/{token}/team.ics" in answer.text
    assert "Team &amp; &lt;Friends&gt;" in answer.text
    assert "<Friends>" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


def test_a_public_feeds_page_holds_no_token(served: Store, settings: Settings) -> None:
    answer = client_of(settings, served).get("/feeds/open/")
    assert "https://calendars.example.org/feeds/open.ics" in answer.text
    assert "/f/" not in answer.text


def test_the_page_shows_since_when_zoho_is_unreachable(
    served: Store, settings: Settings, now: datetime
) -> None:
    served.sources.claim("calendar:c", holder="w", now=now, term=timedelta(minutes=1))
    served.sources.fail(
        "calendar:c", holder="w", now=now, next_check_at=now, error=text_problem("internal detail")
    )
    text = client_of(settings, served).get("/feeds/open/").text
    assert "Zoho has been unreachable since" in text
    assert "10 Mar 2026, 09:30" in text
    assert "internal detail" not in text


def test_the_list_is_closed_without_a_password(served: Store, settings: Settings) -> None:
    client = client_of(settings, served)
    assert client.get("/admin/").status_code == 404
    assert "team" not in client.get("/").text.lower()


def test_the_demos_list_shows_feeds_rejections_and_failures(
    served: Store, settings: Settings, now: datetime
) -> None:
    for outcome in ("succeed", "fail"):
        served.sources.claim("calendar:c", holder="w", now=now, term=timedelta(minutes=1))
        if outcome == "succeed":
            dropped = [
                Rejection(
                    kind="dropped", upstream_id="up-1", problems=(text_problem("It has no start."),)
                )
            ]
            served.sources.succeed(
                "calendar:c",
                holder="w",
                now=now,
                next_check_at=now,
                saved=[],
                removed=[],
                rejected=dropped,
                notes=[text_problem("n1")],
            )
        else:
            served.sources.fail(
                "calendar:c",
                holder="w",
                now=now,
                next_check_at=now,
                error=text_problem("Zoho is down."),
            )
    text = client_of(settings, served, open_admin=True).get("/admin/").text
    for part in ("Team &amp; &lt;Friends&gt;", "up-1", "It has no start.", "Zoho is down.", "n1"):
        assert part in text


def test_an_address_with_a_switch_keeps_it_in_every_link() -> None:
    links = subscribe_links("https://c.example/feeds/a.ics?alarms=off", "A")
    assert links["download"] == "https://c.example/feeds/a.ics?alarms=off&download=1"
    assert links["webcal"] == "webcal://c.example/feeds/a.ics?alarms=off"
    assert parse_qs(urlsplit(links["google"]).query)["cid"] == [links["webcal"]]


def test_the_agenda_shows_each_day_once_in_the_feeds_own_zone(
    get_page: GetPage, served: Store
) -> None:
    """Most events are in Berlin, so its hours are shown: 08:15 UTC is 09:15 there in winter."""
    days = item(
        title="Fair",
        all_day=True,
        zone="UTC",
        times=((date(2026, 3, 11).toordinal(), date(2026, 3, 13).toordinal()),),
    )
    show(
        served,
        "open",
        item(place="Room 1"),
        item(title="Elsewhere", zone="Asia/Tokyo"),
        item(title="Once more"),
        days,
        revision=1,
    )
    text = get_page().text
    assert 'data-zone="Europe/Berlin"' in text
    assert re.findall(r'id="day-([0-9-]+)"', text) == ["2026-03-11", "2026-03-12"]
    assert "Wednesday, 11 March" in text
    assert "09:15" in text
    assert "08:15" not in text.replace("08:15:00", "")
    assert "Day 1 of 2" in text
    assert "Day 2 of 2" in text
    event = get_page("event/uid-Elsewhere?zone=Europe/Berlin").text
    assert "17:15" in event
    assert "(Tokyo)" in event
    assert "(Tokyo)" not in get_page("event/uid-Elsewhere").text  # in the event's own zone
    assert "(Berlin)" not in get_page("event/uid-Stand-up?zone=Europe/Rome").text  # the same clocks


def test_an_unknown_zone_changes_nothing(get_page: GetPage, served: Store) -> None:
    show(served, "open", item(), revision=1)
    for zone in ["Europe/Nowhere", "../etc/passwd", "", "x" * 5000, "Factory"]:
        assert 'data-zone="Europe/Berlin"' in get_page(f"?zone={zone}").text


def test_another_zone_moves_the_days(get_page: GetPage, served: Store) -> None:
    """23:30 in Berlin is the next morning in Tokyo."""
    show(served, "open", item(start="2026-03-11 22:30", end="2026-03-11 22:45"), revision=1)
    assert 'id="day-2026-03-11"' in get_page().text
    text = get_page("?zone=Asia/Tokyo").text
    assert 'id="day-2026-03-12"' in text
    assert "07:30" in text


def test_dates_are_formatted_for_the_reader(get_page: GetPage, served: Store) -> None:
    """CLDR: German days are full weekdays, US hours have am and pm."""
    show(served, "open", item(start="2026-03-11 14:00", end="2026-03-11 15:00"), revision=1)
    german = get_page(**{"Accept-Language": "fr-FR,de-AT;q=0.8,en;q=0.5"})
    assert 'lang="de-AT"' in german.text
    assert "Mittwoch, 11. März" in german.text
    assert "Abonnieren" in german.text
    assert "Accept-Language" in german.headers["Vary"]
    american = get_page(**{"Accept-Language": "en-US"}).text
    assert "Wednesday, March 11" in american
    assert "3:00\u202fPM" in american
    french = get_page(**{"Accept-Language": "fr"}).text
    assert 'lang="en-150"' in french
    assert "15:00" in french


def test_the_language_is_the_addresss_then_the_browsers(get_page: GetPage) -> None:
    for requested, accepted, language in [
        ("de", "en-GB", "de"),
        ("de", "en-GB,de-CH", "de-CH"),
        ("en", "de-DE", "en"),
        ("en-GB", "en-US", "en-GB"),
        ("tlh", "de", "de"),
        ("de-Latn-AT-1996", "", "de-AT"),
        ("de_XX", "", "de"),
        ("de\0", "en-GB", "en-GB"),
        ("", "*", "en-150"),
        ("", "de;q=0,fr", "en-150"),
        ("", "en;q=0.1,de;q=0.2", "de"),
    ]:
        query = f"?lang={requested}" if requested else ""
        assert f'<html lang="{language}"' in get_page(query, **{"Accept-Language": accepted}).text


def test_choices_stay_in_the_links_of_the_page(get_page: GetPage, served: Store) -> None:
    show(served, "open", item(), revision=1)
    text = get_page("?lang=de&zone=Asia/Tokyo&alarms=off").text
    (switch,) = re.findall(r'<a href="([^"]+)" rel="nofollow">Mit Erinnerungen', text)
    assert parse_qs(urlsplit(switch.replace("&amp;", "&")).query) == {
        "lang": ["de"],
        "zone": ["Asia/Tokyo"],
    }
    assert 'href="/?lang=de&amp;zone=Asia/Tokyo"' in text


def test_texts_of_events_cannot_change_the_page(get_page: GetPage, served: Store) -> None:
    """Texts are escaped and only web addresses are links: a guest may have written them."""
    evil = "<script>alert(1)</script>"
    show(
        served,
        "open",
        item(
            uid="evil",
            title=evil,
            place=evil,
            description=f"{evil} see https://example.org/a?b=1&c=2.\nSecond line",
            url="javascript:alert(1)",
            join_url='https://meet.example.org/x?a=1&b="2"',
        ),
        revision=1,
    )
    text = get_page().text
    event = get_page("event/evil")
    assert event.status_code == 200
    assert "<script>alert" not in text + event.text
    assert "javascript:" not in text + event.text
    assert 'href="https://example.org/a?b=1&amp;c=2"' in event.text
    assert 'href="https://meet.example.org/x?a=1&amp;b=&#34;2&#34;"' in event.text
    assert "script-src 'self';" in event.headers["Content-Security-Policy"]
    assert " style=" not in (text + event.text).replace('style="border:0"', "").replace(
        "style=&#34;border:0&#34;", ""
    )


def test_each_event_can_be_downloaded_alone(
    get_page: GetPage, served: Store, settings: Settings
) -> None:
    show(served, "open", item(uid="a-b"), revision=1)
    assert 'href="/feeds/open/a-b.ics?download=1" download' in get_page("event/a-b").text
    show(served, "team", item(uid="a-b"), revision=1)
    token = served.links.token(served.links.of("team")[0])
    text = client_of(settings, served).get(f"/f/{token}/event/a-b").text
    assert f'href="/f/{token}/team/a-b.ics?download=1" download' in text


def test_only_about_a_page_of_events_is_shown_and_the_rest_is_one_link_away(
    get_page: GetPage, served: Store
) -> None:
    """Whole days, in order, none twice, none left out."""
    every = tuple(
        (at(f"2026-03-{day:02} {hour}:00"), at(f"2026-03-{day:02} {hour}:30"))
        for day in range(11, 31)
        for hour in (10, 12, 14)
    )
    far = item(title="Far away", start="2027-02-01 10:00", end="2027-02-01 11:00")
    show(served, "open", item(times=every), far, revision=1)
    days, query = [], ""
    while True:
        text = get_page(query).text
        days += re.findall(r'id="day-([0-9-]+)"', text)
        following = re.search(r'href="/feeds/open/(\?from=[0-9-]+)#agenda">Later', text)
        if not following:
            break
        query = following[1]
    assert days == [f"2026-03-{day}" for day in range(11, 31)] + ["2027-02-01"]


def test_an_implausible_day_is_today(get_page: GetPage, served: Store) -> None:
    show(served, "open", item(), revision=1)
    for day in ["", "yesterday", "2026-02-30", "9999-12-31", "0001-01-01", "2026-03-11\0"]:
        answer = get_page(f"?from={day}")
        assert answer.status_code == 200
        assert "Next events" in answer.text


def test_the_reminders_switch_is_missing_if_a_feed_has_no_reminders(
    get_page: GetPage, served: Store, now: datetime
) -> None:
    assert "With reminders" in get_page().text
    silent = Feed(
        slug="open",
        title="Open",
        sources=(CalendarSource(calendar="c"),),
        public=True,
        alarms=False,
    )
    served.feeds.replace([silent], now=now)
    assert "With reminders" not in get_page().text
    assert "open.ics?alarms=off" not in get_page("?alarms=off").text


def test_the_qr_code_is_the_pages_address(get_page: GetPage) -> None:
    """It has no style of its own, and differs for another address."""
    text = get_page().text
    drawn = re.findall(r"<svg [^>]*segno.*?</svg>", text, re.DOTALL)
    assert len(drawn) == 1
    assert "style" not in drawn[0]
    other = get_page("?alarms=off").text
    assert re.findall(r"<svg [^>]*segno.*?</svg>", other, re.DOTALL) != drawn
