"""Settings: what is read from where, what is refused and how it is said.

Expected values are the contract's ("Settings" in the design), the data centres of Zoho's documents, and RFC 3986 for
addresses.
"""

import copy
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime, timedelta
import json
import os
from pathlib import Path
import pickle
import re
import tomllib
import traceback
from typing import Any

from hypothesis import HealthCheck, given, settings as rounds, strategies as st
import pytest

from bridge.config import Login, Secret, load, wants_login, with_login
from bridge.config.data_centers import DATA_CENTERS
from bridge.config.show import described, redacted
from bridge.config.table import environment_names, toml_keys
from bridge.domain.feed import Feed
from bridge.domain.source import BackstageSource, CalendarSource, ConnectSource
from bridge.errors import ConfigError
from tests.command_line import CommandLine

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
KEY = "k" * 32
FEED = '[[feed]]\nslug = "a"\n'
SOURCES = 'sources = [{ calendar = "c" }]\n'


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts where no bridge.toml is."""
    monkeypatch.chdir(tmp_path)


def from_toml(tmp_path: Path, text: str, **environ: Any) -> Any:
    path = tmp_path / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return load(environ, config_path=path)


def problems(environ: Any, tmp_path: Any = None, toml: Any = None) -> Any:
    with pytest.raises(ConfigError) as caught:
        load(environ) if toml is None else from_toml(tmp_path, toml, **environ)
    return list(caught.value.problems)


def problem(environ: Any, tmp_path: Any = None, toml: Any = None) -> Any:
    (only,) = problems(environ, tmp_path, toml)
    return only


# -- defaults and places


def test_without_any_setting_everything_has_its_default(tmp_path: Path) -> None:
    got = load({})
    assert got.config_path is None
    assert got.data_dir == tmp_path / "bridge-data"
    assert got.database_url == f"sqlite:///{tmp_path}/bridge-data/bridge.sqlite3"
    assert got.queue_url == ""
    assert got.public_url == ""
    assert not got.secret_key
    assert not got.admin_password
    assert got.trusted_proxies == 0
    assert got.feeds == ()
    assert got.warnings == ()
    assert got.zoho.data_center == "us"
    assert got.zoho.calendar_url == "https://calendar.zoho.com/api/v1"
    assert got.zoho.connect_timezone is None
    assert not (tmp_path / "bridge-data").exists(), "reading settings makes nothing"


def test_the_environment_wins_over_bridge_toml(tmp_path: Path) -> None:
    text = '[bridge]\ntrusted_proxies = 1\npublic_url = "https://toml.example"\n[zoho]\ndata_center = "eu"\nclient_id = "t"\n'
    got = from_toml(
        tmp_path, text, BRIDGE_TRUSTED_PROXIES="2", ZOHO_DATA_CENTER="IN", BRIDGE_PUBLIC_URL=""
    )
    assert got.trusted_proxies == 2
    assert got.zoho.data_center == "in"
    assert got.public_url == "https://toml.example", "an empty variable is as none"
    assert got.zoho.client_id == "t"
    assert got.origins == {
        "BRIDGE_TRUSTED_PROXIES": "environment",
        "ZOHO_DATA_CENTER": "environment",
        "BRIDGE_PUBLIC_URL": "bridge.toml",
        "ZOHO_CLIENT_ID": "bridge.toml",
    }


def test_bridge_toml_of_the_working_directory_is_read_when_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("[bridge]\ntrusted_proxies = 3\n")
    got = load({})
    assert got.trusted_proxies == 3
    assert got.config_path == tmp_path / "bridge.toml"


def test_bridge_config_names_the_file_and_an_argument_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("[bridge]\ntrusted_proxies = 1\n")
    (tmp_path / "two.toml").write_text("[bridge]\ntrusted_proxies = 2\n")
    environ = {"BRIDGE_CONFIG": "one.toml"}
    assert load(environ).trusted_proxies == 1
    assert load(environ, config_path=tmp_path / "two.toml").trusted_proxies == 2


def test_a_configuration_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    said = problem({"BRIDGE_CONFIG": str(tmp_path / "none.toml")})
    assert said.startswith("BRIDGE_CONFIG")
    assert "none.toml" in said
    assert "No such file" in said
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load({}, config_path=tmp_path / "none.toml")
    assert "Is a directory" in problem({"BRIDGE_CONFIG": str(tmp_path)})


def test_a_relative_data_dir_starts_from_the_folder_of_the_file_it_is_written_in(
    tmp_path: Path,
) -> None:
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "bridge.toml"
    path.write_text('[bridge]\ndata_dir = "data"\n')
    assert load({}, config_path=path).data_dir == tmp_path / "etc" / "data"
    assert load({"BRIDGE_DATA_DIR": "data"}, config_path=path).data_dir == tmp_path / "data"
    assert (
        load({"BRIDGE_DATA_DIR": "/srv/x"}, config_path=path).database_url
        == "sqlite:////srv/x/bridge.sqlite3"
    )


@pytest.mark.parametrize("path", ["~/data", "/srv/what?", "/srv/a\nb"])
def test_a_data_dir_that_would_become_another_one_is_refused(path: Any) -> None:
    assert "BRIDGE_DATA_DIR = " in problem({"BRIDGE_DATA_DIR": path})


# -- secrets in files

FILE_SETTINGS = [
    name.removesuffix("_FILE") for name in environment_names() if name.endswith("_FILE")
]
GOOD = {
    "BRIDGE_DATABASE_URL": "sqlite:////x",
    "DATABASE_URL": "sqlite:////x",
    "BRIDGE_QUEUE_URL": "redis://q:6379/0",
}


def test_every_secret_can_come_from_a_file() -> None:
    assert set(FILE_SETTINGS) >= {
        "BRIDGE_SECRET_KEY",
        "BRIDGE_ADMIN_PASSWORD",
        "ZOHO_CLIENT_ID",
        "ZOHO_CLIENT_SECRET",
        "ZOHO_REFRESH_TOKEN",
        "BRIDGE_DATABASE_URL",
        "DATABASE_URL",
        "BRIDGE_QUEUE_URL",
    }


@pytest.mark.parametrize("name", FILE_SETTINGS)
def test_a_file_gives_the_same_settings_as_the_variable(name: str, tmp_path: Path) -> None:
    value = GOOD.get(name, KEY)
    (tmp_path / "value").write_bytes(value.encode() + b"\n")
    direct, through = load({name: value}), load({f"{name}_FILE": "value"})
    assert through == direct
    alias = ", DATABASE_URL" if name == "DATABASE_URL" else ""
    main = "BRIDGE_DATABASE_URL" if alias else name
    assert through.origins[main] == f"file value{alias}"
    assert direct != load({})


@pytest.mark.parametrize(
    ("content", "value"), [(b"p w\n", "p w"), (b"p w\r\n", "p w"), (b"p w ", "p w "), (b"p", "p")]
)
def test_one_newline_at_the_end_of_a_file_does_not_count(
    tmp_path: Path, content: Any, value: Any
) -> None:
    (tmp_path / "f").write_bytes(content)
    assert load({"BRIDGE_ADMIN_PASSWORD_FILE": "f"}).admin_password.reveal() == value


@pytest.mark.parametrize("name", FILE_SETTINGS)
def test_a_file_that_gives_nothing_is_a_problem_that_names_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path, reason in {
        "gone": "No such file",
        "empty": "empty",
        ".": "Is a directory",
        "binary": "UTF-8",
    }.items():
        said = problem({f"{name}_FILE": path})
        assert said.startswith(f'{name}_FILE = "{path}"')
        assert reason in said


@pytest.mark.parametrize("name", FILE_SETTINGS)
def test_a_secret_in_two_places_is_a_problem(name: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(KEY)
    said = problem({name: GOOD.get(name, KEY), f"{name}_FILE": "f"})
    assert f"{name} and {name}_FILE are both set" in said


def test_an_empty_variable_beside_its_file_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(KEY)
    assert load({"BRIDGE_SECRET_KEY": "", "BRIDGE_SECRET_KEY_FILE": "f"}).secret_key == Secret(KEY)


@pytest.mark.parametrize("name", ["secret_key", "admin_password", "database_url", "queue_url"])
def test_secrets_of_the_bridge_are_refused_in_bridge_toml(tmp_path: Path, name: str) -> None:
    said = problem({}, tmp_path, f'[bridge]\n{name} = "hunter2"\n')
    upper = f"BRIDGE_{name.upper()}"
    assert f"put it into {upper} or {upper}_FILE: bridge.toml is often committed" in said


@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_secrets_of_zoho_are_refused_in_bridge_toml(tmp_path: Path, name: str) -> None:
    said = problem({f"ZOHO_{name.upper()}": "x"}, tmp_path, f'[zoho]\n{name} = "hunter2"\n')
    upper = f"ZOHO_{name.upper()}"
    assert f"put it into {upper} or {upper}_FILE: bridge.toml is often committed" in said


# -- one value after another


@pytest.mark.parametrize(
    ("given", "url"),
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
def test_database_addresses_take_the_form_that_sqlalchemy_wants(given: Any, url: str) -> None:
    assert load({"BRIDGE_DATABASE_URL": given, "BRIDGE_SECRET_KEY": KEY}).database_url == url
    assert load({"DATABASE_URL": given, "BRIDGE_SECRET_KEY": KEY}).database_url == url


@pytest.mark.parametrize(
    "given",
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
def test_other_database_addresses_are_refused_without_their_password(given: Any) -> None:
    said = problem({"BRIDGE_DATABASE_URL": given, "BRIDGE_SECRET_KEY": KEY})
    assert said.startswith("BRIDGE_DATABASE_URL: ")
    assert "hunter2" not in said


def test_the_bridges_own_database_address_wins_over_the_platforms() -> None:
    environ = {"BRIDGE_DATABASE_URL": "sqlite:////own", "DATABASE_URL": "mysql://another/programs"}
    assert load(environ).database_url == "sqlite:////own"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgres://u:p@h/db", "postgresql://u:p@h/db"),
        ("postgresql+psycopg://u:p@h/db", "postgresql://u:p@h/db"),
        ("redis://:p@h:6379/0", "redis://:p@h:6379/0"),
        ("rediss://h", "rediss://h"),
    ],
)
def test_queue_addresses_take_the_form_that_drivers_want(given: Any, url: str) -> None:
    assert load({"BRIDGE_QUEUE_URL": given}).queue_url == url


@pytest.mark.parametrize(
    "given", ["amqp://u:hunter2@h", "sqlite:////x", "hunter2", "redis://:hunter2/@h"]
)
def test_other_queue_addresses_are_refused(given: Any) -> None:
    said = problem({"BRIDGE_QUEUE_URL": given})
    assert said.startswith("BRIDGE_QUEUE_URL: ")
    assert "hunter2" not in said


def test_a_secret_key_is_long_and_the_remedy_makes_one() -> None:
    said = problem({"BRIDGE_SECRET_KEY": "k" * 31})
    assert "shorter than 32 characters" in said
    command = re.search(r'python3 -c "(.*)"', said)[1]
    made = []
    exec(command.replace("print(", "made.append("), {"made": made})
    assert load({"BRIDGE_SECRET_KEY": made[0]}).secret_key.reveal() == made[0]
    assert load({"BRIDGE_SECRET_KEY": KEY}).secret_key


@pytest.mark.parametrize(
    "given", [f"{'k' * 31},{KEY}", f"{KEY},short", f"{KEY}, ,{KEY}", f"first key, {KEY}"]
)
def test_each_of_several_secret_keys_is_long(given: Any) -> None:
    """A comma separates keys, and the first alone makes new addresses: a sentence with a comma is two short ones."""
    assert "shorter than 32 characters" in problem({"BRIDGE_SECRET_KEY": given})
    assert load({"BRIDGE_SECRET_KEY": f"{'n' * 32}, {KEY}"}).secret_key


def test_postgresql_needs_a_secret_key_and_sqlite_does_not() -> None:
    assert not load({"BRIDGE_DATABASE_URL": "sqlite:////x"}).secret_key
    said = problem({"BRIDGE_DATABASE_URL": "postgresql://h/db"})
    assert said.startswith("BRIDGE_SECRET_KEY is not set")
    assert (
        len(problems({"BRIDGE_DATABASE_URL": "postgresql://h/db", "BRIDGE_SECRET_KEY": "short"}))
        == 1
    )


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://Calendars.Example.org/", "https://calendars.example.org"),
        ("HTTPS://example.org:8443", "https://example.org:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" https://xn--mnchen-3ya.de ", "https://xn--mnchen-3ya.de"),
    ],
)
def test_the_public_address_is_an_origin(given: Any, url: str) -> None:
    got = load({"BRIDGE_PUBLIC_URL": given})
    assert got.public_url == url
    assert got.warnings == ()


@pytest.mark.parametrize(
    "given",
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
def test_other_public_addresses_are_refused(given: Any) -> None:
    said = problem({"BRIDGE_PUBLIC_URL": given})
    assert said.startswith("BRIDGE_PUBLIC_URL = ")
    assert "hunter2" not in said


def test_a_public_address_in_clear_is_a_warning() -> None:
    (warning,) = load({"BRIDGE_PUBLIC_URL": "http://calendars.lan"}).warnings
    assert "BRIDGE_PUBLIC_URL" in warning
    assert load({"BRIDGE_PUBLIC_URL": "http://localhost:8000"}).warnings == ()


@pytest.mark.parametrize("name", ["accounts_url", "backstage_url", "connect_url", "calendar_url"])
def test_each_address_of_zoho_can_be_overridden(name: str, tmp_path: Path) -> None:
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
        got = load({f"ZOHO_{name.upper()}": f"{url}/"})
        assert getattr(got.zoho, name) == url
        assert got.warnings == ()
    assert getattr(from_toml(tmp_path, f'[zoho]\n{name} = "{url}"\n').zoho, name) == url


@pytest.mark.parametrize(
    "given",
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
def test_addresses_that_would_give_tokens_away_are_refused(given: Any) -> None:
    said = problem({"ZOHO_CALENDAR_URL": given})
    assert said.startswith("ZOHO_CALENDAR_URL = ")
    assert "hunter2" not in said


def test_an_address_without_the_apis_path_is_a_warning() -> None:
    (warning,) = load({"ZOHO_CALENDAR_URL": "https://calendar.zoho.eu"}).warnings
    assert "ZOHO_CALENDAR_URL" in warning
    assert "/api/v1" in warning


@pytest.mark.parametrize(
    ("environ", "said"),
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
            'ZOHO_DATA_CENTER = "com": write one of "us", "eu", "in", "au", "jp", "ca", "sa", "uk", "cn", "ae".',
        ),
    ],
)
def test_wrong_variables_get_a_sentence_with_what_to_write(environ: Any, said: Any) -> None:
    assert problem(environ) == said


@pytest.mark.parametrize("value", ["a b", "a\n", "a\tb", "tökén"])
def test_credentials_that_were_cut_or_wrapped_are_refused_without_being_shown(value: Any) -> None:
    for name in ("ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"):
        said = problem({name: value})
        assert said.startswith(f"{name}: ")
        assert "copy it from Zoho again" in said
        assert value not in said


def test_the_zone_of_connect_is_a_time_zone(tmp_path: Path) -> None:
    assert (
        load({"ZOHO_CONNECT_TIMEZONE": "Asia/Kolkata"}).zoho.connect_timezone.key == "Asia/Kolkata"
    )
    assert (
        from_toml(tmp_path, '[zoho]\nconnect_timezone = "Europe/Paris"').zoho.connect_timezone.key
        == "Europe/Paris"
    )
    said = problem({}, tmp_path, '[zoho]\nconnect_timezone = "Mars/Olympus"\n')
    assert said.startswith('[zoho] connect_timezone = "Mars/Olympus": ')
    assert "Asia/Kolkata" in said


# -- data centres

# From the table of Zoho's data centres: accounts, Backstage, Connect, Calendar. Canada is irregular.
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
def test_each_data_center_has_its_own_hosts(row: Any) -> None:
    code, accounts, backstage, connect, calendar = row
    zoho = load({"ZOHO_DATA_CENTER": code}).zoho
    assert zoho.accounts_url == f"https://{accounts}"
    assert zoho.backstage_url == f"https://{backstage}/backstage/v3"
    assert zoho.connect_url == f"https://{connect}/pulse/api"
    assert zoho.calendar_url == f"https://{calendar}/api/v1"
    assert f"| `{code}` | {accounts} | {backstage} | {connect} | {calendar} |" in DOCS


def test_there_are_ten_data_centers() -> None:
    assert list(DATA_CENTERS) == ["us", "eu", "in", "au", "jp", "ca", "sa", "uk", "cn", "ae"]


def test_require_names_each_missing_credential() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"ZOHO_DATA_CENTER": "eu", "ZOHO_CLIENT_SECRET": "x"}).zoho.require()
    client_id, token = caught.value.problems
    assert client_id.startswith("ZOHO_CLIENT_ID is not set: ")
    assert "https://api-console.zoho.eu" in client_id
    assert token.startswith("ZOHO_REFRESH_TOKEN is not set: ")
    assert "zoho-bridge login" in token
    load(
        {"ZOHO_CLIENT_ID": "i", "ZOHO_CLIENT_SECRET": "s", "ZOHO_REFRESH_TOKEN": "r"}
    ).zoho.require()


def test_without_any_credential_one_sentence_names_the_way() -> None:
    with pytest.raises(ConfigError, match="run `zoho-bridge login`") as caught:
        load({}).zoho.require()
    assert len(caught.value.problems) == 1


# -- a stored login beside the settings

STORED = Login(
    client_id="1000.STORED",
    client_secret=Secret("stored-secret"),
    refresh_token=Secret("stored-token"),
    data_center="eu",
    scopes=(),
    created_at=datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("given", "wants"),
    [
        ("", True),
        ("ID", True),
        ("ID SECRET", True),
        ("SECRET", True),
        ("ID TOKEN", True),
        ("ID SECRET TOKEN", False),
        ("TOKEN", False),  # of a client that nobody named
        ("SECRET TOKEN", False),
    ],
)
def test_a_stored_login_is_looked_for_where_something_is_missing(given: Any, wants: Any) -> None:
    names = {"ID": "ZOHO_CLIENT_ID", "SECRET": "ZOHO_CLIENT_SECRET", "TOKEN": "ZOHO_REFRESH_TOKEN"}
    assert wants_login(load({names[word]: "x" for word in given.split()})) is wants


def test_a_stored_login_fills_in_what_is_not_set() -> None:
    """Its data centre holds with all its addresses, unless one is set; what came from it says so."""
    got = with_login(load({"ZOHO_CONNECT_URL": "https://proxy.example/pulse/api"}), STORED)
    got.zoho.require()
    assert (got.zoho.client_id, got.zoho.client_secret, got.zoho.refresh_token) == (
        "1000.STORED", Secret("stored-secret"), Secret("stored-token"),
    )  # fmt: skip
    assert got.zoho.data_center == "eu"
    assert got.zoho.accounts_url == "https://accounts.zoho.eu"
    assert got.zoho.backstage_url == "https://www.zohoapis.eu/backstage/v3"
    assert got.zoho.calendar_url == "https://calendar.zoho.eu/api/v1"
    assert got.zoho.connect_url == "https://proxy.example/pulse/api"
    assert got.origins["ZOHO_REFRESH_TOKEN"] == "zoho-bridge login, 2026-03-10"
    assert got.warnings == ()
    assert 'data_center = "eu"  # zoho-bridge login, 2026-03-10\n' in redacted(got)
    assert "stored-" not in redacted(got) + repr(got) + json.dumps(described(got))


@pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token"])
def test_what_is_set_wins_over_a_stored_login(name: str) -> None:
    got = with_login(load({f"ZOHO_{name.upper()}": "given"}), STORED)
    for key in ("client_id", "client_secret", "refresh_token"):
        value = getattr(got.zoho, key)
        wanted = "given" if key == name else getattr(STORED, key)
        assert value == (Secret("given") if isinstance(value, Secret) and key == name else wanted)
    assert got.origins[f"ZOHO_{name.upper()}"] == "environment"


def test_a_data_centre_that_is_set_wins_and_another_one_is_doubted() -> None:
    got = with_login(load({"ZOHO_DATA_CENTER": "in"}), STORED)
    assert got.zoho.accounts_url == "https://accounts.zoho.in"
    (doubt,) = got.warnings
    assert all(word in doubt for word in ("ZOHO_DATA_CENTER is in", "made at eu", "1000.STORED"))
    assert with_login(load({"ZOHO_DATA_CENTER": "eu"}), STORED).warnings == ()


def test_a_stored_login_that_can_not_be_read_is_a_problem_when_it_is_needed() -> None:
    got = with_login(load({}), replace(STORED, refresh_token=Secret()))
    with pytest.raises(ConfigError, match="BRIDGE_SECRET_KEY") as caught:
        got.zoho.require()
    assert len(caught.value.problems) == 1


def test_the_settings_for_programs_are_those_for_people(tmp_path: Path) -> None:
    """The TOML form is read back by Python's own tomllib."""
    got = from_toml(
        tmp_path, FEED + SOURCES, BRIDGE_ADMIN_PASSWORD="hidden-word", ZOHO_CLIENT_ID="1000.ID"
    )
    told = described(got)
    shown = tomllib.loads(redacted(got))
    assert told["config_path"] == str(tmp_path / "bridge.toml")
    for table in ("bridge", "zoho"):
        assert told[table].keys() == shown[table].keys()
        for key, one in told[table].items():
            assert one["origin"]
            assert one.get("value", shown[table][key]) == shown[table][key]
    assert told["bridge"]["admin_password"] == {"set": True, "origin": "environment"}
    assert told["zoho"]["client_secret"] == {"set": False, "origin": "default"}
    assert [{key: one["value"] for key, one in feed.items()} for feed in told["feed"]] == shown[
        "feed"
    ]
    assert "hidden-word" not in json.dumps(told)


