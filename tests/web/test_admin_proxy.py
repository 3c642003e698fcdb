"""Admin pages behind a proxy's own sign-in: the header opens them, and needs a trusted proxy."""

from pathlib import Path

import pytest

from bridge import config
from bridge.errors import ConfigError
from bridge.store import Store
from tests.served import web_app

BEHIND = {"BRIDGE_ADMIN_PROXY_HEADER": "Remote-User", "BRIDGE_TRUSTED_PROXIES": "1"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Remote-User": "ada"}, 200), ({"Remote-User": " "}, 303), ({}, 303), ({"User": "ada"}, 303)],
)
def test_who_the_proxy_names_is_an_admin(
    store: Store, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    client = web_app(store, tmp_path, environ=BEHIND).test_client()
    assert client.get("/admin/", headers=headers).status_code == status


def test_forms_still_need_their_token(store: Store, tmp_path: Path) -> None:
    client = web_app(store, tmp_path, environ=BEHIND).test_client()
    user = {"Remote-User": "ada"}
    client.get("/admin/", headers=user)
    form = {"slug": "x", "title": "X"}
    assert client.post("/admin/feeds/new", headers=user, data=form).status_code == 403


def test_without_the_setting_the_header_means_nothing(store: Store, tmp_path: Path) -> None:
    client = web_app(store, tmp_path, BRIDGE_TRUSTED_PROXIES="1").test_client()
    assert client.get("/admin/", headers={"Remote-User": "ada"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "proxies", "problem"),
    [
        ("Remote-User", "0", "needs a proxy that sets it"),
        ("Remote User", "1", "is not the name of a header"),
        ("Cookie", "1", "every client can send it"),
    ],
)
def test_a_wrong_header_is_refused_at_the_start(name: str, proxies: str, problem: str) -> None:
    environ = {"BRIDGE_ADMIN_PROXY_HEADER": name, "BRIDGE_TRUSTED_PROXIES": proxies}
    with pytest.raises(ConfigError, match=problem):
        config.load(environ)
