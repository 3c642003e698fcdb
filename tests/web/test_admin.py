"""Access to the admin pages, sign-in, CSRF, and the links of a feed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import re

from flask import Flask
from flask.testing import FlaskClient
import pytest
from structlog.testing import capture_logs
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge.domain.feed import Feed
from bridge.domain.source import CalendarSource
from bridge.feed.publication import Publication
from bridge.store import Store, sign_ins
from bridge.store.links import Link
from bridge.store.readers import Polls
from tests.served import csrf_token, web_app

PASSWORD = "correct horse battery staple é"
START = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(START, tick=False)
    return time_machine


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
        store.publications.publish(feed.slug, Publication(revision=0, now=now))
    for slug in ("mix", "removed"):
        store.feeds.add(Feed(slug=slug, title=f"The {slug}", sources=(source,)), now=now)
    store.feeds.remove("removed", now=now)
    return store


@pytest.fixture
def app(served: Store, tmp_path: Path) -> Flask:
    return web_app(served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def csrf(client: FlaskClient, path: str = "/admin/sign-in") -> str:
    return csrf_token(client, path)


def sign_in(
    client: FlaskClient, password: str = PASSWORD, address: str = "127.0.0.1"
) -> TestResponse:
    data = {"csrf": csrf(client), "password": password}
    return client.post("/admin/sign-in", data=data, environ_overrides={"REMOTE_ADDR": address})


def post(client: FlaskClient, action: str, **data: str) -> TestResponse:
    form = {"csrf": csrf(client, "/admin/"), **data}
    return client.post(f"/admin/feeds/team/{action}", data=form)


def session_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie("bridge_admin", path="/admin")
    assert cookie is not None
    return cookie.value


def messages(client: FlaskClient, path: str = "/admin/feeds/team/") -> list[str]:
    """Return the messages about the last action on a page."""
    return re.findall(
        r'<p class="notice (?:good|bad)" role="(?:status|alert)"[^>]*>([^<]+)<',
        client.get(path).text,
    )


SIGN_IN = "/admin/sign-in"
PAGES = [
    "/admin",
    "/admin/",
    "/admin/feeds/team/",
    "/admin/feeds/new",
    "/admin/feeds/mix/edit",
    "/admin/feeds/mix/remove",
    "/admin/feeds/mix/",
]
ACTIONS = [
    SIGN_IN,
    "/admin/sign-out",
    *(f"/admin/feeds/team/{a}" for a in ("add", "rotate", "revoke", "refresh", "confirm-loss")),
    "/admin/feeds/new",
    *(f"/admin/feeds/mix/{a}" for a in ("edit", "remove")),
    "/admin/feeds/removed/restore",
]


def test_everything_is_closed_when_no_password_is_set(served: Store, tmp_path: Path) -> None:
    client = web_app(served, tmp_path).test_client()
    assert {client.get(path).status_code for path in (*PAGES, SIGN_IN)} == {404}
    assert {client.post(path).status_code for path in ACTIONS} == {404}
    assert "Set-Cookie" not in client.get("/admin/").headers


def test_without_the_password_no_page_and_no_action_is_open(
    client: FlaskClient, served: Store
) -> None:
    before = served.feeds.all()
    for path in PAGES:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in")
        assert "Team" not in answer.text
    secret = csrf(client)
    for path in ACTIONS[1:]:
        data = {
            "csrf": secret,
            "label": "default",
            "all": "1",
            "title": "T",
            "source": "calendar:c",
        }
        assert client.post(path, data=data).status_code == 403
    assert [link.ends_at for link in served.links.of("team")] == [None]
    assert served.feeds.all() == before


def test_the_password_opens_the_pages_and_signing_out_closes_them(client: FlaskClient) -> None:
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/")
    text = client.get("/admin/").text
    assert "Team &amp; &lt;Friends&gt;" in text
    assert client.post("/admin/sign-out", data={"csrf": csrf(client, "/admin/")}).status_code == 303
    assert client.get("/admin/").status_code == 303


@pytest.mark.parametrize("everywhere", [False, True])
def test_signing_out_ends_copies_of_the_cookie_too(
    client: FlaskClient, app: Flask, everywhere: bool
) -> None:
    """A copy of the cookie opens nothing afterwards; other sessions end with "everywhere" only."""
    copy, other = app.test_client(), app.test_client()
    sign_in(client)
    sign_in(other)
    copy.set_cookie("bridge_admin", session_cookie(client), path="/admin")
    assert copy.get("/admin/").status_code == 200
    text = client.get("/admin/").text
    assert "Sign out everywhere" in text
    form = {"csrf": csrf(client, "/admin/"), **({"everywhere": "1"} if everywhere else {})}
    assert client.post("/admin/sign-out", data=form).status_code == 303
    for browser in (client, copy):
        assert browser.get("/admin/").status_code == 303
        assert browser.post("/admin/sign-out", data=form).status_code == 403
    assert other.get("/admin/").status_code == (303 if everywhere else 200)


def test_a_used_session_stays_open_for_seven_days_at_most(
    client: FlaskClient, clock: TimeMachineFixture
) -> None:
    sign_in(client)
    for hours in range(11, 7 * 24, 11):
        clock.move_to(START + timedelta(hours=hours), tick=False)
        assert client.get("/admin/").status_code == 200
    clock.move_to(START + timedelta(days=7), tick=False)
    assert client.get("/admin/").status_code == 303


def test_a_wrong_password_is_refused(client: FlaskClient) -> None:
    for password in ("", "correct horse", PASSWORD.upper(), PASSWORD + "\0"):
        answer = sign_in(client, password)
        assert answer.status_code == 403
        assert "Wrong password." in answer.text
    assert client.get("/admin/").status_code == 303


def test_guessing_is_slowed_down_over_all_processes(
    client: FlaskClient, served: Store, tmp_path: Path, clock: TimeMachineFixture
) -> None:
    """Six in five minutes are too many, also for the right password; then the way is free again."""
    for _ in range(5):
        sign_in(client, "wrong")
    for other in (client, web_app(served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD).test_client()):
        answer = sign_in(other)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 301
        assert other.get("/admin/").status_code == 303
    assert sign_in(client, "wrong", "192.0.2.7").status_code == 403
    clock.move_to(START + sign_ins.PERIOD, tick=False)
    assert sign_in(client).status_code == 303


def test_many_clients_together_are_slowed_down_too(client: FlaskClient) -> None:
    codes = [sign_in(client, "wrong", f"192.0.2.{number}").status_code for number in range(51)]
    assert codes == [403] * 50 + [429]


@pytest.mark.parametrize("home", ["198.51.100.1", "2001:db8::7"])
def test_strangers_lock_no_admin_out(client: FlaskClient, app: Flask, home: str) -> None:
    """An address, in IPv6 a network, that signed in before is not slowed by others' attempts."""
    sign_in(client, address=home)
    for number in range(50):
        sign_in(client, "wrong", f"192.0.2.{number}")
    again = home.replace("::7", "::8")
    assert sign_in(app.test_client(), address="192.0.2.99").status_code == 429
    assert sign_in(app.test_client(), address=again).status_code == 303
    codes = [sign_in(client, "wrong", again).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]