# -- feeds


def test_a_feed_with_every_key(tmp_path: Path) -> None:
    text = """
[[feed]]
slug = "marketing"
title = "Marketing events 👩‍💻"
public = true
privacy = "busy"
alarms = false
past = "2w"
future = "1825d"
exceptions = "recurrence-id"
cancelled = "drop"
show_private = true
sources = [
  { backstage = "19593237" },
  { backstage = 19593237, event = 2000000000022, brand = "7" },
  { connect = "929000000439015", network = "929000000015001" },
  { calendar = "l9WWZCf_SJWcr3uIuBOq5g==" },
]
"""
    (feed,) = from_toml(tmp_path, text).feeds
    assert feed == Feed(
        slug="marketing",
        title="Marketing events 👩‍💻",
        public=True,
        privacy="busy",
        alarms=False,
        past=timedelta(days=14),
        future=timedelta(days=1825),
        exceptions="recurrence-id",
        cancelled="drop",
        show_private=True,
        sources=(
            BackstageSource(portal="19593237"),
            BackstageSource(portal="19593237", event="2000000000022", brand="7"),
            ConnectSource(group="929000000439015", network="929000000015001"),
            CalendarSource(calendar="l9WWZCf_SJWcr3uIuBOq5g=="),
        ),
    )


def test_a_feed_needs_only_a_slug_and_sources(tmp_path: Path) -> None:
    (feed,) = from_toml(tmp_path, FEED + SOURCES).feeds
    assert feed == Feed(slug="a", title="a", sources=(CalendarSource(calendar="c"),))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'past = "90"',
            'past = "90": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        (
            "past = 90",
            'past = 90: write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        (
            'past = "18m"',
            'past = "18m": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        ('past = "3651d"', 'past = "3651d": write "0d" to "3650d".'),
        ('past = "522w"', 'past = "522w": write "0d" to "3650d".'),
        ('future = "0d"', 'future = "0d": write "1d" to "1825d".'),
        ('future = "1826d"', 'future = "1826d": write "1d" to "1825d".'),
        (
            'future = "٣d"',
            'future = "٣d": write a number of days or weeks in quotes, such as "90d" or "12w".',
        ),
        ('public = "false"', 'public = "false": write true or false, without quotes.'),
        ("alarms = 1", "alarms = 1: write true or false, without quotes."),
        ('privacy = "none"', 'privacy = "none": write one of "full", "busy".'),
        ('exceptions = "both"', 'exceptions = "both": write one of "detached", "recurrence-id".'),
        ("cancelled = true", 'cancelled = true: write one of "mark", "status", "drop".'),
        ("title = 2026-01-01", 'title = 2026-01-01: write it as text in quotes ("…").'),
        ('title = " "', 'title = " ": it is empty: write a value or leave the setting out.'),
        (
            'title = "a\\nb"',
            'title = "a?b": it holds a line break or control character: write it in one line.',
        ),
        ('titel = "x"', '"titel": a feed has no such key: did you mean title?'),
    ],
)
def test_a_wrong_key_of_a_feed_gets_a_sentence(
    tmp_path: Path, line: CommandLine, said: Any
) -> None:
    assert problem({}, tmp_path, f"{FEED}{line}\n{SOURCES}") == f'feed "a": {said}'


