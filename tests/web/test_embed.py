"""The embed: the only page that other sites may frame, and the parameters of its address."""

from datetime import UTC, date, datetime, timedelta
import gzip
from pathlib import Path
import re

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.agenda import AgendaItem
from bridge.feed.publication import EntryAgenda, Publication
from bridge.store import Store
from tests.served import document, web_app

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.fixture
def client(store: Store, tmp_path: Path, time_machine: TimeMachineFixture) -> FlaskClient:
    """A browser at two feeds with a stand-up at 9:15 in Berlin on every day of half a year."""
    time_machine.move_to(NOW, tick=False)
    source = CalendarSource(calendar="c")
    feeds = [
        Feed(slug="open", title="Open & free", sources=(source,), public=True),
        Feed(slug="team", title="T", sources=(source,)),
    ]
    store.feeds.replace(feeds, now=NOW)
    store.links.ensure("team", now=NOW)
    first = int(datetime(2026, 1, 1, 8, 15, tzinfo=UTC).timestamp())
    times = tuple((first + day * 86400, first + day * 86400 + 900) for day in range(181))
    stand_up = AgendaItem(
        uid="u-1", title="Stand-up", zone="Europe/Berlin", times=times, repeats=True
    )
    fair = AgendaItem(
        uid="u-2",
        title="Fair",
        all_day=True,
        times=((date(2026, 3, 20).toordinal(), date(2026, 3, 22).toordinal()),),
    )
    for feed in feeds:
        shown = [EntryAgenda(uid=card.uid, items=(card,)) for card in (stand_up, fair)]
        store.publications.publish(
            feed.slug, Publication(revision=0, documents=[document(b"x")], agenda=shown, now=NOW)
        )
    return web_app(store, tmp_path).test_client()


@pytest.fixture
def token(store: Store, client: FlaskClient) -> str:
    return store.links.token(store.links.of("team")[0])


def listed(text: str) -> list[str]:
    """Return the days of the list."""
    return re.findall(r'id="day-([0-9-]+)"', text)


def in_grid(text: str) -> list[str]:
    """Return the days of the month's weeks."""
    return re.findall(r'from=([0-9-]+)" rel="nofollow"><span class="unseen">', text)


def test_only_the_embedded_page_may_be_framed(client: FlaskClient, token: str) -> None:
    """By CSP frame-ancestors alone: browsers also obey X-Frame-Options."""
    for path in ("/feeds/open/embed", f"/f/{token}/embed"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors *")
        assert "X-Frame-Options" not in answer.headers
    for path in ("/", "/feeds/open/", f"/f/{token}/"):
        assert (
            client.get(path).headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        )


def test_it_has_the_security_headers_of_every_page(client: FlaskClient, token: str) -> None:
    """Rulebook H21: no cookie, no referrer, no index; and nothing is loaded from elsewhere."""
    headers = client.get(f"/f/{token}/embed").headers
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'self'; script-src 'self';"
    )


def test_an_unknown_or_secret_feed_is_not_shown(client: FlaskClient) -> None:
    for path in ("/feeds/team/embed", "/feeds/nothing/embed", f"/f/{'x' * 24}/embed"):
        assert client.get(path).status_code == 404


def test_the_list_covers_the_requested_days(client: FlaskClient) -> None:
    assert listed(client.get("/feeds/open/embed?days=1").text) == ["2026-03-10"]
    assert listed(client.get("/feeds/open/embed?days=7").text) == [
        f"2026-03-{day}" for day in range(10, 17)
    ]
    assert len(listed(client.get("/feeds/open/embed?days=92").text)) == 92


def test_absurd_numbers_of_days_are_thirty(client: FlaskClient) -> None:
    for days in ["0", "93", "-1", "1e3", "٣", "007", "", "9" * 5000, "\0"]:
        answer = client.get(f"/feeds/open/embed?days={days}")
        assert answer.status_code == 200
        assert len(listed(answer.text)) == 30


