"""Secrets derived from the secret key: stable, random, and never shown by accident."""

from pathlib import Path
import stat

import pytest

from bridge.errors import ConfigError
from bridge.store.crypto import SecretKeys, load_secret_keys, token_hash

KEY = "0123456789abcdef0123456789abcdef"


def test_a_token_is_144_bits_and_the_same_each_time() -> None:
    token = SecretKeys(KEY).link_token("team", "default", 1)
    assert token == SecretKeys(KEY).link_token("team", "default", 1)
    assert len(token) == 24
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_every_link_and_key_has_a_token_of_its_own() -> None:
    parts = [
        ("a", "b", 1),
        ("a", "b", 2),
        ("a", "c", 1),
        ("ab", "", 1),
        ("a\nb", "", 1),
        ("a", "b\n1", 1),
    ]
    tokens = {SecretKeys(key).link_token(*part) for key in (KEY, KEY + "x") for part in parts}
    assert len(tokens) == 12


def test_a_text_is_decrypted_with_the_same_key_only() -> None:
    encrypted = SecretKeys(KEY).encrypt("secret")
    assert b"secret" not in encrypted
    assert SecretKeys(KEY).decrypt(encrypted) == "secret"
    assert SecretKeys(KEY + "x").decrypt(encrypted) is None
    assert SecretKeys(KEY).decrypt(b"nonsense") is None


def test_older_keys_decrypt_and_the_first_key_encrypts() -> None:
    old, both, new = SecretKeys(KEY), SecretKeys(KEY + "new", KEY), SecretKeys(KEY + "new")
    assert both.decrypt(old.encrypt("secret")) == "secret"
    assert new.decrypt(both.encrypt("secret")) == "secret"
    assert old.decrypt(both.encrypt("secret")) is None


def test_the_first_key_derives_tokens_and_those_of_older_keys_are_known() -> None:
    old, both = SecretKeys(KEY), SecretKeys(KEY + "new", KEY)
    link = ("team", "default", 1)
    assert both.link_token(*link) == SecretKeys(KEY + "new").link_token(*link)
    assert both.link_tokens(*link) == [both.link_token(*link), old.link_token(*link)]


def test_sessions_end_with_the_password_and_the_key() -> None:
    keys = {
        SecretKeys(key).session_key(password)
        for key in (KEY, KEY + "x")
        for password in ("a", "b", "")
    }
    assert len(keys) == 6
    assert SecretKeys(KEY).session_key("a") == SecretKeys(KEY, KEY + "x").session_key("a")


def test_a_fingerprint_depends_on_text_and_key() -> None:
    assert SecretKeys(KEY).fingerprint("192.0.2.1") == SecretKeys(KEY).fingerprint("192.0.2.1")
    assert SecretKeys(KEY).fingerprint("192.0.2.1") != SecretKeys(KEY + "x").fingerprint(
        "192.0.2.1"
    )


def test_several_keys_are_separated_by_commas_in_the_setting_and_in_the_file(
    tmp_path: Path,
) -> None:
    """The newest first: a new key and a comma are written before the old key."""
    link = ("a", "b", 1)
    expected = SecretKeys(KEY + "new", KEY).link_tokens(*link)
    assert load_secret_keys(f"{KEY}new, {KEY}", tmp_path).link_tokens(*link) == expected
    (tmp_path / "secret.key").write_text(f"{KEY}new,{KEY}\n")
    assert load_secret_keys("", tmp_path).link_tokens(*link) == expected


@pytest.mark.parametrize("kept", ["", "\n", " , "])
def test_an_empty_key_is_refused(tmp_path: Path, kept: str) -> None:
    (tmp_path / "secret.key").write_text(kept)
    with pytest.raises(ConfigError, match="is empty"):
        load_secret_keys("", tmp_path)


def test_the_repr_of_secret_keys_shows_no_key() -> None:
    assert KEY not in repr(SecretKeys(KEY))


def test_a_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = load_secret_keys("", folder).link_token("a", "b", 1)
    assert load_secret_keys("", folder).link_token("a", "b", 1) == first
    assert [path.name for path in folder.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600


def test_a_configured_key_leaves_no_file(tmp_path: Path) -> None:
    load_secret_keys(KEY, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cant_be_written_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"BRIDGE_SECRET_KEY is not set.*BRIDGE_DATA_DIR"):
        load_secret_keys("", tmp_path / "file" / "data")


def test_the_stored_hash_of_a_token_does_not_contain_it() -> None:
    token = SecretKeys(KEY).link_token("a", "b", 1)
    assert token not in token_hash(token)
    assert token_hash(token) != token_hash(token[:-1])