@pytest.mark.parametrize("slug", ["", "A", "a_b", "ä", "a/b", "x" * 65, "a\n"])
def test_a_slug_is_of_small_letters_digits_and_hyphens(tmp_path: Path, slug: str) -> None:
    said = problem({}, tmp_path, f"[[feed]]\nslug = {json.dumps(slug)}\n{SOURCES}")
    assert "1 to 64 small letters (a-z), digits and hyphens" in said
    assert len(from_toml(tmp_path, f'[[feed]]\nslug = "{"x" * 64}"\n{SOURCES}').feeds) == 1


def test_a_slug_is_there_and_there_once(tmp_path: Path) -> None:
    assert problem({}, tmp_path, f"[[feed]]\n{SOURCES}").startswith(
        "feed number 1: slug is missing"
    )
    assert "another feed has it already" in problem({}, tmp_path, (FEED + SOURCES) * 2)


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ("[]", "sources = […]: write a list of at least one source"),
        ('{ calendar = "c" }', "sources = {…}: write a list"),
        ('"c"', 'sources = "c": write a list'),
        ('["c"]', "source number 1: write it as { key = value } with exactly one of"),
        ("[{}]", "source number 1: write it as { key = value } with exactly one of"),
        (
            '[{ calendar = "c", backstage = "1" }]',
            "source number 1: write it as { key = value } with exactly one of",
        ),
        ('[{ network = "1" }]', "source number 1: write it as { key = value } with exactly one of"),
        ('[{ connect = "1" }]', "source number 1: network is missing"),
        (
            '[{ calendar = "c", event = "1" }]',
            'source number 1: "event": a calendar source has no such key',
        ),
        ('[{ backstage = "1", evnt = "1" }]', "did you mean event?"),
        ('[{ calendar = "c" }, { calendar = "c" }]', "source number 2: it is in the list already"),
        ('[{ backstage = "1" }, { backstage = 1 }]', "source number 2: it is in the list already"),
        ("[{ backstage = 9007199254740992 }]", "write the ID in quotes"),
        ("[{ backstage = true }]", 'backstage = true: write it as text in quotes ("…").'),
        ("[{ backstage = -1 }]", "write the ID in quotes"),
        ("[{ backstage = 1.0 }]", 'write it as text in quotes ("…").'),
        ('[{ backstage = "" }]', "it is empty"),
        ('[{ backstage = ".." }]', "it is not an ID of Zoho"),
        ('[{ backstage = "1/events/2" }]', "it is not an ID of Zoho"),
        ('[{ backstage = "1?x=y" }]', "it is not an ID of Zoho"),
        (
            f"[{{ backstage = 0x{'f' * 5000} }}]",
            "backstage = (a huge number): write the ID in quotes",
        ),
    ],
)
def test_wrong_sources_get_a_sentence(tmp_path: Path, sources: Any, said: Any) -> None:
    got = problem({}, tmp_path, f"{FEED}sources = {sources}\n")
    assert got.startswith('feed "a": ')
    assert said in got