def test_the_addresses_of_one_ipv6_network_count_as_one_client(client: FlaskClient) -> None:
    codes = [sign_in(client, "wrong", f"2001:db8::{number}").status_code for number in range(6)]
    assert codes == [403] * 5 + [429]


def test_a_right_password_clears_the_failed_attempts(client: FlaskClient) -> None:
    for _ in range(3):
        for _ in range(4):
            sign_in(client, "wrong")
        assert sign_in(client).status_code == 303


def test_attempts_are_kept_without_addresses(client: FlaskClient, served: Store) -> None:
    sign_in(client, "wrong", "192.0.2.77")
    sign_in(client, address="192.0.2.78")
    query = "SELECT client FROM sign_ins UNION ALL SELECT client FROM admin_clients"
    with served.database.read() as connection:
        rows = connection.exec_driver_sql(query).scalars().all()
    assert [len(row) for row in rows] == [64, 64]  # hexadecimal digits of a hash


@pytest.mark.parametrize(
    ("settings", "secure"), [({}, False), ({"BRIDGE_PUBLIC_URL": "https://c.example"}, True)]
)
def test_the_cookie_goes_to_the_admin_pages_alone(
    served: Store, tmp_path: Path, settings: dict[str, str], secure: bool
) -> None:
    app = web_app(served, tmp_path, environ=settings, BRIDGE_ADMIN_PASSWORD=PASSWORD)
    if secure:
        app.config |= {"SERVER_NAME": "c.example", "PREFERRED_URL_SCHEME": "https"}
    client = app.test_client()
    cookie = sign_in(client).headers["Set-Cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/admin"} <= parts
    assert ("secure" in parts) is secure
    assert "Set-Cookie" not in client.get("/feeds/open/").headers
    assert "Set-Cookie" not in client.get("/").headers


