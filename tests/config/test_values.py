"""Values of single settings: which are accepted, in which form they are kept, what a refusal says.

Expected URLs follow RFC 3986, and the documentation of Zoho's data centres.
"""

from datetime import timedelta
import re
from zoneinfo import ZoneInfo

import pytest

from bridge.config import load
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.show import describe
from bridge.errors import ConfigError
from tests.config.loading import DOCS, KEY, load_toml, problem

CODES = ["us", "eu", "in", "au", "jp", "ca", "sa", "uk", "cn", "ae"]
QUOTED_CODES = ", ".join(f'"{code}"' for code in CODES)


@pytest.mark.parametrize("path", ["~/data", "/srv/what?", "/srv/a\nb"])
def test_a_data_dir_that_would_mean_another_folder_is_refused(path: str) -> None:
    assert "BRIDGE_DATA_DIR = " in problem({"BRIDGE_DATA_DIR": path})


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        (
            "postgresql://u:p%40@h:5432/db?sslmode=require",
            "postgresql+psycopg://u:p%40@h:5432/db?sslmode=require",
        ),
        ("postgresql+psycopg://h/db", "postgresql+psycopg://h/db"),
        ("postgresql:///db", "postgresql+psycopg:///db"),
        ("sqlite:////var/lib/my data/ü.db", "sqlite:////var/lib/my data/ü.db"),
    ],
)
def test_database_urls_are_kept_in_the_form_of_sqlalchemy(value: str, url: str) -> None:
    assert load({"BRIDGE_DATABASE_URL": value, "BRIDGE_SECRET_KEY": KEY}).database_url == url
    assert load({"DATABASE_URL": value, "BRIDGE_SECRET_KEY": KEY}).database_url == url


@pytest.mark.parametrize(
    "value",
    [
        "mysql://u:hunter2@h/db",
        "postgresql+psycopg2://u:hunter2@h/db",
        "postgresql://u:hunter2/x@h/db",
        "postgresql://u:hunter2@x@h/db",
        "postgresql://u:hunter2#x@h/db",
        "postgresql://u:1/hunter2@h/db",
        "postgresql://u:hunter2 x@h/db",
        "postgresql://[u:hunter2@h/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:/hunter2",
        "hunter2",
    ],
)
def test_other_database_urls_are_refused_and_their_password_is_not_shown(value: str) -> None:
    message = problem({"BRIDGE_DATABASE_URL": value, "BRIDGE_SECRET_KEY": KEY})
    assert message.startswith("BRIDGE_DATABASE_URL: ")
    assert "hunter2" not in message


def test_the_bridges_own_database_url_wins_over_the_platforms() -> None:
    environ = {"BRIDGE_DATABASE_URL": "sqlite:////own", "DATABASE_URL": "mysql://another/programs"}
    assert load(environ).database_url == "sqlite:////own"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("postgres://u:p@h/db", "postgresql://u:p@h/db"),
        ("postgresql+psycopg://u:p@h/db", "postgresql://u:p@h/db"),
        ("redis://:p@h:6379/0", "redis://:p@h:6379/0"),
        ("rediss://h", "rediss://h"),
    ],
)
def test_queue_urls_are_kept_in_the_form_of_the_drivers(value: str, url: str) -> None:
    assert load({"BRIDGE_QUEUE_URL": value}).queue_url == url


@pytest.mark.parametrize(
    "value", ["amqp://u:hunter2@h", "sqlite:////x", "hunter2", "redis://:hunter2/@h"]
)
def test_other_queue_urls_are_refused(value: str) -> None:
    message = problem({"BRIDGE_QUEUE_URL": value})
    assert message.startswith("BRIDGE_QUEUE_URL: ")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "shortest"), [("BRIDGE_SECRET_KEY", 32), ("BRIDGE_ADMIN_PASSWORD", 12)]
)
def test_a_short_secret_is_refused_and_the_remedy_makes_a_long_one(
    name: str, shortest: int
) -> None:
    for short in ("hunter2", "k" * (shortest - 1), "hunter2" + " " * shortest):
        message = problem({name: short})
        assert message.startswith(f"{name}: ")
        assert f"shorter than {shortest} characters" in message
        assert "hunter2" not in message
    command = re.search(r'python3 -c "(.*)"', message)
    assert command
    values: list[str] = []
    exec(command[1].replace("print(", "values.append("), {"values": values})
    load({name: values[0]})
    load({name: "k" * shortest})