def groups(tmp_path: Path, value: Any) -> Any:
    (feed,) = from_toml(
        tmp_path, f'{FEED}sources = [{{ connect = {value}, network = "7" }}]\n'
    ).feeds
    return feed.sources


def test_several_groups_of_connect_are_one_source_however_they_are_written(tmp_path: Path) -> None:
    """One source, read with one request (Zoho Connect: upcomingEvents, selectedPartIds); a single one is as ever."""
    both = groups(tmp_path, '["929000000439015", "929000000295001"]')
    assert both == (ConnectSource(group="929000000295001,929000000439015", network="7"),)
    assert both == groups(tmp_path, '[929000000295001, " 929000000439015"]')
    assert both[0].key == "connect:7/929000000295001,929000000439015"
    assert both[0].groups == ("929000000295001", "929000000439015")
    alone = groups(tmp_path, '["1"]')
    assert (
        alone
        == groups(tmp_path, '"1"')
        == groups(tmp_path, "1")
        == (ConnectSource(group="1", network="7"),)
    )
    assert alone[0].key == "connect:7/1"
    assert len(groups(tmp_path, [str(10**18 + n) for n in range(50)])[0].groups) == 50


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[]", 'connect = […]: the list is empty: write the ID of at least one group, ["…"].'),
        ('["1", true]', 'connect = […]: write it as text in quotes ("…").'),
        ('["1", ["2"]]', 'connect = […]: write it as text in quotes ("…").'),
        ('["1", ""]', "it is empty: write a value or leave the setting out."),
        ('["1/2"]', "it is not an ID of Zoho"),
        ('["1", "2", 1]', "it holds a group twice: remove one of the two."),
        (
            '["1,2"]',
            'it holds a comma: write several groups as a list, ["…", "…"].',
        ),
        ('"1,2"', 'connect = "1,2": it holds a comma: write several groups as a list, ["…", "…"].'),
        ('{ group = "1" }', 'connect = {…}: write it as text in quotes ("…").'),
        (
            str([str(10**18 + n) for n in range(51)]),
            "the IDs are longer than 1000 characters: make two sources",
        ),
    ],
)
def test_wrong_groups_of_connect_get_a_sentence(tmp_path: Path, value: Any, said: Any) -> None:
    got = problem({}, tmp_path, f'{FEED}sources = [{{ connect = {value}, network = "7" }}]\n')
    assert got.startswith('feed "a": source number 1: connect = ')
    assert said in got