def test_a_cookie_behind_a_trusted_https_proxy_is_secure(served: Store, tmp_path: Path) -> None:
    client = web_app(
        served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD, BRIDGE_TRUSTED_PROXIES="1"
    ).test_client()
    answer = client.get("/admin/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_forged_or_expired_session_is_refused(
    client: FlaskClient, app: Flask, clock: TimeMachineFixture, served: Store, tmp_path: Path
) -> None:
    sign_in(client)
    cookie = session_cookie(client)
    client.set_cookie("bridge_admin", cookie[:-3] + "abc", path="/admin")
    assert client.get("/admin/").status_code == 303
    client.set_cookie("bridge_admin", cookie, path="/admin")
    assert client.get("/admin/").status_code == 200
    other = web_app(served, tmp_path, BRIDGE_ADMIN_PASSWORD="another password").test_client()
    other.set_cookie("bridge_admin", cookie, path="/admin")
    assert other.get("/admin/").status_code == 303  # a changed password ends all sessions
    clock.move_to(START + timedelta(hours=13), tick=False)
    assert client.get("/admin/").status_code == 303


def test_a_change_of_key_ends_sessions_and_no_address(
    client: FlaskClient, served: Store, tmp_path: Path, clock: TimeMachineFixture
) -> None:
    """BRIDGE_SECRET_KEY=new,old: a person with the old key must not be able to sign a cookie."""
    sign_in(client)
    cookie = session_cookie(client)
    keys = f"{'n' * 40},{'k' * 40}"
    changed = web_app(
        served, tmp_path, BRIDGE_ADMIN_PASSWORD=PASSWORD, BRIDGE_SECRET_KEY=keys
    ).test_client()
    changed.set_cookie("bridge_admin", cookie, path="/admin")
    assert changed.get("/admin/").status_code == 303
    token = served.links.token(served.links.of("team")[0])
    assert changed.get(f"/f/{token}/").status_code == 200


def test_no_form_works_without_the_csrf_token_of_its_page(
    client: FlaskClient, served: Store
) -> None:
    sign_in(client)
    before = served.feeds.all()
    form = {"label": "default", "all": "1", "password": PASSWORD, "title": "T"}
    for path in ACTIONS:
        for token in ({}, {"csrf": ""}, {"csrf": "wrong"}):
            data = {**form, **token, "source": "calendar:c"}
            assert client.post(path, data=data).status_code == 403, (path, token)
    assert served.feeds.all() == before
    assert [link.ends_at for link in served.links.of("team")] == [None]
    assert client.get("/admin/").status_code == 200  # still signed in