def test_each_character_of_a_password_counts_and_none_is_no_password() -> None:
    assert load({"BRIDGE_ADMIN_PASSWORD": "größer als öl"}).admin_password
    assert not load({"BRIDGE_ADMIN_PASSWORD": ""}).admin_password


@pytest.mark.parametrize(
    "value", [f"{'k' * 31},{KEY}", f"{KEY},short", f"{KEY}, ,{KEY}", f"first key, {KEY}"]
)
def test_each_of_several_secret_keys_must_be_long(value: str) -> None:
    """A comma separates keys, so a sentence with a comma is two short keys."""
    assert "shorter than 32 characters" in problem({"BRIDGE_SECRET_KEY": value})
    assert load({"BRIDGE_SECRET_KEY": f"{'n' * 32}, {KEY}"}).secret_key


def test_postgresql_needs_a_secret_key_and_sqlite_does_not() -> None:
    assert not load({"BRIDGE_DATABASE_URL": "sqlite:////x"}).secret_key
    message = problem({"BRIDGE_DATABASE_URL": "postgresql://h/db"})
    assert message.startswith("BRIDGE_SECRET_KEY is not set")
    message = problem({"BRIDGE_DATABASE_URL": "postgresql://h/db", "BRIDGE_SECRET_KEY": "short"})
    assert "shorter than 32 characters" in message


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://Calendars.Example.org/", "https://calendars.example.org"),
        ("HTTPS://example.org:8443", "https://example.org:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" https://xn--mnchen-3ya.de ", "https://xn--mnchen-3ya.de"),
    ],
)
def test_the_public_url_is_an_origin(value: str, url: str) -> None:
    settings = load({"BRIDGE_PUBLIC_URL": value})
    assert settings.public_url == url
    assert settings.warnings == ()


@pytest.mark.parametrize(
    "value",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https://example.org/calendars",
        "https://user:hunter2@example.org",
        "https://example.org?x=hunter2",
        "https://example.org#x",
        "https://example.org:",
        "https://example.org:port",
        "https://example.org:99999",
        "https://münchen.de",
        "https://exa mple.org",
        "https://-",
        "https://a\\b",
        "https://[::1",
    ],
)
def test_other_public_urls_are_refused(value: str) -> None:
    message = problem({"BRIDGE_PUBLIC_URL": value})
    assert message.startswith("BRIDGE_PUBLIC_URL = ")
    assert "hunter2" not in message


def test_a_public_url_without_tls_is_a_warning() -> None:
    (warning,) = load({"BRIDGE_PUBLIC_URL": "http://calendars.lan"}).warnings
    assert "BRIDGE_PUBLIC_URL" in warning
    assert load({"BRIDGE_PUBLIC_URL": "http://localhost:8000"}).warnings == ()


@pytest.mark.parametrize("name", ["accounts_url", "backstage_url", "connect_url", "calendar_url"])
def test_each_url_of_zoho_can_be_overridden(name: str) -> None:
    path = {
        "accounts_url": "",
        "backstage_url": "/backstage/v3",
        "connect_url": "/pulse/api",
        "calendar_url": "/api/v1",
    }
    for host in (
        "https://zoho.example",
        "http://127.0.0.1:8000",
        "http://localhost:1",
        "http://[::1]:1",
    ):
        url = f"{host}{path[name]}"
        settings = load({f"ZOHO_{name.upper()}": f"{url}/"})
        assert getattr(settings.zoho, name) == url
        assert settings.warnings == ()
    assert getattr(load_toml(f'[zoho]\n{name} = "{url}"\n').zoho, name) == url


@pytest.mark.parametrize(
    "value",
    [
        "http://zoho.example/api/v1",
        "http://127.0.0.1.example/api/v1",
        "http://localhost.example/api/v1",
        "https://u:hunter2@zoho.example/api/v1",
        "https://zoho.example/api/v1?token=hunter2",
        "ftp://zoho.example",
        "zoho.example",
    ],
)
def test_urls_that_would_reveal_tokens_are_refused(value: str) -> None:
    message = problem({"ZOHO_CALENDAR_URL": value})
    assert message.startswith("ZOHO_CALENDAR_URL = ")
    assert "hunter2" not in message