def test_a_list_is_for_groups_alone(tmp_path: Path) -> None:
    for source in ('backstage = ["1", "2"]', 'connect = "1", network = ["2"]', 'calendar = ["c"]'):
        said = problem({}, tmp_path, f"{FEED}sources = [{{ {source} }}]\n")
        assert said.endswith(' = […]: write it as text in quotes ("…").')


def test_groups_that_come_twice_are_one_source_twice(tmp_path: Path) -> None:
    sources = '{ connect = ["1", "2"], network = "7" }, { connect = ["2", "1"], network = "7" }'
    said = problem({}, tmp_path, f"{FEED}sources = [{sources}]\n")
    assert said == 'feed "a": source number 2: it is in the list already: remove one of the two.'


def test_several_groups_are_shown_as_a_list(tmp_path: Path) -> None:
    """What ``zoho-bridge config`` prints is TOML that gives the same feeds."""
    text = f'{FEED}sources = [{{ connect = ["2", "1"], network = "7" }}, {{ connect = "3", network = "7" }}]\n'
    shown = redacted(from_toml(tmp_path, text))
    assert '{ connect = ["1", "2"], network = "7" },' in shown
    assert '{ connect = "3", network = "7" },' in shown


def test_the_largest_integer_id_is_the_last_one_that_no_tool_rounds(tmp_path: Path) -> None:
    (feed,) = from_toml(tmp_path, f"{FEED}sources = [{{ backstage = {2**53 - 1} }}]\n").feeds
    assert feed.sources == (BackstageSource(portal="9007199254740991"),)