def test_the_csrf_token_of_another_session_is_refused(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    assert (
        client.post(
            "/admin/feeds/team/revoke", data={"csrf": csrf(app.test_client()), "all": "1"}
        ).status_code
        == 403
    )


def test_a_feeds_page_shows_each_link_with_its_address_and_last_use(
    client: FlaskClient, served: Store, now: datetime
) -> None:
    sign_in(client)
    (first,) = served.links.of("team")
    served.links.record_use({first.token_hash: now})
    text = client.get("/admin/feeds/team/").text
    assert f"http://localhost/f/{served.links.token(first)}/team.ics" in text
    assert "last used <time" in text
    assert client.get("/admin/feeds/nothing/").status_code == 404
    assert "http://localhost/feeds/open.ics" in client.get("/admin/feeds/open/").text


def test_the_admin_adds_rotates_and_revokes(client: FlaskClient, served: Store) -> None:
    sign_in(client)
    post(client, "add", label="Outlook of sales")
    assert messages(client) == ["Added the link “Outlook of sales”."]
    old = served.links.token(served.links.of("team")[1])
    post(client, "rotate", label="Outlook of sales", grace="7")
    assert links_by_token(served)[old].ends_at == START + timedelta(days=7)
    text = client.get("/admin/feeds/team/").text
    assert "works for 7 more days" in text
    assert old in text  # it works until its grace period ends
    assert "Replaced; stops working" in text
    post(client, "rotate", label="default", grace="0")
    assert [
        link.generation
        for link in served.links.of("team")
        if link.label == "default" and link.opens(START)
    ] == [2]
    post(client, "revoke", label="Outlook of sales")
    assert not links_by_token(served)[old].opens(START)
    post(client, "revoke", all="1")
    assert not any(link.opens(START) for link in served.links.of("team"))
    assert "There are no active links" in client.get("/admin/feeds/team/").text


def test_what_ends_a_subscription_is_confirmed_first(client: FlaskClient, served: Store) -> None:
    """The page says what programs do, and names those that read. A rotation has a week of grace."""
    sign_in(client)
    link = served.links.of("team")[0]
    polls = Polls(
        slug="team",
        link=link.token_hash,
        program="Thunderbird",
        day=START.date(),
        polls=1,
        unchanged=0,
        last_at=START,
    )
    served.readers.count([polls])
    text = client.get("/admin/feeds/team/").text
    for action in ("rotate?label=default", "revoke?label=default"):
        assert f'href="/admin/feeds/team/{action}"' in text
        page = client.get(f"/admin/feeds/team/{action}").text
        assert "keeps the events it has" in page
        assert "<strong>Thunderbird</strong>" in page
    assert (
        '<option value="7" selected>' in client.get("/admin/feeds/team/rotate?label=default").text
    )
    assert "Revoke all links?" in client.get("/admin/feeds/team/revoke?all=1").text
    assert [link.ends_at for link in served.links.of("team")] == [None]
    post(client, "rotate", label="default")
    assert {link.ends_at for link in served.links.of("team")} == {None, START + timedelta(days=7)}
    assert client.get("/admin/feeds/team/rotate?label=nothing").status_code == 303
    assert messages(client)[-1] == "There is no active link with this label."


def links_by_token(store: Store) -> dict[str, Link]:
    return {store.links.token(link): link for link in store.links.of("team")}


def test_the_old_address_answers_410_after_a_rotation(client: FlaskClient, served: Store) -> None:
    """The feed of the fixture has no document, so an active address answers 404."""
    sign_in(client)
    address = f"/f/{served.links.token(served.links.of('team')[0])}/team.ics"
    post(client, "rotate", label="default", grace="0")
    assert client.get(address).status_code == 410
    assert (
        client.get(f"/f/{served.links.token(served.links.of('team')[0])}/team.ics").status_code
        == 404
    )


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("add", {"label": "default"}),
        ("add", {"label": ""}),
        ("add", {"label": "a\0\x1b"}),
        ("rotate", {"label": "nothing"}),
        ("rotate", {"label": "\0"}),
        ("revoke", {"label": "nothing"}),
    ],
)
def test_an_invalid_label_changes_nothing_and_the_page_shows_why(
    client: FlaskClient, served: Store, action: str, data: dict[str, str]
) -> None:
    sign_in(client)
    assert post(client, action, **data).status_code == 303
    expected = {
        "add": "Use a label of 1 to 80 characters, in one line, that no other link has.",
        "rotate": "There is no active link with this label.",
        "revoke": "There is no active link with this label.",
    }
    assert messages(client) == [expected[action]]
    assert len(served.links.of("team")) == 1


def test_refresh_now_marks_the_sources_as_due(
    client: FlaskClient, served: Store, now: datetime
) -> None:
    served.sources.claim("calendar:c", holder="w", now=now, term=timedelta(minutes=1))
    later = START + timedelta(hours=1)
    served.sources.succeed(
        "calendar:c",
        holder="w",
        now=now,
        next_check_at=later,
        saved=[],
        removed=[],
        rejected=[],
        notes=[],
    )
    assert served.sources.due(now=START) == ()
    sign_in(client)
    post(client, "refresh")
    assert served.sources.due(now=START) == ("calendar:c",)


def test_admin_pages_are_not_cached_and_not_framed(client: FlaskClient) -> None:
    sign_in(client)
    for path in PAGES[1:]:
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


def test_the_demo_is_open_to_this_machine_alone(served: Store, tmp_path: Path) -> None:
    client = web_app(served, tmp_path, open_admin=True).test_client()
    assert client.get("/admin/feeds/team/").status_code == 200
    assert client.get("/").headers["Location"] == "/admin/"
    assert client.post("/admin/feeds/team/revoke", data={"all": "1"}).status_code == 403
    for path, status in (("/admin/", 404), ("/", 200)):
        stranger = {"REMOTE_ADDR": "192.0.2.1"}
        assert client.get(path, environ_overrides=stranger).status_code == status
        assert client.get(path, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == status


def test_a_form_that_is_too_long_is_refused(client: FlaskClient) -> None:
    csrf(client)  # gives a session, without which no form is read at all
    assert client.post("/admin/sign-in", data={"password": "x" * 100_000}).status_code == 413


def test_the_log_names_the_actions_and_no_secret(client: FlaskClient, served: Store) -> None:
    with capture_logs() as lines:
        sign_in(client, "a wrong secret")
        sign_in(client)
        post(client, "rotate", label="default")
    assert [line["event"] for line in lines] == [
        "admin sign-in failed",
        "admin signed in",
        "link rotated",
    ]
    assert lines[2]["feed"] == "team"
    tokens = [served.links.token(link) for link in served.links.of("team")]
    assert not any(secret in str(lines) for secret in (PASSWORD, "a wrong secret", *tokens))
