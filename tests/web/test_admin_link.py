"""The one-time link to the admin pages, with and without a password."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
import pytest
from time_machine import TimeMachineFixture
from werkzeug.test import TestResponse

from bridge.store import Store
from bridge.store.listener import Listener
from tests.served import csrf_token, web_app

PASSWORD = "correct horse battery staple"
START = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    time_machine.move_to(START, tick=False)
    return time_machine


def app_on(store: Store, folder: Path, ip: str, **settings: str) -> Flask:
    """Return the app of a web server that listens on an address."""
    Listener(ip, 8123).note(folder)
    return web_app(store, folder, environ=settings)


@pytest.fixture
def client(store: Store, tmp_path: Path) -> FlaskClient:
    return app_on(store, tmp_path, "127.0.0.1").test_client()


def link(store: Store) -> str:
    """Return the path of a new link."""
    return f"/admin/link/{store.sessions.new_link(now=datetime.now(UTC))}"


def press(client: FlaskClient, path: str, base_url: str | None = None) -> TestResponse:
    """Press the button on a link's page."""
    data = {"csrf": csrf_token(client, path, base_url)}
    return client.post(path, data=data, base_url=base_url)


def test_a_link_signs_in_once(store: Store, client: FlaskClient) -> None:
    path = link(store)
    answer = press(client, path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/")
    assert client.get("/admin/").status_code == 200
    other = client.application.test_client()
    assert other.get(path).status_code == 410
    csrf = csrf_token(other, link(store))
    assert other.post(path, data={"csrf": csrf}).status_code == 410
    assert other.get("/admin/").status_code == 303


def test_a_program_that_follows_the_link_does_not_use_it_up(
    store: Store, client: FlaskClient
) -> None:
    path = link(store)
    for _ in range(3):
        assert client.application.test_client().get(path).status_code == 200
    assert press(client, path).status_code == 303


def test_a_form_of_another_site_signs_nobody_in(store: Store, client: FlaskClient) -> None:
    path = link(store)
    assert client.post(path, data={"csrf": "x"}).status_code == 403
    assert press(client, path).status_code == 303


def test_a_link_ends_after_ten_minutes(
    store: Store, client: FlaskClient, clock: TimeMachineFixture
) -> None:
    late, last = link(store), link(store)
    clock.move_to(START + timedelta(minutes=10), tick=False)
    assert press(client, last).status_code == 303
    clock.move_to(START + timedelta(minutes=10, seconds=1), tick=False)
    answer = client.get(late)
    assert answer.status_code == 410
    assert "zoho-bridge admin-link" in answer.text


def test_signing_out_everywhere_ends_links_too(store: Store, client: FlaskClient) -> None:
    path = link(store)
    press(client, link(store))
    data = {"csrf": csrf_token(client, "/admin/"), "everywhere": "1"}
    assert client.post("/admin/sign-out", data=data).status_code == 303
    assert client.get(path).status_code == 410


def test_the_pages_say_how_to_get_in_without_a_password(client: FlaskClient) -> None:
    assert 'href="/admin/"' in client.get("/").text
    answer = client.get("/admin/", follow_redirects=True)
    assert answer.status_code == 200
    assert "zoho-bridge admin-link" in answer.text
    assert 'type="password"' not in answer.text


def test_no_password_is_right_where_none_is_set(store: Store, client: FlaskClient) -> None:
    data = {"csrf": csrf_token(client, link(store)), "password": ""}
    assert client.post("/admin/sign-in", data=data).status_code == 403
    assert client.get("/admin/").status_code == 303


@pytest.mark.parametrize(
    ("ip", "settings"),
    [
        ("0.0.0.0", {}),
        ("::", {}),
        ("192.0.2.7", {}),
        ("127.0.0.1", {"BRIDGE_PUBLIC_URL": "https://calendars.example.org"}),
    ],
)
def test_without_a_password_there_are_no_pages_where_others_reach_the_server(
    store: Store, tmp_path: Path, ip: str, settings: dict[str, str]
) -> None:
    root = settings.get("BRIDGE_PUBLIC_URL") or Listener(ip, 8123).url
    client = app_on(store, tmp_path, ip, **settings).test_client()
    for path in ("/admin/", "/admin/sign-in", link(store)):
        assert client.get(path, base_url=root).status_code == 404
    assert "/admin/" not in client.get("/", base_url=root).text


def test_without_a_password_only_this_machine_gets_in(store: Store, client: FlaskClient) -> None:
    path = link(store)
    for more in (
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.9"}},
        {"headers": {"X-Forwarded-For": "192.0.2.9"}},
    ):
        assert client.get(path, **more).status_code == 404
        assert client.get("/admin/", **more).status_code == 404
        assert "/admin/" not in client.get("/", **more).text


def test_a_server_that_noted_no_address_has_no_pages_without_a_password(
    store: Store, tmp_path: Path
) -> None:
    client = web_app(store, tmp_path).test_client()
    assert client.get(link(store)).status_code == 404


def test_with_a_password_a_link_works_from_everywhere_also_when_sign_in_is_locked(
    store: Store, tmp_path: Path
) -> None:
    root = "https://calendars.example.org"
    settings = {"BRIDGE_PUBLIC_URL": root, "BRIDGE_ADMIN_PASSWORD": PASSWORD}
    client = app_on(store, tmp_path, "0.0.0.0", **settings).test_client()
    for _ in range(6):
        data = {"csrf": csrf_token(client, "/admin/sign-in", root), "password": "wrong"}
        locked = client.post("/admin/sign-in", data=data, base_url=root)
    assert locked.status_code == 429
    assert press(client, link(store), root).status_code == 303
    assert client.get("/admin/", base_url=root).status_code == 200


def test_a_server_answers_the_address_that_it_listens_on(store: Store, tmp_path: Path) -> None:
    client = app_on(store, tmp_path, "192.0.2.7").test_client()
    assert client.get("/", base_url="http://192.0.2.7:8123").status_code == 200
    assert client.get("/", base_url="http://elsewhere.example").status_code == 421