def test_an_address_that_google_would_fail_on_is_refused_for_a_configured_feed(
    tmp_path: Path,
) -> None:
    """Rulebook H14: 256 characters in all. /f/ + 24 of the token + / + slug + .ics."""
    fits = "https://" + "x" * (256 - len("https:///f//a.ics") - 24)
    assert len(from_toml(tmp_path, FEED + SOURCES, BRIDGE_PUBLIC_URL=fits).feeds) == 1
    said = problem({"BRIDGE_PUBLIC_URL": f"{fits}x"}, tmp_path, FEED + SOURCES)
    assert said.startswith('feed "a": its address would be 257 characters long')
    (tmp_path / "bridge.toml").unlink()
    assert load({"BRIDGE_PUBLIC_URL": f"{fits}x"}).feeds == ()


def test_private_events_in_a_public_feed_are_a_warning(tmp_path: Path) -> None:
    (warning,) = from_toml(
        tmp_path, f"{FEED}public = true\nshow_private = true\n{SOURCES}"
    ).warnings
    assert 'feed "a"' in warning


# -- mistakes in the file as a whole


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = '[bridge]\ntrusted_proxies = "yes"\n[zoho]\ndata_center = 1\n[[feed]]\nslug = "a"\npast = "1"\nfuture = "2"\n'
    said = problems(
        {"BRIDGE_SECRET_KEY": "short", "ZOHO_CALENDAR_URL": "x", "BRIDGE_TRUSTED_PROXIES": ""},
        tmp_path,
        text,
    )
    starts = [
        "BRIDGE_SECRET_KEY: ",
        "ZOHO_CALENDAR_URL = ",
        "[bridge] trusted_proxies = ",
        "[zoho] data_center = ",
        'feed "a": past = ',
        'feed "a": future = ',
        'feed "a": sources is missing',
    ]
    assert len(said) == len(starts)
    assert all(any(one.startswith(start) for one in said) for start in starts)


def test_a_syntax_error_is_told_with_its_line_and_the_environments_mistakes_with_it(
    tmp_path: Path,
) -> None:
    first, second = problems(
        {"BRIDGE_TRUSTED_PROXIES": "x"}, tmp_path, "[zoho]\n\ndata_center = us\n"
    )
    assert "line 3" in first
    assert str(tmp_path / "bridge.toml") in first
    assert second.startswith("BRIDGE_TRUSTED_PROXIES")
    assert "line 3" in problem({}, tmp_path, "[zoho]\na = [\n")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 2026-13-40", "a = 1\na = 2"]
)
def test_no_toml_is_too_strange_for_a_sentence(tmp_path: Path, text: str) -> None:
    assert problems({}, tmp_path, text)


def test_a_file_of_a_windows_editor_is_read_and_one_of_another_encoding_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(b"\xef\xbb\xbf[bridge]\r\ntrusted_proxies = 3\r\n")
    assert load({}).trusted_proxies == 3
    path.write_bytes("[bridge]\n".encode("utf-16"))
    assert "UTF-8" in problem({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[zoho]\ndata_centre = "eu"\n',
            '[zoho] "data_centre": there is no such key: did you mean data_center?',
        ),
        ("[bridge]\nxyzzy = 1\n", '[bridge] "xyzzy": there is no such key: known are data_dir,'),
        ("[zohoo]\n", '"zohoo": bridge.toml has no such table: did you mean zoho?'),
        ("[[feeds]]\n", '"feeds": bridge.toml has no such table: did you mean feed?'),
        (
            "[feed]\nslug = 'a'\n",
            "feed = {…}: write each feed under a heading [[feed]], in double brackets.",
        ),
        ("feed = [1]\n", "feed number 1: write it as a table under a heading [[feed]]."),
        ("zoho = 3\n", "zoho = 3: write it as a table, [zoho], with its keys below."),
        (
            "[bridge]\ntrusted_proxies = true\n",
            "[bridge] trusted_proxies = true: write a whole number from 0 to 16.",
        ),
        (
            "[zoho]\nclient_id = 5\n",
            "[zoho] client_id = 5: it is not text of visible ASCII characters: copy it",
        ),
    ],
)
def test_unknown_keys_and_wrong_types_get_a_sentence(tmp_path: Path, text: str, said: Any) -> None:
    assert problem({}, tmp_path, text).startswith(said)


