"""The login of the settings: what is missing, and what a stored login fills in."""

from dataclasses import replace
from datetime import UTC, datetime
import json

import pytest

from bridge.config import Login, Secret, add_login, load, needs_login
from bridge.config.show import describe, to_text
from bridge.errors import ConfigError


def test_require_names_each_missing_credential() -> None:
    with pytest.raises(ConfigError) as error:
        load({"ZOHO_DATA_CENTER": "eu", "ZOHO_CLIENT_SECRET": "x"}).zoho.require()
    client_id, token = error.value.problems
    assert client_id.startswith("ZOHO_CLIENT_ID is not set: ")
    assert "https://api-console.zoho.eu" in client_id
    assert token.startswith("ZOHO_REFRESH_TOKEN is not set: ")
    assert "zoho-bridge login" in token
    load(
        {"ZOHO_CLIENT_ID": "i", "ZOHO_CLIENT_SECRET": "s", "ZOHO_REFRESH_TOKEN": "r"}
    ).zoho.require()


def test_without_any_credential_one_sentence_names_the_remedy() -> None:
    with pytest.raises(ConfigError, match="run `zoho-bridge login`") as error:
        load({}).zoho.require()
    assert len(error.value.problems) == 1


STORED = Login(
    client_id="1000.STORED",
    client_secret=Secret("stored-secret"),
    refresh_token=Secret("stored-token"),
    data_center="eu",
    scopes=(),
    created_at=datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", True),
        ("ID", True),
        ("ID SECRET", True),
        ("SECRET", True),
        ("ID TOKEN", True),
        ("ID SECRET TOKEN", False),
        ("TOKEN", False),  # of an unknown client
        ("SECRET TOKEN", False),
    ],
)
def test_a_stored_login_is_used_where_a_credential_is_missing(words: str, expected: bool) -> None:
    names = {"ID": "ZOHO_CLIENT_ID", "SECRET": "ZOHO_CLIENT_SECRET", "TOKEN": "ZOHO_REFRESH_TOKEN"}
    assert needs_login(load({names[word]: "x" for word in words.split()})) is expected


def test_a_stored_login_fills_in_what_is_not_set() -> None:
    """Its data centre holds with all its URLs unless they are set. Origins name the login."""
    settings = add_login(load({"ZOHO_CONNECT_URL": "https://proxy.example/pulse/api"}), STORED)
    settings.zoho.require()
    assert (settings.zoho.client_id, settings.zoho.client_secret, settings.zoho.refresh_token) == (
        "1000.STORED", Secret("stored-secret"), Secret("stored-token"),
    )  # fmt: skip
    assert settings.zoho.data_center == "eu"
    assert settings.zoho.accounts_url == "https://accounts.zoho.eu"
    assert settings.zoho.backstage_url == "https://www.zohoapis.eu/backstage/v3"
    assert settings.zoho.calendar_url == "https://calendar.zoho.eu/api/v1"
    assert settings.zoho.connect_url == "https://proxy.example/pulse/api"
    assert settings.origins["ZOHO_REFRESH_TOKEN"] == "zoho-bridge login, 2026-03-10"
    assert settings.warnings == ()
    assert 'data_center = "eu"  # zoho-bridge login, 2026-03-10\n' in to_text(settings)
    assert "stored-" not in to_text(settings) + repr(settings) + json.dumps(describe(settings))


@pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token"])
def test_a_setting_wins_over_a_stored_login(name: str) -> None:
    settings = add_login(load({f"ZOHO_{name.upper()}": "value"}), STORED)
    for key in ("client_id", "client_secret", "refresh_token"):
        value = getattr(settings.zoho, key)
        expected = "value" if key == name else getattr(STORED, key)
        assert value == (Secret("value") if isinstance(value, Secret) and key == name else expected)
    assert settings.origins[f"ZOHO_{name.upper()}"] == "environment"


def test_a_data_centre_that_is_set_wins_and_a_different_login_is_a_warning() -> None:
    settings = add_login(load({"ZOHO_DATA_CENTER": "in"}), STORED)
    assert settings.zoho.accounts_url == "https://accounts.zoho.in"
    (warning,) = settings.warnings
    assert all(word in warning for word in ("ZOHO_DATA_CENTER is in", "made at eu", "1000.STORED"))
    assert add_login(load({"ZOHO_DATA_CENTER": "eu"}), STORED).warnings == ()


def test_a_stored_login_that_can_not_be_decrypted_is_a_problem_when_it_is_needed() -> None:
    settings = add_login(load({}), replace(STORED, refresh_token=Secret()))
    with pytest.raises(ConfigError, match="BRIDGE_SECRET_KEY") as error:
        settings.zoho.require()
    assert len(error.value.problems) == 1