def test_the_colour_scheme_is_light_dark_or_the_readers(client: FlaskClient) -> None:
    for query, scheme in [
        ("", ""),
        ("scheme=auto", ""),
        ("scheme=dark", "dark"),
        ("scheme=light", "light"),
        ('scheme="><b>', ""),
        ("scheme=DARK", ""),
    ]:
        text = client.get(f"/feeds/open/embed?{query}").text
        assert re.findall(r'data-scheme="([^"]*)"', text) == ([scheme] if scheme else [])
        assert f'name="color-scheme" content="{scheme or "light dark"}"' in text
        assert "<b>" not in text


def test_the_title_can_be_hidden_except_for_screen_readers(client: FlaskClient) -> None:
    for query, hidden in (("", False), ("title=1", False), ("title=0", True), ("title=no", False)):
        text = client.get(f"/feeds/open/embed?{query}").text
        assert ('<h1 class="unseen">Open &amp; free</h1>' in text) == hidden
        assert ("<h1>Open &amp; free</h1>" in text) != hidden


def test_it_is_in_the_requested_language(client: FlaskClient) -> None:
    assert "Nächster Monat" in client.get("/feeds/open/embed?lang=de").text
    answer = client.get("/feeds/open/embed?lang=xx", headers={"Accept-Language": "de"})
    assert '<html lang="de"' in answer.text


def test_the_month_is_in_weeks_as_the_reader_counts_them(client: FlaskClient) -> None:
    """Germany begins weeks on Monday, the USA on Sunday (CLDR): March 2026 begins on a Sunday."""
    german = in_grid(client.get("/feeds/open/embed?lang=de-DE").text)
    american = in_grid(client.get("/feeds/open/embed?lang=en-US").text)
    assert (german[0], german[-1]) == ("2026-02-23", "2026-04-05")
    assert (american[0], american[-1]) == ("2026-03-01", "2026-04-04")


def test_the_months_are_turned_by_links(client: FlaskClient) -> None:
    """Without JavaScript; the choices of the frame stay in the links."""
    text = client.get("/feeds/open/embed?lang=en-GB&scheme=dark&view=month").text
    assert "March 2026" in text
    (following,) = re.findall(r'href="([^"]+)" aria-label="Next month"', text)
    choices = "lang=en-GB&amp;scheme=dark&amp;view=month"
    assert following == f"/feeds/open/embed?{choices}&amp;from=2026-04-01"
    april = client.get(following.replace("&amp;", "&")).text
    assert "April 2026" in april
    assert "from=2026-03-01" in april
    assert "from=2026-05-01" in april


def test_the_months_end_where_the_events_do(client: FlaskClient) -> None:
    """The stand-up is from 1 January to 30 June: there is no month before, and none after."""
    first = client.get("/feeds/open/embed?month=2026-01").text
    last = client.get("/feeds/open/embed?month=2026-06").text
    assert ("Previous month" in first, "Next month" in first) == (False, True)
    assert ("Previous month" in last, "Next month" in last) == (True, False)


def test_a_list_is_paged_by_its_days(client: FlaskClient) -> None:
    """Each page continues the one before, and the last has no link to a later one."""
    days, path = [], "/feeds/open/embed?days=50&from=2026-03-10"
    while True:
        text = client.get(path).text
        days += listed(text)
        following = re.search(r'href="([^"]+)#agenda">Later', text)
        if not following:
            break
        path = following[1].replace("&amp;", "&")
    expected = [date(2026, 3, 10) + timedelta(days=day) for day in range(113)]
    assert days == [day.isoformat() for day in expected]


def test_the_view_is_a_parameter(client: FlaskClient) -> None:
    for query, grid, rows in [
        ("", True, False),
        ("?view=month", True, False),
        ("?view=week", True, False),
        ("?view=list", False, True),
        ("?view=list&days=3", False, True),
        ("?days=3", False, True),
        ("?view=year", True, False),
    ]:
        text = client.get(f"/feeds/open/embed{query}").text
        assert ("week" in re.findall(r'<div class="(\w+)">', text), bool(listed(text))) == (
            grid,
            rows,
        )