def test_variables_that_look_like_settings_are_warned_of() -> None:
    got = load(
        {
            "ZOHO_CLIENT_SECERT": "hunter2",
            "BRIDGE_COLOUR": "red",
            "BRIDGE_TEST_POSTGRES_URL": "x",
            "HOME": "/",
        }
    )
    assert len(got.warnings) == 2
    assert "BRIDGE_COLOUR" in got.warnings[0]
    assert "did you mean ZOHO_CLIENT_SECRET?" in got.warnings[1]
    assert "hunter2" not in "".join(got.warnings)


def test_a_setting_of_an_earlier_release_is_named_with_what_holds_instead(tmp_path: Path) -> None:
    removed = "it was removed: clients that accept gzip always get it. Delete it."
    (warning,) = load({"BRIDGE_GZIP": "false"}).warnings
    assert warning.startswith("The environment variable BRIDGE_GZIP is not a setting of the bridge")
    assert warning.endswith(removed)
    said = problem({}, tmp_path, "[bridge]\ngzip = true\n")
    assert said == f'[bridge] "gzip": there is no such key: {removed}'


# -- nothing secret is seen

MARK = "hunter2hunter2hunter2hunter2hunter2"
SECRETS = {
    "BRIDGE_SECRET_KEY": MARK,
    "BRIDGE_ADMIN_PASSWORD": MARK,
    "ZOHO_CLIENT_SECRET": MARK,
    "ZOHO_REFRESH_TOKEN": MARK,
    "BRIDGE_DATABASE_URL": f"postgresql://bridge:{MARK}@db.example/bridge?password={MARK}",
    "BRIDGE_QUEUE_URL": f"redis://:{MARK}@queue.example/0",
}


@pytest.mark.parametrize(
    "show", [repr, str, redacted, lambda got: repr(got.zoho), lambda got: f"{got.secret_key}"]
)
def test_no_secret_is_in_what_settings_show(show: Any) -> None:
    got = load(SECRETS)
    assert got.zoho.refresh_token.reveal() == MARK
    assert MARK not in show(got)


def test_no_secret_is_in_a_dump_of_the_dataclass() -> None:
    assert MARK not in repr(asdict(replace(load(SECRETS), database_url="", queue_url="")))


@pytest.mark.parametrize(
    "broken", [MARK + "\n", f"{MARK} x", f"x://{MARK}", f"x://a:{MARK}@b", f"postgresql://a:{MARK}"]
)
def test_no_secret_is_in_an_error(tmp_path: Path, broken: Any) -> None:
    toml = "".join(
        f"[{table}]\n" + "".join(f"{key} = {json.dumps(f'https://a:{MARK}@b')}\n" for key in keys)
        for table, keys in {
            "bridge": ("secret_key", "admin_password", "database_url", "queue_url", "public_url"),
            "zoho": ("client_secret", "refresh_token", "calendar_url"),
        }.items()
    )
    (tmp_path / "f").write_text(broken)
    named = {f"{name}_FILE": "f" for name in SECRETS}
    for environ in (
        dict.fromkeys(SECRETS, broken),
        named,
        {**SECRETS, "DATABASE_URL": broken, "BRIDGE_TRUSTED_PROXIES": "x"},
    ):
        with pytest.raises(ConfigError) as caught:
            from_toml(tmp_path, toml, **environ)
        assert MARK not in "".join(traceback.format_exception(caught.value))
        assert MARK not in repr(caught.value)


def test_a_secret_opens_only_when_asked_and_is_false_when_empty() -> None:
    secret = Secret("p")
    assert secret.reveal() == "p"
    assert secret
    assert not Secret("")
    assert secret == Secret("p")
    assert hash(secret) == hash(Secret("p"))
    assert secret != Secret("q")
    assert secret != "p"
    assert [repr(secret), str(secret), f"{secret}"] == ["Secret(set)"] * 3
    assert repr(Secret()) == "Secret(not set)"


def test_settings_travel_to_other_processes() -> None:
    got = load({**SECRETS, "ZOHO_CONNECT_TIMEZONE": "Asia/Kolkata"})
    assert pickle.loads(pickle.dumps(got)) == got
    assert copy.deepcopy(got) == got


# -- the dump


def test_the_dump_is_toml_with_each_value_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    text = (
        '[zoho]\ndata_center = "eu"\n[[feed]]\nslug = "a"\ntitle = "A \\"quoted\\" title"\npast = "4w"\n'
        + SOURCES
    )
    got = from_toml(
        tmp_path,
        text,
        BRIDGE_SECRET_KEY_FILE="key",
        DATABASE_URL=f"postgresql://bridge:{MARK}@db.example:5432/bridge",
        BRIDGE_PUBLIC_URL="https://calendars.example.org",
        ZOHO_CLIENT_SECRET="s",
    )
    dump = redacted(got)
    read = tomllib.loads(dump)
    assert read["bridge"]["public_url"] == "https://calendars.example.org"
    assert (
        read["bridge"]["database_url"] == "postgresql+psycopg://bridge:***@db.example:5432/bridge"
    )
    assert read["bridge"]["secret_key"] == "set (from file key)"
    assert read["bridge"]["admin_password"] == "not set"
    assert read["bridge"]["trusted_proxies"] == 0
    assert read["zoho"]["client_secret"] == "set (from environment)"
    assert read["zoho"]["refresh_token"] == "not set"
    assert read["zoho"]["calendar_url"] == "https://calendar.zoho.eu/api/v1"
    (feed,) = read["feed"]
    assert feed["title"] == 'A "quoted" title'
    assert feed["past"] == "28d"
    assert feed["sources"] == [{"calendar": "c"}]
    lines = dump.splitlines()
    assert f"# configuration file: {tmp_path / 'bridge.toml'}" in lines
    assert 'public_url = "https://calendars.example.org"  # environment' in lines
    assert 'data_center = "eu"  # bridge.toml' in lines
    assert "trusted_proxies = 0  # default" in lines
    assert 'past = "28d"  # bridge.toml' in lines
    assert 'future = "540d"  # default' in lines
    assert any(line.startswith("database_url") and "DATABASE_URL" in line for line in lines)


