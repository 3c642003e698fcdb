"""``zoho-bridge admin-link``, and the addresses that commands print."""

from pathlib import Path

from flask import Flask
import pytest

from bridge import config
from bridge.store.listener import Listener
from bridge.web import create_app
from tests.command_line import CommandLine
from tests.served import csrf_token


def app(line: CommandLine, **environ: str) -> Flask:
    """Return the web app of the command line's folder."""
    return create_app(config.load(line.environ | environ))


def test_the_link_signs_in_at_the_address_that_the_server_listens_on(line: CommandLine) -> None:
    Listener("127.0.0.1", 8123).note(line.data_dir)
    url = line("admin-link").stdout.strip()
    path = url.removeprefix("http://127.0.0.1:8123")
    client = app(line).test_client()
    assert client.post(path, data={"csrf": csrf_token(client, path)}).status_code == 303
    assert client.get("/admin/").status_code == 200


def test_without_a_password_there_is_no_link_where_others_reach_the_server(
    line: CommandLine,
) -> None:
    Listener("0.0.0.0").note(line.data_dir)
    result = line("admin-link")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "BRIDGE_ADMIN_PASSWORD" in result.stderr
    with_password = line("admin-link", BRIDGE_ADMIN_PASSWORD="a long password")
    assert with_password.stdout.startswith("http://127.0.0.1:8000/admin/link/")


def test_with_a_public_address_the_link_has_it(line: CommandLine) -> None:
    settings = {"BRIDGE_PUBLIC_URL": "https://c.example.org"}
    assert line("admin-link", **settings).exit_code == 1
    result = line("admin-link", **settings, BRIDGE_ADMIN_PASSWORD="a long password")
    assert result.stdout.startswith("https://c.example.org/admin/link/")


@pytest.mark.parametrize(
    ("ip", "root"), [("127.0.0.1", "http://127.0.0.1:8123"), ("::1", "http://[::1]:8123")]
)
def test_feeds_and_links_print_the_address_that_the_server_listens_on(
    line: CommandLine, tmp_path: Path, ip: str, root: str
) -> None:
    line("refresh")
    Listener(ip, 8123).note(line.data_dir)
    urls = {slug: row["url"] for slug, row in line.feeds().items()}
    assert urls["portal"] == f"{root}/feeds/portal.ics"
    assert urls["group"].startswith(f"{root}/f/")
    assert line("links", "list", "group").stdout.count(root) == 1