def test_a_url_without_the_path_of_the_api_is_a_warning() -> None:
    (warning,) = load({"ZOHO_CALENDAR_URL": "https://calendar.zoho.eu"}).warnings
    assert "ZOHO_CALENDAR_URL" in warning
    assert "/api/v1" in warning


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"BRIDGE_TRUSTED_PROXIES": "-1"},
            'BRIDGE_TRUSTED_PROXIES = "-1": write a whole number from 0 to 16.',
        ),
        (
            {"BRIDGE_TRUSTED_PROXIES": "17"},
            'BRIDGE_TRUSTED_PROXIES = "17": write a whole number from 0 to 16.',
        ),
        (
            {"BRIDGE_TRUSTED_PROXIES": "٣"},
            'BRIDGE_TRUSTED_PROXIES = "٣": write a whole number from 0 to 16.',
        ),
        (
            {"ZOHO_DATA_CENTER": "com"},
            f'ZOHO_DATA_CENTER = "com": write one of {QUOTED_CODES}.',
        ),
    ],
)
def test_a_wrong_variable_gets_a_sentence_with_what_to_write(
    environ: dict[str, str], message: str
) -> None:
    assert problem(environ) == message


@pytest.mark.parametrize("value", ["a b", "a\n", "a\tb", "tökén"])
def test_a_broken_credential_is_refused_and_not_shown(value: str) -> None:
    for name in ("ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
        message = problem({name: value})
        assert message.startswith(f"{name}: ")
        assert "copy it from Zoho again" in message
        assert value not in message


def test_the_zone_of_connect_is_a_time_zone() -> None:
    settings = load({"ZOHO_CONNECT_TIMEZONE": "Asia/Kolkata"})
    assert settings.zoho.connect_timezone == ZoneInfo("Asia/Kolkata")
    settings = load_toml('[zoho]\nconnect_timezone = "Europe/Paris"')
    assert settings.zoho.connect_timezone == ZoneInfo("Europe/Paris")
    message = problem({}, '[zoho]\nconnect_timezone = "Mars/Olympus"\n')
    assert message.startswith('[zoho] connect_timezone = "Mars/Olympus": ')
    assert "Asia/Kolkata" in message


# Accounts, Backstage, Connect and Calendar, from Zoho's table of data centres. Canada is irregular.
HOSTS = """
us accounts.zoho.com      www.zohoapis.com    connect.zoho.com      calendar.zoho.com
eu accounts.zoho.eu       www.zohoapis.eu     connect.zoho.eu       calendar.zoho.eu
in accounts.zoho.in       zohoapis.in         connect.zoho.in       calendar.zoho.in
au accounts.zoho.com.au   www.zohoapis.com.au connect.zoho.com.au   calendar.zoho.com.au
jp accounts.zoho.jp       www.zohoapis.jp     connect.zoho.jp       calendar.zoho.jp
ca accounts.zohocloud.ca  www.zohoapis.ca     connect.zohocloud.ca  calendar.zohocloud.ca
sa accounts.zoho.sa       www.zohoapis.sa     connect.zoho.sa       calendar.zoho.sa
uk accounts.zoho.uk       www.zohoapis.uk     connect.zoho.uk       calendar.zoho.uk
cn accounts.zoho.com.cn   www.zohoapis.com.cn connect.zoho.com.cn   calendar.zoho.com.cn
ae accounts.zoho.ae       www.zohoapis.ae     connect.zoho.ae       calendar.zoho.ae
"""


@pytest.mark.parametrize(
    "row", [line.split() for line in HOSTS.split("\n") if line], ids=lambda row: row[0]
)
def test_each_data_center_has_its_own_hosts(row: list[str]) -> None:
    code, accounts, backstage, connect, calendar = row
    zoho = load({"ZOHO_DATA_CENTER": code}).zoho
    assert zoho.accounts_url == f"https://{accounts}"
    assert zoho.backstage_url == f"https://{backstage}/backstage/v3"
    assert zoho.connect_url == f"https://{connect}/pulse/api"
    assert zoho.calendar_url == f"https://{calendar}/api/v1"
    assert f"| `{code}` | {accounts} | {backstage} | {connect} | {calendar} |" in DOCS


def test_there_are_ten_data_centers() -> None:
    assert list(DATA_CENTERS) == CODES


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("0s", 0), ("1s", 1), ("600s", 600)])
def test_the_time_between_probes_is_in_seconds(text: str, seconds: int) -> None:
    settings = load({"ZOHO_PROBE": text})
    assert settings.zoho.probe == timedelta(seconds=seconds)
    assert describe(settings)["zoho"]["probe"]["value"] == text


@pytest.mark.parametrize("text", ["60", "601s", "1m", "-1s", "s", "60 s", "1e1s", "١s"])
def test_another_time_between_probes_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write seconds in quotes"):
        load({"ZOHO_PROBE": text})
