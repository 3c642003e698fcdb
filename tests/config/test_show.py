"""Settings as they are shown: complete, with their origins, and without any secret."""

from collections.abc import Callable
import copy
from dataclasses import asdict, fields, replace
import json
from pathlib import Path
import pickle
import tomllib
import traceback

import pytest

from bridge.config import Secret, Settings, load
from bridge.config.show import describe, to_text
from bridge.config.table import environment_names
from bridge.domain.feed import Feed
from bridge.errors import ConfigError
from tests.config.loading import FEED, KEY, SOURCES, load_toml

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
    "show",
    [
        repr,
        str,
        to_text,
        lambda settings: repr(settings.zoho),
        lambda settings: f"{settings.secret_key}",
    ],
)
def test_no_secret_is_in_the_text_of_settings(show: Callable[[Settings], str]) -> None:
    settings = load(SECRETS)
    assert settings.zoho.refresh_token.reveal() == MARK
    assert MARK not in show(settings)


def test_no_secret_is_in_a_dump_of_the_dataclass() -> None:
    assert MARK not in repr(asdict(replace(load(SECRETS), database_url="", queue_url="")))


@pytest.mark.parametrize(
    "broken", [MARK + "\n", f"{MARK} x", f"x://{MARK}", f"x://a:{MARK}@b", f"postgresql://a:{MARK}"]
)
def test_no_secret_is_in_an_error(tmp_path: Path, broken: str) -> None:
    toml = "".join(
        f"[{table}]\n" + "".join(f"{key} = {json.dumps(f'https://a:{MARK}@b')}\n" for key in keys)
        for table, keys in {
            "bridge": ("secret_key", "admin_password", "database_url", "queue_url", "public_url"),
            "zoho": ("client_secret", "refresh_token", "calendar_url"),
        }.items()
    )
    (tmp_path / "f").write_text(broken)
    files = {f"{name}_FILE": "f" for name in SECRETS}
    for environ in (
        dict.fromkeys(SECRETS, broken),
        files,
        {**SECRETS, "DATABASE_URL": broken, "BRIDGE_TRUSTED_PROXIES": "x"},
    ):
        with pytest.raises(ConfigError) as error:
            load_toml(toml, **environ)
        assert MARK not in "".join(traceback.format_exception(error.value))
        assert MARK not in repr(error.value)


def test_a_secret_is_only_revealed_on_request_and_false_when_empty() -> None:
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


def test_settings_can_be_pickled_and_copied() -> None:
    settings = load({**SECRETS, "ZOHO_CONNECT_TIMEZONE": "Asia/Kolkata"})
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert copy.deepcopy(settings) == settings


def test_the_description_for_programs_equals_the_text_for_people(tmp_path: Path) -> None:
    """The TOML form is read back by Python's own tomllib."""
    settings = load_toml(
        FEED + SOURCES, BRIDGE_ADMIN_PASSWORD="hidden-password", ZOHO_CLIENT_ID="1000.ID"
    )
    description = describe(settings)
    shown = tomllib.loads(to_text(settings, complete=True))
    assert description["config_path"] == str(tmp_path / "bridge.toml")
    for table in ("bridge", "zoho"):
        assert description[table].keys() == shown[table].keys()
        for key, entry in description[table].items():
            assert entry["origin"]
            assert entry.get("value", shown[table][key]) == shown[table][key]
    assert description["bridge"]["admin_password"] == {"set": True, "origin": "environment"}
    assert description["zoho"]["client_secret"] == {"set": False, "origin": "default"}
    feeds = [{key: feed[key]["value"] for key in feed} for feed in description["feed"]]
    assert feeds == shown["feed"]
    assert "hidden-password" not in json.dumps(description)


def test_the_text_is_toml_with_each_value_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    text = (
        '[zoho]\ndata_center = "eu"\n[[feed]]\nslug = "a"\n'
        f'title = "A \\"quoted\\" title"\npast = "4w"\n{SOURCES}'
    )
    settings = load_toml(
        text,
        BRIDGE_SECRET_KEY_FILE="key",
        DATABASE_URL=f"postgresql://bridge:{MARK}@db.example:5432/bridge",
        BRIDGE_PUBLIC_URL="https://calendars.example.org",
        ZOHO_CLIENT_SECRET="s",
    )
    text = to_text(settings, complete=True)
    read = tomllib.loads(text)
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
    lines = text.splitlines()
    assert f"# configuration file: {tmp_path / 'bridge.toml'}" in lines
    assert 'public_url = "https://calendars.example.org"  # environment' in lines
    assert 'data_center = "eu"  # bridge.toml' in lines
    assert "trusted_proxies = 0  # default" in lines
    assert 'past = "28d"  # bridge.toml' in lines
    assert 'future = "540d"  # default' in lines
    assert any(line.startswith("database_url") and "DATABASE_URL" in line for line in lines)


def test_the_text_has_every_setting() -> None:
    read = tomllib.loads(to_text(load_toml(FEED + SOURCES), complete=True))
    shown = {f"{table}_{key}".upper() for table in ("bridge", "zoho") for key in read[table]}
    others = {name for name in environment_names() if name.endswith("_FILE")} | {
        "BRIDGE_HOST",
        "BRIDGE_CONFIG",
        "DATABASE_URL",
    }
    assert shown == set(environment_names()) - others
    # The rules are keys of the sources.
    assert set(read["feed"][0]) == {field.name for field in fields(Feed)} - {"rules"}