def test_several_days_are_one_bar(client: FlaskClient) -> None:
    """The fair on Friday 20 and Saturday 21 March is one piece of two days."""
    text = client.get("/feeds/open/embed?lang=de-DE").text
    pieces = re.findall(r'<li class="(piece [^"]+ bar[^"]*)">', text)
    assert [piece.split()[:4] for piece in pieces] == [["piece", "c5", "s2", "r1"]]


def test_events_open_in_a_page_of_their_own(client: FlaskClient) -> None:
    """Other sites may frame the embed only, so its links to events open a new tab."""
    text = client.get("/feeds/open/embed").text
    links = re.findall(r'<a class="chip" href="([^"]+)" target="_blank" rel="noopener"', text)
    assert "event/u-2" in links
    assert "event/u-1?at=20260310T081500Z" in links
    answer = client.get("/feeds/open/event/u-1?at=20260310T081500Z")
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_an_absurd_month_is_this_one(client: FlaskClient) -> None:
    for month in ["2026-13", "2026-00", "0000-01", "9999-12", "2026-3", "now", "2026-03-01", "\0"]:
        answer = client.get(f"/feeds/open/embed?lang=en-GB&month={month}")
        assert answer.status_code == 200
        assert "March 2026" in answer.text


def test_absurd_steps_into_a_long_day_do_no_harm(client: FlaskClient) -> None:
    for skip in ["-1", "x", "9" * 5000, "٣", "\0", "1e3", "99"]:
        assert client.get(f"/feeds/open/embed?days=3&skip={skip}").status_code == 200


def test_a_day_with_too_many_events_shows_how_many_more(store: Store, client: FlaskClient) -> None:
    times = ((int(NOW.timestamp()), int(NOW.timestamp()) + 60),)
    more = tuple(
        AgendaItem(uid=f"m-{number}", title=f"More {number}", zone="UTC", times=times)
        for number in range(5)
    )
    shown = [EntryAgenda(uid=card.uid, items=(card,)) for card in more]
    store.publications.publish("open", Publication(revision=1, agenda=shown, now=NOW))
    text = client.get("/feeds/open/embed").text
    assert re.findall(r'class="more c2"><a href="([^"]+)" rel="nofollow">([^<]+)<', text) == [
        ("/feeds/open/embed?view=list&amp;from=2026-03-10", "2 more")
    ]


@pytest.mark.parametrize("view", ["list", "week", "month"])
def test_a_page_is_small_however_much_a_day_holds(
    store: Store, client: FlaskClient, view: str
) -> None:
    """At most 100 rows and 60 kB of gzip; the list's pages lead to every event, once each."""
    number = 450
    start = int(NOW.timestamp()) + 3600
    crowd = tuple(
        AgendaItem(
            uid=f"{n:032x}",
            title=f"{n} {'Ünique' * 9}",
            place="Hall " * 20,
            times=((start, start + n),),
        )
        for n in range(1, number + 1)
    )
    shown = [EntryAgenda(uid=card.uid, items=(card,)) for card in crowd]
    store.publications.publish("open", Publication(revision=1, agenda=shown, now=NOW))
    found: list[str] = []
    path = f"/feeds/open/embed?view={view}&days=1"
    while path:
        text = client.get(path).text
        rows = re.findall(r'href="event/([0-9a-f]{32})"', text)
        assert 0 < len(re.findall('href="event/', text)) <= 100
        assert len(gzip.compress(text.encode())) < 60_000
        found += rows
        later = re.search(r'href="([^"]+)#agenda">Later', text) if view == "list" else None
        path = later[1].replace("&amp;", "&") if later and len(found) < number else ""
    if view == "list":
        assert sorted(found) == [card.uid for card in crowd]
