"""Where settings come from: environment, files of secrets, ``bridge.toml``, and which one wins."""

from pathlib import Path

import pytest

from bridge.config import Secret, load
from bridge.config.table import environment_names
from bridge.errors import ConfigError
from tests.config.loading import KEY, load_toml, problem


def test_without_settings_everything_has_its_default(tmp_path: Path) -> None:
    settings = load({})
    assert settings.config_path is None
    assert settings.data_dir == tmp_path / "bridge-data"
    assert settings.database_url == f"sqlite:///{tmp_path}/bridge-data/bridge.sqlite3"
    assert settings.queue_url == ""
    assert settings.public_url == ""
    assert not settings.secret_key
    assert not settings.admin_password
    assert settings.trusted_proxies == 0
    assert settings.feeds == ()
    assert settings.warnings == ()
    assert settings.zoho.data_center == "us"
    assert settings.zoho.calendar_url == "https://calendar.zoho.com/api/v1"
    assert settings.zoho.connect_timezone is None
    assert not (tmp_path / "bridge-data").exists(), "reading settings makes nothing"


def test_the_environment_wins_over_bridge_toml() -> None:
    text = (
        '[bridge]\ntrusted_proxies = 1\npublic_url = "https://toml.example"\n'
        '[zoho]\ndata_center = "eu"\nclient_id = "t"\n'
    )
    settings = load_toml(
        text, BRIDGE_TRUSTED_PROXIES="2", ZOHO_DATA_CENTER="IN", BRIDGE_PUBLIC_URL=""
    )
    assert settings.trusted_proxies == 2
    assert settings.zoho.data_center == "in"
    assert settings.public_url == "https://toml.example", "an empty variable counts as not set"
    assert settings.zoho.client_id == "t"
    assert settings.origins == {
        "BRIDGE_TRUSTED_PROXIES": "environment",
        "ZOHO_DATA_CENTER": "environment",
        "BRIDGE_PUBLIC_URL": "bridge.toml",
        "ZOHO_CLIENT_ID": "bridge.toml",
    }


def test_bridge_toml_of_the_working_directory_is_read_if_it_exists(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("[bridge]\ntrusted_proxies = 3\n")
    settings = load({})
    assert settings.trusted_proxies == 3
    assert settings.config_path == tmp_path / "bridge.toml"


def test_the_variable_names_the_file_and_an_argument_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("[bridge]\ntrusted_proxies = 1\n")
    (tmp_path / "two.toml").write_text("[bridge]\ntrusted_proxies = 2\n")
    environ = {"BRIDGE_CONFIG": "one.toml"}
    assert load(environ).trusted_proxies == 1
    assert load(environ, config_path=tmp_path / "two.toml").trusted_proxies == 2


def test_a_configuration_file_that_is_named_must_exist(tmp_path: Path) -> None:
    message = problem({"BRIDGE_CONFIG": str(tmp_path / "none.toml")})
    assert message.startswith("BRIDGE_CONFIG")
    assert "none.toml" in message
    assert "No such file" in message
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


FILE_SETTINGS = [
    name.removesuffix("_FILE") for name in environment_names() if name.endswith("_FILE")
]


GOOD = {
    "BRIDGE_DATABASE_URL": "sqlite:////x",
    "DATABASE_URL": "sqlite:////x",
    "BRIDGE_QUEUE_URL": "redis://q:6379/0",
    "BRIDGE_PROFILE_CERTIFICATE": "-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----",
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
def test_a_file_of_a_secret_sets_the_same_as_the_variable(name: str, tmp_path: Path) -> None:
    value = GOOD.get(name, KEY)
    (tmp_path / "value").write_bytes(value.encode() + b"\n")
    direct, from_file = load({name: value}), load({f"{name}_FILE": "value"})
    assert from_file == direct
    alias = ", DATABASE_URL" if name == "DATABASE_URL" else ""
    main = "BRIDGE_DATABASE_URL" if alias else name
    assert from_file.origins[main] == f"file value{alias}"
    assert direct != load({})


@pytest.mark.parametrize(("end", "kept"), [(b"\n", ""), (b"\r\n", ""), (b" ", " "), (b"", "")])
def test_one_newline_at_the_end_of_a_file_does_not_count(
    tmp_path: Path, end: bytes, kept: str
) -> None:
    (tmp_path / "f").write_bytes(b"open sesame, please" + end)
    password = load({"BRIDGE_ADMIN_PASSWORD_FILE": "f"}).admin_password.reveal()
    assert password == f"open sesame, please{kept}"


@pytest.mark.parametrize("name", FILE_SETTINGS)
def test_an_unusable_file_of_a_secret_is_a_problem_that_names_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path, reason in {
        "gone": "No such file",
        "empty": "empty",
        ".": "Is a directory",
        "binary": "UTF-8",
    }.items():
        message = problem({f"{name}_FILE": path})
        assert message.startswith(f'{name}_FILE = "{path}"')
        assert reason in message


@pytest.mark.parametrize("name", FILE_SETTINGS)
def test_a_secret_in_two_places_is_a_problem(name: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(KEY)
    message = problem({name: GOOD.get(name, KEY), f"{name}_FILE": "f"})
    assert f"{name} and {name}_FILE are both set" in message


def test_an_empty_variable_beside_its_file_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / "f").write_text(KEY)
    assert load({"BRIDGE_SECRET_KEY": "", "BRIDGE_SECRET_KEY_FILE": "f"}).secret_key == Secret(KEY)


@pytest.mark.parametrize("name", ["secret_key", "admin_password", "database_url", "queue_url"])
def test_secrets_of_the_bridge_are_refused_in_bridge_toml(name: str) -> None:
    message = problem({}, f'[bridge]\n{name} = "hunter2"\n')
    upper = f"BRIDGE_{name.upper()}"
    assert f"put it into {upper} or {upper}_FILE: bridge.toml is often committed" in message


@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_secrets_of_zoho_are_refused_in_bridge_toml(tmp_path: Path, name: str) -> None:
    message = problem({f"ZOHO_{name.upper()}": "x"}, f'[zoho]\n{name} = "hunter2"\n')
    upper = f"ZOHO_{name.upper()}"
    assert f"put it into {upper} or {upper}_FILE: bridge.toml is often committed" in message


def test_a_byte_order_mark_is_accepted_and_another_encoding_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(b"\xef\xbb\xbf[bridge]\r\ntrusted_proxies = 3\r\n")
    assert load({}).trusted_proxies == 3
    path.write_bytes("[bridge]\n".encode("utf-16"))
    assert "UTF-8" in problem({})