def test_the_dump_has_every_setting(tmp_path: Path) -> None:
    read = tomllib.loads(redacted(from_toml(tmp_path, FEED + SOURCES)))
    named = {f"{table}_{key}".upper() for table in ("bridge", "zoho") for key in read[table]}
    others = {name for name in environment_names() if name.endswith("_FILE")} | {
        "BRIDGE_CONFIG",
        "DATABASE_URL",
    }
    assert named == set(environment_names()) - others
    assert set(read["feed"][0]) == {field.name for field in fields(Feed)}


# -- the documentation


def test_every_setting_is_documented() -> None:
    rows = "\n".join(line for line in DOCS.splitlines() if line.startswith("|"))
    missing = [name for name in environment_names() if f"`{name}`" not in rows]
    for table, keys in toml_keys().items():
        cell = "| `{}` |" if table in {"feed", "sources"} else f"| `[{table}]` `{{}}` |"
        missing += [f"{table} {key}" for key in keys if cell.format(key) not in rows]
    assert missing == []


def test_no_setting_is_documented_that_there_is_not() -> None:
    named = set(re.findall(r"`((?:BRIDGE|ZOHO)_[A-Z_]*[A-Z])`", DOCS))
    assert named <= set(environment_names())


def test_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    (feed,) = from_toml(tmp_path, FEED + SOURCES).feeds
    shown = tomllib.loads(redacted(replace(load({}), feeds=(feed,))))["feed"][0]
    for key in set(toml_keys()["feed"]) - {"slug", "title", "sources"}:
        default = re.search(rf"^\| `{key}` \| `([^`]*)` \|", DOCS, re.MULTILINE)[1]
        value = json.loads(default)
        expected = shown[key]
        assert value == expected, key


def blocks(language: Any) -> Any:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


def test_the_example_file_loads_and_shows_every_key(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    got = from_toml(tmp_path, text)
    assert got.warnings == ()
    assert [feed.slug for feed in got.feeds] == ["marketing", "summit-agenda"]
    used = tomllib.loads(text)
    assert set(used["feed"][0]) == set(toml_keys()["feed"])
    assert {key for feed in used["feed"] for source in feed["sources"] for key in source} == set(
        toml_keys()["sources"]
    )


def test_the_example_environments_load(tmp_path: Path) -> None:
    full, small = (dict(line.split("=", 1) for line in text.splitlines()) for text in blocks("sh"))
    (tmp_path / "bridge.toml").write_text(blocks("toml")[0], encoding="utf-8")
    for name, path in list(full.items()):
        if name.endswith("_FILE"):
            secret = tmp_path / Path(path).name
            secret.write_text("postgresql://bridge:p@db/bridge" if "DATABASE" in name else KEY)
            full[name] = str(secret)
    full["BRIDGE_CONFIG"] = str(tmp_path / "bridge.toml")
    got = load(full)
    got.zoho.require()
    assert (got.warnings, len(got.feeds)) == ((), 2)
    (tmp_path / "bridge.toml").unlink()
    got = load(small)
    got.zoho.require()
    assert (got.warnings, got.feeds) == ((), ())


# -- garbage


def toml(value: Any) -> Any:
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{toml(key)} = {toml(one)}' for key, one in value.items())} }}"
    if isinstance(value, list):
        return f"[ {', '.join(map(toml, value))} ]"
    return value.isoformat() if isinstance(value, date) else str(value)


TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=12)
WORDS = st.sampled_from(
    [
        "",
        "us",
        "90d",
        "-1d",
        "https://",
        "https://a:b@c",
        "http://[",
        "busy",
        "drop",
        "a",
        "1",
        "UTC",
        "+99:99",
        "//",
        "~",
    ]
)
GARBAGE = st.recursive(
    TEXT | WORDS | st.booleans() | st.integers() | st.just(2**200) | st.floats() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["calendar"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def tables(name: str) -> Any:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(toml_keys()[name], GARBAGE))


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "bridge": tables("bridge") | GARBAGE,
        "zoho": tables("zoho") | GARBAGE,
        "feed": st.lists(
            tables("feed") | tables("feed").map(lambda feed: feed | {"sources": [feed]}), max_size=2
        )
        | GARBAGE,
    },
)


def outcome(read: Any) -> Any:
    """Give the settings or the problems; any other exception is a failure of the test."""
    try:
        return read(), ()
    except ConfigError as error:
        return None, error.problems


@rounds(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=DOCUMENTS)
def test_whatever_the_file_holds_the_answer_is_settings_or_a_list_of_sentences(
    tmp_path: Path, document: Any
) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in document.items())
    tomllib.loads(text)  # it is garbage, but valid TOML
    got, said = outcome(lambda: from_toml(tmp_path, text))
    assert (got is None) == bool(said)
    assert all(len(one.splitlines()) == 1 for one in said)
    if got is not None:
        tomllib.loads(redacted(got))


NAMES = st.sampled_from(
    [name for name in environment_names() if not name.endswith("_FILE") and name != "BRIDGE_CONFIG"]
)


@rounds(max_examples=150, deadline=None)
@given(
    environ=st.dictionaries(
        NAMES, TEXT | WORDS | st.binary(max_size=8).map(os.fsdecode), max_size=6
    )
)
def test_whatever_the_environment_holds_the_answer_is_settings_or_a_list_of_sentences(
    environ: Any,
) -> None:
    got, said = outcome(lambda: load(environ))
    assert (got is None) == bool(said)
    "".join(said).encode()  # all of it can be printed
    if got is not None:
        tomllib.loads(redacted(got))
