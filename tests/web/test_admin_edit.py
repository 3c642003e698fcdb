"""Feeds of the admin's own: the forms that create, edit, remove and restore them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import html
from itertools import count
from pathlib import Path
import re

from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarProfile, CalendarSource, ConnectSource
from bridge.domain.source_rule import Condition, SourceRule
from bridge.publish.pending import activate_feeds, publish_pending
from bridge.publish.publisher import publish
from bridge.store import Store
from tests.factories import event, put
from tests.served import csrf_token, first_match, web_app

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORK, PORTAL = CalendarSource(calendar="c=="), BackstageSource(portal="1", event="2", brand="x&y")
GROUP, RETIRED = ConnectSource(group="3", network="4"), CalendarSource(calendar="retired")
BOTH = [WORK.key, PORTAL.key]


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def configured() -> list[Feed]:
    return [
        Feed(slug="work", title="Work <of all>", sources=(WORK,)),
        Feed(slug="all", title="All", sources=(WORK, PORTAL, GROUP)),
    ]


@pytest.fixture
def served(store: Store, configured: list[Feed]) -> Store:
    activate_feeds(
        store, [*configured, Feed(slug="old", title="Old", sources=(RETIRED,))], now=START
    )
    activate_feeds(store, configured, now=START)
    return store


@pytest.fixture
def client(served: Store, tmp_path: Path) -> FlaskClient:
    return client_of(served, tmp_path)


def client_of(served: Store, tmp_path: Path, **settings: str) -> FlaskClient:
    return web_app(served, tmp_path, open_admin=True, environ=settings).test_client()


Form = Mapping[str, str | list[str]]


def send(client: FlaskClient, path: str, data: Form | None = None) -> TestResponse:
    form = {"csrf": csrf_token(client, "/admin/feeds/new"), **(data or {})}
    return client.post(f"/admin/feeds/{path}", data=form)


def create(client: FlaskClient, **data: str | list[str]) -> TestResponse:
    form: Form = {"title": "Sales & more", "source": BOTH, "privacy": "full", "alarms": "true"}
    return send(client, "new", {**form, **data})


def new_feed(served: Store, configured: list[Feed]) -> Feed:
    (feed,) = [feed for feed in served.feeds.active() if feed not in configured]
    return feed


def field(text: str, name: str) -> str:
    return html.unescape(first_match(rf'<input id="{name}"[^>]* value="([^"]*)"', text))


def checked(text: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'value="([^"]*)" checked', text)]


def problems(text: str) -> dict[str, str]:
    return dict(re.findall(r'<p class="problem" id="([a-z]+)-problem">([^<]+)</p>', text))


# --- creating


def test_every_known_source_is_offered_by_its_name(client: FlaskClient) -> None:
    """Grouped by product; sources that no feed uses are in a section of their own."""
    text = client.get("/admin/feeds/new").text
    offered = [html.unescape(value) for value in re.findall(r'name="source" value="([^"]*)"', text)]
    assert offered == [PORTAL.key, WORK.key, GROUP.key, RETIRED.key]
    assert re.findall(r"<legend>(Zoho \w+)</legend>", text) == [
        "Zoho Backstage",
        "Zoho Calendar",
        "Zoho Connect",
        "Zoho Calendar",
    ]
    assert "Work &lt;of all&gt;" in text
    assert checked(text) == ["full"]


def test_a_new_feed_has_the_values_of_the_form_and_an_address(
    client: FlaskClient, served: Store, configured: list[Feed]
) -> None:
    answer = create(client, slug="sales", privacy="busy", public="1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/feeds/sales/")
    feed = new_feed(served, configured)
    assert feed == Feed(
        slug="sales",
        title="Sales & more",
        sources=(WORK, PORTAL),
        privacy="busy",
        alarms=True,
        public=True,
    )
    assert len(served.links.of("sales")) == 1
    assert set(served.sources.due(now=START)) >= set(BOTH)


def test_a_feed_can_have_no_reminders(
    client: FlaskClient, served: Store, configured: list[Feed]
) -> None:
    create(client, title="Sales", alarms="false")
    feed = new_feed(served, configured)
    assert (feed.slug, feed.alarms, feed.public) == ("sales", False, False)


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Sales & more", "sales-more"), ("All", "all-2"), ("Old", "old-2"), ("פגישות", "calendar")],
)
def test_an_empty_address_is_derived_from_the_name(
    client: FlaskClient, served: Store, configured: list[Feed], title: str, slug: str
) -> None:
    """As docs/decisions.md says for discovered sources; an address is never used twice."""
    create(client, title=title, slug=" ")
    assert new_feed(served, configured).slug == slug


def test_a_new_feed_is_shown_as_publishing_until_the_worker_publishes_it(
    client: FlaskClient, served: Store
) -> None:
    create(client, slug="sales")
    text = client.get("/admin/feeds/sales/").text
    assert "Publishing." in text
    assert "Feed created." in text
    address = first_match(r'value="http://localhost(/f/[^"]+\.ics)"', text)
    assert client.get(address).status_code == 404
    publish_pending(served, now=START)
    assert client.get(address).data.startswith(b"BEGIN:VCALENDAR")
    assert "Publishing." not in client.get("/admin/feeds/sales/").text


def test_a_new_feed_survives_a_restart_with_other_settings(
    client: FlaskClient, served: Store, tmp_path: Path, configured: list[Feed]
) -> None:
    create(client, slug="sales")
    feed = new_feed(served, configured)
    activate_feeds(served, [Feed(slug="else", title="Else", sources=(GROUP,))], now=START)
    text = client_of(served, tmp_path).get("/admin/").text
    assert "Sales &amp; more" in text
    assert f"/admin/feeds/{configured[0].slug}/" not in text
    assert feed in served.feeds.active()


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"title": ""}, {"title"}),
        ({"title": "two\nlines"}, {"title"}),
        ({"title": "x" * 256}, {"title"}),
        ({"slug": "Größe"}, {"slug"}),
        ({"slug": "a/b"}, {"slug"}),
        ({"slug": "x" * 65}, {"slug"}),
        ({"slug": "work"}, {"slug"}),
        ({"slug": "old"}, {"slug"}),
        ({"source": []}, {"sources"}),
        ({"source": [WORK.key, "calendar:never-heard-of"]}, {"sources"}),
        ({"title": " ", "slug": "WORK", "source": []}, {"title", "slug", "sources"}),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_no_input_is_lost(
    client: FlaskClient, served: Store, data: Form, wrong: set[str]
) -> None:
    before = served.feeds.all()
    typed: dict[str, str | list[str]] = {
        "title": "Sales & <more>",
        "slug": "sales",
        "source": BOTH,
        "privacy": "busy",
        "public": "1",
        **data,
    }
    answer = send(client, "new", typed)
    assert answer.status_code == 200
    assert problems(answer.text).keys() == wrong
    # The list at the top leads to the fields, in the order they are seen.
    linked = re.findall(r'<li><a href="#(\w+)">', answer.text)
    assert linked == [name for name in ("title", "slug", "sources") if name in wrong]
    for name in wrong:
        assert re.search(
            rf'aria-describedby="{name}-problem [^"]*" aria-invalid="true"', answer.text
        )
    assert field(answer.text, "title") == typed["title"]
    assert field(answer.text, "slug") == typed["slug"]
    known = [key for key in typed["source"] if key in BOTH]
    assert sorted(checked(answer.text)) == sorted([*known, "busy", "1"])
    assert served.feeds.all() == before


def test_an_address_too_long_for_google_is_refused(
    served: Store, tmp_path: Path, configured: list[Feed]
) -> None:
    """256 characters at most, those of host and token included (rulebook H16)."""
    root = "https://" + ".".join(["a" * 49] * 4)
    client = client_of(served, tmp_path, BRIDGE_PUBLIC_URL=root)
    csrf = csrf_token(client, "/admin/feeds/new", root)
    fits = 256 - len(f"{root}/f/{'x' * 24}/.ics")
    for length, status in ((fits + 1, 200), (fits, 303)):
        data = {"csrf": csrf, "title": "T", "slug": "s" * length, "source": BOTH}
        answer = client.post("/admin/feeds/new", data=data, base_url=root)
        assert answer.status_code == status
        if status == 200:
            assert "256 characters" in problems(answer.text)["slug"]
    address = client.get(f"/admin/feeds/{'s' * fits}/", base_url=root).text
    assert max(len(url) for url in re.findall(r'value="(https://[^"]+\.ics)"', address)) == 256


def test_a_feed_can_have_a_thousand_sources(
    client: FlaskClient, served: Store, configured: list[Feed]
) -> None:
    """A form is read up to 256 KiB here; keys of Connect are about 40 bytes long."""
    many = tuple(
        ConnectSource(group=str(929000000439015 + n), network="929000000015001")
        for n in range(1000)
    )
    served.feeds.replace([*configured, Feed(slug="many", title="Many", sources=many)], now=START)
    assert create(client, slug="sales", source=[source.key for source in many]).status_code == 303
    assert served.feeds.active()[-1].sources == many


def test_a_feed_that_is_called_new_has_its_page(
    client: FlaskClient, served: Store, configured: list[Feed]
) -> None:
    served.feeds.replace(
        [*configured, Feed(slug="new", title="Brand new", sources=(WORK,))], now=START
    )
    assert "<h1>Brand new</h1>" in client.get("/admin/feeds/new/").text
    assert "<h1>New feed</h1>" in client.get("/admin/feeds/new").text


def test_the_form_sets_every_setting_of_a_feed(
    client: FlaskClient, served: Store, configured: list[Feed]
) -> None:
    """And shows all of them again: saving the form unchanged changes nothing."""
    data = {
        "past": "3",
        "future": "30",
        "cancelled": "drop",
        "exceptions": "recurrence-id",
        "show_private": "1",
        "alarms": "nearest",
        "reminder": "15m",
        "duplicates": "keep",
        "color": "#8cbf40",
        "public": "1",
        "indexed": "1",
        f"prefix {WORK.key}": "Ops: ",
        f"only-words {WORK.key}": "launch\r\n\r\npress*\r\n",
        f"without-categories {WORK.key}": "Lunch",
        f"all_day {WORK.key}": "without",
        f"declined {WORK.key}": "only",
    }
    assert create(client, slug="sales", **data).status_code == 303
    feed = new_feed(served, configured)
    only = Condition(words=("launch", "press*"), declined=True)
    without = Condition(categories=("Lunch",), all_day=True)
    assert feed == Feed(
        slug="sales",
        title="Sales & more",
        sources=(WORK, PORTAL),
        public=True,
        alarms="nearest",
        reminder=timedelta(minutes=15),
        past=timedelta(days=3),
        future=timedelta(days=30),
        exceptions="recurrence-id",
        cancelled="drop",
        show_private=True,
        duplicates="keep",
        indexed=True,
        color="#8cbf40",
        rules=(SourceRule(source=WORK.key, prefix="Ops: ", only=only, without=without),),
    )
    assert send(client, "sales/edit", fields(client, "sales")).status_code == 303
    assert new_feed(served, configured) == feed


def fields(client: FlaskClient, slug: str) -> dict[str, str | list[str]]:
    """Return what a browser sends of the form of a feed."""
    text = client.get(f"/admin/feeds/{slug}/edit").text
    data: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = first_match(r'name="([^"]*)"', tag), first_match(r'value="([^"]*)"', tag)
        if "checkbox" not in tag and "radio" not in tag:
            data[html.unescape(name)] = html.unescape(value)
    for name, options in re.findall(
        r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        data[html.unescape(name)] = first_match(r'value="([^"]*)" selected', options)
    for name, lines in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>([^<]*)<', text):
        data[html.unescape(name)] = html.unescape(lines)
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)" checked', text):
        values = data.setdefault(name, [])
        assert isinstance(values, list)
        values.append(html.unescape(value))
    del data["csrf"]
    return data


def test_a_preview_lists_what_the_rules_leave_out_and_saves_nothing(
    client: FlaskClient, served: Store
) -> None:
    put(served, START, event("1", title="Lunch & talk"), event("2", title="Launch"), source=WORK)
    before = served.feeds.all()
    data: Form = {"title": "T", "source": [WORK.key], f"without-words {WORK.key}": "lunch"}
    text = send(client, "new", {**data, "preview": "1"}).text
    assert "The rules leave out 1 event." in text
    assert re.findall("<li>([^<]*L[^<]*)</li>", text) == ["Lunch &amp; talk"]
    assert served.feeds.all() == before


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("past", "3651", "past"),
        ("future", "0", "future"),
        ("color", "red", "color"),
        ("reminder", "soon", "reminder"),
        (f"only-words {WORK.key}", "*", "rules"),
        (f"prefix {WORK.key}", "x" * 61, "rules"),
        ("slug", "-x", "slug"),
        ("slug", "new", "slug"),
    ],
)
def test_a_setting_that_the_file_would_refuse_is_refused(
    client: FlaskClient, served: Store, name: str, value: str, wrong: str
) -> None:
    before = served.feeds.all()
    assert problems(create(client, **{name: value}).text).keys() == {wrong}
    assert served.feeds.all() == before


# --- editing


@pytest.fixture
def stored(client: FlaskClient, served: Store) -> Store:
    create(client, slug="sales")
    publish_pending(served, now=START)
    client.get("/admin/feeds/sales/")  # shows and clears the message of the last action
    return served


def test_the_form_shows_the_current_values(client: FlaskClient, stored: Store) -> None:
    text = client.get("/admin/feeds/sales/edit").text
    assert field(text, "title") == "Sales & more"
    assert set(checked(text)) == {*BOTH, "full"}
    assert 'name="slug"' not in text


def test_an_edited_feed_keeps_its_address_and_each_setting_without_a_field(
    client: FlaskClient, stored: Store, configured: list[Feed]
) -> None:
    feed = new_feed(stored, configured)
    stored.feeds.change(
        Feed(slug="sales", title="T", sources=feed.sources, past=timedelta(days=3)), now=START
    )
    publish_pending(stored, now=START)
    links = stored.links.of("sales")
    data: Form = {
        "title": "Now",
        "slug": "other",
        "source": [GROUP.key, PORTAL.key],
        "privacy": "busy",
        "alarms": "false",
    }
    assert send(client, "sales/edit", data).status_code == 303
    changed = new_feed(stored, configured)
    assert changed == Feed(
        slug="sales",
        title="Now",
        sources=(PORTAL, GROUP),  # what was there stays in front
        privacy="busy",
        alarms=False,
        past=timedelta(days=3),
    )
    assert stored.links.of("sales") == links
    assert "Publishing. Ready within a minute." in client.get("/admin/feeds/sales/").text


def test_a_form_with_mistakes_changes_nothing(client: FlaskClient, stored: Store) -> None:
    before = stored.feeds.all()
    answer = send(client, "sales/edit", {"title": "", "source": [GROUP.key], "privacy": "full"})
    assert answer.status_code == 200
    assert problems(answer.text).keys() == {"title"}
    assert checked(answer.text) == [GROUP.key, "full"]
    assert stored.feeds.all() == before


def test_a_feed_that_hides_more_shows_no_title_although_the_worker_stands_still(
    served: Store, tmp_path: Path
) -> None:
    """It answers as a feed that is not published yet.

    On 404 calendar programs keep the events (rulebook H9), on 503 Thunderbird stops (H8).
    """
    clock = map(float, count())  # no answer is cached
    client = web_app(served, tmp_path, open_admin=True, clock=clock.__next__).test_client()
    create(client, slug="team", source=[WORK.key])
    for title in ("Offsite", "Salaries"):  # the second one is a change
        put(served, START, event(title=title), source=WORK)
        publish(served, "team", now=START)
    page = client.get("/admin/feeds/team/").text
    address = first_match(r'value="http://localhost(/f/[^"]+)/team\.ics"', page)
    paths = [f"{address}/", f"{address}/embed", "/admin/feeds/team/"]
    feeds = [f"{address}/team.ics{query}" for query in ("", "?alarms=off", "?flavour=web")]
    span = (
        f"start={START - timedelta(days=200):%Y-%m-%d}&end={START + timedelta(days=200):%Y-%m-%d}"
    )
    feeds += [f"{address}/team/u.ics", f"{address}/team.atom", f"{address}/team.json?{span}"]
    assert all("Salaries" in client.get(path).text for path in [*paths, *feeds])
    form: Form = {"title": "Team", "source": [WORK.key], "privacy": "busy"}
    assert send(client, "team/edit", form).status_code == 303
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert not {"Salaries", "Offsite"} & set(re.findall(r"\w+", answer.text))
    assert [client.get(path).status_code for path in feeds] == [404] * 6
    publish_pending(served, now=START)
    assert "SUMMARY:Busy" in client.get(feeds[0]).text
    assert send(client, "team/edit", {**form, "title": "Ours"}).status_code == 303
    assert "Publishing the changes." in client.get("/admin/feeds/team/").text
    assert "SUMMARY:Busy" in client.get(feeds[0]).text


def test_removing_needs_a_confirmation_and_can_be_undone(
    client: FlaskClient, stored: Store, configured: list[Feed]
) -> None:
    feed = new_feed(stored, configured)
    text = client.get("/admin/feeds/sales/").text
    address = first_match(r'value="http://localhost(/f/[^"]+\.ics)"', text)
    confirmation = client.get("/admin/feeds/sales/remove").text
    assert "Remove “Sales &amp; more”?" in confirmation
    assert feed in stored.feeds.active()
    assert send(client, "sales/remove").headers["Location"] == "/admin/"
    assert active(stored) == configured
    assert client.get("/admin/feeds/sales/").status_code == 404
    overview = client.get("/admin/").text
    assert "Removed “" in overview
    assert 'action="/admin/feeds/sales/restore"' in overview
    assert send(client, "sales/restore").status_code == 303
    assert active(stored) == [*configured, feed]
    assert address in client.get("/admin/feeds/sales/").text


def active(store: Store) -> list[Feed]:
    return list(store.feeds.active())


def test_feeds_of_the_settings_cannot_be_edited(
    client: FlaskClient, stored: Store, configured: list[Feed]
) -> None:
    for path in ["work/edit", "work/remove", "work/restore", "sales/restore", "nothing/remove"]:
        before = stored.feeds.all()
        assert send(client, path, {"title": "T", "source": BOTH}).status_code == 404
        assert stored.feeds.all() == before
        assert "/edit" not in client.get(f"/admin/feeds/{configured[0].slug}/").text


def test_pages_show_what_kind_of_calendar_a_source_is(client: FlaskClient, served: Store) -> None:
    put(served, START, profile=CalendarProfile(category="group", hidden=True), source=WORK)
    for path in ("/admin/feeds/new", "/admin/feeds/work/", "/admin/feeds/all/"):
        text = client.get(path).text
        assert "Group calendar" in text
        assert "hidden in Zoho" in text
    put(served, START, profile=CalendarProfile(category="shared"), source=WORK)
    text = client.get("/admin/feeds/work/").text
    assert "Shared calendar" in text
    assert "hidden in Zoho" not in text
